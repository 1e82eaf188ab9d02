package rewards

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
)

// Price is what a reward costs: points of a unit, money, or both.
type Price struct {
	// Option names a way to pay among which the member chooses, such as "mixed" for
	// points and money; empty is the usual one.
	Option string `json:"option,omitempty"`
	// Unit and Points are how many points, in the unit's smallest step, up to 10^15.
	Unit   string        `json:"unit,omitempty"`
	Points points.Amount `json:"points,omitempty"`
	// Cash of Currency, an ISO 4217 code, is the money beside them. The host takes it.
	Cash     decimal.Decimal `json:"cash,omitzero"`
	Currency string          `json:"currency,omitempty"`
	// Tiers narrows the price to members of one of them, by code or as "ladder/tier", When
	// to a season. A price of some tiers may be nothing at all: to them the reward is free.
	Tiers []string    `json:"tiers,omitempty"`
	When  points.When `json:"when,omitzero"`
}

// Cost is what a reward comes to: the points and the money of a price, for so many as
// are wanted.
type Cost struct {
	Option string `json:"option,omitempty"`
	// Unit and Points are how many points, in the unit's smallest step.
	Unit   string        `json:"unit,omitempty"`
	Points points.Amount `json:"points,omitempty"`
	// Cash of Currency is the money beside them.
	Cash     decimal.Decimal `json:"cash,omitzero"`
	Currency string          `json:"currency,omitempty"`
}

// Cost is what the price comes to for one.
func (p *Price) Cost() Cost {
	return Cost{Option: p.Option, Unit: p.Unit, Points: p.Points, Cash: p.Cash, Currency: p.Currency}
}

// Cost returns what the reward costs under an option, for somebody of the tiers at an
// instant, and whether it is to be had so. Of the prices that apply, those count that
// are narrowed by both tiers and season, else those by one of them, else the plain
// ones; and of these the one with the least points, then the least money.
func (r *Reward) Cost(option string, tiers []string, at time.Time, zone *time.Location) (Cost, bool) {
	var best *Price
	for i := range r.Prices {
		p := &r.Prices[i]
		if p.Option != option || !anyOf(p.Tiers, tiers) || !p.When.Holds(at, zone) {
			continue
		}
		if best == nil || comparePrices(p, best) < 0 {
			best = p
		}
	}
	if best == nil {
		return Cost{Option: option}, len(r.Prices) == 0 && option == "" && r.Exchange == nil
	}
	return best.Cost(), true
}

func comparePrices(a, b *Price) int {
	return cmp.Or(
		cmp.Compare(b.narrow(), a.narrow()), cmp.Compare(a.Points, b.Points), a.Cash.Cmp(b.Cash),
		strings.Compare(a.Unit, b.Unit), strings.Compare(a.Currency, b.Currency),
	)
}

// narrow is by how much a price is narrowed.
func (p *Price) narrow() int {
	n := 0
	if len(p.Tiers) > 0 {
		n++
	}
	if !p.always() {
		n++
	}
	return n
}

func (p *Price) always() bool {
	w := &p.When
	return w.Weekdays == 0 && len(w.Days) == 0 && len(w.Months) == 0 && len(w.Hours) == 0 && w.From.IsZero() && w.Until.IsZero()
}

// Options lists the ways to pay that the reward has, sorted.
func (r *Reward) Options() []string {
	if len(r.Prices) == 0 {
		return []string{""}
	}
	options := make([]string, len(r.Prices))
	for i := range r.Prices {
		options[i] = r.Prices[i].Option
	}
	slices.Sort(options)
	return slices.Compact(options)
}

// Times is the cost of n, 0 or more; what is beyond all numbers of points is a
// points.ErrOverflow.
func (c Cost) Times(n int64) (Cost, error) {
	if n == 1 {
		return c, nil
	}
	total, err := multiply(c.Points, n)
	if err != nil {
		return c, err
	}
	c.Points, c.Cash = total, c.Cash.Mul(decimal.NewFromInt(n))
	return c, nil
}

func multiply(amount points.Amount, n int64) (points.Amount, error) {
	if amount == 0 || n == 0 {
		return 0, nil
	}
	product := amount * points.Amount(n)
	if n < 0 || product/points.Amount(n) != amount || product < 0 {
		return 0, fmt.Errorf("rewards: %d times %d points: %w", n, amount, points.ErrOverflow)
	}
	return product, nil
}

// Equal reports whether two costs are the same points and the same money, by whatever
// option.
func (c Cost) Equal(other Cost) bool {
	samePoints := c.Points == other.Points && (c.Points == 0 || c.Unit == other.Unit)
	sameCash := c.Cash.Equal(other.Cash) && (c.Cash.IsZero() || c.Currency == other.Currency)
	return samePoints && sameCash
}

// Words says a cost with the decimals of its unit, such as "500 bean and EUR 5".
func (c Cost) Words(unit points.Unit) string {
	var parts []string
	if c.Points > 0 {
		parts = append(parts, unit.Format(c.Points)+" "+c.Unit)
	}
	if c.Cash.IsPositive() {
		parts = append(parts, c.Currency+" "+c.Cash.String())
	}
	if len(parts) == 0 {
		return "free"
	}
	return strings.Join(parts, " and ")
}

// anyOf reports whether a list is empty or has one of the values.
func anyOf(list, values []string) bool {
	return len(list) == 0 || slices.ContainsFunc(values, func(v string) bool { return slices.Contains(list, v) })
}
