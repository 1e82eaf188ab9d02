package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// claims does what this process is told, where it is one of several that claim.
func claims(job *enginetest.Claimants) error {
	store, err := sqlite.Open(job.Database, nil)
	if err != nil {
		return fmt.Errorf("process %d: %w", job.Turn, err)
	}
	defer store.Close()
	return job.Run(context.Background(), store, os.Stdin, os.Stdout)
}

func TestR9StockAndLimitsHoldFromSeveralProcessesOnSQLite(t *testing.T) {
	enginetest.ClaimsOfProcesses(t, func(t testing.TB) (store storage.Store, place, database string) {
		path := filepath.Join(t.TempDir(), "rush.db")
		opened, err := sqlite.Open(path, nil)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, opened.Close()) })
		return opened, "SQLite", path
	}, 0)
}
