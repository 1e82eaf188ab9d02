package enginetest

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

// checkout lets points pay at the checkout: all of an order, half of it, some, or all but
// its mugs, and the last cent in each of the ways that there are.
func checkout(p *loyalty.Program) {
	exchange := func(code, unit string, n points.Amount, worth, currency string) rewards.Reward {
		return rewards.Reward{Code: code, Type: rewards.TypeCashBack, Exchange: &rewards.Exchange{
			Unit: unit, Points: n, Money: money(worth), Currency: currency,
		}}
	}
	all, coins := exchange("all", "crumb", 7, "0.10", "EUR"), exchange("coins", "crumb", 1, "0.04", "EUR")
	half, some := exchange("half", "bean", 3, "0.40", "USD"), exchange("some", "leaf", 40, "0.10", "EUR")
	all.Exchange.Minimum, all.Exchange.Fraction = 5, rewards.FractionForgive
	coins.Exchange.Fraction = rewards.FractionRoundUp
	half.Exchange.Share, half.Exchange.Step = money("50"), 2
	some.Exchange.Maximum = 90
	plain := exchange("plain", "crumb", 3, "0.10", "EUR")
	plain.Exchange.Exclude, plain.Exchange.Share = points.Match{Items: []string{"mug"}}, money("90")
	p.Catalog = rewards.Catalog{all, coins, half, some, plain}
}

// sold is an order of which points paid a part. Money counts cents.
type sold struct {
	unit      string
	points    points.Amount
	paidMoney int64
	currency  string
	// due is what points, money and the shop's grace came up for, of the total.
	due, total     int64
	rest, forgiven int64
	refunded       int64
	// without is what points did not pay for.
	without withoutPoints
	// before is what had come back of the unit on the order before points paid.
	before points.Amount
}

// withoutPoints is the lines of an order at the places, for which points do not pay, of
// which money paid due.
type withoutPoints struct {
	lines                []int
	due, total, refunded int64
}

// paying is what the command that runs paid with points.
type paying struct {
	unit string
	n    points.Amount
}

// till is an order with its payment, as a member asks for it.
func (g *generator) till() loyalty.Command {
	cmd := g.earn().(loyalty.Earn)
	total := cmd.Order.Shipping
	for i := range cmd.Order.Lines {
		line := &cmd.Order.Lines[i]
		if g.pick("taxed", 3) == 0 {
			line.Tax = line.Amount.Mul(money("0.2")).Round(2)
		}
		total = total.Add(line.Amount).Add(line.Tax)
	}
	if g.pick("gift card", 4) == 0 {
		cmd.Order.Tenders = []points.Tender{{Kind: points.GiftCardTender, Amount: decimal.Min(total, money("7.77"))}}
	}
	ways := []string{"half", "half", "half", "all", "gold"}
	if cmd.Order.Currency == "EUR" {
		ways = []string{"all", "all", "all", "coins", "coins", "some", "half", "plain", "plain", "plain"}
	}
	cmd.Pay = &loyalty.PayPoints{Reward: oneOf(g.pick, "reward", ways...)}
	if g.pick("so many", 3) == 0 {
		cmd.Pay.Points = g.amount()
	}
	if g.pick("shown", 12) == 0 {
		cmd.Pay.Worth = money(oneOf(g.pick, "worth", "0.17", "1", "3.33"))
	}
	return cmd
}

// payAt takes the points that pay for a part of an order, and returns the order with what
// they paid.
func (m *model) payAt(p *person, c loyalty.Earn) (points.Order, error) {
	order := c.Order
	i := slices.IndexFunc(m.program.Catalog, func(r rewards.Reward) bool { return r.Code == c.Pay.Reward })
	if i < 0 {
		return order, loyalty.ErrUnknownReward
	}
	x := m.program.Catalog[i].Exchange
	if x.Currency != order.Currency {
		return order, loyalty.ErrInvalid
	}
	if err := p.mayRedeem(); err != nil {
		return order, err
	}
	s := sold{unit: x.Unit, currency: x.Currency, total: cents(order.Shipping.Add(order.Fees))}
	for i, line := range order.Lines {
		if of := cents(line.Amount.Add(line.Tax)); slices.Contains(x.Exclude.Items, line.Item) {
			s.without.lines = append(s.without.lines, i)
			s.without.total += of
		} else {
			s.total += of
		}
	}
	s.due, s.without.due = s.total, s.without.total
	for _, tender := range order.Tenders {
		first := min(s.without.due, cents(tender.Amount))
		s.without.due -= first
		s.due -= cents(tender.Amount) - first
	}
	most := c.Pay.Points
	if most == 0 {
		most = p.balance(x.Unit).Available
	}
	s.pay(x, most)
	switch {
	case s.points == 0 && c.Pay.Points > 0:
		return order, loyalty.ErrInvalid
	case !c.Pay.Worth.IsZero() && cents(c.Pay.Worth) != s.paidMoney:
		return order, loyalty.ErrPrice
	}
	m.payment = fmt.Sprintf("%d %s for %d %s, rest %d, forgiven %d", s.points, s.unit, s.paidMoney, s.currency, s.rest+s.without.due, s.forgiven)
	if s.points == 0 {
		return order, nil
	}
	parts, err := m.take(p, x.Unit, s.points, points.Redeemed)
	if err != nil {
		return order, err
	}
	m.paid = paying{unit: x.Unit, n: s.points}
	tender := m.newTender(p, order.ID)
	for _, t := range p.tenders[tender] {
		if t.unit == x.Unit {
			s.before += t.back
		}
	}
	p.pay(tender, x.Unit, parts, m.via())
	p.sales[tender] = s
	order.Tenders = append(slices.Clip(order.Tenders), points.Tender{Kind: points.PointsTender, Amount: decimal.New(s.paidMoney+s.forgiven, -2), Exclude: x.Exclude})
	return order, nil
}

// pay tries every number of points up to the most: the one that pays the most money, and
// of those the least.
func (s *sold) pay(x *rewards.Exchange, most points.Amount) {
	worth := func(n points.Amount) int64 { return int64(n) * cents(x.Money) / int64(x.Points) }
	limit := s.due
	if !x.Share.IsZero() {
		limit = s.due * x.Share.IntPart() / 100
	}
	if x.Maximum > 0 {
		most = min(most, x.Maximum)
	}
	step, last := max(1, x.Step), points.Amount(0)
	s.rest = s.due
	for n := step; n <= most && worth(n) <= limit; n += step {
		if last = n; n >= x.Minimum && worth(n) > s.paidMoney {
			s.points, s.paidMoney = n, worth(n)
		}
	}
	s.rest -= s.paidMoney
	if last < max(x.Minimum, step) || limit < s.due || s.rest == 0 || worth(last+step) <= s.due {
		return
	}
	switch {
	case x.Fraction == rewards.FractionForgive:
		s.forgiven, s.rest = s.rest, 0
	case x.Fraction == rewards.FractionRoundUp && last+step <= most:
		s.points, s.paidMoney, s.rest = last+step, s.due, 0
	}
}

// split says what a refund gives back of an order that points paid for: of all that was
// refunded so far, less what had come back before. Parts of a cent stay for the next.
func (m *model) split(p *person, tender string, state *points.OrderState) (back points.Amount, said string) {
	s := p.sales[tender]
	rest := s.without
	before, after := s.refunded, refundedCents(state)
	if rest.lines != nil {
		after = partlyRefunded(state, func(i int) bool { return !slices.Contains(rest.lines, i) })
		rest.refunded = partlyRefunded(state, func(i int) bool { return slices.Contains(rest.lines, i) })
	}
	if after <= before && rest.refunded <= s.without.refunded {
		return 0, ""
	}
	was, is := s.upTo(before), s.upTo(after)
	for part, at := range map[*parted]int64{&was: s.without.refunded, &is: rest.refunded} {
		cash := dueOf(rest.due, at, rest.total)
		part.inMoney += cash
		part.toCards += at - cash
	}
	s.refunded, s.without = after, rest
	p.sales[tender] = s
	back = s.before
	for _, t := range p.tenders[tender] {
		if t.unit == s.unit {
			back -= t.back
		}
	}
	said = fmt.Sprintf("%d in points, %d in money, %d to gift cards, %s", is.inPoints-was.inPoints, is.inMoney-was.inMoney, is.toCards-was.toCards, s.currency)
	return max(0, back+is.points), said
}

// parted is how a part of an order was paid, in cents.
type parted struct {
	points                     points.Amount
	inPoints, inMoney, toCards int64
}

// upTo is how a part of an order was paid, rounded down.
func (s sold) upTo(part int64) parted {
	due := dueOf(s.due, part, s.total)
	r := parted{points: s.points * points.Amount(due) / points.Amount(s.due), inMoney: s.rest * due / s.due, toCards: part - due}
	let := s.forgiven * (due - r.inMoney) / (s.due - s.rest)
	r.inPoints = due - r.inMoney - let
	return r
}

// dueOf is what was due of a part of a total, rounded down.
func dueOf(due, part, total int64) int64 {
	if due < total && part < total {
		return due * part / total
	}
	return min(part, due)
}

// partlyRefunded is the money of some lines that was refunded so far, with their tax, and
// with their part of money that named no line: each of what is left of it.
func partlyRefunded(state *points.OrderState, of func(i int) bool) int64 {
	sum, left := new(big.Rat), new(big.Rat)
	rests := make([]*big.Rat, len(state.Lines))
	for i, line := range state.Lines {
		gross := line.Amount.Add(line.Tax).Rat()
		named := new(big.Rat).Mul(gross, big.NewRat(line.RefundedQuantity, max(1, line.Quantity)))
		if !line.Refunded.IsZero() {
			named.Add(named, new(big.Rat).Mul(gross, new(big.Rat).Quo(line.Refunded.Rat(), line.Amount.Rat())))
		}
		rests[i] = gross.Sub(gross, named)
		left.Add(left, rests[i])
		if of(i) {
			sum.Add(sum, named)
		}
	}
	unnamed := state.Refunded.Rat()
	if state.Full || unnamed.Cmp(left) > 0 {
		unnamed = left
	}
	if left.Sign() > 0 {
		for i, rest := range rests {
			if of(i) {
				sum.Add(sum, new(big.Rat).Quo(new(big.Rat).Mul(unnamed, rest), left))
			}
		}
	}
	sum.Mul(sum, big.NewRat(100, 1))
	return new(big.Int).Quo(sum.Num(), sum.Denom()).Int64()
}

// refundedCents is the money of an order that was refunded so far, with the tax of its
// lines.
func refundedCents(state *points.OrderState) int64 {
	sum, total := state.Refunded.Rat(), new(big.Rat)
	for _, line := range state.Lines {
		gross := line.Amount.Add(line.Tax).Rat()
		total.Add(total, gross)
		sum.Add(sum, new(big.Rat).Mul(gross, big.NewRat(line.RefundedQuantity, max(1, line.Quantity))))
		if !line.Refunded.IsZero() {
			sum.Add(sum, gross.Mul(gross, new(big.Rat).Quo(line.Refunded.Rat(), line.Amount.Rat())))
		}
	}
	if state.Full || sum.Cmp(total) > 0 {
		sum = total
	}
	sum.Mul(sum, big.NewRat(100, 1))
	return new(big.Int).Quo(sum.Num(), sum.Denom()).Int64()
}

func cents(d decimal.Decimal) int64 { return d.Shift(2).IntPart() }

// comparePayments compares what a receipt says of points that paid and came back.
func comparePayments(cmd loyalty.Command, receipt loyalty.Receipt, want result) error {
	payment, split := "", ""
	if pay := receipt.Payment; pay != nil {
		payment = fmt.Sprintf("%d %s for %d %s, rest %d, forgiven %d", pay.Points, pay.Unit, cents(pay.Money), pay.Currency, cents(pay.Rest), cents(pay.Forgiven))
	}
	if s := receipt.Split; s != nil {
		split = fmt.Sprintf("%d in points, %d in money, %d to gift cards, %s", cents(s.Money), cents(s.Cash), cents(s.GiftCard), s.Currency)
	}
	for _, of := range []struct{ what, have, want string }{
		{"the payment", payment, want.payment}, {"the split", split, want.split}, {"what comes back", text(receipt.PointsBack), text(want.back)},
	} {
		if of.have != of.want {
			return fmt.Errorf("%s: %s is %q, should be %q", show(cmd), of.what, of.have, of.want)
		}
	}
	return nil
}
