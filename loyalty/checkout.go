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
	most, err := reward.Exchange.For(due(&c.Order))
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
	// Due is what points and money paid, of an order that came to Total.
	Due   decimal.Decimal `json:"d"`
	Total decimal.Decimal `json:"t"`
	// Refunded is the money of the order that was refunded so far, and Points are the
	// points that fell on it.
	Refunded decimal.Decimal `json:"r,omitzero"`
	Points   points.Amount   `json:"b,omitempty"`
	// Gone is what came back of the unit on parts that the tender notes no longer, less what
	// had come back before points paid.
	Gone points.Amount `json:"g,omitempty"`
	// Taken and Marks are what the payment took of limits and stock.
	Taken []takenCounter `json:"k,omitempty"`
	Marks []string       `json:"m,omitempty"`
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
	sale := &saleState{Reward: reward.Code, Exchange: *reward.Exchange, Payment: payment, Due: due(&order), Taken: r.state.Taken}
	sale.Total = sale.Due
	for i := range order.Tenders {
		sale.Total = sale.Total.Add(order.Tenders[i].Amount)
	}
	if sale.Marks, err = tx.mark(reward, 1); err != nil {
		return order, err
	}
	if err := c.sell(tx, sale); err != nil {
		return order, err
	}
	order.Tenders = append(slices.Clip(order.Tenders), points.Tender{Kind: points.PointsTender, Amount: payment.Money.Add(payment.Forgiven)})
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
	payment, err := x.Pay(due(&c.Order), most)
	switch {
	case err != nil:
		return payment, fmt.Errorf("%w: %w", ErrInvalid, err)
	case payment.Points == 0 && c.Pay.Points > 0:
		return payment, invalid("pay.points", "%d: they are too few to pay any of %s %s", c.Pay.Points, c.Order.Currency, due(&c.Order))
	case !c.Pay.Worth.IsZero() && !c.Pay.Worth.Equal(payment.Money):
		unit, _ := tx.rev.Unit(x.Unit)
		return payment, &PriceError{
			What: reward.Code, Scale: unit.Scale, Price: rewards.Cost{Unit: x.Unit, Points: payment.Points},
			Worth: shortest(payment.Money), ShownWorth: shortest(c.Pay.Worth), Currency: x.Currency,
		}
	}
	payment.Money, payment.Rest, payment.Forgiven = shortest(payment.Money), shortest(payment.Rest), shortest(payment.Forgiven)
	tx.receipt.Payment = &payment
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
	payment, _ := x.Pay(due(&c.Order), cmp.Or(c.Pay.Points, state.Need)) // what cannot be paid is paid by no points
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
	now, err1 := x.Pay(due(&c.Order), balance.Available)
	then, err2 := x.Pay(due(&c.Order), total)
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
	before, after := sale.Refunded, order.RefundedMoney(x.SmallestMoney())
	if !after.GreaterThan(before) {
		return nil, nil
	}
	was, is := sale.dueOf(before), sale.dueOf(after)
	back := RefundSplit{GiftCard: after.Sub(before).Sub(is.Sub(was)), Currency: x.Currency}
	sale.Refunded = after
	target := sale.Points
	if is.GreaterThan(was) {
		part, err := x.Refund(sale.Payment, sale.Due, was, is.Sub(was))
		if err != nil {
			return nil, tx.fail(err)
		}
		back.Money, back.Cash = part.Money, part.Cash
		target += part.Points
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

// dueOf is the part of what points and money paid that falls on a part of the order.
func (s *saleState) dueOf(part decimal.Decimal) decimal.Decimal {
	if part.Equal(s.Total) || s.Due.Equal(s.Total) {
		return decimal.Min(part, s.Due)
	}
	smallest := s.Exchange.SmallestMoney()
	steps, _ := s.Due.Mul(part).QuoRem(s.Total.Mul(smallest), 0)
	return steps.Mul(smallest)
}
