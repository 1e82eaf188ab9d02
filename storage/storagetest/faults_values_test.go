package storagetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func valueFaults() []fault {
	ids := []string{
		"member-ids-are-compared-byte-by-byte", "keys-of-operations-are-compared-byte-by-byte", "claims-are-compared-byte-by-byte",
		"counters-are-compared-byte-by-byte", "kinds-and-ids-of-records-are-compared-byte-by-byte", "units-are-compared-byte-by-byte",
		"program-ids-are-compared-byte-by-byte", "pages-tell-similar-ids-apart",
	}
	return slices.Concat([]fault{
		{name: "one caller at a time", clause: "A1", breaks: oneCaller, cases: []string{"many-goroutines-use-one-store"}},
		{
			name: "bound without a transaction", clause: "A1", breaks: func(inside storage.Store) storage.Store { return claimsBound{inside} },
			cases: []string{"a-store-outside-transactions-does-not-claim-to-be-bound"},
		},
		{name: "ids case-folded", clause: "A2", breaks: alteredIn(each(lower)), cases: ids},
		{
			name: "trailing spaces cut", clause: "A2", cases: ids,
			breaks: alteredIn(each(func(s *string) { *s = strings.TrimRight(*s, " ") })),
		},
		{
			name: "ids in one normalization form", clause: "A2", cases: ids,
			breaks: alteredIn(each(func(s *string) { *s = strings.ReplaceAll(*s, "a\u0301", "\u00e1") })),
		},
		{
			name: "ids cut at 127 bytes", clause: "A2", cases: ids[:6],
			breaks: alteredIn(each(func(s *string) { *s = (*s)[:min(len(*s), 127)] })),
		},
	}, timeFaults(), numberFaults(), byteFaults(), shareFaults())
}

func timeFaults() []fault {
	return []fault{
		{
			name: "microseconds cut", clause: "A3",
			breaks: alteredIn(each(func(t *time.Time) { *t = t.Truncate(time.Millisecond) })),
			cases:  []string{"instants-keep-microseconds", "instants-a-microsecond-apart-are-told-apart"},
		},
		{
			name: "instants before 1970 cut to seconds", clause: "A3",
			breaks: alteredOut(each(func(t *time.Time) {
				if t.Unix() < 0 && !t.IsZero() {
					*t = t.Truncate(time.Second)
				}
			})),
			cases: []string{"instants-keep-microseconds"},
		},
		{
			name: "instants in local time", clause: "A3",
			breaks: alteredOut(each(func(t *time.Time) { *t = t.In(time.FixedZone("local", 3600)) })),
			cases:  []string{"instants-come-back-in-utc"},
		},
		{
			name: "wall clock without its zone", clause: "A3",
			breaks: alteredIn(each(func(t *time.Time) {
				*t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
			})),
			cases: []string{"instants-come-back-in-utc"},
		},
		{
			name: "zero time vs 1970", clause: "A3",
			breaks: alteredOut(each(func(t *time.Time) {
				if t.IsZero() {
					*t = time.Unix(0, 0).UTC()
				}
			})),
			cases: []string{"a-zero-time-comes-back-zero"},
		},
		{
			name: "never as infinity", clause: "A3",
			breaks: alteredOut(each(func(t *time.Time) {
				if points.IsNever(*t) {
					*t = t.Add(time.Microsecond)
				}
			})),
			cases: []string{"never-comes-back-as-never"},
		},
	}
}

func float(n int64) int64 {
	if f := float64(n); f < math.MaxInt64 {
		return int64(f)
	}
	return math.MaxInt64
}

func numberFaults() []fault {
	return []fault{
		{
			name: "amounts as floating point", clause: "A4",
			breaks: alteredIn(each(func(a *points.Amount) { *a = points.Amount(float(int64(*a))) })),
			cases:  []string{"amounts-keep-all-64-bits", "lots-up-to-the-largest-amount-can-be-debited"},
		},
		{
			name: "counters as floating point", clause: "A4",
			breaks: alteredIn(each(func(c *storage.CounterChange) { c.Delta, c.Bound = float(c.Delta), float(c.Bound) })),
			cases:  []string{"amounts-keep-all-64-bits"},
		},
		{
			name: "lot ids of 32 bits", clause: "A4",
			breaks: alteredIn(each(func(id *points.LotID) { *id = points.LotID(int32(*id)) })),
			cases:  []string{"amounts-keep-all-64-bits"},
		},
		{
			name: "numbers of revisions as floating point", clause: "A4",
			breaks: alteredIn(each(func(r *storage.Revision) { r.Number = float(r.Number) })),
			cases:  []string{"numbers-of-revisions-keep-all-64-bits"},
		},
		{
			name: "a column forgotten", clause: "A4",
			breaks: alteredOut(each(func(a *storage.Account) { a.RetryAt = time.Time{} })), cases: []string{"every-field-comes-back"},
		},
		{
			name: "two columns swapped", clause: "A4",
			breaks: alteredOut(each(func(e *storage.Entry) { e.OccurredAt, e.RecordedAt = e.RecordedAt, e.OccurredAt })),
			cases:  []string{"every-field-comes-back"},
		},
		{
			name: "totals without their kinds", clause: "A4", breaks: summed(func(e *storage.Entry) { e.Kind = points.EntryEarn }),
			cases: []string{"totals-are-the-same-with-and-without-the-ability"},
		},
		{
			name: "totals that wrap", clause: "A4", breaks: summed(func(e *storage.Entry) { e.Amount /= 2 }),
			cases: []string{"totals-that-overflow-are-an-error"},
		},
	}
}

// summing is a store with an ability to sum that is wrong.
type summing struct {
	storage.Store
	wrong func(*storage.Entry)
}

func summed(wrong func(*storage.Entry)) func(storage.Store) storage.Store {
	return func(inside storage.Store) storage.Store { return summing{inside, wrong} }
}

func (s summing) Totals(ctx context.Context, program string) ([]storage.Total, error) {
	return storage.Totals(ctx, hidden{alteredOut(each(s.wrong))(s.Store)}, program)
}

func byteFaults() []fault {
	return []fault{
		{
			name: "documents as text", clause: "A5",
			breaks: alteredIn(each(func(b *[]byte) { *b = bytes.ToValidUTF8(*b, []byte("?")) })),
			cases:  []string{"documents-come-back-byte-for-byte"},
		},
		{
			name: "documents end at a zero byte", clause: "A5",
			breaks: alteredIn(each(func(b *[]byte) { *b, _, _ = bytes.Cut(*b, []byte{0}) })),
			cases:  []string{"documents-come-back-byte-for-byte", "large-documents-come-back-whole"},
		},
		{name: "documents as JSON", clause: "A5", breaks: alteredIn(each(compacted)), cases: []string{"documents-are-not-rewritten"}},
		{
			name: "documents cut at 64 KiB", clause: "A5",
			breaks: alteredIn(each(func(b *[]byte) { *b = (*b)[:min(len(*b), 1<<16-1)] })),
			cases:  []string{"large-documents-come-back-whole"},
		},
		{
			name: "nil vs empty bytes", clause: "A5",
			breaks: alteredOut(each(func(b *[]byte) { *b = append([]byte{}, *b...) })), cases: []string{"nil-and-empty-come-back-nil"},
		},
		{
			name: "nil vs empty lists", clause: "A5",
			breaks: alteredOut(each(func(r *storage.Record) { r.Lots = append([]points.LotID{}, r.Lots...) })),
			cases:  []string{"nil-and-empty-come-back-nil"},
		},
		{
			name: "texts trimmed", clause: "A5", breaks: alteredIn(each(func(s *string) { *s = strings.TrimSpace(*s) })),
			cases: []string{"texts-come-back-letter-for-letter"},
		},
		{
			name: "texts without letters above the basic plane", clause: "A5", cases: []string{"texts-come-back-letter-for-letter"},
			breaks: alteredIn(each(func(s *string) {
				*s = strings.Map(func(r rune) rune {
					if r > 0xffff {
						return '?'
					}
					return r
				}, *s)
			})),
		},
	}
}

func compacted(b *[]byte) {
	var to bytes.Buffer
	if json.Compact(&to, *b) == nil {
		*b = to.Bytes()
	}
}

func shareFaults() []fault {
	return []fault{
		{name: "rows handed out are shared", clause: "A6", breaks: sharesOut, cases: []string{"rows-handed-out-can-be-changed"}},
		{name: "rows passed in are kept", clause: "A6", breaks: sharesIn, cases: []string{"rows-passed-in-can-be-changed-afterwards"}},
		{
			name: "programs mixed up", clause: "A7",
			breaks: alteredIn(each(func(s *string) { *s = strings.TrimSuffix(*s, "-other") })),
			cases:  []string{"programs-do-not-see-each-other"},
		},
		{name: "upkeep of every program", clause: "A7", breaks: func(inside storage.Store) storage.Store { return everyProgram{inside} }, cases: []string{"upkeep-stays-within-its-program"}},
		{
			name: "contexts ignored", clause: "A8",
			breaks: func(inside storage.Store) storage.Store { return &altered{Store: inside, under: context.WithoutCancel} },
			cases:  []string{"a-call-whose-context-is-done-does-nothing", "a-call-whose-deadline-has-passed-does-nothing"},
		},
		{
			name: "contexts looked at afterwards", clause: "A8",
			breaks: hooked(nil, func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error) {
				outcomes, err := next(context.WithoutCancel(ctx), batches)
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				return outcomes, err
			}),
			cases: []string{"a-call-whose-context-is-done-does-nothing", "a-call-whose-deadline-has-passed-does-nothing"},
		},
	}
}

// oneCaller fails calls that come while another is under way.
func oneCaller(inside storage.Store) storage.Store {
	var busy, twice atomic.Bool
	return hooked(nil, func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error) {
		if !busy.CompareAndSwap(false, true) {
			twice.Store(true)
			return nil, fmt.Errorf("the store is in use")
		}
		defer busy.Store(false)
		meet(twice.Load)
		return next(ctx, batches)
	})(inside)
}

type claimsBound struct{ storage.Store }

func (claimsBound) InTransaction() {}

// sharesOut hands out the rows of its own cache for as long as nothing changes.
func sharesOut(inside storage.Store) storage.Store {
	var mu sync.Mutex
	cache := map[string]storage.Snapshot{}
	return hooked(func(ctx context.Context, requests []storage.LoadRequest, next LoadFunc) ([]storage.Snapshot, error) {
		snapshots, err := next(ctx, requests)
		mu.Lock()
		defer mu.Unlock()
		for i := range snapshots {
			key := fmt.Sprintf("%+v", requests[i])
			if s, cached := cache[key]; cached {
				snapshots[i] = s
			}
			cache[key] = snapshots[i]
		}
		return snapshots, err
	}, func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error) {
		mu.Lock()
		defer mu.Unlock()
		clear(cache)
		return next(ctx, batches)
	})(inside)
}

// sharesIn keeps the documents of operations as they were passed in.
func sharesIn(inside storage.Store) storage.Store {
	type version struct {
		member string
		number int64
	}
	kept := map[version][]byte{}
	return hooked(nil, func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error) {
		for _, batch := range batches {
			for _, leg := range batch.Legs {
				kept[version{leg.Account.Member, leg.Account.Version}] = leg.Operation.Command
			}
		}
		return next(ctx, batches)
	})(alteredOut(each(func(o *storage.Operation) { o.Command = kept[version{o.Member, o.Version}] }))(inside))
}

// everyProgram does upkeep for the programs of its neighbors too.
type everyProgram struct{ storage.Store }

func (s everyProgram) Ack(ctx context.Context, program string, events []storage.EventID) error {
	if err := s.Store.Ack(ctx, strings.TrimSuffix(program, "-other"), events); err != nil {
		return err
	}
	return s.Store.Ack(ctx, program, events)
}

func (s everyProgram) Prune(ctx context.Context, request storage.PruneRequest) (storage.Pruned, error) {
	own, err := s.Store.Prune(ctx, request)
	if err == nil {
		request.Program = strings.TrimSuffix(request.Program, "-other")
		_, err = s.Store.Prune(ctx, request)
	}
	return own, err
}
