package keyfigures

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
	"github.com/loyaltykit/loyaltykit/loyalty/figures"
)

// sale is a sale that earns points: its price is split between the goods and them.
type sale struct {
	Price      decimal.Decimal `json:"price"`
	Goods      decimal.Decimal `json:"goods"`
	Points     decimal.Decimal `json:"points"`
	PointValue decimal.Decimal `json:"point_value"`
	Redemption decimal.Decimal `json:"redemption"`
}

// books are the points of a cohort at the end of each period, for what is owed for them.
type books struct {
	Method liability.Method `json:"method"`
	States []bookState      `json:"states"`
}

// bookState is totals until the end of a period: see [liability.State].
type bookState struct {
	Start    string          `json:"start"`
	End      string          `json:"end"`
	Deferred decimal.Decimal `json:"deferred"`
	Issued   decimal.Decimal `json:"issued"`
	Redeemed decimal.Decimal `json:"redeemed"`
	Expired  decimal.Decimal `json:"expired"`
	Expected decimal.Decimal `json:"expected"`
	Remote   decimal.Decimal `json:"remote"`
	Escheat  decimal.Decimal `json:"escheat"`
	Remitted decimal.Decimal `json:"remitted"`
}

// giftCards are what was paid in on gift cards, and what became of it.
type giftCards struct {
	// Since is the date of the first day that counts.
	Since    string           `json:"since"`
	Method   liability.Method `json:"method"`
	Paid     decimal.Decimal  `json:"paid"`
	Redeemed decimal.Decimal  `json:"redeemed"`
	Expired  decimal.Decimal  `json:"expired"`
	Breakage decimal.Decimal  `json:"breakage"`
	Remote   decimal.Decimal  `json:"remote"`
	Escheat  decimal.Decimal  `json:"escheat"`
	Remitted decimal.Decimal  `json:"remitted"`
}

// journal is the entries of the books, of the sale and of what is owed for points.
type journal struct {
	Sale   []liability.Line `json:"sale,omitempty"`
	Points []liability.Line `json:"points,omitempty"`
}

// owes is an amount of the books, as a figure of a period.
func (r *Report) owes(key string, amount decimal.Decimal, period kpi.Period, convention string) {
	r.add(key, r.exact(key, kpi.Money, amount, period).As(convention))
}

// figures splits the price of the sale.
func (s *sale) figures(r *Report) error {
	a, err := liability.Allocate(liability.Sale{Price: s.Price, Goods: s.Goods, Points: s.Points, PointValue: s.PointValue, Redemption: s.Redemption}, decimal.Zero)
	if err != nil {
		return fmt.Errorf("points.sale: %w", err)
	}
	const convention = "price × stand-alone price of the part / stand-alone prices of goods and points, IFRS 15, 76"
	r.add("allocated_to_points", r.exact("", kpi.Money, a.Points, r.period).As(convention))
	r.add("allocated_to_goods", r.exact("", kpi.Money, a.Goods, r.period).As(convention))
	r.add("points_share_of_price", kpi.Quotient("", kpi.Fraction, a.PointsPrice, s.Goods.Add(a.PointsPrice)).In(r.period).
		As("points × value × expected redemption / (stand-alone price of the goods + that)"))
	r.Journal.Sale = a.Journal(r.period, r.currency)
	return nil
}

// figures rolls the books forward.
func (b *books) figures(r *Report) error {
	states := make([]liability.State, len(b.States))
	var errs []error
	for i, s := range b.States {
		start, err := Day(s.Start, r.period.Zone)
		end, endErr := Day(s.End, r.period.Zone)
		errs = append(errs, at(i, "start", err), at(i, "end", endErr))
		states[i] = liability.State{
			Period: kpi.Period{Start: start, End: end, Zone: r.period.Zone}, Deferred: s.Deferred, Issued: s.Issued, Redeemed: s.Redeemed,
			Expired: s.Expired, Expected: s.Expected, Remote: s.Remote, Escheat: s.Escheat, Remitted: s.Remitted,
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	roll, err := liability.RollForward(liability.Policy{Method: b.Method, Currency: r.currency}, states)
	if err != nil {
		return fmt.Errorf("points.books: %w", err)
	}
	r.rolled(&roll, string(b.Method)+", by the states of the costs")
	return nil
}

func at(i int, field string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("points.books.states[%d].%s: %w", i, field, err)
}

// rolled adds what is owed for points in money, and the journal of it.
func (r *Report) rolled(roll *liability.Roll, how string) {
	r.Liability, r.parts.roll = roll, roll
	n := len(roll.Movements)
	if n == 0 {
		return
	}
	last := roll.Movements[n-1]
	r.owes("points_liability", last.Closing, last.Period, "contract liability, IFRS 15 "+how)
	r.owes("points_revenue", last.Recognized, last.Period, "recognized in the last period, IFRS 15 "+how)
	r.owes("points_breakage_revenue", last.Breakage, last.Period, "of that, for points that are not redeemed")
	r.Journal.Points = roll.Journal()
}

// figures are those of the gift cards.
func (g *giftCards) figures(r *Report) error {
	p, err := liability.GiftCards(liability.Policy{Method: g.Method, Currency: r.currency}, liability.Prepaid{
		Paid: g.Paid, Redeemed: g.Redeemed, Expired: g.Expired, Breakage: g.Breakage, Remote: g.Remote, Escheat: g.Escheat, Remitted: g.Remitted,
	})
	if err != nil {
		return fmt.Errorf("gift_cards: %w", err)
	}
	if r.carded, err = r.since("gift_cards.since", g.Since); err != nil {
		return err
	}
	r.cards(&p, "since the first card")
	r.add("gift_card_redemption_rate", kpi.Quotient("", kpi.Fraction, g.Redeemed, g.Paid).As("redeemed / paid in"))
	r.add("gift_card_breakage_rate", kpi.Quotient("", kpi.Fraction, g.Expired, g.Paid).As("expired / paid in"))
	return nil
}

// cards adds what is owed on gift cards, and of which cards that is.
func (r *Report) cards(p *liability.Position, of string) {
	convention := "IFRS 15 " + string(p.Policy.Method) + ", " + of
	r.owes("gift_card_revenue", p.Revenue, r.carded, convention)
	r.owes("gift_card_breakage_revenue", p.Breakage, r.carded, "of the revenue, for value that is not redeemed; "+convention)
	r.owes("gift_card_liability", p.Liability, r.carded, convention)
}

// giftCards adds those of an engine, at their face, with the breakage that what became
// of each month's cards lets expect. Cards of another currency than the log's are an error.
func (r *Report) giftCards(cards *figures.GiftCardReport) error {
	if cards == nil || len(cards.Cohorts) == 0 {
		return nil
	}
	if cards.Currency != r.currency {
		return fmt.Errorf("gift_cards.currency: is %q, must be %q as in the order log", cards.Currency, r.currency)
	}
	roll, err := cards.RollForward(liability.Policy{Method: liability.Proportional, Currency: cards.Currency}, decimal.NewFromInt(1), 0)
	if err != nil {
		return err
	}
	last := roll.Movements[len(roll.Movements)-1]
	p := liability.Position{Policy: roll.Policy, Revenue: last.Cumulative, Liability: last.Closing}
	for _, m := range roll.Movements {
		p.Breakage = p.Breakage.Add(m.Breakage)
	}
	r.carded = cards.Period()
	r.cards(&p, "from the real cards by month of issue, at their face; the points that they were had for are redeemed in points_revenue")
	r.add("gift_card_redemption_rate", cards.Redemption())
	r.add("gift_card_breakage_rate", cards.Breakage())
	return nil
}
