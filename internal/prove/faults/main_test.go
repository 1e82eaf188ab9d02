package faults

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
)

// TestMain does what this process is told, where it is one of several, and leaves the faults out of short runs: they kill servers for minutes.
func TestMain(m *testing.M) {
	job, err := enginetest.ClaimantsHere()
	if err == nil && job != nil {
		err = claims(job)
	}
	old, also := enginetest.OldProgramHere()
	if err = errors.Join(err, also); err == nil && old != nil {
		err = oldProgram(old)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if job != nil || old != nil {
		return
	}
	flag.Parse()
	if testing.Short() {
		fmt.Println("faults: skipped, run without -short")
		return
	}
	os.Exit(m.Run())
}
