package kpi

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/shopspring/decimal"
)

// ChurnBasis says who counts as lost and of whom. The same month with 1,000
// customers at the start, 200 new, 1,050 at the end and 130 of those at the start
// lost has a churn of 0.13, 0.1463, 0.125 or 0.15.
type ChurnBasis string

// The bases of churn.
const (
	// LostFromStart is those at the start who are gone, of those at the start: 1
	// minus the set-based retention. It is the default, "".
	LostFromStart ChurnBasis = "lost_from_start"
	// OverAverage is all who left, of the mean of start and end. It may exceed 1.
	OverAverage ChurnBasis = "over_average"
	// OverStartPlusNew is all who left, of all who were there at some time.
	OverStartPlusNew ChurnBasis = "over_start_plus_new"
	// NetOfTotals is 1 − (End − New)/Start: all who left, of those at the start.
	NetOfTotals ChurnBasis = "net_of_totals"
)

// Churn is the share of customers of a contract who left in the period. Where
// leaving is not seen, as in a shop, use [InactiveRate] or the models of kpi/clv,
// and mix them with this in no figure: a churn by the rule of a
// [RetentionAccumulator] says so in its note.
//
// Source: the default is 1 less the rate of [Retention]; the other bases are
// conventions of the trade, which is why each result names its own.
func Churn(c Customers, basis ChurnBasis) (Figure, error) {
	const key = "churn_rate"
	if err := c.Validate(); err != nil {
		return Figure{}, err
	}
	switch basis {
	case LostFromStart, "":
		if c.LostFromStart == nil {
			var problems Problems
			problems.Add("lost_from_start", "is needed for this basis; with totals alone choose %s, %s or %s", NetOfTotals, OverAverage, OverStartPlusNew)
			return Figure{}, problems.Err()
		}
		return c.ruled(Quotient(key, Fraction, count(*c.LostFromStart), count(c.Start)).
			As("lost from start: of those at the start, who are gone at the end").In(c.Period)), nil
	case OverAverage:
		return c.ruled(Quotient(key, Fraction, count(c.Lost()), half(c.Start+c.End)).As("over average: all who left / ((start + end) / 2)").In(c.Period)), nil
	case OverStartPlusNew:
		return c.ruled(Quotient(key, Fraction, count(c.Lost()), count(c.Start+c.New)).As("over start plus new: all who left / (start + new)").In(c.Period)), nil
	case NetOfTotals:
		return ofTotals(key, c.Lost(), c).As("net of totals: 1 − (end − new) / start"), nil
	}
	var problems Problems
	problems.Add("basis", "%q is none of %s", string(basis), strings.Join(
		[]string{string(LostFromStart), string(OverAverage), string(OverStartPlusNew), string(NetOfTotals)}, ", "))
	return Figure{}, problems.Err()
}

// CompoundChurn is the churn of several equal periods in a row, 1 − (1 − c)^k: of a
// monthly churn over 12 months, the annual one. It is not c × k, which can pass 1.
// An interval is carried along.
//
// Source: who is there after k periods has stayed in each, with probability (1 − c)^k
// where periods are alike, as the geometric retention of Fader and Hardie, note 024
// (2012).
func CompoundChurn(churn Figure, periods float64) (Figure, error) {
	var problems Problems
	value, ok := churn.Value()
	if churn.Unit != Fraction || value < 0 || value > 1 {
		problems.Add("churn", "must be a fraction from 0 to 1, is %v in %s", value, churn.Unit)
	}
	if !(periods > 0) || math.IsInf(periods, 0) {
		problems.Add("periods", "must be above 0, such as 12 for the months of a year, is %v", periods)
	}
	if err := problems.Err(); ok && err != nil {
		return Figure{}, err
	}
	const key = "compound_churn_rate"
	convention := fmt.Sprintf("1 − (1 − c)^%s of %s", short(periods, 6), cmp.Or(churn.Convention, churn.Key))
	if !ok {
		return Undefined(key, Fraction, "the churn of one period is undefined: "+churn.Reason()).As(convention).In(churn.Period), nil
	}
	compound := func(c float64) float64 { return -math.Expm1(periods * math.Log1p(-c)) }
	f := Estimate(key, Fraction, compound(value)).As(convention).In(churn.Period)
	if i := churn.Interval; i != nil {
		f = f.With(Interval{Lower: compound(max(i.Lower, 0)), Upper: compound(min(i.Upper, 1)), Level: i.Level, Method: i.Method})
	}
	return f, nil
}

// RecurringRevenue is the recurring revenue of a period, such as a month's
// subscriptions, in one currency.
type RecurringRevenue struct {
	// Start is what recurred at the start; Lost is what of it went, by leaving and by
	// paying less; Expansion is what those who stayed pay more.
	Start, Lost, Expansion decimal.Decimal
	Currency               string
	Period                 Period
}

// RevenueChurnFigures is revenue churn in both its forms.
type RevenueChurnFigures struct {
	// Gross is Lost/Start.
	Gross Figure `json:"gross"`
	// Net is (Lost − Expansion)/Start, below 0 where those who stay pay for more than
	// those who leave.
	Net Figure `json:"net"`
}

// RevenueChurn is the share of recurring revenue that was lost. New customers'
// revenue is in neither form, expansion only in the net one.
//
// Source: a convention of the trade of subscriptions; there is no primary standard.
func RevenueChurn(r RecurringRevenue) (RevenueChurnFigures, error) {
	var problems Problems
	for _, field := range []struct {
		path   string
		amount decimal.Decimal
	}{{"start", r.Start}, {"lost", r.Lost}, {"expansion", r.Expansion}} {
		checkAmount(&problems, field.path, field.amount)
	}
	if len(problems) == 0 && r.Lost.GreaterThan(r.Start) {
		problems.Add("lost", "must be at most start %s, is %s", r.Start, r.Lost)
	}
	if err := problems.Err(); err != nil {
		return RevenueChurnFigures{}, err
	}
	figure := func(key, convention string, amount decimal.Decimal) Figure {
		return Quotient(key, Fraction, amount, r.Start).As(convention).In(r.Period).Priced(r.Currency)
	}
	return RevenueChurnFigures{
		Gross: figure("gross_revenue_churn_rate", "lost / start", r.Lost),
		Net:   figure("net_revenue_churn_rate", "(lost − expansion) / start", r.Lost.Sub(r.Expansion)),
	}, nil
}

// checkAmount reports money that is negative or absurd.
func checkAmount(problems *Problems, path string, amount decimal.Decimal) {
	switch {
	case !inRange(amount):
		problems.Add(path, "must be an amount of at most %d digits", maxExponent)
	case amount.IsNegative():
		problems.Add(path, "must not be negative, is %s", amount)
	}
}
