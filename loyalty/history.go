package loyalty

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Operation is one line of a member's history: what a command, or time, did.
type Operation struct {
	Version int64
	// Type is the command's type, or "settle" for what time did.
	Type string
	// Key is the caller's key, empty for what no caller asked.
	Key        string
	Reason     string
	Actor      string
	Reference  string
	OccurredAt time.Time
	RecordedAt time.Time
	Entries    []points.Entry
	// Receipt is nil where the operation has none, or it was pruned or erased.
	Receipt *Receipt
}

// History iterates over a member's operations with their entries, from the
// first to the last there was when it began. It stops at the first error, which
// it yields. Of a member who was merged into another it goes on with the survivor's
// operations from the merge on. An erased member, or one whose survivor was erased, is
// [ErrErased].
func (e *Engine) History(ctx context.Context, member string) iter.Seq2[Operation, error] {
	return func(yield func(Operation, error) bool) {
		from := int64(0)
		for member != "" {
			next, since, err := e.goesOn(ctx, member)
			if err != nil {
				yield(Operation{}, fmt.Errorf("loyalty: history of %s: %w", AccountName(member), err))
				return
			}
			for op, err := range e.ownHistory(ctx, member, from) {
				if !yield(op, err) || err != nil {
					return
				}
			}
			member, from = next, since
		}
	}
}

// goesOn returns the survivor of an account, if any, and from which version of it the
// member's history goes on there.
func (e *Engine) goesOn(ctx context.Context, member string) (string, int64, error) {
	life, err := e.lifeOf(ctx, member)
	if err != nil || life == nil {
		return "", 0, err
	}
	if life.erased() {
		return "", 0, ErrErased
	}
	if life.Into == "" {
		return "", 0, nil
	}
	if _, err := e.living(ctx, life.Into); err != nil {
		return "", 0, err
	}
	row, exists, err := e.mergeOf(ctx, life.Into, member)
	if err != nil || !exists || !liveMerge(row.Status) {
		return "", 0, err
	}
	var state mergeState
	if err := json.Unmarshal(row.Data, &state); err != nil {
		return "", 0, err
	}
	return life.Into, state.Into + 1, nil
}

// ownHistory iterates over the operations of one account.
func (e *Engine) ownHistory(ctx context.Context, member string, from int64) iter.Seq2[Operation, error] {
	return func(yield func(Operation, error) bool) {
		last, err := e.lastVersion(ctx, member)
		if err != nil {
			yield(Operation{}, fmt.Errorf("loyalty: history of %s: %w", AccountName(member), err))
			return
		}
		query := storage.MemberQuery{Program: e.program, Member: member, From: from}
		for row, err := range e.recount(ctx, query) {
			var op Operation
			if err == nil && row.Version > last {
				return
			}
			if err == nil {
				op, err = newOperation(row)
			}
			if err != nil {
				yield(Operation{}, fmt.Errorf("loyalty: history of %s: %w", AccountName(member), err))
				return
			}
			if !yield(op, nil) {
				return
			}
		}
	}
}

// lastVersion is the version of an account, 0 where there is none.
func (e *Engine) lastVersion(ctx context.Context, member string) (int64, error) {
	snaps, err := e.store.Load(ctx, []storage.LoadRequest{{Program: e.program, Member: member}})
	if err != nil || len(snaps) == 0 || snaps[0].Account == nil {
		return 0, err
	}
	return snaps[0].Account.Version, nil
}

func newOperation(row recounted) (Operation, error) {
	op := Operation{
		Version: row.Version, Type: row.Type, Reason: row.Reason, Actor: row.Actor, Reference: row.Reference,
		OccurredAt: row.OccurredAt, RecordedAt: row.RecordedAt, Entries: row.entries,
	}
	if !reserved(row.Key) {
		op.Key = row.Key
	}
	if len(row.Receipt) > 0 {
		receipt, err := receiptOf(&row.Operation)
		if err != nil {
			return op, err
		}
		op.Receipt = receipt
	}
	return op, nil
}

func reserved(key string) bool { return len(key) > 0 && key[0] == storage.ReservedPrefix[0] }

func isConflict(err error) bool { return errors.Is(err, storage.ErrConflict) }

// memberThen rebuilds a member as of an instant before the last operation: the
// entries recorded by then are replayed over the lots, and what was due by then is
// settled.
func (e *Engine) memberThen(ctx context.Context, row storage.Account, at time.Time) (Member, error) {
	if at.Before(row.EnrolledAt) {
		return Member{}, fmt.Errorf("%w at %s", ErrNotEnrolled, at.Format(time.RFC3339))
	}
	lots := map[points.LotID]points.Lot{}
	for lot, err := range storage.AllLots(ctx, e.store, storage.MemberQuery{Program: e.program, Member: row.Member, Limit: 1000}) {
		if err != nil {
			return Member{}, err
		}
		lots[lot.ID] = unused(lot.Lot)
	}
	then := row
	then.Balances, then.Version = nil, 0
	settled, err := e.settledBy(ctx, row.Member, at)
	if err != nil {
		return Member{}, err
	}
	touched, days := map[points.LotID]bool{}, e.newDayCounter()
	for entry, err := range storage.AllEntries(ctx, e.store, storage.MemberQuery{Program: e.program, Member: row.Member, Limit: 1000}) {
		if err != nil {
			return Member{}, err
		}
		if entry.Version > settled || entry.RecordedAt.After(at) && entry.OccurredAt.After(at) {
			break
		}
		then.Version = entry.Version
		if then.Balances, err = applyEntry(then.Balances, entry.Entry); err != nil {
			return Member{}, err
		}
		if err := replayLot(lots, entry.Entry); err != nil {
			return Member{}, err
		}
		if err := days.add(&entry); err != nil {
			return Member{}, err
		}
		touched[entry.Lot], touched[entry.Into] = true, true
	}
	a := &account{id: row.Member, exists: true, row: then, bound: points.Never, boundExact: true, loaded: then.Version}
	for id, lot := range lots {
		if touched[id] && (lot.Remaining > 0 || lot.Held > 0) {
			a.lots = append(a.lots, lot)
		}
	}
	slices.SortFunc(a.lots, points.ConsumptionOrder)
	a.row.DueAt = nextDueAt(points.Never, a.lots, nil)
	for _, key := range e.kept.records {
		a.learnRecord(storage.Record{Kind: key.Kind, ID: key.ID}, false)
	}
	d := &deciding{engine: e, ctx: ctx, store: e.store, quote: true, alone: true, accounts: map[string]*account{row.Member: a}}
	c := e.dueCall(row.Member, at)
	if err := d.settle(c, a, at); err != nil {
		return Member{}, err
	}
	m, err := newMember(a.row, a.lots, nil, at)
	if err != nil {
		return Member{}, err
	}
	if m.Tiers, err = d.tiersThen(c, a, row, days, at); err == nil {
		m.Benefits = revisionAt(e.revisions, at).benefits(standingOf(m.Tiers))
	}
	return m, err
}

// settledBy returns the version up to which entries tell of an instant: the last
// that was recorded by then, and the settlements that directly follow, which book
// late what was true already.
func (e *Engine) settledBy(ctx context.Context, member string, at time.Time) (int64, error) {
	version := int64(0)
	for op, err := range storage.AllOperations(ctx, e.store, storage.MemberQuery{Program: e.program, Member: member, Limit: 1000}) {
		if err != nil {
			return 0, err
		}
		if op.RecordedAt.After(at) && op.Type != settleType {
			break
		}
		version = op.Version
	}
	return version, nil
}

// unused is a lot as it was before any entry: its fixed fields only.
func unused(lot points.Lot) points.Lot {
	lot.State, lot.Remaining, lot.Held, lot.MergedInto, lot.Merged = points.LotUsed, 0, 0, 0, 0
	return lot
}

// applyEntry books an entry in balances, which are sorted by unit.
func applyEntry(balances []points.Balance, e points.Entry) ([]points.Balance, error) {
	i, found := slices.BinarySearchFunc(balances, e.Unit, func(b points.Balance, unit string) int {
		return strings.Compare(b.Unit, unit)
	})
	if !found {
		balances = slices.Insert(balances, i, points.Balance{Unit: e.Unit})
	}
	return balances, balances[i].Apply(e)
}

// replayLot books an entry's effect on the lots: the caches that a rebuild from
// entries must reproduce.
func replayLot(lots map[points.LotID]points.Lot, e points.Entry) error {
	if e.Lot == 0 {
		return nil
	}
	lot, ok := lots[e.Lot]
	if !ok {
		return fmt.Errorf("lot %d is missing", e.Lot)
	}
	switch e.From {
	case points.Pending, points.Available:
		lot.Remaining -= e.Amount
	case points.Held:
		lot.Held -= e.Amount
	}
	if e.Into < 0 && e.From.Member() {
		lot.MergedInto = e.Into
		lot.Merged += e.Amount
	}
	if e.Into > 0 {
		lot.MergedInto = e.Into
		lot.Merged += e.Amount
		lots[e.Lot] = stated(lot, e.From)
		if lot, ok = lots[e.Into]; !ok {
			return fmt.Errorf("lot %d is missing", e.Into)
		}
	}
	switch e.To {
	case points.Pending, points.Available:
		lot.Remaining += e.Amount
	case points.Held:
		lot.Held += e.Amount
	}
	bucket := e.To
	if bucket != points.Pending && bucket != points.Available {
		bucket = e.From
	}
	lots[lot.ID] = stated(lot, bucket)
	return nil
}

// stated sets a lot's state from what is left, and the bucket that it is in.
func stated(lot points.Lot, bucket points.Bucket) points.Lot {
	switch {
	case lot.Remaining == 0:
		lot.State = points.LotUsed
	case bucket == points.Pending:
		lot.State = points.LotPending
	default:
		lot.State = points.LotOpen
	}
	return lot
}
