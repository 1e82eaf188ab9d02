package enginetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Settling proves that settling at every instant at which something is due comes
// to the same as settling once, late: the same entries with the same instants,
// the same balances and lots.
func Settling(t *testing.T, open Open, options *Options) {
	checks(t, max(1, options.or().Sequences/4))
	opened := stores{open: open, t: t}
	rapid.Check(t, func(rt *rapid.T) {
		store, id := opened.next()
		if err := settling(t, rapidPick(rt), store, id); err != nil {
			rt.Fatal(err)
		}
	})
}

// settling runs one sequence of commands on two programs, one of which is settled
// at every instant in between.
func settling(t testing.TB, pick pick, store storage.Store, id string) error {
	t.Helper()
	clock := start
	now := func() time.Time { return clock }
	debt := oneOf(pick, "debt policy", loyalty.RefuseDebt, loyalty.AllowDebt)
	often := newEngine(t, cafe(id+"-often", debt, false), store, &loyalty.Options{Clock: now})
	late := newEngine(t, cafe(id+"-late", debt, false), store, &loyalty.Options{Clock: now})
	g := &generator{pick: pick, now: now}
	run := func(cmd loyalty.Command) error {
		a, errA := often.Do(t.Context(), cmd)
		b, errB := late.Do(t.Context(), cmd)
		if told(errA) != told(errB) {
			return fmt.Errorf("%s: %w when settled often, %w when late", show(cmd), errA, errB)
		}
		if !slices.Equal(a.Moves, b.Moves) || !slices.Equal(a.Balances, b.Balances) {
			return fmt.Errorf("%s: %s when settled often, %s when late", show(cmd), text(a), text(b))
		}
		return nil
	}
	for _, member := range members {
		if err := run(loyalty.Enroll{Member: member, Key: "enroll"}); err != nil {
			return err
		}
	}
	for range 1 + pick("steps", 40) {
		if err := run(g.any()); err != nil {
			return err
		}
		to := g.leap()
		if to.Before(clock) || pick("stay", 2) == 1 {
			continue
		}
		if err := settleOften(t.Context(), often, store, id+"-often", &clock, to); err != nil {
			return err
		}
	}
	return equalBooks(t.Context(), often, late)
}

// settleOften moves the clock to an instant and settles at each on the way.
func settleOften(ctx context.Context, engine *loyalty.Engine, store storage.Store, program string, clock *time.Time, to time.Time) error {
	for {
		due := points.Never
		for account, err := range storage.AllAccounts(ctx, store, storage.AccountQuery{Program: program}) {
			if err != nil {
				return err
			}
			if account.DueAt.Before(due) {
				due = account.DueAt
			}
		}
		if due.After(to) {
			*clock = to
			return nil
		}
		if due.After(*clock) {
			*clock = due
		}
		report, err := engine.RunDue(ctx, nil)
		if err != nil || report.Visited == 0 || len(report.Failed) > 0 {
			return fmt.Errorf("settling at %s visited %d: %w %v", due, report.Visited, err, report.Failed)
		}
	}
}

// equalBooks settles both and compares their entries, in the order of their
// instants, and what everybody has.
func equalBooks(ctx context.Context, a, b *loyalty.Engine) error {
	for _, engine := range []*loyalty.Engine{a, b} {
		if _, err := engine.RunDue(ctx, nil); err != nil {
			return err
		}
		report, err := engine.Verify(ctx, nil)
		if err != nil {
			return err
		}
		if !report.OK() {
			return report.Problems[0]
		}
	}
	for _, id := range members {
		mine, err := booked(ctx, a, id)
		if err != nil {
			return err
		}
		other, err := booked(ctx, b, id)
		if err != nil {
			return err
		}
		for i := range max(len(mine), len(other)) {
			if i >= len(mine) || i >= len(other) || mine[i] != other[i] {
				return fmt.Errorf("%s settled often has the books\n%sand late\n%s", id, lines(mine), lines(other))
			}
		}
	}
	return nil
}

// booked lists a member's entries without versions and recorded times, and lots.
func booked(ctx context.Context, engine *loyalty.Engine, id string) ([]string, error) {
	var all []string
	for op, err := range engine.History(ctx, id) {
		if err != nil {
			return nil, err
		}
		for _, e := range op.Entries {
			all = append(all, fmt.Sprintf("%s %s %d from %s to %s at %s for %s by %s", e.Unit, e.Kind, e.Amount, e.From, e.To, e.OccurredAt, e.Reference, e.Rule))
		}
	}
	m, err := engine.Member(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, lot := range shownLots(m.Lots) {
		all = append(all, lot.String())
	}
	return append(all, text(m.Balances)), nil
}
