package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
)

// session is the id of the evening.
const session = "spring-tasting"

// settings say how large the evening is.
type settings struct {
	members, seats int
	seed           uint64
	// engines is how many engines work on the one store, tellers how many callers each
	// instant has at once. With one of each the evening is the same every time.
	engines, tellers int
}

// start is when the evening begins.
var start = time.Date(2027, time.April, 24, 17, 0, 0, 0, time.UTC)

// tasting is the evening as data.
func tasting(seats int) experience.Session {
	day := 24 * 60
	return experience.Session{
		ID: session, Event: "spring", Title: "Spring tasting", Venue: "The roastery, Vienna", Zone: "Europe/Vienna",
		Start: start, End: start.Add(3 * time.Hour), Capacity: int64(seats), MaxParty: 2, Unit: "bean",
		Prices: []experience.Price{
			{Points: 300, Money: decimal.RequireFromString("5.00"), Currency: "EUR"},
			{Tier: "silver", Points: 250},
			{Tier: "gold", Points: 200},
		},
		Opens: []experience.Opening{
			{Tier: "gold", From: start.AddDate(0, 0, -14)}, {Tier: "silver", From: start.AddDate(0, 0, -13)}, {From: start.AddDate(0, 0, -12)},
		},
		HoldMinutes: 15, DoorsMinutes: 45,
		List:         &experience.List{Priority: []string{"gold", "silver"}, OfferMinutes: 12 * 60, ClosesMinutes: 60},
		Cancellation: []experience.CancelRule{{Minutes: 4 * day}, {Minutes: day, Percent: 50}, {Minutes: 60, Percent: 80}, {Tier: "gold", Minutes: day}, {Tier: "gold", Percent: 50}},
	}
}

func program() loyalty.Program {
	return loyalty.Program{
		ID: "roastery", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(24, points.Months)}},
	}
}

// person is a member and what they are about to do.
type person struct {
	id    string
	tiers []string
	beans points.Amount
	party int64
	// mu is held while the person does something.
	mu   sync.Mutex
	dice *rand.Rand
	keys int
	// eager members try to book at all.
	eager bool
}

// key is a new key of the person's.
func (p *person) key(what string) string {
	p.keys++
	return fmt.Sprintf("%s-%d", what, p.keys)
}

// chance is true in so many of a hundred cases.
func (p *person) chance(percent int) bool { return p.dice.IntN(100) < percent }

// within is a time up to so many minutes ahead.
func (p *person) within(minutes int) time.Duration {
	return time.Duration(1+p.dice.IntN(max(minutes, 1))) * time.Minute
}

// task is something that somebody does at an instant.
type task struct {
	at  time.Time
	who *person
	do  func(w *work, ctx context.Context) error
}

// work is what a task works with.
type work struct {
	*evening
	who    *person
	engine *loyalty.Engine
	desk   *booking.Desk
	now    time.Time
}

// evening is one run.
type evening struct {
	settings
	terms   experience.Session
	store   storage.Store
	engines []*loyalty.Engine
	desks   []*booking.Desk
	people  []*person
	byID    map[string]*person

	mu    sync.Mutex
	now   time.Time
	tasks []task
	tally map[string]int
	// offers are those of the instant that nobody has reacted to yet.
	offers []booking.Advanced
	story  func(at time.Time, text string)
}

// newEvening prepares an evening on an empty store.
func newEvening(store storage.Store, s settings, story func(time.Time, string)) (*evening, error) {
	e := &evening{
		settings: s, terms: tasting(s.seats), store: store, byID: map[string]*person{}, tally: map[string]int{}, story: story,
		now: start.AddDate(0, 0, -15),
	}
	for range s.engines {
		engine, err := loyalty.New(loyalty.Revisions{program()}, store, &loyalty.Options{
			Clock: e.clock, Secret: []byte("the roastery's secret"), Features: []loyalty.Feature{booking.Feature{}}, Profile: e.profile,
		})
		if err != nil {
			return nil, err
		}
		e.engines = append(e.engines, engine)
		e.desks = append(e.desks, booking.NewDesk(engine, store))
	}
	for i := range s.members {
		e.addPerson(i)
	}
	return e, nil
}

func (e *evening) addPerson(i int) {
	p := &person{id: fmt.Sprintf("m-%04d", i), dice: rand.New(rand.NewPCG(e.seed, uint64(i))), party: 1} //nolint:gosec // a simulation
	interest := 28
	switch i % 20 {
	case 0:
		p.tiers, interest = []string{"gold"}, 20
	case 1, 2, 3:
		p.tiers, interest = []string{"silver"}, 9
	}
	p.eager = p.chance(interest)
	if p.chance(35) {
		p.party = 2
	}
	p.beans = points.Amount(150 + p.dice.IntN(1200))
	e.people = append(e.people, p)
	e.byID[p.id] = p
}

func (e *evening) clock() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

func (e *evening) profile(_ context.Context, member string, _ time.Time) (loyalty.Profile, error) {
	return loyalty.Profile{Tiers: e.byID[member].tiers}, nil
}

// count counts something, and returns how often it has happened.
func (e *evening) count(what string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tally[what]++
	return e.tally[what]
}

// later plans a task.
func (e *evening) later(at time.Time, who *person, do func(w *work, ctx context.Context) error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tasks = append(e.tasks, task{at: at.Truncate(time.Minute), who: who, do: do})
}

// run lets the evening happen, from the first enrollment to the end.
func (e *evening) run(ctx context.Context) error {
	if err := e.enroll(ctx); err != nil {
		return err
	}
	if _, err := e.engines[0].Do(ctx, booking.Open{Key: "open", Session: e.terms}); err != nil {
		return err
	}
	for _, p := range e.people {
		if p.eager {
			opens, _ := e.terms.Opened(p.tiers)
			// Half of them are there within minutes.
			wait := p.within(40)
			if p.chance(50) {
				wait = p.within(36 * 60)
			}
			e.later(opens.Add(wait), p, (*work).arrive)
		}
	}
	for at := start.AddDate(0, 0, -14); at.Before(start.Add(5 * time.Hour)); at = at.Add(30 * time.Minute) {
		e.later(at, nil, func(*work, context.Context) error { return nil })
	}
	for tick := 0; ; tick++ {
		batch := e.next()
		if len(batch) == 0 {
			return nil
		}
		if err := e.together(ctx, batch); err != nil {
			return fmt.Errorf("%s: %w", e.clock().Format(time.RFC3339), err)
		}
		if err := e.advance(ctx, tick); err != nil {
			return err
		}
		e.react()
	}
}

// enroll enrolls everybody and gives them their beans.
func (e *evening) enroll(ctx context.Context) error {
	var commands iter.Seq[loyalty.Command] = func(yield func(loyalty.Command) bool) {
		for _, p := range e.people {
			if !yield(loyalty.Enroll{Member: p.id, Key: "signup"}) {
				return
			}
			if !yield(loyalty.Adjust{Member: p.id, Key: "beans", Unit: "bean", Points: p.beans, Reason: "a year of coffee", Actor: "roastery"}) {
				return
			}
		}
	}
	for _, err := range e.engines[0].DoAll(ctx, commands, nil) {
		if err != nil {
			return err
		}
	}
	return nil
}

// next takes the tasks of the next instant, and moves the clock there.
func (e *evening) next() []task {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.tasks) == 0 {
		return nil
	}
	slices.SortStableFunc(e.tasks, func(a, b task) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.name(), b.name()))
	})
	at := e.tasks[0].at
	n := slices.IndexFunc(e.tasks, func(t task) bool { return t.at.After(at) })
	if n < 0 {
		n = len(e.tasks)
	}
	batch := slices.Clone(e.tasks[:n])
	e.tasks = slices.Delete(e.tasks, 0, n)
	if at.After(e.now) {
		e.now = at
	}
	return batch
}

func (t *task) name() string {
	if t.who == nil {
		return ""
	}
	return t.who.id
}

// together does the tasks of an instant, several at once, each on one of the engines.
func (e *evening) together(ctx context.Context, batch []task) error {
	queue := make(chan int)
	errs := make([]error, e.tellers)
	var tellers sync.WaitGroup
	for teller := range e.tellers {
		tellers.Go(func() {
			for i := range queue {
				if batch[i].who == nil {
					continue
				}
				n := i % len(e.engines)
				w := &work{evening: e, who: batch[i].who, engine: e.engines[n], desk: e.desks[n], now: e.clock()}
				w.who.mu.Lock()
				err := batch[i].do(w, ctx)
				w.who.mu.Unlock()
				errs[teller] = errors.Join(errs[teller], err)
			}
		})
	}
	for i := range batch {
		queue <- i
	}
	close(queue)
	tellers.Wait()
	return errors.Join(errs...)
}

// advance settles what is due, and promotes from the list, on the engines in turn.
func (e *evening) advance(ctx context.Context, tick int) error {
	report, done, err := e.desks[tick%len(e.desks)].RunDue(ctx, nil)
	if err != nil {
		return err
	}
	e.offered(done)
	return errors.Join(report.Failed...)
}

// offered remembers whom to notify.
func (e *evening) offered(done booking.Advanced) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.offers = append(e.offers, done)
}

// react lets those react who were promoted at this instant.
func (e *evening) react() {
	all := e.offers
	e.offers = nil
	for _, done := range all {
		for _, offer := range done.Promoted {
			p := e.byID[offer.Member]
			if e.count("promoted") <= 3 {
				e.story(e.clock(), fmt.Sprintf("%s is next on the list: %s", p, offer.Booking))
			}
			switch dice := p.dice.IntN(100); {
			case dice < 62:
				e.later(e.clock().Add(p.within(11*60)), p, (*work).accept)
			case dice < 75:
				e.later(e.clock().Add(p.within(11*60)), p, (*work).giveUp)
			}
		}
		for range done.Passed {
			e.count("passed over")
		}
	}
}

// String names the person.
func (p *person) String() string {
	if len(p.tiers) == 0 {
		return "member " + p.id
	}
	return p.tiers[0] + " member " + p.id
}
