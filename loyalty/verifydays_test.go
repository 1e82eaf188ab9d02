package loyalty_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// forge lets the store tell other days of accounts than it has.
func (s *shop) forge(change func([]storage.DayCount) []storage.DayCount) {
	s.store.OnLoad = func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
		snaps, err := next(ctx, requests)
		for i := range snaps {
			if a := snaps[i].Account; a != nil {
				a.Days = change(slices.Clone(a.Days))
			}
		}
		return snaps, err
	}
}

func TestVerifyNamesTheDayWhoseCountIsNotWhatTheEntriesMake(t *testing.T) {
	s := openShop(t, regulars())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.now = time.Date(2027, time.March, 8, 9, 0, 0, 0, time.UTC)
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 40)})
	s.now = time.Date(2027, time.March, 9, 9, 0, 0, 0, time.UTC)
	s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 70)})
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1", Amount: decimal.NewFromInt(20)})
	s.verify()
	for name, c := range map[string]struct {
		change func([]storage.DayCount) []storage.DayCount
		what   string
	}{
		"one bit more":       {func(d []storage.DayCount) []storage.DayCount { d[1].Amount ^= 1; return d }, "its days have 71 spend on 2027-03-09, its entries make 70"},
		"another day":        {func(d []storage.DayCount) []storage.DayCount { d[0].Day--; return d }, "its days have 20 spend on 2027-03-07, its entries make 0"},
		"a day that is gone": {func(d []storage.DayCount) []storage.DayCount { return d[1:] }, "its days have 0 spend on 2027-03-08, its entries make 20"},
		"a day made up later": {func(d []storage.DayCount) []storage.DayCount {
			return append(d, storage.DayCount{Metric: "spend", Day: 20270310, Amount: 5})
		}, "its days have 5 spend on 2027-03-10, its entries make 0"},
	} {
		s.forge(c.change)
		report, err := s.Verify(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, []loyalty.Problem{{Member: "anna", Row: "account", What: c.what}}, report.Problems, name)
	}
	s.store.OnLoad = nil
	s.verify()
}

func TestVerifyAddsUpTheDaysThatArePutTogether(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) {
		p.Ladders[0].Window = tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 1}}
		p.Ladders[0].End = tiers.WhileHeld
	}))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	for i := range 200 {
		s.now = s.now.AddDate(0, 0, 3)
		s.must(loyalty.Earn{Member: "anna", Key: fmt.Sprint(i), Order: bought(fmt.Sprint(i), 2)})
	}
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "3", Full: true})
	require.Less(t, len(s.days("anna")), 90)
	s.verify()
	s.forge(func(d []storage.DayCount) []storage.DayCount { d[0].Amount += 7; return d })
	report, err := s.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, report.Problems, 1)
	require.Contains(t, report.Problems[0].What, "spend on days that are put together")
}

// TestARebuildThatIsKilledHalfWayEndsAsOneThatIsNot lets members adopt a ladder over
// twelve months in the place of one, for which every day is to be counted again, and fails every commit after
// the first few.
func TestARebuildThatIsKilledHalfWayEndsAsOneThatIsNot(t *testing.T) {
	ends := func(killed bool) (days [][]storage.DayCount, told int) {
		first := regulars(func(p *loyalty.Program) {
			p.Ladders[0].Window = tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 1}}
			p.Ladders[0].End = tiers.WhileHeld
		})
		s := openShop(t, first)
		const members = 150
		for m := range members {
			s.must(loyalty.Enroll{Member: fmt.Sprint("m-", m), Key: "enroll"})
		}
		for month := range 8 {
			s.now = s.now.AddDate(0, 1, 0)
			for m := range members {
				id := fmt.Sprint(m, "/", month)
				s.must(loyalty.Earn{Member: fmt.Sprint("m-", m), Key: id, Order: bought(id, int64(5+m%10))})
			}
		}
		second := regulars(func(p *loyalty.Program) {
			p.EffectiveAt = s.now.Add(time.Hour)
			p.Ladders[0].Window = tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 12}}
			p.Ladders[0].End = tiers.WhileHeld
		})
		s.revise(first, second)
		s.now = s.now.AddDate(0, 0, 1)
		adopted := 0
		if killed {
			down := errors.New("the process is gone")
			from := s.commits
			s.fail = func(commit int) error {
				if commit > from+70 {
					return down
				}
				return nil
			}
			report, err := s.AdoptLadders(t.Context(), nil)
			require.True(t, err != nil || len(report.Failed) > 0)
			s.fail = nil
			adopted = s.commits - from
			require.Greater(t, adopted, 50)
		}
		report, err := s.AdoptLadders(t.Context(), nil)
		require.NoError(t, err)
		require.Empty(t, report.Failed)
		s.verify()
		for m := range members {
			days = append(days, s.days(fmt.Sprint("m-", m)))
		}
		return days, len(s.events("tier-promoted"))
	}
	days, told := ends(false)
	again, toldAgain := ends(true)
	require.Positive(t, told)
	require.Equal(t, told, toldAgain)
	require.Equal(t, days, again)
}
