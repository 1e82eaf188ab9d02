package storagetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func dueCases() []Case {
	return []Case{
		{Name: "all-that-is-due-comes", Clause: "L7", Run: dueComes},
		{Name: "an-account-that-is-not-due-brings-nothing", Clause: "L7", Run: dueGate},
		{Name: "a-record-without-an-instant-is-due", Clause: "L7", Run: dueAtOnce},
		{Name: "limits-cut-what-is-due-and-say-so", Clause: "L7", Run: dueLimits},
		{Name: "the-next-instant-after-is-named", Clause: "L7", Run: nextDue},
	}
}

// calendar stores anna with lots and records that fall due on the days 1 to 9.
func (e *Env) calendar(ctx context.Context, dueAt time.Time) (storage.Leg, error) {
	leg := e.bare("anna", 0, "order-1001")
	leg.Account.DueAt = dueAt
	lot := func(id points.LotID, change func(l *storage.Lot)) {
		l := e.lot("anna", id, 10)
		change(&l)
		leg.Lots = append(leg.Lots, l)
	}
	lot(1, func(l *storage.Lot) { l.ExpiresAt = day(3) })
	lot(2, func(l *storage.Lot) { l.State, l.AvailableFrom, l.ExpiresAt = points.LotPending, day(1), day(30) })
	lot(3, func(l *storage.Lot) { l.ExpiresAt = day(5) })
	lot(4, func(l *storage.Lot) { l.State, l.AvailableFrom = points.LotPending, day(7) })
	lot(5, func(l *storage.Lot) { l.State, l.Remaining, l.ExpiresAt = points.LotUsed, 0, day(2) })
	lot(6, func(l *storage.Lot) { l.State, l.Remaining, l.Held, l.ExpiresAt = points.LotUsed, 0, 10, day(2) })
	lot(7, func(l *storage.Lot) {
		l.State, l.AvailableFrom, l.ExpiresAt = points.LotPending, points.Never, points.Never
	})
	lot(8, func(l *storage.Lot) { l.ExpiresAt = points.Never })
	record := func(kind, id string, due time.Time) {
		r := e.record("anna", kind, id)
		r.DueAt = due
		leg.Records = append(leg.Records, r)
	}
	record("hold", "h-2", day(4))
	record("hold", "h-1", day(4))
	record("gift", "z", day(4))
	record("hold", "h-0", day(5))
	record("gift", "a", day(2))
	record("hold", "h-9", day(9))
	record("note", "n", points.Never)
	return leg, e.ok(ctx, e.batch(leg))
}

// due loads what anna has due.
func (e *Env) due(ctx context.Context, by time.Time, limit int) (storage.Snapshot, error) {
	return e.load(ctx, storage.LoadRequest{Member: "anna", DueBy: by, DueLimit: limit})
}

func recordIDs(records []storage.Record) []string {
	ids := make([]string, len(records))
	for i, r := range records {
		ids[i] = r.Kind + "/" + r.ID
	}
	return ids
}

func sameDue(s storage.Snapshot, lots []points.LotID, records []string, more bool, next time.Time) error {
	return inOrder(
		func() error { return same("due lots", lots, lotIDs(s.Lots)) },
		func() error { return same("due records", records, recordIDs(s.DueRecords)) },
		func() error { return same("MoreDue", more, s.MoreDue) },
		func() error { return same("NextDue", next, s.NextDue) },
	)
}

func dueComes(ctx context.Context, env *Env) error {
	leg, err := env.calendar(ctx, day(1))
	if err != nil {
		return err
	}
	s, err := env.due(ctx, day(5), 0)
	if err != nil {
		return err
	}
	records := []string{"gift/a", "gift/z", "hold/h-1", "hold/h-2", "hold/h-0"}
	if err := sameDue(s, []points.LotID{1, 3, 2}, records, false, day(7)); err != nil {
		return err
	}
	if err := same("lots", []storage.Lot{leg.Lots[0], leg.Lots[2], leg.Lots[1]}, s.Lots); err != nil {
		return err
	}
	if err := same("first due record", leg.Records[4], s.DueRecords[0]); err != nil {
		return err
	}
	s, err = env.due(ctx, day(5).Add(-time.Microsecond), 0)
	if err != nil {
		return err
	}
	return sameDue(s, []points.LotID{1, 2}, records[:4], false, day(5))
}

func dueGate(ctx context.Context, env *Env) error {
	if _, err := env.calendar(ctx, day(6)); err != nil {
		return err
	}
	s, err := env.due(ctx, day(6).Add(-time.Microsecond), 0)
	if err != nil {
		return err
	}
	if err := sameDue(s, []points.LotID{}, []string{}, false, time.Time{}); err != nil {
		return fmt.Errorf("before the account is due: %w", err)
	}
	if s, err = env.due(ctx, day(6), 0); err != nil {
		return err
	}
	if err := sameDue(s, []points.LotID{1, 3, 2}, []string{"gift/a", "gift/z", "hold/h-1", "hold/h-2", "hold/h-0"}, false, day(7)); err != nil {
		return fmt.Errorf("when the account is due: %w", err)
	}
	if s, err = env.due(ctx, time.Time{}, 0); err != nil {
		return err
	}
	if err := sameDue(s, []points.LotID{}, []string{}, false, time.Time{}); err != nil {
		return fmt.Errorf("a request without DueBy: %w", err)
	}
	if s, err = env.load(ctx, storage.LoadRequest{Member: "nobody", DueBy: day(6)}); err != nil {
		return err
	}
	return sameDue(s, []points.LotID{}, []string{}, false, time.Time{})
}

func dueLimits(ctx context.Context, env *Env) error {
	if _, err := env.calendar(ctx, day(1)); err != nil {
		return err
	}
	for _, c := range []struct {
		limit   int
		lots    []points.LotID
		records []string
		more    bool
	}{
		{1, []points.LotID{2}, []string{"gift/a"}, true},
		{2, []points.LotID{1, 2}, []string{"gift/a", "gift/z"}, true},
		{3, []points.LotID{1, 3, 2}, []string{"gift/a", "gift/z", "hold/h-1"}, true},
		{4, []points.LotID{1, 3, 2}, []string{"gift/a", "gift/z", "hold/h-1", "hold/h-2"}, true},
		{5, []points.LotID{1, 3, 2}, []string{"gift/a", "gift/z", "hold/h-1", "hold/h-2", "hold/h-0"}, false},
	} {
		s, err := env.due(ctx, day(5), c.limit)
		if err != nil {
			return err
		}
		if err := sameDue(s, c.lots, c.records, c.more, day(7)); err != nil {
			return fmt.Errorf("with a limit of %d: %w", c.limit, err)
		}
	}
	return dueLimitOfLots(ctx, env)
}

// dueLimitOfLots checks the limit where only lots pass it, and its default.
func dueLimitOfLots(ctx context.Context, env *Env) error {
	leg := env.bare("ben", 0, "order-1002")
	leg.Account.DueAt = day(1)
	for i := range 60 {
		lot := env.lot("ben", points.LotID(i+1), 10)
		lot.ExpiresAt = day(1).Add(time.Duration(i) * time.Hour)
		leg.Lots = append(leg.Lots, lot)
	}
	next := env.bare("ben", 1, "order-1003")
	next.Account.DueAt = day(1)
	for i := range 60 {
		lot := env.lot("ben", points.LotID(i+61), 10)
		lot.ExpiresAt = day(1).Add(time.Duration(60+i) * time.Hour)
		next.Lots = append(next.Lots, lot)
	}
	if err := env.ok(ctx, env.batch(leg), env.batch(next)); err != nil {
		return err
	}
	for limit, want := range map[int]int{0: 100, 119: 119, 120: 120, 500: 120} {
		s, err := env.load(ctx, storage.LoadRequest{Member: "ben", DueBy: day(30), DueLimit: limit})
		if err != nil {
			return err
		}
		if len(s.Lots) != want || s.MoreDue != (want < 120) {
			return fmt.Errorf("with a limit of %d came %d of 120 due lots, MoreDue %t", limit, len(s.Lots), s.MoreDue)
		}
		if !slices.IsSorted(lotIDs(s.Lots)) || s.Lots[0].ID != 1 || s.Lots[want-1].ID != points.LotID(want) {
			return fmt.Errorf("with a limit of %d came other lots than the earliest", limit)
		}
	}
	return nil
}

func nextDue(ctx context.Context, env *Env) error {
	if _, err := env.calendar(ctx, day(0)); err != nil {
		return err
	}
	for _, c := range []struct{ by, next time.Time }{
		{day(0), day(1)},
		{day(1), day(2)},
		{day(2), day(3)},
		{day(6), day(7)},
		{day(7), day(9)},
		{day(9).Add(-time.Microsecond), day(9)},
		{day(9), points.Never},
		{day(400), points.Never},
	} {
		s, err := env.due(ctx, c.by, 1)
		if err != nil {
			return err
		}
		if err := same("NextDue after "+c.by.Format(time.DateOnly), c.next, s.NextDue); err != nil {
			return err
		}
	}
	return nil
}

func dueAtOnce(ctx context.Context, env *Env) error {
	leg := env.bare("anna", 0, "order-1001")
	now, later := env.record("anna", "hold", "h-1"), env.record("anna", "hold", "h-0")
	now.DueAt, later.DueAt = time.Time{}, day(5)
	leg.Records, leg.Account.DueAt = []storage.Record{now, later}, time.Time{}
	if err := env.ok(ctx, env.batch(leg)); err != nil {
		return err
	}
	s, err := env.due(ctx, day(1), 10)
	if err != nil {
		return err
	}
	if err := same("due records", []storage.Record{now}, s.DueRecords); err != nil {
		return err
	}
	page, err := env.Store.Accounts(ctx, storage.AccountQuery{Program: env.Program, DueBy: day(1)})
	if err != nil {
		return fmt.Errorf("Accounts: %w", err)
	}
	return inOrder(
		func() error { return same("next due", day(5), s.NextDue) },
		func() error { return same("due accounts", []storage.Account{leg.Account}, page.Items) },
	)
}
