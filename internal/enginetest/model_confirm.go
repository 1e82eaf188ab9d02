package enginetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// confirmLots confirms pending lots by the numbers that a member page shows.
func (m *model) confirmLots(p *person, c loyalty.Confirm, now, at time.Time) error {
	if c.Member != p.id {
		return loyalty.ErrInvalid // Numbers are those of an account, and the name of another is given.
	}
	for _, id := range c.Lots {
		i := slices.IndexFunc(p.lots, func(l parcel) bool { return l.number == id })
		switch {
		case i < 0:
			return loyalty.ErrInvalid
		case !p.lots[i].pending || p.lots[i].left == 0:
			return loyalty.ErrNothingPending
		}
		m.confirmOne(p, i, now, at)
	}
	return nil
}

// confirmOne gives a pending lot new dates: it becomes another one, at the place that it
// returns.
func (m *model) confirmOne(p *person, lot int, now, at time.Time) int {
	next := p.lots[lot]
	p.lots[lot].left = 0
	unit, _ := m.program.Unit(next.unit)
	if !m.dated(p, next) {
		next.until = p.expiryFor(m.program, unit, next.rule).From(at, m.zone)
	}
	next.from = at
	next.rule, next.number = "", 0
	place := m.receive(p, next, now)
	p.lots[lot].into = place + 1
	return place
}

// dated reports whether a pending lot has another date than the program gives it, now or
// when its points were earned.
func (m *model) dated(p *person, l parcel) bool {
	for _, program := range []loyalty.Program{m.program, m.revision(l.earned)} {
		unit, _ := program.Unit(l.unit)
		if l.until.Equal(p.expiryFor(program, unit, l.rule).From(l.from, m.zone)) {
			return false
		}
	}
	return true
}

// confirmSome confirms lots by the numbers on the member's page, or tries to.
func (m *machine) confirmSome() error {
	who := m.member()
	p := m.model.now(who)
	if p.crowded || !p.enrolled || p.erased {
		return nil
	}
	page, err := m.engine.Member(m.ctx, who)
	if err != nil {
		return err
	}
	then := p.copy()
	at := later(m.clock, p.recorded)
	m.model.apart().advance(then, at)
	places := then.places()
	if len(places) != len(page.Lots) {
		return fmt.Errorf("%s has %d lots at %s, should have %d", who, len(page.Lots), at, len(places))
	}
	for i := range p.lots {
		p.lots[i].number = 0
	}
	cmd := loyalty.Confirm{Member: oneOf(m.pick, "named", who, who, p.id), Key: m.key(), OccurredAt: m.occurred()}
	for i, place := range places {
		if place >= len(p.lots) {
			continue // It is not booked yet.
		}
		p.lots[place].number = page.Lots[i].ID
		if odds := 8; then.lots[place].pending && m.pick("this", 2) == 0 || m.pick("any", odds) == 0 {
			cmd.Lots = append(cmd.Lots, page.Lots[i].ID)
		}
	}
	if len(cmd.Lots) == 0 || m.pick("none of them", 20) == 0 {
		cmd.Lots = append(cmd.Lots, points.LotID(7))
	}
	if len(cmd.Lots) > 5 {
		cmd.Lots = cmd.Lots[:5]
	}
	return m.send(cmd)
}
