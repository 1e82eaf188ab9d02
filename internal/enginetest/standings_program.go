package enginetest

import (
	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// The house of the members whose standings are compared: gold earns three beans a euro
// and has a rule of its own, a friend of the house earns two.
const (
	loungeBonus = 7
	goldFactor  = 3
	kinFactor   = 2
)

func need(metric string, n int64) tiers.Condition {
	return tiers.Condition{All: []tiers.Need{{Metric: metric, AtLeast: n}}}
}

// pickLadder picks a ladder over nights and euros of one of the shapes that shops have.
func pickLadder(pick pick, code string) tiers.Ladder {
	l := tiers.Ladder{Code: code}
	l.Window = oneOf(pick, "window",
		tiers.Window{Kind: tiers.Lifetime},
		tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 3}},
		tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Days: 45}},
		tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 3}},
		tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
		tiers.Window{Kind: tiers.Anniversary, Span: tiers.Span{Months: 6}},
		tiers.Window{Kind: tiers.TierAnniversary, Span: tiers.Span{Months: 4}},
		tiers.Window{Kind: tiers.Cycle, Span: tiers.Span{Days: 100}, From: tiers.Date(2026, 2, 28)},
	)
	periodic := l.Window.Kind != tiers.Lifetime && l.Window.Kind != tiers.Rolling
	ends := []tiers.End{tiers.AfterSpan, tiers.WhileHeld}
	if periodic {
		ends = []tiers.End{tiers.AfterSpan, tiers.EndOfPeriod, tiers.EndOfNextPeriod}
		l.Start = oneOf(pick, "start", tiers.AtOnce, tiers.NextPeriod)
	}
	if l.End = oneOf(pick, "end", ends...); l.End == tiers.AfterSpan {
		l.Lasts = tiers.Span{Months: 2}
	}
	if l.End != tiers.WhileHeld {
		l.Down = oneOf(pick, "down", tiers.Recompute, tiers.OneStep)
	}
	l.Grace = oneOf(pick, "grace", 0, 10)
	if periodic && l.Grace == 0 && pick("rolls over", 2) == 0 {
		l.Rollover = []tiers.Rollover{{Metric: "night", Most: 4}}
	}
	if pick("reminds", 2) == 0 {
		l.Remind = []tiers.Span{{Months: 1}, {Days: 7}, {Days: 2}}
	}
	low := int64(1 + pick("low", 6))
	l.Tiers = []tiers.Tier{
		{Code: "silver", Enter: need("night", low), Benefits: tiers.Benefits{Points: map[string]int64{"bean": 10}}},
		{
			Code: "gold", Enter: tiers.Condition{Any: []tiers.Need{{Metric: "night", AtLeast: low + 5}, {Metric: "spend", AtLeast: 100}}},
			Benefits: tiers.Benefits{Points: map[string]int64{"bean": 100}, Earn: map[string]decimal.Decimal{"bean": decimal.NewFromInt(goldFactor)}},
		},
	}
	if pick("other thresholds to keep and to come back", 2) == 0 {
		gold := &l.Tiers[1]
		gold.Keep, gold.Reenter = need("night", int64(1+pick("keep", 12))), need("night", int64(1+pick("come back", 12)))
	}
	return l
}

// lodge is a program with two ladders: a status, and one of those who are kin.
func lodge(id string, pick pick) loyalty.Program {
	status, kin := pickLadder(pick, "status"), pickLadder(pick, "kin")
	kin.Tiers[0].Code, kin.Tiers[1].Code = "guest", "friend"
	kin.Tiers[1].Benefits.Earn["bean"] = decimal.NewFromInt(kinFactor)
	return loyalty.Program{
		ID: id, Zone: "Europe/Vienna", Debt: loyalty.AllowDebt, LateWindow: points.Span{N: 20, Unit: points.Years},
		Units: []points.Unit{
			{Code: "bean", Expiry: points.NeverExpire()}, {Code: "night", Kind: points.Metric}, {Code: "spend", Kind: points.Metric},
		},
		Earning: []points.Rule{
			{Code: "base", Unit: "bean", Spend: &points.SpendRate{Points: 1, Per: money("1"), Currency: "EUR"}},
			{Code: "counts", Unit: "spend", Spend: &points.SpendRate{Points: 1, Per: money("1"), Currency: "EUR"}},
			{Code: "lounge", Unit: "bean", Bonus: loungeBonus, Only: &points.Only{Tiers: []string{"status/gold"}}},
		},
		Ladders: []tiers.Ladder{kin, status},
	}
}
