package enginetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Equal proves that one random stream of commands leaves the same rows, byte for
// byte and hash for hash, on two adapters, one by one and in streams, with combining
// on and off.
func Equal(t *testing.T, a, b Open, options *Options) {
	size := options.or().Stream
	for seed := range uint64(3) {
		for _, way := range []struct {
			name  string
			equal func() error
		}{
			{"on two adapters", func() error { return equalWaves(t, a(t), b(t), seed, size, false) }},
			{"one by one and in streams", func() error { return equalWaves(t, a(t), b(t), seed, size, true) }},
			{"combined and not", func() error { return equalCombined(t, a(t), b(t), seed, size) }},
		} {
			t.Run(fmt.Sprintf("%s, seed %d", way.name, seed), func(t *testing.T) {
				if err := way.equal(); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
	if !t.Failed() {
		t.Logf("figure R13 9 streams of %d commands: 0 rows differ", size)
	}
}

// equalWaves runs waves of commands on two stores, on the second perhaps in
// streams. Every receipt and in the end every row is the same.
func equalWaves(t testing.TB, a, b storage.Store, seed uint64, size int, streams bool) error {
	t.Helper()
	clock := start
	pick := seeded(seed)
	g := &generator{pick: pick, now: func() time.Time { return clock }}
	program := cafe("equal", oneOf(pick, "debt policy", loyalty.RefuseDebt, loyalty.AllowDebt), false)
	one := newEngine(t, program, a, &loyalty.Options{Clock: g.now})
	other := newEngine(t, program, b, &loyalty.Options{Clock: g.now})
	wave := repeat(len(members), func(i int) loyalty.Command { return loyalty.Enroll{Member: members[i], Key: "enroll"} })
	for sent := 0; sent < size; sent += len(wave) {
		send := singly
		if streams {
			send = streamed
		}
		if err := differ(singly(t.Context(), one, wave), send(t.Context(), other, wave)); err != nil {
			return err
		}
		wave = repeat(1+pick("wave", 12), func(int) loyalty.Command { return g.any() })
		if pick("leap", 3) > 0 {
			clock = g.leap()
		}
		if pick("run due", 8) == 0 {
			for _, engine := range []*loyalty.Engine{one, other} {
				if _, err := engine.RunDue(t.Context(), nil); err != nil {
					return err
				}
			}
		}
	}
	return equalDumps(t.Context(), a, b, program.ID)
}

// singly sends commands one by one and writes down the answers.
func singly(ctx context.Context, engine *loyalty.Engine, wave []loyalty.Command) []string {
	var answers []string
	for _, cmd := range wave {
		receipt, err := engine.Do(ctx, cmd)
		answers = append(answers, answered(cmd, receipt, err))
	}
	return answers
}

// streamed sends commands in one stream, in groups that are smaller than it: they are
// decided while others are written.
func streamed(ctx context.Context, engine *loyalty.Engine, wave []loyalty.Command) []string {
	var answers []string
	for receipt, err := range engine.DoAll(ctx, slices.Values(wave), &loyalty.AllOptions{Group: 5}) {
		answers = append(answers, answered(wave[len(answers)], receipt, err))
	}
	return answers
}

func answered(cmd loyalty.Command, receipt loyalty.Receipt, err error) string {
	return fmt.Sprintf("%s is answered with %s, %s", show(cmd), told(err), text(receipt))
}

// equalCombined lets a client for each of 12 members send commands: one after
// another to an engine that does not combine, and all at once to one that does.
func equalCombined(t testing.TB, a, b storage.Store, seed uint64, size int) error {
	t.Helper()
	const crowd = 12
	program := cafe("combined", loyalty.AllowDebt, false)
	// Which of concurrent callers an actor's limit refuses is not told.
	program.Limits = slices.DeleteFunc(program.Limits, func(l loyalty.Limit) bool { return l.By == loyalty.ByActor })
	clock := func() time.Time { return start }
	apart := newEngine(t, program, a, &loyalty.Options{Clock: clock, NoCombining: true})
	together := newEngine(t, program, b, &loyalty.Options{Clock: clock})
	var wait sync.WaitGroup
	answers := make([][]string, crowd)
	streams := make([][]loyalty.Command, crowd)
	for i := range streams {
		id := fmt.Sprint("m", i)
		g := &generator{pick: seeded(seed*crowd + uint64(i)), now: clock, among: []string{id}, prefix: id + "-"}
		streams[i] = []loyalty.Command{loyalty.Enroll{Member: id, Key: "enroll"}}
		for range size / crowd {
			streams[i] = append(streams[i], g.alone())
		}
		wait.Go(func() { answers[i] = singly(t.Context(), together, streams[i]) })
	}
	wait.Wait()
	for i := range streams {
		if err := differ(singly(t.Context(), apart, streams[i]), answers[i]); err != nil {
			return err
		}
	}
	return equalDumps(t.Context(), a, b, program.ID)
}

func equalDumps(ctx context.Context, a, b storage.Store, program string) error {
	one, err := dump(ctx, a, program)
	if err != nil {
		return err
	}
	other, err := dump(ctx, b, program)
	if err != nil {
		return err
	}
	return differ(one, other)
}
