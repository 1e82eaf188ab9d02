package servertest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// heard notes what a driver of PostgreSQL sends.
type heard struct {
	mu   sync.Mutex
	sent []sent
}

func (h *heard) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	h.mu.Lock()
	defer h.mu.Unlock()
	if data.SQL != "-- ping" {
		h.sent = append(h.sent, sent{data.SQL, data.Args})
	}
	return ctx
}

func (h *heard) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// during returns what is sent meanwhile.
func (h *heard) during(work func()) []sent {
	h.mu.Lock()
	before := len(h.sent)
	h.mu.Unlock()
	work()
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sent[before:]
}

func heardOn(t *testing.T, database string, settings ...string) (*sql.DB, *heard) {
	t.Helper()
	config, err := pgx.ParseConfig(database)
	require.NoError(t, err)
	for i := 0; i < len(settings); i += 2 {
		config.RuntimeParams[settings[i]] = settings[i+1]
	}
	h := &heard{}
	config.Tracer = h
	db := stdlib.OpenDB(*config)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db, h
}

func stores(t *testing.T, store storage.Store, batches ...storage.Batch) {
	t.Helper()
	outcomes, err := store.Commit(t.Context(), batches)
	require.NoError(t, err)
	for _, outcome := range outcomes {
		require.Equal(t, storage.OK, outcome.Status)
	}
}

func TestPlainBatchesAreOneStatementOfPostgreSQL(t *testing.T) {
	database := postgres.database(t)
	db, h := heardOn(t, database)
	require.NoError(t, sqlstore.Migrate(t.Context(), db, sqlstore.PostgreSQL))
	store := postgres.storeOn(t, db)
	spread := sqlstore.New(db, sqlstore.PostgreSQL, &sqlstore.Options{Spread: true})
	t.Cleanup(func() { require.NoError(t, spread.Close()) })
	many := func(expect int64) (batches []storage.Batch) {
		for i := range 40 {
			batches = append(batches, earn(shopper(i), expect, fmt.Sprintf("order-%d", expect)))
		}
		return batches
	}
	counted := earn("m-7301", 2, "order-3")
	counted.Counters = []storage.CounterChange{{CounterKey: storage.CounterKey{Key: "budget"}, Delta: 5, Bound: 500}}
	for _, c := range []struct {
		name       string
		store      storage.Store
		statements int
		batches    []storage.Batch
	}{
		{"a new member", store, 1, []storage.Batch{earn("m-7301", 0, "order-1")}},
		{"a member", store, 1, []storage.Batch{earn("m-7301", 1, "order-2")}},
		{"forty new members", store, 1, many(0)},
		{"forty members", store, 1, many(1)},
		{"some new, some not", store, 1, []storage.Batch{earn("m-1", 0, "order-1"), earn(shopper(1), 2, "order-4")}},
		{"a member twice", store, 1, []storage.Batch{earn("m-1", 1, "order-2"), earn("m-1", 2, "order-3")}},
		{"a new member of many lots", store, 1, []storage.Batch{manyLots("m-2", 20)}},
		{"a budget", store, 10, []storage.Batch{counted}},
		{"a member where tables are spread", spread, 9, []storage.Batch{earn("m-7301", 3, "order-4")}},
	} {
		sent := h.during(func() { stores(t, c.store, c.batches...) })
		assert.Len(t, sent, c.statements, c.name)
	}
	late := []storage.Batch{earn("m-1", 3, "order-4"), earn("m-2", 0, "order-2"), earn("m-7301", 1, "order-9")}
	outcomes, err := store.Commit(t.Context(), late)
	require.NoError(t, err)
	assert.Equal(t, storage.OK, outcomes[0].Status)
	assert.Equal(t, storage.Conflict, outcomes[1].Status)
	assert.Equal(t, storage.Conflict, outcomes[2].Status)
}

// Nothing in an array is taken for its syntax.
func TestWhatTravelsInArraysComesBackLetterForLetter(t *testing.T) {
	store := postgres.open(t)
	texts := []string{`a "mug"`, `C:\beans`, `{1,2}`, `NULL`, "", "two\nlines", "Überraschung ☕", `\x41`, `'; DROP TABLE loyalty_lots; --`}
	var batches []storage.Batch
	for i, text := range texts {
		batch := earn(shopper(i)+text, 0, "order-"+text)
		leg := &batch.Legs[0]
		leg.Operation.Reason, leg.Operation.Receipt, leg.Operation.Salt = text, []byte(text), []byte{0, '"', '\\', 255}
		leg.Lots[0].Source, leg.Records[0].Reference, leg.Records[0].Data = text, text, []byte(text)
		leg.Account.RetryAt = march
		batches = append(batches, batch)
	}
	stores(t, store, batches...)
	for i := range batches {
		want := &batches[i].Legs[0]
		snapshots, err := store.Load(t.Context(), []storage.LoadRequest{{
			Program: "beans", Member: want.Account.Member, Key: want.Operation.Key, Lots: []points.LotID{1},
			Records: []storage.RecordKey{{Kind: "order", ID: want.Records[0].ID}}, Claims: []storage.ClaimKey{batches[i].Claims[0].ClaimKey},
		}})
		require.NoError(t, err)
		got := &snapshots[0]
		require.NotNil(t, got.Operation)
		operation := want.Operation
		if len(operation.Receipt) == 0 {
			operation.Receipt = nil
		}
		assert.Equal(t, operation, *got.Operation)
		assert.Equal(t, want.Account, *got.Account)
		assert.Equal(t, want.Lots, got.Lots)
		assert.Equal(t, want.Records[0].Reference, got.Records[0].Reference)
		assert.Equal(t, want.Account.Member, got.Claims[0].Holder)
	}
}

func TestAStatementThatStoresByItselfTouchesOnePartition(t *testing.T) {
	spread := postgres.spread(t).(*store)
	var database string
	require.NoError(t, spread.db.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&database))
	u, err := url.Parse(servers.Postgres(t).URL)
	require.NoError(t, err)
	u.Path = "/" + database
	db, h := heardOn(t, u.String(), "plan_cache_mode", "force_custom_plan")
	store := postgres.storeOn(t, db)
	for version := range int64(2) {
		sent := h.during(func() { stores(t, store, earn("m-7301", version, fmt.Sprintf("order-%d", version))) })
		require.Len(t, sent, 1)
		require.True(t, strings.HasPrefix(sent[0].text, "WITH"))
		if version == 0 {
			continue // rows that are inserted are routed and named nowhere
		}
		tx, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		touched := postgresPartitions(t, tx, sent[0])
		require.NoError(t, tx.Rollback())
		assert.Len(t, touched["loyalty_accounts"], 1)
		for table, partitions := range touched {
			assert.Len(t, partitions, 1, table)
		}
	}
}

func TestOnASpreadDatabaseTransactionsKeepTheContract(t *testing.T) {
	eachServer(t, func(t *testing.T, p place) {
		contract(t, p.transacting(t))
	})
}

// transacting opens a store that takes a transaction for every commit.
func (p place) transacting(t testing.TB) storage.Store {
	t.Helper()
	s := p.openStore(t)
	spread := sqlstore.New(s.db, p.dialect, &sqlstore.Options{Spread: true})
	t.Cleanup(func() { require.NoError(t, spread.Close()) })
	return spread
}

func TestTheContractIsKeptThroughPgBouncer(t *testing.T) {
	server := servers.Postgres(t)
	behind := postgres.database(t)
	require.NoError(t, sqlstore.Migrate(t.Context(), postgres.connect(t, behind), sqlstore.PostgreSQL))
	bouncer := servers.NewPooled(t, server, &servers.Options{Settings: map[string]string{"default_pool_size": "6"}})
	through, err := url.Parse(bouncer.URL)
	require.NoError(t, err)
	direct, err := url.Parse(behind)
	require.NoError(t, err)
	through.Path = direct.Path
	for _, mode := range []string{"cache_describe", "exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			through.RawQuery = "default_query_exec_mode=" + mode
			db, err := sql.Open("pgx", through.String())
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			store := postgres.storeOn(t, db)
			for i, c := range storagetest.Cases() {
				if c.Group == storagetest.Idempotency || c.Group == storagetest.Precision {
					env := &storagetest.Env{Store: store, Program: fmt.Sprintf("%s-%d", mode, i), Callers: 12}
					assert.NoError(t, c.Run(t.Context(), env), c.Name)
				}
			}
		})
	}
}

// A server that only reads, as a replica does, has stored nothing, and says so.
func TestWhatAServerThatOnlyReadsRefusesIsKnownNotToBeStored(t *testing.T) {
	database := postgres.database(t)
	require.NoError(t, sqlstore.Migrate(t.Context(), postgres.connect(t, database), sqlstore.PostgreSQL))
	db, _ := heardOn(t, database, "default_transaction_read_only", "on")
	outcomes, err := postgres.storeOn(t, db).Commit(t.Context(), []storage.Batch{earn("m-7301", 0, "order-1")})
	require.NoError(t, err)
	assert.Equal(t, storage.Conflict, outcomes[0].Status)
}
