package loyalty

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

// ErrPrice reports a price that is not the one that the member was shown; see
// [PriceError].
var ErrPrice = errors.New("the price is not the one that was shown")

// PriceError says what something costs and what the command said that it does. It is an
// [ErrPrice]. Ask the member again, with the price of now.
type PriceError struct {
	// What names what is paid for, such as the code of a reward.
	What string
	// Price is what it costs, Shown what the command said. Points of both are in the
	// smallest step of their unit, which has Scale decimals.
	Price rewards.Cost
	Shown rewards.Cost
	Scale int
	// Worth is the money of Currency that points are exchanged for, ShownWorth what the
	// command said; without an exchange Currency is empty.
	Worth      decimal.Decimal
	ShownWorth decimal.Decimal
	Currency   string
}

// Error says both prices.
func (e *PriceError) Error() string {
	const ask = "show the member the price and ask again"
	if e.Currency != "" {
		return fmt.Sprintf("%s gives %s %s for the points, not %s %s: %s", e.What, e.Currency, e.Worth, e.Currency, e.ShownWorth, ask)
	}
	words := func(c rewards.Cost) string { return c.Words(points.Unit{Code: c.Unit, Scale: e.Scale}) }
	price, shown := words(e.Price), words(e.Shown)
	return fmt.Sprintf("%s costs %s, not %s: %s", e.What, price, shown, ask)
}

// Is reports that the error is an ErrPrice.
func (e *PriceError) Is(target error) bool { return target == ErrPrice }

// shown is refused where the price is not the one that the member was shown.
func (r *redeeming) shown(price *rewards.Cost, worth decimal.Decimal) error {
	exchange := r.reward.Exchange != nil
	wrong := &PriceError{What: r.reward.Code, Price: r.state.Price}
	unit, _ := r.tx.rev.Unit(r.state.Price.Unit)
	wrong.Scale = unit.Scale
	switch {
	case exchange && price != nil:
		return invalid("price", "%q has an exchange: say worth", r.reward.Code)
	case !exchange && !worth.IsZero():
		return invalid("worth", "%q has a price: say price", r.reward.Code)
	case exchange && !worth.IsZero() && !worth.Equal(r.state.Money):
		wrong.Shown, wrong.Worth, wrong.ShownWorth, wrong.Currency = r.state.Price, r.state.Money, worth, r.state.Currency
		return wrong
	case price != nil && !price.Equal(r.state.Price):
		wrong.Shown = *price
		return wrong
	default:
		return nil
	}
}

// shownProblems reports what is wrong with a price that a command names.
func shownProblems(price *rewards.Cost, option string, worth decimal.Decimal) points.Problems {
	var problems points.Problems
	if !worth.IsZero() {
		problems = points.ValidateMoney("worth", worth, "", "EUR")
	}
	if price == nil {
		return problems
	}
	if price.Option != "" && price.Option != option {
		problems.Add("price.option", "%q: must be the option", points.Clip(price.Option))
	}
	if price.Unit != "" {
		problems = append(problems, points.ValidateCode("price.unit", price.Unit)...)
	}
	if price.Points < 0 || price.Points > 0 && price.Unit == "" {
		problems.Add("price.points", "%d: must be 0 or more, and of a unit", price.Points)
	}
	if !price.Cash.IsZero() || price.Currency != "" {
		problems = append(problems, points.ValidateMoney("price.cash", price.Cash, "price.currency", price.Currency)...)
	}
	return problems
}
