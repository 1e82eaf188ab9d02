// Package chdb runs ClickHouse's engine in this process, for tests: it loads
// libchdb, which Node packages ship, and speaks to it as a driver of database/sql. It
// is compiled with the build tag warehouse, for it needs a C compiler.
package chdb
