package enginetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Machine drives every command at random instants on the engine and on a naive
// model, and compares them after every step.
func Machine(t *testing.T, open Open, options *Options) {
	checks(t, options.or().Sequences)
	opened := stores{open: open, t: t}
	steps, sequences := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		m := opened.machine(rt)
		actions := map[string]func(*rapid.T){"": func(*rapid.T) {}}
		for name, action := range m.actions() {
			actions[name] = func(rt *rapid.T) {
				if err := m.step(action); err != nil {
					rt.Fatal(err)
				}
			}
		}
		rt.Repeat(actions)
		steps, sequences = steps+m.steps, sequences+1
	})
	t.Logf("figure R11 %d sequences, %d steps: balances, lots, schedules, books and errors as the model says", sequences, steps)
}

// stores hands out a store for each sequence: a program of its own in a store
// that is opened anew now and then, since opening a file costs more than a sequence.
type stores struct {
	open Open
	t    testing.TB
	have storage.Store
	used int
}

const programsPerStore = 200

func (s *stores) next() (storage.Store, string) {
	if s.have == nil || s.used%programsPerStore == 0 {
		s.have = s.open(s.t)
	}
	s.used++
	return s.have, fmt.Sprintf("cafe-%d", s.used)
}

// machine makes a machine on the next store, for a sequence.
func (s *stores) machine(rt *rapid.T) *machine {
	store, id := s.next()
	m, err := newMachine(s.t, rapidPick(rt), store, id)
	if err != nil {
		rt.Fatal(err)
	}
	m.log = rt.Logf
	return m
}

func rapidPick(rt *rapid.T) pick {
	return func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(rt, label) }
}

// machine is a session whose steps are picked.
type machine struct {
	*session
	*generator
	steps int
	// rich is set for members who get lots by the hundred.
	rich bool
	// shares is set where members form pools.
	shares bool
	// joins is set where members become one, and saves where they set points aside.
	joins, saves bool
	// budgets is set where members share some.
	budgets bool
	// strange is set where there are guests, and lawful where members come under laws.
	strange, lawful bool
	// mortal is set where members are erased, and pays where points pay at the checkout.
	mortal, pays bool
	log          func(format string, args ...any)
}

func newMachine(t testing.TB, pick pick, store storage.Store, id string) (*machine, error) {
	t.Helper()
	return mistaken(t, pick, store, id, pickAreas(pick), nil)
}

// mistaken makes a machine over some areas whose engine has another program than the
// model: one that the mistake has changed.
func mistaken(t testing.TB, pick pick, store storage.Store, id string, areas []string, mistake func(*loyalty.Program)) (*machine, error) {
	t.Helper()
	debt := oneOf(pick, "debt policy", loyalty.RefuseDebt, loyalty.AllowDebt)
	perMember, changes := pick("orders per member", 4) == 3, pick("revised", 3) == 2
	program := func() loyalty.Revisions {
		revisions := loyalty.Revisions{widen(cafe(id, debt, perMember), areas)}
		if changes {
			revisions = append(revisions, generous(revisions[0], areas))
		}
		return revisions
	}
	s := newSession(t, program(), store)
	if mistake != nil {
		other := program()
		for i := range other {
			mistake(&other[i])
		}
		s.engine = revised(t, other, store, &loyalty.Options{Clock: s.now})
	}
	m := &machine{
		budgets: slices.Contains(areas, "budgets"), strange: slices.Contains(areas, "guests"), lawful: slices.Contains(areas, "laws"), mortal: slices.Contains(areas, "erasure"), pays: slices.Contains(areas, "checkout"), shares: pick("shares", 3) == 2, joins: pick("joins", 3) == 2, saves: pick("saves", 3) == 2, rich: pick("rich", 10) == 9,
		session: s, generator: &generator{pick: pick, now: s.now, twins: perMember}, log: func(string, ...any) {},
	}
	if m.strange {
		m.guests, m.all = strangers, slices.Concat(everybody, strangers)
	}
	for _, member := range members[:2] {
		if err := s.do(loyalty.Enroll{Member: member, Key: "enroll"}); err != nil {
			return nil, err
		}
	}
	if m.strange {
		if err := s.do(loyalty.EnrollGuest{Member: strangers[0], Key: "guest"}); err != nil {
			return nil, err
		}
	}
	if m.shares {
		for _, cmd := range []loyalty.Command{
			loyalty.FoundPool{Member: "ada", Key: "found", Pool: "den", Kind: "family"},
			loyalty.InviteToPool{Member: "ada", Key: "invite", Pool: "den", Who: "bob", Role: oneOf(pick, "role", "owner", "adult", "child")},
			loyalty.JoinPool{Member: "bob", Key: "join", Pool: "den"},
			loyalty.Adjust{Member: "ada", Key: "gift", Unit: "leaf", Points: 90, Reason: "goodwill", Actor: "shop"},
			loyalty.Adjust{Member: "bob", Key: "gift", Unit: "crumb", Points: 90, Reason: "goodwill", Actor: "shop"},
			loyalty.ContributeToPool{Member: "ada", Key: "share", Pool: "den", Unit: "leaf", Points: 60},
			loyalty.ContributeToPool{Member: "bob", Key: "share", Pool: "den", Unit: "crumb", Points: 60},
		} {
			if err := s.do(cmd); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// sequence takes steps without rapid, and returns the first difference.
func sequence(t testing.TB, pick pick, store storage.Store, id string, steps int) error {
	t.Helper()
	m, err := newMachine(t, pick, store, id)
	if err != nil {
		return err
	}
	return m.walk(steps)
}

// walk takes steps that its generator picks.
func (m *machine) walk(steps int) error {
	actions := m.actions()
	names := slices.Sorted(maps.Keys(actions))
	for range steps {
		if err := m.step(actions[oneOf(m.pick, "action", names...)]); err != nil {
			return err
		}
	}
	return nil
}

// step takes a step, compares, and audits now and then.
func (m *machine) step(action func() error) error {
	if err := action(); err != nil {
		return err
	}
	if err := m.compare(); err != nil {
		return err
	}
	if m.steps++; m.steps%5 == 0 {
		return m.verify()
	}
	return nil
}

// actions are what a step may be.
func (m *machine) actions() map[string]func() error {
	actions := map[string]func() error{
		"wait": m.wait, "run due": m.runDue, "again": m.again, "stream": m.stream,
		"reinstate": m.reinstate, "confirm lots": m.confirmSome, "look back": m.lookBack, "look ahead": m.lookAhead,
	}
	for name, make := range map[string]func() loyalty.Command{
		"earn": m.earn, "earn more": m.earn, "confirm": m.confirm, "refund": m.refund, "hold": m.hold,
		"capture": m.capture, "void": m.void, "spend": m.spend, "transfer": m.transfer, "adjust": m.adjust, "fact": m.fact,
		"gates": m.gates, "any": m.any, "extend": m.extend, "opening": m.opening,
	} {
		actions[name] = func() error { return m.send(make()) }
	}
	if m.shares {
		for _, name := range []string{"group", "group more", "group again"} {
			actions[name] = func() error { return m.send(m.group()) }
		}
		actions["draw"] = func() error { return m.send(m.draw()) }
	}
	if m.saves {
		actions["keep a hold"] = m.keepHold
	}
	if m.joins {
		actions["merge"] = func() error { return m.send(m.merge()) }
		actions["part"] = func() error { return m.send(m.part()) }
	}
	if m.strange {
		for _, name := range []string{"guests", "guests more"} {
			actions[name] = func() error { return m.send(m.strangers()) }
		}
	}
	if m.lawful {
		actions["law"] = func() error { return m.send(m.move()) }
	}
	if m.mortal {
		actions["erase"] = m.forget
	}
	if m.pays {
		for _, name := range []string{"pay", "pay more"} {
			actions[name] = func() error { return m.send(m.till()) }
		}
		actions["refund more"] = func() error { return m.send(m.refund()) }
	}
	if m.rich {
		actions["windfall"], actions["splurge"] = m.windfall, m.splurge
	}
	return actions
}

// windfall gives a member many small lots, most of which expire one by one.
func (m *machine) windfall() error {
	who, cmds := m.member(), make([]loyalty.Command, 5+m.pick("gifts", 200))
	unit := oneOf(m.pick, "unit", spendables...)
	hours := oneOf(m.pick, "hours", 7, 0, 1)
	for i := range cmds {
		cmds[i] = loyalty.Adjust{
			Member: who, Key: m.key(), Unit: unit, Points: 2, ExpiresAt: m.clock.AddDate(0, 1, 0).Add(time.Duration(i*hours) * time.Hour),
			Reason: "windfall", Actor: "shop",
		}
	}
	m.log("%d gifts of %s to %s, %d hours apart", len(cmds), unit, who, hours)
	return m.doAll(cmds)
}

// splurge takes most of what a member has of a unit, in one of several ways.
func (m *machine) splurge() error {
	who, unit := m.member(), oneOf(m.pick, "unit", spendables...)
	all := m.model.now(who).balance(unit).Available
	n := max(1, all*points.Amount(1+m.pick("tenths", 10))/10)
	switch m.pick("way", 4) {
	case 0:
		return m.send(loyalty.Spend{Member: who, Key: m.key(), Unit: unit, Points: n})
	case 1:
		hold := m.generator.hold().(loyalty.Hold)
		hold.Member, hold.Unit, hold.Points = who, unit, n
		m.holds[len(m.holds)-1].member = who
		return m.send(hold)
	case 2:
		transfer := m.transfer().(loyalty.Transfer)
		transfer.Unit, transfer.Points = unit, n
		return m.send(transfer)
	default:
		return m.send(loyalty.Adjust{Member: who, Key: m.key(), Unit: unit, Points: -n - points.Amount(m.pick("more", 3)), Reason: "splurge", Actor: "clerk"})
	}
}

// reinstate brings points back that have expired, or tries to.
func (m *machine) reinstate() error {
	who := m.member()
	p := m.model.now(who)
	if p.crowded || !p.enrolled || p.erased {
		return nil
	}
	list, err := m.engine.Expired(m.ctx, who)
	if err != nil {
		return err
	}
	gone := m.model.gone(p, m.clock)
	if len(list) != len(gone) {
		return fmt.Errorf("%s can have %d expiries back, should %d of %d", who, len(list), len(gone), len(p.losses))
	}
	for i, at := range gone {
		lost := &p.losses[at]
		if have := list[i]; have.Unit != lost.unit || have.Points != lost.n || !have.ExpiredAt.Equal(lost.at) {
			return fmt.Errorf("%s can have %+v back, should %+v", who, have, *lost)
		}
		lost.ref = list[i].Entry
	}
	cmd := loyalty.Reinstate{Member: who, Key: m.key(), OccurredAt: m.occurred(), Reason: "goodwill", Actor: "clerk"}
	if m.pick("dated", 2) == 0 {
		cmd.ExpiresAt = m.clock.AddDate(0, 0, m.pick("days", 30)-2)
	}
	for _, lost := range p.losses {
		if lost.ref != (points.EntryRef{}) && m.pick("this", 2) == 0 && len(cmd.Entries) < 3 {
			cmd.Entries = append(cmd.Entries, lost.ref)
		}
	}
	if len(cmd.Entries) == 0 {
		return nil
	}
	return m.send(cmd)
}

func (m *machine) send(cmd loyalty.Command) error {
	m.log("%s", show(cmd))
	return m.do(cmd)
}

func (m *machine) wait() error {
	m.clock = m.leap()
	m.log("it is %s", m.clock)
	return nil
}

// again sends a command that was sent before, or another with its key.
func (m *machine) again() error {
	if len(m.sent) == 0 {
		return nil
	}
	before := oneOf(m.pick, "sent", m.sent...)
	if m.pick("other body", 3) == 2 {
		plan := before.Plan()
		before = loyalty.Spend{Member: plan.Member, Key: plan.Key, Unit: "crumb", Points: 4}
	}
	return m.send(before)
}

func (m *machine) stream() error {
	var cmds []loyalty.Command
	for range 2 + m.pick("stream", 8) {
		cmd := m.any()
		if m.budgets && len(cmds) > 0 && m.model.now(cmd.Plan().Member) != m.model.now(cmds[0].Plan().Member) {
			continue // Who of several members comes first to a budget is not promised.
		}
		m.log("in a stream: %s", show(cmd))
		cmds = append(cmds, cmd)
	}
	return m.doAll(cmds)
}

func (m *machine) lookBack() error {
	return m.comparePast(m.member(), m.clock.AddDate(0, 0, -m.pick("days", 60)))
}

func (m *machine) lookAhead() error {
	p := m.model.now(m.member())
	at := m.clock.AddDate(0, 0, m.pick("days", 100))
	if at.Before(p.recorded) || p.erased {
		return nil
	}
	return m.compareAt(p, at)
}
