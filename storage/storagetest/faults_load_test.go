package storagetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func loadFaults() []fault {
	return []fault{
		{
			name: "answers in another order", clause: "L1",
			breaks: alteredOut(each(func(s *[]storage.Snapshot) { slices.Reverse(*s) })), cases: []string{"each-request-is-answered-at-its-place"},
		},
		{name: "answers of who does not exist are dropped", clause: "L1", breaks: dropsAbsent, cases: []string{"each-request-is-answered-at-its-place"}},
		{
			name: "no requests are an error", clause: "L1", cases: []string{"no-requests-have-no-answers"},
			breaks: hooked(func(ctx context.Context, requests []storage.LoadRequest, next LoadFunc) ([]storage.Snapshot, error) {
				if len(requests) == 0 {
					return nil, errors.New("nothing to load")
				}
				return next(ctx, requests)
			}, nil),
		},
		{
			name: "account read after its lots", clause: "L2", breaks: accountLast,
			cases: []string{"a-reader-never-sees-lots-of-another-version", "a-reader-never-sees-what-is-due-of-another-version"},
		},
		{
			name: "always mixed", clause: "L2", cases: []string{"rows-of-a-snapshot-are-of-one-version"},
			breaks: onLoad(func(_ storage.LoadRequest, s *storage.Snapshot) { s.Mixed = true }),
		},
		{name: "absent rows are an error", clause: "L3", breaks: absentIsError, cases: []string{"what-does-not-exist-is-left-out"}},
		{
			name: "absent lots come empty", clause: "L3", cases: []string{"what-does-not-exist-is-left-out"},
			breaks: onLoad(func(r storage.LoadRequest, s *storage.Snapshot) {
				s.Lots = append(s.Lots, make([]storage.Lot, len(r.Lots)-min(len(r.Lots), len(s.Lots)))...)
			}),
		},
		{
			name: "rows in order of key", clause: "L3", cases: []string{"rows-come-in-request-order"},
			breaks: onLoad(func(_ storage.LoadRequest, s *storage.Snapshot) {
				slices.SortFunc(s.Records, func(a, b storage.Record) int { return cmp.Compare(a.Kind+a.ID, b.Kind+b.ID) })
				slices.SortFunc(s.Claims, func(a, b storage.Claim) int { return cmp.Compare(a.Key, b.Key) })
				slices.SortFunc(s.Counters, func(a, b storage.Counter) int { return cmp.Compare(a.Key, b.Key) })
			}),
		},
		{
			name: "each row once", clause: "L3", cases: []string{"what-a-request-names-twice-comes-twice"},
			breaks: onLoad(func(_ storage.LoadRequest, s *storage.Snapshot) {
				s.Records = once(s.Records, func(r storage.Record) string { return r.Kind + r.ID })
				s.Claims = once(s.Claims, func(c storage.Claim) string { return c.Key })
				s.Counters = once(s.Counters, func(c storage.Counter) string { return fmt.Sprint(c.Key, c.Shard) })
			}),
		},
		{
			name: "no instant is never", clause: "L7", cases: []string{"a-record-without-an-instant-is-due"},
			breaks: onLoad(func(_ storage.LoadRequest, s *storage.Snapshot) {
				s.DueRecords = slices.DeleteFunc(s.DueRecords, func(r storage.Record) bool { return r.DueAt.IsZero() })
			}),
		},
		{name: "keys found by their beginning", clause: "L4", breaks: keyLike(strings.HasPrefix), cases: []string{"an-operation-is-found-by-its-exact-key"}},
		{name: "keys found in any case", clause: "L4", breaks: keyLike(strings.EqualFold), cases: []string{"an-operation-is-found-by-its-exact-key"}},
		{
			name: "records without their lots", clause: "L5", cases: []string{"a-record-brings-its-lots"},
			breaks: onLoad(func(r storage.LoadRequest, s *storage.Snapshot) {
				if len(r.Lots)+len(r.Debits) == 0 {
					s.Lots = nil
				}
			}),
		},
		{
			name: "due records without their lots", clause: "L5", cases: []string{"a-due-record-brings-its-lots"},
			breaks: onLoad(func(r storage.LoadRequest, s *storage.Snapshot) {
				if len(s.DueRecords) > 0 && len(r.Records)+len(r.Lots)+len(r.Debits) == 0 {
					s.Lots = slices.DeleteFunc(s.Lots, func(l storage.Lot) bool { return l.DueAt().After(r.DueBy) })
				}
			}),
		},
		{
			name: "a lot for each who asked", clause: "L8", cases: []string{"a-lot-comes-once"},
			breaks: onLoad(func(r storage.LoadRequest, s *storage.Snapshot) {
				if len(r.Lots) > 0 && len(r.Debits) > 0 {
					s.Lots = append(s.Lots, s.Lots...)
				}
			}),
		},
		{name: "one answer for each member", clause: "L9", breaks: oneAnswer, cases: []string{"several-requests-for-one-member-are-each-answered"}},
		{
			name: "stale cache", clause: "L10", breaks: staleCache,
			cases: []string{"every-commit-is-seen-by-the-next-load", "an-acknowledged-commit-is-seen-by-everybody"},
		},
		{name: "a lock that is never released", clause: "L10", breaks: keepsLock, cases: []string{"a-lock-hint-changes-no-answer"}},
	}
}

func snapshotFaults() []fault {
	debit := func(change func(d *storage.Debit)) func(storage.Store) storage.Store { return alteredIn(each(change)) }
	return []fault{
		{
			name: "debit ignores its amount", clause: "L6", breaks: debit(func(d *storage.Debit) { d.Amount = 0 }),
			cases: []string{"a-debit-brings-the-lots-that-cover-it", "a-debit-takes-lots-in-consumption-order", "lots-up-to-the-largest-amount-can-be-debited"},
		},
		{
			name: "debit ignores its limit", clause: "L6", breaks: debit(func(d *storage.Debit) { d.Limit = 1000 }),
			cases: []string{"a-debit-brings-the-lots-that-cover-it", "a-debit-without-unit-brings-every-open-lot"},
		},
		{
			name: "debit without a limit has no end", clause: "L6", cases: []string{"a-debit-without-limit-brings-a-hundred-lots"},
			breaks: debit(func(d *storage.Debit) { d.Limit = cmp.Or(d.Limit, 1000) }),
		},
		{
			name: "debit stops before the amount is covered", clause: "L6", breaks: debit(func(d *storage.Debit) { d.Amount = max(d.Amount-1, 1) }),
			cases: []string{"a-debit-brings-the-lots-that-cover-it"},
		},
		{
			name: "debit brings what expires at its time", clause: "L6", breaks: debit(func(d *storage.Debit) { d.After = d.After.Add(-time.Microsecond) }),
			cases: []string{"a-debit-passes-over-lots-that-cannot-be-spent", "instants-a-microsecond-apart-are-told-apart"},
		},
		{name: "debit brings pending lots", clause: "L6", breaks: pendingCount, cases: []string{"a-debit-passes-over-lots-that-cannot-be-spent"}},
		{
			name: "lots in order of id", clause: "L6", cases: []string{"a-debit-takes-lots-in-consumption-order"},
			breaks: onLoad(func(_ storage.LoadRequest, s *storage.Snapshot) {
				slices.SortFunc(s.Lots, func(a, b storage.Lot) int { return cmp.Compare(a.ID, b.ID) })
			}),
		},
		{
			name: "debit without a unit brings only what remains", clause: "L6", cases: []string{"a-debit-without-unit-brings-every-open-lot"},
			breaks: onLoad(func(_ storage.LoadRequest, s *storage.Snapshot) {
				s.Lots = slices.DeleteFunc(s.Lots, func(l storage.Lot) bool { return l.Remaining == 0 })
			}),
		},
		{
			name: "due records forgotten", clause: "L7", cases: []string{"all-that-is-due-comes"},
			breaks: onLoad(func(_ storage.LoadRequest, s *storage.Snapshot) { s.DueRecords = nil }),
		},
		{
			name: "pending lots are never due", clause: "L7", cases: []string{"all-that-is-due-comes", "limits-cut-what-is-due-and-say-so"},
			breaks: onLoad(func(_ storage.LoadRequest, s *storage.Snapshot) {
				s.Lots = slices.DeleteFunc(s.Lots, func(l storage.Lot) bool { return l.State == points.LotPending })
			}),
		},
		{
			name: "what is due comes before the account is", clause: "L7", cases: []string{"an-account-that-is-not-due-brings-nothing"},
			breaks: alteredIn(each(func(r *storage.LoadRequest) {
				if !r.DueBy.IsZero() {
					r.DueBy = r.DueBy.Add(24 * time.Hour)
				}
			})),
		},
		{
			name: "a cut not told", clause: "L7", cases: []string{"limits-cut-what-is-due-and-say-so"},
			breaks: onLoad(func(_ storage.LoadRequest, s *storage.Snapshot) { s.MoreDue = false }),
		},
		{
			name: "due limit ignored", clause: "L7", cases: []string{"limits-cut-what-is-due-and-say-so"},
			breaks: alteredIn(each(func(r *storage.LoadRequest) { r.DueLimit = 1000 })),
		},
		{
			name: "next due time forgotten", clause: "L7", cases: []string{"the-next-instant-after-is-named", "all-that-is-due-comes"},
			breaks: onLoad(func(_ storage.LoadRequest, s *storage.Snapshot) {
				if !s.NextDue.IsZero() {
					s.NextDue = points.Never
				}
			}),
		},
	}
}

func dropsAbsent(inside storage.Store) storage.Store {
	return alteredOut(each(func(s *[]storage.Snapshot) {
		*s = slices.DeleteFunc(*s, func(s storage.Snapshot) bool { return s.Account == nil })
	}))(inside)
}

func absentIsError(inside storage.Store) storage.Store {
	return hooked(func(ctx context.Context, requests []storage.LoadRequest, next LoadFunc) ([]storage.Snapshot, error) {
		snapshots, err := next(ctx, requests)
		for i := range snapshots {
			if requests[i].Key != "" && snapshots[i].Operation == nil {
				return nil, errors.New("no such operation")
			}
		}
		return snapshots, err
	}, nil)(inside)
}

// accountLast reads the rows and then, when others have committed, the account.
func accountLast(inside storage.Store) storage.Store {
	var commits atomic.Int64
	return hooked(func(ctx context.Context, requests []storage.LoadRequest, next LoadFunc) ([]storage.Snapshot, error) {
		rows, err := next(ctx, requests)
		if err != nil {
			return nil, err
		}
		before := commits.Load()
		meet(func() bool { return commits.Load() > before })
		later, err := next(ctx, requests)
		for i := range later {
			rows[i].Account = later[i].Account
		}
		return rows, err
	}, func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error) {
		defer commits.Add(1)
		return next(ctx, batches)
	})(inside)
}

// keyLike finds an operation whose key is like the one asked for.
func keyLike(like func(key, asked string) bool) func(storage.Store) storage.Store {
	return func(inside storage.Store) storage.Store {
		return hooked(func(ctx context.Context, requests []storage.LoadRequest, next LoadFunc) ([]storage.Snapshot, error) {
			snapshots, err := next(ctx, requests)
			for i := range snapshots {
				if requests[i].Key == "" || snapshots[i].Operation != nil {
					continue
				}
				query := storage.MemberQuery{Program: requests[i].Program, Member: requests[i].Member}
				for operation := range storage.AllOperations(ctx, inside, query) {
					if like(operation.Key, requests[i].Key) {
						snapshots[i].Operation = &operation
					}
				}
			}
			return snapshots, err
		}, nil)(inside)
	}
}

func oneAnswer(inside storage.Store) storage.Store {
	return hooked(func(ctx context.Context, requests []storage.LoadRequest, next LoadFunc) ([]storage.Snapshot, error) {
		snapshots, err := next(ctx, requests)
		first := map[string]storage.Snapshot{}
		for i := range snapshots {
			member := requests[i].Program + "/" + requests[i].Member
			if s, asked := first[member]; asked {
				snapshots[i] = s
			} else {
				first[member] = snapshots[i]
			}
		}
		return snapshots, err
	}, nil)(inside)
}

// staleCache answers the second and every later of equal requests, whatever the
// key, as the first.
func staleCache(inside storage.Store) storage.Store {
	var mu sync.Mutex
	cache := map[string]storage.Snapshot{}
	return hooked(func(ctx context.Context, requests []storage.LoadRequest, next LoadFunc) ([]storage.Snapshot, error) {
		snapshots, err := next(ctx, requests)
		mu.Lock()
		defer mu.Unlock()
		for i := range snapshots {
			member := fmt.Sprint(requests[i].Program, "/", requests[i].Member)
			if s, cached := cache[member]; cached {
				snapshots[i] = clone(s)
			} else if snapshots[i].Account != nil {
				cache[member] = clone(snapshots[i])
			}
		}
		return snapshots, err
	}, nil)(inside)
}

func keepsLock(inside storage.Store) storage.Store {
	var mu sync.Mutex
	locked := map[string]bool{}
	return hooked(func(ctx context.Context, requests []storage.LoadRequest, next LoadFunc) ([]storage.Snapshot, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, request := range requests {
			locked[request.Member] = locked[request.Member] || request.Lock
		}
		return next(ctx, requests)
	}, func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, batch := range batches {
			for _, leg := range batch.Legs {
				if locked[leg.Account.Member] {
					return nil, errors.New("lock wait timeout")
				}
			}
		}
		return next(ctx, batches)
	})(inside)
}

func pendingCount(inside storage.Store) storage.Store {
	return hooked(func(ctx context.Context, requests []storage.LoadRequest, next LoadFunc) ([]storage.Snapshot, error) {
		snapshots, err := next(ctx, requests)
		for i := range snapshots {
			query := storage.MemberQuery{Program: requests[i].Program, Member: requests[i].Member, Open: true}
			for lot := range storage.AllLots(ctx, inside, query) {
				if lot.State == points.LotPending {
					snapshots[i].Lots = append(snapshots[i].Lots, lot)
				}
			}
		}
		return snapshots, err
	}, nil)(inside)
}

// once leaves out what has the key of an item before it.
func once[T any](items []T, key func(T) string) []T {
	known := map[string]bool{}
	return slices.DeleteFunc(items, func(item T) bool {
		again := known[key(item)]
		known[key(item)] = true
		return again
	})
}
