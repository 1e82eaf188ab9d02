package enginetest

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

// areas are what a program may have besides the cafe's, by name: each sequence picks
// some of them.
var areas = map[string]func(*loyalty.Program){
	"cards": func(p *loyalty.Program) {
		p.Earning = append(p.Earning,
			points.Rule{Code: "card", Bonus: 40, Match: points.Match{Items: []string{"latte"}}, Count: &points.Count{Pieces: true, Every: 5}},
			points.Rule{Code: "first", Unit: "crumb", Bonus: 25, Count: &points.Count{Nth: 1}},
			points.Rule{Code: "second", Multiply: money("1.5"), Stack: "second", Count: &points.Count{Nth: 2, Per: points.PerMonth}},
			points.Rule{Code: "visits", Activity: "visit", Unit: "leaf", Bonus: 8, Count: &points.Count{Every: 3, Per: points.PerQuarter}},
		)
	},
	"budgets": func(p *loyalty.Program) {
		p.Earning = append(p.Earning,
			points.Rule{Code: "drop", Unit: "leaf", Bonus: 7, Budgets: []points.Cap{{Points: 60, Per: points.PerMonth}, {Times: 3, Per: points.PerDay}}},
			points.Rule{Code: "rush", Activity: "birthday", Unit: "crumb", Bonus: 9, Budgets: []points.Cap{{Points: 30, Per: points.Lifetime}}},
		)
	},
	"conditions": func(p *loyalty.Program) {
		both := []points.Pieces{{Match: points.Match{Items: []string{"latte"}}}, {Match: points.Match{Items: []string{"mug", "beans"}}, Quantity: 2}}
		p.Earning = append(p.Earning,
			points.Rule{Code: "app", Bonus: 3, Only: &points.Only{Channels: []string{"app"}}},
			points.Rule{Code: "set", Unit: "crumb", Bonus: 11, Only: &points.Only{Combination: both}},
			points.Rule{Code: "large", Unit: "leaf", Bonus: 4, Only: &points.Only{Minimum: []points.Minimum{{Amount: money("30"), Currency: "EUR"}}}},
			points.Rule{Code: "rain", Activity: "visit", Unit: "leaf", Bonus: 2, Only: &points.Only{Attributes: map[string][]string{"weather": {"rain", "snow"}}}},
			points.Rule{Code: "student", Multiply: money("1.25"), Stack: "student", Only: &points.Only{Segments: []string{"student"}}},
		)
	},
	"stacks": func(p *loyalty.Program) {
		p.Earning = append(p.Earning,
			points.Rule{Code: "mornings", Multiply: money("3"), Stack: "hours", When: points.When{Hours: []points.Hours{{From: points.Clock(6, 0), Until: points.Clock(12, 0)}}}},
			points.Rule{Code: "weekend", Multiply: money("0.5"), Stack: "days", When: points.When{Weekdays: points.Sat | points.Sun}},
		)
	},
	"formulas": func(p *loyalty.Program) {
		p.Earning = append(p.Earning, points.Rule{Code: "pieces", Unit: "crumb", Formula: true, Caps: []points.Cap{{Points: 12, Per: points.PerWeek}}})
	},
	"expiries": func(p *loyalty.Program) {
		p.Earning = append(p.Earning,
			points.Rule{Code: "quick", Bonus: 6, Match: points.Match{Items: []string{"beans"}}, Expiry: points.ExpireAfter(3, points.Days).At(points.Exact)},
			points.Rule{Code: "gift", Activity: "birthday", Bonus: 5, Expiry: points.NeverExpire()},
		)
	},
	"review": func(p *loyalty.Program) {
		p.Review = []loyalty.Review{{Unit: "bean", Above: 60}, {Unit: "crumb", Above: 150}}
	},
	"checkout":  checkout,
	"erasure":   func(*loyalty.Program) {}, // Members are erased in mid-life.
	"guests":    func(p *loyalty.Program) { p.Guests = true },
	"reminders": reminding,
	"laws":      laws,
	"late":      func(p *loyalty.Program) { p.LateWindow = points.Span{N: 20, Unit: points.Days} },
	"transfers": func(p *loyalty.Program) {
		p.Transfers = []loyalty.TransferPolicy{
			{Unit: "bean", Least: 3, Most: 90, Expiry: points.ExpireAfter(10, points.Days).At(points.Exact)},
			{Unit: "star", Forbidden: true},
			{Unit: "crumb", Qualifies: true},
		}
	},
	"refunds": func(p *loyalty.Program) {
		p.Refunds.From = []loyalty.RefundSource{loyalty.FromOthers, loyalty.FromPending}
		p.Refunds.Cuts = []loyalty.Cut{
			{Unit: "bean", Currency: "EUR", Points: 3, Money: money("0.10")},
			{Unit: "crumb", OrderRate: true, Rounding: points.HalfUp, Step: money("0.05")},
		}
	},
}

// widen adds areas to a program.
func widen(program loyalty.Program, names []string) loyalty.Program {
	for _, name := range names {
		areas[name](&program)
	}
	return program
}

// pickAreas picks which areas a program has: mostly some.
func pickAreas(pick pick) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(areas)) {
		if pick(name, 3) == 2 {
			names = append(names, name)
		}
	}
	return names
}

// formulasOf are those of the rules that have one.
func formulasOf(revisions loyalty.Revisions) map[string]points.Formula {
	for _, program := range revisions {
		if slices.ContainsFunc(program.Earning, func(rule points.Rule) bool { return rule.Formula }) {
			return formulas()
		}
	}
	return nil
}

// formulas holds that of pieces: a point for each piece of an order.
func formulas() map[string]points.Formula {
	return map[string]points.Formula{"pieces": func(of points.Occasion) (points.Amount, error) {
		var n points.Amount
		if of.Order != nil {
			for _, line := range of.Order.Lines {
				n += max(1, points.Amount(line.Quantity))
			}
		}
		return n, nil
	}}
}

// segments are those of a member at an instant: bob studies for some months.
func segments(member string, at time.Time) []string {
	if member == "bob" && at.Before(start.AddDate(0, 3, 0)) {
		return []string{"student"}
	}
	return nil
}

func profile(_ context.Context, member string, at time.Time) (loyalty.Profile, error) {
	return loyalty.Profile{Segments: segments(member, at)}, nil
}

// mistakes change one area of a program a little, so that an engine that goes by it does
// what the model does not expect.
// It has none where a shop sends another command.
var mistakes = map[string]func(*loyalty.Program){
	"cards":      func(p *loyalty.Program) { rule(p, "card").Count.Every++ },
	"budgets":    func(p *loyalty.Program) { rule(p, "drop").Budgets[1].Times-- },
	"conditions": func(p *loyalty.Program) { rule(p, "app").Only.Channels[0] = "kiosk" },
	"stacks":     func(p *loyalty.Program) { rule(p, "mornings").Stack = "days" },
	"formulas":   func(p *loyalty.Program) { rule(p, "pieces").Caps[0].Points-- },
	"expiries": func(p *loyalty.Program) {
		rule(p, "quick").Expiry = points.ExpireAfter(4, points.Days).At(points.Exact)
	},
	"review":    func(p *loyalty.Program) { p.Review[0].Above += 20 },
	"late":      func(p *loyalty.Program) { p.LateWindow.N -= 12 },
	"checkout":  func(p *loyalty.Program) { p.Catalog[0].Exchange.Fraction = rewards.FractionCash },
	"reminders": func(p *loyalty.Program) { p.Reminders[2].Leads = p.Reminders[2].Leads[:1] },
	"laws":      func(p *loyalty.Program) { p.Jurisdictions[0].Units[0].Expiry = points.ExpireAfter(1, points.Years) },
	"transfers": func(p *loyalty.Program) { p.Transfers[0].Most-- },
	"refunds":   func(p *loyalty.Program) { p.Refunds.From = []loyalty.RefundSource{loyalty.FromPending} },
}

func rule(p *loyalty.Program, code string) *points.Rule {
	return &p.Earning[slices.IndexFunc(p.Earning, func(r points.Rule) bool { return r.Code == code })]
}
