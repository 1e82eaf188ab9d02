package points_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

func TestOrderValidate(t *testing.T) {
	long := strings.Repeat("x", 129)
	for _, c := range []struct {
		name   string
		change func(*points.Order)
		says   string
	}{
		{"an id is needed", func(o *points.Order) { o.ID = "" }, "id: must not be empty"},
		{"an id has at most 128 bytes", func(o *points.Order) { o.ID = long }, "id: must have at most 128 bytes, has 129"},
		{"an id has no NUL", func(o *points.Order) { o.ID = "a\x00b" }, "id: must not contain NUL"},
		{"an id is UTF-8", func(o *points.Order) { o.ID = "\xff" }, "id: must be valid UTF-8"},
		{"an id is not one of the library's", func(o *points.Order) { o.ID = "\x01order" }, "id: must not start with the byte 0x01"},
		{"a currency is needed", func(o *points.Order) { o.Currency = "" }, `currency: "" is not an ISO 4217 code`},
		{"a currency has capitals", func(o *points.Order) { o.Currency = "eur" }, `currency: "eur"`},
		{"a currency has three letters", func(o *points.Order) { o.Currency = "EURO" }, `currency: "EURO"`},
		{"a line is needed", func(o *points.Order) { o.Lines = nil }, "lines: at least one line is needed"},
		{"at most 500 lines", func(o *points.Order) { o.Lines = make([]points.Line, 501) }, "lines: at most 500 lines fit an order, here are 501"},
		{"an amount is not negative", func(o *points.Order) { o.Lines[1].Amount = dec("-0.01") }, "lines[1].amount: must not be negative"},
		{"an amount has at most 18 digits", func(o *points.Order) { o.Lines[1].Amount = dec("1000000000000000000") }, "lines[1].amount: money has at most 18 digits before the point"},
		{"also with a point", func(o *points.Order) { o.Lines[1].Amount = dec("1000000000000000000.5") }, "lines[1].amount: money has at most 18 digits before the point"},
		{"an amount has at most 12 decimals", func(o *points.Order) { o.Lines[1].Amount = dec("0.0000000000001") }, "lines[1].amount: money has at most 18 digits before the point and 12 after it"},
		{"an exponent of a million is refused unread", func(o *points.Order) { o.Lines[1].Amount = decimal.New(1, 1_000_000) }, "lines[1].amount: money has at most"},
		{"an exponent of minus a million as well", func(o *points.Order) { o.Lines[1].Amount = decimal.New(1, -1_000_000) }, "lines[1].amount: money has at most"},
		{"a discount is not negative", func(o *points.Order) { o.Lines[0].Discount = dec("-1") }, "lines[0].discount: must not be negative"},
		{"a tax is not negative", func(o *points.Order) { o.Lines[0].Tax = dec("-1") }, "lines[0].tax: must not be negative"},
		{"shipping is not negative", func(o *points.Order) { o.Shipping = dec("-1") }, "shipping: must not be negative"},
		{"fees are not negative", func(o *points.Order) { o.Fees = dec("-1") }, "fees: must not be negative"},
		{"a quantity is not negative", func(o *points.Order) { o.Lines[0].Quantity = -1 }, "lines[0].quantity: -1 is not a number of pieces"},
		{"a quantity has a limit", func(o *points.Order) { o.Lines[0].Quantity = 1_000_000_001 }, "lines[0].quantity: 1000000001"},
		{"ids of lines are unique", func(o *points.Order) { o.Lines[1].ID = "a" }, `lines[1].id: "a" is already the id of lines[0]`},
		{"an id is not another line's number", func(o *points.Order) { o.Lines[0].ID, o.Lines[1].ID = "", "1" }, `lines[1].id: "1" is already the id of lines[0]`},
		{"an id is not the order's shipping", func(o *points.Order) { o.Shipping, o.Lines[1].ID = dec("1"), "shipping" }, `lines[1].id: "shipping" is already the id of the order's shipping`},
		{"an id is not the order's fees", func(o *points.Order) { o.Fees, o.Lines[1].ID = dec("1"), "fees" }, `lines[1].id: "fees" is already the id of the order's fees`},
		{"a line's id is short", func(o *points.Order) { o.Lines[0].ID = long }, "lines[0].id: must have at most 128 bytes"},
		{"an item is short", func(o *points.Order) { o.Lines[0].Item = long }, "lines[0].item: must have at most 128 bytes"},
		{"a category is UTF-8", func(o *points.Order) { o.Lines[0].Category = "\xff" }, "lines[0].category: must be valid UTF-8"},
		{"a tag is not empty", func(o *points.Order) { o.Lines[0].Tags = []string{"new", ""} }, "lines[0].tags[1]: must not be empty"},
		{"at most 64 tags", func(o *points.Order) { o.Lines[0].Tags = make([]string, 65) }, "lines[0].tags: at most 64 tags fit a line"},
		{"a tender has a known kind", func(o *points.Order) { o.Tenders = []points.Tender{{Kind: "cash", Amount: dec("1")}} }, `tenders[0].kind: "cash" is not a tender`},
		{"a tender is not negative", func(o *points.Order) { o.Tenders = []points.Tender{{Kind: points.PointsTender, Amount: dec("-1")}} }, "tenders[0].amount: must not be negative"},
		{"tenders pay at most the total", func(o *points.Order) { o.Tenders = []points.Tender{{Kind: points.PointsTender, Amount: dec("16")}} }, "tenders: add up to 16, which is more than the order's total of 15.5"},
		{"points pay at most what they may pay for", func(o *points.Order) {
			o.Lines[0].Item = "cup"
			o.Tenders = []points.Tender{{Kind: points.PointsTender, Amount: dec("4"), Exclude: points.Match{Items: []string{"cup"}}}}
		}, "tenders[0].amount: 4 is more than the 3.1 of the lines that it pays for"},
		{"a gift card pays for every line", func(o *points.Order) {
			o.Tenders = []points.Tender{{Kind: points.GiftCardTender, Amount: dec("1"), Exclude: points.Match{Items: []string{"cup"}}}}
		}, "tenders[0].exclude: leave it out"},
		{"one tender in points excludes", func(o *points.Order) {
			cup := points.Match{Items: []string{"cup"}}
			o.Tenders = []points.Tender{{Kind: points.PointsTender, Amount: dec("1"), Exclude: cup}, {Kind: points.PointsTender, Amount: dec("1")}}
		}, "tenders[0].exclude: leave it out"},
		{"an excluded item is not empty", func(o *points.Order) {
			o.Tenders = []points.Tender{{Kind: points.PointsTender, Amount: dec("1"), Exclude: points.Match{Items: []string{""}}}}
		}, "tenders[0].exclude.items[0]: must not be empty"},
		{"at most eight tenders", func(o *points.Order) { o.Tenders = make([]points.Tender, 9) }, "tenders: at most 8 tenders"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := order(line("a", "12.40"), line("b", "3.10"))
			require.NoError(t, o.Validate())
			c.change(&o)
			require.ErrorContains(t, o.Validate(), c.says)
		})
	}
}

func TestOrderValidateAccepts(t *testing.T) {
	for _, c := range []struct {
		name  string
		order points.Order
	}{
		{"a sale of nothing", order(line("", "0"))},
		{"the largest amount", order(line("", "999999999999999999.999999999999"))},
		{"an id of 128 bytes", points.Order{ID: strings.Repeat("é", 64), Currency: "EUR", Lines: []points.Line{line("", "1")}}},
		{"500 lines", order(make([]points.Line, 500)...)},
		{"a line called shipping where nothing was charged for it", order(line("shipping", "4.90"))},
		{"money as an exponent", order(points.Line{Amount: decimal.New(12, 2)})},
	} {
		t.Run(c.name, func(t *testing.T) { assert.NoError(t, c.order.Validate()) })
	}
}

func TestProblemsComeAllAtOnce(t *testing.T) {
	err := points.Order{Currency: "eur", Lines: []points.Line{{Amount: dec("-1"), Quantity: -1}}}.Validate()
	var problems points.Problems
	require.ErrorAs(t, err, &problems)
	paths := make([]string, len(problems))
	for i, problem := range problems {
		paths[i] = problem.Path
	}
	assert.Equal(t, []string{"id", "currency", "lines[0].quantity", "lines[0].amount"}, paths)
	assert.Equal(t, 3, strings.Count(err.Error(), "; "))
	assert.NoError(t, points.Problems{}.Err())
	assert.Equal(t, "broken", points.Problems{{Message: "broken"}}.Error())
}

func TestValidateUnits(t *testing.T) {
	for _, c := range []struct {
		name string
		unit points.Unit
		says string
	}{
		{"points to spend", bean, ""},
		{"points that never expire", points.Unit{Code: "bean", Expiry: points.NeverExpire()}, ""},
		{"a metric", points.Unit{Code: "nights", Kind: points.Metric, Scale: 6}, ""},
		{"a return window", points.Unit{Code: "bean", Expiry: points.NeverExpire(), Pending: points.For(14, points.Days).At(points.EndOfMonth)}, ""},
		{"a confirmation", points.Unit{Code: "bean", Expiry: points.NeverExpire(), Pending: points.UntilConfirmed()}, ""},
		{"no code", points.Unit{Expiry: points.NeverExpire()}, "units[0].code: must not be empty"},
		{"a capital in the code", points.Unit{Code: "Bean", Expiry: points.NeverExpire()}, `units[0].code: "Bean" must start with a lower-case letter`},
		{"a space in the code", points.Unit{Code: "a bean", Expiry: points.NeverExpire()}, `units[0].code: "a bean" may have only`},
		{"a code of 33 bytes", points.Unit{Code: strings.Repeat("b", 33), Expiry: points.NeverExpire()}, "units[0].code: must have at most 32 bytes"},
		{"a scale of 7", points.Unit{Code: "bean", Scale: 7, Expiry: points.NeverExpire()}, "units[0].scale: 7"},
		{"a negative scale", points.Unit{Code: "bean", Scale: -1, Expiry: points.NeverExpire()}, "units[0].scale: -1"},
		{"no expiry", points.Unit{Code: "bean"}, "units[0].expiry: say when points expire"},
		{"never and a span", points.Unit{Code: "bean", Expiry: points.Expiry{Never: true, After: points.Span{N: 1, Unit: points.Days}}}, "units[0].expiry: \"never\" excludes"},
		{"a span of nothing", points.Unit{Code: "bean", Expiry: points.ExpireAfter(0, points.Months)}, "units[0].expiry.after.n: 0 is not a number from 1 to 1200"},
		{"a span of 1201", points.Unit{Code: "bean", Expiry: points.ExpireAfter(1201, points.Months)}, "units[0].expiry.after.n: 1201"},
		{"a span in hours", points.Unit{Code: "bean", Expiry: points.ExpireAfter(12, "hours")}, `units[0].expiry.after.unit: "hours"`},
		{"an unknown boundary", points.Unit{Code: "bean", Expiry: points.ExpireAfter(1, points.Years).At("noon")}, `units[0].expiry.boundary: "noon"`},
		{"a window of nothing", points.Unit{Code: "bean", Expiry: points.NeverExpire(), Pending: points.For(0, points.Days)}, "units[0].pending.window.n: 0"},
		{"a boundary without a window", points.Unit{Code: "bean", Expiry: points.NeverExpire(), Pending: points.Activation{Boundary: points.Exact}}, "units[0].pending.boundary: there is no window"},
		{"a window and a confirmation", points.Unit{Code: "bean", Expiry: points.NeverExpire(), Pending: points.Activation{Confirm: true, Window: points.Span{N: 1, Unit: points.Days}}}, "units[0].pending: \"confirm\" excludes"},
		{"a metric that expires", points.Unit{Code: "nights", Kind: points.Metric, Expiry: points.NeverExpire()}, "units[0].expiry: a metric never expires"},
		{"a metric that waits", points.Unit{Code: "nights", Kind: points.Metric, Pending: points.UntilConfirmed()}, "units[0].pending: a metric counts at once"},
		{"an unknown kind", points.Unit{Code: "bean", Kind: "coin"}, `units[0].kind: "coin"`},
	} {
		t.Run(c.name, func(t *testing.T) { says(t, points.ValidateUnits("units", []points.Unit{c.unit}), c.says) })
	}
	says(t, points.ValidateUnits("units", []points.Unit{bean, {Code: "nights", Kind: points.Metric}, bean}), `units[2].code: "bean" is already the code of units[0]`)
	says(t, points.ValidateUnits("units", make([]points.Unit, 65)), "units: at most 64 units")
}

func says(t *testing.T, problems points.Problems, text string) {
	t.Helper()
	if text == "" {
		assert.NoError(t, problems.Err())
		return
	}
	require.ErrorContains(t, problems.Err(), text)
}

func TestValidateConditions(t *testing.T) {
	order := func(change func(*points.Rule)) points.Rule {
		rule := points.Rule{Code: "x", Bonus: 1}
		change(&rule)
		return rule
	}
	activity := func(change func(*points.Rule)) points.Rule {
		rule := points.Rule{Code: "x", Bonus: 1, Activity: "visit"}
		change(&rule)
		return rule
	}
	caps := func(caps ...points.Cap) points.Rule { return order(func(r *points.Rule) { r.Caps = caps }) }
	count := func(c points.Count) points.Rule { return order(func(r *points.Rule) { r.Count = &c }) }
	when := func(w points.When) points.Rule { return order(func(r *points.Rule) { r.When = w }) }
	hours := func(h ...points.Hours) points.Rule { return when(points.When{Hours: h}) }
	only := func(o points.Only) points.Rule { return order(func(r *points.Rule) { r.Only = &o }) }
	attributes := func(a map[string][]string) points.Rule {
		return activity(func(r *points.Rule) { r.Only = &points.Only{Attributes: a} })
	}
	minimum := func(list ...points.Minimum) points.Rule { return only(points.Only{Minimum: list}) }
	parts := func(list ...points.Pieces) points.Rule { return only(points.Only{Combination: list}) }
	listed := func(n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprint("v", i)
		}
		return list
	}
	day := points.PerDay
	for _, c := range []struct {
		name string
		rule points.Rule
		says string
	}{
		{"caps at their bounds", caps(points.Cap{Times: 1_000_000_000, Per: day}, points.Cap{Points: 1_000_000_000_000_000, Per: day}, points.Cap{Times: 1, Per: points.PerWeek}), ""},
		{"too many times", caps(points.Cap{Times: 1_000_000_001, Per: day}), "earning[0].caps[0].times: 1000000001 is not a number of times from 1 to 1000000000"},
		{"negative times", caps(points.Cap{Times: -1, Per: day}), "earning[0].caps[0].times: -1"},
		{"too many points", caps(points.Cap{Points: 1_000_000_000_000_001, Per: day}), "earning[0].caps[0].points: 1000000000000001"},
		{"negative points", caps(points.Cap{Points: -1, Per: day}), "earning[0].caps[0].points: -1"},
		{"neither times nor points", caps(points.Cap{Per: day}), `earning[0].caps[0]: give either "times" or "points"`},
		{"both", caps(points.Cap{Times: 1, Points: 1, Per: day}), `earning[0].caps[0]: give either "times" or "points"`},
		{"a cap of no period", caps(points.Cap{Times: 1}), `earning[0].caps[0].per: "" is not a period: say "event", "day"`},
		{"two caps of one kind", caps(points.Cap{Times: 1, Per: day}, points.Cap{Times: 2, Per: day}), "earning[0].caps[1]: there is one of this kind and period already"},
		{"seventeen caps", caps(make([]points.Cap, 17)...), "earning[0].caps: at most 16 fit a rule, here are 17"},
		{"a budget per event", order(func(r *points.Rule) { r.Budgets = []points.Cap{{Times: 1, Per: points.PerEvent}} }), `earning[0].budgets[0].per: "event" is not a period`},

		{"counts at their bounds", count(points.Count{Nth: 1}), ""},
		{"the largest count", count(points.Count{Every: 1_000_000_000, Per: points.PerYear}), ""},
		{"a larger one", count(points.Count{Every: 1_000_000_001}), "earning[0].count.every: 1000000001 is not a number from 1 to 1000000000"},
		{"a negative one", count(points.Count{Nth: -1}), "earning[0].count.nth: -1"},
		{"no number", count(points.Count{}), `earning[0].count: give either "nth" or "every"`},
		{"both numbers", count(points.Count{Nth: 1, Every: 1}), `earning[0].count: give either "nth" or "every"`},
		{"a count per event", count(points.Count{Nth: 1, Per: points.PerEvent}), `earning[0].count.per: "event" is not a period`},

		{"days and months at their bounds", when(points.When{Days: []int{1, 31, -1, -31}, Months: []int{1, 12}}), ""},
		{"the 32nd", when(points.When{Days: []int{1, 32}}), "earning[0].when.days[1]: 32 is not a number from 1 to 31, or from -1 back"},
		{"day 0", when(points.When{Days: []int{0}}), "earning[0].when.days[0]: 0 is not"},
		{"the 32nd from the end", when(points.When{Days: []int{-32}}), "earning[0].when.days[0]: -32 is not"},
		{"a 13th month", when(points.When{Months: []int{13}}), "earning[0].when.months[0]: 13 is not a number from 1 to 12"},
		{"month 0", when(points.When{Months: []int{0}}), "earning[0].when.months[0]: 0 is not"},
		{"the last month", when(points.When{Months: []int{-1}}), "earning[0].when.months[0]: -1 is not"},
		{"a month twice", when(points.When{Months: []int{5, 5}}), "earning[0].when.months[1]: 5 is listed twice"},
		{"63 days", when(points.When{Days: make([]int, 63)}), "earning[0].when.days: at most 62 fit, here are 63"},
		{"hours at their bounds", hours(points.Hours{From: 0, Until: 1439}, points.Hours{From: 1439, Until: 0}), ""},
		{"24:00", hours(points.Hours{From: 1440}), "earning[0].when.hours[0].from: 1440 is not"},
		{"until 24:00", hours(points.Hours{Until: 1440}), "earning[0].when.hours[0].until: 1440 is not"},
		{"before midnight", hours(points.Hours{From: -1}), "earning[0].when.hours[0].from: -1 is not"},
		{"until before midnight", hours(points.Hours{Until: -1}), "earning[0].when.hours[0].until: -1 is not"},
		{"an empty window", hours(points.Hours{From: 60, Until: 60}), "earning[0].when.hours[0]: a window ends at another time than it starts"},
		{"25 windows", hours(make([]points.Hours, 25)...), "earning[0].when.hours: at most 24 windows fit, here are 25"},

		{"lists at their bounds", only(points.Only{Channels: listed(100), Stores: listed(100), Tiers: listed(100), Segments: listed(100)}), ""},
		{"101 stores", only(points.Only{Stores: listed(101)}), "earning[0].only.stores: at most 100 fit, here are 101"},
		{"an unknown tender", only(points.Only{NotPaidBy: []points.TenderKind{points.PointsTender, points.GiftCardTender, "cash"}}), `earning[0].only.notPaidBy[2]: "cash" is not a tender`},
		{"a tender twice", only(points.Only{NotPaidBy: []points.TenderKind{points.PointsTender, points.PointsTender}}), `earning[0].only.notPaidBy[1]: "points" is listed twice`},
		{"an activity that is not paid", activity(func(r *points.Rule) { r.Only = &points.Only{NotPaidBy: []points.TenderKind{points.PointsTender}} }), "earning[0].only.notPaidBy: an activity is not paid"},
		{"minimums", minimum(points.Minimum{Amount: dec("1"), Currency: "EUR"}, points.Minimum{Amount: dec("1"), Currency: "USD"}), ""},
		{"a minimum of nothing", minimum(points.Minimum{Currency: "EUR"}), "earning[0].only.minimum[0].amount: must be above 0"},
		{"a negative minimum", minimum(points.Minimum{Amount: dec("-1"), Currency: "EUR"}), "earning[0].only.minimum[0].amount: must not be negative"},
		{"a minimum of euros", minimum(points.Minimum{Amount: dec("1"), Currency: "euro"}), `earning[0].only.minimum[0].currency: "euro"`},
		{"two minimums of one currency", minimum(points.Minimum{Amount: dec("1"), Currency: "EUR"}, points.Minimum{Amount: dec("2"), Currency: "EUR"}), `earning[0].only.minimum[1].currency: "EUR" has a minimum already, earning[0].only.minimum[0]`},
		{"a minimum without an empty tag", minimum(points.Minimum{Amount: dec("1"), Currency: "EUR", Basis: points.Basis{Exclude: points.Match{Tags: []string{""}}}}), "earning[0].only.minimum[0].basis.exclude.tags[0]: "},
		{"101 minimums", minimum(make([]points.Minimum, 101)...), "earning[0].only.minimum: at most 100 fit, here are 101"},
		{"the minimum of an activity", activity(func(r *points.Rule) {
			r.Only = &points.Only{Minimum: []points.Minimum{{Amount: dec("1"), Currency: "EUR"}}}
		}), "earning[0].only.minimum: an activity has no money"},
		{"a combination of eight", parts(make([]points.Pieces, 8)...), ""},
		{"of nine", parts(make([]points.Pieces, 9)...), "earning[0].only.combination: at most 8 parts fit a combination, here are 9"},
		{"of the most pieces", parts(points.Pieces{Quantity: points.MaxQuantity}), ""},
		{"of more", parts(points.Pieces{Quantity: points.MaxQuantity + 1}), "earning[0].only.combination[0].quantity: "},
		{"of less than none", parts(points.Pieces{Quantity: -1}), "earning[0].only.combination[0].quantity: -1"},
		{"of an empty item", parts(points.Pieces{Match: points.Match{Items: []string{""}}}), "earning[0].only.combination[0].match.items[0]: "},
		{"the combination of an activity", activity(func(r *points.Rule) { r.Only = &points.Only{Combination: []points.Pieces{{}}} }), "earning[0].only.combination: an activity has no lines"},
		{"attributes at their bounds", attributes(map[string][]string{"stars": listed(100), "language": {"de"}}), ""},
		{"an attribute without values", attributes(map[string][]string{"stars": {}}), "earning[0].only.attributes.stars: give 1 to 100 values"},
		{"101 values", attributes(map[string][]string{"stars": listed(101)}), "earning[0].only.attributes.stars: give 1 to 100 values"},
		{"an empty value", attributes(map[string][]string{"stars": {"5", ""}}), "earning[0].only.attributes.stars[1]: must not be empty"},
		{"an attribute without a name", attributes(map[string][]string{"": {"5"}}), `earning[0].only.attributes: the name "" must not be empty`},
		{"the attributes of an order", only(points.Only{Attributes: map[string][]string{"stars": {"5"}}}), "earning[0].only.attributes: an order has no attributes"},
		{"of an activity no more is asked", activity(func(r *points.Rule) { r.Only = &points.Only{Channels: []string{"app"}} }), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			says(t, points.ValidateRules("earning", []points.Rule{c.rule}, []points.Unit{bean}), c.says)
		})
	}
	many := map[string][]string{}
	for _, name := range listed(33) {
		many[name] = []string{"x"}
	}
	says(t, points.ValidateRules("earning", []points.Rule{attributes(many)}, nil), "earning[0].only.attributes: at most 32 attributes fit, here are 33")
	delete(many, "v0")
	says(t, points.ValidateRules("earning", []points.Rule{attributes(many)}, []points.Unit{bean}), "")
}

func TestValidateRules(t *testing.T) {
	spend := func(change func(*points.SpendRate)) points.Rule {
		rate := eur(1, "1")
		change(rate)
		return points.Rule{Code: "base", Spend: rate}
	}
	day := func(n int) time.Time { return time.Date(2027, time.March, n, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		name string
		rule points.Rule
		says string
	}{
		{"a spend rate", spend(func(*points.SpendRate) {}), ""},
		{"a bonus for an activity", points.Rule{Code: "birthday", Activity: "birthday", Bonus: 50}, ""},
		{"a multiplier of a thousand", points.Rule{Code: "x", Multiply: dec("1000")}, ""},
		{"a multiplier with six decimals", points.Rule{Code: "x", Multiply: dec("1.000001")}, ""},
		{"no code", points.Rule{Bonus: 1}, "earning[0].code: must not be empty"},
		{"the code of a tier's boost", points.Rule{Code: "boost", Bonus: 1}, `earning[0].code: "boost" is what receipts call`},
		{"nothing to give", points.Rule{Code: "x"}, `earning[0]: give exactly one of "spend", "multiply", "bonus" and "formula", here are 0`},
		{"two things to give", points.Rule{Code: "x", Bonus: 1, Multiply: dec("2")}, "here are 2"},
		{"another program's unit", points.Rule{Code: "x", Unit: "star", Bonus: 1}, `earning[0].unit: "star" is not a unit of the program`},
		{"a negative bonus", points.Rule{Code: "x", Bonus: -1}, "earning[0].bonus: -1"},
		{"a bonus near overflow", points.Rule{Code: "x", Bonus: 1_000_000_000_000_001}, "earning[0].bonus: 1000000000000001"},
		{"a negative multiplier", points.Rule{Code: "x", Multiply: dec("-2")}, "earning[0].multiply: must be above 0"},
		{"a multiplier above a thousand", points.Rule{Code: "x", Multiply: dec("1000.000001")}, "earning[0].multiply: must be above 0, at most 1000"},
		{"a multiplier with seven decimals", points.Rule{Code: "x", Multiply: dec("1.0000001")}, "earning[0].multiply: "},
		{"a multiplier with a million digits", points.Rule{Code: "x", Multiply: decimal.New(1, 1_000_000)}, "earning[0].multiply: "},
		{"an activity without a bonus", points.Rule{Code: "x", Activity: "birthday", Multiply: dec("2")}, "earning[0].activity: an activity earns a bonus"},
		{"an activity with lines", points.Rule{Code: "x", Activity: "birthday", Bonus: 1, Match: points.Match{Tags: []string{"new"}}}, "earning[0].match: an activity has no lines"},
		{"an activity with a space", points.Rule{Code: "x", Activity: "my birthday", Bonus: 1}, "earning[0].activity: "},
		{"an empty tag", points.Rule{Code: "x", Bonus: 1, Match: points.Match{Tags: []string{""}}}, "earning[0].match.tags[0]: must not be empty"},
		{"a long item", points.Rule{Code: "x", Bonus: 1, Match: points.Match{Items: []string{strings.Repeat("x", 129)}}}, "earning[0].match.items[0]: must have at most 128 bytes"},
		{"ten thousand and one items", points.Rule{Code: "x", Bonus: 1, Match: points.Match{Items: make([]string, 10_001)}}, "earning[0].match: at most 10000"},
		{"an eighth day", points.Rule{Code: "x", Bonus: 1, When: points.When{Weekdays: 1 << 7}}, "earning[0].when.weekdays: "},
		{"an end before its start", points.Rule{Code: "x", Bonus: 1, When: points.When{From: day(2), Until: day(1)}}, `earning[0].when.until: must be after "from"`},
		{"a window of nothing", points.Rule{Code: "x", Bonus: 1, When: points.When{From: day(1), Until: day(1)}}, `earning[0].when.until: must be after "from"`},
		{"a start in the year 1", points.Rule{Code: "x", Bonus: 1, When: points.When{From: day(1).AddDate(-2026, 0, 0)}}, "earning[0].when.from: the year must be 1970 to 9998"},
		{"an end in the year 10000", points.Rule{Code: "x", Bonus: 1, When: points.When{Until: day(1).AddDate(8000, 0, 0)}}, "earning[0].when.until: the year"},
		{"a priority of two million", points.Rule{Code: "x", Bonus: 1, Priority: 2_000_000}, "earning[0].priority: 2000000"},
		{"no points", spend(func(s *points.SpendRate) { s.Points = 0 }), "earning[0].spend.points: 0"},
		{"per nothing", spend(func(s *points.SpendRate) { s.Per = dec("0") }), "earning[0].spend.per: must be above 0"},
		{"per less than nothing", spend(func(s *points.SpendRate) { s.Per = dec("-1") }), "earning[0].spend.per: must not be negative"},
		{"per a million digits", spend(func(s *points.SpendRate) { s.Per = decimal.New(1, 1_000_000) }), "earning[0].spend.per: money has at most"},
		{"no currency", spend(func(s *points.SpendRate) { s.Currency = "" }), "earning[0].spend.currency: "},
		{"an unknown rounding", spend(func(s *points.SpendRate) { s.Rounding = "nearest" }), `earning[0].spend.rounding: "nearest"`},
		{"an unknown grouping", spend(func(s *points.SpendRate) { s.Grouping = "some" }), `earning[0].spend.grouping: "some"`},
		{"an empty category to exclude", spend(func(s *points.SpendRate) { s.Basis.Exclude.Categories = []string{""} }), "earning[0].spend.basis.exclude.categories[0]: must not be empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			says(t, points.ValidateRules("earning", []points.Rule{c.rule}, []points.Unit{bean}), c.says)
		})
	}
	bonus := points.Rule{Code: "x", Bonus: 1}
	says(t, points.ValidateRules("earning", []points.Rule{bonus, bonus}, nil), `earning[1].code: "x" is already the code of earning[0]`)
	says(t, points.ValidateRules("earning", make([]points.Rule, 1001), nil), "earning: at most 1000 rules")
}
