package loyalty

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

// PayPoints pays for a part of an order with points, by the exchange of a reward of the
// catalog: its rate, minimum, step, largest share of an order and what becomes of the last
// fraction. Audience, windows and limits of the reward hold as they do for [Redeem].
type PayPoints struct {
	// Reward is the code of a reward with an exchange in the order's currency.
	Reward string `json:"reward"`
	// Points is how many at most, in the unit's smallest step; no more are taken than
	// pay something. 0 is as many as the member has.
	Points points.Amount `json:"points,omitempty"`
	// Worth is the money of the order that the member was shown that points pay; any
	// other is a [PriceError]. Left out, it is what they pay now, whatever that is.
	Worth decimal.Decimal `json:"worth,omitzero"`
}

// problems reports every problem of the payment of an order.
func (p *PayPoints) problems(order *points.Order) points.Problems {
	var problems points.Problems
	if p == nil {
		return nil
	}
	problems = append(problems, points.ValidateCode("pay.reward", p.Reward)...)
	if p.Points < 0 {
		problems.Add("pay.points", "%d: must not be negative", p.Points)
	}
	if !p.Worth.IsZero() {
		problems = append(problems, points.ValidateMoney("pay.worth", p.Worth, "", "EUR")...)
	}
	for i, tender := range order.Tenders {
		if tender.Kind == points.PointsTender {
			problems.Add(fmt.Sprintf("order.tenders[%d]", i), "pay says what points pay: leave it out")
		}
	}
	return problems
}

// due is what is left to pay of an order, after its tenders.
func due(order *points.Order) decimal.Decimal {
	total := order.Shipping.Add(order.Fees)
	for i := range order.Lines {
		total = total.Add(order.Lines[i].Amount).Add(order.Lines[i].Tax)
	}
	for i := range order.Tenders {
		total = total.Sub(order.Tenders[i].Amount)
	}
	return total
}

// planPayment asks for what paying for an order with points needs.
func (p *Plan) planPayment(revisions []*revision, c *Earn, now time.Time) {
	if c.Pay == nil {
		return
	}
	p.Records = append(p.Records, RecordRef{Kind: tenderKind, ID: c.Order.ID})
	rev := revisionAt(revisions, now)
	reward := rev.reward(c.Pay.Reward)
	if reward == nil || reward.Exchange == nil || c.Order.Validate() != nil {
		return
	}
	p.needReward(revisions, rev, reward, now)
	most, err := reward.Exchange.For(partOf(&c.Order, reward.Exchange).due)
	if err != nil || c.Pay.Points > 0 {
		most = c.Pay.Points
	}
	p.Debits = append(p.Debits, Debit{Unit: reward.Exchange.Unit, Amount: max(0, most)})
}

// saleState is what a tender keeps of an order that was paid by Earn.Pay, so that
// refunds of it are split.
type saleState struct {
	Reward   string           `json:"w"`
	Exchange rewards.Exchange `json:"x"`
	Payment  rewards.Payment  `json:"p"`
	// Due is what points and money paid of what points may pay for, which came to Total.
	Due   decimal.Decimal `json:"d"`
	Total decimal.Decimal `json:"t"`
	// Refunded is the money of that which was refunded so far, and Points are the points
	// that fell on it.
	Refunded decimal.Decimal `json:"r,omitzero"`
	Points   points.Amount   `json:"b,omitempty"`
	// Gone is what came back of the unit on parts that the tender notes no longer, less what
	// had come back before points paid.
	Gone points.Amount `json:"g,omitempty"`
	// Without is what points do not pay for, if anything.
	Without *saleRest `json:"o,omitempty"`
	// Taken and Marks are what the payment took of limits and stock.
	Taken []takenCounter `json:"k,omitempty"`
	Marks []string       `json:"m,omitempty"`
}

// saleRest is what points did not pay for of an order: the lines at the places, of which
// money paid Due.
type saleRest struct {
	Lines    []int           `json:"l"`
	Due      decimal.Decimal `json:"d"`
	Total    decimal.Decimal `json:"t"`
	Refunded decimal.Decimal `json:"r,omitzero"`
}

// parted is an order as points pay for it: what is due of what they may pay for, and the
// rest, if any.
type parted struct {
	due, total decimal.Decimal
	without    *saleRest
}

// partOf parts an order by what an exchange excludes. What is too little to be charged
// falls to the excluded lines.
func partOf(order *points.Order, x *rewards.Exchange) parted {
	b := parted{due: due(order)}
	b.total = b.due
	for i := range order.Tenders {
		b.total = b.total.Add(order.Tenders[i].Amount)
	}
	if x.Exclude.IsZero() {
		return b
	}
	var rest saleRest
	for i := range order.Lines {
		if line := &order.Lines[i]; x.Exclude.Line(*line) {
			rest.Lines = append(rest.Lines, i)
			rest.Total = rest.Total.Add(line.Amount).Add(line.Tax)
		}
	}
	if rest.Lines == nil {
		return b
	}
	smallest := x.SmallestMoney()
	whole, _ := b.total.Sub(rest.Total).QuoRem(smallest, 0)
	paid, all := b.total.Sub(b.due), b.total
	b.total = whole.Mul(smallest)
	rest.Total = all.Sub(b.total)
	rest.Due = rest.Total.Sub(decimal.Min(paid, rest.Total))
	b.due, b.without = b.due.Sub(rest.Due), &rest
	return b
}

// pay says how much of the bill points pay.
func (b *parted) pay(x *rewards.Exchange, most points.Amount) (rewards.Payment, error) {
	if b.without != nil && !b.without.Due.Mod(x.SmallestMoney()).IsZero() {
		return x.Pay(b.due.Add(b.without.Due), most) // which cannot be charged
	}
	return x.Pay(b.due, most)
}

// pay pays a part of the order with points, and returns the order with what they paid.
func (c Earn) pay(ctx context.Context, tx *Tx) (points.Order, error) {
	order := c.Order
	reward := tx.rev.reward(c.Pay.Reward)
	switch {
	case reward == nil:
		return order, fmt.Errorf("%w: %q", ErrUnknownReward, c.Pay.Reward)
	case reward.Exchange == nil || reward.Type != rewards.TypeCashBack:
		return order, invalid("pay.reward", "%q exchanges no points for money", reward.Code)
	case reward.Exchange.Currency != order.Currency:
		return order, invalid("pay.reward", "%q pays %s, the order is in %s", reward.Code, reward.Exchange.Currency, order.Currency)
	}
	if err := tx.CanRedeem(); err != nil {
		return order, err
	}
	r, err := tx.offering(reward, 1)
	if err != nil {
		return order, err
	}
	if err := r.eligible(ctx, order.Channel); err != nil {
		return order, err
	}
	payment, err := c.payment(tx, reward)
	if err != nil || payment.Points == 0 {
		return order, err
	}
	if err := r.take(); err != nil {
		return order, err
	}
	bill := partOf(&order, reward.Exchange)
	sale := &saleState{
		Reward: reward.Code, Exchange: *reward.Exchange, Payment: payment,
		Due: bill.due, Total: bill.total, Without: bill.without, Taken: r.state.Taken,
	}
	if sale.Marks, err = tx.mark(reward, 1); err != nil {
		return order, err
	}
	if err := c.sell(tx, sale); err != nil {
		return order, err
	}
	order.Tenders = append(slices.Clip(order.Tenders), points.Tender{
		Kind: points.PointsTender, Amount: payment.Money.Add(payment.Forgiven), Exclude: reward.Exchange.Exclude,
	})
	return order, nil
}

// spendType is what a payment with points counts as, besides what its command does, for
// limits and as an activity.
const spendType = "spend"

// pays reports whether the command pays for an order with points, beside what it earns.
func (tx *Tx) pays() bool { return tx.receipt.Payment != nil && tx.receipt.Payment.Points > 0 }

// payment decides how many points pay how much of the order.
func (c Earn) payment(tx *Tx, reward *rewards.Reward) (rewards.Payment, error) {
	x := reward.Exchange
	most, err := c.most(tx, x)
	if err != nil {
		return rewards.Payment{}, err
	}
	bill := partOf(&c.Order, x)
	payment, err := bill.pay(x, most)
	switch {
	case err != nil:
		return payment, fmt.Errorf("%w: %w", ErrInvalid, err)
	case payment.Points == 0 && c.Pay.Points > 0:
		return payment, invalid("pay.points", "%d: they are too few to pay any of %s %s", c.Pay.Points, c.Order.Currency, bill.due)
	case !c.Pay.Worth.IsZero() && !c.Pay.Worth.Equal(payment.Money):
		unit, _ := tx.rev.Unit(x.Unit)
		return payment, &PriceError{
			What: reward.Code, Scale: unit.Scale, Price: rewards.Cost{Unit: x.Unit, Points: payment.Points},
			Worth: shortest(payment.Money), ShownWorth: shortest(c.Pay.Worth), Currency: x.Currency,
		}
	}
	payment.Money, payment.Rest, payment.Forgiven = shortest(payment.Money), shortest(payment.Rest), shortest(payment.Forgiven)
	shown := payment
	if bill.without != nil {
		shown.Rest = shortest(shown.Rest.Add(bill.without.Due))
	}
	tx.receipt.Payment = &shown
	return payment, nil
}

// most is how many points may pay: as many as the member says, or has. Where they were
// being gathered, those are had.
func (c Earn) most(tx *Tx, x *rewards.Exchange) (points.Amount, error) {
	balance, most := tx.Balance(x.Unit), c.Pay.Points
	if most == 0 {
		most = balance.Available
	}
	if balance.Held == 0 || tx.quote {
		return most, nil
	}
	if !tx.call.gathered && !c.lacks(x, balance) {
		return most, nil
	}
	state, status, err := tx.gathering(gathering(c.Key))
	if err != nil || status != gatherOpen || state.Unit != x.Unit {
		return most, err
	}
	bill := partOf(&c.Order, x)
	payment, _ := bill.pay(x, cmp.Or(c.Pay.Points, state.Need)) // what cannot be paid is paid by no points
	switch differs := payment.Points != state.Need; {
	case differs && tx.call.gathered:
		tx.call.gathered = false
		return 0, tx.fail(errStale)
	case differs && (payment.Points == 0 || c.Pay.Points == 0):
		return most, nil
	case !tx.call.gathered:
		tx.call.needs = rewards.Cost{Unit: x.Unit, Points: payment.Points}
		return 0, tx.fail(errGather)
	}
	return state.Need, nil
}

// lacks reports whether more points would pay than are available, if those on hold were.
func (c Earn) lacks(x *rewards.Exchange, balance points.Balance) bool {
	total, err := balance.Available.Add(balance.Held)
	if err != nil {
		return true
	}
	if c.Pay.Points > 0 {
		return balance.Available < c.Pay.Points
	}
	bill := partOf(&c.Order, x)
	now, err1 := bill.pay(x, balance.Available)
	then, err2 := bill.pay(x, total)
	return err1 != nil || err2 != nil || now.Points < then.Points
}

// spend is the spend that pays so many points.
func (c Earn) spend(cost rewards.Cost) Spend {
	return Spend{Member: c.Member, Key: c.Key, Unit: cost.Unit, Points: cost.Points, Reference: c.Order.ID, Order: c.Order.ID}
}

// sell takes the points that pay, and notes where they came from.
func (c Earn) sell(tx *Tx, sale *saleState) error {
	needs := rewards.Cost{Unit: sale.Payment.Unit, Points: sale.Payment.Points}
	if tx.call.gathered {
		return tx.sellGathered(c.spend(needs), sale)
	}
	tx.call.needs = needs
	parts, err := tx.debit(needs.Unit, needs.Points, points.Entry{
		Kind: points.EntrySpend, To: points.Redeemed, Reference: c.Order.ID, OccurredAt: tx.occurred,
	})
	if err != nil {
		return err
	}
	return tx.notePaid(c.Order.ID, needs.Unit, parts, len(tx.entries)-len(parts), sale)
}

// RefundSplit is what a refund gives back of an order that was partly paid with points
// by [Earn]: what the points that come back were worth, and the money that the host
// returns. Together they are what is refunded, but for what the shop had let go.
type RefundSplit struct {
	// Money of Currency is what the points were worth that come back, Cash what is
	// returned in money, and GiftCard what goes back to gift cards that the order named.
	Money    decimal.Decimal `json:"money,omitzero"`
	Cash     decimal.Decimal `json:"cash,omitzero"`
	GiftCard decimal.Decimal `json:"giftCard,omitzero"`
	Currency string          `json:"currency"`
}

// split divides a refund of an order in the proportion in which it was paid, and returns
// the points that come back. All is cumulative and rounded down, so that it makes no
// difference how a refund is split.
func (tx *Tx) split(tender *tenderState, order *orderState) ([]PointsBack, error) {
	sale := *tender.Sale
	tender.Sale = &sale
	x := &sale.Exchange
	before := sale.Refunded
	back := RefundSplit{Currency: x.Currency}
	after, moved := sale.refund(&order.OrderState, &back)
	if !moved {
		return nil, nil
	}
	was, is := sale.dueOf(before), sale.dueOf(after)
	back.GiftCard = back.GiftCard.Add(after.Sub(before).Sub(is.Sub(was)))
	target := sale.Points
	if is.GreaterThan(was) {
		share, err := x.Refund(sale.Payment, sale.Due, was, is.Sub(was))
		if err != nil {
			return nil, tx.fail(err)
		}
		back.Money, back.Cash = share.Money, back.Cash.Add(share.Cash)
		target += share.Points
	}
	sale.Points = target
	if is.Equal(sale.Due) {
		taken, marks := sale.Taken, sale.Marks
		sale.Taken, sale.Marks = nil, nil
		if err := tx.untake(sale.Reward, taken, marks, 1); err != nil {
			return nil, err
		}
	}
	back.Money, back.Cash, back.GiftCard = shortest(back.Money), shortest(back.Cash), shortest(back.GiftCard)
	tx.receipt.Split = &back
	target -= sale.Gone + tender.cameBack(x.Unit)
	if target <= 0 {
		return nil, nil
	}
	return []PointsBack{{Unit: x.Unit, Points: target}}, nil
}

// refund books what an order has refunded by now. It adds to a split what of that points
// did not pay for, and returns the money of what they may pay for, and whether any of
// both is new.
func (s *saleState) refund(order *points.OrderState, back *RefundSplit) (decimal.Decimal, bool) {
	smallest, all, rest := s.Exchange.SmallestMoney(), order.AllRefunded(), s.Without
	var payable []int
	if rest != nil {
		for i := range order.Lines {
			if !slices.Contains(rest.Lines, i) {
				payable = append(payable, i)
			}
		}
	}
	before, after := s.Refunded, order.RefundedMoney(smallest, payable...)
	if all {
		after = s.Total
	}
	s.Refunded = after
	if rest == nil {
		return after, after.GreaterThan(before)
	}
	next := *rest
	if next.Refunded = order.RefundedMoney(smallest, rest.Lines...); all {
		next.Refunded = rest.Total
	}
	was, is := portion(rest.Due, rest.Refunded, rest.Total, smallest), portion(rest.Due, next.Refunded, rest.Total, smallest)
	back.Cash, back.GiftCard = is.Sub(was), next.Refunded.Sub(rest.Refunded).Sub(is.Sub(was))
	s.Without = &next
	return after, after.GreaterThan(before) || next.Refunded.GreaterThan(rest.Refunded)
}

// dueOf is the part of what points and money paid that falls on a part of what points
// may pay for.
func (s *saleState) dueOf(part decimal.Decimal) decimal.Decimal {
	return portion(s.Due, part, s.Total, s.Exchange.SmallestMoney())
}

// portion is what falls of what is due on a part of the total, in whole multiples of the
// smallest money.
func portion(due, part, total, smallest decimal.Decimal) decimal.Decimal {
	if part.Equal(total) || due.Equal(total) {
		return decimal.Min(part, due)
	}
	steps, _ := due.Mul(part).QuoRem(total.Mul(smallest), 0)
	return steps.Mul(smallest)
}
