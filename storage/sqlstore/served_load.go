package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Load answers requests, all of one program from one state of the database: with
// one statement for each sort of row, whatever the number of requests.
func (s *served) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	snapshots := make([]storage.Snapshot, len(requests))
	done, err := s.glance(ctx, requests, snapshots)
	if err == nil && !done {
		err = s.sessions.load(ctx, func(ctx context.Context, from *session) error {
			clear(snapshots)
			return eachProgram(requests, snapshots, func(a *answering) error { return a.load(ctx, from) })
		})
	}
	if err == nil {
		err = s.sessions.glance(ctx, func(ctx context.Context, from *session) error {
			return eachProgram(requests, snapshots, func(a *answering) error { return a.shared(ctx, from) })
		})
	}
	if err != nil {
		return nil, fmt.Errorf("sqlstore: load: %w", err)
	}
	return snapshots, nil
}

// glance answers a single request that one statement can answer: an account that
// exists or not and is not due, a key that is new, and at most one record, which
// does not exist. It reports whether that was enough.
func (s *served) glance(ctx context.Context, requests []storage.LoadRequest, to []storage.Snapshot) (done bool, err error) {
	if len(requests) != 1 {
		return false, nil
	}
	r := &requests[0]
	if len(r.Lots)+len(r.Debits) > 0 || len(r.Records) > 1 {
		return false, nil
	}
	id, args := getAccountAndKey, []any{r.Program, r.Member, r.Key}
	if len(r.Records) == 1 {
		id, args = getAccountKeyAndRecord, append(args, r.Records[0].Kind, r.Records[0].ID)
	}
	err = s.sessions.glance(ctx, func(ctx context.Context, from *session) error {
		to[0] = storage.Snapshot{}
		var used, recorded bool
		err := from.query(ctx, id, func(rows *sql.Rows) (bool, error) {
			row := scanner(after{rows, &used})
			if id == getAccountKeyAndRecord {
				row = after{after{rows, &used}, &recorded}
			}
			account, err := scanAccount(row, r.Program, r.Member)
			to[0].Account = &account
			return false, err
		}, args...)
		done = !recorded && (!used || r.Key == "") && !isDue(r, to[0].Account)
		return err
	})
	return done, err
}

func isDue(r *storage.LoadRequest, account *storage.Account) bool {
	return account != nil && !r.DueBy.IsZero() && !account.DueAt.After(r.DueBy)
}

// answering answers requests of one program.
type answering struct {
	program  string
	requests []*storage.LoadRequest
	to       []*storage.Snapshot
}

// eachProgram calls answer for every program, in order of its first request.
func eachProgram(requests []storage.LoadRequest, to []storage.Snapshot, answer func(*answering) error) error {
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
	for _, a := range all {
		if err := answer(a); err != nil {
			return err
		}
	}
	return nil
}

func (a *answering) load(ctx context.Context, s *session) error {
	versions, err := a.accounts(ctx, s)
	if err != nil {
		return err
	}
	statements := s.asked
	for _, step := range []func(context.Context, *session) error{a.operations, a.records, a.debits, a.due, a.lots} {
		if err := step(ctx, s); err != nil {
			return err
		}
	}
	for _, to := range a.to {
		to.Lots = once(to.Lots)
	}
	if !s.unsteady || s.asked == statements {
		return nil
	}
	return a.mixed(ctx, s, versions)
}

// find calls row for the rows with keys, which follow each other in args.
func (s *session) find(ctx context.Context, id int, program string, args []any, row func(*sql.Rows) error) error {
	l := &s.lookups[id]
	width := len(l.key)
	for len(args) > 0 {
		n := min(len(args)/width, mostRows)
		rows, err := s.on.QueryContext(ctx, l.text(s.grammar, roomFor(n)), filled(program, args[:n*width], width)...)
		if err != nil {
			return err
		}
		s.asked++
		if err := each(rows, func(rows *sql.Rows) (bool, error) { return true, row(rows) }); err != nil {
			return err
		}
		args = args[n*width:]
	}
	return nil
}

// do runs a statement on the rows with keys.
func (s *session) do(ctx context.Context, id int, program string, args []any) (changed int64, err error) {
	l := &s.lookups[id]
	width := len(l.key)
	for len(args) > 0 {
		n := min(len(args)/width, mostRows)
		result, err := s.on.ExecContext(ctx, l.text(s.grammar, roomFor(n)), filled(program, args[:n*width], width)...)
		if err != nil {
			return changed, err
		}
		rows, err := result.RowsAffected()
		if err != nil {
			return changed, err
		}
		changed += rows
		args = args[n*width:]
	}
	return changed, nil
}

// filled returns the program and keys, the last repeated where there is room.
func filled(program string, keys []any, width int) []any {
	room := roomFor(len(keys) / width)
	args := append(make([]any, 0, 1+room*width), program)
	args = append(args, keys...)
	last := keys[len(keys)-width:]
	for len(args) < 1+room*width {
		args = append(args, last...)
	}
	return args
}

// memberKey is a key of a row under an account.
type memberKey struct{ member, kind, id string }

func (a *answering) accounts(ctx context.Context, s *session) (versions map[string]int64, err error) {
	found := map[string]storage.Account{}
	var members []any
	for _, r := range a.requests {
		if _, again := found[r.Member]; !again {
			found[r.Member] = storage.Account{}
			members = append(members, r.Member)
		}
	}
	versions = map[string]int64{}
	if err := s.find(ctx, accountsOf, a.program, members, func(rows *sql.Rows) error {
		var member string
		account, err := scanAccount(after{rows, &member}, a.program, "")
		account.Member = member
		found[member], versions[member] = account, account.Version
		return err
	}); err != nil {
		return nil, err
	}
	for i, r := range a.requests {
		if account := found[r.Member]; account.Version != 0 {
			own := cloned(account)
			a.to[i].Account = &own
		}
	}
	return versions, nil
}

// cloned is an account that shares nothing with another answer.
func cloned(a storage.Account) storage.Account {
	a.Balances, a.Standing, a.Days = slices.Clone(a.Balances), slices.Clone(a.Standing), slices.Clone(a.Days)
	a.Hash, a.Data = slices.Clone(a.Hash), slices.Clone(a.Data)
	return a
}

func (a *answering) operations(ctx context.Context, s *session) error {
	asked := map[memberKey][]int{}
	var keys []any
	for i, r := range a.requests {
		if r.Key == "" || a.to[i].Account == nil {
			continue
		}
		id := memberKey{member: r.Member, id: r.Key}
		if asked[id] == nil {
			keys = append(keys, r.Member, r.Key)
		}
		asked[id] = append(asked[id], i)
	}
	return s.find(ctx, operationsOf, a.program, keys, func(rows *sql.Rows) error {
		var member string
		op, err := scanOperation(after{rows, &member}, a.program, "")
		op.Member = member
		for _, i := range asked[memberKey{member: member, id: op.Key}] {
			own := op
			for _, bytes := range []*[]byte{&own.Command, &own.Receipt, &own.Fingerprint, &own.Salt, &own.Digests, &own.Hash} {
				*bytes = slices.Clone(*bytes)
			}
			a.to[i].Operation = &own
		}
		return err
	})
}

func (a *answering) records(ctx context.Context, s *session) error {
	found := map[memberKey]*storage.Record{}
	var keys []any
	for i, r := range a.requests {
		if a.to[i].Account == nil {
			continue
		}
		for _, key := range r.Records {
			id := memberKey{r.Member, key.Kind, key.ID}
			if _, again := found[id]; !again {
				found[id] = nil
				keys = append(keys, r.Member, key.Kind, key.ID)
			}
		}
	}
	if err := s.find(ctx, recordsOf, a.program, keys, func(rows *sql.Rows) error {
		var member string
		record, err := scanRecord(after{rows, &member}, a.program, "")
		record.Member = member
		found[memberKey{member, record.Kind, record.ID}] = &record
		return err
	}); err != nil {
		return err
	}
	for i, r := range a.requests {
		for _, key := range r.Records {
			if record := found[memberKey{r.Member, key.Kind, key.ID}]; record != nil {
				own := *record
				own.Lots, own.Data = slices.Clone(own.Lots), slices.Clone(own.Data)
				a.to[i].Records = append(a.to[i].Records, own)
			}
		}
	}
	return nil
}

func (a *answering) debits(ctx context.Context, s *session) error {
	return a.each(func(l *loading) error {
		for _, debit := range l.request.Debits {
			if err := l.debit(ctx, debit); err != nil {
				return err
			}
		}
		return nil
	}, s)
}

func (a *answering) due(ctx context.Context, s *session) error {
	return a.each(func(l *loading) error {
		if !isDue(l.request, l.to.Account) {
			return nil
		}
		return l.due(ctx)
	}, s)
}

// each calls answer for every request whose account exists.
func (a *answering) each(answer func(*loading) error, s *session) error {
	for i, r := range a.requests {
		if a.to[i].Account == nil {
			continue
		}
		if err := answer(&loading{session: s, request: r, to: a.to[i]}); err != nil {
			return err
		}
	}
	return nil
}

// lots loads lots by id: those asked for and those that records name.
func (a *answering) lots(ctx context.Context, s *session) error {
	type id struct {
		member string
		lot    points.LotID
	}
	asked := map[id][]int{}
	var keys []any
	for i, r := range a.requests {
		if a.to[i].Account == nil {
			continue
		}
		ids := slices.Clone(r.Lots)
		for j := range a.to[i].Records {
			ids = append(ids, a.to[i].Records[j].Lots...)
		}
		for _, lot := range ids {
			if asked[id{r.Member, lot}] == nil {
				keys = append(keys, r.Member, int64(lot))
			}
			asked[id{r.Member, lot}] = append(asked[id{r.Member, lot}], i)
		}
	}
	return s.find(ctx, lotsOf, a.program, keys, func(rows *sql.Rows) error {
		var member string
		lot, err := scanLot(after{rows, &member}, a.program, "")
		lot.Member = member
		for _, i := range asked[id{member, lot.ID}] {
			a.to[i].Lots = append(a.to[i].Lots, lot)
		}
		return err
	})
}

// mixed reads the versions once more and marks what has changed meanwhile.
func (a *answering) mixed(ctx context.Context, s *session, before map[string]int64) error {
	now := map[string]int64{}
	var members []any
	for i := range a.to {
		if account := a.to[i].Account; account != nil && now[account.Member] == 0 {
			now[account.Member] = -1
			members = append(members, account.Member)
		}
	}
	if err := s.find(ctx, versionsOf, a.program, members, func(rows *sql.Rows) error {
		var member string
		var version int64
		err := rows.Scan(&member, &version)
		now[member] = version
		return err
	}); err != nil {
		return err
	}
	for i := range a.to {
		if account := a.to[i].Account; account != nil {
			a.to[i].Mixed = now[account.Member] != before[account.Member]
		}
	}
	return nil
}

// shared brings claims and counters, which are no part of the snapshot.
func (a *answering) shared(ctx context.Context, s *session) error {
	holders := map[storage.ClaimKey]*string{}
	used := map[storage.CounterKey]*int64{}
	var claims, counters []any
	for _, r := range a.requests {
		for _, key := range r.Claims {
			if _, again := holders[key]; !again {
				holders[key] = nil
				claims = append(claims, key.Space, key.Key)
			}
		}
		for _, key := range r.Counters {
			if _, again := used[key]; !again {
				used[key] = nil
				counters = append(counters, key.Key, key.Shard)
			}
		}
	}
	if err := s.find(ctx, claimsOf, a.program, claims, func(rows *sql.Rows) error {
		var key storage.ClaimKey
		var holder string
		err := rows.Scan(&key.Space, &key.Key, &holder)
		holders[key] = &holder
		return err
	}); err != nil {
		return err
	}
	if err := s.find(ctx, countersOf, a.program, counters, func(rows *sql.Rows) error {
		var key storage.CounterKey
		var n int64
		err := rows.Scan(&key.Key, &key.Shard, &n)
		used[key] = &n
		return err
	}); err != nil {
		return err
	}
	for i, r := range a.requests {
		a.to[i].Claims, a.to[i].Counters = nil, nil
		for _, key := range r.Claims {
			if holder := holders[key]; holder != nil {
				a.to[i].Claims = append(a.to[i].Claims, storage.Claim{Program: a.program, Space: key.Space, Key: key.Key, Holder: *holder})
			}
		}
		for _, key := range r.Counters {
			if n := used[key]; n != nil {
				a.to[i].Counters = append(a.to[i].Counters, storage.Counter{Program: a.program, Key: key.Key, Shard: key.Shard, Used: *n})
			}
		}
	}
	return nil
}
