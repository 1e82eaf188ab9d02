package kpi

import (
	"fmt"

	"github.com/shopspring/decimal"
)

// PointStep is what moved into and out of a cohort of points in one period, such as a
// month: Issued net of what was taken back, Redeemed net of what was given back. Any
// may be below 0 where corrections outweigh the rest.
type PointStep struct {
	Issued   int64 `json:"issued"`
	Redeemed int64 `json:"redeemed"`
	Expired  int64 `json:"expired"`
}

// PointDevelopment is the history of a cohort of points that were earned together,
// period by period from the one in which they were earned.
type PointDevelopment []PointStep

// UltimateOptions say how [EstimateUltimate] goes beyond what was observed. The zero
// value is prudent: what no cohort was old enough to show is redeemed.
type UltimateOptions struct {
	// Partial leaves each cohort's last step out of the rates, since its period was not
	// observed to its end. It counts in the balances.
	Partial bool
	// Lapse is the share, from 0 to 1, of the points that are left at the oldest age
	// that was observed which are never redeemed.
	Lapse float64
}

// AgeRate is what became of points in one period of their life.
type AgeRate struct {
	// Age is the number of periods since the points were earned.
	Age int `json:"age"`
	// Exposed is how many points of all cohorts could be redeemed at that age; Redeemed
	// and Expired are those that were.
	Exposed  int64 `json:"exposed"`
	Redeemed int64 `json:"redeemed"`
	Expired  int64 `json:"expired"`
}

// UltimateEstimate is how many points will have been redeemed in the end, as histories
// of cohorts tell it.
type UltimateEstimate struct {
	// Expected is how many points of each cohort will have been redeemed in the end,
	// those that were included, rounded to 6 decimals: for [UltimateOf], and the State of
	// package kpi/liability.
	Expected []decimal.Decimal `json:"expected"`
	// Redemption is the ultimate redemption rate of all cohorts together.
	Redemption Figure `json:"redemption"`
	// Ages are the rates that were observed.
	Ages []AgeRate `json:"ages"`
	// Unseen is how many of the outstanding points are expected to reach an age that
	// nobody has observed, for which Lapse speaks.
	Unseen float64 `json:"unseen"`
}

// EstimateUltimate estimates ultimate redemption rates from the histories of cohorts:
// of the points that are left at an age, those of the next ages are redeemed and
// expire at the rates at which points of that age did, in all cohorts that were old
// enough. Counts are those of real lots; nothing is assumed of points but that later
// cohorts behave as earlier ones. An error wraps [ErrInvalid].
//
// Source: the development by age of T. A. Gault, L. Llaguno, M. Ménard, Loyalty
// rewards and gift card programs: basic actuarial estimation techniques (2012), with
// expiry as a competing risk: O. Aalen, S. Johansen, An empirical transition matrix
// (1978).
func EstimateUltimate(cohorts []PointDevelopment, o *UltimateOptions) (UltimateEstimate, error) {
	if o == nil {
		o = &UltimateOptions{}
	}
	var problems Problems
	if !(o.Lapse >= 0 && o.Lapse <= 1) {
		problems.Add("lapse", "must be a fraction from 0 to 1, is %v", o.Lapse)
	}
	totals := make([]PointCounts, len(cohorts))
	for i, c := range cohorts {
		totals[i] = c.total(&problems, fmt.Sprintf("cohorts[%d]", i))
	}
	if err := problems.Err(); err != nil {
		return UltimateEstimate{}, err
	}
	e := UltimateEstimate{Ages: ageRates(cohorts, o.Partial)}
	future, unseen := e.futures(o.Lapse)
	var issued, ever decimal.Decimal
	for i, c := range cohorts {
		left := float64(totals[i].Outstanding())
		// A last step that was not observed to its end goes on at its own age.
		age := len(c) - 1
		if o.Partial {
			age--
		}
		at := min(age+1, len(future)-1)
		expected := totals[i].expecting(left * future[at])
		e.Expected = append(e.Expected, expected)
		e.Unseen += left * unseen[at]
		issued, ever = issued.Add(count(totals[i].Issued)), ever.Add(expected)
	}
	e.Redemption = Quotient("ultimate_redemption_rate", Fraction, ever, issued).
		As("redeemed, and of the rest what points of each age did in cohorts that were old enough / issued")
	if e.Unseen > 0.5 {
		e.Redemption = e.Redemption.Noted("%s of the outstanding points reach an age that nobody has observed; %s %% of them are taken to lapse", short(e.Unseen, 0), short(100*o.Lapse, 2))
	}
	return e, nil
}

// total adds the steps up, and reports those that no points can have.
func (d PointDevelopment) total(problems *Problems, path string) (sum PointCounts) {
	for i, step := range d {
		at := fmt.Sprintf("%s[%d]", path, i)
		for _, n := range []int64{step.Issued, step.Redeemed, step.Expired} {
			if n > mostPoints>>12 || n < -mostPoints>>12 {
				problems.Add(at, "must be within ±%d", int64(mostPoints>>12))
				return sum
			}
		}
		sum.Issued, sum.Redeemed, sum.Expired = sum.Issued+step.Issued, sum.Redeemed+step.Redeemed, sum.Expired+step.Expired
		if sum.Outstanding() < 0 || sum.Issued < 0 || sum.Redeemed < 0 || sum.Expired < 0 {
			problems.Add(at, "makes %d issued, %d redeemed and %d expired, which no points can have", sum.Issued, sum.Redeemed, sum.Expired)
			return sum
		}
	}
	return sum
}

// ageRates adds up all cohorts at each age.
func ageRates(cohorts []PointDevelopment, partial bool) []AgeRate {
	var ages []AgeRate
	for _, c := range cohorts {
		var left int64
		for age, step := range c {
			if partial && age == len(c)-1 {
				break
			}
			if age == len(ages) {
				ages = append(ages, AgeRate{Age: age})
			}
			a := &ages[age]
			left += step.Issued
			a.Exposed += left
			a.Redeemed += step.Redeemed
			a.Expired += step.Expired
			left -= step.Redeemed + step.Expired
		}
	}
	return ages
}

// futures are, for points that enter each age, the share that will be redeemed from
// then on, and the share that reaches ages beyond all that were observed; the last is
// of those who are there already.
func (e *UltimateEstimate) futures(lapse float64) (redeemed, unseen []float64) {
	n := len(e.Ages)
	redeemed, unseen = make([]float64, n+1), make([]float64, n+1)
	redeemed[n], unseen[n] = 1-lapse, 1
	for i := n - 1; i >= 0; i-- {
		a := &e.Ages[i]
		var now, gone float64
		if a.Exposed > 0 {
			now = max(0, min(1, float64(a.Redeemed)/float64(a.Exposed)))
			gone = max(0, min(1-now, float64(a.Expired)/float64(a.Exposed)))
		}
		redeemed[i] = now + (1-now-gone)*redeemed[i+1]
		unseen[i] = (1 - now - gone) * unseen[i+1]
	}
	return redeemed, unseen
}

// expecting is how many are redeemed in the end where so many more are, within what
// is outstanding.
func (c PointCounts) expecting(more float64) decimal.Decimal {
	const places = 6
	further := decimal.NewFromFloat(more).Round(places)
	return count(c.Redeemed).Add(decimal.Min(decimal.Max(further, decimal.Zero), count(c.Outstanding())))
}
