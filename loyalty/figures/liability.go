package figures

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
)

func whole(n int64) decimal.Decimal { return decimal.NewFromInt(n) }

// Ultimate estimates how many points will have been redeemed in the end from what
// became of each month's; lapse is that of [kpi.UltimateOptions]. Expected is in the
// order of Cohorts.
func (r *PointReport) Ultimate(lapse float64) (kpi.UltimateEstimate, error) {
	cohorts := make([]kpi.PointDevelopment, len(r.Cohorts))
	for i := range r.Cohorts {
		cohorts[i] = r.Cohorts[i].Months
	}
	return kpi.EstimateUltimate(cohorts, &kpi.UltimateOptions{Partial: r.Partial, Lapse: lapse})
}

// RollForward is how what is owed for points moved, month by month, from the real lots
// of each month's points. Each point that is issued defers perPoint of the money that
// was paid: its part of the price, by stand-alone prices; what comes back takes its
// part along. By the method liability.Proportional the estimate of each month's end is
// that of [PointReport.Ultimate] as it was then, so that a better one catches up. A last
// month that was not counted to its end goes as far as it was.
func (r *PointReport) RollForward(policy liability.Policy, perPoint decimal.Decimal, lapse float64) (liability.Roll, error) {
	if perPoint.IsNegative() {
		var problems kpi.Problems
		problems.Add("per_point", "must not be negative, is %s", perPoint)
		return liability.Roll{}, problems.Err()
	}
	expected := make([][]decimal.Decimal, len(r.Cohorts))
	if policy.Method == liability.Proportional && len(r.Cohorts) > 0 {
		if err := r.estimates(expected, lapse); err != nil {
			return liability.Roll{}, err
		}
	}
	rolls := make([]liability.Roll, 0, len(r.Cohorts))
	for i := range r.Cohorts {
		roll, err := liability.RollForward(policy, r.Cohorts[i].states(r, perPoint, expected[i]))
		if err != nil {
			return liability.Roll{}, fmt.Errorf("figures: points earned %s: %w", r.Cohorts[i].Period, err)
		}
		rolls = append(rolls, roll)
	}
	total, err := liability.Total(rolls...)
	if err == nil && len(rolls) == 0 {
		total.Policy = policy
	}
	return total, err
}

// estimates fills in, for each cohort and month, how many of its points were then
// expected to be redeemed in the end.
func (r *PointReport) estimates(expected [][]decimal.Decimal, lapse float64) error {
	months := len(r.Cohorts[0].Months)
	for month := range months {
		var cohorts []kpi.PointDevelopment
		for i := range r.Cohorts {
			// All cohorts end in the same month.
			age := month - (months - len(r.Cohorts[i].Months))
			if age >= 0 {
				cohorts = append(cohorts, r.Cohorts[i].Months[:age+1])
			}
		}
		o := &kpi.UltimateOptions{Lapse: lapse, Partial: r.Partial && month == months-1}
		e, err := kpi.EstimateUltimate(cohorts, o)
		if err != nil {
			return fmt.Errorf("figures: %w", err)
		}
		for i := range cohorts {
			expected[i] = append(expected[i], e.Expected[i])
		}
	}
	return nil
}

// states are those of the cohort at the end of each month.
func (c *PointCohort) states(r *PointReport, perPoint decimal.Decimal, expected []decimal.Decimal) []liability.State {
	var states []liability.State
	var sum PointCohort
	month := c.Period
	for i, step := range c.Months {
		sum.Issued, sum.Redeemed, sum.Expired = sum.Issued+step.Issued, sum.Redeemed+step.Redeemed, sum.Expired+step.Expired
		if i > 0 {
			start := month.End
			y, m, _ := start.In(month.Zone).Date()
			month = kpi.CalendarMonth(y, m, month.Zone)
			month.Start = start
		}
		period := month
		if period.End.After(r.until) {
			period.End = r.until
		}
		var in decimal.Decimal
		if expected != nil {
			in = expected[i]
		}
		states = append(states, sum.State(period, whole(sum.Issued).Mul(perPoint), in))
	}
	return states
}

// Ultimate estimates how much will have been used in the end from what became of each
// month's cards, in the smallest pieces of the money that were counted: its rates are
// those of the money. See [PointReport.Ultimate].
func (r *GiftCardReport) Ultimate(lapse float64) (kpi.UltimateEstimate, error) {
	return r.counts.Ultimate(lapse)
}

// RollForward is how what is owed on gift cards moved, month by month, as
// [PointReport.RollForward] has it of points. Each unit of the money of a card that is
// issued defers share of it: 1 is the face, and less where the points that it was had for
// had deferred less. By [PointReport.RollForward] these points are redeemed when the card
// is issued: what that recognizes is what the card defers, so that a shop's own books
// take it from there.
func (r *GiftCardReport) RollForward(policy liability.Policy, share decimal.Decimal, lapse float64) (liability.Roll, error) {
	if share.IsNegative() {
		var problems kpi.Problems
		problems.Add("share", "must not be negative, is %s", share)
		return liability.Roll{}, problems.Err()
	}
	return r.counts.RollForward(policy, share.Mul(r.piece), lapse)
}
