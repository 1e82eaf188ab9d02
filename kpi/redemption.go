package kpi

import (
	"fmt"
	"math"
	"strings"

	"github.com/shopspring/decimal"
)

// PointCounts counts points in their unit's smallest step. For all but [PeriodFlow]
// they are the points of the same earning cohorts, from their issue until now. The
// zero value counts nothing yet; counts of parts can be merged.
type PointCounts struct {
	// Issued is net of what refunds and corrections took back.
	Issued int64 `json:"issued"`
	// Matured is how many of those issued could have been redeemed until now: issued
	// less what is still pending.
	Matured  int64 `json:"matured"`
	Redeemed int64 `json:"redeemed"`
	Expired  int64 `json:"expired"`
}

// Outstanding is what may still be redeemed: issued less redeemed less expired.
func (c PointCounts) Outstanding() int64 { return c.Issued - c.Redeemed - c.Expired }

// mostPoints keeps sums of counts within an int64.
const mostPoints = math.MaxInt64 / 4

func (c PointCounts) fields() []struct {
	path string
	n    int64
} {
	return []struct {
		path string
		n    int64
	}{{"issued", c.Issued}, {"matured", c.Matured}, {"redeemed", c.Redeemed}, {"expired", c.Expired}}
}

func (c PointCounts) checkRange(problems *Problems) {
	for _, field := range c.fields() {
		checkCount(problems, field.path, field.n)
		if field.n > mostPoints {
			problems.Add(field.path, "must be at most %d", int64(mostPoints))
		}
	}
}

// Validate reports counts that cohorts cannot have.
func (c PointCounts) Validate() error {
	var problems Problems
	c.validate(&problems)
	return problems.Err()
}

func (c PointCounts) validate(problems *Problems) {
	c.checkRange(problems)
	if len(*problems) > 0 {
		return
	}
	checkShare(problems, "matured", c.Matured, "issued", c.Issued)
	if c.Outstanding() < 0 {
		problems.Add("redeemed", "and expired must be at most issued %d together, are %d", c.Issued, c.Redeemed+c.Expired)
	}
}

// Merge adds the counts of other cohorts.
func (c *PointCounts) Merge(other PointCounts) error {
	sum := PointCounts{
		Issued: c.Issued + other.Issued, Matured: c.Matured + other.Matured,
		Redeemed: c.Redeemed + other.Redeemed, Expired: c.Expired + other.Expired,
	}
	var problems Problems
	c.checkRange(&problems)
	other.checkRange(&problems)
	if len(problems) == 0 {
		sum.checkRange(&problems)
	}
	if err := problems.Err(); err != nil {
		return err
	}
	*c = sum
	return nil
}

// MarshalBinary returns the counts' state. The error wraps [ErrInvalid] where one is
// below 0 or too large.
func (c PointCounts) MarshalBinary() ([]byte, error) {
	var problems Problems
	if c.checkRange(&problems); len(problems) > 0 {
		return nil, problems.Err()
	}
	w := newStateWriter("points", "")
	for _, field := range c.fields() {
		w.tally(field.n)
	}
	return w.bytes, nil
}

// UnmarshalBinary replaces the counts by a state. The error is [ErrState] where the
// bytes are no such state, and the counts are as they were.
func (c *PointCounts) UnmarshalBinary(data []byte) error {
	r := newStateReader(data, "points", "")
	read := PointCounts{Issued: r.tally(), Matured: r.tally(), Redeemed: r.tally(), Expired: r.tally()}
	var problems Problems
	read.checkRange(&problems)
	r.valid(problems.Err())
	if err := r.end(); err != nil {
		return err
	}
	*c = read
	return nil
}

// RedemptionBasis says of what points redemption is a share.
type RedemptionBasis string

// The bases of redemption.
const (
	// OfIssued is redeemed over issued, both of the same cohorts.
	OfIssued RedemptionBasis = "of_issued"
	// OfMatured leaves out of the denominator what cannot be redeemed yet.
	OfMatured RedemptionBasis = "of_matured"
	// PeriodFlow is what was redeemed in a period over what was issued in it. The two
	// are different points, so it is no cohort's rate and may exceed 1.
	PeriodFlow RedemptionBasis = "period_flow"
)

// Redemption is the share of points that were redeemed. The basis must be chosen.
//
// Source: T. A. Gault, L. Llaguno, M. Ménard, Loyalty rewards and gift card programs:
// basic actuarial estimation techniques, Casualty Actuarial Society E-Forum (2012).
func Redemption(c PointCounts, basis RedemptionBasis) (Figure, error) {
	const key = "redemption_rate"
	var problems Problems
	switch basis {
	case OfIssued, OfMatured:
		c.validate(&problems)
	case PeriodFlow:
		c.checkRange(&problems)
	default:
		problems.Add("basis", "%q is none of %s", string(basis), strings.Join([]string{string(OfIssued), string(OfMatured), string(PeriodFlow)}, ", "))
	}
	if basis == OfMatured && len(problems) == 0 && c.Redeemed > c.Matured {
		problems.Add("redeemed", "must be at most matured %d, is %d", c.Matured, c.Redeemed)
	}
	if err := problems.Err(); err != nil {
		return Figure{}, err
	}
	redeemed := count(c.Redeemed)
	switch basis {
	case OfMatured:
		return Quotient(key, Fraction, redeemed, count(c.Matured)).As("of matured: redeemed / (issued − not yet redeemable), same cohorts"), nil
	case PeriodFlow:
		return Quotient(key, Fraction, redeemed, count(c.Issued)).As("period flow: redeemed in the period / issued in the period, not a cohort's rate"), nil
	default:
		return Quotient(key, Fraction, redeemed, count(c.Issued)).As("of issued: redeemed / issued, same cohorts"), nil
	}
}

// UltimateFigures is what an ultimate redemption rate says of points.
type UltimateFigures struct {
	// Redemption is the ultimate redemption rate: all that will ever be redeemed
	// over what was issued.
	Redemption Figure `json:"redemption"`
	// Breakage is 1 less that rate.
	Breakage Figure `json:"breakage"`
	// Future is how many points are still expected to be redeemed.
	Future Figure `json:"future"`
	// OfOutstanding is Future over the outstanding points. It is not the ultimate
	// rate: of the points that are left, those that will be redeemed are a different
	// share from those of all points.
	OfOutstanding Figure `json:"of_outstanding"`
}

// Ultimate tells what an ultimate redemption rate (URR) from 0 to 1 means for
// cohorts. A rate that the counts refute already, because more was redeemed or more
// has expired, is an error.
//
// Source: T. A. Gault, L. Llaguno, M. Ménard, Loyalty rewards and gift card
// programs: basic actuarial estimation techniques, Casualty Actuarial Society
// E-Forum (2012).
func Ultimate(c PointCounts, rate decimal.Decimal) (UltimateFigures, error) {
	var problems Problems
	c.validate(&problems)
	checkRate(&problems, "rate", rate)
	if err := problems.Err(); err != nil {
		return UltimateFigures{}, err
	}
	ever := rate.Mul(count(c.Issued))
	switch future := ever.Sub(count(c.Redeemed)); {
	case future.IsNegative():
		problems.Add("rate", "%s of %d points is %s, but %d are redeemed already", rate, c.Issued, ever, c.Redeemed)
	case future.GreaterThan(count(c.Outstanding())):
		problems.Add("rate", "%s of %d points is %s, but with %d expired at most %d can be redeemed", rate, c.Issued, ever, c.Expired, c.Issued-c.Expired)
	}
	if err := problems.Err(); err != nil {
		return UltimateFigures{}, err
	}
	return UltimateOf(c, ever)
}

// UltimateOf is [Ultimate] of an estimate of how many points will have been redeemed
// in the end, such as [EstimateUltimate] makes. An estimate that the counts refute is
// an error.
func UltimateOf(c PointCounts, expected decimal.Decimal) (UltimateFigures, error) {
	var problems Problems
	c.validate(&problems)
	if !inRange(expected) {
		problems.Add("expected", "must be a number of points")
	}
	if err := problems.Err(); err != nil {
		return UltimateFigures{}, err
	}
	issued, future := count(c.Issued), expected.Sub(count(c.Redeemed))
	if future.IsNegative() || future.GreaterThan(count(c.Outstanding())) {
		problems.Add("expected", "must be from %d, the points that are redeemed, to %d, those that have not expired, is %s", c.Redeemed, c.Issued-c.Expired, expected)
		return UltimateFigures{}, problems.Err()
	}
	figure := func(key string, unit Unit, numerator, denominator decimal.Decimal, convention string) Figure {
		return Quotient(key, unit, numerator, denominator).As(convention)
	}
	return UltimateFigures{
		Redemption:    figure("ultimate_redemption_rate", Fraction, expected, issued, "expected redemptions of a lifetime / issued"),
		Breakage:      figure("ultimate_breakage_rate", Fraction, issued.Sub(expected), issued, "1 − ultimate redemption rate"),
		Future:        figure("expected_future_redemptions", Count, future, count(1), "ultimate rate × issued − redeemed"),
		OfOutstanding: figure("expected_redemption_of_outstanding", Fraction, future, count(c.Outstanding()), "(ultimate rate × issued − redeemed) / outstanding"),
	}, nil
}

func checkRate(problems *Problems, path string, rate decimal.Decimal) {
	if !inRange(rate) || rate.IsNegative() || rate.GreaterThan(decimal.NewFromInt(1)) {
		problems.Add(path, "must be a fraction from 0 to 1, is %s", shortDecimal(rate))
	}
}

func shortDecimal(d decimal.Decimal) string {
	if !inRange(d) {
		return fmt.Sprintf("a number with the exponent %d", d.Exponent())
	}
	return d.String()
}
