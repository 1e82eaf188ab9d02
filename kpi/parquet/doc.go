// Package parquet writes and reads what a warehouse exchanges: order logs, customer
// summaries, cohort matrices, and the ledger of a store, partitioned by account
// bucket and month. Files are streamed in both directions: memory does not grow with
// their length.
//
// [ReadOrders] gives the sequence that kpi.ReadCSV gives, so that the accumulators of
// package kpi take either. Money is DECIMAL(38, 12), which holds a kpi.Amount
// exactly; times are TIMESTAMP of UTC in microseconds. DuckDB, ClickHouse, Spark
// and others read the files as they are.
package parquet
