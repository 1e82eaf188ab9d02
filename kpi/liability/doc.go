// Package liability books loyalty points and gift cards: how much of what a
// customer paid is owed in points, and when it becomes revenue. It follows IFRS 15,
// paragraphs B39 to B47, and ASC 606-10-55-41 to 55-49. All amounts are exact
// decimals, rounded once to the step in which the books are kept; what was rounded
// off one line is on another, and every journal balances.
//
// [Allocate] splits the price of a sale between its goods and its points, which are
// a material right. [RollForward] takes what became of a cohort of points, period
// by period, and says how much was deferred and recognized in each, the effect of
// changed estimates apart; [Total] adds cohorts up, and [Movement.Journal] gives
// journal lines as data. [GiftCards] does the same for value that was paid in.
// [CostAccrual] is the other model, a provision for the cost of rewards, which is
// not that of IFRS 15; results say which was used.
//
// Which model, which [Method] and which estimates are right for a business is for
// its accountants to say: this is arithmetic, not accounting advice.
package liability
