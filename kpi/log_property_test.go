package kpi_test

import (
	"cmp"
	"encoding"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/kpi"
)

var zones = []string{"UTC", "Europe/Vienna", "America/Sao_Paulo", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu", "Australia/Lord_Howe"}

func drawZone(t *rapid.T) *time.Location {
	zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
	require.NoError(t, err)
	return zone
}

// drawLog draws orders of a few members within some years, several on a day and
// some of them refunds.
func drawLog(t *rapid.T) []kpi.Order {
	first := time.Date(rapid.IntRange(1999, 2031).Draw(t, "year"), time.January, 1, 0, 0, 0, 0, time.UTC)
	hours := rapid.SampledFrom([]int64{48, 24 * 90, 24 * 800}).Draw(t, "hours")
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) kpi.Order {
		amount, err := kpi.NewAmount(rapid.Int64Range(-2000, 9000).Draw(t, "amount"), rapid.IntRange(0, 4).Draw(t, "decimals"))
		require.NoError(t, err)
		return kpi.Order{
			Member: fmt.Sprintf("m%d", rapid.IntRange(1, 9).Draw(t, "member")),
			At:     first.Add(time.Duration(rapid.Int64Range(0, hours*4).Draw(t, "quarter")) * 15 * time.Minute),
			Amount: amount,
		}
	}), 0, 60).Draw(t, "orders")
}

// merging is what all accumulators over a log have.
type merging[A any] interface {
	kpi.Adder
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
	Merge(other A) error
}

// inAnyOrder feeds orders at once, and shuffled to shards that are merged in turn,
// one of which travels as bytes. It returns both.
func inAnyOrder[A merging[A]](t *rapid.T, orders []kpi.Order, empty func() A) (whole, merged A) {
	whole, merged = empty(), empty()
	for _, o := range orders {
		require.NoError(t, whole.Add(o))
	}
	shards := []A{empty(), empty(), empty()}
	for _, o := range rapid.Permutation(orders).Draw(t, "shuffled") {
		require.NoError(t, rapid.SampledFrom(shards).Draw(t, "shard").Add(o))
	}
	for i, shard := range rapid.Permutation(shards).Draw(t, "shards") {
		if i == 0 {
			bytes, err := shard.MarshalBinary()
			require.NoError(t, err)
			shard = empty()
			require.NoError(t, shard.UnmarshalBinary(bytes))
		}
		require.NoError(t, merged.Merge(shard))
	}
	one, err := whole.MarshalBinary()
	require.NoError(t, err)
	other, err := merged.MarshalBinary()
	require.NoError(t, err)
	require.Equal(t, one, other, "the same orders give the same bytes")
	return whole, merged
}

func columnsOf(t require.TestingT, orders []kpi.Order) *kpi.Columns {
	columns, err := kpi.Collect(kpi.Orders(slices.Values(orders)))
	require.NoError(t, err)
	return columns
}

func got[T any](t require.TestingT) func(T, error) T {
	return func(v T, err error) T {
		require.NoError(t, err)
		return v
	}
}

func TestSummariesDoNotDependOnTheOrderOfAddingAndMerging(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		orders := drawLog(t)
		o := &kpi.SummaryOptions{
			Zone: drawZone(t), Grain: rapid.SampledFrom([]kpi.Grain{"", kpi.ByDay, kpi.ByWeek, kpi.ByInstant}).Draw(t, "grain"),
			Unit: rapid.SampledFrom([]kpi.TimeUnit{0, kpi.InWeeks, kpi.InMonths}).Draw(t, "unit"),
		}
		if len(orders) > 0 && rapid.Bool().Draw(t, "ends") {
			o.AsOf = rapid.SampledFrom(orders).Draw(t, "as of").At
			if rapid.Bool().Draw(t, "holds out") {
				o.HoldoutEnd = o.AsOf.AddDate(0, 2, 0)
			}
		}
		whole, merged := inAnyOrder(t, orders, func() *kpi.SummaryAccumulator { return got[*kpi.SummaryAccumulator](t)(kpi.NewSummaryAccumulator(o)) })
		want := whole.Result()
		assert.Equal(t, want, merged.Result())
		if columns := got[*kpi.Summaries](t)(columnsOf(t, orders).Summaries(o)); assert.Len(t, columns.Customers, len(want.Customers)) && len(want.Customers) > 0 {
			assert.Equal(t, want, columns)
		}
		if o.Grain == "" || o.Grain == kpi.ByDay {
			expected := naiveSummaries(orders, o)
			assert.Equal(t, expected, want.Customers)
		}
	})
}

// naiveSummaries are summaries of days, from maps of dates and decimals.
func naiveSummaries(orders []kpi.Order, o *kpi.SummaryOptions) []kpi.CustomerSummary {
	date := func(at time.Time) time.Time {
		y, m, d := at.In(o.Zone).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	asOf := date(o.AsOf)
	if o.AsOf.IsZero() {
		for _, order := range orders {
			if date(order.At).After(asOf) {
				asOf = date(order.At)
			}
		}
	}
	type day struct {
		money  decimal.Decimal
		orders int
	}
	unit := max(float64(o.Unit), 1)
	members := map[string]map[time.Time]day{}
	for _, order := range orders {
		days := members[order.Member]
		if days == nil {
			days = map[time.Time]day{}
			members[order.Member] = days
		}
		one := days[date(order.At)]
		one.money = one.money.Add(order.Amount.Decimal())
		if order.Amount.Sign() >= 0 {
			one.orders++
		}
		days[date(order.At)] = one
	}
	var all []kpi.CustomerSummary
	for _, member := range slices.Sorted(maps.Keys(members)) {
		s := kpi.CustomerSummary{Member: member, Repeats: -1}
		var first, last time.Time
		money, holdout := decimal.Zero, decimal.Zero
		days := members[member]
		for _, at := range slices.SortedFunc(maps.Keys(days), time.Time.Compare) {
			one := days[at]
			switch {
			case one.orders == 0:
			case at.After(asOf):
				if !o.HoldoutEnd.IsZero() && !at.After(date(o.HoldoutEnd)) {
					s.HoldoutRepeats++
					s.HoldoutOrders += one.orders
					holdout = holdout.Add(one.money)
				}
			default:
				if s.Repeats++; s.Repeats == 0 {
					first = at
				} else if !one.money.IsNegative() {
					money = money.Add(one.money)
					s.MonetaryRepeats++
				}
				last = at
			}
		}
		if s.Repeats < 0 {
			continue
		}
		s.HoldoutSpend, _ = kpi.AmountOf(holdout)
		s.Recency, s.Age = last.Sub(first).Hours()/24/unit, asOf.Sub(first).Hours()/24/unit
		if s.MonetaryRepeats > 0 {
			s.Monetary = money.InexactFloat64() / float64(s.MonetaryRepeats)
		}
		all = append(all, s)
	}
	return all
}

func TestCohortsDoNotDependOnTheOrderOfAddingAndMerging(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		orders := drawLog(t)
		o := &kpi.CohortOptions{Zone: drawZone(t), Bucket: rapid.SampledFrom([]kpi.Bucket{"", kpi.Weekly, kpi.Monthly, kpi.Quarterly, kpi.Yearly}).Draw(t, "bucket")}
		if len(orders) > 0 && rapid.Bool().Draw(t, "ends") {
			o.Until = rapid.SampledFrom(orders).Draw(t, "until").At
		}
		whole, merged := inAnyOrder(t, orders, func() *kpi.CohortAccumulator { return got[*kpi.CohortAccumulator](t)(kpi.NewCohortAccumulator(o)) })
		want := whole.Result()
		assert.Equal(t, want, merged.Result())
		assert.Equal(t, want, got[*kpi.CohortMatrix](t)(columnsOf(t, orders).Cohorts(o)))
		if o.Bucket == kpi.Monthly {
			checkCohorts(t, orders, want)
		}
	})
}

// checkCohorts counts every cell again, from sets of months.
func checkCohorts(t *rapid.T, orders []kpi.Order, m *kpi.CohortMatrix) {
	type cell struct {
		active, orders int
		revenue        decimal.Decimal
	}
	month := func(at time.Time) int { return at.In(m.Zone).Year()*12 + int(at.In(m.Zone).Month()) - 1 }
	kept := slices.DeleteFunc(slices.Clone(orders), func(o kpi.Order) bool { return !o.At.Before(m.Until) })
	first := map[string]int{}
	for _, o := range kept {
		if at, ok := first[o.Member]; o.Amount.Sign() >= 0 && (!ok || month(o.At) < at) {
			first[o.Member] = month(o.At)
		}
	}
	want, seen, unassigned := map[[2]int]cell{}, map[string]bool{}, decimal.Zero
	months := map[string][]int{}
	for _, o := range kept {
		start, ok := first[o.Member]
		if !ok || month(o.At) < start {
			unassigned = unassigned.Add(o.Amount.Decimal())
			continue
		}
		at := [2]int{start, month(o.At) - start}
		c := want[at]
		c.revenue = c.revenue.Add(o.Amount.Decimal())
		if o.Amount.Sign() >= 0 {
			c.orders++
			if key := fmt.Sprint(o.Member, at); !seen[key] {
				seen[key] = true
				c.active++
				months[o.Member] = append(months[o.Member], at[1])
			}
		}
		want[at] = c
	}
	assert.Equal(t, unassigned.String(), m.Unassigned.String())
	cells := 0
	for _, cohort := range m.Cohorts {
		for offset, have := range cohort.Cells {
			at := [2]int{month(cohort.Start), offset}
			returned, remaining := 0, 0
			for member, active := range months {
				if first[member] != at[0] {
					continue
				}
				if slices.ContainsFunc(active, func(a int) bool { return a > 0 && a <= offset }) {
					returned++
				}
				if slices.Max(active) >= offset {
					remaining++
				}
			}
			if _, ok := want[at]; ok {
				cells++
			}
			assert.Equal(t, fmt.Sprint(want[at].active, want[at].orders, want[at].revenue, returned, remaining),
				fmt.Sprint(have.Active, have.Orders, have.Revenue, have.Returned, have.Remaining), "cohort %s, offset %d", cohort.Start, offset)
		}
	}
	assert.Len(t, want, cells, "all that happened is in a cell")
}

func TestRFMDoesNotDependOnTheOrderOfAddingAndMerging(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		orders := drawLog(t)
		o := &kpi.RFMOptions{
			Zone: drawZone(t), Method: rapid.SampledFrom([]kpi.RFMMethod{kpi.ByQuantile, kpi.ByRank, kpi.LikeRPackage}).Draw(t, "method"),
			Groups: rapid.IntRange(2, 9).Draw(t, "groups"), MeanMoney: rapid.Bool().Draw(t, "mean"),
		}
		if len(orders) > 0 && rapid.Bool().Draw(t, "ends") {
			o.AsOf = rapid.SampledFrom(orders).Draw(t, "as of").At
		}
		whole, merged := inAnyOrder(t, orders, func() *kpi.RFMAccumulator { return got[*kpi.RFMAccumulator](t)(kpi.NewRFMAccumulator(o)) })
		want := whole.Result()
		assert.Equal(t, want, merged.Result())
		columns := got[*kpi.RFM](t)(columnsOf(t, orders).RFM(o))
		if len(want.Customers) == 0 {
			assert.Empty(t, columns.Customers)
			return
		}
		assert.Equal(t, want, columns)
		checkScores(t, o, want)
	})
}

// checkScores holds scores to what they promise.
func checkScores(t *rapid.T, o *kpi.RFMOptions, r *kpi.RFM) {
	for i, a := range r.Customers {
		for _, b := range r.Customers[i+1:] {
			if o.Method != kpi.ByRank {
				assert.False(t, a.Days == b.Days && a.R != b.R, "equal recency shares a score")
				assert.False(t, a.Orders == b.Orders && a.F != b.F, "equal frequency shares a score")
			}
			if a.Orders < b.Orders {
				assert.LessOrEqual(t, a.F, b.F, "more orders never score less")
			}
			if a.Days < b.Days {
				assert.GreaterOrEqual(t, a.R, b.R, "a later purchase never scores less")
			}
		}
	}
	for _, counts := range [][]int{r.RecencyCounts, r.FrequencyCounts, r.MonetaryCounts} {
		sum := 0
		for _, n := range counts {
			sum += n
		}
		assert.Len(t, r.Customers, sum)
		if o.Method == kpi.ByRank {
			assert.LessOrEqual(t, slices.Max(counts)-slices.Min(counts), 1)
			assert.True(t, slices.IsSortedFunc(counts, func(a, b int) int { return cmp.Compare(b, a) }))
		}
	}
}
