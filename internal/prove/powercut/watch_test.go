package powercut

import (
	"database/sql"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver whose files are watched
)

func TestAFolderIsWatchedUntilItsDatabaseIsClosed(t *testing.T) {
	folder := t.TempDir()
	recording, err := Watch(folder, 1)
	require.NoError(t, err)
	_, err = Watch(t.TempDir(), 1)
	require.ErrorContains(t, err, "another folder is being watched")

	db, err := sql.Open("sqlite", filepath.Join(folder, "books.db"))
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "CREATE TABLE points (member TEXT)")
	require.NoError(t, err)
	_, err = recording.Stop()
	require.ErrorIs(t, err, ErrOpen)
	require.NoError(t, db.Close())

	elsewhere, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "books.db"))
	require.NoError(t, err)
	events := recording.Position()
	require.Positive(t, events)
	_, err = elsewhere.ExecContext(t.Context(), "CREATE TABLE points (member TEXT)")
	require.NoError(t, err)
	require.Equal(t, events, recording.Position(), "another folder")

	log, err := recording.Stop()
	require.NoError(t, err)
	require.NoError(t, elsewhere.Close(), "what was opened elsewhere outlives the watch")
	random := rand.New(rand.NewPCG(1, 1))
	require.Empty(t, log.Cut(0, LoseAll, random))
	require.Contains(t, string(log.Cut(log.Len(), LoseAll, random)["books.db"]), "CREATE TABLE points")
}
