package figures

import (
	"github.com/loyaltykit/loyaltykit/kpi"
)

// PointFlow is what moved in a month, of points of any age: Issued is net of what was
// taken back, Redeemed of what was given back.
type PointFlow struct {
	Period kpi.Period
	kpi.PointStep
}

// Redemption is [kpi.Redemption] by [kpi.PeriodFlow]: it may exceed 1. It is undefined
// where more was taken or given back than issued or redeemed.
func (f *PointFlow) Redemption() kpi.Figure {
	rate, err := kpi.Redemption(kpi.PointCounts{Issued: f.Issued, Redeemed: f.Redeemed}, kpi.PeriodFlow)
	if err != nil {
		rate = kpi.Undefined("redemption_rate", kpi.Fraction, "more came back than moved")
	}
	return rate.In(f.Period)
}

// Breakage is what expired in the month over what was issued in it. The two are
// different points, so that it is no cohort's rate and may exceed 1.
func (f *PointFlow) Breakage() kpi.Figure {
	return f.rate("breakage_rate", f.Expired, "period flow: expired in the period / issued in the period, not a cohort's rate")
}

func (f *PointFlow) rate(key string, part int64, convention string) kpi.Figure {
	if part < 0 || f.Issued < 0 {
		return kpi.Undefined(key, kpi.Fraction, "more came back than moved").In(f.Period)
	}
	return kpi.Quotient(key, kpi.Fraction, whole(part), whole(f.Issued)).As(convention).In(f.Period)
}
