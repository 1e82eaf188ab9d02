package main

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// regularMembers are members who have bought something in each of regularWeeks weeks.
const (
	regularMembers = 50
	regularWeeks   = 40
)

// euros is a metric of what members spend.
const euros = "euros"

func regulars() []loyalty.Command {
	joined := opening.AddDate(0, 0, -7*regularWeeks)
	var commands []loyalty.Command
	for i := range regularMembers {
		commands = append(commands, loyalty.Enroll{Member: member(i), Key: "enroll", OccurredAt: joined})
	}
	for week := range regularWeeks {
		for i := range regularMembers {
			commands = append(commands, loyalty.Fact{
				Member: member(i), Key: fmt.Sprintf("week-%02d", week), Activity: euros, Amount: 12, OccurredAt: joined.AddDate(0, 0, 7*week),
			})
		}
	}
	return commands
}

// countEuros lets orders count euros.
func countEuros(p *loyalty.Program) {
	p.Units = append(p.Units, points.Unit{Code: euros, Kind: points.Metric})
	p.Earning = append(p.Earning, points.Rule{
		Code: euros, Unit: euros, Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"},
	})
}

// climb lets the euros of twelve months lead to tiers, which are held as long as they
// are enough.
func climb(p *loyalty.Program) {
	countEuros(p)
	tier := func(code string, from int64) tiers.Tier {
		return tiers.Tier{Code: code, Enter: tiers.Condition{All: []tiers.Need{{Metric: euros, AtLeast: from}}}}
	}
	p.Ladders = []tiers.Ladder{{
		Code: "status", Window: tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 12}}, End: tiers.WhileHeld,
		Tiers: []tiers.Tier{tier("silver", 400), tier("gold", 1000), tier("platinum", 2500)},
	}}
}
