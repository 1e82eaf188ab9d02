package points_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// monday is 1 March 2027 at noon in UTC.
var monday = time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC)

var bean = points.Unit{Code: "bean", Expiry: points.ExpireAfter(12, points.Months)}

func eur(n points.Amount, per string) *points.SpendRate {
	return &points.SpendRate{Points: n, Per: dec(per), Currency: "EUR"}
}

func line(id, amount string) points.Line { return points.Line{ID: id, Amount: dec(amount)} }

func order(lines ...points.Line) points.Order {
	return points.Order{ID: "1001", Currency: "EUR", Lines: lines}
}

// shares writes an award as "rule line points eligible; …".
func shares(a points.Award) string {
	text := ""
	for _, s := range a.Shares {
		text += s.Rule + " " + s.Line + " " + bean.Format(s.Points)
		if !s.Eligible.IsZero() {
			text += " of " + s.Eligible.String()
		}
		text += "; "
	}
	return text
}

func TestEvaluate(t *testing.T) {
	base := points.Rule{Code: "base", Spend: eur(1, "1")}
	double := points.Rule{Code: "monday", When: points.When{Weekdays: points.Mon}, Multiply: dec("2")}
	coffee := func(id, amount string) points.Line {
		return points.Line{ID: id, Item: "espresso", Category: "coffee", Tags: []string{"organic"}, Amount: dec(amount)}
	}
	with := func(change func(*points.SpendRate)) points.Rule {
		rule := points.Rule{Code: "base", Spend: eur(1, "1")}
		change(rule.Spend)
		return rule
	}
	gift := points.Line{ID: "gift", Amount: dec("50.00"), StoredValue: true}
	for _, c := range []struct {
		name   string
		rules  []points.Rule
		order  points.Order
		boost  string
		points points.Amount
		shares string
	}{
		{"a point per euro, parts of a point are lost once", []points.Rule{base}, order(line("a", "0.60"), line("b", "0.60")), "", 1, "base a 1 of 0.6; base b 0 of 0.6; "},
		{"a sale of nothing earns nothing", []points.Rule{base}, order(line("a", "0")), "", 0, ""},
		{"Mondays double what was rounded only once", []points.Rule{base, double}, order(line("a", "12.40")), "", 24, "base a 12 of 12.4; monday a 12 of 12.4; "},
		{"the odd point of two halves is the base's", []points.Rule{base, double}, order(line("a", "12.60")), "", 25, "base a 13 of 12.6; monday a 12 of 12.6; "},
		{"a tier's boost and a multiplier multiply", []points.Rule{base, double}, order(line("a", "10.00")), "1.5", 30, "base a 10 of 10; boost a 5 of 10; monday a 15 of 10; "},
		{"a multiplier below one lowers the base", []points.Rule{base, {Code: "sale", Multiply: dec("0.5")}}, order(line("a", "10.00")), "", 5, "base a 5 of 10; sale a 0 of 10; "},
		{"a boost below one lowers the base", []points.Rule{base, double}, order(line("a", "10.00")), "0.5", 10, "base a 5 of 10; boost a 0 of 10; monday a 5 of 10; "},
		{"of two multipliers the one with priority counts", []points.Rule{base, double, {Code: "triple", Multiply: dec("3"), Priority: 1}}, order(line("a", "10.00")), "", 30, "base a 10 of 10; triple a 20 of 10; "},
		{"of two multipliers alike the first code counts", []points.Rule{base, double, {Code: "august", Multiply: dec("3")}}, order(line("a", "10.00")), "", 30, "august a 20 of 10; base a 10 of 10; "},
		{"a bonus is not multiplied", []points.Rule{base, double, {Code: "welcome", Bonus: 50}}, order(line("a", "10.00")), "", 70, "base a 10 of 10; monday a 10 of 10; welcome a 50; "},
		{"a bonus is spread by eligible money", []points.Rule{base, {Code: "welcome", Bonus: 50}}, order(line("a", "30.00"), line("b", "10.00")), "", 90, "base a 30 of 30; base b 10 of 10; welcome a 38; welcome b 12; "},
		{"a bonus for lines without money is spread equally", []points.Rule{{Code: "visit", Bonus: 5}}, order(line("a", "30.00"), line("b", "10.00")), "", 5, "visit a 3; visit b 2; "},
		{"a bonus goes to the lines that it matches", []points.Rule{base, {Code: "try", Bonus: 5, Match: points.Match{Items: []string{"espresso"}}}}, order(line("a", "30.00"), coffee("b", "10.00")), "", 45, "base a 30 of 30; base b 10 of 10; try b 5; "},
		{"a bonus without a line to match is not given", []points.Rule{base, {Code: "try", Bonus: 5, Match: points.Match{Items: []string{"tea"}}}}, order(coffee("b", "10.00")), "", 10, "base b 10 of 10; "},
		{"an order earns no bonus of an activity", []points.Rule{base, {Code: "birthday", Activity: "birthday", Bonus: 50}}, order(line("a", "10.00")), "", 10, "base a 10 of 10; "},
		{"an item's rate beats its category's, that its tag's, that any", []points.Rule{
			base,
			{Code: "organic", Spend: eur(2, "1"), Match: points.Match{Tags: []string{"organic"}}, Priority: 9},
			{Code: "coffee", Spend: eur(3, "1"), Match: points.Match{Categories: []string{"coffee"}}},
			{Code: "espresso", Spend: eur(4, "1"), Match: points.Match{Items: []string{"espresso"}}},
		}, order(coffee("a", "10.00"), line("b", "1.00")), "", 41, "base b 1 of 1; espresso a 40 of 10; "},
		{"of rates as specific the one with priority counts", []points.Rule{base, {Code: "spring", Spend: eur(2, "1"), Priority: 1}}, order(line("a", "10.00")), "", 20, "spring a 20 of 10; "},
		{"of rates alike the first code counts", []points.Rule{{Code: "b", Spend: eur(2, "1")}, {Code: "a", Spend: eur(1, "1")}}, order(line("a", "10.00")), "", 10, "a a 10 of 10; "},
		{"five points for whole groups of 2.50 over all lines", []points.Rule{with(func(s *points.SpendRate) {
			s.Points, s.Per, s.Grouping = 5, dec("2.50"), points.WholeGroups
		})}, order(line("a", "1.50"), line("b", "1.50")), "", 5, "base a 3 of 1.5; base b 2 of 1.5; "},
		{"five points for 2.50 in proportion", []points.Rule{{Code: "base", Spend: eur(5, "2.50")}}, order(line("a", "1.50"), line("b", "1.50")), "", 6, "base a 3 of 1.5; base b 3 of 1.5; "},
		{"less than a whole group earns nothing", []points.Rule{with(func(s *points.SpendRate) {
			s.Per, s.Grouping = dec("100"), points.WholeGroups
		})}, order(line("a", "99.99")), "", 0, "base a 0 of 99.99; "},
		{"half a point goes up", []points.Rule{with(func(s *points.SpendRate) { s.Rounding = points.HalfUp })}, order(line("a", "12.50")), "", 13, "base a 13 of 12.5; "},
		{"half a point goes to the even number", []points.Rule{with(func(s *points.SpendRate) { s.Rounding = points.HalfEven })}, order(line("a", "12.50")), "", 12, "base a 12 of 12.5; "},
		{"and from an odd one up", []points.Rule{with(func(s *points.SpendRate) { s.Rounding = points.HalfEven })}, order(line("a", "13.50")), "", 14, "base a 14 of 13.5; "},
		{"a cent earns a whole point when rounding up", []points.Rule{with(func(s *points.SpendRate) { s.Rounding = points.Ceil })}, order(line("a", "0.01"), line("b", "0.01")), "", 1, "base a 1 of 0.01; base b 0 of 0.01; "},
		{"rates with different roundings are rounded apart", []points.Rule{
			with(func(s *points.SpendRate) { s.Rounding = points.Ceil }),
			{Code: "coffee", Spend: eur(1, "1"), Match: points.Match{Categories: []string{"coffee"}}},
		}, order(line("a", "1.50"), coffee("b", "1.50")), "", 3, "base a 2 of 1.5; coffee b 1 of 1.5; "},
		{"a gift card does not earn when bought", []points.Rule{base}, order(line("a", "10.00"), gift), "", 10, "base a 10 of 10; "},
		{"unless the basis says so", []points.Rule{with(func(s *points.SpendRate) { s.Basis.StoredValue = true })}, order(line("a", "10.00"), gift), "", 60, "base a 10 of 10; base gift 50 of 50; "},
		{"excluded lines do not earn", []points.Rule{with(func(s *points.SpendRate) { s.Basis.Exclude = points.Match{Tags: []string{"organic"}} })}, order(line("a", "10.00"), coffee("b", "5.00")), "", 10, "base a 10 of 10; "},
		{"prices after discounts and without tax count", []points.Rule{base}, order(points.Line{ID: "a", Amount: dec("10"), Discount: dec("2"), Tax: dec("1")}), "", 10, "base a 10 of 10; "},
		{"or before discounts and with tax", []points.Rule{with(func(s *points.SpendRate) { s.Basis.BeforeDiscounts, s.Basis.Tax = true, true })}, order(points.Line{ID: "a", Amount: dec("10"), Discount: dec("2"), Tax: dec("1")}), "", 13, "base a 13 of 13; "},
		{"shipping and fees do not count", []points.Rule{base}, points.Order{ID: "1", Currency: "EUR", Lines: []points.Line{line("a", "10")}, Shipping: dec("4.90"), Fees: dec("1.10")}, "", 10, "base a 10 of 10; "},
		{"unless the basis says so, as lines of their own", []points.Rule{with(func(s *points.SpendRate) { s.Basis.Shipping, s.Basis.Fees = true, true })}, points.Order{ID: "1", Currency: "EUR", Lines: []points.Line{line("a", "10")}, Shipping: dec("4.90"), Fees: dec("1.10")}, "", 16, "base a 10 of 10; base shipping 5 of 4.9; base fees 1 of 1.1; "},
		{"what points paid does not earn", []points.Rule{base}, points.Order{ID: "1", Currency: "EUR", Lines: []points.Line{line("a", "30"), line("b", "10")}, Tenders: []points.Tender{{Kind: points.PointsTender, Amount: dec("10")}}}, "", 30, "base a 23 of 22.5; base b 7 of 7.5; "},
		{"unless the basis counts it", []points.Rule{with(func(s *points.SpendRate) { s.Basis.PointsTender = true })}, points.Order{ID: "1", Currency: "EUR", Lines: []points.Line{line("a", "30"), line("b", "10")}, Tenders: []points.Tender{{Kind: points.PointsTender, Amount: dec("10")}, {Kind: points.GiftCardTender, Amount: dec("4")}}}, "", 36, "base a 27 of 27; base b 9 of 9; "},
		{"a gift card that paid all leaves nothing to earn", []points.Rule{base}, points.Order{ID: "1", Currency: "EUR", Lines: []points.Line{line("a", "30")}, Tenders: []points.Tender{{Kind: points.GiftCardTender, Amount: dec("30")}}}, "", 0, ""},
		{"a tender pays for shipping and tax alike", []points.Rule{base}, points.Order{ID: "1", Currency: "EUR", Lines: []points.Line{{ID: "a", Amount: dec("100"), Tax: dec("20")}}, Shipping: dec("5"), Tenders: []points.Tender{{Kind: points.GiftCardTender, Amount: dec("25")}}}, "", 80, "base a 80 of 80; "},
		{"thirds of a tender are spread to the millionth", []points.Rule{base}, points.Order{ID: "1", Currency: "EUR", Lines: []points.Line{line("a", "1"), line("b", "1"), line("c", "1")}, Tenders: []points.Tender{{Kind: points.PointsTender, Amount: dec("1")}}}, "", 2, "base a 0 of 0.666666; base b 1 of 0.666667; base c 1 of 0.666667; "},
		{"also where a rate is finer than that", []points.Rule{{Code: "base", Spend: eur(1, "0.0000001")}}, points.Order{ID: "1", Currency: "EUR", Lines: []points.Line{line("a", "1"), line("b", "1"), line("c", "1")}, Tenders: []points.Tender{{Kind: points.PointsTender, Amount: dec("1")}}}, "", 20000000, "base a 6666660 of 0.666666; base b 6666670 of 0.666667; base c 6666670 of 0.666667; "},
		{"money finer than a millionth is spread finer", []points.Rule{base}, points.Order{ID: "1", Currency: "EUR", Lines: []points.Line{line("a", "1"), line("b", "2.0000001")}, Tenders: []points.Tender{{Kind: points.PointsTender, Amount: dec("1")}}}, "", 2, "base a 1 of 0.666666677778; base b 1 of 1.333333422222; "},
		{"money written with an exponent", []points.Rule{{Code: "base", Spend: eur(1, "100000000000000000")}}, order(points.Line{ID: "a", Amount: decimal.New(3, 17)}, line("b", "0.000000000001")), "", 3, "base a 3 of 300000000000000000; base b 0 of 0.000000000001; "},
		{"a line without id is its number", []points.Rule{base}, order(line("", "1"), line("", "2")), "", 3, "base 1 1 of 1; base 2 2 of 2; "},
		{"a rate of another currency is left alone", []points.Rule{base, {Code: "usd", Spend: &points.SpendRate{Points: 9, Per: dec("1"), Currency: "USD"}, Priority: 5}}, order(line("a", "10")), "", 10, "base a 10 of 10; "},
		{"a rate that starts tomorrow is left alone", []points.Rule{base, {Code: "soon", Spend: eur(9, "1"), Priority: 5, When: points.When{From: monday.Add(24 * time.Hour)}}}, order(line("a", "10")), "", 10, "base a 10 of 10; "},
		{"a rate that ends at this instant is over", []points.Rule{base, {Code: "over", Spend: eur(9, "1"), Priority: 5, When: points.When{Until: monday}}}, order(line("a", "10")), "", 10, "base a 10 of 10; "},
		{"a third of a cent is exact", []points.Rule{{Code: "base", Spend: eur(1, "0.003")}}, order(line("a", "0.009")), "", 3, "base a 3 of 0.009; "},
		{"rates that share no denominator are exact", []points.Rule{{Code: "base", Spend: eur(1, "3")}, {Code: "coffee", Spend: eur(1, "7"), Match: points.Match{Categories: []string{"coffee"}}}}, order(line("a", "2"), coffee("b", "7"), line("c", "1")), "", 2, "base a 1 of 2; base c 0 of 1; coffee b 1 of 7; "},
		{"the largest money and the finest rate", []points.Rule{{Code: "base", Spend: eur(1, "0.1")}}, order(line("a", "900000000000000000")), "", 9e18, "base a 9000000000000000000 of 900000000000000000; "},
		{"twelve decimals", []points.Rule{{Code: "base", Spend: eur(1, "0.000000000001")}}, order(line("a", "123456.123456789012")), "", 123456123456789012, "base a 123456123456789012 of 123456.123456789012; "},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.NoError(t, c.order.Validate())
			require.NoError(t, points.ValidateRules("earning", c.rules, []points.Unit{bean}).Err())
			env := points.Env{At: monday}
			if c.boost != "" {
				env.Boost = map[string]decimal.Decimal{"bean": dec(c.boost)}
			}
			awards, err := points.Evaluate(c.rules, []points.Unit{bean}, c.order, env)
			require.NoError(t, err)
			require.Len(t, awards, 1)
			assert.Equal(t, c.shares, shares(awards[0]))
			assert.Equal(t, c.points, awards[0].Points)
		})
	}
}

func TestEvaluateInUnits(t *testing.T) {
	visits := points.Unit{Code: "visits", Kind: points.Metric}
	spend := points.Unit{Code: "spend", Kind: points.Metric, Scale: 2}
	rules := []points.Rule{
		{Code: "base", Spend: eur(1, "1")},
		{Code: "visit", Unit: "visits", Bonus: 1},
		{Code: "spend", Unit: "spend", Spend: eur(100, "1")},
	}
	awards, err := points.Evaluate(rules, []points.Unit{bean, spend, {Code: "idle", Kind: points.Metric}, visits}, order(line("a", "12.40")), points.Env{At: monday})
	require.NoError(t, err)
	text, err := json.Marshal(awards)
	require.NoError(t, err)
	assert.JSONEq(t, `[
		{"unit":"bean","points":12,"shares":[{"rule":"base","line":"a","points":12,"eligible":"12.4"}]},
		{"unit":"spend","points":1240,"shares":[{"rule":"spend","line":"a","points":1240,"eligible":"12.4"}]},
		{"unit":"visits","points":1,"shares":[{"rule":"visit","line":"a","points":1}]}
	]`, string(text))
}

func TestEvaluateOnTheDaysOfTheZone(t *testing.T) {
	rules := []points.Rule{{Code: "base", Spend: eur(1, "1")}, {Code: "monday", When: points.When{Weekdays: points.Mon}, Multiply: dec("2")}}
	sundayEvening := time.Date(2027, time.February, 28, 22, 30, 0, 0, time.UTC)
	for zone, want := range map[*time.Location]points.Amount{nil: 10, time.UTC: 10, time.FixedZone("+2", 7200): 20} {
		awards, err := points.Evaluate(rules, []points.Unit{bean}, order(line("a", "10")), points.Env{At: sundayEvening, Zone: zone})
		require.NoError(t, err)
		assert.Equal(t, want, awards[0].Points, "in %v", zone)
	}
}

func TestEvaluateRefuses(t *testing.T) {
	base := points.Rule{Code: "base", Spend: eur(1, "1")}
	most := points.Rule{Code: "most", Bonus: math.MaxInt64}
	huge := order(line("a", "1"))
	huge.Lines[0].Amount = decimal.New(1, 1_000_000)
	for _, c := range []struct {
		name  string
		rules []points.Rule
		order points.Order
		boost string
		is    error
		says  string
	}{
		{"a currency that no rate accepts", []points.Rule{base}, points.Order{ID: "1", Currency: "USD", Lines: []points.Line{line("a", "1")}}, "", points.ErrUnknownCurrency, `"USD"`},
		{"an award beyond int64", []points.Rule{{Code: "base", Spend: eur(1_000_000_000_000_000, "0.01")}}, order(line("a", "1000000")), "", points.ErrOverflow, "overflows"},
		{"whole groups beyond int64", []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1_000_000_000_000_000, Per: dec("0.01"), Currency: "EUR", Grouping: points.WholeGroups}}}, order(line("a", "1000000")), "", points.ErrOverflow, "overflows"},
		{"bonuses beyond int64", []points.Rule{most, {Code: "more", Bonus: 1}}, order(line("a", "1")), "", points.ErrOverflow, "overflows"},
		{"money with a million digits", []points.Rule{base}, huge, "", nil, "lines[0].amount: money has at most 18 digits"},
		{"negative money", []points.Rule{base}, order(line("a", "-1")), "", nil, "lines[0].amount: must not be negative"},
		{"tenders above the total", []points.Rule{base}, points.Order{ID: "1", Currency: "EUR", Lines: []points.Line{line("a", "1")}, Tenders: []points.Tender{{Kind: points.GiftCardTender, Amount: dec("1.01")}}}, "", nil, "tenders of 1.01 are more than its total of 1"},
		{"a tender of unknown kind", []points.Rule{base}, points.Order{ID: "1", Currency: "EUR", Lines: []points.Line{line("a", "1")}, Tenders: []points.Tender{{Kind: "cash", Amount: dec("1")}}}, "", nil, `"cash"`},
		{"a rate per nothing", []points.Rule{{Code: "base", Spend: eur(1, "0")}}, order(line("a", "1")), "", nil, `rule "base"`},
		{"a rate of nothing", []points.Rule{{Code: "base", Spend: eur(0, "1")}}, order(line("a", "1")), "", nil, `rule "base"`},
		{"a negative bonus", []points.Rule{{Code: "fine", Bonus: -5}}, order(line("a", "1")), "", nil, `rule "fine"`},
		{"a negative multiplier", []points.Rule{base, {Code: "fine", Multiply: dec("-2")}}, order(line("a", "1")), "", nil, `rule "fine"`},
		{"an unknown rounding", []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: dec("1"), Currency: "EUR", Rounding: "nearest"}}}, order(line("a", "1")), "", nil, `rule "base"`},
		{"a boost above a thousand", []points.Rule{base}, order(line("a", "1")), "1000.1", nil, `boost of unit "bean"`},
		{"a boost of nothing", []points.Rule{base}, order(line("a", "1")), "0", nil, `boost of unit "bean"`},
		{"a boost with seven decimals", []points.Rule{base}, order(line("a", "1")), "1.0000001", nil, `boost of unit "bean"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := points.Env{At: monday}
			if c.boost != "" {
				env.Boost = map[string]decimal.Decimal{"bean": dec(c.boost)}
			}
			awards, err := points.Evaluate(c.rules, []points.Unit{bean}, c.order, env)
			require.ErrorContains(t, err, c.says)
			assert.Nil(t, awards)
			if c.is != nil {
				assert.ErrorIs(t, err, c.is)
			}
		})
	}
}

func TestEvaluateActivity(t *testing.T) {
	rules := []points.Rule{
		{Code: "base", Spend: eur(1, "1")},
		{Code: "birthday", Activity: "birthday", Bonus: 50},
		{Code: "birthday-monday", Activity: "birthday", Bonus: 5, When: points.When{Weekdays: points.Mon}},
		{Code: "birthday-sunday", Activity: "birthday", Bonus: 7, When: points.When{Weekdays: points.Sun}},
		{Code: "review", Activity: "review", Bonus: 20},
		{Code: "order-bonus", Bonus: 3},
	}
	units := []points.Unit{bean}

	awards, err := points.EvaluateActivity(rules, units, "birthday", points.Env{At: monday})
	require.NoError(t, err)
	require.Len(t, awards, 1)
	assert.Equal(t, points.Amount(55), awards[0].Points)
	assert.Equal(t, "birthday  50; birthday-monday  5; ", shares(awards[0]))

	for _, unknown := range []string{"", "base", "Birthday"} {
		awards, err := points.EvaluateActivity(rules, units, unknown, points.Env{At: monday})
		require.NoError(t, err)
		assert.Empty(t, awards, "activity %q", unknown)
	}

	_, err = points.EvaluateActivity([]points.Rule{{Code: "a", Activity: "x", Bonus: math.MaxInt64}, {Code: "b", Activity: "x", Bonus: 1}}, units, "x", points.Env{At: monday})
	require.ErrorIs(t, err, points.ErrOverflow)
}

func TestByRule(t *testing.T) {
	rules := []points.Rule{{Code: "base", Spend: eur(1, "1")}, {Code: "monday", Multiply: dec("2")}, {Code: "welcome", Bonus: 50}}
	awards, err := points.Evaluate(rules, []points.Unit{bean}, order(line("a", "30.00"), line("b", "10.00")), points.Env{At: monday})
	require.NoError(t, err)
	assert.Equal(t, "base  40 of 40; monday  40 of 40; welcome  50; ", shares(points.Award{Shares: awards[0].ByRule()}))
	assert.Empty(t, points.Award{}.ByRule())
}
