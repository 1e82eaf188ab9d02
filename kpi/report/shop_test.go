package report_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/clv"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
	"github.com/loyaltykit/loyaltykit/kpi/report"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

var (
	opening = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	closing = opening.AddDate(1, 0, 0)
	habits  = clv.BGNBD{R: 0.8, Alpha: 4, A: 0.6, B: 2.6}
)

// café is the year of a café with 800 members, who join in its first half.
func café(t testing.TB) report.Report {
	t.Helper()
	rng := rand.New(rand.NewPCG(2026, 1))
	var orders []kpi.Order
	var summary []clv.Customer
	actual := make([]float64, 52)
	var stay kpi.SurvivalAccumulator
	for i := range 800 {
		id := fmt.Sprintf("member-%03d", i)
		joined := opening.AddDate(0, 0, i*180/800)
		weeks := closing.Sub(joined).Hours() / 24 / 7
		times, err := clv.Purchases(habits, rng, weeks)
		require.NoError(t, err)
		for _, at := range slices.Concat([]float64{0}, times) {
			amount, err := kpi.NewAmount(300+rng.Int64N(2000), 2)
			require.NoError(t, err)
			orders = append(orders, kpi.Order{Member: id, At: joined.Add(time.Duration(at * float64(7*24*time.Hour))), Amount: amount})
			if at > 0 {
				week := int((joined.Sub(opening).Hours()/24/7 + at))
				for w := min(week, 51); w < 52; w++ {
					actual[w]++
				}
			}
		}
		c := clv.Summarize(id, times, weeks)
		summary = append(summary, c)
		require.NoError(t, stay.Add(kpi.Lifetime{Exit: c.Recency + 6, Event: c.Age-c.Recency > 10}))
	}
	return report.Report{
		Title: "Café Lindenhof", Subtitle: "Members’ year 2026, as of 2027-01-01, Europe/Berlin",
		Headlines:     headlines(t),
		Cohorts:       cohorts(t, orders),
		Retention:     must(stay.Result(nil))(t),
		RetentionUnit: "weeks",
		RFM:           scores(t, orders),
		Alive:         must(report.AliveOf(habits, 52, "weeks", 12, 8))(t),
		Tracking: &report.Tracking{
			Period: "week", Calibration: 39, Actual: actual, Expected: must(clv.Track(habits, slices.Values(summary), 1, 65))(t),
		},
		Liability: roll(t), Tiers: tiers(t), NPS: scoresBySegment(t),
		AtRisk: []report.Member{
			{ID: "member-017", Alive: 0.18, Value: "412.00 EUR", Last: "11 weeks ago"},
			{ID: "member-233", Alive: 0.31, Value: "386.50 EUR", Last: "8 weeks ago"},
		},
		Notes: []string{"P(alive) by BG/NBD, fitted to the first 39 weeks."},
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		require.NoError(t, err)
		return v
	}
}

func headlines(t testing.TB) []report.Headline {
	t.Helper()
	year := kpi.Period{Start: opening, End: closing, Zone: time.UTC}
	return []report.Headline{
		{
			Name:   "Repeat purchase rate",
			Figure: must(must(kpi.RepeatPurchaseRate(473, 800))(t).In(year).OfSample(0.95))(t),
			Before: must(kpi.RepeatPurchaseRate(390, 720))(t).In(kpi.Period{Start: opening.AddDate(-1, 0, 0), End: opening, Zone: time.UTC}),
		},
		{Name: "Average order", Figure: must(kpi.AverageOrderValue(decimal.RequireFromString("26112.40"), 2190, "EUR"))(t)},
		{Name: "Inactive for 90 days", Figure: must(kpi.InactiveRate(212, 800, 90))(t), Before: must(kpi.InactiveRate(180, 720, 90))(t)},
		{Name: "Paid in points", Figure: kpi.Undefined("points_share", kpi.Fraction, "no order was paid")},
	}
}

func cohorts(t testing.TB, orders []kpi.Order) *kpi.CohortMatrix {
	t.Helper()
	a := must(kpi.NewCohortAccumulator(&kpi.CohortOptions{Bucket: kpi.Monthly, Until: closing}))(t)
	require.NoError(t, kpi.Feed(a, kpi.Orders(slices.Values(orders))))
	return a.Result()
}

func scores(t testing.TB, orders []kpi.Order) *kpi.RFM {
	t.Helper()
	a := must(kpi.NewRFMAccumulator(&kpi.RFMOptions{AsOf: closing}))(t)
	require.NoError(t, kpi.Feed(a, kpi.Orders(slices.Values(orders))))
	return a.Result()
}

func roll(t testing.TB) *liability.Roll {
	t.Helper()
	var states []liability.State
	for i := range 6 {
		n := int64(i + 1)
		states = append(states, liability.State{
			Period:   kpi.CalendarMonth(2026, time.Month(i+1), time.UTC),
			Deferred: decimal.NewFromInt(900 * n), Issued: decimal.NewFromInt(10_000 * n), Redeemed: decimal.NewFromInt(4_000*n - 3_000),
			Expected: decimal.NewFromInt(8_000 * n),
		})
	}
	r := must(liability.RollForward(liability.Policy{Method: liability.Proportional, Currency: "EUR"}, states))(t)
	return &r
}

func tiers(t testing.TB) *kpi.TierMigration {
	t.Helper()
	moves := must(kpi.NewTierMoves("Bean", "Silver", "Gold"))(t)
	for _, m := range []struct {
		from, to string
		n        int64
	}{
		{"Bean", "Bean", 410},
		{"Bean", "Silver", 62},
		{"Bean", kpi.NoTier, 40},
		{"Silver", "Silver", 120},
		{"Silver", "Gold", 21},
		{"Silver", "Bean", 14},
		{"Gold", "Gold", 55},
		{"Gold", "Silver", 6},
		{kpi.NoTier, "Bean", 72},
	} {
		require.NoError(t, moves.AddN(m.from, m.to, m.n))
	}
	m := moves.Migration(kpi.Period{Start: opening, End: closing, Zone: time.UTC})
	return &m
}

func scoresBySegment(t testing.TB) []report.Segment {
	t.Helper()
	return []report.Segment{
		{Name: "Gold", Result: must(kpi.NPSOfOpinions(kpi.Opinions{Promoters: 40, Passives: 12, Detractors: 3}, nil))(t)},
		{Name: "Silver", Result: must(kpi.NPSOfOpinions(kpi.Opinions{Promoters: 50, Passives: 30, Detractors: 20}, nil))(t)},
		{Name: "Bean", Result: must(kpi.NPSOfOpinions(kpi.Opinions{Promoters: 35, Passives: 30, Detractors: 35}, nil))(t)},
	}
}
