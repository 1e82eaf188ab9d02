package faults

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// transaction is one of the host's, with the store that is bound to it.
type transaction struct {
	storage.Store
	exec             func(statement string) error
	commit, rollback func() error
	// again binds a further store to the transaction.
	again func() storage.Store
}

// host is a shop that has tables, triggers and transactions of its own.
type host struct {
	shop
	database string
	engine   *loyalty.Engine
	begin    func(ctx context.Context) *transaction
}

// eachHost runs a test with a host on every adapter. Anna has ten points.
func eachHost(t *testing.T, test func(t *testing.T, h *host)) {
	t.Helper()
	for _, s := range []shop{onPostgres, onPGX, onMariaDB} {
		t.Run(s.name, func(t *testing.T) {
			h := &host{shop: s, database: s.database(t)}
			h.engine = newHostEngine(t, h.open(t, h.database))
			h.begin = h.opensSQL(t)
			if s.name == onPostgres.name {
				h.begin = h.opensPGX(t)
			}
			h.does(t, "CREATE TABLE shop_orders (id varchar(20) NOT NULL, unit varchar(20), CONSTRAINT shop_once UNIQUE (id))")
			_, err := h.engine.Do(t.Context(), loyalty.Enroll{Member: "anna", Key: "enroll"})
			require.NoError(t, err)
			h.gives(t, h.engine, "start", false)
			test(t, h)
		})
	}
}

func newHostEngine(t *testing.T, store storage.Store) *loyalty.Engine {
	t.Helper()
	engine, err := loyalty.New(forever(), store, &loyalty.Options{Clock: atNoon, Secret: secret})
	require.NoError(t, err)
	return engine
}

func (h *host) opensPGX(t *testing.T) func(context.Context) *transaction {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), h.database)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	return func(ctx context.Context) *transaction {
		tx, err := conn.Begin(ctx)
		require.NoError(t, err)
		return &transaction{
			postgres.Bind(tx),
			func(statement string) error { _, err := tx.Exec(ctx, statement); return err },
			func() error { return tx.Commit(ctx) }, func() error { return tx.Rollback(ctx) },
			func() storage.Store { return postgres.Bind(tx) },
		}
	}
}

func (h *host) opensSQL(t *testing.T) func(context.Context) *transaction {
	t.Helper()
	driver, source, dialect := "pgx", h.database, sqlstore.PostgreSQL
	if h.shop.engine == servers.MySQL {
		driver, source, dialect = "mysql", dsn(t, h.database), sqlstore.MySQL
	}
	db, err := sql.Open(driver, source)
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return func(ctx context.Context) *transaction {
		tx, err := db.BeginTx(ctx, nil)
		require.NoError(t, err)
		return &transaction{
			sqlstore.Bind(tx, dialect),
			func(statement string) error { _, err := tx.ExecContext(ctx, statement); return err },
			tx.Commit, tx.Rollback,
			func() storage.Store { return sqlstore.Bind(tx, dialect) },
		}
	}
}

// does has the host's administrator do something.
func (h *host) does(t *testing.T, statement string) {
	t.Helper()
	_, err := h.server(t).Query(t.Context(), h.database, statement)
	require.NoError(t, err)
}

// onEntries makes a trigger that inserts what an entry is for among the host's orders.
func (h *host) onEntries(t *testing.T, id string) {
	t.Helper()
	insert := "INSERT INTO shop_orders (id, unit) VALUES (" + id + ", NEW.unit)"
	if h.shop.engine == servers.MySQL {
		h.does(t, "CREATE TRIGGER shop_notes AFTER INSERT ON loyalty_entries FOR EACH ROW "+insert)
		return
	}
	h.does(t, "CREATE FUNCTION shop_notes() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "+insert+"; RETURN NULL; END$$")
	h.does(t, "CREATE TRIGGER shop_notes AFTER INSERT ON loyalty_entries FOR EACH ROW EXECUTE FUNCTION shop_notes()")
}

func ten(key string) loyalty.Command {
	return loyalty.Adjust{Member: "anna", Key: key, Unit: "point", Points: 10, Reason: key, Actor: "till"}
}

// gives gives Anna ten points and checks whether they are there already.
func (h *host) gives(t *testing.T, engine *loyalty.Engine, key string, replayed bool) {
	t.Helper()
	receipt, err := engine.Do(t.Context(), ten(key))
	require.NoError(t, err)
	require.Equal(t, replayed, receipt.Replayed)
}

// has checks what Anna has in the end, and the books.
func (h *host) has(t *testing.T, want points.Amount) {
	t.Helper()
	m, err := h.engine.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, want, m.Balance("point").Available)
	report, err := h.engine.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Problems)
}

// A trigger of the host's that meets a constraint of the host's has nothing to do with
// members, keys or claims: the error names the constraint and is not worth another try.
func TestAConstraintOfTheHostsIsNotTakenForOneOfTheLedger(t *testing.T) {
	for name, refusal := range map[string]struct{ id, says string }{
		"a key that is taken":       {"'the same'", "shop_once"},
		"a column that is not null": {"NULL", "null"},
	} {
		t.Run(name, func(t *testing.T) {
			eachHost(t, func(t *testing.T, h *host) {
				h.does(t, "INSERT INTO shop_orders (id) VALUES ('the same')")
				h.onEntries(t, refusal.id)
				tx := h.begin(t.Context())
				bound := h.engine.WithStore(tx)
				_, err := bound.Do(t.Context(), ten("refused"))
				require.ErrorContains(t, err, refusal.says)
				require.NotErrorIs(t, err, loyalty.ErrRetryTransaction, "it would be met again")
				m, err := bound.Member(t.Context(), "anna")
				require.NoError(t, err)
				require.EqualValues(t, 10, m.Balance("point").Available)
				require.NoError(t, tx.exec("INSERT INTO shop_orders (id) VALUES ('another')"), "the transaction goes on")
				require.NoError(t, tx.commit())

				_, err = h.engine.Do(t.Context(), ten("refused too"))
				require.ErrorContains(t, err, refusal.says)
				require.NotErrorIs(t, err, loyalty.ErrContention, "nobody else changed anything")
				h.has(t, 10)
			})
		})
	}
}

func TestWhatTheHostRollsBackIsGoneAndItsKeyFree(t *testing.T) {
	eachHost(t, func(t *testing.T, h *host) {
		tx := h.begin(t.Context())
		h.gives(t, h.engine.WithStore(tx), "order-1", false)
		h.gives(t, h.engine.WithStore(tx), "order-1", true)
		require.NoError(t, tx.rollback())
		_, err := h.engine.WithStore(tx).Do(t.Context(), ten("order-1"))
		require.Error(t, err)
		require.NotErrorIs(t, err, loyalty.ErrRetryTransaction, "the host has ended it")
		h.has(t, 10)
		tx = h.begin(t.Context())
		require.NoError(t, tx.exec("SAVEPOINT shop"))
		h.gives(t, h.engine.WithStore(tx), "order-1", false)
		require.NoError(t, tx.exec("ROLLBACK TO SAVEPOINT shop"))
		h.gives(t, h.engine.WithStore(tx), "order-1", false)
		require.NoError(t, tx.commit())
		h.gives(t, h.engine, "order-1", true)
		h.has(t, 20)
	})
}

func TestTwoEnginesInOneTransactionOfTheHostSeeEachOther(t *testing.T) {
	eachHost(t, func(t *testing.T, h *host) {
		tx := h.begin(t.Context())
		one := h.engine.WithStore(tx)
		other := newHostEngine(t, h.open(t, h.database)).WithStore(tx)
		for _, key := range []string{"order-1", "order-2", "order-3"} {
			h.gives(t, one, key, false)
			h.gives(t, other, key, true)
			one, other = other, one
		}
		require.NoError(t, tx.commit())
		h.has(t, 40)
	})
}

func TestACallThatIsGivenUpLeavesTheHostsTransactionAsItWas(t *testing.T) {
	eachHost(t, func(t *testing.T, h *host) {
		tx := h.begin(t.Context())
		bound := h.engine.WithStore(tx)
		h.gives(t, bound, "order-1", false)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := bound.Do(ctx, ten("order-2"))
		require.ErrorIs(t, err, context.Canceled)
		h.gives(t, bound, "order-3", false)
		require.NoError(t, tx.commit())
		h.has(t, 30)
	})
}

func TestATransactionThatCannotWriteSaysSo(t *testing.T) {
	eachHost(t, func(t *testing.T, h *host) {
		tx := h.begin(t.Context())
		if h.shop.engine == servers.MySQL {
			require.NoError(t, tx.exec("START TRANSACTION READ ONLY"))
		} else {
			require.NoError(t, tx.exec("SET TRANSACTION READ ONLY"))
		}
		_, err := h.engine.WithStore(tx).Do(t.Context(), ten("order-1"))
		require.ErrorContains(t, err, "transaction")
		require.NotErrorIs(t, err, loyalty.ErrRetryTransaction, "it would be met again")
		m, err := h.engine.WithStore(tx).Member(t.Context(), "anna")
		require.NoError(t, err, "it can be read in")
		require.EqualValues(t, 10, m.Balance("point").Available)
		require.NoError(t, tx.rollback())
		h.has(t, 10)
	})
}

func TestATransactionThatHasFailedBeforeStoresNothing(t *testing.T) {
	eachHost(t, func(t *testing.T, h *host) {
		if h.shop.engine == servers.MySQL {
			t.Skip("a statement that fails leaves the transaction as it was")
		}
		tx := h.begin(t.Context())
		require.Error(t, tx.exec("INSERT INTO nowhere VALUES (1)"))
		_, err := h.engine.WithStore(tx).Do(t.Context(), ten("order-1"))
		require.ErrorContains(t, err, "aborted")
		require.Error(t, tx.commit())
		h.has(t, 10)
	})
}

// holdsEvents is another transaction that holds what the next batch of Anna's writes late.
func (h *host) holdsEvents(t *testing.T) *transaction {
	t.Helper()
	other := h.opensSQL(t)(t.Context())
	require.NoError(t, other.exec(fmt.Sprintf("INSERT INTO loyalty_events (program, member, version, ordinal, bucket, acked, type, recorded_at)"+
		" VALUES ('shop', 'anna', 3, 0, %[1]d, 0, '', 0), ('shop', 'anna', 3, 1, %[1]d, 0, '', 0)", storage.Bucket("anna"))))
	return other
}

// Another transaction holds what the batch writes last. A host that commits although it
// was told to run its transaction again has nothing of the batch.
func TestAWaitForALockThatEndsLeavesNoPartOfABatch(t *testing.T) {
	eachHost(t, func(t *testing.T, h *host) {
		other := h.holdsEvents(t)
		tx := h.begin(t.Context())
		timeout := "SET LOCAL lock_timeout = '300ms'"
		if h.shop.engine == servers.MySQL {
			timeout = "SET SESSION innodb_lock_wait_timeout = 1"
		}
		require.NoError(t, tx.exec(timeout))
		require.NoError(t, tx.exec("INSERT INTO shop_orders (id) VALUES ('o-1')"))
		_, err := h.engine.WithStore(tx).Do(t.Context(), ten("o-1"))
		require.ErrorIs(t, err, loyalty.ErrRetryTransaction)
		_ = tx.commit()
		require.NoError(t, other.rollback())
		h.has(t, 10)
		_, err = h.engine.Do(t.Context(), ten("o-1"))
		require.NoError(t, err)
	})
}

// A call whose caller gives up while it waits in the middle of a batch: whatever becomes
// of the host's transaction, no part of the batch is in it.
func TestACallThatIsGivenUpOnItsWayLeavesNoPartOfABatch(t *testing.T) {
	eachHost(t, func(t *testing.T, h *host) {
		other := h.holdsEvents(t)
		tx := h.begin(t.Context())
		require.NoError(t, tx.exec("INSERT INTO shop_orders (id) VALUES ('o-1')"))
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, err := h.engine.WithStore(tx).Do(ctx, ten("o-1"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = h.engine.WithStore(tx).Do(t.Context(), ten("o-2"))
		require.Error(t, err, "the driver has closed the connection")
		require.Error(t, tx.commit())
		require.NoError(t, other.rollback())
		h.has(t, 10)
		h.gives(t, h.engine, "o-1", false)
	})
}
