package faults

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// TestMain leaves the faults out of short runs: they kill servers for minutes.
func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		fmt.Println("faults: skipped, run without -short")
		return
	}
	os.Exit(m.Run())
}
