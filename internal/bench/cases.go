package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// maxOperations bounds the operations of one timed run: no more are prepared.
const maxOperations = 20000

// scenario is a case made ready to be run on any store: what is stored before, the
// commands that are timed, and the batches that the engine commits for them.
type scenario struct {
	name     string
	seed     recording
	commands []loyalty.Command
	// batches holds what the engine commits for each command, in order; none for
	// cases that only read.
	batches []storage.Batch
	// requests holds what the engine loads, in the same order.
	requests []storage.LoadRequest
	// page is set where the timed call is Engine.Member for the command's member.
	page bool
	// replay is set where the commands have been run before.
	replay bool
	// stream is set where DoAll runs the commands, with one caller.
	stream bool
}

// caseOf says what a case stores before, outside of the timing, and times.
type caseOf struct {
	name string
	// before are the commands that seed the store, timed those that are timed, for
	// runs of up to n operations.
	before func(n int) []loyalty.Command
	timed  func(n int) []loyalty.Command

	page, replay, stream bool
}

// crowd is how many members take turns, and shelf how many of them have lots on
// which others are spent, held, captured and voided.
const (
	crowd     = 10000
	shelf     = 1000
	shelfLots = 96
)

func cases() []caseOf {
	earns := each(func(i int) loyalty.Command { return earn(scatter(i), orderID(i)) })
	return []caseOf{
		{name: "earn", before: enrollments(crowd), timed: earns},
		{name: "earn-hot", before: enrollments(1), timed: each(func(i int) loyalty.Command { return earn(0, orderID(i)) })},
		{name: "spend", before: stocked, timed: each(spend)},
		{name: "hold", before: stocked, timed: each(hold)},
		{name: "capture", before: held, timed: each(capture)},
		{name: "void", before: held, timed: each(void)},
		{name: "member", before: stocked, timed: each(func(i int) loyalty.Command { return enroll(i % shelf) }), page: true},
		{
			name: "replay-key", timed: earns, replay: true,
			before: func(n int) []loyalty.Command { return append(enrollments(crowd)(n), earns(n)...) },
		},
		{name: "import", before: enrollments(crowd), timed: earns, stream: true},
	}
}

func caseNames() []string {
	var names []string
	for _, c := range cases() {
		names = append(names, c.name)
	}
	return names
}

func each(command func(i int) loyalty.Command) func(n int) []loyalty.Command {
	return func(n int) []loyalty.Command {
		commands := make([]loyalty.Command, n)
		for i := range commands {
			commands[i] = command(i)
		}
		return commands
	}
}

// scatter visits the crowd out of order, everybody once before anybody twice.
func scatter(i int) int { return i * 7919 % crowd }

func enrollments(members int) func(int) []loyalty.Command {
	return func(int) []loyalty.Command { return each(enroll)(members) }
}

// stocked members have shelfLots lots of lotSize points each.
func stocked(int) []loyalty.Command {
	commands := each(enroll)(shelf)
	for i := range shelf {
		for part := range 2 {
			commands = append(commands, stock{Member: member(i), Key: "stock-" + strconv.Itoa(part), Lots: shelfLots / 2})
		}
	}
	return commands
}

// spend takes from one to eight lots.
func spend(i int) loyalty.Command {
	return loyalty.Spend{
		Member: member(i % shelf), Key: fmt.Sprintf("spend-%06d", i), Unit: unit,
		Points: points.Amount(1 + i*37%(7*lotSize)), Reference: orderID(i),
	}
}

// holdID names the i-th hold.
func holdID(i int) string { return fmt.Sprintf("checkout-%06d", i) }

// hold sets two lots aside.
func hold(i int) loyalty.Command {
	return loyalty.Hold{
		Member: member(i % shelf), Key: "hold-" + holdID(i), ID: holdID(i), Unit: unit, Points: 2 * lotSize,
		Until: opening.AddDate(0, 1, 0),
	}
}

// held members have lots, and n holds among them.
func held(n int) []loyalty.Command { return append(stocked(n), each(hold)(n)...) }

func capture(i int) loyalty.Command {
	return loyalty.Capture{Member: member(i % shelf), Key: "capture-" + holdID(i), Hold: holdID(i)}
}

func void(i int) loyalty.Command {
	return loyalty.Void{Member: member(i % shelf), Key: "void-" + holdID(i), Hold: holdID(i)}
}

// prepare runs a case once, in memory, to learn what the engine stores for it.
func prepare(ctx context.Context, name string, n int) (*scenario, error) {
	for _, c := range cases() {
		if c.name == name {
			return c.rehearse(ctx, n)
		}
	}
	return nil, errors.New("there is no such case")
}

func (c *caseOf) rehearse(ctx context.Context, n int) (*scenario, error) {
	s := &scenario{name: c.name, commands: c.timed(n), page: c.page, replay: c.replay, stream: c.stream}
	store := memory.New()
	seed := &recorder{Store: store}
	engine, err := newEngine(seed, false)
	if err != nil {
		return nil, err
	}
	for _, cmd := range c.before(n) {
		if _, err := engine.Do(ctx, cmd); err != nil {
			return nil, err
		}
	}
	s.seed = seed.recording
	timed := &recorder{Store: store}
	if engine, err = newEngine(timed, false); err != nil {
		return nil, err
	}
	for i := range s.commands {
		if err := s.do(ctx, engine, i); err != nil {
			return nil, err
		}
	}
	s.batches, s.requests = timed.batches, timed.requests
	if len(s.requests) != n || len(s.batches) != n && len(s.batches) != 0 {
		return nil, fmt.Errorf("%d commands made %d requests and %d batches", n, len(s.requests), len(s.batches))
	}
	return s, nil
}

// do runs the i-th timed operation on an engine.
func (s *scenario) do(ctx context.Context, engine *loyalty.Engine, i int) error {
	if s.page {
		page, err := engine.Member(ctx, s.commands[i].Plan().Member)
		if err == nil && len(page.Lots) != shelfLots {
			err = fmt.Errorf("the page has %d lots", len(page.Lots))
		}
		return err
	}
	receipt, err := engine.Do(ctx, s.commands[i])
	if err == nil && receipt.Replayed != s.replay {
		err = fmt.Errorf("operation %d: replayed is %t", i, receipt.Replayed)
	}
	return err
}
