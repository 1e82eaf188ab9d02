// Command evening tells the story of an evening that is sold out: 5,000 members of three
// tiers want 200 seats, book as their windows open, wait, cancel, are promoted, let offers
// lapse, send guests, and come, or do not. Two weeks pass in virtual time. Then it proves
// from the members' receipts that no seat was sold twice, that nobody overtook the list,
// and that every point is accounted for. Say -h for its flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "evening:", err)
		os.Exit(1)
	}
}

// run is the command.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("evening", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var s settings
	flags.IntVar(&s.members, "members", 5000, "how many members there are")
	flags.IntVar(&s.seats, "seats", 200, "how many seats there are")
	flags.Uint64Var(&s.seed, "seed", 1, "another seed is another evening")
	flags.IntVar(&s.engines, "engines", 1, "how many engines work on the store")
	flags.IntVar(&s.tellers, "tellers", 1, "how many callers there are at once; with 1 an evening is the same each time")
	path := flags.String("db", "", "a new SQLite file to keep it in; empty is memory")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is no flag; say -h for help", flags.Arg(0))
	}
	if s.members < 1 || s.seats < 1 || s.engines < 1 || s.tellers < 1 {
		return fmt.Errorf("-members %d, -seats %d, -engines %d, -tellers %d: must be above 0", s.members, s.seats, s.engines, s.tellers)
	}
	store, finish, err := open(*path)
	if err != nil {
		return err
	}
	err = tell(ctx, store, s, stdout)
	return errors.Join(err, finish())
}

func open(path string) (storage.Store, func() error, error) {
	if path == "" {
		return memory.New(), func() error { return nil }, nil
	}
	store, err := sqlite.Open(path, nil)
	if err != nil {
		return nil, nil, err
	}
	return store, store.Close, nil
}

// tell lets the evening happen and tells of it.
func tell(ctx context.Context, store storage.Store, s settings, out io.Writer) error {
	zone, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		return err
	}
	e, err := newEvening(store, s, func(at time.Time, text string) {
		fmt.Fprintf(out, "%s  %s\n", at.In(zone).Format("Mon _2 Jan 15:04"), text)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s at %s: %d members, %d seats\n\n", e.terms.Title, e.terms.Venue, s.members, s.seats)
	if err := e.run(ctx); err != nil {
		return err
	}
	audit, err := e.check(ctx)
	if err != nil {
		return err
	}
	e.summary(out, audit)
	if len(audit.found) > 0 {
		for _, problem := range audit.found {
			fmt.Fprintln(out, "WRONG:", problem)
		}
		return fmt.Errorf("%d things are wrong", len(audit.found))
	}
	fmt.Fprintln(out, "\nproved from the receipts of all members: no seat was taken twice, the list was kept in order,")
	fmt.Fprintln(out, "nobody overtook it, every bean is accounted for, and every step is explained.")
	return nil
}

// summary says how it ended.
func (e *evening) summary(out io.Writer, a *audit) {
	fmt.Fprintln(out, "\nhow often")
	for _, what := range []string{
		"got seats", "holds left to lapse", "sold out", "too few beans", "waited", "promoted", "passed over", "confirmed",
		string(experience.Cancelled), string(experience.Left), "sent a guest", "parties came",
	} {
		if n := e.tally[what]; n > 0 {
			fmt.Fprintf(out, "  %5d  %s\n", n, what)
		}
	}
	fmt.Fprintln(out, "\nseats in the end")
	for _, state := range slices.Concat(experience.States()) {
		if n := a.states[state]; n > 0 {
			fmt.Fprintf(out, "  %5d  %s\n", n, state)
		}
	}
}
