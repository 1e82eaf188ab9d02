package enginetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// Simulation runs commands on a store that fails before and after it stored, in
// part of a commit, and for good, so that a new engine takes over; while the clock
// jumps. The client asks with the same key until it is answered. Whatever was
// acknowledged is there exactly once, and all is as the model says. The environment
// variable LOYALTYKIT_SEED runs one seed again.
func Simulation(t *testing.T, open Open, options *Options) {
	size := options.or()
	if seed, err := strconv.ParseUint(os.Getenv("LOYALTYKIT_SEED"), 10, 64); err == nil {
		size.FirstSeed, size.Seeds = seed, 1
	}
	opened := stores{open: open, t: t}
	for i := range size.Seeds {
		seed := size.FirstSeed + uint64(i)
		store, id := opened.next()
		run := simulateOneByOne
		if seed%2 == 1 {
			run = simulateStreams
		}
		if err := run(t, store, id, seed, true); err != nil {
			t.Fatalf("seed %d: %v\nTo see it again: LOYALTYKIT_SEED=%d go test -run '%s'", seed, err, seed, t.Name())
		}
	}
	t.Logf("figure R14 %d seeds of faults, crashes and clock jumps: every acknowledged command there once", size.Seeds)
}

// simulation is a client, an engine that may crash, and a store that fails.
type simulation struct {
	*session
	*generator
	t testing.TB
	// flaky is the engine on the store that fails, until it is dead.
	flaky *loyalty.Engine
	dead  bool
	// keeps is set for a client that asks again with the same key.
	keeps  bool
	latest time.Time
}

func newSimulation(t testing.TB, store storage.Store, id string, seed uint64, keeps bool) *simulation {
	t.Helper()
	pick := seeded(seed)
	debt := oneOf(pick, "debt policy", loyalty.RefuseDebt, loyalty.AllowDebt)
	s := &simulation{session: newSession(t, loyalty.Revisions{cafe(id, debt, false)}, store), t: t, keeps: keeps, latest: start}
	s.generator = &generator{pick: pick, now: s.session.now}
	s.boot()
	return s
}

var errDown = errors.New("the store is down")

// boot starts an engine on the store and lets it fail at random from now on.
func (s *simulation) boot() {
	dead := false
	flaky := &storagetest.Hooked{Store: s.store}
	flaky.OnLoad = func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
		if dead || s.pick("load", 25) == 0 {
			return nil, errDown
		}
		return next(ctx, requests)
	}
	flaky.OnCommit = func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
		fault := s.pick("commit", 24)
		if dead || fault == 0 {
			return nil, errDown
		}
		dead = fault == 1 || fault == 2
		s.dead = dead
		switch fault {
		case 1:
			return nil, errDown
		case 3: // a part is stored
			batches = batches[:s.pick("part", len(batches))]
		}
		outcomes, err := next(ctx, batches)
		if err != nil || fault > 4 {
			return outcomes, err
		}
		if fault == 4 { // stored, and the store cannot tell
			for i := range outcomes {
				outcomes[i].Status = storage.Unknown
			}
			return outcomes, nil
		}
		return nil, errDown
	}
	s.dead = false
	s.flaky = revised(s.t, s.revisions, flaky, &loyalty.Options{Clock: s.session.now})
}

// definite reports whether an answer settles what became of a command.
func definite(err error) bool {
	return err == nil || slices.ContainsFunc(append(sentinels, loyalty.ErrInsufficientPoints), func(s error) bool { return errors.Is(err, s) })
}

// passing reports an error after which a client asks again.
func passing(err error) bool {
	return errors.Is(err, errDown) || errors.Is(err, loyalty.ErrOutcomeUnknown) || errors.Is(err, loyalty.ErrContention)
}

const patience = 200

// ask sends a command until the answer is definite.
func (s *simulation) ask(cmd loyalty.Command) (loyalty.Receipt, error) {
	for range patience {
		receipt, err := s.flaky.Do(s.ctx, cmd)
		if !passing(err) {
			return receipt, err
		}
		s.recover()
		if !s.keeps {
			cmd = rekeyed(cmd, s.key())
		}
	}
	return loyalty.Receipt{}, errDown
}

// recover starts a new engine where the old one crashed. Meanwhile the clock may
// have jumped.
func (s *simulation) recover() {
	if s.dead {
		s.boot()
		s.jump()
	}
}

func (s *simulation) jump() {
	s.clock = s.leap()
	if s.clock.After(s.latest) {
		s.latest = s.clock
	}
}

// rekeyed is the command under another key.
func rekeyed(cmd loyalty.Command, key string) loyalty.Command {
	v := reflect.New(reflect.TypeOf(cmd)).Elem()
	v.Set(reflect.ValueOf(cmd))
	v.FieldByName("Key").SetString(key)
	return v.Interface().(loyalty.Command)
}

// simulateOneByOne compares every answer with the model's.
func simulateOneByOne(t testing.TB, store storage.Store, id string, seed uint64, keeps bool) error {
	t.Helper()
	s := newSimulation(t, store, id, seed, keeps)
	cmds := repeat(len(members), func(i int) loyalty.Command { return loyalty.Enroll{Member: members[i], Key: "enroll"} })
	for step := range 60 {
		if step >= len(cmds) {
			cmds = append(cmds, s.any())
		}
		if err := s.step(cmds[step]); err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
		switch s.pick("then", 8) {
		case 0:
			s.jump()
		case 1:
			_, _ = s.flaky.RunDue(s.ctx, nil)
			s.recover()
			if err := s.adopt(); err != nil {
				return fmt.Errorf("step %d: %w", step, err)
			}
		}
	}
	return errors.Join(s.compare(), s.verify())
}

// step sends a command and lets the model answer it at the time at which it was
// decided.
func (s *simulation) step(cmd loyalty.Command) error {
	receipt, err := s.ask(cmd)
	if !definite(err) {
		return fmt.Errorf("%s: no answer: %w", show(cmd), err)
	}
	if err := s.adopt(); err != nil {
		return err
	}
	clock := s.clock
	if err == nil {
		clock = receipt.RecordedAt
	}
	want, wantErr := s.model.do(cmd, clock)
	if told(err) != told(wantErr) {
		return fmt.Errorf("%s: the engine says %s, the model %s", show(cmd), told(err), told(wantErr))
	}
	if err == nil && !slices.Equal(filled(receipt.Balances), want.balances) {
		return fmt.Errorf("%s: the receipt says %+v, should be %+v", show(cmd), receipt.Balances, want.balances)
	}
	if err := s.compare(); err != nil {
		return fmt.Errorf("after %s: %w", show(cmd), err)
	}
	return nil
}

// adopt takes over what was settled by attempts that did not come to an end.
func (s *simulation) adopt() error {
	now := s.clock
	s.clock = s.latest
	defer func() { s.clock = now }()
	return s.settled()
}
