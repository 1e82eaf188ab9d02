// Package kpi computes the key figures of a loyalty program, each by one stated
// definition: published ones conflict, and a figure whose definition is not said
// cannot be compared with anything.
//
// A figure is a [Figure]: its value with the numerator and denominator that made
// it, its [Period] and zone, the convention that was followed and, where what was
// counted is a sample, its [Interval]. What cannot be computed, such as a rate of
// no customers, is undefined and says why; it is never 0 and never NaN. Bad input
// is an error that wraps [ErrInvalid] and lists every problem with its path.
//
// The package knows nothing of the engine and of databases. It is fed with totals,
// with answers, or with purchases from an iterator:
//
//   - customers who stay, leave and return: [Retention], [Churn], [RevenueChurn],
//     [InactiveRate], [RepeatPurchaseRate];
//   - what they are worth: [AverageOrderValue], [PurchaseFrequency],
//     [SimpleLifetimeValue], [Perpetuity];
//   - what they say: [NPS], [CSAT], [CES], [CustomerEffort1];
//   - what becomes of points: [Redemption], [Breakage], and their liability and
//     revenue to IFRS 15 and ASC 606 in package kpi/liability;
//   - where they move: [TierMoves];
//   - whether it pays: [AcquisitionCost], [RetentionCost], [ProportionLift],
//     [SpendLift], [Goal];
//   - what an order log tells of them: [SummaryAccumulator], [CohortAccumulator],
//     [RFMAccumulator], [PurchaseAccumulator], [InactivityAccumulator],
//     [RetentionAccumulator], [ReturningAccumulator], [SecondPurchaseAccumulator], which
//     [Feed] fills from a sequence such as [ReadCSV]'s, and [Columns] for logs in
//     memory, on all cores; how long they stay: [SurvivalAccumulator], [LogRank].
//
// Predictive models are in the module kpi/clv.
//
// Rates are fractions from 0 to 1 unless their [Unit] says otherwise. Periods are
// half-open. Money comes in as exact decimals; averages and models go out as
// float64, and accounting stays decimal throughout.
package kpi
