package points

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"
)

// OrderState is what is kept with an order so that refunds take back what it
// earned: its lines, what each earned of each unit, and what was refunded so far.
// Its JSON is short, since one is stored for every order.
type OrderState struct {
	Lines  []LineState  `json:"l"`
	Awards []AwardState `json:"a,omitempty"`
	// Total is the money of the whole order with tax and charges, where that is
	// more than the lines' amounts.
	Total decimal.Decimal `json:"t,omitzero"`
	// Refunded is the money refunded without naming lines.
	Refunded decimal.Decimal `json:"m,omitzero"`
	// Full is set after a full refund.
	Full bool `json:"f,omitempty"`
}

// LineState is a line, or the order's shipping or fees, and what of it was
// refunded.
type LineState struct {
	// ID is empty for the line's number, from 1.
	ID string `json:"i,omitempty"`
	// Quantity is the number of pieces; 0 means 1.
	Quantity int64           `json:"q,omitempty"`
	Amount   decimal.Decimal `json:"m"`
	// Tax comes on top of Amount, and back with the line.
	Tax decimal.Decimal `json:"x,omitzero"`
	// RefundedQuantity and Refunded add up: a line may be refunded by pieces and
	// by money.
	RefundedQuantity int64           `json:"rq,omitempty"`
	Refunded         decimal.Decimal `json:"rm,omitzero"`
}

// AwardState is what an order earned of a unit.
type AwardState struct {
	Unit string `json:"u"`
	// Points has what each line earned.
	Points []Amount `json:"p"`
	// Eligible has the money that counted on each line; it is absent where that
	// is the amount of every line.
	Eligible []decimal.Decimal `json:"e,omitempty"`
	// Taken is what refunds took back so far.
	Taken Amount `json:"k,omitempty"`
}

// Total is what the award came to.
func (a AwardState) Total() Amount {
	var total Amount
	for _, points := range a.Points {
		total += points
	}
	return total
}

// Refund is what a shop refunds of an order: all of it, or lines, or money that
// belongs to no line, or both of these.
type Refund struct {
	// Full refunds everything that is left; Lines and Amount are then empty.
	Full   bool            `json:"full,omitempty"`
	Lines  []RefundLine    `json:"lines,omitempty"`
	Amount decimal.Decimal `json:"amount,omitzero"`
}

// RefundLine is what a shop refunds of a line: pieces or money, or with neither
// all that is left of it.
type RefundLine struct {
	// Line is the line's id or number, "shipping" or "fees".
	Line     string `json:"line"`
	Quantity int64  `json:"quantity,omitempty"`
	// Amount is a part of the line's Amount.
	Amount decimal.Decimal `json:"amount,omitzero"`
}

// ErrRefund reports a refund of more than is left of an order; see [RefundError].
var ErrRefund = errors.New("points: refund of more than is left")

// RefundError says what was left where a refund asked for more. It is an
// [ErrRefund].
type RefundError struct {
	// Line is the line, or empty for the order as a whole.
	Line string
	// QuantityLeft is the number of whole pieces left of the line, AmountLeft the
	// money, rounded down to 6 decimals.
	QuantityLeft int64
	AmountLeft   decimal.Decimal
}

// Error says what is left.
func (e *RefundError) Error() string {
	if e.Line == "" {
		return fmt.Sprintf("%v: %s is left of the order", ErrRefund, e.AmountLeft)
	}
	return fmt.Sprintf("%v: of line %q %d pieces, or money of %s, are left", ErrRefund, e.Line, e.QuantityLeft, e.AmountLeft)
}

// Is reports that the error is an [ErrRefund].
func (e *RefundError) Is(target error) bool { return target == ErrRefund }

// Take is what a refund takes back of a unit.
type Take struct {
	Unit   string `json:"unit"`
	Points Amount `json:"points"`
}

// NewOrderState returns the state of an order that earned the awards that
// [Evaluate] returned for it.
func NewOrderState(order Order, awards []Award) OrderState {
	s := OrderState{Lines: make([]LineState, 0, len(order.Lines)+2)}
	taxed := false
	for i := range order.Lines {
		l := &order.Lines[i]
		s.Lines = append(s.Lines, LineState{ID: l.ID, Quantity: l.Quantity, Amount: l.Amount, Tax: l.Tax})
		taxed = taxed || !l.Tax.IsZero()
	}
	if !order.Shipping.IsZero() {
		s.Lines = append(s.Lines, LineState{ID: ShippingLine, Amount: order.Shipping})
	}
	if !order.Fees.IsZero() {
		s.Lines = append(s.Lines, LineState{ID: FeesLine, Amount: order.Fees})
	}
	if taxed {
		s.Total = order.Shipping.Add(order.Fees)
		for i := range order.Lines {
			s.Total = s.Total.Add(order.Lines[i].Amount).Add(order.Lines[i].Tax)
		}
	}
	index := indexLines(len(s.Lines), s.id)
	s.Awards = make([]AwardState, len(awards))
	for i := range awards {
		s.Awards[i] = s.newAward(&awards[i], index)
	}
	return s
}

func (s *OrderState) newAward(award *Award, index lineIndex) AwardState {
	lines := s.Lines
	a := AwardState{Unit: award.Unit, Points: make([]Amount, len(lines))}
	var space [4]decimal.Decimal
	eligible := append(space[:0], make([]decimal.Decimal, len(lines))...)
	for i := range award.Shares {
		share := &award.Shares[i]
		l := index.find(share.Line, len(lines), s.id)
		if l < 0 {
			continue
		}
		a.Points[l] += share.Points
		if !share.Eligible.IsZero() {
			eligible[l] = share.Eligible
		}
	}
	for l := range lines {
		if !eligible[l].Equal(lines[l].Amount) {
			a.Eligible = slices.Clone(eligible)
			break
		}
	}
	return a
}

// id is the id of a line by which refunds name it.
func (s *OrderState) id(i int) string {
	if id := s.Lines[i].ID; id != "" {
		return id
	}
	return strconv.Itoa(i + 1)
}

// Refund books a refund and returns what it takes back of each award, which may
// be 0, in the order of Awards.
//
// What an order has lost after all its refunds depends on what was refunded
// and not on how it was split. Of a line's points it is the refunded part of the line,
// and of the points of all that is then left the part that money refunded without a
// line is of the eligible money left, together rounded down. When everything is
// refunded, all points are taken. A refund of more than is left is a
// [RefundError] and changes nothing; a full refund of an order that is refunded
// already takes 0.
func (s *OrderState) Refund(r Refund) ([]Take, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	if s.Full && !r.Full {
		return nil, &RefundError{}
	}
	next := *s
	if r.Full {
		next.Full = true
	} else {
		next.Lines = slices.Clone(s.Lines)
		index := indexLines(len(s.Lines), s.id)
		for _, line := range r.Lines {
			if err := next.refundLine(line, index); err != nil {
				return nil, err
			}
		}
		next.Refunded = s.Refunded.Add(r.Amount)
	}
	all := next.Full
	if !all && !next.Refunded.IsZero() {
		left := next.left()
		if left.Sign() < 0 {
			return nil, &RefundError{AmountLeft: roundDown(s.left())}
		}
		all = left.Sign() == 0
	}
	next.Awards = slices.Clone(s.Awards)
	takes := make([]Take, len(next.Awards))
	for i := range next.Awards {
		award := &next.Awards[i]
		target := award.Total()
		if !all {
			target = next.target(award)
		}
		takes[i] = Take{Unit: award.Unit, Points: target - award.Taken}
		award.Taken = target
	}
	*s = next
	return takes, nil
}

// Validate reports every problem of the refund at once, as [Problems].
func (r Refund) Validate() error {
	var p Problems
	p.money("amount", r.Amount)
	switch {
	case r.Full && (len(r.Lines) > 0 || len(p) == 0 && !r.Amount.IsZero()):
		p.Add("full", "a full refund names no lines and no amount")
	case !r.Full && len(r.Lines) == 0 && len(p) == 0 && r.Amount.IsZero():
		p.Add("", "say what is refunded: \"full\", \"lines\" or \"amount\"")
	case len(r.Lines) > 2*MaxLines:
		p.Add("lines", "at most %d lines fit a refund, here are %d", 2*MaxLines, len(r.Lines))
		return p
	}
	for i, line := range r.Lines {
		path := fmt.Sprintf("lines[%d]", i)
		if err := CheckID(line.Line, maxIDBytes); err != nil {
			p.Add(path+".line", "%v", err)
		}
		if line.Quantity < 0 || line.Quantity > MaxQuantity {
			p.Add(path+".quantity", "%d is not a number of pieces from 0 to %d", line.Quantity, MaxQuantity)
		}
		p.money(path+".amount", line.Amount)
		if line.Quantity != 0 && !line.Amount.IsZero() {
			p.Add(path, "give \"quantity\" or \"amount\", not both")
		}
	}
	return p.Err()
}

func (s *OrderState) refundLine(r RefundLine, index lineIndex) error {
	i := index.find(r.Line, len(s.Lines), s.id)
	if i < 0 {
		return &RefundError{Line: r.Line}
	}
	line := &s.Lines[i]
	before := *line
	if r.Quantity == 0 && r.Amount.IsZero() {
		if line.refunded().Cmp(one) >= 0 {
			return &RefundError{Line: r.Line}
		}
		line.RefundedQuantity, line.Refunded = line.pieces(), decimal.Decimal{}
		return nil
	}
	line.RefundedQuantity += r.Quantity
	line.Refunded = line.Refunded.Add(r.Amount)
	if line.refunded().Cmp(one) > 0 {
		return before.tooMuch(r.Line)
	}
	return nil
}

func (l *LineState) pieces() int64 { return max(l.Quantity, 1) }

// refunded is the part of the line that was refunded, 0 to 1.
func (l *LineState) refunded() *big.Rat {
	part := big.NewRat(l.RefundedQuantity, l.pieces())
	switch {
	case l.Refunded.IsZero():
		return part
	case l.Amount.IsZero():
		return two
	default:
		return part.Add(part, new(big.Rat).Quo(l.Refunded.Rat(), l.Amount.Rat()))
	}
}

func (l *LineState) tooMuch(id string) error {
	left := new(big.Rat).Sub(one, l.refunded())
	pieces := new(big.Rat).Mul(left, big.NewRat(l.pieces(), 1))
	return &RefundError{
		Line:         id,
		QuantityLeft: new(big.Int).Quo(pieces.Num(), pieces.Denom()).Int64(),
		AmountLeft:   roundDown(left.Mul(left, l.Amount.Rat())),
	}
}

// left is the money of the order that was not refunded, below 0 where that was
// too much.
func (s *OrderState) left() *big.Rat {
	left, lines := new(big.Rat), new(big.Rat)
	for i := range s.Lines {
		l := &s.Lines[i]
		amount := l.Amount.Rat()
		lines.Add(lines, amount)
		left.Sub(left, new(big.Rat).Mul(amount, l.refunded()))
	}
	if s.Total.IsZero() {
		left.Add(left, lines)
	} else {
		left.Add(left, s.Total.Rat())
	}
	return left.Sub(left, s.Refunded.Rat())
}

// RefundedMoney is the money of the order that was refunded so far: of each line the
// refunded part of its amount and tax, and what was refunded without a line, but no
// more than the order came to, with charges. It is rounded down to a multiple of the
// smallest amount of money, which is above 0.
func (s *OrderState) RefundedMoney(smallest decimal.Decimal) decimal.Decimal {
	sum, total := s.Refunded.Rat(), new(big.Rat)
	for i := range s.Lines {
		l := &s.Lines[i]
		gross := l.Amount.Add(l.Tax).Rat()
		total.Add(total, gross)
		sum.Add(sum, gross.Mul(gross, l.refunded()))
	}
	if s.Full || sum.Cmp(total) > 0 {
		sum = total
	}
	steps := sum.Quo(sum, smallest.Rat())
	return smallest.Mul(decimal.NewFromBigInt(new(big.Int).Quo(steps.Num(), steps.Denom()), 0))
}

// target is how much of an award all refunds so far take back.
func (s *OrderState) target(a *AwardState) Amount {
	target, points, eligible := new(big.Rat), new(big.Rat), new(big.Rat)
	for i := range s.Lines {
		l := &s.Lines[i]
		money := l.Amount
		if a.Eligible != nil {
			money = a.Eligible[i]
		}
		refunded := l.refunded()
		earned := new(big.Rat).SetInt64(int64(a.Points[i]))
		if refunded.Sign() > 0 {
			target.Add(target, new(big.Rat).Mul(earned, refunded))
		}
		if s.Refunded.IsZero() || money.IsZero() {
			continue
		}
		kept := refunded.Sub(one, refunded)
		points.Add(points, earned.Mul(earned, kept))
		eligible.Add(eligible, kept.Mul(kept, money.Rat()))
	}
	if part := s.Refunded.Rat(); eligible.Sign() > 0 {
		if part.Cmp(eligible) > 0 {
			part = eligible
		}
		target.Add(target, points.Mul(points, new(big.Rat).Quo(part, eligible)))
	}
	return Amount(new(big.Int).Quo(target.Num(), target.Denom()).Int64())
}

func roundDown(r *big.Rat) decimal.Decimal {
	n := new(big.Int).Mul(r.Num(), big.NewInt(1_000_000))
	return decimal.NewFromBigInt(n.Quo(n, r.Denom()), -6)
}

var (
	one = big.NewRat(1, 1)
	two = big.NewRat(2, 1)
)
