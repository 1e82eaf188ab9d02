package enginetest

import (
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// terms are those of the law that a person is under, for a unit, or nil.
func (p *person) terms(program loyalty.Program, unit string) *loyalty.UnitTerms {
	for _, law := range program.Jurisdictions {
		for _, terms := range law.Units {
			if law.Code == p.law && terms.Unit == unit {
				return &terms
			}
		}
	}
	return nil
}

// expiryFor is how long points of a unit live that a rule gives to a person.
func (p *person) expiryFor(program loyalty.Program, unit points.Unit, rule string) points.Expiry {
	if terms := p.terms(program, unit.Code); terms != nil {
		return terms.Expiry
	}
	return expiryOf(program, unit, rule)
}

// inactivity is how a person loses points of a unit that they do not use, or nil.
func (p *person) inactivity(program loyalty.Program, code string) *points.Inactivity {
	if terms := p.terms(program, code); terms != nil {
		return terms.Inactivity
	}
	unit, _ := program.Unit(code)
	return unit.Inactivity
}

// clamp lets points that come to a person live for good where the law bans that time
// alone takes them.
func (m *model) clamp(p *person, l parcel) parcel {
	if terms := p.terms(m.program, l.unit); terms != nil && terms.Expiry.Never {
		l.until = points.Never
	}
	return l
}

// knowsLaw refuses a code that no revision lists.
func (m *model) knowsLaw(code string) error {
	known := code == ""
	for _, program := range m.revisions {
		known = known || slices.ContainsFunc(program.Jurisdictions, func(law loyalty.Jurisdiction) bool { return law.Code == code })
	}
	if !known {
		return loyalty.ErrInvalid
	}
	return nil
}

func (m *model) setLaw(p *person, code string) error {
	if err := m.knowsLaw(code); err != nil {
		return err
	}
	p.law = code
	return nil
}

// laws are jurisdictions of which some ban that points expire by time, and some lose
// them by other inactivity than the program's.
func laws(p *loyalty.Program) {
	p.Jurisdictions = []loyalty.Jurisdiction{
		{Code: "CA-QC", Units: []loyalty.UnitTerms{
			{Unit: "crumb", Expiry: points.NeverExpire()},
			{Unit: "leaf", Expiry: points.NeverExpire(), Inactivity: &points.Inactivity{
				After: points.Span{N: 45, Unit: points.Days}, Activities: []string{"spend", "birthday", "adjust"},
			}},
			{Unit: "bean", Expiry: points.ExpireAfter(3, points.Weeks).At(points.Exact)},
		}},
		{Code: "CH"},
		{Code: "US-CA", Units: []loyalty.UnitTerms{
			{Unit: "bean", Expiry: points.NeverExpire(), Inactivity: &points.Inactivity{
				After: points.Span{N: 2, Unit: points.Months}, Activities: []string{"earn", "visit"},
			}},
			{Unit: "leaf", Expiry: points.ExpireAfter(5, points.Weeks)},
		}},
	}
}

// move says under which law somebody is from now on.
func (g *generator) move() loyalty.Command {
	law := oneOf(g.pick, "law", "CA-QC", "CA-QC", "US-CA", "US-CA", "CH", "", "XX")
	if g.pick("new", 4) == 0 {
		return loyalty.Enroll{Member: g.member(), Key: g.key(), Jurisdiction: law, OccurredAt: g.occurred()}
	}
	return loyalty.SetJurisdiction{Member: g.member(), Key: g.key(), Jurisdiction: law, OccurredAt: g.occurred()}
}

// idleUnits are the units that any law or revision lets inactivity take.
func (m *model) idleUnits() []string {
	var units []string
	for _, program := range m.revisions {
		for _, unit := range program.Units {
			if unit.Inactivity != nil {
				units = append(units, unit.Code)
			}
		}
		for _, law := range program.Jurisdictions {
			for _, terms := range law.Units {
				if terms.Inactivity != nil {
					units = append(units, terms.Unit)
				}
			}
		}
	}
	slices.Sort(units)
	return slices.Compact(units)
}

// rearm gives the points of a unit another time to be lost by a law that is new to a person.
func (idle idleness) rearm(rule *points.Inactivity, now time.Time, zone *time.Location) idleness {
	if idle.due = rule.From(idle.last, zone); !idle.due.After(now) {
		idle.last = now
		idle.due = rule.From(now, zone)
	}
	return idle
}
