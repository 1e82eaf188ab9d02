package enginetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// TrialBalances proves that a trial balance, as of any instant, with and without
// closings, is what a naive sum over all entries says.
func TrialBalances(t *testing.T, open Open, options *Options) {
	checks(t, 2*options.or().Sequences)
	opened := stores{open: open, t: t}
	balances, closings := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		m := opened.machine(rt)
		pick, id := m.pick, m.revisions[0].ID
		actions := m.actions()
		names := slices.Sorted(maps.Keys(actions))
		for range 10 + pick("steps", 40) {
			name := oneOf(pick, "action", names...)
			if err := actions[name](); err != nil {
				rt.Fatalf("%s: %v", name, err)
			}
			switch pick("books", 8) {
			case 0:
				n, err := m.closeBooks()
				if closings += n; err != nil {
					rt.Fatal(err)
				}
			case 1, 2:
				var err error
				if balances++; pick("when", 4) > 0 {
					err = m.trialBalance(id, start.Add(time.Duration(pick("minutes", 120*24*60))*time.Minute))
				} else {
					err = m.trialBalance(id, time.Time{})
				}
				if err != nil {
					rt.Fatal(err)
				}
			case 3:
				// A log of the past that is read late: what was closed is no longer so.
				if err := m.lateLog(); err != nil {
					rt.Fatal(err)
				}
			}
		}
	})
	t.Logf("figure R11 %d trial balances, with %d months closed on the way, are what a naive sum says", balances, closings)
}

// closeBooks closes what months have passed, now and then in many small calls.
func (m *machine) closeBooks() (int, error) {
	limit := oneOf(m.pick, "accounts a call", int64(0), 1)
	for closed := 0; ; {
		report, err := m.engine.CloseBooks(m.ctx, &loyalty.CloseOptions{Limit: limit})
		closed += len(report.Closed)
		if err != nil || !report.More {
			return closed, err
		}
	}
}

// lateLog lets somebody whom the model does not know live in the past.
func (m *machine) lateLog() error {
	who, at := "late-"+m.key(), m.clock.AddDate(0, 0, -1-m.pick("days ago", 90))
	for _, err := range m.engine.DoAll(m.ctx, slices.Values([]loyalty.Command{
		loyalty.Enroll{Member: who, Key: "enroll", OccurredAt: at},
		loyalty.Adjust{Member: who, Key: "gift", Unit: "bean", Points: 7, OccurredAt: at.Add(time.Hour), Reason: "found", Actor: "clerk"},
	}), &loyalty.AllOptions{FollowLog: true}) {
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *machine) trialBalance(program string, at time.Time) error {
	got, err := m.engine.TrialBalance(m.ctx, at, nil)
	if err != nil {
		return err
	}
	if !got.OK() {
		return fmt.Errorf("the trial balance as of %s says %v", at, got.Problems)
	}
	want, err := naiveBalance(m.ctx, m.store, program, got.At)
	if err != nil {
		return err
	}
	if have := text(got.Units); have != text(want) {
		return fmt.Errorf("the trial balance as of %s, from the closing of %s, is\n%s\nthe entries add up to\n%s", got.At, got.Since, have, text(want))
	}
	return nil
}

// naiveBalance reads every entry of every account, and every lot.
func naiveBalance(ctx context.Context, store storage.Store, program string, at time.Time) ([]loyalty.UnitBalance, error) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		return nil, err
	}
	type kind struct {
		unit     string
		kind     points.EntryKind
		from, to points.Bucket
	}
	type month struct{ unit, month string }
	totals, months := map[kind]*loyalty.EntryTotal{}, map[month]*loyalty.MonthBalance{}
	for account, err := range storage.AllAccounts(ctx, store, storage.AccountQuery{Program: program}) {
		if err != nil {
			return nil, err
		}
		query := storage.MemberQuery{Program: program, Member: account.Member}
		earned := map[points.LotID]string{}
		for lot, err := range storage.AllLots(ctx, store, query) {
			if err != nil {
				return nil, err
			}
			earned[lot.ID] = lot.EarnedAt.In(vienna).Format("2006-01")
		}
		move := func(lot points.LotID, unit string, bucket points.Bucket, by points.Amount) {
			if lot == 0 {
				return
			}
			k := month{unit, earned[lot]}
			if months[k] == nil {
				months[k] = &loyalty.MonthBalance{Month: k.month}
			}
			switch bucket {
			case points.Pending:
				months[k].Pending += by
			case points.Available:
				months[k].Available += by
			case points.Held:
				months[k].Held += by
			}
		}
		for e, err := range storage.AllEntries(ctx, store, query) {
			if err != nil {
				return nil, err
			}
			if e.RecordedAt.After(at) {
				continue
			}
			k := kind{e.Unit, e.Kind, e.From, e.To}
			if totals[k] == nil {
				totals[k] = &loyalty.EntryTotal{Kind: e.Kind, From: e.From, To: e.To}
			}
			totals[k].Amount += e.Amount
			totals[k].Entries++
			into := e.Lot
			if e.Into > 0 {
				into = e.Into
			}
			move(e.Lot, e.Unit, e.From, -e.Amount)
			move(into, e.Unit, e.To, e.Amount)
		}
	}
	units := map[string]*loyalty.UnitBalance{}
	scales := map[string]int{"spent": 2}
	for k, total := range totals {
		u := units[k.unit]
		if u == nil {
			u = &loyalty.UnitBalance{Unit: k.unit, Scale: scales[k.unit]}
			units[k.unit] = u
		}
		u.Totals = append(u.Totals, *total)
	}
	var all []loyalty.UnitBalance
	for _, code := range slices.Sorted(maps.Keys(units)) {
		u := units[code]
		slices.SortFunc(u.Totals, func(a, b loyalty.EntryTotal) int {
			return slices.Compare([]string{string(a.Kind), fmt.Sprintf("%02d%02d", a.From, a.To)}, []string{string(b.Kind), fmt.Sprintf("%02d%02d", b.From, b.To)})
		})
		for b := points.Pending; b <= points.Source; b++ {
			line, used := loyalty.BucketBalance{Bucket: b}, false
			for _, total := range u.Totals {
				if total.From == b {
					line.Out += total.Amount
					used = true
				}
				if total.To == b {
					line.In += total.Amount
					used = true
				}
			}
			if line.Balance = line.In - line.Out; used {
				u.Buckets = append(u.Buckets, line)
			}
		}
		for k, m := range months {
			if k.unit == code && m.Outstanding() != 0 {
				u.Months = append(u.Months, *m)
			}
		}
		slices.SortFunc(u.Months, func(a, b loyalty.MonthBalance) int { return slices.Compare([]string{a.Month}, []string{b.Month}) })
		all = append(all, *u)
	}
	return all, nil
}
