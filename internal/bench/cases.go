package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	// page is how many lots a member has where the timed call is Engine.Member for the
	// command's member, 0 for other cases.
	page int
	// replay is set where the commands have been run before.
	replay bool
	// stream is set where DoAll runs the commands, with one caller.
	stream bool
	// engines is how many engines share the operations, as in several processes; 0 is 1.
	engines int
	// cpuProfile names the file for a profile of the engine, if any.
	cpuProfile string
	// program is what the engine runs.
	program loyalty.Program
	// against is the scenario that this one is compared with besides the limits, if any.
	against *scenario
	// unlimited is set where the hand-written limits do not know the rows.
	unlimited bool
}

// caseOf says what a case stores before, outside of the timing, and times.
type caseOf struct {
	name string
	// before are the commands that seed the store, timed those that are timed.
	before []loyalty.Command
	timed  []loyalty.Command

	// page is how many lots a member has whose page is read, 0 for cases of commands.
	page           int
	replay, stream bool
	// change makes the program of the case from the usual one, nil leaves it, and against
	// names a case that is timed in turn with this one.
	change  func(*loyalty.Program)
	against string
}

// crowd is how many members take turns in runs of up to n operations.
func crowd(n int) int {
	if n < 2000 {
		return n
	}
	return 10000
}

// shelf is how many members have lots, shelfLots each, on which n operations are
// spent, held, captured and voided.
func shelf(n int) int { return max(n/20, 1) }

const shelfLots = 96

// fewLots is how many lots most members have.
const fewLots = 4

func cases(n int) []caseOf {
	earns := each(func(i int) loyalty.Command { return earn(scatter(i, crowd(n)), orderID(i)) })
	with := func(command func(who string, i int) loyalty.Command) []loyalty.Command {
		return each(func(i int) loyalty.Command { return command(member(i%shelf(n)), i) })(n)
	}
	spends := each(func(i int) loyalty.Command { return spend(member(i%shelf(n)), i, i%shelf(n)+i/shelf(n)) })(n)
	page := with(func(who string, _ int) loyalty.Command { return loyalty.Enroll{Member: who, Key: "enroll"} })
	enrolled, few, stocked := each(enroll)(crowd(n)), stocked(shelf(n), fewLots), stocked(shelf(n), shelfLots)
	held := slices.Concat(stocked, with(hold))
	regulars, theirs := regulars(), each(func(i int) loyalty.Command { return earn(i%regularMembers, orderID(i)) })(n)
	return []caseOf{
		{name: "earn", before: enrolled, timed: earns(n)},
		{name: "earn-hot", before: enrolled[:1], timed: each(func(i int) loyalty.Command { return earn(0, orderID(i)) })(n)},
		{name: "spend", before: stocked, timed: spends},
		{name: "hold", before: stocked, timed: with(hold)},
		{name: "capture", before: held, timed: with(capture)},
		{name: "void", before: held, timed: with(void)},
		{name: "member", before: stocked, timed: page, page: shelfLots},
		{name: "member-few", before: few, timed: page, page: fewLots},
		{name: "replay-key", before: slices.Concat(enrolled, earns(n)), timed: earns(n), replay: true},
		{name: "import", before: enrolled, timed: earns(n), stream: true},
		{name: "earn-count", before: regulars, timed: theirs, change: countEuros},
		{name: "earn-tier", before: regulars, timed: theirs, change: climb, against: "earn-count"},
	}
}

func caseNames() []string {
	var names []string
	for _, c := range cases(1) {
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

// scatter visits a crowd out of order, everybody once before anybody twice.
func scatter(i, crowd int) int {
	const step = 7919
	if crowd%step == 0 {
		return i % crowd
	}
	return i * step % crowd
}

// stocked members have a number of lots of lotSize points each.
func stocked(members, lots int) []loyalty.Command {
	commands := each(enroll)(members)
	for i := range members {
		for part := range 2 {
			commands = append(commands, stock{Member: member(i), Key: "stock-" + strconv.Itoa(part), Lots: lots / 2})
		}
	}
	return commands
}

// spend takes from one to eight lots. Turns of one member follow each other, so that
// their amounts are spread evenly.
func spend(who string, i, turn int) loyalty.Command {
	return loyalty.Spend{
		Member: who, Key: fmt.Sprintf("spend-%06d", i), Unit: unit,
		Points: points.Amount(1 + turn*37%(7*lotSize)), Reference: orderID(i),
	}
}

// holdID names the i-th hold.
func holdID(i int) string { return fmt.Sprintf("checkout-%06d", i) }

// hold sets two lots aside.
func hold(who string, i int) loyalty.Command {
	return loyalty.Hold{
		Member: who, Key: "hold-" + holdID(i), ID: holdID(i), Unit: unit, Points: 2 * lotSize,
		Until: opening.AddDate(0, 1, 0),
	}
}

func capture(who string, i int) loyalty.Command {
	return loyalty.Capture{Member: who, Key: "capture-" + holdID(i), Hold: holdID(i)}
}

func void(who string, i int) loyalty.Command {
	return loyalty.Void{Member: who, Key: "void-" + holdID(i), Hold: holdID(i)}
}

// prepare runs a case once, in memory, to learn what the engine stores for it.
func prepare(ctx context.Context, name string, n int) (*scenario, error) {
	for _, c := range cases(n) {
		if c.name != name {
			continue
		}
		s, err := c.rehearse(ctx)
		if err == nil && c.against != "" {
			s.against, err = prepare(ctx, c.against, n)
		}
		return s, err
	}
	return nil, errors.New("there is no such case")
}

func (c *caseOf) rehearse(ctx context.Context) (*scenario, error) {
	s := &scenario{name: c.name, commands: c.timed, page: c.page, replay: c.replay, stream: c.stream, program: program()}
	if c.change != nil {
		c.change(&s.program)
		s.unlimited = true
	}
	store := memory.New()
	seed := &recorder{Store: store}
	engine, err := engineFor(s.program, seed, false)
	if err != nil {
		return nil, err
	}
	for _, cmd := range c.before {
		if _, err := engine.Do(ctx, cmd); err != nil {
			return nil, err
		}
	}
	s.seed = seed.recording
	timed := &recorder{Store: store}
	if engine, err = engineFor(s.program, timed, false); err != nil {
		return nil, err
	}
	for i := range s.commands {
		if err := s.do(ctx, engine, i); err != nil {
			return nil, err
		}
	}
	s.batches, s.requests = timed.batches, timed.requests
	if n := len(s.commands); len(s.requests) != n || len(s.batches) != n && len(s.batches) != 0 {
		return nil, fmt.Errorf("%d commands made %d requests and %d batches", n, len(s.requests), len(s.batches))
	}
	return s, nil
}

// operations is how many operations a run can have: what only reads can be done
// again and again.
func (s *scenario) operations() int {
	if len(s.batches) == 0 {
		return 1 << 40
	}
	return len(s.commands)
}

// do runs the i-th timed operation on an engine.
func (s *scenario) do(ctx context.Context, engine *loyalty.Engine, i int) error {
	i %= len(s.commands)
	if s.page > 0 {
		page, err := engine.Member(ctx, s.commands[i].Plan().Member)
		if err == nil && len(page.Lots) != s.page {
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
