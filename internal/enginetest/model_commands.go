package enginetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// shortage is a debit of more than is there.
type shortage struct {
	needed, available, pending points.Amount
	// next is when the first pending points become available by themselves.
	next time.Time
}

func (s shortage) Error() string {
	return fmt.Sprintf("%d needed, %d available, %d pending, the first from %s", s.needed, s.available, s.pending, s.next.UTC())
}

func (shortage) Unwrap() error { return loyalty.ErrInsufficientPoints }

// command runs a command on a person whose time has come up to now. It happened
// at an instant that is not after now.
func (m *model) command(cmd loyalty.Command, p *person, now, at time.Time) (result, error) {
	switch c := cmd.(type) {
	case loyalty.Earn:
		return result{}, m.earn(p, c, now, at)
	case loyalty.Confirm:
		if len(c.Lots) > 0 {
			return result{}, m.confirmLots(p, c, now, at)
		}
		return result{}, m.confirm(p, m.orderOf(p, c.Order), now, at)
	case loyalty.Refund:
		return m.refund(p, c, now)
	case loyalty.Hold:
		c.ID = known(m.named, p.holds, c.ID)
		return result{}, m.hold(p, c, now)
	case loyalty.Capture:
		return result{}, m.capture(p, known(m.named, p.holds, c.Hold), c.Points, now)
	case loyalty.Void:
		return result{}, m.void(p, known(m.named, p.holds, c.Hold), now)
	case loyalty.Spend:
		if err := p.mayRedeem(); err != nil {
			return result{}, err
		}
		parts, err := m.take(p, c.Unit, c.Points, points.Redeemed)
		if err == nil && c.Order != "" {
			p.pay(m.newTender(p, c.Order), c.Unit, parts, m.via())
		}
		return result{}, err
	case loyalty.Transfer:
		return result{}, m.transfer(p, m.now(c.To), c.Unit, c.Points, now)
	case loyalty.Merge:
		return result{}, m.merge(p, m.now(c.From), now)
	case loyalty.Adjust:
		return result{}, m.adjust(p, c, now, at)
	case loyalty.Extend:
		return result{}, m.extend(p, c, now)
	case loyalty.FoundPool:
		return result{}, m.found(p, c, m.fresh)
	case loyalty.InviteToPool:
		return result{}, m.invite(p, c)
	case loyalty.JoinPool:
		return result{}, m.join(p, c)
	case loyalty.LeavePool:
		return result{}, m.replace(p, c.Pool, c.Who, "", false)
	case loyalty.SetPoolRole:
		return result{}, m.replace(p, c.Pool, c.Who, c.Role, c.Override)
	case loyalty.ContributeToPool:
		return result{}, m.contribute(p, c, now)
	case loyalty.DrawFromPool:
		return result{}, m.drawFrom(p, c, now)
	case loyalty.DissolvePool:
		before := p.balances()
		return result{balances: before, recorded: now, early: true}, m.dissolve(p, c.Pool, now)
	case loyalty.Erase:
		return m.erase(p, now)
	case loyalty.ClaimAward:
		return result{}, m.claim(p, m.person(c.Guest), now)
	case loyalty.SetJurisdiction:
		return result{}, m.setLaw(p, c.Jurisdiction)
	case loyalty.UnMerge:
		return result{}, m.part(p, m.person(c.From), now)
	case loyalty.Reinstate:
		return result{}, m.reinstate(p, c, now)
	case loyalty.Import:
		return result{}, m.opening(p, c, now)
	case loyalty.Fact:
		return result{}, m.fact(p, c, now, at)
	case loyalty.Suspend:
		return result{}, p.setGates(c.Gates, true)
	case loyalty.Resume:
		return result{}, p.setGates(c.Gates, false)
	case loyalty.Close:
		if p.closed {
			return result{}, loyalty.ErrClosed
		}
		p.closed = true
		return result{}, nil
	default:
		return result{}, fmt.Errorf("the model has no %T", cmd)
	}
}

func (p *person) mayEarn() error { return p.may(p.noEarn) }

func (p *person) mayRedeem() error {
	if p.guest && !p.closed {
		return loyalty.ErrGuest
	}
	return p.may(p.noRedeem)
}

func (p *person) may(shut bool) error {
	switch {
	case p.closed:
		return loyalty.ErrClosed
	case shut:
		return loyalty.ErrSuspended
	default:
		return nil
	}
}

func (p *person) setGates(gates []loyalty.Gate, shut bool) error {
	if p.closed {
		return loyalty.ErrClosed
	}
	if len(gates) == 0 {
		gates = []loyalty.Gate{loyalty.EarnGate, loyalty.RedeemGate}
	}
	for _, gate := range gates {
		*p.gate(gate) = shut
		delete(p.shutFor, gate)
	}
	return nil
}

// crowd notes once that a person has so many open lots that the engine may merge some.
func (m *model) crowd(p *person) {
	p.crowded = p.crowded || p.open() > m.mayMerge
}

func (p *person) open() int {
	open := 0
	for _, l := range p.lots {
		if l.left > 0 && !l.pending {
			open++
		}
	}
	return open
}

// receive adds a lot and returns its place. Points that are available at once
// repay debt, and expire where that time has passed too.
func (m *model) receive(p *person, l parcel, now time.Time) int {
	l.pending = l.from.After(now)
	p.lots = append(p.lots, m.clamp(p, l))
	i := len(p.lots) - 1
	m.crowd(p)
	if !l.pending {
		m.arrive(p, i, now)
	}
	return i
}

func (m *model) arrive(p *person, lot int, now time.Time) {
	p.repay(lot)
	if p.lost(lot) || !p.lots[lot].until.After(now) {
		m.expire(p, lot, m.over(p, lot, m.occurred))
	}
}

// over is when a lot's points expire that come to it at an instant.
func (m *model) over(p *person, lot int, at time.Time) time.Time {
	end := p.lots[lot].until
	if p.lost(lot) {
		end = p.idle[p.lots[lot].unit].fired
	}
	if end.After(at) {
		return end
	}
	return at
}

// award books what an order or activity earned under the revision of its instant,
// and returns the lots.
func (m *model) award(p *person, awards []points.Award, source string, now, at time.Time) []int {
	var lots []int
	for _, award := range awards {
		program := m.revision(at)
		unit, _ := program.Unit(award.Unit)
		switch {
		case award.Points == 0:
		case unit.Kind == points.Metric:
			p.counted[unit.Code] += award.Points
			m.enter(unit.Code, points.Source, award.Points)
		default:
			from := activation(program, unit, award.Points).From(at, m.zone)
			m.enter(unit.Code, points.Issued, award.Points)
			for _, life := range m.lives(p, program, unit, award) {
				lots = append(lots, m.receive(p, parcel{
					unit: unit.Code, left: life.points, earned: at, from: from, until: life.expiry.From(from, m.zone), source: source, rule: life.rule,
				}, now))
			}
		}
	}
	return lots
}

func (m *model) earn(p *person, c loyalty.Earn, now, at time.Time) error {
	if err := p.mayEarn(); err != nil {
		return err
	}
	order := c.Order
	name := m.newOrder(p, order.ID)
	if _, mine := p.orders[name]; mine && m.program.OrdersPerMember {
		return loyalty.ErrOrderEarned
	}
	if m.late(now, at) {
		return loyalty.ErrTooOld
	}
	program := m.revision(at)
	if c.Pay != nil {
		var err error
		if order, err = m.payAt(p, c); err != nil {
			return err
		}
	}
	result, err := points.EvaluateOrder(program.Earning, program.Units, order, m.env(p, program, at))
	if err != nil {
		return err
	}
	if _, sold := m.sold[order.ID]; sold && !m.program.OrdersPerMember {
		return loyalty.ErrOrderEarned
	}
	m.sold[order.ID] = p.id
	m.orders++
	m.draw(p, result.Uses, at, m.orders)
	lots := m.award(p, result.Awards, order.ID, now, at)
	p.orders[name] = bought{
		id: m.orders, state: points.NewOrderState(order, result.Awards), lots: lots, currency: order.Currency,
		short: make([]points.Amount, len(result.Awards)), via: m.via(),
	}
	return nil
}

func (m *model) fact(p *person, c loyalty.Fact, now, at time.Time) error {
	if err := p.mayEarn(); err != nil {
		return err
	}
	if m.late(now, at) {
		return loyalty.ErrTooOld
	}
	program := m.revision(at)
	result, err := points.EvaluateFact(program.Earning, program.Units, points.Activity{
		Code: c.Activity, Amount: c.Amount, Channel: c.Channel, Attributes: c.Attributes,
	}, m.env(p, program, at))
	if err != nil {
		return err
	}
	unit, known := program.Unit(c.Activity)
	counts := known && unit.Kind == points.Metric
	about := slices.ContainsFunc(program.Earning, func(rule points.Rule) bool { return rule.Activity == c.Activity })
	if !counts && !about {
		return loyalty.ErrInvalid
	}
	if counts {
		n := max(1, c.Amount)
		p.counted[unit.Code] += n
		m.enter(unit.Code, points.Source, n)
	}
	m.draw(p, result.Uses, at, 0)
	m.award(p, result.Awards, c.Activity, now, at)
	return nil
}

// confirm gives each pending lot of an order new dates: it becomes another lot.
func (m *model) confirm(p *person, id string, now, at time.Time) error {
	order, known := p.orders[id], p.hasEarned(id)
	if !known {
		return loyalty.ErrUnknownOrder
	}
	confirmed := false
	lots := make([]int, len(order.lots))
	for i, lot := range order.lots {
		lots[i] = lot
		old := p.lots[lot]
		if !old.pending || old.left == 0 {
			continue
		}
		confirmed = true
		lots[i] = m.confirmOne(p, lot, now, at)
	}
	if !confirmed {
		return loyalty.ErrNothingPending
	}
	order.lots = lots
	p.orders[id] = order
	return nil
}

// take takes available points, soonest expiry first.
func (m *model) take(p *person, unit string, n points.Amount, to points.Bucket) ([]part, error) {
	u, err := m.unit(unit)
	if err != nil {
		return nil, err
	}
	if u.Kind == points.Metric {
		return nil, loyalty.ErrInvalid
	}
	if p.balance(unit).Available < n {
		return nil, p.shortage(unit, n)
	}
	return m.takeFrom(p, p.inOrder(unit), n, to), nil
}

// takeFrom takes points from lots, one after another.
func (m *model) takeFrom(p *person, lots []int, n points.Amount, to points.Bucket) []part {
	var parts []part
	for _, i := range lots {
		taken := min(n, p.lots[i].left)
		if taken == 0 {
			break
		}
		p.lots[i].left -= taken
		if to == points.Held {
			p.lots[i].held += taken
		} else {
			m.leave(p.lots[i].unit, to, taken)
		}
		parts = append(parts, part{lot: i, amount: taken})
		n -= taken
	}
	m.widest = max(m.widest, len(parts))
	return parts
}

func (p *person) shortage(unit string, n points.Amount) error {
	b := p.balance(unit)
	short := shortage{needed: n, available: b.Available, pending: b.Pending, next: points.Never}
	for _, l := range p.lots {
		if l.unit == unit && l.pending && l.left > 0 && l.from.Before(short.next) {
			short.next = l.from
		}
	}
	return short
}

func (m *model) hold(p *person, c loyalty.Hold, now time.Time) error {
	if err := p.mayRedeem(); err != nil {
		return err
	}
	if _, exists := p.holds[c.ID]; exists {
		return loyalty.ErrHoldExists
	}
	if !c.Until.After(now) {
		return loyalty.ErrInvalid
	}
	parts, err := m.take(p, c.Unit, c.Points, points.Held)
	if err != nil {
		return err
	}
	p.holds[c.ID] = hold{unit: c.Unit, parts: parts, until: c.Until, open: true}
	return nil
}

func (p *person) openHold(id string) (hold, error) {
	h, exists := p.holds[id]
	switch {
	case !exists:
		return h, loyalty.ErrUnknownHold
	case !h.open:
		return h, loyalty.ErrHoldClosed
	default:
		return h, nil
	}
}

func (m *model) capture(p *person, id string, n points.Amount, now time.Time) error {
	h, err := p.openHold(id)
	if err != nil {
		return err
	}
	var total points.Amount
	for _, part := range h.parts {
		total += part.amount
	}
	if n == 0 {
		n = total
	}
	if n > total {
		return loyalty.ErrInvalid
	}
	for _, part := range h.parts {
		taken := min(n, part.amount)
		n -= taken
		p.lots[part.lot].held -= taken
		m.leave(h.unit, points.Redeemed, taken)
		m.giveBack(p, part.lot, part.amount-taken, now)
	}
	h.open = false
	p.holds[id] = h
	return nil
}

func (m *model) void(p *person, id string, now time.Time) error {
	h, err := p.openHold(id)
	if err != nil {
		return err
	}
	for _, part := range h.parts {
		m.giveBack(p, part.lot, part.amount, now)
	}
	h.open = false
	p.holds[id] = h
	return nil
}

func (m *model) giveBack(p *person, lot int, n points.Amount, now time.Time) {
	if n == 0 {
		return
	}
	p.lots[lot].held -= n
	m.arrive(p, m.comeBack(p, lot, n, m.program, now), now)
}

func (m *model) transfer(from, to *person, unit string, n points.Amount, now time.Time) error {
	if err := from.mayRedeem(); err != nil {
		return err
	}
	if err := to.mayEarn(); err != nil {
		return err
	}
	if policy, some := m.transfers(unit); some && (policy.Forbidden || n < policy.Least || policy.Most > 0 && n > policy.Most) {
		return loyalty.ErrForbidden
	}
	return m.shift(from, to, unit, n, now)
}

// shift moves points from one account to another, whatever their gates.
func (m *model) shift(from, to *person, unit string, n points.Amount, now time.Time) error {
	parts, err := m.take(from, unit, n, points.Transferred)
	if err != nil {
		return err
	}
	for _, part := range parts {
		l := from.lots[part.lot]
		l.left, l.held, l.from, l.source, l.into, l.graced = part.amount, 0, now, from.id, 0, false
		if l.origin == "" {
			l.origin = from.id
		}
		if policy, _ := m.transfers(unit); policy.Expiry != (points.Expiry{}) {
			l.until = policy.Expiry.From(now, m.zone)
		}
		m.enter(unit, points.Transferred, part.amount)
		m.receive(to, l, now)
	}
	return nil
}

func (m *model) adjust(p *person, c loyalty.Adjust, now, at time.Time) error {
	unit, err := m.unit(c.Unit)
	if err != nil {
		return err
	}
	if unit.Kind == points.Metric {
		if !c.AvailableFrom.IsZero() || !c.ExpiresAt.IsZero() {
			return loyalty.ErrInvalid
		}
		if p.counted[c.Unit]+c.Points < 0 {
			return shortage{needed: -c.Points, available: p.counted[c.Unit], next: points.Never}
		}
		p.counted[c.Unit] += c.Points
		m.enter(c.Unit, points.Source, c.Points)
		return nil
	}
	if c.Points > 0 {
		from, until := at, c.ExpiresAt
		if !c.AvailableFrom.IsZero() {
			from = c.AvailableFrom
		}
		if from.Before(at) {
			return loyalty.ErrInvalid
		}
		if until.IsZero() {
			until = p.expiryFor(m.program, unit, "").From(from, m.zone)
		}
		m.enter(c.Unit, points.Adjusted, c.Points)
		m.receive(p, parcel{unit: c.Unit, left: c.Points, earned: at, from: from, until: until, source: c.Reference}, now)
		return nil
	}
	need := -c.Points
	b := p.balance(c.Unit)
	if b.Available < need && m.program.Debt != loyalty.AllowDebt {
		return p.shortage(c.Unit, need)
	}
	taken := min(need, b.Available)
	if _, err := m.take(p, c.Unit, taken, points.Adjusted); err != nil {
		return err
	}
	m.owe(p, c.Unit, need-taken, points.Adjusted)
	return nil
}

// owe makes debt of what could not be taken.
func (m *model) owe(p *person, unit string, n points.Amount, to points.Bucket) {
	p.debt[unit] += n
	m.leave(unit, to, n)
}
