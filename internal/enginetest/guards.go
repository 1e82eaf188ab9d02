package enginetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// watch is a limit on what an actor adjusts in a day, and how many of the adjustments fit it,
// each of the same points.
type watch struct {
	name  string
	limit loyalty.Limit
	each  points.Amount
	fit   int
}

func watches() []watch {
	by := func(limit loyalty.Limit) loyalty.Limit {
		limit.Code, limit.Commands, limit.By, limit.Per = "clerks", []string{"adjust"}, loyalty.ByActor, loyalty.Day
		return limit
	}
	return []watch{
		{"a limit of points", by(loyalty.Limit{Unit: "star", Points: 100}), 3, 33},
		{"a limit of points that one adjustment fits", by(loyalty.Limit{Unit: "star", Points: 100}), 99, 1},
		{"a limit of times", by(loyalty.Limit{Times: 20}), 3, 20},
		{"a limit of points and times", by(loyalty.Limit{Unit: "star", Points: 100, Times: 40}), 3, 33},
	}
}

// watched is how many members the actor adjusts.
const watched = 8

// Guards lets 64 callers adjust the points of several members at once, all by one actor and
// from two engines: as many adjustments as fit the limit are made, and no more, however
// often each is asked for; what another actor does is not in the way.
func Guards(t *testing.T, open Open, options *Options) {
	t.Helper()
	opened := stores{open: open, t: t}
	for _, w := range watches() {
		t.Run(w.name, func(t *testing.T) {
			for round := range options.or().Rounds {
				store, id := opened.next()
				if err := w.adjust(t, store, id); err != nil {
					t.Fatalf("round %d: %v", round, err)
				}
			}
		})
	}
}

func watchedMember(i int) string { return fmt.Sprintf("m-%d", i%watched) }

// adjust runs the race, twice over with the same keys.
func (w *watch) adjust(t testing.TB, store storage.Store, id string) error {
	t.Helper()
	program := stars(id)
	program.Limits = []loyalty.Limit{w.limit}
	c := newCrowd(t, program, store, loyalty.Options{Clock: noon})
	c.must(repeat(watched, func(i int) loyalty.Command { return loyalty.Enroll{Member: watchedMember(i), Key: "enroll"} })...)
	by := func(actor string) func(int) loyalty.Command {
		return func(i int) loyalty.Command {
			adjust := gift(watchedMember(i), fmt.Sprintf("%s-%d", actor, i), w.each)
			adjust.Actor = actor
			return adjust
		}
	}
	cmds := append(repeat(callers, by("ada")), repeat(w.fit/2, by("bea"))...)
	made := map[string]bool{}
	for range 2 {
		_, errs := c.race(cmds)
		for i, err := range errs {
			adjust := cmds[i].(loyalty.Adjust)
			switch {
			case err == nil:
				made[adjust.Key] = true
			case made[adjust.Key]:
				return fmt.Errorf("%s was made, and is refused when asked for again: %w", adjust.Key, err)
			case adjust.Actor != "ada" || !errors.Is(err, loyalty.ErrLimit):
				return fmt.Errorf("%s: %w", adjust.Key, err)
			}
		}
	}
	if want := w.fit + w.fit/2; len(made) != want {
		return fmt.Errorf("%d adjustments of %d are made, and %d fit the limit", len(made), w.each, want)
	}
	var sum points.Amount
	for i := range watched {
		sum += c.balance(watchedMember(i)).Available
	}
	if want := w.each * points.Amount(len(made)); sum != want {
		return fmt.Errorf("members have %d by adjustments of %d", sum, want)
	}
	return c.audit()
}
