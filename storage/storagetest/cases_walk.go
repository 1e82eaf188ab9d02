package storagetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func walkCases() []Case {
	return []Case{
		{Name: "pages-follow-each-other-without-gap-or-repetition", Clause: "Q1", Run: everyPageSize},
		{Name: "rows-inserted-meanwhile-hide-and-repeat-no-others", Clause: "Q1", Run: insertedMeanwhile},
		{Name: "rows-changed-meanwhile-hide-and-repeat-no-others", Clause: "Q1", Run: changedMeanwhile},
		{Name: "a-page-goes-on-after-a-row-that-left-the-listing", Clause: "Q1", Run: leftMeanwhile},
		{Name: "a-page-has-at-most-its-limit", Clause: "Q2", Run: pageLimit},
		{Name: "a-listing-of-nothing-is-an-empty-page", Clause: "Q2", Run: emptyPages},
		{Name: "a-cursor-from-elsewhere-is-refused", Clause: "Q8", Run: strangeCursors},
	}
}

// listing is one of the listings, as keys of its rows in text.
type listing struct {
	name string
	page func(ctx context.Context, after string, limit int) (keys []string, next string, err error)
}

func keysOf[T any](page storage.Page[T], err error, key func(*T) string) ([]string, string, error) {
	keys := make([]string, len(page.Items))
	for i := range page.Items {
		keys[i] = key(&page.Items[i])
	}
	return keys, page.Next, err
}

// listings returns every listing of the program; those of one account are of
// anna, that of events is of her bucket.
func (e *Env) listings() []listing {
	accounts := func(name string, dueBy time.Time) listing {
		return listing{name, func(ctx context.Context, after string, limit int) ([]string, string, error) {
			page, err := e.Store.Accounts(ctx, storage.AccountQuery{Program: e.Program, DueBy: dueBy, After: after, Limit: limit})
			return keysOf(page, err, func(a *storage.Account) string { return a.Member })
		}}
	}
	member := func(after string, limit int, open bool) storage.MemberQuery {
		return storage.MemberQuery{Program: e.Program, Member: "anna", Open: open, After: after, Limit: limit}
	}
	lots := func(name string, open bool) listing {
		return listing{name, func(ctx context.Context, after string, limit int) ([]string, string, error) {
			page, err := e.Store.Lots(ctx, member(after, limit, open))
			return keysOf(page, err, func(l *storage.Lot) string { return fmt.Sprint(l.ID) })
		}}
	}
	records := func(name string, query storage.RecordQuery) listing {
		query.Program = e.Program
		return listing{name, func(ctx context.Context, after string, limit int) ([]string, string, error) {
			query.After, query.Limit = after, limit
			page, err := e.Store.Records(ctx, query)
			return keysOf(page, err, func(r *storage.Record) string { return r.Member + "/" + r.ID })
		}}
	}
	return []listing{
		accounts("accounts by member", time.Time{}),
		accounts("accounts by due time", day(400)),
		lots("lots by id", false),
		lots("open lots", true),
		{"entries", func(ctx context.Context, after string, limit int) ([]string, string, error) {
			page, err := e.Store.Entries(ctx, member(after, limit, false))
			return keysOf(page, err, func(r *storage.Entry) string { return fmt.Sprintf("%d/%d", r.Version, r.Ordinal) })
		}},
		{"operations", func(ctx context.Context, after string, limit int) ([]string, string, error) {
			page, err := e.Store.Operations(ctx, member(after, limit, false))
			return keysOf(page, err, func(o *storage.Operation) string { return fmt.Sprint(o.Version) })
		}},
		records("records of one account", storage.RecordQuery{Member: "anna"}),
		records("records across members", storage.RecordQuery{Kind: "hold"}),
		records("records of one status", storage.RecordQuery{Kind: "hold", Reference: "spring-sale", Status: "open"}),
		{"events", func(ctx context.Context, after string, limit int) ([]string, string, error) {
			page, err := e.Store.Events(ctx, storage.EventQuery{Program: e.Program, Bucket: storage.Bucket("anna"), After: after, Limit: limit})
			return keysOf(page, err, func(v *storage.Event) string { return fmt.Sprintf("%s/%d/%d", v.Member, v.Version, v.Ordinal) })
		}},
	}
}

// walk reads a listing to its end; between runs after the first page.
func (l listing) walk(ctx context.Context, limit int, between func(first []string) error) ([]string, error) {
	return walk(l.name, limit, func(after string) (storage.Page[string], error) {
		keys, next, err := l.page(ctx, after, limit)
		if err == nil && after == "" && between != nil {
			err = between(keys)
		}
		return storage.Page[string]{Items: keys, Next: next}, err
	})
}

// crowd stores anna with nine versions, each with a lot, a record, two entries
// and two events, and members around her that have one of each. Every second
// number is free, so that rows can be inserted between.
func (e *Env) crowd(ctx context.Context) error {
	var batches []storage.Batch
	for version := range int64(9) {
		batches = append(batches, e.batch(e.crowded("anna", version, int(2*version))))
	}
	for i := range 8 {
		batches = append(batches, e.batch(e.crowded(fmt.Sprintf("m-%02d", 2*i), 0, 2*i)))
	}
	if err := e.ok(ctx, batches...); err != nil {
		return err
	}
	return e.settle(ctx)
}

// settle waits until listings of records across members have caught up.
func (e *Env) settle(ctx context.Context) error {
	if e.Lag <= 0 {
		return nil
	}
	timer := time.NewTimer(e.Lag)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *Env) crowded(member string, expect int64, n int) storage.Leg {
	leg := e.bare(member, expect, fmt.Sprintf("order-%d", expect))
	version := leg.Account.Version
	leg.Account.DueAt = day(30 + n)
	lot, record := e.lot(member, points.LotID(10+n), 120), e.record(member, "hold", fmt.Sprintf("h-%02d", n))
	lot.ExpiresAt, record.Sort = day(100+n%6), fmt.Sprint(n%4)
	leg.Lots, leg.Records = []storage.Lot{lot}, []storage.Record{record}
	leg.Entries = []storage.Entry{e.entry(member, version, 0, 60), e.entry(member, version, 2, 60)}
	leg.Events = []storage.Event{e.event(member, version, 0), e.event(member, version, 2)}
	return leg
}

func everyPageSize(ctx context.Context, env *Env) error {
	if err := env.crowd(ctx); err != nil {
		return err
	}
	for _, l := range env.listings() {
		want, err := l.walk(ctx, 500, nil)
		if err != nil {
			return err
		}
		if len(want) < 9 {
			return fmt.Errorf("%s: only %v came", l.name, want)
		}
		for _, limit := range []int{1, 2, 3, 8, 9, 10, 18} {
			got, err := l.walk(ctx, limit, nil)
			if err != nil {
				return err
			}
			if err := same(fmt.Sprintf("%s in pages of %d", l.name, limit), want, got); err != nil {
				return err
			}
		}
	}
	return nil
}

// meanwhile walks every listing, changes rows after the first page, and expects
// the rows that were there before and after, but for those that the change
// touches, once each and in order.
func (e *Env) meanwhile(ctx context.Context, touched func(name, key string) bool, change func() error) error {
	for _, l := range e.listings() {
		var before, after []string
		got, err := l.walk(ctx, 4, func([]string) error {
			var err error
			if before, err = l.walk(ctx, 500, nil); err != nil {
				return err
			}
			if err = change(); err != nil {
				return err
			}
			if err = e.settle(ctx); err != nil {
				return err
			}
			after, err = l.walk(ctx, 500, nil)
			return err
		})
		if err != nil {
			return err
		}
		stayed := func(keys []string) []string {
			return slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
				return touched(l.name, key) || !slices.Contains(before, key) || !slices.Contains(after, key)
			})
		}
		if err := same(l.name+": rows that stayed", stayed(after), stayed(got)); err != nil {
			return err
		}
		for i, key := range got {
			if slices.Contains(got[:i], key) && !touched(l.name, key) {
				return fmt.Errorf("%s: %s came twice", l.name, key)
			}
		}
	}
	return nil
}

func insertedMeanwhile(ctx context.Context, env *Env) error {
	if err := env.crowd(ctx); err != nil {
		return err
	}
	round := 0
	moved := func(name, key string) bool { return name == "accounts by due time" && key == "anna" }
	return env.meanwhile(ctx, moved, func() error {
		round++
		var batches []storage.Batch
		for i := range 4 {
			member := fmt.Sprintf("a%d-%d", i, round) // before anna and after her
			if i > 1 {
				member = fmt.Sprintf("m-%02d-%d", 4*i+1, round)
			}
			batches = append(batches, env.batch(env.crowded(member, 0, 4*i+1)))
		}
		anna, err := env.version(ctx, "anna")
		if err != nil {
			return err
		}
		leg := env.crowded("anna", anna, 3)
		for _, n := range []int{1, 7, 13} {
			lot, record := env.lot("anna", points.LotID(1000*round+n), 5), env.record("anna", "hold", fmt.Sprintf("h-%02d-%d", n, round))
			lot.ExpiresAt, record.Sort = day(100+n%6), fmt.Sprint(n%4)
			leg.Lots, leg.Records = append(leg.Lots, lot), append(leg.Records, record)
		}
		return env.ok(ctx, append(batches, env.batch(leg))...)
	})
}

func changedMeanwhile(ctx context.Context, env *Env) error {
	if err := env.crowd(ctx); err != nil {
		return err
	}
	touched := func(name, key string) bool {
		return key == "12" || strings.HasSuffix(key, "/h-02") || name == "accounts by due time" && (key == "anna" || key == "m-00")
	}
	round := 0
	return env.meanwhile(ctx, touched, func() error {
		round++
		anna, err := env.version(ctx, "anna")
		if err != nil {
			return err
		}
		first, err := env.version(ctx, "m-00")
		if err != nil {
			return err
		}
		leg, other := env.bare("anna", anna, fmt.Sprintf("change-%d", round)), env.bare("m-00", first, fmt.Sprintf("change-%d", round))
		leg.Account.DueAt, other.Account.DueAt = day(31+round), day(90+round)
		lot := env.lot("anna", 12, 120)
		lot.Remaining, lot.ExpiresAt = 100-points.Amount(round), day(100+round%6)
		record := env.record("anna", "hold", "h-02")
		record.Sort = fmt.Sprint((round + 1) % 4)
		leg.Lots, leg.Records = []storage.Lot{lot}, []storage.Record{record}
		return env.ok(ctx, env.batch(leg, other))
	})
}

func leftMeanwhile(ctx context.Context, env *Env) error {
	for i, name := range []string{"accounts by due time", "open lots", "records of one status", "events"} {
		own := *env
		own.Program = fmt.Sprintf("%s-%d", env.Program, i)
		if err := own.crowd(ctx); err != nil {
			return err
		}
		all := own.listings()
		l := all[slices.IndexFunc(all, func(l listing) bool { return l.name == name })]
		if err := own.pastRowThatLeft(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

// pastRowThatLeft takes the last row of the first page out of the listing, as
// far as rows of the listing can leave it, and walks on.
func (e *Env) pastRowThatLeft(ctx context.Context, l listing) error {
	all, err := l.walk(ctx, 500, nil)
	if err != nil {
		return err
	}
	got, err := l.walk(ctx, 4, func(first []string) error {
		if len(first) == 0 {
			return fmt.Errorf("%s: the first page is empty", l.name)
		}
		return e.takeOut(ctx, l.name, first[len(first)-1])
	})
	if err != nil {
		return err
	}
	return same(l.name+" past a row that left", all, got)
}

func (e *Env) takeOut(ctx context.Context, listing, key string) error {
	member, rest, _ := strings.Cut(key, "/")
	if listing == "open lots" {
		member = "anna"
	}
	version, err := e.version(ctx, member)
	if err != nil {
		return err
	}
	leg := e.bare(member, version, "leave")
	switch listing {
	case "accounts by due time":
		leg.Account.RetryAt = points.Never
	case "open lots":
		var id points.LotID
		if _, err := fmt.Sscan(key, &id); err != nil {
			return err
		}
		lot := e.lot(member, id, 120)
		lot.State, lot.Remaining = points.LotUsed, 0
		leg.Lots = []storage.Lot{lot}
	case "records of one status":
		record := e.record(member, "hold", rest)
		record.Status = "closed"
		leg.Records = []storage.Record{record}
	case "events":
		id := storage.EventID{Member: member}
		if _, err := fmt.Sscanf(rest, "%d/%d", &id.Version, &id.Ordinal); err != nil {
			return err
		}
		return e.Store.Ack(ctx, e.Program, []storage.EventID{id})
	}
	return e.ok(ctx, e.batch(leg))
}
