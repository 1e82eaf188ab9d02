package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// enrollment is the first commit of a member.
func enrollment(member string) storage.Batch {
	at := time.Date(2027, time.March, 8, 9, 0, 0, 0, time.UTC)
	return storage.Batch{Program: "coffee", Legs: []storage.Leg{{
		Account: storage.Account{
			Program: "coffee", Member: member, Kind: storage.Person, Version: 1, Status: storage.Active,
			DueAt: points.Never, EnrolledAt: at, RecordedAt: at,
		},
		Operation: storage.Operation{
			Program: "coffee", Member: member, Version: 1, Key: "signup", Type: "enroll", OccurredAt: at, RecordedAt: at,
		},
	}}}
}

func commit(ctx context.Context, store storage.Store, batches ...storage.Batch) error {
	outcomes, err := store.Commit(ctx, batches)
	if err != nil {
		return err
	}
	for i, outcome := range outcomes {
		if outcome.Status != storage.OK {
			return fmt.Errorf("batch %d: %s", i, outcome.Status)
		}
	}
	return nil
}

func has(t *testing.T, store storage.Store, member string) bool {
	t.Helper()
	snapshots, err := store.Load(t.Context(), []storage.LoadRequest{{Program: "coffee", Member: member}})
	require.NoError(t, err)
	return snapshots[0].Account != nil
}

func TestAFileThatIsClosedKeepsWhatWasCommitted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	for i, member := range []string{"anna", "ben", "carl"} {
		store, err := sqlite.Open(path, nil)
		require.NoError(t, err)
		require.NoError(t, commit(t.Context(), store, enrollment(member)))
		for _, earlier := range []string{"anna", "ben", "carl"}[:i+1] {
			require.True(t, has(t, store, earlier))
		}
		require.NoError(t, store.Close())
		require.NoError(t, store.Close(), "closing twice")
		_, err = store.Load(t.Context(), nil)
		require.ErrorIs(t, err, sqlstore.ErrClosed)
	}
}

func TestPathsWithMarksThatMeanSomethingInAddresses(t *testing.T) {
	for _, name := range []string{"a b.db", "100%.db", "what?.db", "#1.db", "a&b=c.db", "größe.db", "file:x.db"} {
		path := filepath.Join(t.TempDir(), name)
		open(t, path)
		_, err := os.Stat(path)
		assert.NoError(t, err, name)
	}
}

func TestOptionsThatMeanNothingAreRefused(t *testing.T) {
	_, err := sqlite.Open("", nil)
	require.Error(t, err)
	_, err = sqlite.Open(filepath.Join(t.TempDir(), "missing", "shop.db"), nil)
	require.Error(t, err)
	_, err = sqlite.Open(sqlite.Memory, &sqlite.Options{Synchronous: 7})
	require.Error(t, err)
	text := filepath.Join(t.TempDir(), "text.db")
	require.NoError(t, os.WriteFile(text, []byte("this is a shopping list and no database, as anybody can see at once"), 0o600))
	_, err = sqlite.Open(text, nil)
	require.Error(t, err)
}

func TestEveryConnectionWaitsForTheDisk(t *testing.T) {
	store := durable(t)
	for _, c := range []struct{ pragma, want string }{
		{"synchronous", "2"}, {"journal_mode", "wal"}, {"page_size", "8192"}, {"busy_timeout", "5000"},
	} {
		var got string
		require.NoError(t, store.DB().QueryRowContext(t.Context(), "PRAGMA "+c.pragma).Scan(&got))
		assert.Equal(t, c.want, got, c.pragma)
	}
}

func TestTwoStoresOnOneFileLoseNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	const each = 100
	var group sync.WaitGroup
	errs := make(chan error, 4)
	for till := range 4 {
		group.Go(func() {
			// The tills open the new file at the same time, and migrate it.
			store, err := sqlite.Open(path, &sqlite.Options{Synchronous: sqlite.Normal, BusyTimeout: time.Minute})
			if err != nil {
				errs <- err
				return
			}
			for i := range each {
				if err = commit(t.Context(), store, enrollment(fmt.Sprintf("till-%d-%03d", till, i))); err != nil {
					break
				}
			}
			if closed := store.Close(); err == nil {
				err = closed
			}
			errs <- err
		})
	}
	group.Wait()
	for range 4 {
		require.NoError(t, <-errs)
	}
	n := 0
	for _, err := range storage.AllAccounts(t.Context(), open(t, path), storage.AccountQuery{Program: "coffee"}) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 4*each, n)
}

// lock begins a transaction that writes, as another process would.
func lock(t *testing.T, store *sqlite.Store) (unlock func()) {
	t.Helper()
	conn, err := store.DB().Conn(t.Context())
	require.NoError(t, err)
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	return func() {
		_, err := conn.ExecContext(context.Background(), "ROLLBACK")
		require.NoError(t, err)
		require.NoError(t, conn.Close())
	}
}

func TestALockedFileIsWaitedForAsLongAsTheContextLasts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	store := open(t, path)
	unlock := lock(t, open(t, path))
	require.False(t, has(t, store, "anna"), "reading does not wait")

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, commit(ctx, store, enrollment("anna")), context.DeadlineExceeded)

	waiting := make(chan error, 1)
	go func() { waiting <- commit(context.Background(), store, enrollment("ben")) }()
	unlock()
	require.NoError(t, <-waiting)
	require.False(t, has(t, store, "anna"))
	require.True(t, has(t, store, "ben"))
}

func TestALockedFileIsWaitedForAsLongAsTheOptionSays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	store, err := sqlite.Open(path, &sqlite.Options{BusyTimeout: 20 * time.Millisecond})
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	unlock := lock(t, open(t, path))
	err = commit(t.Context(), store, enrollment("anna"))
	require.ErrorContains(t, err, "locked")
	require.NotErrorIs(t, err, storage.ErrRetryTransaction, "there is no transaction of the host")
	unlock()
	require.NoError(t, commit(t.Context(), store, enrollment("anna")))
}

func TestATransactionThatOthersHaveOvertakenIsToBeRunAgain(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "shop.db"))
	tx, err := store.DB().BeginTx(t.Context(), nil)
	require.NoError(t, err)
	bound := sqlstore.Bind(tx, sqlstore.SQLite)
	require.False(t, has(t, bound, "anna"))
	require.NoError(t, commit(t.Context(), store, enrollment("anna")))
	require.ErrorIs(t, commit(t.Context(), bound, enrollment("ben")), storage.ErrRetryTransaction)
	require.NoError(t, tx.Rollback())
}

func TestAHostsTransactionKeepsOrderAndAccountTogether(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "shop.db"))
	_, err := store.DB().ExecContext(t.Context(), "CREATE TABLE orders (id TEXT PRIMARY KEY)")
	require.NoError(t, err)
	place := func(order, member string, end func(*sql.Tx) error) {
		tx, err := store.DB().BeginTx(t.Context(), nil)
		require.NoError(t, err)
		_, err = tx.ExecContext(t.Context(), "INSERT INTO orders VALUES (?)", order)
		require.NoError(t, err)
		require.NoError(t, commit(t.Context(), sqlstore.Bind(tx, sqlstore.SQLite), enrollment(member)))
		require.NoError(t, end(tx))
	}
	place("1001", "anna", (*sql.Tx).Commit)
	place("1002", "ben", (*sql.Tx).Rollback)
	require.True(t, has(t, store, "anna"))
	require.False(t, has(t, store, "ben"))
	var orders int
	require.NoError(t, store.DB().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM orders").Scan(&orders))
	require.Equal(t, 1, orders)
}

func TestASavepointOfTheHostsLivesThroughCalls(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "shop.db"))
	for i, name := range []string{"loyaltykit", "shop"} {
		tx, err := store.DB().BeginTx(t.Context(), nil)
		require.NoError(t, err)
		exec := func(statement string) {
			_, err := tx.ExecContext(t.Context(), statement)
			require.NoError(t, err)
		}
		bound, member := sqlstore.Bind(tx, sqlstore.SQLite), func(n int) string { return fmt.Sprintf("guest-%d-%d", i, n) }
		require.NoError(t, commit(t.Context(), bound, enrollment(member(0))))
		exec("SAVEPOINT " + name)
		require.NoError(t, commit(t.Context(), bound, enrollment(member(1))))
		require.NoError(t, commit(t.Context(), bound, enrollment(member(2))))
		exec("ROLLBACK TO " + name)
		exec("RELEASE " + name)
		require.NoError(t, commit(t.Context(), bound, enrollment(member(3))))
		require.NoError(t, tx.Commit())
		for n, there := range []bool{true, false, false, true} {
			require.Equal(t, there, has(t, store, member(n)), "member %d", n)
		}
	}
}

func TestAStoreWithoutTablesSaysToMigrate(t *testing.T) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "empty.db"))
	require.NoError(t, err)
	defer db.Close()
	store := sqlstore.New(db, sqlstore.SQLite, nil)
	require.ErrorContains(t, store.PutRevision(t.Context(), storage.Revision{Program: "beans", Number: 1, Text: []byte("{}")}), "call Migrate first")
	_, err = store.Revisions(t.Context(), "beans")
	require.ErrorContains(t, err, "call Migrate first")
}

func TestAnUnknownDialectIsRefusedByEveryCall(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "shop.db")).DB()
	_, err := sqlstore.New(db, 9, nil).Load(t.Context(), nil)
	require.ErrorContains(t, err, "dialect(9)")
	require.ErrorContains(t, sqlstore.Migrate(t.Context(), db, 9), "dialect(9)")
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	require.ErrorContains(t, commit(t.Context(), sqlstore.Bind(tx, 9), enrollment("anna")), "dialect(9)")
	require.NoError(t, tx.Rollback())
}

func TestMigrationsRunAnyNumberOfTimes(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "shop.db"))
	schema := func() (names string) {
		const list = "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema ORDER BY name)"
		require.NoError(t, store.DB().QueryRowContext(t.Context(), list).Scan(&names))
		return names
	}
	before := schema()
	require.Contains(t, before, "loyalty_operations")
	require.NoError(t, commit(t.Context(), store, enrollment("anna")))
	for range 3 {
		require.NoError(t, sqlstore.Migrate(t.Context(), store.DB(), sqlstore.SQLite))
	}
	// A database that another tool migrated has no note of it.
	_, err := store.DB().ExecContext(t.Context(), "DELETE FROM loyalty_schema")
	require.NoError(t, err)
	require.NoError(t, sqlstore.Migrate(t.Context(), store.DB(), sqlstore.SQLite))
	require.Equal(t, before, schema())
	require.True(t, has(t, store, "anna"))
}

func TestStoresInMemoryLeaveEachOtherAlone(t *testing.T) {
	one, two := open(t, sqlite.Memory), open(t, sqlite.Memory)
	require.NoError(t, commit(t.Context(), one, enrollment("anna")))
	require.True(t, has(t, one, "anna"))
	require.False(t, has(t, two, "anna"))
}
