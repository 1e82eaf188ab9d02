package loyalty_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// fullProgram is a valid program with every field set that may be.
func fullProgram() loyalty.Program {
	return loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna", Debt: loyalty.AllowDebt, OrdersPerMember: true, LateWindow: points.Span{N: 30, Unit: points.Days},
		Refunds: loyalty.RefundPolicy{
			From: []loyalty.RefundSource{loyalty.FromOwn, loyalty.FromDebt},
			Cuts: []loyalty.Cut{{Unit: "bean", Currency: "EUR", Points: 100, Money: decimal.NewFromInt(1), Step: decimal.New(5, -2), Rounding: points.HalfUp}},
		},
		Transfers: []loyalty.TransferPolicy{{Unit: "bean", Expiry: points.ExpireAfter(1, points.Years), Qualifies: true, Least: 5, Most: 500}},
		Limits:    []loyalty.Limit{{Code: "clerks", Commands: []string{"adjust"}, By: loyalty.ByActor, Per: loyalty.Day, Times: 20, Unit: "bean", Points: 5000}},
		Review:    []loyalty.Review{{Unit: "bean", Above: 1000}},
		Reminders: []loyalty.Reminder{{Unit: "bean", Leads: []points.Span{{N: 1, Unit: points.Months}, {N: 7, Unit: points.Days}}}},
		Jurisdictions: []loyalty.Jurisdiction{{Code: "CA-QC", Units: []loyalty.UnitTerms{{
			Unit: "bean", Expiry: points.ExpireAfter(10, points.Years),
			Inactivity: &points.Inactivity{After: points.Span{N: 1, Unit: points.Years}, Activities: []string{"earn"}},
		}}}},
		EffectiveAt: time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC),
		Units: []points.Unit{
			{
				Code: "bean", Scale: 2, Expiry: points.ExpireAfter(12, points.Months).At(points.EndOfMonth),
				Pending: points.For(14, points.Days).At(points.Exact), Grace: points.Span{N: 30, Unit: points.Days}, Reinstate: points.Span{N: 3, Unit: points.Months},
				Inactivity: &points.Inactivity{After: points.Span{N: 18, Unit: points.Months}, Boundary: points.EndOfMonth, Activities: []string{"earn", "spend"}},
			},
			{Code: "visits", Kind: points.Metric},
		},
		Earning: []points.Rule{
			{
				Code: "base", Unit: "bean", Priority: 1,
				Spend: &points.SpendRate{
					Points: 100, Per: decimal.NewFromInt(1), Currency: "EUR", Rounding: points.HalfEven, Grouping: points.WholeGroups,
					Basis: points.Basis{Tax: true, Exclude: points.Match{Items: []string{"bag"}, Categories: []string{"wine"}, Tags: []string{"sale"}}},
				},
				Match: points.Match{Items: []string{"latte"}, Categories: []string{"coffee"}, Tags: []string{"hot"}},
			},
			{Code: "monday", Unit: "bean", Multiply: decimal.NewFromInt(2), When: points.When{
				Weekdays: points.Mon, From: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC),
			}},
			{
				Code: "birthday", Unit: "bean", Bonus: 50, Activity: "birthday", Label: "Happy birthday",
				Only:  &points.Only{Channels: []string{"app"}, Stores: []string{"graz"}, Attributes: map[string][]string{"age": {"18"}}},
				Count: &points.Count{Nth: 1, Per: points.PerYear},
				Caps:  []points.Cap{{Times: 1, Per: points.PerYear}},
			},
			{
				Code: "app", Unit: "bean", Multiply: decimal.NewFromInt(2), Stack: "app",
				When: points.When{
					Days: []int{1, -1}, Months: []int{12}, Hours: []points.Hours{{From: points.Clock(7, 0), Until: points.Clock(10, 0)}},
				},
				Only: &points.Only{
					Tiers: []string{"gold"}, Segments: []string{"students"}, NotPaidBy: []points.TenderKind{points.PointsTender},
					Minimum:     []points.Minimum{{Amount: decimal.NewFromInt(20), Currency: "EUR", Basis: points.Basis{Exclude: points.Match{Items: []string{"bag"}}}}},
					Combination: []points.Pieces{{Match: points.Match{Items: []string{"latte"}}, Quantity: 2}},
				},
				Count:   &points.Count{Every: 10, Pieces: true},
				Caps:    []points.Cap{{Points: 100, Per: points.PerEvent}},
				Budgets: []points.Cap{{Points: 100_000, Per: points.PerMonth}},
			},
			{Code: "rain", Unit: "bean", Formula: true},
		},
	}
}

// anyPriority are the fields whose whole range of integers has a meaning.
func anyInteger(path string) bool { return strings.HasSuffix(path, "priority") }

func TestEveryBadFieldOfAProgramIsRefusedByItsPath(t *testing.T) {
	good := fullProgram()
	require.NoError(t, good.Validate())
	cases := 0
	check := func(m mutation) {
		cases++
		t.Run(m.path+" "+m.name, func(t *testing.T) {
			err := m.value.Interface().(loyalty.Program).Validate()
			require.ErrorIs(t, err, loyalty.ErrInvalid)
			var problems points.Problems
			require.ErrorAs(t, err, &problems)
			require.Contains(t, problems.Error(), strings.TrimSuffix(m.path, "[0]"), "the error has the path")
			require.Less(t, len(err.Error()), 4000)
		})
	}
	for _, m := range mutations(reflect.ValueOf(good), "", itself) {
		if !anyInteger(m.path) {
			check(m)
		}
	}
	for i := range good.Earning {
		for _, m := range mutations(reflect.ValueOf(good.Earning[i]), "", itself) {
			if anyInteger(m.path) || i == 0 || m.path == "when.days[0]" && m.name == "negative" {
				continue
			}
			spoilt := good
			spoilt.Earning = append([]points.Rule(nil), good.Earning...)
			spoilt.Earning[i] = m.value.Interface().(points.Rule)
			check(mutation{path: fmt.Sprintf("earning[%d].%s", i, m.path), name: m.name, value: reflect.ValueOf(spoilt)})
		}
	}
	require.Greater(t, cases, 80)
}

func TestNamedBadPrograms(t *testing.T) {
	cases := map[string]struct {
		path  string
		spoil func(p *loyalty.Program)
	}{
		"no id":                             {"id", func(p *loyalty.Program) { p.ID = "" }},
		"an id of 65 bytes":                 {"id", func(p *loyalty.Program) { p.ID = strings.Repeat("x", 65) }},
		"no zone":                           {"zone", func(p *loyalty.Program) { p.Zone = "" }},
		"the zone of the machine":           {"zone", func(p *loyalty.Program) { p.Zone = "Local" }},
		"a zone that is not there":          {"zone", func(p *loyalty.Program) { p.Zone = "Europe/Atlantis" }},
		"no units":                          {"units", func(p *loyalty.Program) { p.Units, p.Earning = nil, nil }},
		"a unit twice":                      {"units[1].code", func(p *loyalty.Program) { p.Units[1] = p.Units[0] }},
		"a unit without an expiry":          {"units[0].expiry", func(p *loyalty.Program) { p.Units[0].Expiry = points.Expiry{} }},
		"a unit that never and does":        {"units[0].expiry", func(p *loyalty.Program) { p.Units[0].Expiry.Never = true }},
		"a metric that expires":             {"units[1].expiry", func(p *loyalty.Program) { p.Units[1].Expiry = points.NeverExpire() }},
		"a metric that is pending":          {"units[1].pending", func(p *loyalty.Program) { p.Units[1].Pending = points.UntilConfirmed() }},
		"a scale of seven":                  {"units[0].scale", func(p *loyalty.Program) { p.Units[0].Scale = 7 }},
		"an expiry after fortnights":        {"units[0].expiry", func(p *loyalty.Program) { p.Units[0].Expiry.After.Unit = "fortnights" }},
		"an expiry at the end of time":      {"units[0].expiry", func(p *loyalty.Program) { p.Units[0].Expiry.Boundary = "end-of-time" }},
		"a rule twice":                      {"earning[1].code", func(p *loyalty.Program) { p.Earning[1] = p.Earning[0] }},
		"a rule that gives nothing":         {"earning[2]", func(p *loyalty.Program) { p.Earning[2].Bonus = 0 }},
		"a rule that gives two things":      {"earning[2]", func(p *loyalty.Program) { p.Earning[2].Multiply = decimal.NewFromInt(2) }},
		"a rule for an unknown unit":        {"earning[0].unit", func(p *loyalty.Program) { p.Earning[0].Unit = "mile" }},
		"a rate per nothing":                {"earning[0].spend.per", func(p *loyalty.Program) { p.Earning[0].Spend.Per = decimal.Decimal{} }},
		"a rate of nothing":                 {"earning[0].spend.points", func(p *loyalty.Program) { p.Earning[0].Spend.Points = 0 }},
		"a rate without a currency":         {"earning[0].spend.currency", func(p *loyalty.Program) { p.Earning[0].Spend.Currency = "" }},
		"a rounding that is not there":      {"earning[0].spend.rounding", func(p *loyalty.Program) { p.Earning[0].Spend.Rounding = "up-ish" }},
		"a window that ends at once":        {"earning[1].when", func(p *loyalty.Program) { p.Earning[1].When.Until = p.Earning[1].When.From }},
		"an activity with a multiplier":     {"earning[1].activity", func(p *loyalty.Program) { p.Earning[1].Activity = "birthday" }},
		"a program of a thousand years ago": {"lateWindow.n", func(p *loyalty.Program) { p.LateWindow.N = 12_000 }},
		"a combination for an activity":     {"earning[2].only.combination", func(p *loyalty.Program) { p.Earning[2].Only = &points.Only{Combination: make([]points.Pieces, 2)} }},
		"a minimum for an activity":         {"earning[2].only.minimum", func(p *loyalty.Program) { p.Earning[2].Only = &points.Only{Minimum: p.Earning[3].Only.Minimum} }},
		"an activity that points paid":      {"earning[2].only.notPaidBy", func(p *loyalty.Program) { p.Earning[2].Only = &points.Only{NotPaidBy: p.Earning[3].Only.NotPaidBy} }},
		"attributes of an order":            {"earning[4].only.attributes", func(p *loyalty.Program) { p.Earning[4].Only = p.Earning[2].Only }},
		"an attribute without values": {"earning[2].only.attributes.age", func(p *loyalty.Program) {
			p.Earning[2].Only = &points.Only{Attributes: map[string][]string{"age": nil}}
		}},
		"a count of two kinds":          {"earning[3].count", func(p *loyalty.Program) { p.Earning[3].Count = &points.Count{Nth: 1, Every: 2} }},
		"a count per order":             {"earning[3].count.per", func(p *loyalty.Program) { p.Earning[3].Count = &points.Count{Nth: 1, Per: points.PerEvent} }},
		"a cap of nothing":              {"earning[3].caps[0]", func(p *loyalty.Program) { p.Earning[3].Caps = []points.Cap{{Per: points.PerDay}} }},
		"a cap for ever without saying": {"earning[3].caps[0].per", func(p *loyalty.Program) { p.Earning[3].Caps = []points.Cap{{Times: 1}} }},
		"a cap twice": {"earning[3].caps[1]", func(p *loyalty.Program) {
			p.Earning[3].Caps = []points.Cap{{Times: 1, Per: points.PerDay}, {Times: 2, Per: points.PerDay}}
		}},
		"a budget per order":             {"earning[3].budgets[0].per", func(p *loyalty.Program) { p.Earning[3].Budgets = []points.Cap{{Times: 1, Per: points.PerEvent}} }},
		"a stacking group of a bonus":    {"earning[2].stack", func(p *loyalty.Program) { p.Earning[2].Stack = "app" }},
		"a formula and a bonus":          {"earning[2]", func(p *loyalty.Program) { p.Earning[2].Formula = true }},
		"the thirty-second":              {"earning[3].when.days[0]", func(p *loyalty.Program) { p.Earning[3].When.Days = []int{32} }},
		"no day of the month":            {"earning[3].when.days[0]", func(p *loyalty.Program) { p.Earning[3].When.Days = []int{0} }},
		"a month twice":                  {"earning[3].when.months[1]", func(p *loyalty.Program) { p.Earning[3].When.Months = []int{5, 5} }},
		"a window of the day of nothing": {"earning[3].when.hours[0]", func(p *loyalty.Program) { p.Earning[3].When.Hours = []points.Hours{{From: 60, Until: 60}} }},
		"a debt policy of its own":       {"debt", func(p *loyalty.Program) { p.Debt = "sometimes" }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := fullProgram()
			p.Earning[0].Spend = &(&struct{ points.SpendRate }{*p.Earning[0].Spend}).SpendRate
			c.spoil(&p)
			err := p.Validate()
			require.ErrorIs(t, err, loyalty.ErrInvalid)
			require.Contains(t, err.Error(), c.path)
			_, err = loyalty.New(loyalty.Revisions{p}, nil, nil)
			require.ErrorIs(t, err, loyalty.ErrInvalid)
		})
	}
}

func FuzzProgramJSON(f *testing.F) {
	shipped, err := filepath.Glob("../examples/replay/programs/*.json")
	require.NoError(f, err)
	for _, path := range shipped {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(string(text))
	}
	for _, text := range []string{``, `{}`, `null`, `[]`, `{"id":"a","zone":"UTC","units":[{"code":"p","expiry":{"never":true}}]}`, `{"id":"a"}{"id":"b"}`, `{"units":[{"scale":1e9}]}`, `{"earning":[{"multiply":"1e1000000"}]}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		program, err := loyalty.ParseProgram(strings.NewReader(text))
		if err != nil {
			require.ErrorIs(t, err, loyalty.ErrInvalid)
			return
		}
		require.NoError(t, program.Validate())
	})
}
