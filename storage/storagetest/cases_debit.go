package storagetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func debitCases() []Case {
	return []Case{
		{Name: "a-debit-brings-the-lots-that-cover-it", Clause: "L6", Run: debitPrefix},
		{Name: "a-debit-takes-lots-in-consumption-order", Clause: "L6", Run: debitOrder},
		{Name: "a-debit-passes-over-lots-that-cannot-be-spent", Clause: "L6", Run: debitSpendable},
		{Name: "a-debit-without-unit-brings-every-open-lot", Clause: "L6", Run: debitEveryUnit},
		{Name: "a-debit-without-limit-brings-a-hundred-lots", Clause: "L6", Run: debitHundred},
	}
}

// shelf stores one account with these lots.
func (e *Env) shelf(ctx context.Context, lots ...storage.Lot) error {
	leg := e.bare("anna", 0, "order-1001")
	leg.Lots = lots
	return e.ok(ctx, e.batch(leg))
}

func debitPrefix(ctx context.Context, env *Env) error {
	var lots []storage.Lot
	for i := range 5 {
		lot := env.lot("anna", points.LotID(10-i), 100)
		lot.ExpiresAt = day(100 + i)
		lots = append(lots, lot)
	}
	if err := env.shelf(ctx, lots...); err != nil {
		return err
	}
	for _, c := range []struct {
		name   string
		amount points.Amount
		limit  int
		want   []points.LotID
	}{
		{"less than the first lot", 1, 9, []points.LotID{10}},
		{"exactly the first lot", 100, 9, []points.LotID{10}},
		{"one point more than the first lot", 101, 9, []points.LotID{10, 9}},
		{"exactly three lots", 300, 9, []points.LotID{10, 9, 8}},
		{"exactly all", 500, 9, []points.LotID{10, 9, 8, 7, 6}},
		{"more than there is", 501, 9, []points.LotID{10, 9, 8, 7, 6}},
		{"three lots with a limit of two", 300, 2, []points.LotID{10, 9}},
		{"two lots with a limit of two", 200, 2, []points.LotID{10, 9}},
		{"no amount", 0, 3, []points.LotID{10, 9, 8}},
		{"no amount and a high limit", 0, 50, []points.LotID{10, 9, 8, 7, 6}},
		{"the largest amount", points.MaxAmount, 50, []points.LotID{10, 9, 8, 7, 6}},
	} {
		debit := storage.Debit{Unit: "bean", After: day(1), Amount: c.amount, Limit: c.limit}
		if err := env.debits(ctx, c.name, c.want, debit); err != nil {
			return err
		}
	}
	return env.debits(ctx, "two debits", []points.LotID{10, 9, 8},
		storage.Debit{Unit: "bean", After: day(1), Amount: 50, Limit: 9},
		storage.Debit{Unit: "bean", After: day(101), Amount: 50, Limit: 9},
		storage.Debit{Unit: "bean", After: day(100), Amount: 101, Limit: 9})
}

// debits loads debits of anna and compares the lots that come.
func (e *Env) debits(ctx context.Context, name string, want []points.LotID, debits ...storage.Debit) error {
	s, err := e.load(ctx, storage.LoadRequest{Member: "anna", Debits: debits})
	if err != nil {
		return err
	}
	if got := lotIDs(s.Lots); !slices.Equal(want, got) {
		return fmt.Errorf("a debit of %s brought lots %v, want %v", name, got, want)
	}
	return nil
}

func debitOrder(ctx context.Context, env *Env) error {
	dated := func(id points.LotID, expires, earned time.Time) storage.Lot {
		lot := env.lot("anna", id, 10)
		lot.ExpiresAt, lot.EarnedAt = expires, earned
		return lot
	}
	if err := env.shelf(ctx,
		dated(1, points.Never, day(-9)),
		dated(2, day(30), day(5)),
		dated(3, day(30), day(4)),
		dated(12, day(20), day(6)),
		dated(5, day(20).Add(-time.Microsecond), day(7)),
		dated(9, day(20), day(6)),
		dated(7, points.Never, day(-10)),
	); err != nil {
		return err
	}
	all := []points.LotID{5, 9, 12, 3, 2, 7, 1}
	for n := 1; n <= len(all); n++ {
		debit := storage.Debit{Unit: "bean", After: day(10), Amount: 10 * points.Amount(n), Limit: 20}
		if err := env.debits(ctx, fmt.Sprintf("%d points", debit.Amount), all[:n], debit); err != nil {
			return err
		}
	}
	return nil
}

func debitSpendable(ctx context.Context, env *Env) error {
	change := func(id points.LotID, change func(l *storage.Lot)) storage.Lot {
		lot := env.lot("anna", id, 10)
		change(&lot)
		return lot
	}
	if err := env.shelf(ctx,
		change(1, func(l *storage.Lot) { l.State, l.AvailableFrom = points.LotPending, day(1) }),
		change(2, func(l *storage.Lot) { l.Unit = "cup" }),
		change(3, func(l *storage.Lot) { l.State, l.Remaining = points.LotUsed, 0 }),
		change(4, func(l *storage.Lot) { l.State, l.Remaining, l.Held = points.LotUsed, 0, 10 }),
		change(5, func(l *storage.Lot) { l.ExpiresAt = day(10) }),
		change(6, func(l *storage.Lot) { l.ExpiresAt = day(10).Add(time.Microsecond) }),
		change(7, func(l *storage.Lot) { l.Remaining, l.Held = 4, 6 }),
		change(8, func(l *storage.Lot) { l.Unit = "Bean" }),
	); err != nil {
		return err
	}
	for _, c := range []struct {
		name  string
		debit storage.Debit
		want  []points.LotID
	}{
		{"beans on day 10", storage.Debit{Unit: "bean", After: day(10), Limit: 9}, []points.LotID{6, 7}},
		{"beans a microsecond before", storage.Debit{Unit: "bean", After: day(10).Add(-time.Microsecond), Limit: 9}, []points.LotID{5, 6, 7}},
		{"14 beans on day 10", storage.Debit{Unit: "bean", After: day(10), Amount: 14, Limit: 9}, []points.LotID{6, 7}},
		{"cups", storage.Debit{Unit: "cup", After: day(10), Limit: 9}, []points.LotID{2}},
		{"a unit that nobody has", storage.Debit{Unit: "crumb", After: day(10), Limit: 9}, []points.LotID{}},
	} {
		if err := env.debits(ctx, c.name, c.want, c.debit); err != nil {
			return err
		}
	}
	return nil
}

func debitEveryUnit(ctx context.Context, env *Env) error {
	var lots []storage.Lot
	for i := range 6 {
		lot := env.lot("anna", points.LotID(i+1), 10)
		lot.ExpiresAt = day(20 - i)
		lots = append(lots, lot)
	}
	lots[0].State, lots[0].AvailableFrom = points.LotPending, points.Never
	lots[1].Unit = "cup"
	lots[2].State, lots[2].Remaining = points.LotUsed, 0
	lots[3].State, lots[3].Remaining, lots[3].Held = points.LotUsed, 0, 10
	lots[4].ExpiresAt = points.Never
	if err := env.shelf(ctx, lots...); err != nil {
		return err
	}
	all := []points.LotID{6, 4, 2, 1, 5}
	for _, c := range []struct {
		name  string
		debit storage.Debit
		want  []points.LotID
	}{
		{"every unit", storage.Debit{Limit: 9}, all},
		{"every unit, whatever time and amount say", storage.Debit{After: day(50), Amount: 1, Limit: 9}, all},
		{"every unit with a limit of three", storage.Debit{Limit: 3}, all[:3]},
	} {
		if err := env.debits(ctx, c.name, c.want, c.debit); err != nil {
			return err
		}
	}
	return nil
}

func debitHundred(ctx context.Context, env *Env) error {
	var ids []points.LotID
	for version := range int64(3) {
		leg := env.bare("anna", version, fmt.Sprintf("order-%d", version))
		for i := range 50 {
			id := points.LotID(50*int(version) + i + 1)
			lot := env.lot("anna", id, 10)
			lot.ExpiresAt = day(int(id))
			leg.Lots, ids = append(leg.Lots, lot), append(ids, id)
		}
		if err := env.ok(ctx, env.batch(leg)); err != nil {
			return err
		}
	}
	for name, debit := range map[string]storage.Debit{
		"beans without a limit":         {Unit: "bean", After: day(0)},
		"1500 beans without a limit":    {Unit: "bean", After: day(0), Amount: 1500},
		"every unit without a limit":    {},
		"1000 beans with a limit of 99": {Unit: "bean", After: day(0), Amount: 1000, Limit: 99},
	} {
		want := ids[:100]
		if debit.Limit > 0 {
			want = ids[:debit.Limit]
		}
		if err := env.debits(ctx, name, want, debit); err != nil {
			return err
		}
	}
	return nil
}
