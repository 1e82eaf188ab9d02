package sqlite_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(path, &sqlite.Options{Synchronous: sqlite.Normal})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

func openNew(t testing.TB) storage.Store {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "shop.db"))
}

// bind begins a transaction of a host on the store's database.
func bind(ctx context.Context, store storage.Store) (storagetest.Transaction, error) {
	tx, err := store.(*sqlite.Store).DB().BeginTx(ctx, &sql.TxOptions{})
	if err != nil {
		return storagetest.Transaction{}, err
	}
	return storagetest.Transaction{
		Store:    sqlstore.Bind(tx, sqlstore.SQLite),
		Commit:   tx.Commit,
		Rollback: tx.Rollback,
	}, nil
}

func TestFileKeepsTheContract(t *testing.T) {
	storagetest.Run(t, openNew, &storagetest.Options{Bind: bind})
}

func TestMemoryKeepsTheContract(t *testing.T) {
	storagetest.Run(t, func(t testing.TB) storage.Store { return open(t, sqlite.Memory) }, nil)
}
