package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Load answers requests, all of one program from one state of the database: by one
// statement, or two where a debit takes more than a few lots or records name lots.
// Accounts that are due take a transaction.
func (s *served) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	snapshots := make([]storage.Snapshot, len(requests))
	for _, a := range byProgram(requests, snapshots) {
		a.namesLots = s.grammar.namesLots
		if err := a.load(ctx, s.sessions); err != nil {
			return nil, fmt.Errorf("sqlstore: load: %w", err)
		}
	}
	return snapshots, nil
}

// answering answers requests of one program.
type answering struct {
	program  string
	requests []*storage.LoadRequest
	to       []*storage.Snapshot
	// namesLots is set where a union can bring the lots that records name.
	namesLots bool
	// whole is set where all that a debit takes is read, and not its first lots alone.
	// short tells that those did not do.
	whole, short bool
	found        found
}

// byProgram sorts requests by program, in order of the first of each.
func byProgram(requests []storage.LoadRequest, to []storage.Snapshot) []*answering {
	var all []*answering
	for i := range requests {
		at := slices.IndexFunc(all, func(a *answering) bool { return a.program == requests[i].Program })
		if at < 0 {
			at = len(all)
			all = append(all, &answering{program: requests[i].Program})
		}
		all[at].requests = append(all[at].requests, &requests[i])
		all[at].to = append(all[at].to, &to[i])
	}
	return all
}

func (a *answering) load(ctx context.Context, from sessions) error {
	if parts := a.question(); len(parts) == 1 {
		done, err := a.glance(ctx, from, parts)
		if err == nil && a.short && !a.anyDue() {
			a.whole = true
			done, err = a.glance(ctx, from, a.question())
		}
		if err == nil && !done && !a.anyDue() {
			done, err = a.named(ctx, from)
		}
		if err != nil || done {
			return err
		}
	}
	a.whole = true
	parts := a.question()
	return from.load(ctx, func(ctx context.Context, s *session) error {
		before := s.asked
		if err := a.everything(ctx, s, parts); err != nil {
			return err
		}
		if !s.unsteady || s.asked == before+1 {
			return nil
		}
		return a.mixed(ctx, s)
	})
}

// glance puts one question without a transaction, and reports whether that was enough.
func (a *answering) glance(ctx context.Context, from sessions, parts []question) (done bool, err error) {
	err = from.glance(ctx, func(ctx context.Context, s *session) error { return a.read(ctx, s, parts) })
	return err == nil && !a.short && !a.anyDue() && len(a.missing()) == 0, err
}

// named brings the lots that records name by a second question, which asks for the
// accounts, too. It reports whether they have the same version as before.
func (a *answering) named(ctx context.Context, from sessions) (same bool, err error) {
	q := question{program: a.program}
	q.asked[lotRows] = a.missing()
	for _, r := range a.requests {
		q.asked[accountRows] = append(q.asked[accountRows], r.Member)
	}
	parts := q.parts()
	if len(parts) > 1 {
		return false, nil
	}
	var later found
	err = from.glance(ctx, func(ctx context.Context, s *session) error {
		later = found{program: a.program}
		return s.ask(ctx, &parts[0], later.take)
	})
	if err != nil {
		return false, err
	}
	for member, account := range a.found.accounts {
		if now := later.accounts[member]; now == nil || now.Version != account.Version {
			return false, nil
		}
	}
	a.found.lots = later.lots
	a.lots()
	return true, nil
}

// everything brings all that is asked for and what is due, in one session.
func (a *answering) everything(ctx context.Context, s *session, parts []question) error {
	if err := a.read(ctx, s, parts); err != nil {
		return err
	}
	for i, r := range a.requests {
		if !isDue(r, a.to[i].Account) {
			continue
		}
		l := loading{session: s, request: r, to: a.to[i]}
		if err := l.due(ctx); err != nil {
			return err
		}
	}
	q := question{program: a.program}
	q.asked[lotRows] = a.missing()
	for _, part := range q.parts() {
		if err := s.ask(ctx, &part, a.found.take); err != nil {
			return err
		}
	}
	a.lots()
	return nil
}

// read puts a question and answers requests as far as it goes.
func (a *answering) read(ctx context.Context, s *session, parts []question) error {
	a.found = found{program: a.program}
	for _, part := range parts {
		if err := s.ask(ctx, &part, a.found.take); err != nil {
			return err
		}
		for sort, asked := range part.asked {
			a.found.before[sort] += len(asked) / rowSorts[sort].marks
		}
	}
	a.answer()
	return nil
}

func isDue(r *storage.LoadRequest, account *storage.Account) bool {
	return account != nil && !r.DueBy.IsZero() && !account.DueAt.After(r.DueBy)
}

func (a *answering) anyDue() bool {
	for i, r := range a.requests {
		if isDue(r, a.to[i].Account) {
			return true
		}
	}
	return false
}

// few is how many lots are read for a debit at first: nearly all take fewer.
const few = 12

// limitOf is how many lots are read for a debit.
func (a *answering) limitOf(debit *storage.Debit) int {
	limit := storage.LimitOf(debit.Limit)
	if a.whole || debit.Amount <= 0 || debit.Unit == "" {
		return limit
	}
	return min(limit, few)
}

// question is all that requests ask for but what is due, each row once.
func (a *answering) question() []question {
	q := question{program: a.program}
	known := map[[4]any]struct{}{}
	once := func(sort int, key ...any) {
		id := [4]any{sort}
		copy(id[1:], key)
		if _, again := known[id]; again {
			return
		}
		if len(a.requests) > 1 {
			known[id] = struct{}{}
		}
		q.asked[sort] = append(q.asked[sort], key...)
	}
	for _, r := range a.requests {
		once(accountRows, r.Member)
		if r.Key != "" {
			once(operationRows, r.Member, r.Key)
		}
		for _, key := range r.Records {
			once(recordRows, r.Member, key.Kind, key.ID)
			if a.namesLots && len(a.requests) == 1 && len(r.Records) <= unitedRecords {
				q.asked[namedRows] = append(q.asked[namedRows], r.Member, a.program, r.Member, key.Kind, key.ID)
			}
		}
		for _, id := range r.Lots {
			once(lotRows, r.Member, int64(id))
		}
		for i := range r.Debits {
			if debit := &r.Debits[i]; debit.Unit == "" {
				q.asked[openRows] = append(q.asked[openRows], r.Member, int64(a.limitOf(debit)))
			} else {
				q.asked[debitRows] = append(q.asked[debitRows], r.Member, micros(debit.After), debit.Unit, int64(a.limitOf(debit)))
			}
		}
		for _, key := range r.Claims {
			once(claimRows, key.Space, key.Key)
		}
		for _, key := range r.Counters {
			once(counterRows, key.Key, key.Shard)
		}
	}
	return q.parts()
}

// unitedRecords is up to how many records a union brings the lots that they name.
const unitedRecords = 2

// missing returns the lots that records name and nothing has brought, each once, as
// arguments.
func (a *answering) missing() []any {
	var args []any
	var known map[lotKey]bool
	for _, to := range a.to {
		for _, records := range [][]storage.Record{to.Records, to.DueRecords} {
			for i := range records {
				for _, id := range records[i].Lots {
					key := lotKey{records[i].Member, id}
					if _, ok := a.found.lots[key]; ok || known[key] {
						continue
					}
					put(&known, key, true)
					args = append(args, key.member, int64(id))
				}
			}
		}
	}
	return args
}

// mixed reads the accounts once more and marks what has changed meanwhile.
func (a *answering) mixed(ctx context.Context, s *session) error {
	q := question{program: a.program}
	for member := range a.found.accounts {
		q.asked[accountRows] = append(q.asked[accountRows], member)
	}
	now := found{program: a.program}
	for _, part := range q.parts() {
		if err := s.ask(ctx, &part, now.take); err != nil {
			return err
		}
	}
	for _, to := range a.to {
		if to.Account != nil {
			later := now.accounts[to.Account.Member]
			to.Mixed = later == nil || later.Version != to.Account.Version
		}
	}
	return nil
}

// lotKey names a lot of a program.
type lotKey struct {
	member string
	id     points.LotID
}
