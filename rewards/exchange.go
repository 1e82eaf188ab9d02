package rewards

import (
	"errors"
	"fmt"
	"math"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
)

// Exchange is what points are worth in money: Points of Unit, in its smallest step and up to
// 10^15, are worth Money of Currency, an ISO 4217 code. All arithmetic is exact; money is
// rounded once, down to Smallest.
type Exchange struct {
	Unit     string          `json:"unit"`
	Points   points.Amount   `json:"points"`
	Money    decimal.Decimal `json:"money"`
	Currency string          `json:"currency"`
	// Smallest is the smallest amount of money, such as 1 where there are no decimals
	// or 0.05; zero is 0.01.
	Smallest decimal.Decimal `json:"smallest,omitzero"`
	// Minimum and Maximum bound the points of one redemption, and Step is what they are
	// a multiple of; zero is no bound, and single points.
	Minimum points.Amount `json:"minimum,omitempty"`
	Maximum points.Amount `json:"maximum,omitempty"`
	Step    points.Amount `json:"step,omitempty"`
	// Share is the part of an order, in percent up to 100, that points can pay; zero is all.
	Share decimal.Decimal `json:"share,omitzero"`
	// Exclude takes out lines of an order: points do not pay for them, and Share is of
	// what is left. Other tenders of the order pay for these lines first. So these lines
	// earn as if no points had paid, and the others as if their part were the whole order.
	Exclude points.Match `json:"exclude,omitzero"`
	// Fraction says what becomes of the last money of an order that no number of points
	// is worth exactly.
	Fraction Fraction `json:"fraction,omitempty"`
}

// Fraction says what becomes of the last money of an order that no number of points is
// worth exactly.
type Fraction string

// What becomes of it.
const (
	// FractionCash leaves it to be paid in money.
	FractionCash Fraction = ""
	// FractionRoundUp takes one step of points more, which then are worth less.
	FractionRoundUp Fraction = "round-up"
	// FractionForgive lets it go, at the shop's expense.
	FractionForgive Fraction = "forgive"
)

// ErrExchange reports points or money that an exchange does not take: its text says which
// it takes.
var ErrExchange = errors.New("rewards: the exchange does not take this")

var hundred = decimal.NewFromInt(100)

// SmallestMoney is the smallest amount of money, of which all amounts are multiples.
func (x *Exchange) SmallestMoney() decimal.Decimal {
	if x.Smallest.IsZero() {
		return decimal.New(1, -2)
	}
	return x.Smallest
}

func (x *Exchange) step() points.Amount { return max(1, x.Step) }

// least is the least number of points that one redemption takes.
func (x *Exchange) least() points.Amount { return x.up(max(1, x.Minimum)) }

// most is the largest number of points, up to an amount, that one redemption takes.
func (x *Exchange) most(amount points.Amount) points.Amount {
	if x.Maximum > 0 {
		amount = min(amount, x.Maximum)
	}
	return amount - amount%x.step()
}

func (x *Exchange) up(amount points.Amount) points.Amount {
	if rest := amount % x.step(); rest > 0 {
		return amount - rest + x.step()
	}
	return amount
}

// Worth is the money that points are worth, rounded down to the smallest amount.
func (x *Exchange) Worth(amount points.Amount) decimal.Decimal {
	value := decimal.NewFromInt(int64(amount)).Mul(x.Money)
	steps, _ := value.QuoRem(decimal.NewFromInt(int64(x.Points)).Mul(x.SmallestMoney()), 0)
	return steps.Mul(x.SmallestMoney())
}

// For is the least number of points, a multiple of Step, that are worth an amount of money
// or more. It is an [ErrExchange] where that is beyond all numbers of points.
func (x *Exchange) For(money decimal.Decimal) (points.Amount, error) {
	needed, rest := money.Mul(decimal.NewFromInt(int64(x.Points))).QuoRem(x.Money, 0)
	if !rest.IsZero() {
		needed = needed.Add(decimal.NewFromInt(1))
	}
	if needed.IsNegative() || needed.GreaterThan(decimal.NewFromInt(math.MaxInt64-int64(x.step()))) {
		return 0, fmt.Errorf("%w: %s %s: %w", ErrExchange, x.Currency, money, points.ErrOverflow)
	}
	return x.up(points.Amount(needed.IntPart())), nil
}

// Check reports, as an [ErrExchange], why points cannot be exchanged: they are below
// Minimum, above Maximum, or no multiple of Step.
func (x *Exchange) Check(amount points.Amount) error {
	var problems points.Problems
	switch {
	case amount < x.least():
		problems.Add("points", "%d: at least %d are exchanged", amount, x.least())
	case x.Maximum > 0 && amount > x.Maximum:
		problems.Add("points", "%d: at most %d are exchanged at once", amount, x.Maximum)
	case amount%x.step() != 0:
		problems.Add("points", "%d: must be a multiple of %d", amount, x.step())
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrExchange, problems)
}

// Payment is a part of an order that is paid with points.
type Payment struct {
	// Points of Unit pay Money of Currency.
	Unit     string          `json:"unit"`
	Points   points.Amount   `json:"points"`
	Money    decimal.Decimal `json:"money"`
	Currency string          `json:"currency"`
	// Rest is what is left to pay in money, Forgiven what the shop lets go.
	Rest     decimal.Decimal `json:"rest"`
	Forgiven decimal.Decimal `json:"forgiven,omitzero"`
}

// Pay says how much of what is due of an order at most so many points pay: the most
// money that they, the share and the bounds allow, with the fewest points that are
// worth it. Where they are too few to exchange, nothing is paid with points. The total
// is what the order comes to as it is charged, and must be a multiple of the smallest
// amount of money.
func (x *Exchange) Pay(total decimal.Decimal, available points.Amount) (Payment, error) {
	pay := Payment{Unit: x.Unit, Currency: x.Currency, Rest: total}
	if total.IsNegative() || !total.Mod(x.SmallestMoney()).IsZero() {
		return pay, fmt.Errorf("%w: total %s is no multiple of %s %s", ErrExchange, total, x.Currency, x.SmallestMoney())
	}
	limit := total
	if !x.Share.IsZero() {
		limit = x.down(total.Mul(x.Share).Div(hundred))
	}
	most, err := x.within(limit, x.most(available))
	if err != nil || most < x.least() || most == 0 {
		return pay, err
	}
	if pay.Money = x.Worth(most); pay.Money.IsZero() {
		return pay, nil
	}
	if pay.Points, err = x.fewest(pay.Money, most); err != nil {
		return pay, err
	}
	pay.Rest = total.Sub(pay.Money)
	if limit.Equal(total) && pay.Rest.IsPositive() && x.Worth(most+x.step()).GreaterThan(pay.Rest.Add(pay.Money)) {
		x.last(&pay, total, most, available)
	}
	return pay, nil
}

// last does with the last fraction of an order as the exchange says.
func (x *Exchange) last(pay *Payment, total decimal.Decimal, most, available points.Amount) {
	switch {
	case x.Fraction == FractionForgive:
		pay.Forgiven, pay.Rest = pay.Rest, decimal.Zero
	case x.Fraction == FractionRoundUp && x.most(available) >= most+x.step():
		pay.Points, pay.Money, pay.Rest = most+x.step(), total, decimal.Zero
	}
}

// within is the most points up to an amount that are not worth more than a limit.
func (x *Exchange) within(limit decimal.Decimal, most points.Amount) (points.Amount, error) {
	over, err := x.For(limit.Add(x.SmallestMoney()))
	if err != nil {
		return most, nil //nolint:nilerr // a limit beyond all points bounds none
	}
	if over <= most {
		return over - x.step(), nil
	}
	return most, nil
}

// fewest is the least number of points with the worth, not below what one exchange
// takes.
func (x *Exchange) fewest(money decimal.Decimal, most points.Amount) (points.Amount, error) {
	needed, err := x.For(money)
	return min(most, max(needed, x.least())), err
}

// down rounds money down to the smallest amount.
func (x *Exchange) down(money decimal.Decimal) decimal.Decimal {
	steps, _ := money.QuoRem(x.SmallestMoney(), 0)
	return steps.Mul(x.SmallestMoney())
}

// Back is what a refund of an order gives back.
type Back struct {
	// Points come back to the member, which were worth Money of the refund; Cash is the
	// rest, in money.
	Points points.Amount   `json:"points"`
	Money  decimal.Decimal `json:"money"`
	Cash   decimal.Decimal `json:"cash"`
}

// Refund splits a refund of an order of a total that was partly paid with points: before
// is what was refunded earlier, refund what is refunded now, both of what the order came
// to, in multiples of the smallest amount of money. Points and money come back in the
// proportion in which they paid, rounded down, and the exact rest with the last of it, so
// that it makes no difference how a refund is split. Nothing comes back of what was
// forgiven.
func (x *Exchange) Refund(paid Payment, total, before, refund decimal.Decimal) (Back, error) {
	after, smallest := before.Add(refund), x.SmallestMoney()
	whole := before.Mod(smallest).IsZero() && refund.Mod(smallest).IsZero()
	if before.IsNegative() || !refund.IsPositive() || after.GreaterThan(total) || !whole {
		return Back{}, fmt.Errorf("%w: a refund of %s after %s of an order of %s", ErrExchange, refund, before, total)
	}
	was, now := x.share(&paid, total, before), x.share(&paid, total, after)
	return Back{Points: now.Points - was.Points, Money: now.Money.Sub(was.Money), Cash: now.Cash.Sub(was.Cash)}, nil
}

// share is the part of a payment that falls on a part of the order: first what was paid
// in money, then what was forgiven of the rest, and the points for what remains. None
// of them falls when the part grows.
func (x *Exchange) share(paid *Payment, total, part decimal.Decimal) Back {
	cash := x.portion(paid.Rest, part, total)
	forgiven := x.portion(paid.Forgiven, part.Sub(cash), total.Sub(paid.Rest))
	amount := paid.Points
	if !part.Equal(total) {
		n, _ := decimal.NewFromInt(int64(paid.Points)).Mul(part).QuoRem(total, 0)
		amount = points.Amount(n.IntPart())
	}
	return Back{Points: amount, Money: part.Sub(cash).Sub(forgiven), Cash: cash}
}

// portion is of × part ÷ whole, rounded down to the smallest amount of money.
func (x *Exchange) portion(of, part, whole decimal.Decimal) decimal.Decimal {
	if whole.IsZero() {
		return of
	}
	steps, _ := of.Mul(part).QuoRem(whole.Mul(x.SmallestMoney()), 0)
	return steps.Mul(x.SmallestMoney())
}
