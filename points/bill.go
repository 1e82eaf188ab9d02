package points

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// The lines under which the charges of an order show.
const (
	ShippingLine = "shipping"
	FeesLine     = "fees"
)

// tenderPlaces is to how many decimals a tender is spread over lines. Orders
// with finer money use all of maxMoneyDecimals.
const tenderPlaces = 6

// bill is an order in whole numbers: money × 10^scale.
type bill struct {
	currency string
	scale    int
	// step is the number that a spread tender is a multiple of.
	step     uint64
	total    uint128
	points   uint128
	giftCard uint128
	// apart is what the lines come to for which points did not pay.
	apart uint128
}

// billLine is a line, or a charge of the order, which has no source.
type billLine struct {
	source *Line
	id     string
	price  decimal.Decimal
	amount uint128
	before uint128
	tax    uint128
	// apart is set where points did not pay for the line.
	apart bool
}

// newBill returns the bill and appends its lines.
func newBill(order *Order, rules []Rule, lines []billLine) (bill, []billLine, error) {
	b := bill{currency: order.Currency}
	places, ok := orderPlaces(order)
	if !ok {
		if err := order.Validate(); err != nil {
			return bill{}, nil, err
		}
		return bill{}, nil, fmt.Errorf("points: order %q has money out of range", order.ID)
	}
	if len(order.Tenders) > 0 {
		if places > tenderPlaces {
			places = maxMoneyDecimals
		} else {
			places = tenderPlaces
		}
	}
	b.scale = places
	for i := range rules {
		if spend := rules[i].Spend; spend != nil && spend.Currency == order.Currency {
			b.scale = max(b.scale, decimals(spend.Per))
		}
	}
	b.step = pow10(b.scale - places)
	for i := range order.Lines {
		lines = append(lines, newBillLine(&order.Lines[i], i, b.scale))
	}
	lines = appendCharge(lines, ShippingLine, order.Shipping, b.scale)
	lines = appendCharge(lines, FeesLine, order.Fees, b.scale)
	for i := range lines {
		b.total = b.total.add(lines[i].amount).add(lines[i].tax)
	}
	for _, tender := range order.Tenders {
		switch tender.Kind {
		case PointsTender:
			b.points = b.points.add(scaled(tender.Amount, b.scale))
			b.setApart(lines, &tender.Exclude)
		case GiftCardTender:
			b.giftCard = b.giftCard.add(scaled(tender.Amount, b.scale))
		default:
			return bill{}, nil, fmt.Errorf("points: order %q has a tender of unknown kind %q", order.ID, tender.Kind)
		}
	}
	if paid := b.points.add(b.giftCard); paid.cmp(b.total) > 0 {
		return bill{}, nil, fmt.Errorf("points: order %q: tenders of %s are more than its total of %s", order.ID,
			money(paid, b.scale), money(b.total, b.scale))
	}
	if payable := b.total.sub(b.apart); b.points.cmp(payable) > 0 {
		return bill{}, nil, fmt.Errorf("points: order %q: points that pay %s are more than the %s of the lines that they pay for", order.ID,
			money(b.points, b.scale), money(payable, b.scale))
	}
	return b, lines, nil
}

// setApart sets lines apart for which points did not pay.
func (b *bill) setApart(lines []billLine, exclude *Match) {
	if exclude.IsZero() {
		return
	}
	for i := range lines {
		line := &lines[i]
		if line.source != nil && !line.apart && exclude.Line(*line.source) {
			line.apart = true
			b.apart = b.apart.add(line.amount).add(line.tax)
		}
	}
}

func newBillLine(l *Line, i, scale int) billLine {
	line := billLine{source: l, id: lineID(l, i), price: l.Amount, amount: scaled(l.Amount, scale)}
	line.before = line.amount
	if !l.Discount.IsZero() {
		line.before = line.amount.add(scaled(l.Discount, scale))
	}
	if !l.Tax.IsZero() {
		line.tax = scaled(l.Tax, scale)
	}
	return line
}

func appendCharge(lines []billLine, id string, amount decimal.Decimal, scale int) []billLine {
	if amount.IsZero() {
		return lines
	}
	n := scaled(amount, scale)
	return append(lines, billLine{id: id, price: amount, amount: n, before: n})
}

// orderPlaces returns how many decimals the money of an order needs, and whether
// all of it is in range.
func orderPlaces(order *Order) (places int, ok bool) {
	ok = true
	look := func(d decimal.Decimal) {
		if moneyProblem(d) != "" {
			ok = false
			return
		}
		places = max(places, decimals(d))
	}
	look(order.Shipping)
	look(order.Fees)
	for i := range order.Lines {
		l := &order.Lines[i]
		look(l.Amount)
		look(l.Discount)
		look(l.Tax)
	}
	for i := range order.Tenders {
		look(order.Tenders[i].Amount)
	}
	return places, ok
}

// counted is the money of a line under a basis, before tenders.
func (l *billLine) counted(basis *Basis) uint128 {
	if l.source == nil {
		if l.id == ShippingLine && basis.Shipping || l.id == FeesLine && basis.Fees {
			return l.amount
		}
		return uint128{}
	}
	if l.source.StoredValue && !basis.StoredValue {
		return uint128{}
	}
	if !basis.Exclude.IsZero() && basis.Exclude.specificity(l.source) != noMatch {
		return uint128{}
	}
	n := l.amount
	if basis.BeforeDiscounts {
		n = l.before
	}
	if basis.Tax {
		n = n.add(l.tax)
	}
	return n
}

// uncounted is what was paid by tenders that a basis does not count.
func (b *bill) uncounted(basis *Basis) uint128 {
	var n uint128
	if !basis.PointsTender {
		n = n.add(b.points)
	}
	if !basis.GiftCardTender {
		n = n.add(b.giftCard)
	}
	return n
}

// parted is the bill of the lines for which points did not pay, which gift cards pay
// first, or of the others.
func (b *bill) parted(apart bool) bill {
	part := bill{step: b.step, total: b.apart, giftCard: b.giftCard}
	if part.giftCard.cmp(b.apart) > 0 {
		part.giftCard = b.apart
	}
	if !apart {
		part.total, part.points, part.giftCard = b.total.sub(b.apart), b.points, b.giftCard.sub(part.giftCard)
	}
	return part
}

// eligible returns the money of every line under a basis. A tender that does not
// count pays for all of the bill alike, so it lowers the counted money in the
// proportion of the tender to the total; what comes off is spread over the lines
// in steps of 10^-6, the remainder by largest fraction, then by what the lines are.
// Lines for which points did not pay are a bill of their own, which gift cards pay first.
func (b *bill) eligible(lines []billLine, basis *Basis) []uint128 {
	money := make([]uint128, len(lines))
	for i := range lines {
		money[i] = lines[i].counted(basis)
	}
	for _, apart := range []bool{false, true} {
		part := b.parted(apart)
		part.takeOff(money, lines, basis, apart)
	}
	return money
}

// takeOff takes off the counted money of its lines what tenders paid that do not count.
func (b *bill) takeOff(money []uint128, lines []billLine, basis *Basis, apart bool) {
	var counted uint128
	for i := range lines {
		if lines[i].apart == apart {
			counted = counted.add(money[i])
		}
	}
	tender := b.uncounted(basis)
	if tender.isZero() || counted.isZero() {
		return
	}
	step := new(big.Int).SetUint64(b.step)
	off := new(big.Int).Mul(tender.big(), counted.big())
	off.Quo(off, new(big.Int).Mul(b.total.big(), step))
	order := slices.DeleteFunc(byContent(lines), func(i int) bool { return lines[i].apart != apart })
	weights := make([]*big.Int, len(order))
	for i, l := range order {
		weights[i] = money[l].big()
	}
	for i, share := range apportion(off, weights, counted.big()) {
		money[order[i]] = money[order[i]].sub(uint128Of(share.Mul(share, step)))
	}
}

// byContent orders the places of lines by what rules can tell them apart by, so that
// the order in which an order lists its lines makes no difference.
func byContent(lines []billLine) []int {
	order := make([]int, len(lines))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return compareContent(&lines[a], &lines[b]) })
	return order
}

func compareContent(a, b *billLine) int {
	if a.source == nil || b.source == nil {
		switch {
		case a.source != nil:
			return -1
		case b.source != nil:
			return 1
		default:
			return strings.Compare(b.id, a.id)
		}
	}
	stored := func(l *Line) int {
		if l.StoredValue {
			return 1
		}
		return 0
	}
	x, y := a.source, b.source
	return cmp.Or(strings.Compare(x.Item, y.Item), strings.Compare(x.Category, y.Category),
		cmp.Compare(stored(x), stored(y)), slices.Compare(x.Tags, y.Tags),
		a.amount.cmp(b.amount), a.before.cmp(b.before), a.tax.cmp(b.tax))
}
