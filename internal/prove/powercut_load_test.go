package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/prove/powercut"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

const cutMembers = 6

// round is some commands that were sent at once. Before and after are where the
// log stood when they were sent and when all were acknowledged. What was there
// when the load began has 0 and 0.
type round struct {
	commands      []loyalty.Command
	before, after int
}

// life is the time of a database from the moment power comes on: what was done to
// its files, and the commands in the order in which they were sent.
type life struct {
	log    powercut.Log
	rounds []round
}

func effect(cmd loyalty.Command) (member, key string, change map[string]points.Amount) {
	switch c := cmd.(type) {
	case loyalty.Enroll:
		return c.Member, c.Key, nil
	case loyalty.Adjust:
		return c.Member, c.Key, map[string]points.Amount{c.Member: c.Points}
	case loyalty.Spend:
		return c.Member, c.Key, map[string]points.Amount{c.Member: -c.Points}
	case loyalty.Hold:
		return c.Member, c.Key, nil
	case loyalty.Capture:
		return c.Member, c.Key, map[string]points.Amount{c.Member: -c.Points}
	case loyalty.Transfer:
		return c.Member, c.Key, map[string]points.Amount{c.Member: -c.Points, c.To: c.Points}
	default:
		return "", "", nil
	}
}

// refused reports an answer by which nothing was done: too few points, or a hold
// that was refused for that.
func refused(err error) bool {
	return errors.Is(err, loyalty.ErrInsufficientPoints) || errors.Is(err, loyalty.ErrUnknownHold)
}

// load sends commands to a database, one call after the other so that the same
// seed writes the same bytes.
type load struct {
	engine    *loyalty.Engine
	store     *sqlite.Store
	recording *powercut.Recording
	random    *rand.Rand
	rounds    []round
	// turn keeps the keys of lives apart.
	turn, sent int
	holds      []loyalty.Hold
}

// openCut opens a database with an engine to which nothing is up to chance.
func openCut(path string, synchronous sqlite.Synchronous, turn int) (*loyalty.Engine, *sqlite.Store, error) {
	store, err := sqlite.Open(path, &sqlite.Options{Synchronous: synchronous})
	if err != nil {
		return nil, nil, err
	}
	now := time.Date(2027, time.March, 1+turn, 8, 0, 0, 0, time.UTC)
	engine, err := loyalty.New(crashProgram(), store, &loyalty.Options{
		Secret: []byte("the same secret in every life of it"),
		Clock:  func() time.Time { now = now.Add(time.Second); return now },
	})
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return engine, store, nil
}

// start is how a life begins: with the files that a power cut left, the commands
// that are there, and those that callers send again. The zero value is no database.
type start struct {
	files       map[string][]byte
	stored      []loyalty.Command
	again       []loyalty.Command
	synchronous sqlite.Synchronous
	turn        int
	seed        uint64
}

// live opens a database in the folder, sends it commands and closes it.
func live(ctx context.Context, folder string, s start) (l life, err error) {
	if err := putFiles(folder, s.files); err != nil {
		return life{}, err
	}
	recording, err := powercut.Watch(folder, s.seed)
	if err != nil {
		return life{}, err
	}
	defer func() {
		log, stopErr := recording.Stop()
		l.log, err = log, errors.Join(err, stopErr)
	}()
	engine, store, err := openCut(filepath.Join(folder, "cut.db"), s.synchronous, s.turn)
	if err != nil {
		return life{}, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	w := &load{
		engine: engine, store: store, recording: recording, random: rand.New(rand.NewPCG(s.seed, 1)), turn: s.turn,
		rounds: []round{{commands: s.stored}},
	}
	err = w.run(ctx, s.again)
	return life{rounds: w.rounds}, err
}

// run begins as callers do who do not know what is there: with what was not
// acknowledged, and with members who may have been enrolled in an earlier life.
func (w *load) run(ctx context.Context, again []loyalty.Command) error {
	if err := w.send(ctx, again...); err != nil {
		return err
	}
	for i := range cutMembers {
		if err := w.send(ctx, loyalty.Enroll{Member: strconv.Itoa(i), Key: "enroll"}); err != nil {
			return err
		}
	}
	for range 40 {
		if err := errors.Join(w.send(ctx, w.next()...), w.checkpoint(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// send sends commands together and takes down what was acknowledged, and when.
func (w *load) send(ctx context.Context, commands ...loyalty.Command) error {
	r := round{before: w.recording.Position()}
	for i, err := range numbered(w.engine.DoAll(ctx, slices.Values(commands), nil)) {
		if refused(err) {
			continue
		}
		if err != nil {
			return err
		}
		r.commands = append(r.commands, commands[i])
	}
	r.after = w.recording.Position()
	w.rounds = append(w.rounds, r)
	return nil
}

// numbered pairs the errors of a stream with the places of their commands.
func numbered(results func(func(loyalty.Receipt, error) bool)) func(func(int, error) bool) {
	return func(yield func(int, error) bool) {
		i := 0
		for _, err := range results {
			if !yield(i, err) {
				return
			}
			i++
		}
	}
}

// next is mostly one command, and sometimes several that share a commit.
func (w *load) next() []loyalty.Command {
	n := 1
	if w.random.IntN(5) == 0 {
		n = 2 + w.random.IntN(6)
	}
	commands := make([]loyalty.Command, n)
	for i := range commands {
		commands[i] = w.command()
	}
	return commands
}

func (w *load) command() loyalty.Command {
	member := strconv.Itoa(w.random.IntN(cutMembers))
	key := fmt.Sprintf("%d-%d", w.turn, w.sent)
	w.sent++
	amount := points.Amount(1 + w.random.IntN(9))
	switch w.random.IntN(8) {
	case 0:
		return loyalty.Spend{Member: member, Key: key, Unit: "point", Points: amount}
	case 1:
		hold := loyalty.Hold{Member: member, Key: key, ID: "hold-" + key, Unit: "point", Points: amount, Until: points.Never}
		w.holds = append(w.holds, hold)
		return hold
	case 2:
		if len(w.holds) == 0 {
			break
		}
		hold := w.holds[0]
		w.holds = w.holds[1:]
		return loyalty.Capture{Member: hold.Member, Key: key, Hold: hold.ID, Points: hold.Points}
	case 3:
		to := strconv.Itoa(w.random.IntN(cutMembers))
		if to == member {
			break
		}
		return loyalty.Transfer{Member: member, Key: key, To: to, Unit: "point", Points: amount}
	}
	return loyalty.Adjust{Member: member, Key: key, Unit: "point", Points: 5 * amount, Reason: "load", Actor: "test"}
}

// checkpoint copies the log back now and then: by itself SQLite does so only after
// more pages than the load writes.
func (w *load) checkpoint(ctx context.Context) error {
	n := w.random.IntN(40)
	kinds := []string{"PASSIVE", "RESTART", "TRUNCATE"}
	if n >= len(kinds) {
		return nil
	}
	_, err := w.store.DB().ExecContext(ctx, "PRAGMA wal_checkpoint("+kinds[n]+")")
	return err
}

func putFiles(folder string, files map[string][]byte) error {
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
