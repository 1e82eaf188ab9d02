// Package tiers decides which tier a member of a loyalty program has: every rule of
// status that shops, hotels and airlines use, as data. It does no I/O and has no
// clock.
//
// A [Ladder] has tiers with thresholds over metrics, such as nights or euros spent, a
// [Window] of days that count, and rules of how a tier starts, ends and is kept.
// [Counts] holds what a member did on which day, and [Ladder.Evaluate] moves a
// [State] on to a day and lists each [Change]. [Ladder.Progress] is what a member
// page shows. Spending points is no fact and never demotes.
//
// Days are whole days of the program's time zone (see [DayOf]); every period is
// half-open.
package tiers
