package enginetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/whatif"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// WhatIf proves that a recorded history, lived again under the programs that it
// happened under, comes to the same books, and that two equal programs differ in
// nothing.
func WhatIf(t *testing.T, open Open, options *Options) {
	checks(t, 2*options.or().Sequences)
	opened := stores{open: open, t: t}
	lived := int64(0)
	rapid.Check(t, func(rt *rapid.T) {
		store, id := opened.next()
		pick := rapidPick(rt)
		// Who of several comes first to a budget at one instant, no history tells, nor what
		// commands of an erased member were.
		areas := slices.DeleteFunc(pickAreas(pick), func(area string) bool { return area == "budgets" || area == "erasure" })
		m, err := mistaken(t, pick, store, id, areas, nil)
		if err != nil {
			rt.Fatal(err)
		}
		actions := m.actions()
		names := slices.Sorted(maps.Keys(actions))
		for range 10 + pick("steps", 40) {
			if err := actions[oneOf(pick, "action", names...)](); err != nil {
				rt.Fatal(err)
			}
		}
		n, err := m.liveAgain(func() (storage.Store, error) { return open(t), nil })
		if lived += n; err != nil {
			rt.Fatal(err)
		}
	})
	t.Logf("figure R11 %d commands lived again: the same books to the point, and no difference between equal programs", lived)
}

// liveAgain compares what was recorded with what comes of its history.
func (m *machine) liveAgain(open func() (storage.Store, error)) (int64, error) {
	for _, p := range m.model.people {
		if p.recorded.After(m.clock) {
			m.clock = p.recorded
		}
	}
	settled, err := m.engine.RunDue(m.ctx, nil)
	if err = errors.Join(append(settled.Failed, err)...); err != nil {
		return 0, err
	}
	report, err := whatif.Compare(m.ctx, whatif.History(m.ctx, m.engine, m.store), m.revisions, m.revisions, open, &whatif.Options{
		Until: m.clock, Profile: profile, Formulas: formulasOf(m.revisions),
	})
	if err != nil {
		return 0, err
	}
	return report.Events, asRecorded(m.ctx, m.engine, report)
}

// asRecorded returns what differs between the two programs of a report, which are equal,
// and between them and what an engine has recorded.
func asRecorded(ctx context.Context, engine *loyalty.Engine, report whatif.Report) error {
	if !report.Same() || len(report.Refusals) > 0 || report.Lost > 0 || len(report.Skipped) > 0 {
		return fmt.Errorf("equal programs differ:\n%s", report)
	}
	totals, err := engine.Totals(ctx)
	if err != nil {
		return err
	}
	want := map[string]whatif.Figures{}
	for _, total := range totals {
		f := want[total.Unit]
		for bucket, by := range map[points.Bucket]points.Amount{total.From: -total.Amount, total.To: total.Amount} {
			switch {
			case total.From == total.To:
			case bucket == points.Issued:
				f.Issued -= by
			case bucket == points.Redeemed:
				f.Redeemed += by
			case bucket == points.Expired:
				f.Expired += by
			case bucket == points.Reversed:
				f.Reversed += by
			case bucket == points.Adjusted:
				f.Adjusted -= by
			case bucket == points.Pending:
				f.Pending += by
			case bucket == points.Available:
				f.Available += by
			case bucket == points.Held:
				f.Held += by
			case bucket == points.Debt:
				f.Debt -= by
			case bucket == points.Counted:
				f.Counted += by
			}
		}
		want[total.Unit] = f
	}
	for _, u := range report.Units {
		if u.Books[0] != want[u.Unit] {
			return fmt.Errorf("%s lived again comes to %+v, recorded is %+v", u.Unit, u.Books[0], want[u.Unit])
		}
	}
	return nil
}
