package figures_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/figures"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// club is a shop with two tiers by the euros of a calendar year.
func club(t *testing.T) *shop {
	t.Helper()
	s := &shop{store: memory.New(), now: time.Date(2027, time.January, 1, 9, 0, 0, 0, time.UTC)}
	perEuro := &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}
	spent := func(n int64) tiers.Condition {
		return tiers.Condition{All: []tiers.Need{{Metric: "euro", AtLeast: n}}}
	}
	program := loyalty.Program{
		ID: "beans", Zone: "UTC",
		Units:   []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(5, points.Years)}, {Code: "euro", Kind: points.Metric}},
		Earning: []points.Rule{{Code: "base", Spend: perEuro}, {Code: "counts", Unit: "euro", Spend: perEuro}},
		Ladders: []tiers.Ladder{{
			Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod,
			Tiers: []tiers.Tier{{Code: "silver", Enter: spent(100)}, {Code: "gold", Enter: spent(500)}},
		}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, s.store, &loyalty.Options{Clock: func() time.Time { return s.now }})
	require.NoError(t, err)
	s.engine = engine
	return s
}

func (s *shop) joins(t *testing.T, members ...string) {
	t.Helper()
	for _, member := range members {
		s.do(t, loyalty.Enroll{Member: member, Key: "enroll"})
	}
}

func (s *shop) buys(t *testing.T, member, euros string) {
	t.Helper()
	id := fmt.Sprint(member, s.now.UnixNano())
	s.do(t, loyalty.Earn{Member: member, Key: id, Order: order(id, "EUR", line(euros, 1))})
}

func TestTierMovesAreThoseBetweenTwoInstants(t *testing.T) {
	s := club(t)
	s.joins(t, "anna", "bruno", "carla", "dora", "emil", "fritz", "old", "plain")
	for member, euros := range map[string]string{"anna": "120", "bruno": "120", "carla": "700", "dora": "150", "fritz": "600", "old": "130"} {
		s.buys(t, member, euros)
	}
	start := time.Date(2027, time.July, 1, 0, 0, 0, 0, time.UTC)
	s.now = time.Date(2027, time.September, 1, 9, 0, 0, 0, time.UTC)
	s.buys(t, "bruno", "480")                                         // to gold
	s.buys(t, "emil", "100")                                          // from none to silver
	s.do(t, loyalty.Close{Member: "dora", Key: "close"})              // left
	s.joins(t, "gina")                                                // joined
	s.buys(t, "gina", "900")                                          // and is gold
	s.do(t, loyalty.Merge{Member: "anna", Key: "merge", From: "old"}) // one with anna
	s.now = time.Date(2029, time.February, 1, 9, 0, 0, 0, time.UTC)
	s.do(t, loyalty.Close{Member: "fritz", Key: "close"}) // after the end that is asked for
	_, err := s.engine.RunDue(t.Context(), nil)
	require.NoError(t, err)
	moves := func(end time.Time) kpi.TierMigration {
		period := kpi.Period{Start: start, End: end, Zone: time.UTC}
		m, err := figures.TierMoves(t.Context(), s.engine, s.store, figures.TierOptions{Period: period})
		require.NoError(t, err)
		return m.Migration(period)
	}
	at := moves(time.Date(2028, time.January, 1, 0, 0, 0, 0, time.UTC))
	assert.Equal(t, []string{"silver", "gold"}, at.Ladder)
	assert.Equal(t, [][]int64{
		{1, 1, 1}, // anna stays, bruno rises, dora leaves; the other account of anna is in none
		{0, 2, 0}, // carla and fritz
		{1, 1, 0}, // emil and gina
	}, at.Counts)
	later := moves(time.Date(2029, time.January, 15, 0, 0, 0, 0, time.UTC))
	assert.Equal(t, int64(2), later.Counts[1][2], "what carla and fritz reached in 2027 lasts to the end of 2028")

	for want, o := range map[string]figures.TierOptions{
		"ladder": {Ladder: "nights", Period: kpi.Period{Start: start, End: s.now}},
		"period": {Period: kpi.Period{Start: s.now, End: start}},
	} {
		_, err := figures.TierMoves(t.Context(), s.engine, s.store, o)
		require.ErrorIs(t, err, kpi.ErrInvalid)
		assert.ErrorContains(t, err, want)
	}
}

func TestALifetimeLastsFromEnrollmentUntilTheAccountIsClosed(t *testing.T) {
	s := club(t)
	s.joins(t, "anna", "bruno", "carla", "erased", "old")
	start := s.now
	s.now = start.AddDate(0, 0, 10)
	s.do(t, loyalty.Close{Member: "bruno", Key: "close"})
	s.do(t, loyalty.Erase{Member: "erased", Key: "erase"})
	s.do(t, loyalty.Merge{Member: "anna", Key: "merge", From: "old"})
	s.joins(t, "dora")
	s.now = start.AddDate(0, 0, 40)
	s.do(t, loyalty.Close{Member: "carla", Key: "close"})
	s.joins(t, "late")
	lives := func(until time.Time) (all []kpi.Lifetime) {
		for life, err := range figures.Lifetimes(t.Context(), s.engine, s.store, until) {
			require.NoError(t, err)
			all = append(all, life)
		}
		return all
	}
	assert.Equal(t, []kpi.Lifetime{{Exit: 30}, {Exit: 10, Event: true}, {Exit: 30}, {Exit: 20}, {Exit: 10, Event: true}}, lives(start.AddDate(0, 0, 30)),
		"carla closed later, and old lives on in anna")
	assert.Equal(t, []kpi.Lifetime{{Exit: 5}, {Exit: 5}, {Exit: 5}, {Exit: 5}}, lives(start.AddDate(0, 0, 5)))
	var curve kpi.SurvivalAccumulator
	for life, err := range figures.Lifetimes(t.Context(), s.engine, s.store, s.now) {
		require.NoError(t, err)
		require.NoError(t, curve.Add(life))
	}
	got, err := curve.Result(nil)
	require.NoError(t, err)
	stay, ok := got.At(20)
	assert.True(t, ok)
	assert.InDelta(t, 0.6, stay, 1e-12)
}

func TestCustomersOfAPeriodAreWhoWasEnrolledInIt(t *testing.T) {
	s := club(t)
	start := s.now
	s.joins(t, "anna", "bruno", "early", "erased", "old")
	s.now = start.AddDate(0, 0, 5)
	s.do(t, loyalty.Close{Member: "early", Key: "close"})
	s.now = start.AddDate(0, 0, 10)
	s.do(t, loyalty.Close{Member: "bruno", Key: "close"})
	s.joins(t, "dora", "short")
	s.now = start.AddDate(0, 0, 20)
	s.do(t, loyalty.Erase{Member: "erased", Key: "erase"})
	s.do(t, loyalty.Close{Member: "short", Key: "close"})
	s.do(t, loyalty.Merge{Member: "anna", Key: "merge", From: "old"})
	s.now = start.AddDate(0, 0, 40)
	s.do(t, loyalty.Close{Member: "dora", Key: "close"})
	s.joins(t, "late")
	period := kpi.Period{Start: start.AddDate(0, 0, 10), End: start.AddDate(0, 0, 40), Zone: time.UTC}
	got, err := figures.Customers(t.Context(), s.engine, s.store, period)
	require.NoError(t, err)
	assert.Equal(t, kpi.Customers{
		Start: 3, New: 2, End: 2, LostFromStart: new(int64(2)), Period: period,
		Rule: "a member is a customer from enrollment until the account is closed or erased",
	}, got, "anna stays, bruno and erased left; dora and short joined, and dora leaves when the period is over")
	churn, err := kpi.Churn(got, "")
	require.NoError(t, err)
	assert.Equal(t, "2 of 3", churn.Numerator.String()+" of "+churn.Denominator.String())
	_, err = figures.Customers(t.Context(), s.engine, s.store, kpi.Period{})
	require.ErrorIs(t, err, kpi.ErrInvalid)
}
