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
	p.money("shipping", o.Shipping)
	p.money("fees", o.Fees)
	switch {
	case len(o.Lines) == 0:
		p.Add("lines", "at least one line is needed")
	case len(o.Lines) > MaxLines:
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
	if l.ID == "" && l.Item == "" && l.Category == "" && l.Tags == nil && l.Quantity == 0 &&
		l.Discount.IsZero() && l.Tax.IsZero() && moneyProblem(l.Amount) == "" {
		return
	}
	path := fmt.Sprintf("lines[%d]", i)
	p.optionalID(path+".id", l.ID)
	p.optionalID(path+".item", l.Item)
	p.optionalID(path+".category", l.Category)
	if len(l.Tags) > maxTags {
		p.Add(path+".tags", "at most %d tags fit a line, here are %d", maxTags, len(l.Tags))
	} else {
		p.texts(path+".tags", l.Tags)
	}
	if l.Quantity < 0 || l.Quantity > MaxQuantity {
		p.Add(path+".quantity", "%d is not a number of pieces from 0 to %d", l.Quantity, MaxQuantity)
	}
	p.money(path+".amount", l.Amount)
	p.money(path+".discount", l.Discount)
	p.money(path+".tax", l.Tax)
}

func (p *Problems) lineIDs(o *Order) {
	seen := make(map[string]string, len(o.Lines)+2)
	if !o.Shipping.IsZero() {
		seen[ShippingLine] = "the order's shipping"
	}
	if !o.Fees.IsZero() {
		seen[FeesLine] = "the order's fees"
	}
	for i := range o.Lines {
		id := lineID(&o.Lines[i], i)
		if other, ok := seen[id]; ok {
			p.Add(fmt.Sprintf("lines[%d].id", i), "%q is already the id of %s", id, other)
			continue
		}
		seen[id] = fmt.Sprintf("lines[%d]", i)
	}
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
	}
	if len(*p) > 0 || len(o.Tenders) == 0 {
		return
	}
	total, paid := o.Shipping.Add(o.Fees), decimal.Decimal{}
	for _, l := range o.Lines {
		total = total.Add(l.Amount).Add(l.Tax)
	}
	for _, tender := range o.Tenders {
		paid = paid.Add(tender.Amount)
	}
	if paid.GreaterThan(total) {
		p.Add("tenders", "add up to %s, which is more than the order's total of %s", paid, total)
	}
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
