//go:build !warehouse || !cgo || !linux

package warehouse_test

import "testing"

var inProcess []engine

func TestTheEnginesInThisProcess(t *testing.T) {
	t.Skip("DuckDB and ClickHouse are not compiled in: go test -tags warehouse ./internal/warehouse/..., on Linux with a C++ compiler")
}
