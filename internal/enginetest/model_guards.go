package enginetest

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// usedUp is what was used of a limit.
type usedUp struct {
	times int64
	moved points.Amount
}

// guard counts a command that would be done against the program's limits.
func (m *model) guard(cmd loyalty.Command, p *person, now time.Time) error {
	typ := strings.ToLower(reflect.TypeOf(cmd).Name())
	for _, limit := range m.program.Limits {
		spends := m.paid.n > 0 && slices.Contains(limit.Commands, "spend")
		if !spends && !slices.Contains(limit.Commands, typ) {
			continue
		}
		used, who := m.byActor, cmd.Plan().Actor
		if limit.By == loyalty.ByMember {
			used, who = p.limits, p.id
		}
		if who == "" {
			continue
		}
		day, _ := points.PerDay.On(now, m.zone)
		if limit.Per == loyalty.Month {
			day, _ = points.PerMonth.On(now, m.zone)
		}
		key := limit.Code + " " + day
		if limit.By == loyalty.ByActor {
			key += " " + who
		}
		next := used[key]
		next.times++
		next.moved += moved(cmd, limit.Unit)
		if spends && m.paid.unit == limit.Unit {
			next.moved += m.paid.n
		}
		if limit.Times > 0 && next.times > limit.Times || limit.Points > 0 && next.moved > limit.Points {
			return loyalty.ErrLimit
		}
		used[key] = next
	}
	return nil
}

// moved is how many points of a unit a command moves.
func moved(cmd loyalty.Command, unit string) points.Amount {
	switch c := cmd.(type) {
	case loyalty.Adjust:
		if c.Unit == unit {
			return max(c.Points, -c.Points)
		}
	case loyalty.Spend:
		if c.Unit == unit {
			return c.Points
		}
	case loyalty.Transfer:
		if c.Unit == unit {
			return c.Points
		}
	}
	return 0
}

// together adds what another person used of limits.
func (p *person) together(from *person) {
	for key, theirs := range from.limits {
		mine := p.limits[key]
		p.limits[key] = usedUp{mine.times + theirs.times, mine.moved + theirs.moved}
	}
	p.drawn = append(slices.Clip(p.drawn), from.drawn...)
	from.limits, from.drawn = map[string]usedUp{}, nil
}

func (p *person) copyGuards(c *person) {
	c.limits, c.shutFor = maps.Clone(p.limits), maps.Clone(p.shutFor)
}

// gate is whether a gate is shut.
func (p *person) gate(gate loyalty.Gate) *bool {
	if gate == loyalty.EarnGate {
		return &p.noEarn
	}
	return &p.noRedeem
}

// shutWith shuts the gates that are shut for who becomes one with a person.
func (p *person) shutWith(from *person) {
	for _, gate := range []loyalty.Gate{loyalty.EarnGate, loyalty.RedeemGate} {
		if !*from.gate(gate) {
			continue
		}
		if shut := p.gate(gate); !*shut || len(p.shutFor[gate]) > 0 {
			if p.shutFor == nil {
				p.shutFor = map[loyalty.Gate][]string{}
			}
			p.shutFor[gate], *shut = append(slices.Clip(p.shutFor[gate]), from.id), true
		}
	}
}

// openWithout opens the gates that are shut for the sake of who goes again alone.
func (p *person) openWithout(from *person) {
	for gate, names := range p.shutFor {
		left := slices.DeleteFunc(slices.Clone(names), func(id string) bool { return id == from.id })
		if p.shutFor[gate] = left; len(left) == 0 {
			delete(p.shutFor, gate)
			*p.gate(gate) = false
		}
	}
}
