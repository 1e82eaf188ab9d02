package kpi

import (
	"fmt"
	"math"
)

// Value is what a mean customer brings, all per one period of the caller's choice,
// such as a year.
type Value struct {
	// OrderValue is the mean revenue of an order, Frequency the mean orders of a
	// customer in a period.
	OrderValue, Frequency float64
	// Lifespan is in the same periods. Where it is 0, it is 1/Churn, of a period.
	Lifespan, Churn float64
	// Margin is the gross margin as a fraction, nil where it is not known.
	Margin   *float64
	Currency string
}

// LifetimeFigures is the simple lifetime value in revenue and in margin.
type LifetimeFigures struct {
	Lifespan Figure `json:"lifespan"`
	Revenue  Figure `json:"revenue"`
	// Margin is undefined without a gross margin. It is the one to set against the
	// cost of winning a customer.
	Margin Figure `json:"margin"`
}

// SimpleLifetimeValue is order value × frequency × lifespan, and × gross margin. It
// treats all customers as one, discounts nothing and trusts that the churn never
// changes; kpi/clv predicts it customer by customer.
//
// Source: a convention of the trade. The lifespan of 1/churn is the mean of a geometric
// one: Fader and Hardie, note 024 (2012).
func SimpleLifetimeValue(v Value) (LifetimeFigures, error) {
	if err := v.validate(); err != nil {
		return LifetimeFigures{}, err
	}
	convention := "lifespan as given"
	lifespan := Estimate("customer_lifespan", Periods, v.Lifespan)
	if v.Lifespan == 0 {
		convention = "lifespan is 1 / churn"
		lifespan = Undefined("customer_lifespan", Periods, "the churn is 0, so no customer ever leaves")
		if v.Churn > 0 {
			lifespan = Estimate("customer_lifespan", Periods, 1/v.Churn)
		}
	}
	out := LifetimeFigures{Lifespan: lifespan.As(convention)}
	const revenueKey, marginKey = "lifetime_revenue", "lifetime_margin"
	out.Revenue, out.Margin = Undefined(revenueKey, Money, lifespan.Reason()), Undefined(marginKey, Money, lifespan.Reason())
	if life, ok := lifespan.Value(); ok {
		revenue := v.OrderValue * v.Frequency * life
		out.Revenue = Estimate(revenueKey, Money, revenue)
		out.Margin = Undefined(marginKey, Money, "the gross margin is not known")
		if v.Margin != nil {
			out.Margin = Estimate(marginKey, Money, revenue**v.Margin)
		}
	}
	out.Revenue = out.Revenue.As("order value × frequency × lifespan; " + convention).Priced(v.Currency)
	out.Margin = out.Margin.As("order value × frequency × lifespan × gross margin; " + convention).Priced(v.Currency)
	return out, nil
}

func (v Value) validate() error {
	var problems Problems
	for _, field := range []struct {
		path  string
		value float64
	}{{"order_value", v.OrderValue}, {"frequency", v.Frequency}, {"lifespan", v.Lifespan}, {"churn", v.Churn}} {
		if !(field.value >= 0) || math.IsInf(field.value, 0) {
			problems.Add(field.path, "must be a number that is not negative, is %v", field.value)
		}
	}
	if v.Churn > 1 {
		problems.Add("churn", "must be at most 1, is %v", v.Churn)
	}
	if v.Lifespan > 0 && v.Churn > 0 {
		problems.Add("churn", "must be left out where the lifespan is given")
	}
	if v.Margin != nil && !(math.Abs(*v.Margin) <= 1) {
		problems.Add("margin", "must be a fraction from -1 to 1, is %v", *v.Margin)
	}
	return problems.Err()
}

// PerpetuityForm says when the payments of a contract fall. The forms differ by a
// payment or by a period's discount, so there is no default.
type PerpetuityForm string

// The forms of a perpetuity, by their equations in Fader and Hardie.
const (
	// FirstPaymentAtStart values a new customer who pays at once: m(1+d)/(1+d−r).
	FirstPaymentAtStart PerpetuityForm = "first_payment_at_start"
	// FirstPaymentExcluded leaves that payment out, as for a customer who was just
	// won by it: mr/(1+d−r).
	FirstPaymentExcluded PerpetuityForm = "first_payment_excluded"
	// PaidAtPeriodEnd has every payment, the first too, at the end of its period:
	// m/(1+d−r).
	PaidAtPeriodEnd PerpetuityForm = "paid_at_period_end"
)

// Perpetuity is the discounted margin of a customer who pays m each period, stays
// with a constant retention r and is valued with a discount rate d of a period.
//
// Source: P. S. Fader and B. G. S. Hardie, Reconciling and clarifying CLV formulas,
// note 024 (2012), equations 1 to 3.
func Perpetuity(form PerpetuityForm, margin, retention, discount float64) (Figure, error) {
	var problems Problems
	if math.IsNaN(margin) || math.IsInf(margin, 0) {
		problems.Add("margin", "must be a number, is %v", margin)
	}
	if !(retention >= 0 && retention <= 1) {
		problems.Add("retention", "must be from 0 to 1, is %v", retention)
	}
	if !(discount >= 0) || math.IsInf(discount, 0) {
		problems.Add("discount", "must not be negative, is %v", discount)
	}
	numerator := map[PerpetuityForm]float64{FirstPaymentAtStart: 1 + discount, FirstPaymentExcluded: retention, PaidAtPeriodEnd: 1}
	times, known := numerator[form]
	if !known {
		problems.Add("form", "%q is none of %s, %s, %s: choose one", string(form), FirstPaymentAtStart, FirstPaymentExcluded, PaidAtPeriodEnd)
	}
	if err := problems.Err(); err != nil {
		return Figure{}, err
	}
	const key = "perpetuity_value"
	convention := fmt.Sprintf("%s, retention %v, discount %v a period", form, retention, discount)
	if retention == 1 && discount == 0 {
		return Undefined(key, Money, "nobody leaves and nothing is discounted, so it grows without bound").As(convention), nil
	}
	return Estimate(key, Money, margin*times/(discount+(1-retention))).As(convention), nil
}
