package sqlite_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// TestAnErasedMembersTextsAreNotInTheFile looks at the bytes of the file after a
// member with a mark in every free text was erased, and the file vacuumed.
func TestAnErasedMembersTextsAreNotInTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shop.db")
	store, err := sqlite.Open(file, nil)
	require.NoError(t, err)
	enginetest.Erasure(t, store)
	require.NoError(t, store.Close())

	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "VACUUM")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	files, err := filepath.Glob(file + "*")
	require.NoError(t, err)
	for _, name := range files {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		require.False(t, bytes.Contains(data, []byte(enginetest.Mark)), "the mark is in %s", filepath.Base(name))
	}
}
