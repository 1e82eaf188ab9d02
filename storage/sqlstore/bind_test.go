package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// interrupted is a transaction as database/sql has it: a context that is done stops a
// statement before the server hears of it. After the account is written it is done.
type interrupted struct {
	sqlstore.Tx
	end func()
	ran []string
	// deaf is set where the connection does not outlive the context.
	deaf bool
}

func (i *interrupted) ExecContext(ctx context.Context, query string, _ ...any) (sql.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	i.ran = append(i.ran, query)
	if i.deaf && strings.HasPrefix(query, "ROLLBACK TO") {
		return nil, driver.ErrBadConn
	}
	if strings.Contains(query, "loyalty_accounts") && i.end != nil {
		i.end()
		i.end = nil
	}
	return driver.RowsAffected(1), nil
}

func (i *interrupted) QueryContext(ctx context.Context, query string, _ ...any) (*sql.Rows, error) {
	i.ran = append(i.ran, query)
	if i.end != nil {
		i.end()
		i.end = nil
	}
	return nil, errors.Join(ctx.Err(), errNoRows)
}

var errNoRows = errors.New("this transaction has no rows")

func earnOf(member string) storage.Batch {
	return storage.Batch{Program: "cafe", Legs: []storage.Leg{{
		Account:   storage.Account{Program: "cafe", Member: member, Kind: storage.Person, Version: 1, Status: storage.Active, DueAt: points.Never},
		Operation: storage.Operation{Program: "cafe", Member: member, Version: 1, Key: "order", Type: "earn"},
		Entries: []storage.Entry{{Program: "cafe", Member: member, Version: 1, Entry: points.Entry{
			Unit: "bean", Kind: points.EntryEarn, From: points.Issued, To: points.Available, Amount: 12,
		}}},
	}}}
}

// eachEnd runs a test for each server and for both ends of a context; end brings it about.
func eachEnd(t *testing.T, run func(t *testing.T, d sqlstore.Dialect, ctx context.Context, end func())) {
	t.Helper()
	for _, d := range []sqlstore.Dialect{sqlstore.PostgreSQL, sqlstore.MySQL} {
		t.Run(d.String()+"/canceled", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				run(t, d, ctx, cancel)
			})
		})
		t.Run(d.String()+"/out of time", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				run(t, d, ctx, func() { <-ctx.Done() })
			})
		})
	}
}

func TestACallThatEndsBetweenTwoStatementsLeavesNoPartOfABatch(t *testing.T) {
	eachEnd(t, func(t *testing.T, d sqlstore.Dialect, ctx context.Context, end func()) {
		tx := &interrupted{end: end}
		store := sqlstore.Bind(tx, d)
		_, err := store.Commit(ctx, []storage.Batch{earnOf("anna")})
		require.ErrorIs(t, err, ctx.Err())
		require.NotErrorIs(t, err, storage.ErrRetryTransaction, "the transaction is as it was before the call")
		require.Len(t, tx.ran, 4, "savepoint, account, undo and release: %q", tx.ran)
		require.Contains(t, tx.ran[2], "ROLLBACK TO")

		outcomes, err := store.Commit(t.Context(), []storage.Batch{earnOf("ben")})
		require.NoError(t, err, "it goes on")
		require.Equal(t, storage.OK, outcomes[0].Status)
	})
}

func TestACallThatCannotBeUndoneEndsTheTransaction(t *testing.T) {
	eachEnd(t, func(t *testing.T, d sqlstore.Dialect, ctx context.Context, end func()) {
		tx := &interrupted{end: end, deaf: true}
		store := sqlstore.Bind(tx, d)
		_, err := store.Commit(ctx, []storage.Batch{earnOf("anna")})
		require.ErrorIs(t, err, storage.ErrRetryTransaction)
		asked := len(tx.ran)
		_, err = store.Commit(t.Context(), []storage.Batch{earnOf("ben")})
		require.ErrorIs(t, err, storage.ErrRetryTransaction)
		require.Len(t, tx.ran, asked, "nothing more is asked of it")
	})
}

func TestAReadThatIsGivenUpLeavesTheTransaction(t *testing.T) {
	eachEnd(t, func(t *testing.T, d sqlstore.Dialect, ctx context.Context, end func()) {
		tx := &interrupted{end: end}
		store := sqlstore.Bind(tx, d)
		_, err := store.Load(ctx, []storage.LoadRequest{{Program: "cafe", Member: "anna"}})
		require.ErrorIs(t, err, ctx.Err())
		require.NotErrorIs(t, err, storage.ErrRetryTransaction)
		outcomes, err := store.Commit(t.Context(), []storage.Batch{earnOf("ben")})
		require.NoError(t, err)
		require.Equal(t, storage.OK, outcomes[0].Status)
		require.True(t, slices.ContainsFunc(tx.ran, func(q string) bool { return strings.HasPrefix(q, "SAVEPOINT") }))
	})
}

// Two stores that are bound to one transaction: while one is within its savepoint, the
// other waits, or the end of one savepoint would take along what the other wrote.
func TestStoresOfOneTransactionTakeTurns(t *testing.T) {
	for _, d := range []sqlstore.Dialect{sqlstore.PostgreSQL, sqlstore.MySQL, sqlstore.SQLite} {
		t.Run(d.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				other := make(chan error, 1)
				tx := &interrupted{}
				tx.end = func() {
					go func() {
						_, err := sqlstore.Bind(tx, d).Commit(t.Context(), []storage.Batch{earnOf("ben")})
						other <- err
					}()
					synctest.Wait() // until it waits
				}
				_, err := sqlstore.Bind(tx, d).Commit(t.Context(), []storage.Batch{earnOf("anna")})
				require.NoError(t, err)
				require.NoError(t, <-other)
				var order []string
				for _, text := range tx.ran {
					if word, _, _ := strings.Cut(text, " "); strings.Contains(text, "loyaltykit_call") {
						order = append(order, word)
					}
				}
				require.Equal(t, []string{"SAVEPOINT", "RELEASE", "SAVEPOINT", "RELEASE"}, order)
			})
		})
	}
}
