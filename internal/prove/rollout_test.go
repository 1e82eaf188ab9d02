package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// oldProgram does what this process is told, where it is the one with the first revision.
func oldProgram(job *enginetest.OldProgram) error {
	store, err := sqlite.Open(job.Database, &sqlite.Options{BusyTimeout: time.Minute})
	if err != nil {
		return err
	}
	return errors.Join(job.Run(context.Background(), store, os.Stdin, os.Stdout), store.Close())
}

func TestTwoProcessesOfWhichOneHasTheNextRevisionShareAFile(t *testing.T) {
	enginetest.RolloutOfProcesses(t, func(t testing.TB) (store storage.Store, place, database string) {
		path := filepath.Join(t.TempDir(), "shop.db")
		opened, err := sqlite.Open(path, &sqlite.Options{BusyTimeout: time.Minute})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, opened.Close()) })
		return opened, "SQLite", path
	})
}
