package loyalty

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// The record that a survivor keeps of a member who was merged into it: its id is
// theirs.
const (
	mergeKind = "merge"
	// moveType is the type of the operations that finish a merge, or its undoing.
	moveType = "move"

	mergeMoving = "moving"
	mergeDone   = "merged"
	// mergeInherited is a member who was merged into one who was merged here.
	mergeInherited = "inherited"
	mergeParting   = "parting"
	mergeParted    = "parted"

	// movedStatus marks a record that went to another account.
	movedStatus = storage.ReservedPrefix + "moved"
)

// undoFor is how long a merge can be undone unless it says otherwise.
const undoFor = 30

// Moved reports whether a record is only what is left of one that a merge has taken
// to another account. The engine does not show such records to commands; what reads
// a store itself passes them over.
func Moved(record storage.Record) bool { return record.Status == movedStatus }

func liveMerge(status string) bool {
	return status == mergeMoving || status == mergeDone || status == mergeInherited
}

// Merge makes two members one: From goes, Member survives. From that commit on
// every read and command that names From is about Member; a key that From has used
// still answers, and one used for From is none of Member's.
//
// Lots keep their dates, their origin and whether they qualify; orders stay
// refundable and holds capturable; debt and metrics move, metrics with their days;
// gates that are shut for one are shut for the survivor. What features keep moves by
// their [Merger]. Commits of bounded size move it all, and a command on either
// member finishes them first, as RunDue does. Where both had a hold or order of
// one id, From's stays under that id for those who name From; where order ids are per
// member, so does one that earns in From's name from then on.
//
// No tier that either of them has ends earlier, and nothing that was granted to From. Apart
// from that tiers are decided as of one who did what both did, from the days on which they did
// it: a tier that both together reached earlier than Member alone may end earlier, too, and is
// then kept until Member's own would have ended. Where what was counted does not keep a tier
// as long by itself, a grant does, which no revision ends: at most 50 on a ladder, of which one
// may stand for others of the same tier, and is all that is left of them, also once its merge
// is undone.
//
// Two who have more of a unit together than an account can have do not become one: that is a
// [points.ErrOverflow].
//
// Its receipt's Result is a [Merged].
type Merge struct {
	// Member survives, From goes: two persons.
	Member string `json:"member"`
	Key    string `json:"key"`
	From   string `json:"from"`
	// UndoUntil is up to when [UnMerge] can undo it; zero is 30 days.
	UndoUntil  time.Time `json:"undoUntil,omitzero"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Merged is what a [Merge] answers.
type Merged struct {
	// From is the member who went, Balances what came with them.
	From     string           `json:"from"`
	Balances []points.Balance `json:"balances,omitempty"`
	// UndoUntil is up to when it can be undone.
	UndoUntil time.Time `json:"undoUntil"`
}

// Plan implements [Command].
func (c Merge) Plan() Plan {
	return Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: c.From,
		Others: []string{c.From}, Records: []RecordRef{{Kind: mergeKind, ID: c.From}},
	}
}

// planIn also asks for the pools that both are in.
func (c Merge) planIn(revisions []*revision) Plan {
	plan := c.Plan()
	plan.Records = append(plan.Records, membershipsOf(revisions, c.Member, c.From)...)
	return plan
}

// Validate reports every problem of the merge.
func (c Merge) Validate() error { return checkMerge(c.Member, c.From, "from", c.UndoUntil) }

func checkMerge(member, from, path string, until time.Time) error {
	var problems points.Problems
	if err := points.CheckID(from, maxID); err != nil {
		problems.Add(path, "%v", err)
	} else if from == member {
		problems.Add(path, "must be another member")
	}
	if !dated(until) {
		problems.Add("undoUntil", "the year must be 1970 to 9999")
	}
	return problems.Err()
}

// Apply implements [Command].
func (c Merge) Apply(_ context.Context, tx *Tx) error {
	from, err := tx.Other(c.From)
	if err != nil {
		return err
	}
	return tx.absorb(from, c.UndoUntil)
}

func (Merge) follows() {}

// follower is implemented by commands that decide what further commits carry out.
type follower interface{ follows() }

// mergeState is the document of a merge's record.
type mergeState struct {
	// At is when it was decided; Base and Into are the versions of the account that
	// went and of the survivor before.
	At    time.Time `json:"t"`
	Base  int64     `json:"b"`
	Into  int64     `json:"i"`
	Until time.Time `json:"u"`
	// Owed is the debt that came.
	Owed []PointsBack `json:"o,omitempty"`
	// Days counts the lines of metrics that are booked, and Left what of a metric's
	// undoing is not.
	Days int `json:"d,omitempty"`
	// Undone is what refunds took back of metrics of orders that came with the merge, and
	// Restored counts what of it is booked for who goes again.
	Undone   []undoneCount `json:"x,omitempty"`
	Restored int           `json:"y,omitempty"`
	// Via holds the members through whom a merge was inherited, the last one last.
	Via []string `json:"v,omitempty"`
	// Next is the entry at which an undoing goes on.
	Next     points.EntryRef `json:"n,omitzero"`
	Returned []Scheduled     `json:"r,omitempty"`
	Spent    []Scheduled     `json:"s,omitempty"`
	// Undoing is the survivor's version of the UnMerge, which answers by the record that
	// answered has; After is what the survivor had then where it has none, as before there
	// were such records.
	Undoing int64            `json:"g,omitempty"`
	After   []points.Balance `json:"a,omitempty"`
}

// absorb decides that a member becomes one with the command's.
func (tx *Tx) absorb(from *Party, until time.Time) error {
	if err := tx.mayMerge(from); err != nil {
		return err
	}
	if until = instant0(until); until.IsZero() {
		until = instant(tx.now.In(tx.rev.zone).AddDate(0, 0, undoFor))
	}
	state := mergeState{At: tx.now, Base: from.base.row.Version, Into: tx.base.row.Version, Until: until}
	for _, b := range from.row.Balances {
		if b.Debt > 0 {
			state.Owed = append(state.Owed, PointsBack{Unit: b.Unit, Points: b.Debt})
		}
	}
	if err := tx.putMerge(from.Member(), state, mergeMoving); err != nil {
		return err
	}
	if err := tx.inherit(from); err != nil {
		return err
	}
	if err := from.changeLife(func(l *lifeData) { l.Into, l.At, l.Moved = tx.Party.Member(), tx.now, false }); err != nil {
		return err
	}
	if err := tx.changeLife(func(l *lifeData) { l.Moving = with(l.Moving, from.Member()) }); err != nil {
		return err
	}
	var err error
	if tx.balances, err = together(tx.row.Balances, from.row.Balances); err != nil {
		return err
	}
	from.row.Status = storage.Closed
	return tx.Answer(Merged{From: from.Member(), Balances: from.row.Balances, UndoUntil: until})
}

// mayMerge returns why the member cannot become one with another.
func (tx *Tx) mayMerge(from *Party) error {
	for _, p := range []*Party{tx.Party, from} {
		if p.row.Kind != storage.Person {
			return fmt.Errorf("%w: %s", ErrNotPerson, whose(p.row.Member))
		}
		if p.row.Status == storage.Closed {
			return fmt.Errorf("%w: %s", ErrClosed, whose(p.row.Member))
		}
	}
	mine, err := tx.document()
	if err != nil {
		return err
	}
	theirs, err := from.document()
	if err != nil {
		return err
	}
	if mine.Life != nil && mine.Life.Guest && (theirs.Life == nil || !theirs.Life.Guest) {
		return fmt.Errorf("%w: %q cannot take a member in", ErrGuest, tx.Party.Member())
	}
	if _, _, err := tx.Record(mergeKind, from.Member()); err != nil {
		return err
	}
	return tx.oneMembership(from)
}

// inherit takes over what a member is beside points and records.
func (tx *Tx) inherit(from *Party) error {
	mine, err := tx.document()
	if err != nil {
		return err
	}
	theirs, err := from.document()
	if err != nil {
		return err
	}
	mine.inheritGates(from.Member(), theirs)
	tx.row.Status, tx.dataChanged = mine.status(), true
	tx.row.EnrolledAt = earlier(tx.row.EnrolledAt, from.row.EnrolledAt)
	return tx.inheritStanding(from)
}

func (p *Party) putMerge(from string, state mergeState, status string) error {
	data, err := canon.Append(nil, state)
	if err != nil {
		return p.tx.fail(err)
	}
	due := points.Never
	if status == mergeMoving || status == mergeParting {
		due = p.tx.now
	}
	return p.putOwn(storage.Record{Kind: mergeKind, ID: from, Status: status, DueAt: due, Data: data})
}

// together is what two accounts have, after points that are available repaid debt. What one
// account cannot have is an error.
func together(a, b []points.Balance) ([]points.Balance, error) {
	sum := slices.Clone(a)
	for _, more := range b {
		i, found := slices.BinarySearchFunc(sum, more.Unit, func(have points.Balance, unit string) int {
			return strings.Compare(have.Unit, unit)
		})
		if !found {
			sum = slices.Insert(sum, i, points.Balance{Unit: more.Unit})
		}
		have := &sum[i]
		_, err := points.Sum(have.Pending, have.Available, have.Held, more.Pending, more.Available, more.Held)
		if err == nil {
			have.Debt, err = have.Debt.Add(more.Debt)
		}
		if err == nil {
			have.Counted, err = have.Counted.Add(more.Counted)
		}
		if err != nil {
			return nil, fmt.Errorf("%s of both together: %w", more.Unit, err)
		}
		have.Pending += more.Pending
		have.Available += more.Available
		have.Held += more.Held
		repaid := min(have.Available, have.Debt)
		have.Available -= repaid
		have.Debt -= repaid
	}
	return sum, nil
}

// Is reports whether an id names this member, as it is or by a merge: claims that
// were made by a member who was merged stay in their name.
func (p *Party) Is(member string) (bool, error) {
	if member == p.row.Member {
		return true, nil
	}
	row, exists, err := p.record(mergeKind, member)
	return exists && liveMerge(row.Status), err
}
