package enginetest

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// pool is a group: who is in it, and who may join.
type pool struct {
	over    bool
	places  map[string]place
	invites map[string]string
	// left has what those drew who were in the pool before.
	left map[string]map[string]points.Amount
}

// place is somebody's role in a pool, and what they drew of crumbs on a day.
type place struct {
	role  string
	drawn map[string]points.Amount
}

func (g *pool) copy() *pool {
	c := *g
	c.places, c.invites, c.left = maps.Clone(g.places), maps.Clone(g.invites), maps.Clone(g.left)
	for id, at := range c.places {
		at.drawn = maps.Clone(at.drawn)
		c.places[id] = at
	}
	return &c
}

// found opens a pool of which nobody has heard.
func (m *model) found(p *person, c loyalty.FoundPool, fresh bool) error {
	if !fresh {
		return loyalty.ErrAlreadyEnrolled
	}
	if err := m.mayJoin(p); err != nil {
		return err
	}
	m.pools[c.Pool] = &pool{places: map[string]place{p.id: {role: "owner", drawn: map[string]points.Amount{}}}, invites: map[string]string{}, left: map[string]map[string]points.Amount{}}
	return nil
}

// mayJoin returns why a person cannot be in a pool.
func (m *model) mayJoin(p *person) error {
	if p.guest {
		return loyalty.ErrGuest
	}
	if p.closed {
		return loyalty.ErrClosed
	}
	if m.poolOf(p.id) != nil {
		return loyalty.ErrInPool
	}
	return nil
}

// poolOf returns the pool that somebody is in.
func (m *model) poolOf(id string) *pool {
	for _, g := range m.pools {
		if _, in := g.places[id]; in {
			return g
		}
	}
	return nil
}

// open returns a pool that goes on.
func (m *model) open(id string) (*pool, error) {
	if m.pools[id].over {
		return nil, loyalty.ErrClosed
	}
	return m.pools[id], nil
}

// managed returns a pool that a person manages.
func (m *model) managed(p *person, id string) (*pool, error) {
	g, err := m.open(id)
	if err != nil {
		return nil, err
	}
	at, in := g.places[p.id]
	switch {
	case !in:
		return nil, loyalty.ErrNotInPool
	case at.role != "owner":
		return nil, loyalty.ErrRole
	default:
		return g, nil
	}
}

func (m *model) invite(p *person, c loyalty.InviteToPool) error {
	g, err := m.managed(p, c.Pool)
	if c.Override {
		g, err = m.open(c.Pool)
	}
	if err != nil {
		return err
	}
	who := m.now(c.Who)
	if err := m.mayJoin(who); err != nil {
		return err
	}
	g.invites[who.id] = c.Role
	return nil
}

func (m *model) join(p *person, c loyalty.JoinPool) error {
	g, err := m.open(c.Pool)
	if err != nil {
		return err
	}
	role, invited := g.invites[p.id]
	if !invited {
		return loyalty.ErrNotInvited
	}
	if err := m.mayJoin(p); err != nil {
		return err
	}
	if len(g.places) >= familySize {
		return loyalty.ErrLimit
	}
	delete(g.invites, p.id)
	drawn := maps.Clone(g.left[p.id])
	delete(g.left, p.id)
	if drawn == nil {
		drawn = map[string]points.Amount{}
	}
	g.places[p.id] = place{role: role, drawn: drawn}
	return nil
}

// replace gives somebody in a pool another role, or none.
func (m *model) replace(p *person, id, member, role string, override bool) error {
	who := p
	if member != "" {
		who = m.now(member)
	}
	g, err := m.open(id)
	if err != nil {
		return err
	}
	if !override && (who != p || role != "") {
		if _, err := m.managed(p, id); err != nil {
			return err
		}
	}
	at, in := g.places[who.id]
	if !in {
		return loyalty.ErrNotInPool
	}
	before := at.role
	at.role = role
	owners := 0
	for other, at := range g.places {
		if other != who.id && at.role == "owner" {
			owners++
		}
	}
	if owners == 0 && (before == "owner" && role != "owner") {
		return loyalty.ErrRole
	}
	if role == "" {
		g.left[who.id] = at.drawn
		delete(g.places, who.id)
	} else {
		g.places[who.id] = at
	}
	return nil
}

// placeIn returns a person's place in a pool that goes on.
func (m *model) placeIn(p *person, id string) (place, error) {
	if err := p.mayRedeem(); err != nil {
		return place{}, err
	}
	g, err := m.open(id)
	if err != nil {
		return place{}, err
	}
	at, in := g.places[p.id]
	if !in {
		return at, loyalty.ErrNotInPool
	}
	return at, nil
}

func (m *model) contribute(p *person, c loyalty.ContributeToPool, now time.Time) error {
	at, err := m.placeIn(p, c.Pool)
	if err != nil {
		return err
	}
	if at.role == "child" {
		return loyalty.ErrRole
	}
	return m.shift(p, m.person(c.Pool), c.Unit, c.Points, now)
}

func (m *model) drawFrom(p *person, c loyalty.DrawFromPool, now time.Time) error {
	at, err := m.placeIn(p, c.Pool)
	if err != nil {
		return err
	}
	if err := p.mayEarn(); err != nil {
		return err
	}
	if at.role == "child" && c.Unit == "crumb" {
		day, _ := points.PerDay.On(now, m.zone)
		if at.drawn[day]+c.Points > childCrumbs {
			return loyalty.ErrLimit
		}
		at.drawn[day] += c.Points
	}
	return m.shift(m.person(c.Pool), p, c.Unit, c.Points, now)
}

// dissolve gives everything back to who contributed it, or else to who dissolves.
func (m *model) dissolve(p *person, id string, now time.Time) error {
	g, err := m.managed(p, id)
	if err != nil {
		return err
	}
	if p.closed {
		return loyalty.ErrClosed
	}
	own := m.person(id)
	shares := map[string][]int{}
	for i, l := range own.lots {
		if l.left == 0 {
			continue
		}
		to := m.now(l.source)
		if to.closed {
			to = p
		}
		shares[to.id] = append(shares[to.id], i)
	}
	own.recorded = now
	meet := func(to *person) {
		for _, party := range []*person{own, to} {
			now = later(now, party.recorded)
		}
		for _, party := range []*person{own, to} {
			m.advance(party, now)
			m.look(party, now)
			party.recorded = now
		}
	}
	for _, id := range slices.Sorted(maps.Keys(shares)) {
		to := m.now(id)
		meet(to)
		for _, i := range shares[id] {
			l := own.lots[i]
			if l.left == 0 {
				continue
			}
			own.lots[i].left = 0
			if l.origin = cmp.Or(l.origin, own.id); l.origin == to.id {
				l.origin = ""
			}
			l.held, l.into = 0, 0
			to.lots = append(to.lots, m.clamp(to, l))
			to.repay(len(to.lots) - 1)
		}
		m.crowd(to)
		m.wake(to, now)
	}
	for _, id := range slices.Sorted(maps.Keys(g.places)) {
		meet(m.now(id))
	}
	own.recorded = now
	own.closed, g.over, g.places = true, true, map[string]place{}
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// regroup lets the survivor of a merge take a place and invitations over, and what both drew.
func (m *model) regroup(into, from *person) {
	for _, g := range m.pools {
		drawn := map[string]points.Amount{}
		for _, id := range []string{into.id, from.id} {
			for _, of := range []map[string]points.Amount{g.left[id], g.places[id].drawn} {
				for day, n := range of {
					drawn[day] += n
				}
			}
			delete(g.left, id)
		}
		at, in := g.places[into.id]
		if went, came := g.places[from.id]; came {
			at, in = went, true
			delete(g.places, from.id)
		}
		if at.drawn = drawn; in {
			g.places[into.id] = at
		} else {
			g.left[into.id] = drawn
		}
		role, invited := g.invites[from.id]
		if _, both := g.invites[into.id]; invited && !both {
			g.invites[into.id] = role
		}
		delete(g.invites, from.id)
	}
}
