package enginetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/internal/enginetest/ladders"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// Standings lets members climb two random ladders: by orders and stays, refunds, matches,
// overrides and revocations, and by becoming one and two again, some of it told late. It
// holds their tiers, the dates of these, what tiers give, and every event about them to a
// paper on which all is decided anew, day by day and from all facts, after every step.
func Standings(t *testing.T, open Open, options *Options) {
	checks(t, max(20, options.or().Sequences/10))
	opened := stores{open: open, t: t}
	steps, changes, merges := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		store, id := opened.next()
		h, err := newHouse(t, rapidPick(rt), store, id, nil)
		if err != nil {
			rt.Fatal(err)
		}
		h.log = rt.Logf
		if err := h.lives(5 + h.pick("steps", 30)); err != nil {
			rt.Fatal(err)
		}
		steps, changes, merges = steps+h.n, changes+len(h.want), merges+h.merges
	})
	t.Logf("figure R11 %d steps on ladders, %d changes of tiers and %d merges: tiers, dates, points and events as on paper", steps, changes, merges)
}

// house is where members stay and buy, with the paper on which their tiers are decided.
type house struct {
	ctx     context.Context //nolint:containedctx // of the test, and lives as long
	pick    pick
	engine  *loyalty.Engine
	store   storage.Store
	program loyalty.Program
	zone    *time.Location
	now     time.Time
	n       int
	people  []*lodger
	want    []string
	merges  int
	// twist changes what the engine is asked for, in controls.
	twist func(loyalty.Command) loyalty.Command
	log   func(format string, args ...any)
}

func newHouse(t testing.TB, pick pick, store storage.Store, id string, mistake func(*loyalty.Program)) (*house, error) {
	t.Helper()
	h := &house{
		ctx: t.Context(), pick: pick, store: store, program: lodge(id, pick), now: start,
		twist: func(cmd loyalty.Command) loyalty.Command { return cmd }, log: func(string, ...any) {},
	}
	var err error
	if h.zone, err = time.LoadLocation(h.program.Zone); err != nil {
		return nil, err
	}
	asked := h.program
	if mistake != nil {
		text, err := json.Marshal(asked)
		if err != nil {
			return nil, err
		}
		asked = loyalty.Program{}
		if err := json.Unmarshal(text, &asked); err != nil {
			return nil, err
		}
		mistake(&asked)
	}
	h.engine = newEngine(t, asked, store, &loyalty.Options{Clock: func() time.Time { return h.now }})
	return h, h.enroll()
}

// enroll lets another member join.
func (h *house) enroll() error {
	id := []string{"ada", "bob", "cleo"}[len(h.people)]
	if _, err := h.engine.Do(h.ctx, loyalty.Enroll{Member: id, Key: "enroll"}); err != nil {
		return err
	}
	h.people = append(h.people, newLodger(id, h.today(), h.program.Ladders))
	return nil
}

func (h *house) today() tiers.Day { return tiers.DayOf(h.now, h.zone) }

func (h *house) key() string {
	h.n++
	return fmt.Sprint("k", h.n)
}

// free lists who is not one with another member.
func (h *house) free() []*lodger {
	return slices.DeleteFunc(slices.Clone(h.people), func(p *lodger) bool { return p.into != nil })
}

// lives takes steps, compares after each, and audits in the end.
func (h *house) lives(steps int) error {
	for range steps {
		h.now = h.now.AddDate(0, 0, oneOf(h.pick, "days", 0, 0, 1, 3, 10, 30, 90)).Add(time.Duration(h.pick("hours", 11)) * time.Hour)
		step := oneOf(h.pick, "step", "stays", "stays", "stays", "buys", "buys", "buys", "refunds", "refunds", "match", "override", "revoke", "anniversary", "spends", "merges", "parts", "due", "enrolls")
		if err := h.step(step); err != nil {
			return fmt.Errorf("%s on %s: %w", step, h.today(), err)
		}
		if err := h.compare(); err != nil {
			return fmt.Errorf("after %s on %s: %w", step, h.today(), err)
		}
	}
	if err := h.due(); err != nil {
		return err
	}
	if err := h.compare(); err != nil {
		return fmt.Errorf("after all: %w", err)
	}
	if err := h.compareEvents(); err != nil {
		return err
	}
	audit, err := h.engine.Verify(h.ctx, nil)
	if err == nil && !audit.OK() {
		err = audit.Problems[0]
	}
	return err
}

func (h *house) step(step string) error {
	free := h.free()
	who := free[h.pick("who", len(free))]
	switch step {
	case "stays":
		return h.stays(who)
	case "buys":
		return h.buys(who)
	case "refunds":
		return h.refunds(who)
	case "match":
		return h.match(who)
	case "override":
		return h.override(who)
	case "revoke":
		return h.revoke(who)
	case "anniversary":
		return h.anniversary(who)
	case "spends":
		return h.spends(who)
	case "merges":
		return h.merge(who)
	case "parts":
		return h.part()
	case "due":
		return h.due()
	default:
		if len(h.people) == 3 {
			return nil
		}
		return h.enroll()
	}
}

// due settles everybody.
func (h *house) due() error {
	for _, p := range h.free() {
		h.want = append(h.want, p.look(h.today())...)
	}
	report, err := h.engine.RunDue(h.ctx, nil)
	return errors.Join(append(report.Failed, err)...)
}

// do runs a command of a member, which is quoted first, lets the paper know, and notes
// what is to be told.
func (h *house) do(who *lodger, cmd loyalty.Command, note func()) error {
	h.want = append(h.want, who.look(h.today())...)
	h.log("%s %s", h.now.Format(time.DateTime), show(cmd))
	asked := h.twist(cmd)
	quote, err := h.engine.Quote(h.ctx, asked)
	if err != nil {
		return err
	}
	receipt, err := h.engine.Do(h.ctx, asked)
	if err != nil {
		return err
	}
	if a, b := text(quote.Tiers), text(receipt.Tiers); a != b && who.joined == 0 {
		return fmt.Errorf("the quote says of tiers\n%s\nand the receipt\n%s", a, b)
	}
	note()
	h.want = append(h.want, who.look(h.today())...)
	return nil
}

// occurred picks when something happened that is told now: as a rule just now.
func (h *house) occurred(who *lodger) time.Time {
	if h.pick("told late", 4) > 0 {
		return h.now
	}
	return later(h.now.AddDate(0, 0, -1-h.pick("days late", 120)), who.enrolled.Start(h.zone))
}

func (h *house) stays(who *lodger) error {
	at, nights := h.occurred(who), int64(1+h.pick("nights", 5))
	cmd := loyalty.Fact{Member: who.id, Key: h.key(), Activity: "night", Amount: points.Amount(nights), OccurredAt: at}
	return h.do(who, cmd, func() {
		who.facts = append(who.facts, &ladders.Fact{Day: tiers.DayOf(at, h.zone), Metric: "night", Amount: nights})
	})
}

func (h *house) buys(who *lodger) error {
	at := h.occurred(who)
	if day := tiers.DayOf(at, h.zone); who.settledBy(0, day) || who.settledBy(1, day) {
		at = h.now // The paper does not know which tier was held on a day that it no longer decides.
	}
	o := &stayOrder{id: h.key(), pieces: int64(1 + h.pick("pieces", 3)), price: int64(1 + h.pick("price", 40))}
	cmd := loyalty.Earn{Member: who.id, Key: o.id, OccurredAt: at, Order: points.Order{ID: o.id, Currency: "EUR", Lines: []points.Line{
		{Item: "beans", Quantity: o.pieces, Amount: decimal.NewFromInt(o.pieces * o.price)},
	}}}
	return h.do(who, cmd, func() { who.buys(&h.program, o, tiers.DayOf(at, h.zone)) })
}

func (h *house) refunds(who *lodger) error {
	kept := slices.DeleteFunc(slices.Clone(who.orders), func(o *stayOrder) bool { return o.back == o.pieces })
	if len(kept) == 0 {
		return nil
	}
	o := kept[h.pick("order", len(kept))]
	cmd := loyalty.Refund{Member: who.id, Key: h.key(), Order: o.id, Full: true}
	pieces := o.pieces - o.back
	if h.pick("some", 3) == 2 {
		pieces = int64(1 + h.pick("pieces", int(pieces)))
		cmd.Full, cmd.Lines = false, []points.RefundLine{{Line: "1", Quantity: pieces}}
	}
	return h.do(who, cmd, func() { who.refunds(o, pieces, h.today()) })
}

// rung picks a ladder, by its place, and a tier of it.
func (h *house) rung() (int, string) {
	l := h.pick("ladder", len(h.program.Ladders))
	list := h.program.Ladders[l].Tiers
	return l, list[h.pick("tier", len(list))].Code
}

func (h *house) match(who *lodger) error {
	l, tier := h.rung()
	ladder, at, days := &h.program.Ladders[l], h.occurred(who), 1+h.pick("days", 150)
	var challenge tiers.Condition
	if ladder.End != tiers.WhileHeld && h.pick("challenged", 2) == 0 {
		challenge = need(oneOf(h.pick, "of", "night", "spend"), int64(1+h.pick("challenge", 12)))
	}
	from := tiers.DayOf(at, h.zone)
	until := from + tiers.Day(days)
	if until <= h.today() && challenge.IsZero() {
		return nil
	}
	cmd := loyalty.MatchTier{
		Member: who.id, Key: h.key(), Ladder: ladder.Code, Tier: tier, Days: days, Challenge: challenge, OccurredAt: at, Again: h.pick("again", 2) == 0,
	}
	if len(who.matched[l]) > 0 && !cmd.Again {
		return h.refused(cmd, loyalty.ErrMatched)
	}
	if who.settledBy(l, from) {
		return h.refused(cmd, loyalty.ErrTooOld)
	}
	return h.do(who, cmd, func() {
		who.grants[l] = append(who.grants[l], granted{Grant: tiers.Grant{Tier: tier, From: from, Until: until, Challenge: challenge}})
		who.matched[l][""] = true
	})
}

// refused runs a command that must be refused for a reason. What is due is settled before,
// since a refusal need not store it.
func (h *house) refused(cmd loyalty.Command, reason error) error {
	if err := h.due(); err != nil {
		return err
	}
	if _, err := h.engine.Do(h.ctx, h.twist(cmd)); !errors.Is(err, reason) {
		return fmt.Errorf("%s should be refused since %w: %w", show(cmd), reason, err)
	}
	return nil
}

func (h *house) override(who *lodger) error {
	l, tier := h.rung()
	at, until := h.occurred(who), h.today()+tiers.Day(1+h.pick("days", 150))
	cmd := loyalty.OverrideTier{
		Member: who.id, Key: h.key(), Ladder: h.program.Ladders[l].Code, Tier: tier, Until: until.Start(h.zone), OccurredAt: at, Reason: "a broken bed", Actor: "ada",
	}
	from := tiers.DayOf(at, h.zone)
	if who.settledBy(l, from) {
		return h.refused(cmd, loyalty.ErrTooOld)
	}
	return h.do(who, cmd, func() {
		who.grants[l] = append(who.grants[l], granted{Grant: tiers.Grant{Tier: tier, From: from, Until: until}})
	})
}

func (h *house) revoke(who *lodger) error {
	l, _ := h.rung()
	at := h.occurred(who)
	day := tiers.DayOf(at, h.zone)
	cmd := loyalty.RevokeTier{Member: who.id, Key: h.key(), Ladder: h.program.Ladders[l].Code, OccurredAt: at, Reason: "a mistake", Actor: "ada"}
	if who.settledBy(l, day) {
		return h.refused(cmd, loyalty.ErrTooOld)
	}
	if !slices.ContainsFunc(who.grants[l], func(g granted) bool { return g.Until > day }) {
		return h.refused(cmd, loyalty.ErrNoGrant)
	}
	return h.do(who, cmd, func() {
		for i := range who.grants[l] {
			if g := &who.grants[l][i]; g.Until > day {
				g.Until, g.Challenge = max(g.From, day), tiers.Condition{}
			}
		}
	})
}

// spends lets a member spend: no tier changes by that.
func (h *house) spends(who *lodger) error {
	m, err := h.engine.Member(h.ctx, who.id)
	if err != nil || m.Balance("bean").Available == 0 {
		return err
	}
	n := m.Balance("bean").Available
	return h.do(who, loyalty.Spend{Member: who.id, Key: h.key(), Unit: "bean", Points: n}, func() { who.beans -= n })
}

func (h *house) merge(who *lodger) error {
	others := slices.DeleteFunc(h.free(), func(p *lodger) bool { return p == who })
	if len(others) == 0 {
		return nil
	}
	other := others[h.pick("other", len(others))]
	h.want = append(h.want, other.look(h.today())...)
	h.merges++
	cmd := loyalty.Merge{Member: who.id, Key: h.key(), From: other.id, UndoUntil: h.now.AddDate(40, 0, 0)}
	return h.do(who, cmd, func() { who.takesIn(other, h.today()) })
}

func (h *house) part() error {
	gone := slices.DeleteFunc(slices.Clone(h.people), func(p *lodger) bool { return p.into == nil || p.into.into != nil })
	if len(gone) == 0 {
		return nil
	}
	other := gone[h.pick("gone", len(gone))]
	who := other.into
	return h.do(who, loyalty.UnMerge{Member: who.id, Key: h.key(), From: other.id}, func() { who.parts(other) })
}

// compare holds the page of every member to the paper.
func (h *house) compare() error {
	var have, want points.Amount
	chained := false
	for _, p := range h.people {
		if chained = chained || p.joined > 1; p.into != nil {
			continue
		}
		m, err := h.engine.Member(h.ctx, p.id)
		if err != nil {
			return err
		}
		for l := range p.ladders {
			if err := h.compareTier(p, l, m.Tier(p.ladders[l].Code)); err != nil {
				return err
			}
		}
		b := m.Balance("bean")
		net, gifts := b.Pending+b.Available+b.Held-b.Debt, p.gifts(h.today())
		if net != p.beans+gifts && p.joined == 0 {
			return fmt.Errorf("%s has %d beans, should have %d and %d for entering tiers", p.id, net, p.beans, gifts)
		}
		have, want = have+net, want+p.beans+gifts
	}
	if have != want && !chained {
		return fmt.Errorf("all have %d beans, should have %d", have, want)
	}
	return nil
}

func (h *house) compareTier(p *lodger, l int, shown loyalty.MemberTier) error {
	paper := p.on(l, h.today())
	tier, since, until, granted := paper.Holding()
	want := fmt.Sprintf("%q from %s to %s, granted %t over %q, lapsing %t", tier, since, until, granted, paper.Tier(), paper.Lapsed() != 0 && !granted)
	if tier == "" {
		if shown.Tier != "" {
			return fmt.Errorf("%s has %s %q, should have none\n%s", p.id, p.ladders[l].Code, shown.Tier, strings.Join(paper.Log, "\n"))
		}
		return nil
	}
	qualified := shown.Tier
	if shown.Granted {
		qualified = shown.Qualified
	}
	have := fmt.Sprintf("%q from %s to %s, granted %t over %q, lapsing %t", shown.Tier, h.day(shown.Since), h.day(shown.Until), shown.Granted, qualified, shown.Lapsing)
	if have != want {
		return fmt.Errorf("%s has %s %s\nshould have %s\n%s", p.id, p.ladders[l].Code, have, want, strings.Join(paper.Log, "\n"))
	}
	return nil
}

func (h *house) day(at time.Time) tiers.Day {
	if points.IsNever(at) {
		return tiers.LastDay
	}
	if at.IsZero() {
		return 0
	}
	return tiers.DayOf(at, h.zone)
}

// compareEvents holds what was told of members who were never merged to the paper.
func (h *house) compareEvents() error {
	for _, p := range h.people {
		if p.joined > 0 {
			continue
		}
		h.want = append(h.want, p.look(h.today())...)
		want := slices.DeleteFunc(slices.Clone(h.want), func(line string) bool { return !strings.HasPrefix(line, p.id+":") })
		have, err := h.events(p.id)
		if err != nil {
			return err
		}
		slices.Sort(have)
		slices.Sort(want)
		if !slices.Equal(have, want) {
			return fmt.Errorf("of %s was told\n%s\nshould have been\n%s", p.id, strings.Join(have, "\n"), strings.Join(want, "\n"))
		}
	}
	return nil
}

// events lists what the outbox says of a member's tiers.
func (h *house) events(member string) (lines []string, err error) {
	query := storage.EventQuery{Program: h.program.ID, Bucket: storage.Bucket(member), Limit: 1000}
	for {
		page, err := h.store.Events(h.ctx, query)
		if err != nil {
			return nil, err
		}
		for _, e := range page.Items {
			if !strings.HasPrefix(e.Type, "tier-") || e.Member != member {
				continue
			}
			var data struct {
				Changes   []loyalty.TierChange   `json:"changes"`
				Reminders []loyalty.TierReminder `json:"reminders"`
			}
			if err := json.Unmarshal(e.Data, &data); err != nil {
				return nil, err
			}
			for _, c := range data.Changes {
				lines = append(lines, fmt.Sprintf("%s: %s of %s from %q to %q", member, c.Kind, c.Ladder, c.From, c.To))
			}
			for _, r := range data.Reminders {
				lines = append(lines, fmt.Sprintf("%s: reminded of %s %q until %s, then %q", member, r.Ladder, r.Tier, h.day(r.Ends), r.To))
			}
		}
		if query.After = page.Next; page.Next == "" {
			return lines, nil
		}
	}
}
