package storagetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/loyaltykit/loyaltykit/storage"
)

func upkeepFaults() []fault {
	return []fault{
		{
			name: "ack is undone when it is repeated", clause: "U1", breaks: func(inside storage.Store) storage.Store { return &ackOnce{Store: inside} },
			cases: []string{"ack-hides-events-and-can-be-repeated"},
		},
		{
			name: "ack of unknown events is an error", clause: "U1", breaks: func(inside storage.Store) storage.Store { return strictAck{inside} },
			cases: []string{"ack-of-unknown-events-is-no-error"},
		},
		{
			name: "ack of a version and not of an event", clause: "U1", cases: []string{"ack-of-unknown-events-is-no-error"},
			breaks: alteredIn(each(func(a *acks) {
				for i := range a.Events {
					a.Events[i].Ordinal = 0
				}
			})),
		},
		{
			name: "prune drops pending events", clause: "U2", breaks: func(inside storage.Store) storage.Store { return prunesPending{inside} },
			cases: []string{"prune-drops-only-acknowledged-events-before-the-time"},
		},
		{
			name: "prune at the time and not before", clause: "U2", cases: []string{"prune-drops-only-acknowledged-events-before-the-time"},
			breaks: alteredIn(each(func(r *storage.PruneRequest) {
				if !r.EventsBefore.IsZero() {
					r.EventsBefore = r.EventsBefore.Add(time.Microsecond)
				}
			})),
		},
		{
			name: "prune takes entries along", clause: "U2", breaks: func(inside storage.Store) storage.Store { return &prunesEntries{Store: inside} },
			cases: []string{"prune-touches-no-other-table"},
		},
		{
			name: "prune in one go", clause: "U2", breaks: alteredIn(each(func(r *storage.PruneRequest) { r.Limit = 0 })),
			cases: []string{"prune-works-in-steps"},
		},
		{
			name: "prune stops after a step", clause: "U2", breaks: alteredOut(each(func(p *storage.Pruned) { p.More = false })),
			cases: []string{"prune-works-in-steps"},
		},
		{
			name: "prune empties digests", clause: "U3", cases: []string{"prune-empties-bodies-and-leaves-digests"},
			breaks: alteredOut(each(func(o *storage.Operation) {
				if o.Command == nil {
					o.Salt, o.Digests = nil, nil
				}
			})),
		},
		{
			name: "prune leaves receipts", clause: "U3", breaks: func(inside storage.Store) storage.Store { return alteredOut(each(keepsReceipt))(inside) },
			cases: []string{"prune-empties-bodies-and-leaves-digests"},
		},
		{
			name: "prune leaves keys in use", clause: "U4", breaks: func(inside storage.Store) storage.Store { return keepsKeys{inside} },
			cases: []string{"prune-frees-keys"},
		},
		{
			name: "freed keys under other names", clause: "U4", cases: []string{"prune-frees-keys"},
			breaks: alteredOut(each(func(o *storage.Operation) {
				if strings.HasPrefix(o.Key, storage.ReservedPrefix+"freed") {
					o.Key += "!"
				}
			})),
		},
		{
			name: "a revision written over", clause: "U5", breaks: func(inside storage.Store) storage.Store { return revisionsAnyway{inside} },
			cases: []string{"a-revision-is-written-once"},
		},
		{
			name: "the same revision again is an error", clause: "U5", breaks: func(inside storage.Store) storage.Store { return revisionsOnce{inside} },
			cases: []string{"a-revision-is-written-once"},
		},
		{
			name: "a revision told again takes the later date", clause: "U5", cases: []string{"a-revision-is-written-once"},
			breaks: func(inside storage.Store) storage.Store {
				return &revisionsRetold{Store: inside, told: map[int64]storage.Revision{}}
			},
		},
		{
			name: "revisions in order of text", clause: "U5", cases: []string{"revisions-come-in-order-of-number"},
			breaks: sortedOut(func(a, b storage.Revision) int { return cmp.Compare(fmt.Sprint(a.Number), fmt.Sprint(b.Number)) }),
		},
	}
}

// ackOnce shows events again that were acknowledged twice.
type ackOnce struct {
	storage.Store
	again []storage.EventID
	seen  map[storage.EventID]bool
}

func (s *ackOnce) Ack(ctx context.Context, program string, events []storage.EventID) error {
	if s.seen == nil {
		s.seen = map[storage.EventID]bool{}
	}
	for _, id := range events {
		if s.seen[id] {
			s.again = append(s.again, id)
		}
		s.seen[id] = true
	}
	return s.Store.Ack(ctx, program, events)
}

func (s *ackOnce) Events(ctx context.Context, query storage.EventQuery) (storage.Page[storage.Event], error) {
	page, err := s.Store.Events(ctx, query)
	for _, id := range s.again {
		page.Items = append(page.Items, storage.Event{Program: query.Program, Member: id.Member, Version: id.Version, Ordinal: id.Ordinal})
	}
	return page, err
}

type strictAck struct{ storage.Store }

func (s strictAck) Ack(ctx context.Context, program string, events []storage.EventID) error {
	for _, id := range events {
		at, err := versionOf(ctx, s.Store, program, id.Member)
		if err != nil {
			return err
		}
		if id.Version > at {
			return fmt.Errorf("no event %+v", id)
		}
	}
	return s.Store.Ack(ctx, program, events)
}

type prunesPending struct{ storage.Store }

func (s prunesPending) Prune(ctx context.Context, request storage.PruneRequest) (storage.Pruned, error) {
	query := storage.EventQuery{Program: request.Program, Bucket: storage.Bucket("anna")}
	page, err := s.Store.Events(ctx, query)
	if err != nil {
		return storage.Pruned{}, err
	}
	for _, event := range page.Items {
		if event.RecordedAt.Before(request.EventsBefore) {
			id := storage.EventID{Member: event.Member, Version: event.Version, Ordinal: event.Ordinal}
			if err := s.Store.Ack(ctx, request.Program, []storage.EventID{id}); err != nil {
				return storage.Pruned{}, err
			}
		}
	}
	return s.Store.Prune(ctx, request)
}

type prunesEntries struct {
	storage.Store
	before time.Time
}

func (s *prunesEntries) Prune(ctx context.Context, request storage.PruneRequest) (storage.Pruned, error) {
	s.before = request.EventsBefore
	return s.Store.Prune(ctx, request)
}

func (s *prunesEntries) Entries(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Entry], error) {
	page, err := s.Store.Entries(ctx, query)
	page.Items = slices.DeleteFunc(page.Items, func(e storage.Entry) bool { return e.RecordedAt.Before(s.before) })
	return page, err
}

func keepsReceipt(o *storage.Operation) {
	if o.Receipt == nil {
		o.Receipt = []byte(`{"earned":120}`)
	}
}

type keepsKeys struct{ storage.Store }

func (s keepsKeys) Prune(ctx context.Context, request storage.PruneRequest) (storage.Pruned, error) {
	if request.KeysBefore.IsZero() {
		return s.Store.Prune(ctx, request)
	}
	return storage.Pruned{Keys: 2}, nil
}

type revisionsAnyway struct{ storage.Store }

func (s revisionsAnyway) PutRevision(ctx context.Context, revision storage.Revision) error {
	if err := s.Store.PutRevision(ctx, revision); !errors.Is(err, storage.ErrRevisionExists) {
		return err
	}
	return nil
}

type revisionsOnce struct{ storage.Store }

func (s revisionsOnce) PutRevision(ctx context.Context, revision storage.Revision) error {
	there, err := s.Store.Revisions(ctx, revision.Program)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(there, func(r storage.Revision) bool { return r.Number == revision.Number }) {
		return storage.ErrRevisionExists
	}
	return s.Store.PutRevision(ctx, revision)
}

func boundFaults() []fault {
	return []fault{
		{
			name: "bound without saying so", clause: "A1", bind: boundTo(func(j *journal) storage.Store { return hidden{j} }),
			cases: []string{"a-bound-store-says-that-it-is"},
		},
		{
			name: "rollback ignored", clause: "K1", bind: autocommitted,
			cases: []string{"what-is-bound-goes-with-the-hosts-rollback", "what-is-bound-appears-with-the-hosts-commit"},
		},
		{name: "the host's commit stores nothing", clause: "K1", bind: neverCommitted, cases: []string{"what-is-bound-appears-with-the-hosts-commit"}},
		{
			name: "lost update in a transaction", clause: "K2", cases: []string{"a-bound-commit-at-an-old-version-is-a-conflict"},
			bind: boundTo(func(j *journal) storage.Store { return marked{onCommit(anyVersion)(j)} }),
		},
		{
			name: "a failed batch dooms the transaction", clause: "K3",
			bind:  boundTo(func(j *journal) storage.Store { return marked{doomed(j)} }),
			cases: []string{"a-failed-batch-leaves-the-transaction-usable", "a-refused-call-leaves-the-transaction-usable"},
		},
		{
			name: "a failed batch rolls back what came before", clause: "K3", cases: []string{"a-failed-batch-leaves-the-transaction-usable"},
			bind: boundTo(func(j *journal) storage.Store { return marked{forgetful(j)} }),
		},
		{
			name: "reads go past the transaction", clause: "L10", bind: readsOutside,
			cases: []string{"a-bound-store-sees-its-own-writes"},
		},
		{
			name: "the last transaction wins", clause: "K13", bind: lastTransaction,
			cases: []string{"of-two-transactions-at-one-version-one-is-stored"},
		},
	}
}

// marked says that a store is bound.
type marked struct{ storage.Store }

func (marked) InTransaction() {}

// boundTo binds another store to the transaction than the intact one.
func boundTo(change func(inside *journal) storage.Store) func(*journal) func(context.Context) (Transaction, error) {
	return func(j *journal) func(context.Context) (Transaction, error) {
		return func(ctx context.Context) (Transaction, error) {
			tx, err := j.begin(ctx)
			if err == nil {
				tx.Store = change(tx.Store.(bound).journal)
			}
			return tx, err
		}
	}
}

func autocommitted(j *journal) func(context.Context) (Transaction, error) {
	return func(context.Context) (Transaction, error) {
		nothing := func() error { return nil }
		return Transaction{Store: marked{j}, Commit: nothing, Rollback: nothing}, nil
	}
}

func neverCommitted(j *journal) func(context.Context) (Transaction, error) {
	return func(ctx context.Context) (Transaction, error) {
		tx, err := j.begin(ctx)
		tx.Commit = func() error { return nil }
		return tx, err
	}
}

// doomed fails every call after a batch that was not stored.
func doomed(inside storage.Store) storage.Store {
	failed := false
	return hooked(nil, func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error) {
		if failed {
			return nil, errors.New("current transaction is aborted")
		}
		outcomes, err := next(ctx, batches)
		failed = err != nil || slices.ContainsFunc(outcomes, func(o storage.Outcome) bool { return o.Status != storage.OK })
		return outcomes, err
	})(inside)
}

// forgetful rolls the whole transaction back where a savepoint was due.
func forgetful(inside *journal) storage.Store {
	return hooked(nil, func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error) {
		outcomes, err := next(ctx, batches)
		if slices.ContainsFunc(outcomes, func(o storage.Outcome) bool { return o.Status != storage.OK }) {
			inside.log = nil
		}
		return outcomes, err
	})(inside)
}

func readsOutside(j *journal) func(context.Context) (Transaction, error) {
	return boundTo(func(inside *journal) storage.Store {
		return marked{hooked(func(ctx context.Context, requests []storage.LoadRequest, _ LoadFunc) ([]storage.Snapshot, error) {
			return j.Load(ctx, requests)
		}, nil)(inside)}
	})(j)
}

// lastTransaction commits over what came in between.
func lastTransaction(j *journal) func(context.Context) (Transaction, error) {
	return func(ctx context.Context) (Transaction, error) {
		tx, err := j.begin(ctx)
		if err != nil {
			return tx, err
		}
		inside := tx.Store.(bound).journal
		tx.Commit = func() error {
			j.Store, j.log = inside.Store, inside.log
			return nil
		}
		return tx, nil
	}
}

func decoratorFaults() []fault {
	return []fault{
		{
			name: "a decorator without Unwrap", clause: "A4", decorate: func(inside storage.Store) storage.Store { return hidden{inside} },
			cases: []string{"abilities-are-found-through-a-decorator", "abilities-are-found-through-two-decorators"},
		},
		{
			name: "a decorator that keeps what it saw", clause: "L10", decorate: staleCache,
			cases: []string{"a-decorated-store-stores-and-answers"},
		},
		{
			name: "a decorator that stores nothing", clause: "L10", cases: []string{"a-decorated-store-stores-and-answers"},
			decorate: hooked(nil, func(_ context.Context, batches []storage.Batch, _ CommitFunc) ([]storage.Outcome, error) {
				return slices.Repeat([]storage.Outcome{{Status: storage.OK}}, len(batches)), nil
			}),
		},
	}
}

// revisionsRetold keeps a revision's text, and the date and digest that it was told last.
type revisionsRetold struct {
	storage.Store
	mu   sync.Mutex
	told map[int64]storage.Revision
}

func (s *revisionsRetold) Unwrap() storage.Store { return s.Store }

func (s *revisionsRetold) PutRevision(ctx context.Context, revision storage.Revision) error {
	err := s.Store.PutRevision(ctx, revision)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.told[revision.Number] = revision
	}
	return err
}

func (s *revisionsRetold) Revisions(ctx context.Context, program string) ([]storage.Revision, error) {
	revisions, err := s.Store.Revisions(ctx, program)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range revisions {
		if told, ok := s.told[revisions[i].Number]; ok && told.Program == program {
			revisions[i].EffectiveAt, revisions[i].Digest = told.EffectiveAt, told.Digest
		}
	}
	return revisions, err
}
