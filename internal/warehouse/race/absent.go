//go:build !warehouse || !cgo

// Command race runs the figures of package kpi beside DuckDB; it is compiled with the
// build tag warehouse.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "race: DuckDB is not compiled in: go run -tags warehouse ./internal/warehouse/race, with a C++ compiler")
	os.Exit(1)
}
