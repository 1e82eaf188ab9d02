package main

import (
	"database/sql"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver by which integrity is checked
)

func notifyTerm(stop chan<- os.Signal) { signal.Notify(stop, syscall.SIGTERM) }

// integrity asks SQLite itself whether the file is whole.
func integrity(t *testing.T, path string) string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	var verdict string
	require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict))
	return verdict
}
