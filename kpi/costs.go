package kpi

import (
	"github.com/shopspring/decimal"
)

// Spending is what was spent on customers, and how many it won or kept.
type Spending struct {
	Amount    decimal.Decimal
	Customers int64
	Currency  string
	// Period is that of the customers. SpentIn is that of the spending where it is
	// another one: campaigns win customers later. The figure then says that it is
	// lagged.
	Period, SpentIn Period
}

func (s Spending) validate(problems *Problems) {
	checkAmount(problems, "amount", s.Amount)
	checkCount(problems, "customers", s.Customers)
}

func (s Spending) figure(key, convention string, customers int64) Figure {
	f := Quotient(key, Money, s.Amount, count(customers)).As(convention).In(s.Period).Priced(s.Currency)
	if !s.SpentIn.IsZero() && (!s.SpentIn.Start.Equal(s.Period.Start) || !s.SpentIn.End.Equal(s.Period.End)) {
		f = f.Noted("lagged: spent %s", s.SpentIn)
	}
	return f
}

// AcquisitionCost (CAC) is acquisition spending over the new customers.
//
// Source: P. W. Farris, N. T. Bendle, P. E. Pfeifer, D. J. Reibstein, Marketing Metrics,
// 2nd edition (2010), chapter 5.
func AcquisitionCost(s Spending) (Figure, error) {
	var problems Problems
	s.validate(&problems)
	if err := problems.Err(); err != nil {
		return Figure{}, err
	}
	return s.figure("acquisition_cost", "acquisition spending / new customers", s.Customers), nil
}

// RetentionFigures is the cost of keeping customers, in both its forms.
type RetentionFigures struct {
	// PerRetained is over those who were kept, the usual form.
	PerRetained Figure `json:"per_retained"`
	// PerStart is over all who were there at the start, kept or not.
	PerStart Figure `json:"per_start"`
}

// RetentionCost (CRC) is retention spending over the customers who were kept, and
// over those at the start, of whom the former are a part.
//
// Source: P. W. Farris, N. T. Bendle, P. E. Pfeifer, D. J. Reibstein, Marketing Metrics,
// 2nd edition (2010), chapter 5.
func RetentionCost(s Spending, atStart int64) (RetentionFigures, error) {
	var problems Problems
	s.validate(&problems)
	checkShare(&problems, "customers", s.Customers, "at_start", atStart)
	if err := problems.Err(); err != nil {
		return RetentionFigures{}, err
	}
	return RetentionFigures{
		PerRetained: s.figure("retention_cost", "retention spending / retained customers", s.Customers),
		PerStart:    s.figure("retention_cost_per_start", "retention spending / customers at the start", atStart),
	}, nil
}

// CostRatio is the cost of winning a customer over that of keeping one (CAC:CRC), of
// [AcquisitionCost] and [RetentionCost].
func CostRatio(acquisition, retention Figure) (Figure, error) {
	return multiple("acquisition_to_retention_cost", acquisition, retention)
}

// ValueToCost is lifetime value over acquisition cost (LTV:CAC). It takes the value
// in margin, such as [LifetimeFigures].Margin: revenue does not pay for anything. An
// interval of the value is carried along, where the cost is all that was spent and has
// none.
//
// Source: a convention of the trade, of [AcquisitionCost] and the margin of
// [SimpleLifetimeValue].
func ValueToCost(margin, acquisition Figure) (Figure, error) {
	return multiple("lifetime_value_to_acquisition_cost", margin, acquisition)
}

// multiple divides two amounts of money of one currency.
func multiple(key string, of, by Figure) (Figure, error) {
	var problems Problems
	for _, f := range []Figure{of, by} {
		if f.Unit != Money {
			problems.Add(f.Key, "must be an amount of money, is a %s", f.Unit)
		}
	}
	if of.Currency != by.Currency {
		problems.Add("currency", "must be the same, is %q and %q", of.Currency, by.Currency)
	}
	if err := problems.Err(); err != nil {
		return Figure{}, err
	}
	numerator, hasNumerator := of.Value()
	denominator, hasDenominator := by.Value()
	var f Figure
	switch {
	case !hasNumerator:
		f = Undefined(key, Multiple, of.Err().Error())
	case !hasDenominator:
		f = Undefined(key, Multiple, by.Err().Error())
	case denominator == 0:
		f = Undefined(key, Multiple, by.Key+" is 0")
	default:
		f = Estimate(key, Multiple, numerator/denominator)
	}
	f = f.As(of.Key + " / " + by.Key).In(by.Period)
	if i := of.Interval; i != nil && by.Interval == nil && denominator > 0 {
		f = f.With(Interval{Lower: i.Lower / denominator, Upper: i.Upper / denominator, Level: i.Level, Method: i.Method})
	}
	return f, nil
}
