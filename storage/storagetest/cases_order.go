package storagetest

import (
	"context"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func orderCases() []Case {
	return []Case{
		{Name: "accounts-come-in-order-of-member", Clause: "Q4", Run: accountOrder},
		{Name: "due-accounts-come-in-order-of-due-time", Clause: "Q4", Run: dueOrder},
		{Name: "an-account-that-waits-to-retry-is-left-out", Clause: "Q4", Run: retryLater},
		{Name: "rows-of-an-account-come-in-order", Clause: "Q5", Run: rowOrder},
		{Name: "open-lots-come-in-consumption-order", Clause: "Q5", Run: openLotOrder},
		{Name: "a-listing-starts-at-the-version-asked-for", Clause: "Q5", Run: fromVersion},
	}
}

func memberIDs(accounts []storage.Account) []string {
	ids := make([]string, len(accounts))
	for i := range accounts {
		ids[i] = accounts[i].Member
	}
	return ids
}

func accountOrder(ctx context.Context, env *Env) error {
	// In order of bytes, in which capitals come before small letters, and
	// letters of the highest planes last.
	want := []string{" m", "10", "2", "M-1", "M-2", "Z", "_m", "m", "m ", "m-1", "m-10", "m-2", "m0", "m_1", "z", "ä", "ｍ", "𝔪"}
	var batches []storage.Batch
	for i := range want {
		leg := env.bare(want[(i*7+5)%len(want)], 0, "order-1")
		leg.Account.DueAt, leg.Account.RetryAt = points.Never, points.Never
		if i%2 == 0 {
			leg.Account.DueAt, leg.Account.RetryAt = day(i), time.Time{}
		}
		batches = append(batches, env.batch(leg))
	}
	if err := env.ok(ctx, batches...); err != nil {
		return err
	}
	for _, limit := range []int{0, 1, 4} {
		got, err := env.accounts(ctx, storage.AccountQuery{Limit: limit})
		if err != nil {
			return err
		}
		if err := same("members in order", want, memberIDs(got)); err != nil {
			return err
		}
	}
	return nil
}

func dueOrder(ctx context.Context, env *Env) error {
	due := []struct {
		member string
		day    int
	}{{"f", 3}, {"a", 5}, {"c", 4}, {"B", 4}, {"b", 4}, {"g", 3}, {"d", 6}, {"e", 9}}
	var batches []storage.Batch
	for _, d := range due {
		leg := env.bare(d.member, 0, "order-1")
		leg.Account.DueAt = day(d.day)
		batches = append(batches, env.batch(leg))
	}
	never := env.bare("never", 0, "order-1")
	if err := env.ok(ctx, append(batches, env.batch(never))...); err != nil {
		return err
	}
	for _, c := range []struct {
		by   int
		want []string
	}{
		{2, []string{}},
		{3, []string{"f", "g"}},
		{5, []string{"f", "g", "B", "b", "c", "a"}},
		{9, []string{"f", "g", "B", "b", "c", "a", "d", "e"}},
	} {
		for _, limit := range []int{0, 1, 2, 3} {
			got, err := env.accounts(ctx, storage.AccountQuery{DueBy: day(c.by), Limit: limit})
			if err != nil {
				return err
			}
			if err := same(fmt.Sprintf("members due by day %d, in pages of %d", c.by, limit), c.want, memberIDs(got)); err != nil {
				return err
			}
		}
	}
	got, err := env.accounts(ctx, storage.AccountQuery{DueBy: day(3)})
	if err != nil {
		return err
	}
	return same("account", batches[0].Legs[0].Account, got[0])
}

func retryLater(ctx context.Context, env *Env) error {
	var batches []storage.Batch
	for i, member := range []string{"a", "b", "c", "d"} {
		leg := env.bare(member, 0, "order-1")
		leg.Account.DueAt = day(1)
		if i < 3 { // those that wait come first: they fill no page
			leg.Account.RetryAt = day(5 - i)
		}
		batches = append(batches, env.batch(leg))
	}
	if err := env.ok(ctx, batches...); err != nil {
		return err
	}
	for by, want := range map[int][]string{1: {"d"}, 3: {"c", "d"}, 4: {"b", "c", "d"}, 5: {"a", "b", "c", "d"}, 0: {}} {
		got, err := env.accounts(ctx, storage.AccountQuery{DueBy: day(by), Limit: 1})
		if err != nil {
			return err
		}
		if err := same(fmt.Sprintf("members to settle by day %d", by), want, memberIDs(got)); err != nil {
			return err
		}
	}
	all, err := env.accounts(ctx, storage.AccountQuery{})
	if err != nil {
		return err
	}
	return same("all members", []string{"a", "b", "c", "d"}, memberIDs(all))
}

func rowOrder(ctx context.Context, env *Env) error {
	var batches []storage.Batch
	for version := range int64(11) {
		leg := env.bare("anna", version, fmt.Sprintf("order-%d", 20-version))
		for i := range 12 {
			leg.Entries = append(leg.Entries, env.entry("anna", version+1, (i*5+3)%12, 1))
		}
		leg.Lots = []storage.Lot{env.lot("anna", points.LotID((version*5+2)%11+95), 10)}
		leg.Lots[0].ExpiresAt = day(400 - int(leg.Lots[0].ID))
		leg.Records = []storage.Record{
			env.record("anna", []string{"hold", "Hold", "gift"}[version%3], fmt.Sprint((version*5+2)%11+95)),
		}
		batches = append(batches, env.batch(leg))
	}
	if err := env.ok(ctx, batches...); err != nil {
		return err
	}
	for _, limit := range []int{0, 1, 5} {
		if err := env.inRowOrder(ctx, limit); err != nil {
			return fmt.Errorf("in pages of %d: %w", limit, err)
		}
	}
	return nil
}

func (e *Env) inRowOrder(ctx context.Context, limit int) error {
	query := storage.MemberQuery{Member: "anna", Limit: limit}
	lots, err := e.lots(ctx, query)
	if err != nil {
		return err
	}
	entries, err := e.entries(ctx, query)
	if err != nil {
		return err
	}
	operations, err := e.operations(ctx, query)
	if err != nil {
		return err
	}
	records, err := e.records(ctx, storage.RecordQuery{Member: "anna", Limit: limit})
	if err != nil {
		return err
	}
	if len(lots) != 11 || len(entries) != 132 || len(operations) != 11 {
		return fmt.Errorf("%d lots, %d entries and %d operations, want 11, 132 and 11", len(lots), len(entries), len(operations))
	}
	for i := range 11 {
		if lots[i].ID != points.LotID(95+i) {
			return fmt.Errorf("lots come in order %v, want that of id", lotIDs(lots))
		}
		if operations[i].Version != int64(i+1) {
			return fmt.Errorf("operation %d is of version %d", i, operations[i].Version)
		}
	}
	for i := range entries {
		if entries[i].Version != int64(i/12+1) || entries[i].Ordinal != i%12 {
			return fmt.Errorf("entry %d is %d of version %d", i, entries[i].Ordinal, entries[i].Version)
		}
	}
	return same("records", []string{
		"Hold/102", "Hold/103", "Hold/95", "Hold/99",
		"gift/100", "gift/104", "gift/96",
		"hold/101", "hold/105", "hold/97", "hold/98",
	}, recordIDs(records))
}

func openLotOrder(ctx context.Context, env *Env) error {
	leg := env.bare("anna", 0, "order-1")
	add := func(id points.LotID, change func(l *storage.Lot)) {
		lot := env.lot("anna", id, 10)
		change(&lot)
		leg.Lots = append(leg.Lots, lot)
	}
	add(1, func(l *storage.Lot) { l.ExpiresAt = points.Never })
	add(2, func(l *storage.Lot) { l.ExpiresAt = day(9) })
	add(3, func(l *storage.Lot) { l.ExpiresAt, l.State, l.Remaining = day(3), points.LotUsed, 0 })
	add(4, func(l *storage.Lot) { l.ExpiresAt, l.State, l.Remaining, l.Held = day(4), points.LotUsed, 0, 10 })
	add(5, func(l *storage.Lot) { l.ExpiresAt, l.EarnedAt = day(9), day(-5) })
	add(6, func(l *storage.Lot) { l.ExpiresAt, l.State, l.AvailableFrom = day(8), points.LotPending, day(5) })
	add(7, func(l *storage.Lot) { l.ExpiresAt, l.Unit = day(9), "cup" })
	add(10, func(l *storage.Lot) { l.ExpiresAt = day(9) })
	if err := env.ok(ctx, env.batch(leg)); err != nil {
		return err
	}
	for _, limit := range []int{0, 1, 2, 3} {
		got, err := env.lots(ctx, storage.MemberQuery{Member: "anna", Open: true, Limit: limit})
		if err != nil {
			return err
		}
		if err := same("open lots", []points.LotID{4, 6, 5, 2, 7, 10, 1}, lotIDs(got)); err != nil {
			return err
		}
	}
	return nil
}

func fromVersion(ctx context.Context, env *Env) error {
	var batches []storage.Batch
	for version := range int64(12) {
		batches = append(batches, env.batch(env.earn("anna", version, fmt.Sprintf("order-%d", version))))
	}
	if err := env.ok(ctx, batches...); err != nil {
		return err
	}
	for _, from := range []int64{0, 1, 2, 9, 10, 12, 13} {
		query := storage.MemberQuery{Member: "anna", From: from, Limit: 5}
		entries, err := env.entries(ctx, query)
		if err != nil {
			return err
		}
		operations, err := env.operations(ctx, query)
		if err != nil {
			return err
		}
		want := 12 - max(int(from)-1, 0)
		if len(entries) != want || len(operations) != want {
			return fmt.Errorf("from version %d came %d entries and %d operations, want %d", from, len(entries), len(operations), want)
		}
		if want > 0 && (entries[0].Version != max(from, 1) || operations[0].Version != max(from, 1)) {
			return fmt.Errorf("from version %d the first entry is of version %d, the first operation of %d", from, entries[0].Version, operations[0].Version)
		}
	}
	return nil
}
