package kpi_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func TestTheUltimateRateFollowsOlderCohorts(t *testing.T) {
	// The first cohort is through: 30 in its month, 20 of the other 70 a month later, and
	// the rest expired. The second is a month old.
	e, err := kpi.EstimateUltimate([]kpi.PointDevelopment{
		{{Issued: 100, Redeemed: 30}, {Redeemed: 20}, {Expired: 50}},
		{{Issued: 200, Redeemed: 60}, {Redeemed: 40}},
		{{Issued: 1000, Redeemed: 300}},
	}, nil)
	require.NoError(t, err)
	assert.Equal(t, []kpi.AgeRate{{Age: 0, Exposed: 1300, Redeemed: 390}, {Age: 1, Exposed: 210, Redeemed: 60}, {Age: 2, Exposed: 50, Expired: 50}}, e.Ages)
	assert.Equal(t, "[50 100 500]", fmt.Sprint(e.Expected))
	exactly(t, 0.5, defined(t, e.Redemption))
	assert.Zero(t, e.Unseen)
}

func TestWhatNobodyObservedIsRedeemedUnlessToldOtherwise(t *testing.T) {
	young := []kpi.PointDevelopment{{{Issued: 100, Redeemed: 40}}}
	e, err := kpi.EstimateUltimate(young, nil)
	require.NoError(t, err)
	exactly(t, 1, defined(t, e.Redemption))
	exactly(t, 60, e.Unseen)
	assert.Equal(t, []string{"60 of the outstanding points reach an age that nobody has observed; 0 % of them are taken to lapse"}, e.Redemption.Notes)
	e, err = kpi.EstimateUltimate(young, &kpi.UltimateOptions{Lapse: 0.25})
	require.NoError(t, err)
	exactly(t, 0.85, defined(t, e.Redemption))
	_, err = kpi.EstimateUltimate(young, &kpi.UltimateOptions{Lapse: 2})
	require.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = kpi.EstimateUltimate([]kpi.PointDevelopment{{{Issued: 10}, {Redeemed: 11}}}, nil)
	require.ErrorIs(t, err, kpi.ErrInvalid)
	assert.ErrorContains(t, err, "cohorts[0][1]: makes 10 issued, 11 redeemed")
	none, err := kpi.EstimateUltimate(nil, nil)
	require.NoError(t, err)
	require.ErrorIs(t, none.Redemption.Err(), kpi.ErrUndefined)
}

func TestAMonthThatIsNotOverTellsNoRate(t *testing.T) {
	through := kpi.PointDevelopment{{Issued: 100}, {Redeemed: 50}, {Expired: 50}}
	e, err := kpi.EstimateUltimate([]kpi.PointDevelopment{through, {{Issued: 100}, {}}}, &kpi.UltimateOptions{Partial: true})
	require.NoError(t, err)
	assert.Equal(t, int64(200), e.Ages[0].Exposed)
	assert.Equal(t, int64(100), e.Ages[1].Exposed, "the second cohort's second month is not over")
	assert.Equal(t, "50", e.Expected[0].String(), "what has happened has happened")
}

func TestAnEstimatedRateIsNeverRefutedByItsCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cohorts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) kpi.PointDevelopment {
			var d kpi.PointDevelopment
			left := int64(0)
			for range rapid.IntRange(1, 12).Draw(t, "steps") {
				s := kpi.PointStep{Issued: rapid.Int64Range(0, 1000).Draw(t, "issued")}
				left += s.Issued
				s.Redeemed = rapid.Int64Range(0, left).Draw(t, "redeemed")
				s.Expired = rapid.Int64Range(0, left-s.Redeemed).Draw(t, "expired")
				left -= s.Redeemed + s.Expired
				d = append(d, s)
			}
			return d
		}), 1, 8).Draw(t, "cohorts")
		e, err := kpi.EstimateUltimate(cohorts, &kpi.UltimateOptions{
			Lapse: rapid.Float64Range(0, 1).Draw(t, "lapse"), Partial: rapid.Bool().Draw(t, "partial"),
		})
		require.NoError(t, err)
		for i, d := range cohorts {
			var c kpi.PointCounts
			for _, s := range d {
				c.Issued, c.Redeemed, c.Expired = c.Issued+s.Issued, c.Redeemed+s.Redeemed, c.Expired+s.Expired
			}
			_, err := kpi.UltimateOf(c, e.Expected[i])
			require.NoError(t, err, "%+v expecting %s", c, e.Expected[i])
		}
	})
}

func ExampleEstimateUltimate() {
	e := must(kpi.EstimateUltimate([]kpi.PointDevelopment{
		{{Issued: 1000, Redeemed: 200}, {Redeemed: 300}, {Redeemed: 100, Expired: 400}}, // earned in January
		{{Issued: 1500, Redeemed: 300}, {Redeemed: 450}},                                // in February
		{{Issued: 1200, Redeemed: 250}},                                                 // in March
	}, nil))
	fmt.Println("of the points of March", e.Expected[2], "will have been redeemed")
	fmt.Println("of all points", e.Redemption.Shown())
	// Output:
	// of the points of March 725 will have been redeemed
	// of all points 60.14 %
}
