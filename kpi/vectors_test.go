package kpi_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/kpicase"
	"github.com/loyaltykit/loyaltykit/kpi"
)

func TestVectorsOfFigures(t *testing.T) {
	kpicase.Run(t, kpicase.Figures, map[string]kpicase.Check{
		"nps.":                        checkNPS,
		"nps2.":                       checkNPSDifference,
		"rates.retention_churn":       checkRetention,
		"rates.repeat_purchase.cdnow": checkRepeat,
		"survey.csat_ces":             checkSurveys,
		"clv.simple":                  checkSimpleValue,
		"cost.":                       checkCosts,
		"rates.redemption_breakage":   checkPoints,
		"tier.":                       checkTiers,
		"lift.prop.":                  checkProportions,
		"lift.mean.":                  checkMeans,
	})
}

type npsBounds struct {
	Lower          float64  `json:"lower"`
	Upper          float64  `json:"upper"`
	SE             *float64 `json:"se"`
	LowerUnclamped float64  `json:"lower_unclamped"`
	UpperUnclamped float64  `json:"upper_unclamped"`
}

func checkNPS(t *testing.T, c *kpicase.Case) {
	var input kpi.Opinions
	var expect struct {
		NPS      float64   `json:"nps_pct"`
		Wald     npsBounds `json:"wald"`
		Adjusted npsBounds `json:"adjusted_wald"`
		Score    npsBounds `json:"iterative_score"`
	}
	c.Decode(t, &input, &expect)
	for method, want := range map[kpi.NPSMethod]npsBounds{kpi.Wald: expect.Wald, kpi.AdjustedWald: expect.Adjusted, "": expect.Adjusted} {
		got, err := kpi.NPSOfOpinions(input, &kpi.NPSOptions{Method: method})
		require.NoError(t, err)
		c.Near(t, expect.NPS, defined(t, got.Score), "NPS")
		c.Near(t, 100*want.Lower, got.Score.Interval.Lower, string(method)+" lower")
		c.Near(t, 100*want.Upper, got.Score.Interval.Upper, string(method)+" upper")
	}
	checkScoreTest(t, c, input, expect.Score)
}

// checkScoreTest compares with values that their source found by halving until the
// test statistic was within 1e-6 of the quantile. Ours are the roots themselves: they
// satisfy the equation to 1e-12, and those of the source to its own tolerance.
func checkScoreTest(t *testing.T, c *kpicase.Case, o kpi.Opinions, want npsBounds) {
	t.Helper()
	got, err := kpi.NPSOfOpinions(o, &kpi.NPSOptions{Method: kpi.ScoreTest})
	require.NoError(t, err)
	value := defined(t, got.Score) / 100
	for _, bound := range []struct {
		name      string
		want, got float64
	}{{"lower", want.Lower, got.Score.Interval.Lower / 100}, {"upper", want.Upper, got.Score.Interval.Upper / 100}} {
		if bound.want == 1 {
			c.Near(t, bound.want, bound.got, "score test "+bound.name)
			continue
		}
		const z = 1.959963984540054
		assert.InDelta(t, z, scoreStatistic(o, value, bound.got), 1e-12, "score test %s", bound.name)
		assert.InDelta(t, z, scoreStatistic(o, value, bound.want), 1e-6, "the source's %s", bound.name)
		assert.InDelta(t, bound.want, bound.got, 2e-7, "score test %s", bound.name)
	}
}

func checkNPSDifference(t *testing.T, c *kpicase.Case) {
	var input struct{ X, Y [3]int64 }
	type difference struct {
		Delta float64 `json:"delta_abs"`
		Lower float64 `json:"lower"`
		Upper float64 `json:"upper"`
		SE    float64 `json:"se"`
		P     float64 `json:"p"`
	}
	var expect struct {
		Wald     difference `json:"wald"`
		Adjusted difference `json:"adjusted.wald"`
	}
	c.Decode(t, &input, &expect)
	x := kpi.Opinions{Detractors: input.X[0], Passives: input.X[1], Promoters: input.X[2]}
	y := kpi.Opinions{Detractors: input.Y[0], Passives: input.Y[1], Promoters: input.Y[2]}
	for method, want := range map[kpi.NPSMethod]difference{kpi.Wald: expect.Wald, kpi.AdjustedWald: expect.Adjusted} {
		got, err := kpi.CompareNPS(x, y, &kpi.NPSOptions{Method: method})
		require.NoError(t, err)
		i := got.Difference.Interval
		c.Near(t, 100*want.Delta, (i.Lower+i.Upper)/2, "center")
		c.Near(t, 100*want.Lower, i.Lower, "lower")
		c.Near(t, 100*want.Upper, i.Upper, "upper")
		c.Near(t, 100*want.SE, *got.StandardError, "standard error")
		c.Near(t, want.P, defined(t, got.PValue), "p")
		c.Near(t, 100*expect.Wald.Delta, defined(t, got.Difference), "difference")
	}
}

func checkRetention(t *testing.T, c *kpicase.Case) {
	var input struct {
		Start, New, End int64
		LostFromStart   int64 `json:"lost_from_start_cohort"`
		LostTotal       int64 `json:"lost_total"`
	}
	var expect map[string]float64
	c.Decode(t, &input, &expect)
	totals := kpi.Customers{Start: input.Start, New: input.New, End: input.End}
	assert.Equal(t, input.LostTotal, totals.Lost())
	members := totals
	members.LostFromStart = &input.LostFromStart
	figure := func(f kpi.Figure, err error) float64 {
		t.Helper()
		require.NoError(t, err)
		return defined(t, f)
	}
	c.Near(t, expect["retention_EN_over_S"], figure(kpi.Retention(totals)), "retention of totals")
	c.Near(t, 1-expect["churn_start_cohort_only"], figure(kpi.Retention(members)), "retention of members")
	c.Near(t, expect["churn_1_minus_retention"], figure(kpi.Churn(members, kpi.NetOfTotals)), "net of totals")
	c.Near(t, expect["churn_lost_over_start"], figure(kpi.Churn(totals, kpi.NetOfTotals)), "lost over start")
	c.Near(t, expect["churn_start_cohort_only"], figure(kpi.Churn(members, "")), "lost from start")
	c.Near(t, expect["churn_over_average"], figure(kpi.Churn(members, kpi.OverAverage)), "over average")
	c.Near(t, expect["churn_over_start_plus_new"], figure(kpi.Churn(members, kpi.OverStartPlusNew)), "over start plus new")
}

func checkSurveys(t *testing.T, c *kpicase.Case) {
	var input struct {
		CSAT map[int]int64 `json:"csat_1to5"`
		CES  map[int]int64 `json:"ces_1to7"`
	}
	var expect map[string]float64
	c.Decode(t, &input, &expect)
	satisfaction, err := kpi.CSAT(answers(t, kpi.Satisfaction5, input.CSAT), nil)
	require.NoError(t, err)
	c.Near(t, expect["csat_top2"], defined(t, satisfaction.Satisfied), "top 2")
	c.Near(t, expect["csat_mean"], defined(t, satisfaction.Mean), "mean")
	effort, err := kpi.CES(answers(t, kpi.Ease7, input.CES), nil)
	require.NoError(t, err)
	c.Near(t, expect["ces_mean"], defined(t, effort.Mean), "mean")
	c.Near(t, expect["ces_pct_agree_5to7"], defined(t, effort.Agreeing), "agreeing")
	c.Near(t, 100*expect["ces_index_67_minus_123"], defined(t, effort.Index), "index")
}

func checkSimpleValue(t *testing.T, c *kpicase.Case) {
	var input map[string]float64
	var expect map[string]float64
	c.Decode(t, &input, &expect)
	value := kpi.Value{
		OrderValue: input["aov"], Frequency: input["orders_per_year"], Lifespan: input["lifespan_years"], Margin: new(input["gross_margin"]),
	}
	got, err := kpi.SimpleLifetimeValue(value)
	require.NoError(t, err)
	c.Near(t, expect["revenue_clv"], defined(t, got.Revenue), "revenue")
	c.Near(t, expect["margin_clv"], defined(t, got.Margin), "margin")
	value.Lifespan, value.Churn = 0, 1-input["retention"]
	got, err = kpi.SimpleLifetimeValue(value)
	require.NoError(t, err)
	c.Near(t, expect["lifespan_from_churn"], defined(t, got.Lifespan), "lifespan")
	for form, name := range map[kpi.PerpetuityForm]string{
		kpi.FirstPaymentAtStart:  "eq1_first_payment_at_t0",
		kpi.FirstPaymentExcluded: "eq2_first_payment_excluded",
		kpi.PaidAtPeriodEnd:      "eq3_paid_at_period_end",
	} {
		f, err := kpi.Perpetuity(form, input["margin_per_period"], input["retention"], input["discount"])
		require.NoError(t, err)
		c.Near(t, expect[name], defined(t, f), name)
	}
}
