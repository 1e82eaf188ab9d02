package enginetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// model is what the engine should do, written to be read: people with lists of
// lots, all of them always there, and time that goes from event to event. It
// shares with the engine the arithmetic of awards and of refund targets, and
// nothing else.
type model struct {
	revisions loyalty.Revisions
	// program is the revision in force when the command is decided.
	program loyalty.Program
	zone    *time.Location
	people  map[string]*person
	// merged says who a person became one with, and named by which ids of such
	// persons a command named its member.
	merged map[string]joined
	named  []string
	// sold says who earned for an order.
	sold map[string]string
	// orders counts those that earned.
	orders int
	// given has what all earned by rules that count or have bounds, for the budgets.
	given []drawn
	// outside sums, per unit, what came to each bucket that is not a person's.
	outside map[string]map[points.Bucket]points.Amount
	// pools holds the groups by id; each has a person of that id.
	pools map[string]*pool
	// byActor has what actors used of limits.
	byActor map[string]usedUp
	// occurred is when the command happened.
	occurred time.Time
	// reminders has what was sent since they were compared last.
	reminders []reminded
	// paid is what the command paid with points, and payment says so.
	paid    paying
	payment string
	// after is what follows once a command is noted.
	after func()
	// fresh is set while a pool is founded that there was not.
	fresh bool
	// widest is from how many lots the last command took at once.
	widest int
	// mayMerge is up to how many open lots the engine leaves alone.
	mayMerge int
}

type person struct {
	id       string
	enrolled bool
	closed   bool
	noEarn   bool
	noRedeem bool
	// shutFor names, per gate, the members by whose merges alone it is shut.
	shutFor map[loyalty.Gate][]string
	// guest is set for an account that a member can claim, and law is the code of the
	// jurisdiction that the person is under.
	guest bool
	law   string
	// looked is when reminders were sent last.
	looked time.Time
	// erased is set once nobody may read of the person any more.
	erased bool
	// recorded is when the last thing was written.
	recorded time.Time
	// lots are in the order in which they were made; none ever leaves.
	lots []parcel
	// crowded is set once there were so many open lots that the engine may have
	// consolidated them, which the model never does.
	crowded bool
	debt    map[string]points.Amount
	counted map[string]points.Amount
	// idle has, per unit, how long the person was not active.
	idle   map[string]idleness
	holds  map[string]hold
	orders map[string]bought
	keys   map[string]answer
	// tenders has, per order, what was spent on it, losses what expired.
	tenders map[string][]paid
	losses  []loss
	// sales has the orders of which points paid a part at the checkout.
	sales map[string]sold
	// drawn is what was used of the caps of rules, limits what of limits.
	drawn  []drawn
	limits map[string]usedUp
	// came has what came with others who were merged into this one.
	came map[string]brought
}

// parcel is a lot.
type parcel struct {
	unit    string
	pending bool
	left    points.Amount
	held    points.Amount
	earned  time.Time
	from    time.Time
	until   time.Time
	source  string
	origin  string
	// rule is the one that gave a lot of one rule alone.
	rule string
	// number is what the engine calls it, for the next command alone.
	number points.LotID
	// graced is set for points that live on after their time, into is the place of the
	// lot that took this one's points, from 1.
	graced bool
	into   int
}

type hold struct {
	unit  string
	parts []part
	until time.Time
	open  bool
}

// part is an amount of the lot at a place in the list.
type part struct {
	lot    int
	amount points.Amount
}

type bought struct {
	// id tells orders apart.
	id    int
	state points.OrderState
	lots  []int
	// currency is that of the order, and short has what refunds missed of each award.
	currency string
	short    []points.Amount
	// from is who earned for it, if that is another person, and via in whose name it
	// earned, where they had become one with another person by then. Such an order stays
	// with the other one, and marks in its place that it earned.
	from, via string
	marks     bool
}

// answer is what a key was used for.
type answer struct {
	command string
	result  result
}

// result is what a command should answer.
type result struct {
	recorded   time.Time
	balances   []points.Balance
	shortfalls []loyalty.Shortfall
	replayed   bool
	// payment and split say what points paid of an order, and what a refund gives back.
	payment, split string
	back           []loyalty.PointsBack
	// early is set where the balances and the time are those before further commits, and
	// bare where there are none.
	early, bare bool
}

func newModel(revisions loyalty.Revisions, mayMerge int) *model {
	zone, err := time.LoadLocation(revisions[0].Zone)
	if err != nil {
		panic(err)
	}
	return &model{
		revisions: revisions, zone: zone, people: map[string]*person{}, merged: map[string]joined{}, sold: map[string]string{}, mayMerge: mayMerge,
		outside: map[string]map[points.Bucket]points.Amount{}, byActor: map[string]usedUp{}, pools: map[string]*pool{},
	}
}

// revision is the program in force at an instant.
func (m *model) revision(t time.Time) loyalty.Program {
	program := m.revisions[0]
	for _, revision := range m.revisions {
		if !revision.EffectiveAt.After(t) {
			program = revision
		}
	}
	return program
}

// person returns the person, who may not be enrolled.
func (m *model) person(id string) *person {
	if m.people[id] == nil {
		m.people[id] = &person{
			id: id, idle: map[string]idleness{}, debt: map[string]points.Amount{}, counted: map[string]points.Amount{},
			holds: map[string]hold{}, orders: map[string]bought{}, keys: map[string]answer{},
			tenders: map[string][]paid{}, sales: map[string]sold{}, limits: map[string]usedUp{}, came: map[string]brought{},
		}
	}
	return m.people[id]
}

// copy copies the model, so that a refused command can be undone.
func (m *model) copy() *model {
	c := *m
	c.sold, c.merged, c.byActor = maps.Clone(m.sold), maps.Clone(m.merged), maps.Clone(m.byActor)
	c.people, c.pools = map[string]*person{}, map[string]*pool{}
	for id, g := range m.pools {
		c.pools[id] = g.copy()
	}
	for id, p := range m.people {
		c.people[id] = p.copy()
	}
	c.outside = map[string]map[points.Bucket]points.Amount{}
	for unit, buckets := range m.outside {
		c.outside[unit] = maps.Clone(buckets)
	}
	return &c
}

func (p *person) copy() *person {
	c := *p
	c.lots, c.debt, c.counted = slices.Clone(p.lots), maps.Clone(p.debt), maps.Clone(p.counted)
	c.idle = maps.Clone(p.idle)
	c.holds, c.orders, c.keys = maps.Clone(p.holds), maps.Clone(p.orders), maps.Clone(p.keys)
	c.tenders, c.sales, c.came, c.losses = maps.Clone(p.tenders), maps.Clone(p.sales), maps.Clone(p.came), slices.Clone(p.losses)
	p.copyGuards(&c)
	return &c
}

// do runs a command at the clock's time.
func (m *model) do(cmd loyalty.Command, clock time.Time) (result, error) {
	text, err := json.Marshal(cmd)
	if err != nil {
		return result{}, err
	}
	plan, command := cmd.Plan(), fmt.Sprintf("%T %s", cmd, text)
	if m.person(plan.Member).erased {
		r, _, err := m.erased(cmd)
		return r, err
	}
	if before, used := m.person(plan.Member).keys[plan.Key]; used {
		if before.command != command {
			return result{}, loyalty.ErrKeyReused
		}
		before.result.replayed = true
		return before.result, nil
	}
	next := m.copy()
	next.widest, next.after, next.paid, next.payment = 0, func() {}, paying{}, ""
	r, err := next.decide(cmd, plan, clock)
	if err != nil {
		return result{}, err
	}
	r.payment = next.payment
	p := next.now(plan.Member)
	next.crowd(p)
	if !r.early {
		r.balances, r.recorded = p.balances(), p.recorded
	}
	next.person(plan.Member).keys[plan.Key] = answer{command: command, result: r}
	*m = *next
	return r, nil
}

// skew is how far ahead of time something may have happened.
const skew = 5 * time.Minute

func (m *model) decide(cmd loyalty.Command, plan loyalty.Plan, clock time.Time) (result, error) {
	if r, gone, err := m.erased(cmd); gone {
		return r, err
	}
	parties := []*person{m.now(plan.Member)}
	if apart, ok := cmd.(loyalty.UnMerge); ok && m.merged[apart.From].into != "" {
		if slices.Contains(m.chain(plan.Member), apart.From) {
			return result{}, loyalty.ErrSameMember // they go with From
		}
		if m.merged[apart.From].into != parties[0].id {
			return result{}, loyalty.ErrNotMerged
		}
		parties = append(parties, m.person(apart.From))
		plan.Others = nil
	}
	if claim, ok := cmd.(loyalty.ClaimAward); ok {
		guest, err := m.claimed(parties[0], claim.Guest)
		if err != nil {
			return result{}, err
		}
		parties, plan.Others = append(parties, guest), nil
	}
	for _, other := range plan.Others {
		if slices.Contains(parties, m.now(other)) {
			return result{}, loyalty.ErrSameMember
		}
		parties = append(parties, m.now(other))
	}
	m.named = m.chain(plan.Member)
	now := clock
	for _, p := range parties {
		if p.recorded.After(now) {
			now = p.recorded
		}
	}
	at := now
	if !plan.OccurredAt.IsZero() {
		at = plan.OccurredAt
	}
	if at.After(now.Add(skew)) {
		return result{}, loyalty.ErrNotYet
	}
	if at.After(now) {
		at = now
	}
	m.program, m.occurred = m.revision(now), at
	if opened, err := m.opens(cmd, parties[0], now); opened {
		if err == nil {
			m.noteAll(cmd, parties, now, at)
		}
		return result{}, err
	}
	if _, opens := cmd.(loyalty.Import); opens {
		parties[0].enrolled = true
	}
	_, founds := cmd.(loyalty.FoundPool)
	m.fresh = founds && !parties[1].enrolled
	if m.fresh {
		parties[1].enrolled = true
	}
	for _, p := range parties {
		if !p.enrolled {
			return result{}, loyalty.ErrNotEnrolled
		}
		m.advance(p, now)
		m.look(p, now)
		p.recorded = now
	}
	r, err := m.command(cmd, parties[0], now, at)
	if err == nil {
		err = m.guard(cmd, parties[0], now)
	}
	if err == nil {
		m.noteAll(cmd, parties, now, at)
		m.after()
	}
	return r, err
}

// opens reports whether a command opens the account that it is about, and does it.
func (m *model) opens(cmd loyalty.Command, p *person, now time.Time) (bool, error) {
	switch c := cmd.(type) {
	case loyalty.Enroll:
		if err := m.enroll(p, now); err != nil {
			return true, err
		}
		return true, m.setLaw(p, c.Jurisdiction)
	case loyalty.EnrollGuest:
		return true, m.enrollGuest(p, now)
	default:
		return false, nil
	}
}

func (m *model) enroll(p *person, now time.Time) error {
	if p.enrolled {
		return loyalty.ErrAlreadyEnrolled
	}
	p.enrolled, p.recorded, p.looked = true, now, now
	return nil
}

// leave books points that leave the people, enter those that come to them.
func (m *model) leave(unit string, to points.Bucket, n points.Amount) {
	if m.outside[unit] == nil {
		m.outside[unit] = map[points.Bucket]points.Amount{}
	}
	m.outside[unit][to] += n
}

func (m *model) enter(unit string, from points.Bucket, n points.Amount) { m.leave(unit, from, -n) }

// unit returns the unit of a code, or why it is none.
func (m *model) unit(code string) (points.Unit, error) {
	unit, ok := m.program.Unit(code)
	if !ok {
		return unit, loyalty.ErrUnknownUnit
	}
	return unit, nil
}

// balance adds up what a person has of a unit.
func (p *person) balance(unit string) points.Balance {
	b := points.Balance{Unit: unit, Debt: p.debt[unit], Counted: p.counted[unit]}
	for _, l := range p.lots {
		if l.unit != unit {
			continue
		}
		b.Held += l.held
		if l.pending {
			b.Pending += l.left
		} else {
			b.Available += l.left
		}
	}
	return b
}

// balances returns those that are not empty, sorted by unit.
func (p *person) balances() []points.Balance {
	units := map[string]bool{}
	for _, l := range p.lots {
		units[l.unit] = true
	}
	for unit := range p.debt {
		units[unit] = true
	}
	for unit := range p.counted {
		units[unit] = true
	}
	var all []points.Balance
	for _, unit := range slices.Sorted(maps.Keys(units)) {
		if b := p.balance(unit); !b.Zero() {
			all = append(all, b)
		}
	}
	return all
}
