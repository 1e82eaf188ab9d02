package clv

import (
	"iter"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// CustomerOf is what the models are fitted to of a customer's summary. Times stay in
// the summary's unit, which is then that of the model.
func CustomerOf(s *kpi.CustomerSummary) Customer {
	return Customer{
		ID: s.Member, Frequency: s.Repeats, Recency: s.Recency, Age: s.Age,
		Monetary: s.Monetary, MonetaryFrequency: s.MonetaryRepeats,
	}
}

// Customers ranges over the customers of summaries, in their order. It allocates
// nothing per customer.
func Customers(s *kpi.Summaries) iter.Seq[Customer] {
	return func(yield func(Customer) bool) {
		for i := range s.Customers {
			if !yield(CustomerOf(&s.Customers[i])) {
				return
			}
		}
	}
}

// Observations ranges over the customers of summaries with what they bought in the
// holdout, for [Evaluate], whose duration is s.HoldoutLength.
func Observations(s *kpi.Summaries) iter.Seq[Observed] {
	return func(yield func(Observed) bool) {
		for i := range s.Customers {
			c := &s.Customers[i]
			if !yield(Observed{Customer: CustomerOf(c), Holdout: c.HoldoutRepeats}) {
				return
			}
		}
	}
}

// OccasionsOf ranges over members as [FitBGBB] reads them, in the periods of a
// [kpi.CohortAccumulator].
func OccasionsOf(members iter.Seq[kpi.MemberOccasions]) iter.Seq[Occasions] {
	return func(yield func(Occasions) bool) {
		for m := range members {
			if !yield(Occasions{ID: m.Member, Frequency: m.Frequency, Last: m.Last, Number: m.Number}) {
				return
			}
		}
	}
}
