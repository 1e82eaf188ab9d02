package loyalty

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// UnMerge undoes a [Merge] up to its UndoUntil: From is a member of their own again.
// What is unspent of the lots that came with From goes back to them, with the same
// dates, and so do their orders, with what paid for them, and what their metrics counted.
// Spent points, also those that came back meanwhile, holds, debt, what was used of caps
// and limits, and what features keep stay with Member: nobody can tell any more whose they
// are. Keys that were used in From's name meanwhile are still From's.
//
// Tiers are decided again for both, from the last day that is decided for good, each by what is
// theirs, and so are the points and rewards for entering them: once all merges of both are
// undone, each has what they would have if nobody had merged them, and Member beside that what
// was counted meanwhile. What was spent of points that are taken back is owed as after a refund.
//
// A gate that the merge alone shut for Member is open again, unless another merge keeps it
// shut; one that [Suspend] or [Resume] was about since stays as it is, and so does one that a
// version of the library before this one shut by a merge. The gates of From are those that
// From had.
//
// An order that earned in From's name meanwhile stays with Member, as its points do, and
// does not earn again for From. Where order ids are per member and Member had one of its
// id, too, it is called by it, a slash and a number from 2 on.
//
// Redemptions, bookings and what else was paid with points stay with Member, and so do open
// holds. A redemption or a hold whose id Member had used, too, is called by it, a slash and a
// number from 2 on from now on; [Engine.Redemptions] lists redemptions.
//
// Its receipt's Result is an [UnMerged]; a quote does not have it, and its balances are
// those before.
type UnMerge struct {
	// Member survived, From goes again. An id that came by From, and goes with it, does not
	// name Member here: it is an [ErrSameMember].
	Member     string    `json:"member"`
	Key        string    `json:"key"`
	From       string    `json:"from"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// UnMerged is what an [UnMerge] answers once it is carried out.
type UnMerged struct {
	From string `json:"from"`
	// Returned is what went back, by unit and expiry; Spent what came with the merge
	// and was spent, had expired or is on hold.
	Returned []Scheduled `json:"returned,omitempty"`
	Spent    []Scheduled `json:"spent,omitempty"`
	// Owed is the debt that came with the merge, and stays with the survivor.
	Owed []PointsBack `json:"owed,omitempty"`
}

// Plan implements [Command].
func (c UnMerge) Plan() Plan {
	return Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: c.From,
		Others: []string{c.From}, Records: []RecordRef{{Kind: mergeKind, ID: c.From}},
	}
}

// Validate reports every problem of the undoing.
func (c UnMerge) Validate() error { return checkMerge(c.Member, c.From, "from", time.Time{}) }

// parts tells the engine not to follow the redirect that is to be undone.
func (c UnMerge) parts() string { return c.From }

// parter is implemented by commands about the redirect of an account itself.
type parter interface {
	// parts names the account, and already says whether it can be where it has gone.
	parts() string
	already(member, into string) error
}

func (c UnMerge) already(member, into string) error {
	if member == into {
		return nil
	}
	return fmt.Errorf("%w: %q was merged into %q", ErrNotMerged, c.From, into)
}

func (UnMerge) follows() {}

// returnGates opens the gates that are shut by the merge of a member alone.
func (tx *Tx) returnGates(from string) error {
	data, err := tx.document()
	if err != nil {
		return err
	}
	data.returnGates(from)
	if tx.dataChanged = true; tx.row.Status != storage.Closed {
		tx.row.Status = data.status()
	}
	return nil
}

// Apply implements [Command].
func (c UnMerge) Apply(_ context.Context, tx *Tx) error {
	from, err := tx.Other(c.From)
	if err != nil {
		return err
	}
	row, exists, err := tx.Record(mergeKind, c.From)
	if err != nil {
		return err
	}
	if !exists || row.Status != mergeDone {
		return fmt.Errorf("%w: %q into %q", ErrNotMerged, c.From, tx.Party.Member())
	}
	var state mergeState
	if err := tx.decode(row, &state); err != nil {
		return err
	}
	if tx.now.After(state.Until) {
		return fmt.Errorf("%w: the merge could be undone until %s", ErrTooLate, state.Until.Format(time.RFC3339))
	}
	state.Days, state.Undone, state.Restored = 0, nil, 0
	state.Undoing, state.After = tx.base.row.Version+1, nil
	state.Next = points.EntryRef{Version: state.Base + 1}
	if err := tx.putMerge(c.From, state, mergeParting); err != nil {
		return err
	}
	if err := tx.changeLife(func(l *lifeData) { l.Moving = with(l.Moving, c.From) }); err != nil {
		return err
	}
	if err := tx.partStanding(from); err != nil {
		return err
	}
	data, err := from.document()
	if err != nil {
		return err
	}
	from.row.Status = data.status()
	if err := tx.returnGates(c.From); err != nil {
		return err
	}
	return from.changeLife(func(l *lifeData) {
		l.Into, l.At, l.Moved = "", time.Time{}, false
		l.Former, l.Moving = with(l.Former, tx.Party.Member()), with(l.Moving, tx.Party.Member())
	})
}

// finishParting gives back what is left to give back of a merge that is undone.
func (e *Engine) finishParting(ctx context.Context, from, into string, now time.Time) error {
	row, exists, err := e.mergeOf(ctx, into, from)
	if err != nil || !exists {
		return err
	}
	var state mergeState
	if err := json.Unmarshal(row.Data, &state); err != nil {
		return fmt.Errorf("record %s %q: %w", row.Kind, row.ID, err)
	}
	step := &moveStep{mode: returnLots, from: from, into: into}
	if step.back, err = e.cameBack(ctx, into); err != nil {
		return err
	}
	if err := e.returnLots(ctx, step, state.Next, now); err != nil {
		return err
	}
	along, err := e.along(ctx, from, into)
	if err != nil {
		return err
	}
	for _, kind := range []string{orderKind, tenderKind, redemptionKind, holdKind, mergeKind} {
		step = &moveStep{mode: returnRecords, from: from, into: into, with: along}
		query := storage.RecordQuery{Program: e.program, Member: into, Kind: kind}
		if err := e.moveRecords(ctx, step, query, now, step.returnsRecord); err != nil {
			return err
		}
	}
	if row, exists, err = e.mergeOf(ctx, into, from); err != nil || !exists {
		return err
	}
	if err := json.Unmarshal(row.Data, &state); err != nil {
		return fmt.Errorf("record %s %q: %w", row.Kind, row.ID, err)
	}
	step = &moveStep{mode: returnMetrics, from: from, into: into}
	if step.lines, err = e.days(ctx, from, state.Base, now); err != nil {
		return err
	}
	zone := revisionAt(e.revisions, now).zone
	step.lines = lessUndone(net(step.lines, zone), state.Undone, zone)
	if len(step.lines)+len(state.Undone) > 0 {
		if err := e.moveAll(ctx, step, now); err != nil {
			return err
		}
	}
	for _, mode := range []moveMode{returnTiers, returnDone} {
		if err := e.moveAll(ctx, &moveStep{mode: mode, from: from, into: into}, now); err != nil {
			return err
		}
	}
	return nil
}

// along lists a member who was merged into another, and those who came with them.
func (e *Engine) along(ctx context.Context, from, into string) ([]string, error) {
	along := []string{from}
	step := &moveStep{from: from}
	query := storage.RecordQuery{Program: e.program, Member: into, Kind: mergeKind}
	for row, err := range storage.AllRecords(ctx, e.store, query) {
		if err != nil {
			return nil, err
		}
		if step.returnsRecord(e, row) {
			along = append(along, row.ID)
		}
	}
	return along, nil
}

// returnLots gives lots back in the order in which they went.
func (e *Engine) returnLots(ctx context.Context, step *moveStep, next points.EntryRef, now time.Time) error {
	query := storage.MemberQuery{Program: e.program, Member: step.from, From: next.Version}
	flush := func(least int) error {
		for len(step.parts) > least {
			n := len(step.parts)
			if err := e.move(ctx, step, now); err != nil {
				return err
			}
			step.parts = step.parts[min(step.n, n):]
		}
		return nil
	}
	for entry, err := range storage.AllEntries(ctx, e.store, query) {
		if err != nil {
			return err
		}
		gone := entry.Kind == points.EntryMerge && entry.Reference == step.into && entry.Lot != 0 && entry.Into < 0 && entry.To == points.Transferred
		if !gone || entry.Version == next.Version && entry.Ordinal < next.Ordinal {
			continue
		}
		if last := len(step.parts) - 1; last >= 0 && step.parts[last].Version == entry.Version && step.parts[last].Into == entry.Into {
			// What was on hold of a lot went before the rest of it.
			entry.Amount += step.parts[last].Amount
			step.parts[last] = entry
			continue
		}
		step.parts = append(step.parts, entry)
		if err := flush(e.moveSize()); err != nil {
			return err
		}
	}
	return flush(0)
}

// giveBack gives back what is there of lots that came by the step's entries.
func (m *moveStep) giveBack(from, into *Party, state *mergeState) error {
	for _, part := range m.parts[:min(m.n, len(m.parts))] {
		ref := points.EntryRef{Version: part.Version, Ordinal: part.Ordinal}
		if ref.Version < state.Next.Version || ref.Version == state.Next.Version && ref.Ordinal < state.Next.Ordinal {
			continue
		}
		state.Next = points.EntryRef{Version: ref.Version, Ordinal: ref.Ordinal + 1}
		lot, err := into.lot(-part.Into)
		for err == nil && lot.MergedInto > 0 {
			lot, err = into.lot(lot.MergedInto)
		}
		if err != nil {
			return err
		}
		amount, back, err := m.giveLot(from, into, lot, part.Amount)
		if err == nil && back != 0 {
			err = from.lotsCame(part.Lot, back)
		}
		if err != nil {
			return err
		}
		if amount > 0 {
			state.Returned = schedule(slices.Clone(state.Returned), part.Unit, lot.ExpiresAt, amount)
		}
		if rest := part.Amount - amount; rest > 0 {
			state.Spent = schedule(slices.Clone(state.Spent), part.Unit, lot.ExpiresAt, rest)
		}
	}
	return into.putMerge(m.from, *state, mergeParting)
}

// returnsRecord reports whether a record of the survivor may go back, or, of a redemption,
// gets a name of its own.
func (m *moveStep) returnsRecord(_ *Engine, row storage.Record) bool {
	if row.Kind == redemptionKind {
		return m.renames(row)
	}
	if row.Kind == holdKind {
		return m.renamesHold(row)
	}
	if row.Kind == mergeKind {
		var state mergeState
		return row.Status == mergeInherited && json.Unmarshal(row.Data, &state) == nil && len(state.Via) > 0 && state.Via[len(state.Via)-1] == m.from
	}
	var state struct {
		From  string `json:"from"`
		Stays bool   `json:"stays"`
	}
	return json.Unmarshal(row.Data, &state) == nil && !state.Stays && slices.Contains(m.with, state.From) || m.remains(row)
}

func (m *moveStep) someRecordsBack(tx *Tx, into *Party, state *mergeState) error {
	for _, key := range m.keys[:min(m.n, len(m.keys))] {
		row, exists, err := into.record(key.Kind, key.ID)
		if err != nil {
			return err
		}
		if !exists || !m.returnsRecord(nil, row) {
			continue
		}
		if err := m.returnRecord(tx, into, state, row); err != nil {
			return fmt.Errorf("record %s %q: %w", key.Kind, key.ID, err)
		}
	}
	return nil
}

func (m *moveStep) returnRecord(tx *Tx, into *Party, parting *mergeState, row storage.Record) error {
	if row.Kind == redemptionKind {
		return into.renameRedemption(row)
	}
	if row.Kind == holdKind {
		return into.renameHold(row)
	}
	if m.remains(row) {
		return m.keepOrder(tx, into, row)
	}
	if row.Kind == orderKind {
		var state orderState
		if err := into.decode(row, &state); err != nil {
			return err
		}
		// What rules counted of it stays, so that a refund takes it back from nobody.
		state.Counts = nil
		if err := m.noteUndone(into, parting, &state); err != nil {
			return err
		}
		if err := into.moveOrderTo(tx.Party, row, state, backID(m.from, row.ID, state.As)); err != nil {
			return err
		}
		return into.leaveBehind(row.Kind, row.ID)
	}
	if row.Kind == tenderKind {
		var state tenderState
		if err := into.decode(row, &state); err != nil {
			return err
		}
		if err := into.moveTenderTo(tx.Party, row, backID(m.from, row.ID, state.As)); err != nil {
			return err
		}
		return into.leaveBehind(row.Kind, row.ID)
	}
	var state mergeState
	if err := into.decode(row, &state); err != nil {
		return err
	}
	status := mergeInherited
	if state.Via = state.Via[:len(state.Via)-1]; len(state.Via) == 0 {
		status = mergeDone
	}
	if err := tx.putMerge(row.ID, state, status); err != nil {
		return err
	}
	return into.leaveBehind(row.Kind, row.ID)
}
