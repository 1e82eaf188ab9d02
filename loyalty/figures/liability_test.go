package figures_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/figures"
	"github.com/loyaltykit/loyaltykit/points"
)

// traded is a shop after some 18 months of orders, spending and refunds.
func traded(t *testing.T) *shop {
	t.Helper()
	s := open(t, loyalty.RefuseDebt)
	random := rand.New(rand.NewPCG(17, 5))
	const members = 15
	for i := range members {
		s.do(t, loyalty.Enroll{Member: fmt.Sprintf("m-%02d", i), Key: "enroll"})
	}
	earned := map[string]string{}
	for i := range 600 {
		s.now = s.now.Add(time.Duration(random.IntN(44)) * time.Hour)
		key, member := fmt.Sprint("k", i), fmt.Sprintf("m-%02d", random.IntN(members))
		switch random.IntN(7) {
		case 0, 1, 2, 3:
			s.do(t, loyalty.Earn{Member: member, Key: key, Order: order(key, "EUR", line(fmt.Sprint(1+random.IntN(60)), 1))})
			earned[key] = member
		case 4, 5:
			s.do(t, loyalty.Spend{Member: member, Key: key, Unit: "bean", Points: points.Amount(1 + random.IntN(50))})
		default:
			if of := fmt.Sprint("k", random.IntN(i+1)); earned[of] != "" {
				s.do(t, loyalty.Refund{Member: earned[of], Key: key, Order: of, Full: true})
				delete(earned, of)
			}
		}
	}
	_, err := s.engine.RunDue(t.Context(), nil)
	require.NoError(t, err)
	return s
}

func vienna(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	return zone
}

func counted(t *testing.T, s *shop, until time.Time) *figures.PointReport {
	t.Helper()
	report, err := figures.PointCohorts(t.Context(), s.engine, s.store, figures.PointOptions{Unit: "bean", Until: until, Zone: vienna(t)})
	require.NoError(t, err)
	return report
}

func TestTheMonthsOfACohortAreItsCountsAsOfEachMonthsEnd(t *testing.T) {
	s := traded(t)
	report := counted(t, s, s.now.Add(time.Second))
	assert.True(t, report.Partial)
	assert.Greater(t, len(report.Cohorts), 12)
	for i, c := range report.Cohorts {
		assert.Len(t, c.Months, len(report.Cohorts)-i, "to the last month")
	}
	for month, flow := range report.Flows[:len(report.Flows)-1] {
		then := counted(t, s, flow.Period.End)
		assert.False(t, then.Partial)
		var moved kpi.PointStep
		for i, c := range then.Cohorts {
			var sum kpi.PointCounts
			for age, step := range report.Cohorts[i].Months[:month-i+1] {
				sum.Issued, sum.Redeemed, sum.Expired = sum.Issued+step.Issued, sum.Redeemed+step.Redeemed, sum.Expired+step.Expired
				if age == month-i {
					moved.Issued, moved.Redeemed, moved.Expired = moved.Issued+step.Issued, moved.Redeemed+step.Redeemed, moved.Expired+step.Expired
				}
			}
			sum.Matured = c.Matured
			assert.Equal(t, c.PointCounts, sum, "points of %s at %s", c.Period, flow.Period.End)
		}
		assert.Equal(t, moved, flow.PointStep)
	}
}

func TestWhatIsOwedIsThatOfTheRealLots(t *testing.T) {
	s := traded(t)
	report := counted(t, s, s.now.Add(time.Second))
	cent := decimal.RequireFromString("0.01")
	total, err := report.Total()
	require.NoError(t, err)

	remote, err := report.RollForward(liability.Policy{Method: liability.Remote, Currency: "EUR"}, cent, 0)
	require.NoError(t, err)
	last := remote.Movements[len(remote.Movements)-1]
	assert.Equal(t, s.now.Add(time.Second), last.Period.End, "the last month goes as far as it was counted")
	left := decimal.NewFromInt(total.Outstanding()).Mul(cent)
	assert.InDelta(t, left.InexactFloat64(), last.Closing.InexactFloat64(), 0.01*float64(len(report.Cohorts)), "a cent a point that is left, but for rounding")

	proportional, err := report.RollForward(liability.Policy{Method: liability.Proportional, Currency: "EUR"}, cent, 0)
	require.NoError(t, err)
	for i, m := range proportional.Movements {
		assert.Equal(t, m.Opening.Add(m.Deferred).Sub(m.Recognized).Sub(m.Remitted).String(), m.Closing.String(), "%s", m.Period)
		assert.False(t, m.Closing.IsNegative())
		assert.True(t, m.Closing.LessThanOrEqual(remote.Movements[i].Closing), "expected breakage is revenue earlier")
	}
	assert.True(t, proportional.Movements[len(proportional.Movements)-1].Closing.LessThan(last.Closing))

	estimate, err := report.Ultimate(0)
	require.NoError(t, err)
	for i, c := range report.Cohorts {
		_, err := kpi.UltimateOf(c.PointCounts, estimate.Expected[i])
		require.NoError(t, err)
	}
	rate, ok := estimate.Redemption.Value()
	assert.True(t, ok)
	realized := float64(total.Redeemed) / float64(total.Issued)
	assert.Greater(t, rate, realized)
	assert.Less(t, rate, float64(total.Issued-total.Expired)/float64(total.Issued))
	first := report.Cohorts[0]
	assert.Zero(t, first.Outstanding())
	assert.Equal(t, decimal.NewFromInt(first.Redeemed).String(), estimate.Expected[0].String(), "what is over is known")

	_, err = report.RollForward(liability.Policy{Method: liability.Remote}, cent.Neg(), 0)
	require.ErrorIs(t, err, kpi.ErrInvalid)
	empty, err := (&figures.PointReport{}).RollForward(liability.Policy{Method: liability.Proportional}, cent, 0)
	require.NoError(t, err)
	assert.Empty(t, empty.Movements)
}

func TestFlowsOfAMonthAreNoCohortsRate(t *testing.T) {
	month := kpi.CalendarMonth(2027, time.March, nil)
	f := figures.PointFlow{Period: month, PointStep: kpi.PointStep{Issued: 200, Redeemed: 250, Expired: 20}}
	rate, ok := f.Redemption().Value()
	assert.True(t, ok)
	assert.InDelta(t, 1.25, rate, 0)
	assert.Contains(t, f.Redemption().Convention, "not a cohort's rate")
	rate, ok = f.Breakage().Value()
	assert.True(t, ok)
	assert.InDelta(t, 0.1, rate, 0)
	assert.Equal(t, month, f.Breakage().Period)
	back := figures.PointFlow{PointStep: kpi.PointStep{Issued: -5, Redeemed: 3, Expired: 1}}
	require.ErrorIs(t, back.Redemption().Err(), kpi.ErrUndefined)
	require.ErrorIs(t, back.Breakage().Err(), kpi.ErrUndefined)
}
