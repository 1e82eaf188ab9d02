package liability

import (
	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// Sale is a sale that earned points.
type Sale struct {
	// Price is what the customer paid, Goods the standalone selling price of what was
	// bought: the same unless the sale had a discount of its own.
	Price, Goods decimal.Decimal
	// Points is how many were earned, PointValue what a redeemed one is worth, and
	// Redemption the ultimate redemption rate that is expected, from 0 to 1.
	Points, PointValue, Redemption decimal.Decimal
}

// Allocation is a price split between goods and points. The parts add up to it.
type Allocation struct {
	// Goods is revenue of the sale, Points the contract liability.
	Goods  decimal.Decimal `json:"goods"`
	Points decimal.Decimal `json:"points"`
	// PointsPrice is the standalone selling price of the points, value × points ×
	// expected redemption, not rounded.
	PointsPrice decimal.Decimal `json:"points_price"`
}

// Allocate splits the price of a sale by relative standalone selling prices. The
// points' part is rounded to the step, 0 for 0.01, and the goods have the rest.
//
// Source: IFRS 15, B39 to B43 and 73 to 80, with illustrative example 52; ASC
// 606-10-55-41 to 55-45.
func Allocate(s Sale, step decimal.Decimal) (Allocation, error) {
	var problems kpi.Problems
	step = checkStep(&problems, step)
	checkQuantity(&problems, "price", s.Price)
	checkQuantity(&problems, "goods", s.Goods)
	checkQuantity(&problems, "points", s.Points)
	checkQuantity(&problems, "point_value", s.PointValue)
	checkRate(&problems, "redemption", s.Redemption)
	if err := problems.Err(); err != nil {
		return Allocation{}, err
	}
	a := Allocation{PointsPrice: s.Points.Mul(s.PointValue).Mul(s.Redemption)}
	whole := s.Goods.Add(a.PointsPrice)
	if whole.IsZero() {
		if s.Price.IsPositive() {
			problems.Add("goods", "must be above 0 where the points are worth nothing: there is nothing to split the price %s by", s.Price)
			return Allocation{}, problems.Err()
		}
		return a, nil
	}
	a.Points = portion(s.Price, a.PointsPrice, whole, step)
	a.Goods = s.Price.Sub(a.Points)
	return a, nil
}
