package kpi

import (
	"math"
	"runtime"
)

// Summaries are what a [SummaryAccumulator] makes of the same orders, on all cores.
// Memory beyond the columns is 88 bytes for each member and about 64 MB.
func (c *Columns) Summaries(o *SummaryOptions) (*Summaries, error) {
	rule, clock, err := newSummaryRule(o)
	if err != nil {
		return nil, err
	}
	cores := runtime.GOMAXPROCS(0)
	g := &grouping{columns: c, workers: cores, kind: clock.kind, zone: rule.options.Zone, until: math.MaxInt64, last: rule.holdout}
	if rule.open {
		g.last, rule.asOf = math.MaxInt64, g.newest()
	}
	customers := make([]CustomerSummary, len(c.names))
	counts := make([]paddedCounts, cores)
	g.visit = func(worker int, member uint32, spells []spell) {
		if s, ok := rule.of(c.names[member], spells, &clock, &counts[worker].SummaryCounts); ok {
			customers[member] = s
		}
	}
	tally := g.run()
	sum := SummaryCounts{Orders: tally.orders, Refunds: tally.refunds, Late: tally.late}
	for i := range counts {
		sum.add(counts[i].SummaryCounts)
	}
	result := rule.result(&clock, sum)
	result.Customers = withMember(customers, func(s *CustomerSummary) bool { return s.Member != "" })
	return result, nil
}

// Cohorts are what a [CohortAccumulator] makes of the same orders, on all cores.
// Memory beyond the columns is about 64 MB.
func (c *Columns) Cohorts(o *CohortOptions) (*CohortMatrix, error) {
	rule, clock, err := newCohortRule(o)
	if err != nil {
		return nil, err
	}
	cores := runtime.GOMAXPROCS(0)
	g := &grouping{columns: c, workers: cores, kind: clock.kind, zone: rule.options.Zone, until: rule.until, last: math.MaxInt64}
	if rule.open {
		g.until = math.MaxInt64
	}
	grids := make([]cohortGrid, cores)
	g.visit = func(worker int, _ uint32, spells []spell) { grids[worker].add(spells) }
	tally := g.run()
	grid := &grids[0]
	for i := range grids[1:] {
		grid.merge(&grids[i+1])
	}
	grid.counts.add(&cohortCounts{orders: tally.orders, refunds: tally.refunds, late: tally.late})
	return rule.matrix(grid, &clock, tally.newestAt, tally.orders > 0), nil
}

// paddedCounts keep workers from sharing a cache line.
type paddedCounts struct {
	SummaryCounts
	_ [64]byte
}

// withMember drops what has no member, in place.
func withMember[T any](all []T, has func(*T) bool) []T {
	kept := 0
	for i := range all {
		if has(&all[i]) {
			if kept != i {
				all[kept] = all[i]
			}
			kept++
		}
	}
	return all[:kept]
}
