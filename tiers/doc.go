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
// # Up, for how long, and down
//
// A member who meets what a tier asks for gets it [AtOnce], or when the [NextPeriod]
// begins. It lasts to the end of the period ([EndOfPeriod]) or of the one after
// ([EndOfNextPeriod]), for a fixed time ([AfterSpan]), or as long as the window holds
// enough ([WhileHeld]). Then it is kept, or after Ladder.Grace more days the member comes
// to the highest tier that is kept ([Recompute]) or one step down ([OneStep]). So
//
//   - a hotel with years of status has a [Calendar] window, [EndOfNextPeriod] and
//     [OneStep];
//   - an airline whose members qualify in one year for the next has [NextPeriod] and
//     [EndOfPeriod];
//   - a retailer who looks at the last twelve months has a [Rolling] window and
//     [WhileHeld], as a rule with days of grace;
//   - a club whose status holds for a year from the day of each promotion has [AfterSpan];
//   - status for life has a [Lifetime] window and [WhileHeld].
//
// A [Grant] is a tier for another reason, such as a match with a challenge or a manager's
// decision; qualifying goes on beneath it.
//
// # What may be relied on
//
// Days are whole days of the program's time zone (see [DayOf]); every period is
// half-open, and exactly a threshold meets it. Amounts are in the smallest step of their
// metric. All functions depend on their arguments alone and change none of them but
// [Counts.Add] and [Counts.Forget]; several goroutines may call them at once. What is
// told late is evaluated again from an earlier state: in one step or in many, in any order of
// what was told, the result is the same.
package tiers
