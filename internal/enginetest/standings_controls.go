package enginetest

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
)

// ControlsOfStandings lets the paper of [Standings] check engines that are wrong about
// their ladders, and houses that ask for something else than the paper knows, and must
// fail.
func ControlsOfStandings(t *testing.T, open Open) {
	controls := map[string]func(store storage.Store, id string, seed uint64) error{}
	add := func(name string, mistake func(*loyalty.Program), twist func(loyalty.Command) loyalty.Command) {
		controls["the paper sees "+name] = func(store storage.Store, id string, seed uint64) error {
			h, err := newHouse(t, seeded(seed), store, id, mistake)
			if err != nil {
				return err
			}
			if twist != nil {
				h.twist = twist
			}
			return h.lives(40)
		}
	}
	for name, mistake := range ladderMistakes {
		add("an engine that is wrong about "+name, mistake, nil)
	}
	for name, twist := range houseTwists {
		add("a house that "+name, nil, twist)
	}
	mustFail(t, open, controls)
}

// ladderMistakes change the ladders of a program a little.
var ladderMistakes = map[string]func(*loyalty.Program){
	"a threshold": func(p *loyalty.Program) { p.Ladders[1].Tiers[0].Enter.All[0].AtLeast++ },
	"what keeps a tier": func(p *loyalty.Program) {
		p.Ladders[1].Tiers[1].Keep = need("night", 2)
	},
	"days of grace": func(p *loyalty.Program) { p.Ladders[1].Grace, p.Ladders[1].Rollover = 3, nil },
	"how far it goes down": func(p *loyalty.Program) {
		if l := &p.Ladders[1]; l.Down == "" && l.End != "while-held" {
			l.Down = "one-step"
		}
	},
	"points for entering": func(p *loyalty.Program) { p.Ladders[0].Tiers[0].Benefits.Points["bean"]-- },
	"what a tier earns":   func(p *loyalty.Program) { p.Ladders[1].Tiers[1].Benefits.Earn["bean"] = decimal.NewFromInt(2) },
	"a rule of gold's own": func(p *loyalty.Program) {
		p.Earning[2].Only.Tiers = []string{"status/silver"}
	},
}

// houseTwists ask the engine for another command than the paper is told.
var houseTwists = map[string]func(loyalty.Command) loyalty.Command{
	"tells everything as of now": func(cmd loyalty.Command) loyalty.Command {
		switch c := cmd.(type) {
		case loyalty.Fact:
			c.OccurredAt = time.Time{}
			return c
		case loyalty.Earn:
			c.OccurredAt = time.Time{}
			return c
		}
		return cmd
	},
	"forgets challenges": func(cmd loyalty.Command) loyalty.Command {
		if c, ok := cmd.(loyalty.MatchTier); ok {
			c.Challenge.All = nil
			return c
		}
		return cmd
	},
	"ends overrides a day early": func(cmd loyalty.Command) loyalty.Command {
		if c, ok := cmd.(loyalty.OverrideTier); ok {
			c.Until = c.Until.AddDate(0, 0, -1)
			return c
		}
		return cmd
	},
}
