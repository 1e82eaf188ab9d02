// Package sqlkpi computes figures over an order log where the log is: it writes the
// SQL form of package kpi's aggregates for PostgreSQL, DuckDB and ClickHouse, sends
// it through database/sql, and returns kpi's own types. The answers agree with those
// of kpi row for row, to the last bit: customer summaries, cohort matrices, RFM
// scores, purchases and what is made of them, customers who stay, and inactivity. A
// [Ledger] has the points that moved, by kind and month.
//
// A [Table] names the columns of a log, such as a host's own table of orders. The
// database needs no function of ours and no other rights than to read.
//
// Money is added up as decimals or integers; nothing that package kpi has exactly goes
// through a float. Days and months are those of any zone of the IANA database, told by the
// clocks that Go knows: a statement holds the zone's changes of offset, so engines
// whose own zone data are older, or that tell zones by other names, answer the same.
// Rankings break ties by the member's id.
//
// It imports no driver; the host brings its own.
package sqlkpi
