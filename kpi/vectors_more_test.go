package kpi_test

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/kpicase"
	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
)

func checkCosts(t *testing.T, c *kpicase.Case) {
	var input struct {
		AcquisitionSpend decimal.Decimal `json:"acquisition_spend"`
		NewCustomers     int64           `json:"new_customers"`
		RetentionSpend   decimal.Decimal `json:"retention_spend"`
		AtStart          int64           `json:"customers_at_start"`
		Retained         int64           `json:"retained"`
		Value            float64         `json:"clv"`
	}
	var expect map[string]float64
	c.Decode(t, &input, &expect)
	acquisition, err := kpi.AcquisitionCost(kpi.Spending{Amount: input.AcquisitionSpend, Customers: input.NewCustomers})
	require.NoError(t, err)
	c.Near(t, expect["cac"], defined(t, acquisition), "CAC")
	retention, err := kpi.RetentionCost(kpi.Spending{Amount: input.RetentionSpend, Customers: input.Retained}, input.AtStart)
	require.NoError(t, err)
	c.Near(t, expect["crc_per_retained"], defined(t, retention.PerRetained), "CRC")
	c.Near(t, expect["crc_per_start_customer"], defined(t, retention.PerStart), "CRC of the start")
	ratio, err := kpi.CostRatio(acquisition, retention.PerRetained)
	require.NoError(t, err)
	c.Near(t, expect["cac_to_crc"], defined(t, ratio), "CAC:CRC")
	ratio, err = kpi.ValueToCost(kpi.Estimate("lifetime_margin", kpi.Money, input.Value), acquisition)
	require.NoError(t, err)
	c.Near(t, expect["clv_to_cac"], defined(t, ratio), "LTV:CAC")
}

func checkPoints(t *testing.T, c *kpicase.Case) {
	var input struct {
		kpi.PointCounts
		Rate decimal.Decimal `json:"expected_ultimate_redemption_rate"`
		Cost decimal.Decimal `json:"cost_per_point"`
	}
	var expect map[string]float64
	c.Decode(t, &input, &expect)
	assert.InDelta(t, expect["outstanding"], input.Outstanding(), 0)
	for basis, name := range map[kpi.RedemptionBasis]string{kpi.OfIssued: "redemption_rate_issued", kpi.OfMatured: "redemption_rate_matured"} {
		f, err := kpi.Redemption(input.PointCounts, basis)
		require.NoError(t, err)
		c.Near(t, expect[name], defined(t, f), name)
	}
	f, err := kpi.Breakage(input.PointCounts)
	require.NoError(t, err)
	c.Near(t, expect["expired_rate"], defined(t, f), "expired")
	ultimate, err := kpi.Ultimate(input.PointCounts, input.Rate)
	require.NoError(t, err)
	c.Near(t, expect["ultimate_breakage_rate"], defined(t, ultimate.Breakage), "ultimate breakage")
	c.Near(t, expect["expected_future_redemptions"], defined(t, ultimate.Future), "future")
	c.Near(t, expect["expected_redemption_of_outstanding"], defined(t, ultimate.OfOutstanding), "of outstanding")
	accrual, err := liability.CostAccrual(input.PointCounts, input.Rate, input.Cost, "")
	require.NoError(t, err)
	c.Near(t, expect["cost_accrual_liability"], accrual.Liability.InexactFloat64(), "cost accrual")
}

func checkTiers(t *testing.T, c *kpicase.Case) {
	var input struct {
		Order   []string    `json:"order"`
		Members [][2]string `json:"members"`
	}
	var expect struct {
		Counts    map[string]map[string]int64   `json:"counts"`
		Prob      map[string]map[string]float64 `json:"prob"`
		Upgrade   float64                       `json:"upgrade_rate"`
		Downgrade float64                       `json:"downgrade_rate"`
		Stay      float64                       `json:"stay_rate"`
		Exit      float64                       `json:"exit_rate"`
	}
	c.Decode(t, &input, &expect)
	moves, err := kpi.NewTierMoves(input.Order...)
	require.NoError(t, err)
	tier := func(name string) string {
		if name == "none" {
			return kpi.NoTier
		}
		return name
	}
	for _, m := range input.Members {
		require.NoError(t, moves.Add(tier(m[0]), tier(m[1])))
	}
	got := moves.Migration(kpi.Period{})
	names := append(input.Order, "none")
	for i, from := range names {
		for j, to := range names {
			assert.Equal(t, expect.Counts[from][to], got.Counts[i][j], "%s to %s", from, to)
			if from != "none" {
				c.Near(t, expect.Prob[from][to], defined(t, got.Probability[i][j]), fmt.Sprint(from, " to ", to))
			}
		}
	}
	c.Near(t, expect.Upgrade, defined(t, got.Upgrade), "upgrade")
	c.Near(t, expect.Downgrade, defined(t, got.Downgrade), "downgrade")
	c.Near(t, expect.Stay, defined(t, got.Stay), "stay")
	c.Near(t, expect.Exit, defined(t, got.Exit), "exit")
}

func checkProportions(t *testing.T, c *kpicase.Case) {
	var input struct{ Treat, Control [2]int64 }
	var expect struct {
		RateTreat     float64    `json:"rate_treat"`
		RateControl   float64    `json:"rate_control"`
		Diff          float64    `json:"diff"`
		Relative      float64    `json:"rel_lift"`
		Incremental   float64    `json:"incremental"`
		Z             float64    `json:"z_pooled"`
		P             float64    `json:"p_two_sided"`
		PLarger       float64    `json:"p_one_sided_larger"`
		Newcombe      [2]float64 `json:"ci95_diff_newcombe"`
		Katz          [2]float64 `json:"ci95_ratio_katz_log"`
		WilsonTreat   [2]float64 `json:"wilson95_treat"`
		WilsonControl [2]float64 `json:"wilson95_control"`
	}
	c.Decode(t, &input, &expect)
	got, err := kpi.ProportionLift(kpi.Arm{Hits: input.Treat[0], Total: input.Treat[1]}, kpi.Arm{Hits: input.Control[0], Total: input.Control[1]}, nil)
	require.NoError(t, err)
	for _, check := range []struct {
		name   string
		want   float64
		got    kpi.Figure
		within *[2]float64
	}{
		{"treated", expect.RateTreat, got.Treated, &expect.WilsonTreat},
		{"control", expect.RateControl, got.Control, &expect.WilsonControl},
		{"difference", expect.Diff, got.Difference, &expect.Newcombe},
		{"ratio", expect.Relative + 1, got.Ratio, &expect.Katz},
		{"relative", expect.Relative, got.Relative, nil},
		{"incremental", expect.Incremental, got.Incremental, nil},
		{"z", expect.Z, got.Z, nil},
		{"p", expect.P, got.PValue, nil},
		{"p larger", expect.PLarger, got.PValueLarger, nil},
	} {
		c.Near(t, check.want, defined(t, check.got), check.name)
		if check.within != nil {
			require.NotNil(t, check.got.Interval, check.name)
			c.Near(t, check.within[0], check.got.Interval.Lower, check.name+" lower")
			c.Near(t, check.within[1], check.got.Interval.Upper, check.name+" upper")
		}
	}
}

func checkMeans(t *testing.T, c *kpicase.Case) {
	var input struct{ Treat, Control []decimal.Decimal }
	var expect struct {
		Diff, T, DF, P float64
		CI             [2]float64 `json:"ci95"`
	}
	c.Decode(t, &input, &expect)
	sample := func(amounts []decimal.Decimal) *kpi.Spend {
		var s kpi.Spend
		for _, amount := range amounts {
			require.NoError(t, s.Add(amount))
		}
		return &s
	}
	got, err := kpi.SpendLift(sample(input.Treat), sample(input.Control), nil)
	require.NoError(t, err)
	c.Near(t, expect.Diff, defined(t, got.Difference), "difference")
	c.Near(t, expect.T, defined(t, got.T), "t")
	c.Near(t, expect.DF, defined(t, got.DegreesOfFreedom), "degrees of freedom")
	c.Near(t, expect.P, defined(t, got.PValue), "p")
	c.Near(t, expect.CI[0], got.Difference.Interval.Lower, "lower")
	c.Near(t, expect.CI[1], got.Difference.Interval.Upper, "upper")
}
