// Package figures feeds the key figures of package kpi from what a store has
// recorded: the shop exports nothing and keeps no second log.
//
// [Orders] ranges over the orders and refunds of a program as kpi's accumulators
// take them: customer summaries, cohort matrices, RFM scores, repeat purchase,
// inactivity. [PointCohorts] counts the points that were earned together, such as
// in a month, by what became of them in the ledger's real lots: the redemption and
// breakage of each cohort, and with [PointCohort.State] its liability to IFRS 15.
//
// [TierMoves], [Lifetimes] and [Customers] tell who moved between tiers, how long members
// stay, and who was one in a period: tier migration, survival, retention and churn.
//
// [GiftCards] counts the money on gift cards by the month in which they were issued:
// what was used, has expired and is owed, for liability.GiftCards.
//
// [Orders], [PointCohorts] and [GiftCards] read each account's rows page by page, and hold
// those of one account at a time: once, [GiftCards] twice where money has more than two
// decimals.
package figures
