// Package sqlkpi computes figures over an order log where the log is: it writes the
// SQL form of package kpi's aggregates for PostgreSQL, DuckDB and ClickHouse, sends
// it through database/sql, and returns kpi's own types. The answers agree with those
// of kpi row for row, to the last bit.
//
// The accumulators of kpi and what answers as they do:
//
//   - [kpi.SummaryAccumulator]: [Table.Summaries]
//   - [kpi.CohortAccumulator]: [Table.Cohorts], and [Table.Occasions] for BG/BB
//   - [kpi.RFMAccumulator]: [Table.RFM]
//   - [kpi.PurchaseAccumulator]: [Table.Purchases]
//   - [kpi.InactivityAccumulator]: [Table.Inactivity]
//   - [kpi.RetentionAccumulator]: [Table.Retention]
//   - [kpi.ReturningAccumulator]: [Table.Returning]
//   - [kpi.SecondPurchaseAccumulator]: [Table.SecondPurchases], and
//     [Table.SecondPurchaseGroups] for log-rank tests
//   - [kpi.CustomerAccumulator]: [Table.Customers], of orders in place of contracts
//   - [kpi.PointAccumulator]: [Ledger.PointCohorts], of a ledger's entries and lots
//   - [kpi.SurvivalAccumulator]: [Lifetimes.Groups], of a table of lifetimes
//
// These read something else than orders, and a host groups it by a query of its own:
//
//   - [kpi.Answers]: the answers of a survey; AddN takes the count of each
//   - [kpi.Inactivity]: when members were last seen; of orders that is [Table.Inactivity]
//   - [kpi.TierMoves]: members' tiers at both ends; AddN takes the count of each pair
//   - [kpi.PointCounts]: sums of points; [Ledger.Totals] has them by kind and month
//   - [kpi.Spend]: what the members of each group of an experiment spent
//
// A [Table] names the columns of a log, such as a host's own table of orders. The
// database needs no function of ours and no other rights than to read.
//
// For a [Ledger] in the tables of a store, a role of its own may do with
//
//	GRANT SELECT ON loyalty_entries, loyalty_lots TO analyst;
//
// and sees neither documents nor receipts.
//
// Money is added up as decimals or integers; nothing that package kpi has exactly goes
// through a float. Days and months are those of any zone of the IANA database, told by the
// clocks that Go knows: a statement holds the zone's changes of offset, so engines
// whose own zone data are older, or that tell zones by other names, answer the same.
// Rankings break ties by the member's id.
//
// It imports no driver; the host brings its own.
package sqlkpi
