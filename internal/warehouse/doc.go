// Package warehouse has no code: its tests show that kpi/sqlkpi answers on
// PostgreSQL, DuckDB and ClickHouse as package kpi does, row for row, and that these
// read the files of package parquet. DuckDB and ClickHouse run in this process; their
// drivers need a C++ compiler, so their tests are compiled with a build tag:
//
//	go test -tags warehouse ./internal/warehouse/...
//
// LOYALTYKIT_CHDB names the file libchdb.so of the Node package
// @chdb/lib-linux-x64-gnu. LOYALTYKIT_WAREHOUSE_ORDERS asks for a log of so many
// orders besides the small one, LOYALTYKIT_PROVE_FULL=1 for ten million.
package warehouse
