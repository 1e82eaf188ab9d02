package liability

import (
	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// Accrual is a provision for the cost of rewards. It is not the model of IFRS 15,
// and not a figure to add to one of that.
type Accrual struct {
	// Model is "cost accrual, not IFRS 15".
	Model string `json:"model"`
	// FuturePoints is how many points are still expected to be redeemed, Liability
	// what that will cost. Neither is rounded.
	FuturePoints decimal.Decimal `json:"future_points"`
	Liability    decimal.Decimal `json:"liability"`
	Currency     string          `json:"currency,omitempty"`
}

// CostAccrual is the expected future redemptions of cohorts at the cost of a point:
// (rate × issued − redeemed) × cost, where rate is the ultimate redemption rate. A
// rate that the counts refute is an error.
//
// Source: T. A. Gault, L. Llaguno, M. Ménard, Loyalty rewards and gift card
// programs: basic actuarial estimation techniques, Casualty Actuarial Society
// E-Forum (2012).
func CostAccrual(points kpi.PointCounts, rate, costPerPoint decimal.Decimal, currency string) (Accrual, error) {
	ultimate, err := kpi.Ultimate(points, rate)
	var problems kpi.Problems
	checkQuantity(&problems, "cost_per_point", costPerPoint)
	if err != nil {
		return Accrual{}, err
	}
	if err := problems.Err(); err != nil {
		return Accrual{}, err
	}
	future := ultimate.Future.Numerator
	return Accrual{Model: "cost accrual, not IFRS 15", FuturePoints: future, Liability: future.Mul(costPerPoint), Currency: currency}, nil
}
