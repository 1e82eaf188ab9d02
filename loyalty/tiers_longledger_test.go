package loyalty_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// longLedger is a store whose reads of entries are looked at, and of which the broken-th
// fails where that is not 0.
type longLedger struct {
	*storagetest.Hooked
	reads, largest, read, broken int
}

var errUnplugged = errors.New("the cable was pulled")

func (l *longLedger) Entries(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Entry], error) {
	if l.reads++; l.reads == l.broken {
		return storage.Page[storage.Entry]{}, errUnplugged
	}
	page, err := l.Hooked.Entries(ctx, query)
	l.read, l.largest = l.read+len(page.Items), max(l.largest, len(page.Items))
	return page, err
}

// TestARebuildOfALongLedgerReadsItInPagesAndStoresItOnce moves in a member with the spending
// of ten years and lets a revision ask for what was not counted by the day so far. The read
// of the ledger is cut in its middle, which stores nothing, and once it is done again every
// day is counted in one commit.
func TestARebuildOfALongLedgerReadsItInPagesAndStoresItOnce(t *testing.T) {
	const pages, counts = 20, 1500
	year := regulars(func(p *loyalty.Program) {
		p.Horizon = points.Span{N: 30, Unit: points.Days}
		p.Ladders[0].Tiers[0].Enter, p.Ladders[0].Tiers[1].Enter = of("spend", 5000), of("spend", 6000)
	})
	decade := regulars(func(p *loyalty.Program) {
		p.Horizon = year.Horizon
		p.Ladders[0].Window, p.Ladders[0].End = tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 120}}, tiers.WhileHeld
		p.Ladders[0].Tiers[0].Enter, p.Ladders[0].Tiers[1].Enter = of("spend", 100), of("spend", pages*counts)
		p.EffectiveAt = day(2027, time.March, 1)
	})
	s := openShop(t, year)
	for page := range pages {
		row := loyalty.Import{Member: "anna", Key: fmt.Sprint("page ", page), EnrolledAt: day(2016, time.January, 1)}
		row.Standing = &loyalty.OpeningStanding{Page: page + 1, Pages: pages}
		for i := range counts {
			on := tiers.Date(2017, 3, 10) + tiers.Day((page*counts+i)%3600)
			row.Standing.Counts = append(row.Standing.Counts, loyalty.OpeningCount{Metric: "spend", Day: on, Amount: 1})
		}
		s.must(row)
	}
	require.Empty(t, s.tier("anna"), "no year has so much")
	ledger := &longLedger{Hooked: s.store, broken: 16}
	engine, err := loyalty.New(loyalty.Revisions{year, decade}, ledger, &loyalty.Options{
		Clock: s.clock, Secret: []byte("a secret of the test"), Attempts: 1,
	})
	require.NoError(t, err)
	s.now = s.now.AddDate(0, 0, 1)
	before, commits := len(s.days("anna")), s.commits
	report, err := engine.AdoptLadders(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, report.Failed, 1)
	require.ErrorIs(t, report.Failed[0], errUnplugged)
	require.Len(t, s.days("anna"), before, "nothing of half a rebuild is stored")
	require.LessOrEqual(t, s.commits-commits, 1, "the revision")

	commits, ledger.reads, ledger.read, ledger.broken = s.commits, 0, 0, 0
	report, err = engine.AdoptLadders(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Failed)
	require.Equal(t, commits+1, s.commits)
	require.Equal(t, 1000, ledger.largest)
	s.Engine = engine
	require.Equal(t, "gold", s.tier("anna"), "all that was ever counted")
	require.Len(t, s.days("anna"), 3600)
	s.verify()

	commits, ledger.reads = s.commits, 0
	_, err = engine.AdoptLadders(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, []int{commits, 0}, []int{s.commits, ledger.reads}, "a third run has nothing to do")
}
