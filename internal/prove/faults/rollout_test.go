package faults

import (
	"context"
	"os"
	"testing"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
)

// oldProgram does what this process is told, where it is the one with the first revision.
func oldProgram(job *enginetest.OldProgram) error {
	store, closed, err := openFor(job.Place, job.Database)
	if err != nil {
		return err
	}
	defer closed()
	return job.Run(context.Background(), store, os.Stdin, os.Stdout)
}

func TestTwoProcessesOfWhichOneHasTheNextRevisionShareADatabase(t *testing.T) {
	for _, shop := range []shop{onPostgres, onPGX, onMariaDB} {
		t.Run(shop.name, func(t *testing.T) { enginetest.RolloutOfProcesses(t, shop.shared(t)) })
	}
}
