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
	Full  bool         `json:"full,omitempty"`
	Lines []RefundLine `json:"lines,omitempty"`
	// Amount is a part of what the order came to, with tax and charges, and whatever
	// paid for it. It is not the tax of Lines: a line comes back with its own.
	Amount decimal.Decimal `json:"amount,omitzero"`
}

// RefundLine is what a shop refunds of a line: pieces or money, or with neither
// all that is left of it.
type RefundLine struct {
	// Line is the line's id, or its number from 1 where it has none; [ShippingLine] or
	// [FeesLine].
	Line string `json:"line"`
	// Quantity is how many pieces come back, and Amount how much of the line's Amount in the
	// order's currency, without tax: one of them, or neither.
	Quantity int64           `json:"quantity,omitempty"`
	Amount   decimal.Decimal `json:"amount,omitzero"`
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
	// Unknown is set where the order has no such line.
	Unknown bool
}

// Error says what is left, or that there is no such line.
func (e *RefundError) Error() string {
	if e.Unknown {
		return fmt.Sprintf("points: the order has no line %q: a line goes by its id, or by its number where it has none", Clip(e.Line))
	}
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
	for i := range order.Lines {
		l := &order.Lines[i]
		s.Lines = append(s.Lines, LineState{ID: l.ID, Quantity: l.Quantity, Amount: l.Amount, Tax: l.Tax})
	}
	if !order.Shipping.IsZero() {
		s.Lines = append(s.Lines, LineState{ID: ShippingLine, Amount: order.Shipping})
	}
	if !order.Fees.IsZero() {
		s.Lines = append(s.Lines, LineState{ID: FeesLine, Amount: order.Fees})
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
// What an order has lost after all its refunds depends on what was refunded, and not
// on how it was split or said. Of a line's points it is the refunded part of the line.
// Money without a line is refunded alike of all lines and charges, as far as they are
// left: of 10.00 where 40.00 are left with tax and charges, it is a quarter of each,
// whether a line earned or not and whatever paid for it. The sum is rounded down once.
// When everything is refunded, all points are taken. A refund of more than is left is
// a [RefundError] and changes nothing; a full refund of an order that is refunded
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
	if !next.Full && next.left().Sign() < 0 {
		return nil, &RefundError{AmountLeft: roundDown(s.left())}
	}
	parts := next.parts()
	next.Awards = slices.Clone(s.Awards)
	takes := make([]Take, len(next.Awards))
	for i := range next.Awards {
		award := &next.Awards[i]
		target := max(award.Taken, award.part(parts))
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
		return &RefundError{Line: r.Line, Unknown: true}
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

// gross is what the line came to.
func (l *LineState) gross() *big.Rat { return l.Amount.Add(l.Tax).Rat() }

// unnamed is the money of the order without what was refunded by line.
func (s *OrderState) unnamed() *big.Rat {
	left := new(big.Rat)
	for i := range s.Lines {
		l := &s.Lines[i]
		kept := new(big.Rat).Sub(one, l.refunded())
		left.Add(left, kept.Mul(kept, l.gross()))
	}
	return left
}

// left is the money of the order that was not refunded, below 0 where that was
// too much.
func (s *OrderState) left() *big.Rat {
	left := s.unnamed()
	return left.Sub(left, s.Refunded.Rat())
}

// AllRefunded reports whether nothing is left of the order's money, or a full refund came.
func (s *OrderState) AllRefunded() bool { return s.Full || s.left().Sign() <= 0 }

// parts returns which part of each line was refunded, 0 to 1: by its name, and with
// money that names none.
func (s *OrderState) parts() []*big.Rat {
	rest := new(big.Rat)
	if left := s.unnamed(); s.Full || !s.Refunded.IsZero() && left.Cmp(s.Refunded.Rat()) <= 0 {
		rest.Set(one)
	} else if !s.Refunded.IsZero() {
		rest.Quo(s.Refunded.Rat(), left)
	}
	parts := make([]*big.Rat, len(s.Lines))
	for i := range s.Lines {
		part := s.Lines[i].refunded()
		kept := new(big.Rat).Sub(one, part)
		parts[i] = part.Add(part, kept.Mul(kept, rest))
	}
	return parts
}

// part is how much of the award parts of the lines earned, rounded down.
func (a *AwardState) part(parts []*big.Rat) Amount {
	sum := new(big.Rat)
	for i, part := range parts {
		earned := new(big.Rat).SetInt64(int64(a.Points[i]))
		sum.Add(sum, earned.Mul(earned, part))
	}
	return Amount(new(big.Int).Quo(sum.Num(), sum.Denom()).Int64())
}

// RefundedMoney is the money that was refunded so far of the lines at the places, or of
// all the order where there are none: with tax, and with their part of money that named
// no line. It is rounded down to a multiple of the smallest amount of money, which is
// above 0.
func (s *OrderState) RefundedMoney(smallest decimal.Decimal, places ...int) decimal.Decimal {
	sum := new(big.Rat)
	for i, part := range s.parts() {
		if len(places) == 0 || slices.Contains(places, i) {
			sum.Add(sum, new(big.Rat).Mul(part, s.Lines[i].gross()))
		}
	}
	steps := sum.Quo(sum, smallest.Rat())
	return smallest.Mul(decimal.NewFromBigInt(new(big.Int).Quo(steps.Num(), steps.Denom()), 0))
}

// EligibleLeft is the money of the order that counted for its awards and that refunds
// left: of each line the most that counted for one award, see [Basis], less the part of it
// that was refunded, rounded down to a millionth. It is 0 of an order that earned by no rate.
func (s *OrderState) EligibleLeft() decimal.Decimal {
	sum := new(big.Rat)
	for i, part := range s.parts() {
		var most decimal.Decimal
		for a := range s.Awards {
			counted := s.Lines[i].Amount
			if eligible := s.Awards[a].Eligible; eligible != nil {
				counted = eligible[i]
			}
			most = decimal.Max(most, counted)
		}
		kept := new(big.Rat).Sub(one, part)
		sum.Add(sum, kept.Mul(kept, most.Rat()))
	}
	return roundDown(sum)
}

// roundDown is 0 for what is below it.
func roundDown(r *big.Rat) decimal.Decimal {
	if r.Sign() < 0 {
		return decimal.Decimal{}
	}
	n := new(big.Int).Mul(r.Num(), big.NewInt(1_000_000))
	return decimal.NewFromBigInt(n.Quo(n, r.Denom()), -6)
}

var (
	one = big.NewRat(1, 1)
	two = big.NewRat(2, 1)
)
