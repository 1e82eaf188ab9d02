// Package points is the arithmetic of a loyalty ledger: pure functions over
// plain values, without a clock, a store or a context. The engine is built on
// it, and it is useful alone: to show in a cart what an order would earn, to
// check a program, to audit a ledger.
//
// A [Unit] is a kind of points, an [Amount] a whole number of its smallest step.
// Points are credited in a [Lot], which knows from when they can be spent and
// when they expire, and every movement is an [Entry] from one [Bucket] to
// another, so that the sum over all buckets is always zero. A [Balance] is what
// entries come to.
//
//   - [Evaluate] says what an [Order] earns under a list of [Rule] values: an
//     [Award] for each unit, with the [Share] of each rule and line.
//   - [Expiry] and [Activation] turn "12 months, to the end of the month" and
//     "after 14 days" into instants, on the calendar of the program's zone.
//   - [Consume] decides which lots a debit takes from, [Capture] which parts of
//     a hold, [Consolidate] which lots become one.
//   - [OrderState] is what is kept with an order, and its Refund what a refund
//     takes back, however it is split.
//   - Validate functions report every problem at once, as [Problems].
//
// Money is exact and decimal, points are whole, arithmetic in between is in
// rationals; overflow is [ErrOverflow]. No function panics on bad input. A zone that
// is nil is UTC.
package points
