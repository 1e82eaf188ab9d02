package kpi_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// drawPeriod draws a period that starts with one of the orders.
func drawPeriod(t *rapid.T, orders []kpi.Order) kpi.Period {
	zone := drawZone(t)
	start := time.Date(2000, time.January, 1, 0, 0, 0, 0, zone)
	if len(orders) > 0 {
		start = rapid.SampledFrom(orders).Draw(t, "start").At
	}
	return kpi.Period{Start: start, End: start.AddDate(0, 0, rapid.IntRange(1, 400).Draw(t, "length")), Zone: zone}
}

func TestRetentionOfALogIsThatOfItsSetsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		orders := drawLog(t)
		period, days := drawPeriod(t, orders), rapid.IntRange(1, 500).Draw(t, "days")
		whole, merged := inAnyOrder(t, orders, func() *kpi.RetentionAccumulator {
			return got[*kpi.RetentionAccumulator](t)(kpi.NewRetentionAccumulator(period, days))
		})
		c := whole.Result()
		assert.Equal(t, c, merged.Result())
		start, joined, end := map[string]bool{}, map[string]bool{}, map[string]bool{}
		daysBefore := func(at time.Time) time.Time { return at.In(period.Zone).AddDate(0, 0, -days) }
		for _, o := range orders {
			if o.Amount.Sign() < 0 {
				continue
			}
			if o.At.Before(period.Start) && !o.At.Before(daysBefore(period.Start)) {
				start[o.Member] = true
			}
			if period.Contains(o.At) {
				joined[o.Member] = true
			}
			if o.At.Before(period.End) && !o.At.Before(daysBefore(period.End)) {
				end[o.Member] = true
			}
		}
		want, err := kpi.CustomersOf(maps.Keys(start), maps.Keys(joined), maps.Keys(end))
		require.NoError(t, err)
		want.Period, want.Rule = period, fmt.Sprintf("a customer has bought in the %d days before", days)
		assert.Equal(t, want, c)
		require.NoError(t, c.Validate())
		f, err := kpi.Retention(c)
		require.NoError(t, err)
		assert.Equal(t, []string{want.Rule}, f.Notes)
	})
}

func TestNewAndReturningCustomersAreCountedInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		orders := drawLog(t)
		period := drawPeriod(t, orders)
		whole, merged := inAnyOrder(t, orders, func() *kpi.ReturningAccumulator {
			return got[*kpi.ReturningAccumulator](t)(kpi.NewReturningAccumulator(period))
		})
		r := whole.Result()
		assert.Equal(t, r, merged.Result())
		before, within, late := map[string]bool{}, map[string]bool{}, 0
		for _, o := range orders {
			switch {
			case !o.At.Before(period.End):
				late++
			case o.Amount.Sign() < 0:
			case o.At.Before(period.Start):
				before[o.Member] = true
			default:
				within[o.Member] = true
			}
		}
		want := &kpi.Returning{Period: period, Before: int64(len(before)), Late: late}
		for member := range within {
			if before[member] {
				want.Returned++
			} else {
				want.New++
			}
		}
		assert.Equal(t, want, r)
	})
}

func TestTheSecondPurchaseIsFoundInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		orders, zone := drawLog(t), drawZone(t)
		until := time.Date(2032, time.January, 1, 0, 0, 0, 0, zone)
		if len(orders) > 0 && rapid.Bool().Draw(t, "ends early") {
			until = rapid.SampledFrom(orders).Draw(t, "until").At
		}
		whole, merged := inAnyOrder(t, orders, func() *kpi.SecondPurchaseAccumulator {
			return got[*kpi.SecondPurchaseAccumulator](t)(kpi.NewSecondPurchaseAccumulator(until, zone))
		})
		s := got[*kpi.SecondPurchases](t)(whole.Result(nil))
		assert.Equal(t, s, got[*kpi.SecondPurchases](t)(merged.Result(nil)))
		date := func(at time.Time) time.Time {
			y, m, d := at.In(zone).Date()
			return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		}
		days, late := map[string]map[time.Time]bool{}, 0
		for _, o := range orders {
			if !o.At.Before(until) {
				late++
			} else if o.Amount.Sign() >= 0 {
				if days[o.Member] == nil {
					days[o.Member] = map[time.Time]bool{}
				}
				days[o.Member][date(o.At)] = true
			}
		}
		var naive kpi.SurvivalAccumulator
		again := 0
		for _, dates := range days {
			sorted := slices.SortedFunc(maps.Keys(dates), time.Time.Compare)
			life := kpi.Lifetime{Exit: max(0, date(until.Add(-time.Microsecond)).Sub(sorted[0]).Hours()/24)}
			if len(sorted) > 1 {
				again++
				life = kpi.Lifetime{Exit: sorted[1].Sub(sorted[0]).Hours() / 24, Event: true}
			}
			require.NoError(t, naive.Add(life))
		}
		curve, err := naive.Result(nil)
		require.NoError(t, err)
		assert.Equal(t, &kpi.SecondPurchases{Customers: len(days), Again: again, Until: until.Truncate(time.Microsecond).UTC(), Zone: zone, Late: late, Curve: curve}, s)
	})
}

func TestTheSecondPurchaseHasItsShareAndMedianWithIntervals(t *testing.T) {
	start := time.Date(2027, time.January, 1, 9, 0, 0, 0, time.UTC)
	a, err := kpi.NewSecondPurchaseAccumulator(start.AddDate(0, 0, 100), nil)
	require.NoError(t, err)
	for i := range 60 {
		member := fmt.Sprintf("m%d", i)
		require.NoError(t, a.Add(kpi.Order{Member: member, At: start, Amount: amount(t, "5")}))
		if i < 45 {
			require.NoError(t, a.Add(kpi.Order{Member: member, At: start.AddDate(0, 0, i+1), Amount: amount(t, "5")}))
		}
	}
	s, err := a.Result(nil)
	require.NoError(t, err)
	median := s.Median()
	exactly(t, 30, defined(t, median))
	require.NotNil(t, median.Interval)
	assert.Equal(t, kpi.Interval{Lower: 22, Upper: 38, Level: 0.95, Method: "log-log"}, *median.Interval, "where S ** exp(±z·√(k÷(60·(60−k)))÷ln S) passes one half, S = 1 − k÷60")
	share := s.Within(14)
	assert.InDelta(t, 14.0/60, defined(t, share), 1e-12)
	require.NotNil(t, share.Interval)
	assert.Less(t, share.Interval.Lower, 14.0/60)
	assert.Greater(t, share.Interval.Upper, 14.0/60)
	_, ok := s.Within(200).Value()
	assert.False(t, ok, "nobody was seen for so long")
	none, err := kpi.NewSecondPurchaseAccumulator(start, nil)
	require.NoError(t, err)
	nobody, err := none.Result(nil)
	require.NoError(t, err)
	require.ErrorIs(t, nobody.Median().Err(), kpi.ErrUndefined)
	require.ErrorIs(t, nobody.Within(1).Err(), kpi.ErrUndefined)
}

func TestASecondPurchaseBefore1970IsSeen(t *testing.T) {
	for _, first := range []string{"1900-01-01", "1969-12-30", "1969-12-31", "1970-01-01", "2027-03-08"} {
		at, err := time.Parse(time.DateOnly, first)
		require.NoError(t, err)
		a := must(kpi.NewSecondPurchaseAccumulator(at.AddDate(1, 0, 0), nil))
		for _, day := range []int{1, 0, 0, 5} {
			require.NoError(t, a.Add(kpi.Order{Member: "anna", At: at.AddDate(0, 0, day), Amount: amount(t, "5")}))
		}
		s, err := a.Result(nil)
		require.NoError(t, err)
		exactly(t, 1, defined(t, s.Median()))
	}
}

// visitsOf says which sets a customer is in.
type visitsOf struct {
	id                 string
	start, joined, end bool
}

func TestCustomersOfSetsAreCountedInAnyOrder(t *testing.T) {
	year := kpi.Period{Start: time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2028, time.January, 1, 0, 0, 0, 0, time.UTC)}
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOf(rapid.Custom(func(t *rapid.T) visitsOf {
			v := visitsOf{id: fmt.Sprint(rapid.IntRange(1, 20).Draw(t, "id")), start: rapid.Bool().Draw(t, "start"), joined: rapid.Bool().Draw(t, "joined")}
			v.end = (v.start || v.joined) && rapid.Bool().Draw(t, "end")
			return v
		})).Draw(t, "customers")
		add := func(a *kpi.CustomerAccumulator, v visitsOf) error {
			for _, one := range []struct {
				in  bool
				add func(string) error
			}{{v.start, a.AddStart}, {v.joined, a.AddJoined}, {v.end, a.AddEnd}} {
				if one.in {
					require.NoError(t, one.add(v.id))
				}
			}
			return nil
		}
		fresh := func() *kpi.CustomerAccumulator {
			return got[*kpi.CustomerAccumulator](t)(kpi.NewCustomerAccumulator(year))
		}
		anyOrder(t, fresh, slices.Clone(all), add, (*kpi.CustomerAccumulator).Merge)
		a := fresh()
		set := func(in func(visitsOf) bool) func(func(string) bool) {
			return func(yield func(string) bool) {
				for _, v := range all {
					if in(v) && !yield(v.id) {
						return
					}
				}
			}
		}
		for _, v := range all {
			require.NoError(t, add(a, v))
		}
		want, err := kpi.CustomersOf(set(func(v visitsOf) bool { return v.start }), set(func(v visitsOf) bool { return v.joined }), set(func(v visitsOf) bool { return v.end }))
		require.NoError(t, err)
		want.Period = year
		have, err := a.Result()
		require.NoError(t, err)
		assert.Equal(t, want, have)
	})
}

func TestWhoIsThereAtTheEndCameFromSomewhere(t *testing.T) {
	a := must(kpi.NewCustomerAccumulator(kpi.CalendarMonth(2027, time.March, nil)))
	require.NoError(t, a.AddEnd("zoe"))
	_, err := a.Result()
	require.ErrorIs(t, err, kpi.ErrInvalid)
	assert.EqualError(t, err, "end: has 1 that neither were there at the start nor joined")
	require.ErrorIs(t, a.AddStart(""), kpi.ErrInvalid)
	other := must(kpi.NewCustomerAccumulator(kpi.CalendarMonth(2027, time.April, nil)))
	require.ErrorIs(t, a.Merge(other), kpi.ErrMerge)
	state, err := other.MarshalBinary()
	require.NoError(t, err)
	require.ErrorIs(t, a.UnmarshalBinary(state), kpi.ErrMerge)
}

func TestPeriodsOfCustomersReportEveryProblem(t *testing.T) {
	for name, err := range map[string]error{
		"days":   second(kpi.NewRetentionAccumulator(kpi.Period{}, 0)),
		"period": second(kpi.NewReturningAccumulator(kpi.Period{})),
		"zone":   second(kpi.NewCustomerAccumulator(kpi.Period{Zone: time.FixedZone("here", 3600)})),
		"until":  second(kpi.NewSecondPurchaseAccumulator(time.Time{}, nil)),
	} {
		require.ErrorIs(t, err, kpi.ErrInvalid)
		assert.ErrorContains(t, err, name)
	}
}

func TestSecondPurchasesArePartedIntoGroups(t *testing.T) {
	start := time.Date(2027, time.January, 1, 9, 0, 0, 0, time.UTC)
	a, err := kpi.NewSecondPurchaseAccumulator(start.AddDate(0, 0, 100), nil)
	require.NoError(t, err)
	for i := range 30 {
		member := fmt.Sprintf("m%02d", i)
		first := start.AddDate(0, i%2, 0)
		require.NoError(t, a.Add(kpi.Order{Member: member, At: first, Amount: amount(t, "5")}))
		if i%3 > 0 {
			require.NoError(t, a.Add(kpi.Order{Member: member, At: first.AddDate(0, 0, 1+i), Amount: amount(t, "5")}))
		}
	}
	names, groups := a.Groups(func(member string, first time.Time) string {
		if member == "m29" {
			return ""
		}
		return first.Format("2006-01")
	})
	assert.Equal(t, []string{"2027-01", "2027-02"}, names)
	january, err := groups[0].Result(nil)
	require.NoError(t, err)
	february, err := groups[1].Result(nil)
	require.NoError(t, err)
	assert.Equal(t, 15, january.N)
	assert.Equal(t, 14, february.N, "one is in no group")
	assert.Equal(t, 10, january.Events)
	assert.Equal(t, 9, february.Events)
	whole, err := a.Result(nil)
	require.NoError(t, err)
	_, all := a.Groups(func(string, time.Time) string { return "all" })
	curve, err := all[0].Result(nil)
	require.NoError(t, err)
	assert.Equal(t, whole.Curve, curve, "one group of all is the curve of all")
}
