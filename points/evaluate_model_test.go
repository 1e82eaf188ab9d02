package points_test

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/points"
)

// model is an evaluation of one unit written for clarity, in rationals.
type model struct {
	rules []points.Rule
	order points.Order
	boost *big.Rat
}

func (m model) points() *big.Int {
	exact := map[points.Rounding]*big.Rat{}
	total := new(big.Int)
	for _, base := range m.rules {
		if base.Spend == nil {
			continue
		}
		money := m.eligible(base.Spend.Basis)
		sum := new(big.Rat)
		for i := range money {
			if m.base(i).Code == base.Code {
				sum.Add(sum, money[i])
			}
		}
		for i := range money {
			if m.base(i).Code != base.Code || money[i].Sign() == 0 {
				continue
			}
			earned := new(big.Rat).Quo(money[i], base.Spend.Per.Rat())
			if base.Spend.Grouping == points.WholeGroups {
				groups := new(big.Rat).Quo(sum, base.Spend.Per.Rat())
				whole := new(big.Int).Quo(groups.Num(), groups.Denom())
				earned.Mul(new(big.Rat).SetInt(whole), new(big.Rat).Quo(money[i], sum))
			}
			earned.Mul(earned, new(big.Rat).SetInt64(int64(base.Spend.Points)))
			earned.Mul(earned, m.boost)
			earned.Mul(earned, m.multiplier(i))
			if exact[base.Spend.Rounding] == nil {
				exact[base.Spend.Rounding] = new(big.Rat)
			}
			exact[base.Spend.Rounding].Add(exact[base.Spend.Rounding], earned)
		}
	}
	for rounding, sum := range exact {
		total.Add(total, rounded(sum, rounding))
	}
	for _, rule := range m.rules {
		if rule.Bonus > 0 && slices.ContainsFunc(m.order.Lines, rule.Match.Line) {
			total.Add(total, big.NewInt(int64(rule.Bonus)))
		}
	}
	return total
}

func rounded(r *big.Rat, rounding points.Rounding) *big.Int {
	switch rounding {
	case points.HalfUp:
		return floor(r.Add(r, big.NewRat(1, 2)))
	case points.HalfEven:
		down, up := floor(r), floor(new(big.Rat).Add(r, big.NewRat(1, 2)))
		if r.IsInt() || new(big.Rat).Sub(r, new(big.Rat).SetInt(down)).Cmp(big.NewRat(1, 2)) != 0 || up.Bit(0) == 0 {
			return up
		}
		return down
	case points.Ceil:
		down := floor(r)
		if r.IsInt() {
			return down
		}
		return down.Add(down, big.NewInt(1))
	default:
		return floor(r)
	}
}

func floor(r *big.Rat) *big.Int { return new(big.Int).Quo(r.Num(), r.Denom()) }

// base is the rate of the i-th line; of charges after the last line.
func (m model) base(i int) points.Rule {
	var rates []points.Rule
	for _, rule := range m.rules {
		if rule.Spend != nil && (i < len(m.order.Lines) && rule.Match.Line(m.order.Lines[i]) || rule.Match.IsZero()) {
			rates = append(rates, rule)
		}
	}
	if len(rates) == 0 {
		return points.Rule{}
	}
	narrow := func(r points.Rule) int {
		if i >= len(m.order.Lines) {
			return 0
		}
		line := m.order.Lines[i]
		switch {
		case points.Match{Items: r.Match.Items}.Line(line) && len(r.Match.Items) > 0:
			return 3
		case points.Match{Categories: r.Match.Categories}.Line(line) && len(r.Match.Categories) > 0:
			return 2
		case len(r.Match.Tags) > 0:
			return 1
		}
		return 0
	}
	return slices.MinFunc(rates, func(a, b points.Rule) int {
		return cmp.Or(cmp.Compare(narrow(b), narrow(a)), cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.Code, b.Code))
	})
}

// multiplier is the product over the stacking groups of the best of each.
func (m model) multiplier(i int) *big.Rat {
	groups := map[string][]points.Rule{}
	for _, rule := range m.rules {
		if !rule.Multiply.IsZero() && (i < len(m.order.Lines) && rule.Match.Line(m.order.Lines[i]) || rule.Match.IsZero()) {
			groups[rule.Stack] = append(groups[rule.Stack], rule)
		}
	}
	product := big.NewRat(1, 1)
	for _, rules := range groups {
		best := slices.MinFunc(rules, func(a, b points.Rule) int {
			return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.Code, b.Code))
		})
		product.Mul(product, best.Multiply.Rat())
	}
	return product
}

// eligible is the money of lines, shipping and fees under a basis. Lines for which points
// did not pay are an order of their own, which gift cards pay first.
func (m model) eligible(basis points.Basis) []*big.Rat {
	var apart []int
	var cost decimal.Decimal
	rest := m.order
	rest.Tenders = slices.Clone(rest.Tenders)
	for _, t := range rest.Tenders {
		for i, line := range m.order.Lines {
			if t.Exclude.Line(line) && !t.Exclude.IsZero() {
				apart = append(apart, i)
				cost = cost.Add(line.Amount).Add(line.Tax)
			}
		}
	}
	if apart == nil {
		return m.whole(basis)
	}
	other := points.Order{Lines: slices.Clone(rest.Lines)}
	rest.Lines = slices.Clone(rest.Lines)
	for i := range rest.Lines {
		if slices.Contains(apart, i) {
			rest.Lines[i] = points.Line{}
		} else {
			other.Lines[i] = points.Line{}
		}
	}
	for i := range rest.Tenders {
		if t := &rest.Tenders[i]; t.Kind == points.GiftCardTender {
			paid := decimal.Min(cost, t.Amount)
			cost, t.Amount = cost.Sub(paid), t.Amount.Sub(paid)
			other.Tenders = append(other.Tenders, points.Tender{Kind: t.Kind, Amount: paid})
		}
	}
	money := model{order: rest}.whole(basis)
	for i, n := range (model{order: other}).whole(basis) {
		if slices.Contains(apart, i) {
			money[i] = n
		}
	}
	return money
}

// whole is eligible for an order whose tenders paid for all of it alike.
func (m model) whole(basis points.Basis) []*big.Rat {
	var money []*big.Rat
	total, counted, tender := new(big.Rat), new(big.Rat), new(big.Rat)
	for _, line := range m.order.Lines {
		total.Add(total, line.Amount.Add(line.Tax).Rat())
		n := line.Amount
		if basis.BeforeDiscounts {
			n = n.Add(line.Discount)
		}
		if basis.Tax {
			n = n.Add(line.Tax)
		}
		if line.StoredValue && !basis.StoredValue || !basis.Exclude.IsZero() && basis.Exclude.Line(line) {
			n = decimal.Zero
		}
		money = append(money, n.Rat())
	}
	charge := func(amount decimal.Decimal, counts bool) {
		total.Add(total, amount.Rat())
		if !counts {
			amount = decimal.Zero
		}
		money = append(money, amount.Rat())
	}
	charge(m.order.Shipping, basis.Shipping)
	charge(m.order.Fees, basis.Fees)
	for _, t := range m.order.Tenders {
		if t.Kind == points.PointsTender && !basis.PointsTender || t.Kind == points.GiftCardTender && !basis.GiftCardTender {
			tender.Add(tender, t.Amount.Rat())
		}
	}
	for _, n := range money {
		counted.Add(counted, n)
	}
	if tender.Sign() == 0 || counted.Sign() == 0 {
		return money
	}
	million := big.NewRat(1_000_000, 1)
	part := new(big.Rat).Quo(tender, total)
	left := floor(new(big.Rat).Mul(million, new(big.Rat).Mul(part, counted)))
	off := make([]*big.Int, len(money))
	fractions := make([]*big.Rat, len(money))
	whole := new(big.Rat).SetInt(left)
	for i, n := range money {
		exact := new(big.Rat).Mul(whole, new(big.Rat).Quo(n, counted))
		off[i] = floor(exact)
		fractions[i] = exact.Sub(exact, new(big.Rat).SetInt(off[i]))
		left = new(big.Int).Sub(left, off[i])
	}
	for ; left.Sign() > 0; left.Sub(left, big.NewInt(1)) {
		largest := 0
		for i := range fractions {
			if c := fractions[i].Cmp(fractions[largest]); c > 0 || c == 0 && m.name(i) < m.name(largest) {
				largest = i
			}
		}
		off[largest].Add(off[largest], big.NewInt(1))
		fractions[largest] = new(big.Rat)
	}
	for i := range money {
		money[i] = new(big.Rat).Sub(money[i], new(big.Rat).Quo(new(big.Rat).SetInt(off[i]), million))
	}
	return money
}

// name says all that a line is, so that names sort as lines do; shipping and fees
// come after them.
func (m model) name(i int) string {
	if i >= len(m.order.Lines) {
		return fmt.Sprintf("~%d", i)
	}
	l := m.order.Lines[i]
	figure := func(d decimal.Decimal) string { return fmt.Sprintf("%030s", d.Shift(12).BigInt()) }
	before := l.Amount.Add(l.Discount)
	return strings.Join([]string{l.Item, l.Category, fmt.Sprint(l.StoredValue), strings.Join(l.Tags, "\x01"), figure(l.Amount), figure(before), figure(l.Tax)}, "\x00")
}

func drawMoney(t *rapid.T, label string, most int64) decimal.Decimal {
	return decimal.New(rapid.Int64Range(0, most).Draw(t, label), -int32(rapid.IntRange(0, 4).Draw(t, label+" decimals")))
}

func drawMatch(t *rapid.T) points.Match {
	some := func(values ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(values), 0, 2, rapid.ID[string]).Draw(t, "match")
	}
	switch rapid.IntRange(0, 3).Draw(t, "match by") {
	case 0:
		return points.Match{Items: some("filter", "espresso")}
	case 1:
		return points.Match{Categories: some("coffee", "cake"), Items: some("filter")}
	case 2:
		return points.Match{Tags: some("new", "organic")}
	default:
		return points.Match{}
	}
}

func drawRules(t *rapid.T) []points.Rule {
	rules := make([]points.Rule, rapid.IntRange(1, 8).Draw(t, "rules"))
	for i := range rules {
		rule := points.Rule{Code: "r" + string(rune('a'+i)), Match: drawMatch(t), Priority: rapid.IntRange(-1, 1).Draw(t, "priority")}
		switch rapid.IntRange(0, 3).Draw(t, "kind of rule") {
		case 0:
			rule.Multiply = decimal.New(rapid.Int64Range(1, 40).Draw(t, "multiply"), -1)
			if rapid.IntRange(0, 9).Draw(t, "long multiplier") == 0 {
				rule.Multiply = decimal.New(rapid.Int64Range(1, 999_999_999).Draw(t, "long"), -6)
			}
			rule.Stack = rapid.SampledFrom([]string{"", "", "app", "tuesday", "club"}).Draw(t, "stack")
		case 1:
			rule.Bonus = points.Amount(rapid.Int64Range(1, 60).Draw(t, "bonus"))
		default:
			rule.Spend = &points.SpendRate{
				Points: points.Amount(rapid.Int64Range(1, 200).Draw(t, "points")), Per: drawMoney(t, "per", 500).Add(dec("0.01")), Currency: "EUR",
				Rounding: rapid.SampledFrom([]points.Rounding{points.Floor, points.HalfEven, points.HalfUp, points.Ceil}).Draw(t, "rounding"),
				Grouping: rapid.SampledFrom([]points.Grouping{points.Proportional, points.WholeGroups}).Draw(t, "grouping"),
				Basis:    drawBasis(t),
			}
		}
		rules[i] = rule
	}
	return rules
}

func drawBasis(t *rapid.T) points.Basis {
	set := rapid.Uint8().Draw(t, "basis")
	basis := points.Basis{
		BeforeDiscounts: set&1 > 0, Tax: set&2 > 0, Shipping: set&4 > 0, Fees: set&8 > 0,
		StoredValue: set&16 > 0, PointsTender: set&32 > 0, GiftCardTender: set&64 > 0,
	}
	if set&128 > 0 {
		basis.Exclude = drawMatch(t)
	}
	return basis
}

func drawOrder(t *rapid.T) points.Order {
	o := points.Order{ID: "1001", Currency: "EUR", Shipping: drawMoney(t, "shipping", 5000), Fees: drawMoney(t, "fees", 1000)}
	total := o.Shipping.Add(o.Fees)
	for range rapid.IntRange(1, 6).Draw(t, "lines") {
		l := points.Line{
			Item:     rapid.SampledFrom([]string{"", "filter", "espresso"}).Draw(t, "item"),
			Category: rapid.SampledFrom([]string{"", "coffee", "cake"}).Draw(t, "category"),
			Tags:     rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"new", "organic"}), 0, 2, rapid.ID[string]).Draw(t, "tags"),
			Quantity: rapid.Int64Range(0, 5).Draw(t, "quantity"),
			Amount:   drawMoney(t, "amount", 30000), Discount: drawMoney(t, "discount", 500), Tax: drawMoney(t, "tax", 500),
			StoredValue: rapid.IntRange(0, 5).Draw(t, "stored value") == 0,
		}
		total = total.Add(l.Amount).Add(l.Tax)
		o.Lines = append(o.Lines, l)
	}
	for _, kind := range rapid.SliceOfN(rapid.SampledFrom([]points.TenderKind{points.PointsTender, points.GiftCardTender}), 0, 2).Draw(t, "tenders") {
		part := decimal.New(rapid.Int64Range(0, 50).Draw(t, "percent paid"), -2)
		o.Tenders = append(o.Tenders, points.Tender{Kind: kind, Amount: total.Mul(part).RoundDown(2)})
	}
	drawExclude(t, &o, total)
	return o
}

// drawExclude lets points not pay for some lines, where there is one tender in points.
func drawExclude(t *rapid.T, o *points.Order, total decimal.Decimal) {
	inPoints := func(tender points.Tender) bool { return tender.Kind == points.PointsTender }
	at := slices.IndexFunc(o.Tenders, inPoints)
	if at < 0 || slices.ContainsFunc(o.Tenders[at+1:], inPoints) || !rapid.Bool().Draw(t, "points do not pay for all lines") {
		return
	}
	tender := &o.Tenders[at]
	tender.Exclude = drawMatch(t)
	for _, l := range o.Lines {
		if !tender.Exclude.IsZero() && tender.Exclude.Line(l) {
			total = total.Sub(l.Amount).Sub(l.Tax)
		}
	}
	tender.Amount = decimal.Min(tender.Amount, total)
}

func TestEvaluateEqualsTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules, o := drawRules(t), drawOrder(t)
		boost := decimal.New(rapid.Int64Range(1, 30).Draw(t, "boost"), -1)
		env := points.Env{At: monday, Boost: map[string]decimal.Decimal{"bean": boost}}
		require.NoError(t, o.Validate())
		require.NoError(t, points.ValidateRules("earning", rules, []points.Unit{bean}).Err())

		awards, err := points.Evaluate(rules, []points.Unit{bean}, o, env)
		require.NoError(t, err)
		want := model{rules: rules, order: o, boost: boost.Rat()}.points()
		if len(awards) == 0 {
			require.Zero(t, want.Sign())
			return
		}
		require.Equal(t, want.Int64(), int64(awards[0].Points))

		sum := points.Amount(0)
		for _, share := range awards[0].Shares {
			assert.GreaterOrEqual(t, share.Points, points.Amount(0))
			sum += share.Points
		}
		require.Equal(t, awards[0].Points, sum, "shares add up to the award")
	})
}

func TestTheOrderOfRulesMakesNoDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules, o := drawRules(t), drawOrder(t)
		env := points.Env{At: monday, Boost: map[string]decimal.Decimal{"bean": dec("1.5")}}
		awards, err := points.Evaluate(rules, []points.Unit{bean}, o, env)
		require.NoError(t, err)
		shuffled := rapid.Permutation(rules).Draw(t, "shuffled")
		again, err := points.Evaluate(shuffled, []points.Unit{bean}, o, env)
		require.NoError(t, err)
		require.Equal(t, awards, again)
	})
}

func TestTheOrderOfLinesMakesNoDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules, o := drawRules(t), drawOrder(t)
		env := points.Env{At: monday, Boost: map[string]decimal.Decimal{"bean": dec("1.5")}}
		awards, err := points.EvaluateOrder(rules, []points.Unit{bean}, o, env)
		require.NoError(t, err)
		o.Lines = rapid.Permutation(o.Lines).Draw(t, "shuffled")
		again, err := points.EvaluateOrder(rules, []points.Unit{bean}, o, env)
		require.NoError(t, err)
		require.Equal(t, byRule(awards), byRule(again))
	})
}

func TestTrailingZerosMakeNoDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules, o := drawRules(t), drawOrder(t)
		awards, err := points.Evaluate(rules, []points.Unit{bean}, o, points.Env{At: monday})
		require.NoError(t, err)
		o.Lines = slices.Clone(o.Lines)
		for i := range o.Lines {
			o.Lines[i].Amount = padded(o.Lines[i].Amount)
		}
		again, err := points.Evaluate(rules, []points.Unit{bean}, o, points.Env{At: monday})
		require.NoError(t, err)
		require.Equal(t, texts(awards), texts(again))
	})
}

// padded is the same number with ten decimals.
func padded(d decimal.Decimal) decimal.Decimal {
	return decimal.NewFromBigInt(d.Shift(10).BigInt(), -10)
}

func texts(awards []points.Award) []string {
	var list []string
	for _, award := range awards {
		list = append(list, shares(award))
	}
	return list
}
