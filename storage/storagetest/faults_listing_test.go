package storagetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func listingFaults() []fault {
	return []fault{
		{
			name: "cursor that skips under insert", clause: "Q1", breaks: listed(byOffset{}),
			cases: []string{
				"rows-inserted-meanwhile-hide-and-repeat-no-others", "rows-changed-meanwhile-hide-and-repeat-no-others",
				"a-page-goes-on-after-a-row-that-left-the-listing",
			},
		},
		{name: "cursor that repeats a row", clause: "Q1", breaks: listed(overlapping{}), cases: []string{"pages-follow-each-other-without-gap-or-repetition"}},
		{name: "cursor that skips a row", clause: "Q1", breaks: listed(skipping{}), cases: []string{"pages-follow-each-other-without-gap-or-repetition"}},
		{name: "limit ignored", clause: "Q2", breaks: limited(func(int) int { return 1000 }), cases: []string{"a-page-has-at-most-its-limit"}},
		{
			name: "no limit means no end", clause: "Q2", cases: []string{"a-page-has-at-most-its-limit"},
			breaks: limited(func(limit int) int { return cmp.Or(limit, 1000) }),
		},
		{name: "the first page is the last", clause: "Q2", breaks: listed(endless{}), cases: []string{"a-page-has-at-most-its-limit"}},
		{name: "nothing is nil", clause: "Q2", breaks: listed(nilPages{}), cases: []string{"a-listing-of-nothing-is-an-empty-page"}},
		{name: "page without version", clause: "Q3", breaks: listed(unversioned{}), cases: []string{"a-page-carries-the-version-of-its-account"}},
		{
			name: "version of a page forgotten", clause: "Q3", cases: []string{"a-page-of-another-version-is-a-conflict"},
			breaks: alteredIn(each(func(q *storage.MemberQuery) { q.AtVersion = 0 })),
		},
		{
			name: "version looked at on the first page", clause: "Q3", cases: []string{"a-later-page-of-another-version-is-a-conflict"},
			breaks: alteredIn(each(func(q *storage.MemberQuery) {
				if q.After != "" {
					q.AtVersion = 0
				}
			})),
		},
		{name: "page read before its version", clause: "Q3", breaks: versionLast, cases: []string{"a-page-is-of-the-version-it-carries"}},
		{name: "a bad cursor starts again", clause: "Q8", breaks: listed(forgiving{}), cases: []string{"a-cursor-from-elsewhere-is-refused"}},
		{name: "a bad cursor is some error", clause: "Q8", breaks: listed(vague{}), cases: []string{"a-cursor-from-elsewhere-is-refused"}},
	}
}

func orderFaults() []fault {
	members := sortedOut(func(a, b storage.Account) int { return strings.Compare(a.Member, b.Member) })
	return []fault{
		{
			name: "members in order of letters", clause: "Q4", cases: []string{"accounts-come-in-order-of-member"},
			breaks: sortedOut(func(a, b storage.Account) int {
				return cmp.Or(strings.Compare(strings.ToLower(a.Member), strings.ToLower(b.Member)), strings.Compare(a.Member, b.Member))
			}),
		},
		{name: "due accounts in order of member", clause: "Q4", breaks: members, cases: []string{"due-accounts-come-in-order-of-due-time"}},
		{
			name: "accounts come again before their time", clause: "Q4", cases: []string{"an-account-that-waits-to-retry-is-left-out"},
			breaks: alteredIn(each(func(a *storage.Account) { a.RetryAt = time.Time{} })),
		},
		{
			name: "an account that ever failed is left out", clause: "Q4", cases: []string{"an-account-that-waits-to-retry-is-left-out"},
			breaks: alteredIn(each(func(a *storage.Account) {
				if !a.RetryAt.IsZero() {
					a.RetryAt = points.Never
				}
			})),
		},
		{
			name: "accounts that wait fill a page", clause: "Q4", cases: []string{"an-account-that-waits-to-retry-is-left-out"},
			breaks: func(inside storage.Store) storage.Store { return cutFirst{inside} },
		},
		{
			name: "lots in order of text", clause: "Q5", cases: []string{"rows-of-an-account-come-in-order"},
			breaks: sortedOut(func(a, b storage.Lot) int { return strings.Compare(fmt.Sprint(a.ID), fmt.Sprint(b.ID)) }),
		},
		{
			name: "entries in order of ordinal", clause: "Q5", cases: []string{"rows-of-an-account-come-in-order"},
			breaks: sortedOut(func(a, b storage.Entry) int { return cmp.Compare(a.Ordinal, b.Ordinal) }),
		},
		{
			name: "operations in order of key", clause: "Q5", cases: []string{"rows-of-an-account-come-in-order"},
			breaks: sortedOut(func(a, b storage.Operation) int { return strings.Compare(a.Key, b.Key) }),
		},
		{
			name: "records in order of id", clause: "Q5", cases: []string{"rows-of-an-account-come-in-order"},
			breaks: sortedOut(func(a, b storage.Record) int { return strings.Compare(a.ID, b.ID) }),
		},
		{
			name: "open lots in order of id", clause: "Q5", cases: []string{"open-lots-come-in-consumption-order"},
			breaks: sortedOut(func(a, b storage.Lot) int { return cmp.Compare(a.ID, b.ID) }),
		},
		{
			name: "held lots are not open", clause: "Q5", cases: []string{"open-lots-come-in-consumption-order"},
			breaks: alteredOut(each(func(p *storage.Page[storage.Lot]) {
				p.Items = slices.DeleteFunc(p.Items, func(l storage.Lot) bool { return l.Remaining == 0 })
			})),
		},
		{
			name: "listings start at the beginning", clause: "Q5", cases: []string{"a-listing-starts-at-the-version-asked-for"},
			breaks: alteredIn(each(func(q *storage.MemberQuery) { q.From = 0 })),
		},
		{
			name: "kind of an account's records ignored", clause: "Q5", cases: []string{"records-of-one-account-are-narrowed-by-kind"},
			breaks: alteredIn(each(func(q *storage.RecordQuery) {
				if q.Member != "" {
					q.Kind = ""
				}
			})),
		},
		{
			name: "records across members by member", clause: "Q6", cases: []string{"records-across-members-come-in-order"},
			breaks: sortedOut(func(a, b storage.Record) int { return strings.Compare(a.Member, b.Member) }),
		},
		{
			name: "status ignored", clause: "Q6", cases: []string{"records-across-members-are-narrowed", "a-record-that-changes-moves-in-its-listing"},
			breaks: alteredIn(each(func(q *storage.RecordQuery) { q.Status = "" })),
		},
		{name: "records stay where they were listed first", clause: "Q6", breaks: onCommit(staysListed), cases: []string{"a-record-that-changes-moves-in-its-listing"}},
		{
			name: "events in order of version", clause: "Q7", cases: []string{"events-come-in-order-of-member-version-and-ordinal"},
			breaks: sortedOut(func(a, b storage.Event) int { return cmp.Compare(a.Version, b.Version) }),
		},
		{
			name: "events of every bucket", clause: "Q7", cases: []string{"events-come-in-order-of-member-version-and-ordinal"},
			breaks: func(inside storage.Store) storage.Store { return everyBucket{inside} },
		},
		{
			name: "acknowledged events come again", clause: "Q7", cases: []string{"acknowledged-events-are-not-listed", "ack-hides-events-and-can-be-repeated"},
			breaks: alteredIn(each(func(a *acks) { a.Events = nil })),
		},
	}
}

// sortedOut sorts the rows of every page, and of lists of rows, anew.
func sortedOut[T any](compare func(a, b T) int) func(storage.Store) storage.Store {
	return alteredOut(each(func(items *[]T) { slices.SortStableFunc(*items, compare) }))
}

func limited(change func(limit int) int) func(storage.Store) storage.Store {
	return alteredIn(func(v any) {
		each(func(q *storage.AccountQuery) { q.Limit = change(q.Limit) })(v)
		each(func(q *storage.MemberQuery) { q.Limit = change(q.Limit) })(v)
		each(func(q *storage.RecordQuery) { q.Limit = change(q.Limit) })(v)
		each(func(q *storage.EventQuery) { q.Limit = change(q.Limit) })(v)
	})
}

// paging is a way to make pages badly. It is given the good one, whatever the
// rows are: after and limit lead to a page of n rows and the next cursor.
type paging interface {
	page(after string, limit int, good func(after string, limit int) (rows, error)) (rows, error)
}

// rows is a page of any listing.
type rows struct {
	items   []any
	next    string
	version int64
	isNil   bool
}

// pager is a store whose every page is made by a paging.
type pager struct {
	storage.Store
	paging paging
}

func listed(p paging) func(storage.Store) storage.Store {
	return func(inside storage.Store) storage.Store { return pager{inside, p} }
}

func paged[T any](p paging, after string, limit int, list func(after string, limit int) (storage.Page[T], error)) (storage.Page[T], error) {
	r, err := p.page(after, limit, func(after string, limit int) (rows, error) {
		page, err := list(after, limit)
		r := rows{next: page.Next, version: page.Version}
		for _, item := range page.Items {
			r.items = append(r.items, item)
		}
		return r, err
	})
	page := storage.Page[T]{Items: []T{}, Next: r.next, Version: r.version}
	if r.isNil {
		page.Items = nil
	}
	for _, item := range r.items {
		page.Items = append(page.Items, item.(T))
	}
	return page, err
}

func (s pager) Accounts(ctx context.Context, q storage.AccountQuery) (storage.Page[storage.Account], error) {
	return paged(s.paging, q.After, q.Limit, func(after string, limit int) (storage.Page[storage.Account], error) {
		q.After, q.Limit = after, limit
		return s.Store.Accounts(ctx, q)
	})
}

func (s pager) Lots(ctx context.Context, q storage.MemberQuery) (storage.Page[storage.Lot], error) {
	return paged(s.paging, q.After, q.Limit, func(after string, limit int) (storage.Page[storage.Lot], error) {
		q.After, q.Limit = after, limit
		return s.Store.Lots(ctx, q)
	})
}

func (s pager) Records(ctx context.Context, q storage.RecordQuery) (storage.Page[storage.Record], error) {
	return paged(s.paging, q.After, q.Limit, func(after string, limit int) (storage.Page[storage.Record], error) {
		q.After, q.Limit = after, limit
		return s.Store.Records(ctx, q)
	})
}

func (s pager) Events(ctx context.Context, q storage.EventQuery) (storage.Page[storage.Event], error) {
	return paged(s.paging, q.After, q.Limit, func(after string, limit int) (storage.Page[storage.Event], error) {
		q.After, q.Limit = after, limit
		return s.Store.Events(ctx, q)
	})
}

// byOffset counts rows instead of remembering the last one.
type byOffset struct{}

func (byOffset) page(after string, limit int, good func(string, int) (rows, error)) (rows, error) {
	offset, _ := strconv.Atoi(after)
	var all rows
	for cursor := ""; ; {
		page, err := good(cursor, 500)
		if err != nil {
			return rows{}, err
		}
		all.items, all.version = append(all.items, page.items...), page.version
		if cursor = page.next; cursor == "" {
			break
		}
	}
	all.items = all.items[min(offset, len(all.items)):]
	if limit = cmp.Or(limit, 100); len(all.items) > limit {
		all.items, all.next = all.items[:limit], strconv.Itoa(offset+limit)
	}
	return all, nil
}

// overlapping leads from a page to its own last row.
type overlapping struct{}

func (overlapping) page(after string, limit int, good func(string, int) (rows, error)) (rows, error) {
	page, err := good(after, limit)
	if err != nil || page.next == "" || limit < 2 {
		return page, err
	}
	shorter, err := good(after, limit-1)
	page.next = shorter.next
	return page, err
}

// skipping leads from a page past the first row of the next.
type skipping struct{}

func (skipping) page(after string, limit int, good func(string, int) (rows, error)) (rows, error) {
	page, err := good(after, limit)
	if err != nil || page.next == "" || limit == 0 {
		return page, err
	}
	longer, err := good(after, limit+1)
	page.next = longer.next
	return page, err
}

type endless struct{}

func (endless) page(after string, limit int, good func(string, int) (rows, error)) (rows, error) {
	page, err := good(after, limit)
	page.next = ""
	return page, err
}

type nilPages struct{}

func (nilPages) page(after string, limit int, good func(string, int) (rows, error)) (rows, error) {
	page, err := good(after, limit)
	page.isNil = true
	return page, err
}

type unversioned struct{}

func (unversioned) page(after string, limit int, good func(string, int) (rows, error)) (rows, error) {
	page, err := good(after, limit)
	page.version = 0
	return page, err
}

type forgiving struct{}

func (forgiving) page(after string, limit int, good func(string, int) (rows, error)) (rows, error) {
	page, err := good(after, limit)
	if errors.Is(err, storage.ErrBadCursor) {
		return good("", limit)
	}
	return page, err
}

type vague struct{}

func (vague) page(after string, limit int, good func(string, int) (rows, error)) (rows, error) {
	page, err := good(after, limit)
	if err != nil {
		err = errors.New("bad request")
	}
	return page, err
}

// versionOfPage reads the version of a page when others have committed.
type versionOfPage struct {
	storage.Store
	commits *atomic.Int64
}

func versionLast(inside storage.Store) storage.Store {
	var commits atomic.Int64
	return hooked(nil, func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error) {
		defer commits.Add(1)
		return next(ctx, batches)
	})(versionOfPage{inside, &commits})
}

func (s versionOfPage) Lots(ctx context.Context, q storage.MemberQuery) (storage.Page[storage.Lot], error) {
	page, err := s.Store.Lots(ctx, q)
	if err != nil {
		return page, err
	}
	before := s.commits.Load()
	meet(func() bool { return s.commits.Load() > before })
	page.Version, err = versionOf(ctx, s.Store, q.Program, q.Member)
	return page, err
}

// staysListed keeps status and sort of a record as they were stored first.
func staysListed(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
	for i := range batch.Legs {
		leg := &batch.Legs[i]
		for old, err := range storage.AllRecords(ctx, inside, storage.RecordQuery{Program: batch.Program, Member: leg.Account.Member}) {
			if err != nil {
				return storage.Outcome{}, err
			}
			for j := range leg.Records {
				if r := &leg.Records[j]; r.Kind == old.Kind && r.ID == old.ID {
					r.Status, r.Sort = old.Status, old.Sort
				}
			}
		}
	}
	return commitOne(ctx, inside, batch)
}

// everyBucket lists the events of a bucket and of another one.
type everyBucket struct{ storage.Store }

func (s everyBucket) Events(ctx context.Context, query storage.EventQuery) (storage.Page[storage.Event], error) {
	page, err := s.Store.Events(ctx, query)
	if err != nil || page.Next != "" {
		return page, err
	}
	_, stranger := roommates(1)
	query.Bucket, query.After = storage.Bucket(stranger), ""
	more, err := s.Store.Events(ctx, query)
	page.Items = append(page.Items, more.Items...)
	return page, err
}

// cutFirst cuts a page of due accounts before it leaves out those that wait.
type cutFirst struct{ storage.Store }

func (s cutFirst) Accounts(ctx context.Context, q storage.AccountQuery) (storage.Page[storage.Account], error) {
	page, err := s.Store.Accounts(ctx, q)
	if err != nil || q.DueBy.IsZero() || q.After != "" {
		return page, err
	}
	cut, err := s.Store.Accounts(ctx, storage.AccountQuery{Program: q.Program, Limit: q.Limit})
	cut.Items = slices.DeleteFunc(cut.Items, func(a storage.Account) bool { return a.DueAt.After(q.DueBy) || a.RetryAt.After(q.DueBy) })
	if len(cut.Items) < storage.LimitOf(q.Limit) {
		return storage.Page[storage.Account]{Items: cut.Items}, err
	}
	return page, err
}
