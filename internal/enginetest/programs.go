package enginetest

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// start is shortly before the clocks change in Vienna and the month ends.
var start = time.Date(2026, time.March, 28, 21, 15, 7, 123456000, time.UTC)

const (
	familySize  = 2
	childCrumbs = 20
)

// cafe is the program under test: beans with a return window and an expiry at a
// month's end, stars that wait for a confirmation and never expire, crumbs that
// come at once and go to the microsecond, and two metrics.
func cafe(id string, debt loyalty.DebtPolicy, perMember bool) loyalty.Program {
	spend := func(code, unit, currency string, n points.Amount, per string) points.Rule {
		return points.Rule{Code: code, Unit: unit, Spend: &points.SpendRate{Points: n, Per: money(per), Currency: currency}}
	}
	stars := spend("stars", "star", "EUR", 1, "10")
	stars.Spend.Grouping = points.WholeGroups
	crumbs := spend("crumbs", "crumb", "EUR", 3, "1")
	crumbs.Caps = []points.Cap{{Points: 300, Per: points.PerDay}}
	return loyalty.Program{
		ID: id, Zone: "Europe/Vienna", Debt: debt, OrdersPerMember: perMember,
		Units: []points.Unit{
			{Code: "bean", Expiry: points.ExpireAfter(2, points.Months).At(points.EndOfMonth), Pending: points.For(14, points.Days)},
			{Code: "star", Expiry: points.NeverExpire(), Pending: points.UntilConfirmed()},
			{
				Code: "crumb", Expiry: points.ExpireAfter(10, points.Days).At(points.Exact),
				Grace: points.Span{N: 3, Unit: points.Days}, Reinstate: points.Span{N: 30, Unit: points.Days},
			},
			{
				Code: "leaf", Expiry: points.ExpireAfter(6, points.Months),
				Grace: points.Span{N: 1, Unit: points.Weeks}, Reinstate: points.Span{N: 2, Unit: points.Months},
				Inactivity: &points.Inactivity{After: points.Span{N: 30, Unit: points.Days}, Activities: []string{"earn", "capture", "transfer-in", "visit"}},
			},
			{Code: "visit", Kind: points.Metric},
			{Code: "spent", Kind: points.Metric, Scale: 2},
		},
		Pools: []loyalty.PoolKind{{
			Code: "family", MaxMembers: familySize, Dissolve: loyalty.ToContributors,
			Roles: []loyalty.PoolRole{
				{Code: "owner", Manages: true, Contributes: true, Draws: true},
				{Code: "adult", Contributes: true, Draws: true},
				{Code: "child", Draws: true, Limits: []loyalty.PoolLimit{{Unit: "crumb", Points: childCrumbs, Per: loyalty.Day}}},
			},
		}},
		Limits: []loyalty.Limit{
			{Code: "clerks", Commands: []string{"adjust"}, By: loyalty.ByActor, Per: loyalty.Day, Unit: "bean", Points: 700},
			{Code: "spends", Commands: []string{"spend", "transfer"}, By: loyalty.ByMember, Per: loyalty.Day, Times: 6, Unit: "crumb", Points: 400},
		},
		Earning: []points.Rule{
			spend("euro", "bean", "EUR", 1, "1"),
			spend("dollar", "bean", "USD", 9, "10"),
			{Code: "monday", When: points.When{Weekdays: points.Mon}, Multiply: money("2")},
			{Code: "mug", Bonus: 5, Match: points.Match{Items: []string{"mug"}}, Caps: []points.Cap{{Times: 2, Per: points.PerMonth}}},
			stars,
			crumbs,
			spend("leaves", "leaf", "EUR", 2, "1"),
			spend("spent", "spent", "EUR", 100, "1"),
			{Code: "birthday", Activity: "birthday", Bonus: 50},
			{Code: "welcome", Unit: "crumb", Activity: "visit", Bonus: 3},
		},
	}
}

// generous is the cafe's program from 40 days on: more points, sooner, for longer,
// and debt the other way round, with the same areas.
func generous(program loyalty.Program, areas []string) loyalty.Program {
	next := widen(cafe(program.ID, loyalty.AllowDebt, program.OrdersPerMember), areas)
	if program.Debt == loyalty.AllowDebt {
		next.Debt = loyalty.RefuseDebt
	}
	next.EffectiveAt = start.AddDate(0, 0, 40)
	next.Units[0].Expiry = points.ExpireAfter(1, points.Years).At(points.EndOfQuarter)
	next.Units[0].Pending = points.For(1, points.Weeks).At(points.Exact)
	next.Units[1].Pending = points.Activation{}
	next.Earning[0].Spend.Points = 3
	next.Earning = append(next.Earning, points.Rule{Code: "yoga", Activity: "yoga", Unit: "star", Bonus: 2})
	return next
}

func money(text string) decimal.Decimal { return decimal.RequireFromString(text) }
