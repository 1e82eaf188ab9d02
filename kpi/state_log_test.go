package kpi_test

import (
	"encoding"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

type stored interface {
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

// accumulators are one of each kind, with the orders of three members.
func accumulators(t testing.TB, orders []kpi.Order) map[string]stored {
	t.Helper()
	start := time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC)
	period := kpi.Period{Start: start, End: start.AddDate(1, 0, 0)}
	survival := &kpi.SurvivalAccumulator{}
	for i := range orders {
		require.NoError(t, survival.Add(kpi.Lifetime{Entry: float64(i % 2), Exit: float64(2 + i), Event: i%2 == 0}))
	}
	answered, moved := must(kpi.NewAnswers(kpi.Ease7)), must(kpi.NewTierMoves("base", "gold"))
	inactive, spent, points := must(kpi.NewInactivity(period.End, 30, nil)), &kpi.Spend{}, &kpi.PointCounts{}
	spring := kpi.Period{Start: start.AddDate(0, 2, 2), End: start.AddDate(0, 5, 0)}
	sets := must(kpi.NewCustomerAccumulator(spring))
	moves := must(kpi.NewPointAccumulator(period.End, nil))
	for i, o := range orders {
		require.NoError(t, moves.Add(kpi.PointMove{Earned: start.AddDate(0, i%2, 0), At: o.At, From: kpi.DebtPoints, To: kpi.AvailablePoints, Points: int64(i)}))
		require.NoError(t, sets.AddStart(o.Member))
		require.NoError(t, answered.Add(1+i))
		require.NoError(t, moved.AddN("base", "gold", int64(i)))
		require.NoError(t, spent.Add(o.Amount.Decimal()))
		require.NoError(t, points.Merge(kpi.PointCounts{Issued: 300, Matured: 200, Redeemed: int64(i)}))
		inactive.Add(o.At)
	}
	return map[string]stored{
		"summary":    fed[*kpi.SummaryAccumulator](t, orders)(kpi.NewSummaryAccumulator(nil)),
		"cohort":     fed[*kpi.CohortAccumulator](t, orders)(kpi.NewCohortAccumulator(nil)),
		"rfm":        fed[*kpi.RFMAccumulator](t, orders)(kpi.NewRFMAccumulator(nil)),
		"purchases":  fed[*kpi.PurchaseAccumulator](t, orders)(kpi.NewPurchaseAccumulator(period, "")),
		"inactivity": fed[*kpi.InactivityAccumulator](t, orders)(kpi.NewInactivityAccumulator(period.End, 90, nil)),
		"retention":  fed[*kpi.RetentionAccumulator](t, orders)(kpi.NewRetentionAccumulator(spring, 45)),
		"returning":  fed[*kpi.ReturningAccumulator](t, orders)(kpi.NewReturningAccumulator(spring)),
		"second":     fed[*kpi.SecondPurchaseAccumulator](t, orders)(kpi.NewSecondPurchaseAccumulator(period.End, nil)),
		"sets":       sets,
		"survival":   survival,
		"answers":    answered,
		"spend":      spent,
		"tiers":      moved,
		"points":     points,
		"moves":      moves,
		"customers":  inactive,
	}
}

func someOrders(t testing.TB) []kpi.Order {
	t.Helper()
	at := time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC)
	return []kpi.Order{
		{Member: "anna", At: at, Amount: amount(t, "12.50")},
		{Member: "bruno", At: at.AddDate(0, 0, 3), Amount: amount(t, "4")},
		{Member: "anna", At: at.AddDate(0, 1, 0), Amount: amount(t, "-2.5")},
		{Member: "anna", At: at.AddDate(0, 2, 0), Amount: amount(t, "20")},
		{Member: "carla", At: at.AddDate(0, 2, 1), Amount: amount(t, "0.01")},
	}
}

func TestAStateIsReadByItsOwnKindOnlyAndWhole(t *testing.T) {
	for name, a := range accumulators(t, someOrders(t)) {
		state, err := a.MarshalBinary()
		require.NoError(t, err)
		for other, b := range accumulators(t, nil) {
			if other != name {
				require.ErrorIs(t, b.UnmarshalBinary(state), kpi.ErrState, "%s read by %s", name, other)
			}
		}
		for n := range state {
			require.ErrorIs(t, accumulators(t, nil)[name].UnmarshalBinary(state[:n]), kpi.ErrState, "%s cut to %d bytes", name, n)
		}
		require.ErrorIs(t, a.UnmarshalBinary(append(slices.Clone(state), 0)), kpi.ErrState)
		after, err := a.MarshalBinary()
		require.NoError(t, err)
		assert.Equal(t, state, after, "what cannot be read changes nothing")
	}
}

func TestAStateIsReadWithItsOptionsOnly(t *testing.T) {
	weekly, err := kpi.NewCohortAccumulator(&kpi.CohortOptions{Bucket: kpi.Weekly})
	require.NoError(t, err)
	state, err := weekly.MarshalBinary()
	require.NoError(t, err)
	monthly, err := kpi.NewCohortAccumulator(nil)
	require.NoError(t, err)
	require.ErrorIs(t, monthly.UnmarshalBinary(state), kpi.ErrMerge)
	require.ErrorIs(t, monthly.Merge(weekly), kpi.ErrMerge)
}

func TestWhatIsNoOrderIsRefused(t *testing.T) {
	a, err := kpi.NewSummaryAccumulator(nil)
	require.NoError(t, err)
	for _, o := range []kpi.Order{
		{},
		{Member: "anna"},
		{At: time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC)},
		{Member: "anna", At: time.Date(1899, time.December, 31, 0, 0, 0, 0, time.UTC)},
		{Member: "anna", At: time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)},
	} {
		require.ErrorIs(t, a.Add(o), kpi.ErrOrder, "%+v", o)
	}
	assert.Empty(t, a.Result().Customers)
}

func TestOptionsReportEveryProblem(t *testing.T) {
	for want, err := range map[string]error{
		"grain": second(kpi.NewSummaryAccumulator(&kpi.SummaryOptions{Grain: "hour", Unit: -1, HoldoutEnd: time.Now()})),
		"until": second(kpi.NewCohortAccumulator(&kpi.CohortOptions{Bucket: "decade", Until: time.Unix(1<<40, 0)})),
		"segments[0].r": second(kpi.NewRFMAccumulator(&kpi.RFMOptions{
			Method: "best", Groups: 12, Segments: []kpi.RFMSegment{{Name: "all", MaxR: 5}},
		})),
		"recency_cuts[1]": second(kpi.NewRFMAccumulator(&kpi.RFMOptions{
			Method: kpi.ByCuts, RecencyCuts: []float64{30, 10}, FrequencyCuts: []float64{1}, MonetaryCuts: []float64{1, 2},
		})),
		"period": second(kpi.NewPurchaseAccumulator(kpi.Period{}, "hour")),
	} {
		require.ErrorIs(t, err, kpi.ErrInvalid, want)
		assert.ErrorContains(t, err, want)
	}
}

func second[T any](_ T, err error) error { return err }

func FuzzStateOfLogs(f *testing.F) {
	for _, a := range accumulators(f, someOrders(f)) {
		state, err := a.MarshalBinary()
		require.NoError(f, err)
		f.Add(state)
	}
	f.Fuzz(func(t *testing.T, state []byte) {
		for name, a := range accumulators(t, nil) {
			if a.UnmarshalBinary(state) != nil {
				continue
			}
			again, err := a.MarshalBinary()
			require.NoError(t, err)
			same := accumulators(t, nil)[name]
			require.NoError(t, same.UnmarshalBinary(again), name)
			once, err := same.MarshalBinary()
			require.NoError(t, err)
			assert.Equal(t, again, once)
			switch a := a.(type) {
			case *kpi.SummaryAccumulator:
				a.Result()
			case *kpi.RFMAccumulator:
				a.Result()
			case *kpi.PurchaseAccumulator:
				a.Result()
			case *kpi.InactivityAccumulator:
				a.Result()
			case *kpi.SecondPurchaseAccumulator:
				_, err := a.Result(nil)
				require.NoError(t, err)
			case *kpi.PointAccumulator:
				a.Result()
			case *kpi.RetentionAccumulator:
				require.NoError(t, a.Result().Validate())
			case *kpi.SurvivalAccumulator:
				_, err := a.Result(nil)
				require.NoError(t, err)
			}
		}
	})
}
