package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// The file grows by what 3000 earns of one line wrote, with all indexes and
// the space that is left over on their pages.
func TestAnEarnTakesLessThanThreeKilobytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	store, err := sqlite.Open(path, &sqlite.Options{Synchronous: sqlite.Normal})
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	size := func() int64 {
		_, err := store.DB().ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)")
		require.NoError(t, err)
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info.Size()
	}
	enrolled, earned := earns(t, 500, 3000)
	commitAll(t, store, enrolled)
	before := size()
	commitAll(t, store, earned)
	perEarn := float64(size()-before) / 3000
	t.Logf("%.0f bytes an earn", perEarn)
	require.Less(t, perEarn, 3072.0)
	require.LessOrEqual(t, earned[0].commit[0].Rows(), 8)
}
