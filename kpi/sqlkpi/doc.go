// Package sqlkpi computes figures over an order log where the log is: it writes the
// SQL form of package kpi's customer summaries, cohort matrices and RFM scores,
// sends it through database/sql, and returns kpi's own types. The answers agree with
// those of kpi row for row, to the last bit: money is added up as exact numerics, and
// what is divided is divided here, or in float64 by the same formula.
//
// A [Table] names the columns of a log in PostgreSQL: a member's id as text, the
// time as timestamptz, and the amount as numeric, below zero for refunds. The
// database needs no function of ours and no other rights than to read.
//
// It imports no driver; the host brings its own.
package sqlkpi
