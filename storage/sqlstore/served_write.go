package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/rowcodec"
)

// insert writes rows, whose arguments follow each other, with as few statements
// as have texts of their own. It returns how many rows the server counted.
func (s *session) insert(ctx context.Context, id int, args []any) (int64, error) {
	set := &s.rowsets[id]
	width := set.width()
	var counted int64
	for len(args) > 0 {
		n := portion(len(args) / width)
		result, err := s.on.ExecContext(ctx, set.text(s.grammar, n), args[:n*width]...)
		if err != nil {
			return counted, err
		}
		rows, err := result.RowsAffected()
		if err != nil {
			return counted, err
		}
		counted += rows
		args = args[n*width:]
	}
	return counted, nil
}

// writeHeads writes accounts: first those that exist, each at the version that is
// expected, then new ones.
func (s *session) writeHeads(ctx context.Context, heads []joined) error {
	var set, add []any
	existing := 0
	for i := range heads {
		head := &heads[i]
		row, err := accountArgs(head.last)
		switch {
		case err != nil:
			return err
		case head.expect == 0:
			add = append(add, row...)
		case len(heads) == 1 || s.setsByVersion() && head.legs > 1:
			if n, err := s.exec(ctx, setAccount, setAccountArgs(row, head.expect)...); err != nil || n != 1 {
				return refusedUnless(false, err)
			}
		default:
			existing++
			if set = append(set, row...); !s.setsByVersion() {
				set = append(set, head.expect)
			}
		}
	}
	if err := s.setAll(ctx, existing, set); err != nil {
		return err
	}
	_, err := s.insert(ctx, addAccounts, add)
	return err
}

// setsByVersion reports whether many accounts are replaced by rows that are one
// version later, and each that is counts as two.
func (s *session) setsByVersion() bool { return s.rowsets[setAccounts].casts == nil }

func (s *session) setAll(ctx context.Context, rows int, args []any) error {
	n, err := s.insert(ctx, setAccounts, args)
	want := int64(rows)
	if s.setsByVersion() {
		want *= 2
	}
	return refusedUnless(n == want, err)
}

// rowsUnder returns the rows under accounts, by the rowset that writes them.
func rowsUnder(legs []*storage.Leg) (rows [rowsetCount][]any) {
	for _, leg := range legs {
		rows[addOperations] = append(rows[addOperations], operationArgs(&leg.Operation)...)
		for i := range leg.Entries {
			rows[addEntries] = append(rows[addEntries], entryArgs(&leg.Entries[i])...)
		}
		for i := range leg.Events {
			rows[addEvents] = append(rows[addEvents], eventArgs(&leg.Events[i])...)
		}
	}
	for _, lot := range lastLots(legs) {
		open := lot.Remaining > 0 || lot.Held > 0 || lot.State == points.LotPending
		rows[putLots] = append(append(rows[putLots], lotArgs(lot)...), flag(open))
	}
	for _, record := range lastRecords(legs) {
		rows[putRecords] = append(rows[putRecords], recordArgs(record)...)
	}
	return rows
}

// dropClaims releases claims in order of their keys.
func (s *session) dropClaims(ctx context.Context, changes []claiming) error {
	for _, c := range changes {
		if !c.Release {
			continue
		}
		if n, err := s.exec(ctx, dropClaim, c.program, c.Space, c.Key, c.Holder); err != nil || n != 1 {
			return refusedUnless(false, err)
		}
	}
	return nil
}

// claiming is the change of one claim.
type claiming struct {
	program string
	*storage.ClaimChange
}

func inClaimOrder(batches []storage.Batch) []claiming {
	var changes []claiming
	for i := range batches {
		for j := range batches[i].Claims {
			changes = append(changes, claiming{batches[i].Program, &batches[i].Claims[j]})
		}
	}
	slices.SortFunc(changes, func(a, b claiming) int {
		return cmp.Or(cmp.Compare(a.program, b.program), cmp.Compare(a.Space, b.Space), cmp.Compare(a.Key, b.Key))
	})
	return changes
}

func takenClaims(changes []claiming) []any {
	var taken []any
	for _, c := range changes {
		if !c.Release {
			taken = append(taken, c.program, c.Space, c.Key, c.Holder)
		}
	}
	return taken
}

// counting is the change of one counter by several batches that only raise it, or
// by one.
type counting struct {
	program string
	storage.CounterChange
	// room is the most that the counter may show before; see room.
	room int64
}

// writeCounters changes counters in order of their keys, and those of one key in
// the order given.
func (s *session) writeCounters(ctx context.Context, batches []storage.Batch) error {
	var changes []counting
	for i := range batches {
		for _, c := range batches[i].Counters {
			changes = append(changes, counting{batches[i].Program, c, room(&c)})
		}
	}
	slices.SortStableFunc(changes, func(a, b counting) int {
		return cmp.Or(cmp.Compare(a.program, b.program), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Shard, b.Shard))
	})
	for _, c := range raisedOnce(changes) {
		if err := s.count(ctx, &c); err != nil {
			return err
		}
	}
	return nil
}

// raisedOnce puts neighbors that raise one counter together: none may pass its own
// bound on the way.
func raisedOnce(changes []counting) []counting {
	var sums []counting
	for _, c := range changes {
		if len(sums) == 0 || !sums[len(sums)-1].add(&c) {
			sums = append(sums, c)
		}
	}
	return sums
}

func (c *counting) add(next *counting) bool {
	if c.program != next.program || c.CounterKey != next.CounterKey || c.Delta <= 0 || next.Delta <= 0 {
		return false
	}
	if c.room < 0 || next.room < c.Delta || c.Delta > math.MaxInt64-next.Delta {
		return false
	}
	c.room = min(c.room, next.room-c.Delta)
	c.Delta += next.Delta
	return true
}

func (s *session) count(ctx context.Context, c *counting) error {
	var n int64
	var err error
	switch {
	case c.Delta > 0 && c.room >= 0:
		n, err = s.raise(ctx, c)
	case c.Delta < 0 && c.Delta > math.MinInt64:
		n, err = s.exec(ctx, lowerCounter, -c.Delta, c.program, c.Key, c.Shard, -c.Delta)
	case c.Delta == 0:
		return nil
	}
	return refusedUnless(n == 1, err)
}

// raise counts up within the bound, and makes the counter where there is none.
func (s *session) raise(ctx context.Context, c *counting) (int64, error) {
	n, err := s.exec(ctx, raiseCounter, c.program, c.Key, c.Shard, c.Delta, c.room)
	if err != nil || n == 1 || !s.insertsAfterRaise {
		return n, err
	}
	return s.exec(ctx, addCounter, c.program, c.Key, c.Shard, c.Delta)
}

// setAccountArgs are the arguments of setAccount for a row.
func setAccountArgs(row []any, expect int64) []any {
	return slices.Concat(row[2:], row[:2], []any{expect})
}

// accountArgs and the others are a row in the order of its columns.

func accountArgs(a *storage.Account) ([]any, error) {
	var errs [3]error
	var balances, standing, days string
	balances, errs[0] = rowcodec.EncodeBalances(a.Balances)
	standing, errs[1] = rowcodec.EncodeStanding(a.Standing)
	days, errs[2] = rowcodec.EncodeDays(a.Days)
	return []any{
		a.Program, a.Member, int64(a.Kind), a.Version, int64(a.Status), micros(a.DueAt), optionalMicros(a.RetryAt),
		micros(a.EnrolledAt), micros(a.RecordedAt), balances, standing, days, blob(a.Hash), blob(a.Data),
	}, errors.Join(errs[:]...)
}

func operationArgs(op *storage.Operation) []any {
	return []any{
		op.Program, op.Member, op.Version, op.Key, op.Type, op.Reason, op.Actor,
		op.Reference, op.Library, op.Format, micros(op.OccurredAt), micros(op.RecordedAt), blob(op.Fingerprint),
		blob(op.Salt), blob(op.Digests), blob(op.Hash), blob(op.Command), blob(op.Receipt),
	}
}

func entryArgs(e *storage.Entry) []any {
	return []any{
		e.Program, e.Member, e.Version, e.Ordinal, e.Unit, string(e.Kind), int64(e.From),
		int64(e.To), int64(e.Amount), int64(e.Lot), int64(e.Into), e.Rule, e.Revision, e.Reference,
		e.Corrects.Version, e.Corrects.Ordinal, micros(e.OccurredAt), micros(e.RecordedAt),
	}
}

func lotArgs(l *storage.Lot) []any {
	return []any{
		l.Program, l.Member, int64(l.ID), l.Unit, int64(l.State), int64(l.Original),
		int64(l.Remaining), int64(l.Held), micros(l.EarnedAt), micros(l.AvailableFrom), micros(l.ExpiresAt),
		l.Source, l.Origin, flag(l.Qualifies), int64(l.MergedInto), int64(l.Merged),
	}
}

func recordArgs(r *storage.Record) []any {
	return []any{
		r.Program, r.Member, r.Kind, r.ID, r.Status, r.Reference, r.Sort,
		micros(r.DueAt), rowcodec.EncodeLots(r.Lots), blob(r.Data),
	}
}

func eventArgs(e *storage.Event) []any {
	return []any{
		e.Program, e.Member, e.Version, e.Ordinal, storage.Bucket(e.Member), 0, e.Type,
		micros(e.RecordedAt), blob(e.Data),
	}
}
