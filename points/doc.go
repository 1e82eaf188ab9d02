// Package points is the arithmetic of a loyalty ledger: pure functions over
// plain values, without a clock, a store or a context.
package points
