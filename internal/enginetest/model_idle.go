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

// idleness is how long a person has not been active, for one unit.
type idleness struct {
	last time.Time
	// due is when the points are lost, Never where they are not about to be.
	due time.Time
	// fired is when they were last lost, and made how many lots there were by then.
	fired time.Time
	made  int
}

// active notes what somebody did at an instant.
func (m *model) active(p *person, now, at time.Time, names ...string) {
	for _, unit := range m.idleUnits() {
		idle, known := p.idle[unit]
		if !known {
			idle.due = points.Never
		}
		asleep := points.IsNever(idle.due)
		rule := p.inactivity(m.program, unit)
		if rule == nil {
			if idle.due = points.Never; !asleep {
				p.idle[unit] = idle
			}
			continue
		}
		counts := slices.ContainsFunc(names, func(name string) bool { return slices.Contains(rule.Activities, name) })
		switch {
		case counts && (asleep || at.After(idle.last)):
			if at.After(idle.last) {
				idle.last = at
			}
		case asleep && p.balance(unit).Available > 0:
			idle.last = now
		case !asleep && slices.Contains(names, "set-jurisdiction"):
		default:
			continue
		}
		p.idle[unit] = idle.rearm(rule, now, m.zone)
	}
}

// noteAll notes a command for everybody that it is about.
func (m *model) noteAll(cmd loyalty.Command, parties []*person, now, at time.Time) {
	name := strings.ToLower(reflect.TypeOf(cmd).Name())
	if name == "setjurisdiction" {
		name = "set-jurisdiction"
	}
	for i, p := range parties {
		names := []string{name}
		if i > 0 {
			names = []string{name + "-in"}
		}
		if fact, ok := cmd.(loyalty.Fact); ok {
			names = append(names, fact.Activity)
		}
		if i == 0 && m.paid.n > 0 {
			names = append(names, "spend")
		}
		m.active(p, now, at, names...)
	}
}

// wake starts the time of inactivity when points came by themselves.
func (m *model) wake(p *person, at time.Time) {
	for _, unit := range m.idleUnits() {
		idle, known := p.idle[unit]
		rule := p.inactivity(m.revision(at), unit)
		if rule != nil && p.balance(unit).Available > 0 && (!known || points.IsNever(idle.due)) {
			idle.last, idle.due = at, rule.From(at, m.zone)
			p.idle[unit] = idle
		}
	}
}

// tire takes all that is available of a unit.
func (m *model) tire(p *person, unit string) {
	idle := p.idle[unit]
	if p.inactivity(m.revision(idle.due), unit) == nil {
		idle.due = points.Never
		p.idle[unit] = idle
		return
	}
	for _, i := range p.inOrder(unit) {
		m.expire(p, i, idle.due)
	}
	idle.fired, idle.made, idle.due = idle.due, len(p.lots), points.Never
	p.idle[unit] = idle
}

// lost reports whether inactivity took a lot before its points came back.
func (p *person) lost(lot int) bool {
	idle := p.idle[p.lots[lot].unit]
	return !idle.fired.IsZero() && lot < idle.made && !p.lots[lot].from.After(idle.fired)
}

// expiry is when a lot's points are lost as things stand.
func (p *person) expiry(l parcel) time.Time {
	if idle, known := p.idle[l.unit]; known && idle.due.Before(l.until) {
		return idle.due
	}
	return l.until
}

func (p *person) tirings() []happening {
	var all []happening
	for _, unit := range slices.Sorted(maps.Keys(p.idle)) {
		if due := p.idle[unit].due; !points.IsNever(due) {
			all = append(all, happening{at: due, rank: tires, hold: unit})
		}
	}
	return all
}
