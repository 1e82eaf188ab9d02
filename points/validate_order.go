package points

import (
	"fmt"

	"github.com/shopspring/decimal"
)

const (
	// MaxLines is how many lines an order has at most.
	MaxLines = 500
	// MaxQuantity is how many pieces a line has at most.
	MaxQuantity = 1_000_000_000
	maxTags     = 64
	maxTenders  = 8
)

// Validate reports every problem of the order at once, as [Problems]. Money is
// not negative, with at most 18 digits before the point and 12 after it; ids are
// unique among lines, shipping and fees.
func (o Order) Validate() error {
	var p Problems
	if err := CheckID(o.ID, maxIDBytes); err != nil {
		p.Add("id", "%v", err)
	}
	if problem := currencyProblem(o.Currency); problem != "" {
		p.Add("currency", "%s", problem)
	}
	p.optionalID("channel", o.Channel)
	p.optionalID("store", o.Store)
	p.money("shipping", o.Shipping)
	p.money("fees", o.Fees)
	if len(o.Lines) == 0 {
		p.Add("lines", "at least one line is needed")
	}
	if len(o.Lines) > MaxLines {
		p.Add("lines", "at most %d lines fit an order, here are %d", MaxLines, len(o.Lines))
		return p
	}
	for i := range o.Lines {
		p.line(i, &o.Lines[i])
	}
	p.lineIDs(&o)
	p.tenders(&o)
	return p.Err()
}

func (p *Problems) line(i int, l *Line) {
	var own Problems
	own.optionalID("id", l.ID)
	own.optionalID("item", l.Item)
	own.optionalID("category", l.Category)
	if len(l.Tags) > maxTags {
		own.Add("tags", "at most %d tags fit a line, here are %d", maxTags, len(l.Tags))
	} else {
		own.texts("tags", l.Tags)
	}
	if l.Quantity < 0 || l.Quantity > MaxQuantity {
		own.Add("quantity", "%d is not a number of pieces from 0 to %d", l.Quantity, MaxQuantity)
	}
	own.money("amount", l.Amount)
	own.money("discount", l.Discount)
	own.money("tax", l.Tax)
	for _, problem := range own {
		p.Add(fmt.Sprintf("lines[%d].%s", i, problem.Path), "%s", problem.Message)
	}
}

func (p *Problems) lineIDs(o *Order) {
	if len(o.Lines) < 2 && o.Shipping.IsZero() && o.Fees.IsZero() {
		return
	}
	idAt := func(i int) string { return lineID(&o.Lines[i], i) }
	index := indexLines(len(o.Lines), idAt)
	for i := range o.Lines {
		id := idAt(i)
		other := ""
		switch first := index.find(id, len(o.Lines), idAt); {
		case first < i:
			other = fmt.Sprintf("lines[%d]", first)
		case id == ShippingLine && !o.Shipping.IsZero(), id == FeesLine && !o.Fees.IsZero():
			other = "the order's " + id
		default:
			continue
		}
		p.Add(fmt.Sprintf("lines[%d].id", i), "%q is already the id of %s", id, other)
	}
}

// lineIndex has the place of the first line with an id, where there are many; few are
// looked through.
type lineIndex map[string]int

// indexLines indexes n lines by what id says of each.
func indexLines(n int, id func(i int) string) lineIndex {
	const few = 16
	if n <= few {
		return nil
	}
	index := make(lineIndex, n)
	for i := range n {
		if _, ok := index[id(i)]; !ok {
			index[id(i)] = i
		}
	}
	return index
}

// find returns the place of the first line with an id, or -1.
func (x lineIndex) find(want string, n int, id func(i int) string) int {
	if x != nil {
		if i, ok := x[want]; ok {
			return i
		}
		return -1
	}
	for i := range n {
		if id(i) == want {
			return i
		}
	}
	return -1
}

func (p *Problems) tenders(o *Order) {
	if len(o.Tenders) > maxTenders {
		p.Add("tenders", "at most %d tenders fit an order, here are %d", maxTenders, len(o.Tenders))
		return
	}
	for i, tender := range o.Tenders {
		path := fmt.Sprintf("tenders[%d]", i)
		if tender.Kind != PointsTender && tender.Kind != GiftCardTender {
			p.Add(path+".kind", "%q is not a tender: say %q or %q", tender.Kind, PointsTender, GiftCardTender)
		}
		p.money(path+".amount", tender.Amount)
		if tender.Exclude.IsZero() {
			continue
		}
		if p.match(path+".exclude", &tender.Exclude); tender.Kind != PointsTender || inPoints(o.Tenders) > 1 {
			p.Add(path+".exclude", "leave it out, but for the only tender in points")
		}
	}
	if len(*p) > 0 || len(o.Tenders) == 0 {
		return
	}
	total, paid := o.Shipping.Add(o.Fees), decimal.Decimal{}
	for _, l := range o.Lines {
		total = total.Add(l.Amount).Add(l.Tax)
	}
	for i, tender := range o.Tenders {
		paid = paid.Add(tender.Amount)
		if payable := o.payable(&tender, total); payable.LessThan(total) && tender.Amount.GreaterThan(payable) {
			p.Add(fmt.Sprintf("tenders[%d].amount", i), "%s is more than the %s of the lines that it pays for", tender.Amount, payable)
		}
	}
	if paid.GreaterThan(total) {
		p.Add("tenders", "add up to %s, which is more than the order's total of %s", paid, total)
	}
}

// inPoints counts the tenders in points.
func inPoints(tenders []Tender) int {
	n := 0
	for i := range tenders {
		if tenders[i].Kind == PointsTender {
			n++
		}
	}
	return n
}

// payable is what the lines come to that a tender may pay for, of an order of a total.
func (o *Order) payable(t *Tender, total decimal.Decimal) decimal.Decimal {
	if !t.Exclude.IsZero() {
		for _, l := range o.Lines {
			if t.Exclude.Line(l) {
				total = total.Sub(l.Amount).Sub(l.Tax)
			}
		}
	}
	return total
}

func (p *Problems) money(path string, d decimal.Decimal) {
	if problem := moneyProblem(d); problem != "" {
		p.Add(path, "%s", problem)
	}
}

func (p *Problems) optionalID(path, id string) {
	if id == "" {
		return
	}
	if err := CheckID(id, maxIDBytes); err != nil {
		p.Add(path, "%v", err)
	}
}

// texts checks a list of items, categories or tags.
func (p *Problems) texts(path string, list []string) {
	for i, text := range list {
		if err := CheckID(text, maxIDBytes); err != nil {
			p.Add(fmt.Sprintf("%s[%d]", path, i), "%v", err)
		}
	}
}
