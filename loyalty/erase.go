package loyalty

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

const (
	// eraseKind is the kind of the record that an erasure keeps of how far it is.
	eraseKind   = "erase"
	eraseID     = "erase"
	eraseOpen   = "scrubbing"
	eraseDone   = "erased"
	scrubType   = "scrub"
	erasedState = storage.ReservedPrefix + "erased"

	// maxEvents bounds the events of one operation under one account, so that all of
	// them can be named when they are scrubbed.
	maxEvents = 15
	// maxEmits bounds those of the command itself: the operation has one of its own, and
	// those that tell of tiers.
	maxEmits = 7
)

// Erase takes out everything that the program keeps about a member besides the
// surrogate id, entries and amounts: attributes, documents, bodies of commands and
// receipts, reasons, actors and references, ids of orders, holds and redemptions, what lots
// came from, events, the caller's keys, and what features keep, by their [Eraser].
// docs/erasure.md lists what stays, and why. It holds for members who were merged into this one
// as well. From its commit on reads and commands on the member are [ErrErased]; the
// rest is scrubbed in commits of bounded size, which RunDue finishes where they were
// stopped. Open holds are voided. Points stay on the books until they expire; the
// books balance and the chain verifies as before.
//
// An order of the member never earns again. Erase of a member who was erased has no
// effect and is answered as a replay.
type Erase struct {
	Member     string    `json:"member"`
	Key        string    `json:"key"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	// Reason and Actor are scrubbed with the rest.
	Reason string `json:"reason,omitempty"`
	Actor  string `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c Erase) Plan() Plan {
	return Plan{Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor}
}

// Apply implements [Command].
func (c Erase) Apply(_ context.Context, tx *Tx) error {
	if tx.row.Kind != storage.Person {
		return fmt.Errorf("%w: %s", ErrNotPerson, whose(tx.Party.Member()))
	}
	return tx.markErased(tx.row.Version + 1)
}

func (Erase) erases()  {}
func (Erase) follows() {}

// eraser is implemented by commands that an erased member still answers.
type eraser interface{ erases() }

// erasedBefore is the answer to an Erase of a member who was erased.
func erasedBefore(c *call, a *account) *Receipt {
	return &Receipt{
		Command: c.typ, Program: a.row.Program, Member: a.id, Key: c.named().Key, Version: a.row.Version,
		OccurredAt: a.row.RecordedAt, RecordedAt: a.row.RecordedAt, Replayed: true,
	}
}

// eraseState is the document of an erasure's record: operations up to Version are
// to be scrubbed, or were. It is 0 where an earlier release was done with it.
type eraseState struct {
	Version int64 `json:"v"`
}

// markErased makes the account one of an erased member.
func (tx *Tx) markErased(version int64) error {
	data, err := tx.document()
	if err != nil {
		return err
	}
	data.Attributes, data.Jurisdiction = nil, ""
	tx.row.Status = storage.Closed
	err = tx.changeLife(func(l *lifeData) { l.Erased, l.Scrubbing = tx.now, true })
	if err != nil {
		return err
	}
	return tx.putErasure(eraseState{Version: version}, eraseOpen)
}

// erased reports whether the account is one of an erased member, or becomes one.
func (p *Party) erased() bool {
	if p.row.Status != storage.Closed {
		return false
	}
	data, err := p.document()
	return err == nil && data.Life.erased()
}

func (tx *Tx) putErasure(state eraseState, status string) error {
	text, err := canon.Append(nil, state)
	if err != nil {
		return tx.fail(err)
	}
	due := points.Never
	if status == eraseOpen {
		due = tx.now
	}
	return tx.putOwn(storage.Record{Kind: eraseKind, ID: eraseID, Status: status, DueAt: due, Data: text})
}

// scrub scrubs what is left to scrub of an erased member, and of all who were
// merged into them.
func (e *Engine) scrub(ctx context.Context, member string, now time.Time) error {
	for row, err := range storage.AllRecords(ctx, e.store, storage.RecordQuery{Program: e.program, Member: member, Kind: mergeKind}) {
		if err != nil {
			return err
		}
		if !liveMerge(row.Status) {
			continue
		}
		life, err := e.lifeOf(ctx, row.ID)
		if err != nil {
			return err
		}
		if !life.erased() {
			if err := e.scrubStep(ctx, row.ID, &scrubStep{mode: scrubMark}, now); err != nil {
				return err
			}
		} else if !life.Scrubbing {
			continue
		}
		if err := e.scrub(ctx, row.ID, now); err != nil {
			return err
		}
	}
	if err := e.endGatherings(ctx, member, now); err != nil {
		return err
	}
	if err := e.leavePools(ctx, member, now); err != nil {
		return err
	}
	if err := e.scrubRecords(ctx, member, now); err != nil {
		return err
	}
	if err := e.scrubLots(ctx, member, now); err != nil {
		return err
	}
	if err := e.scrubOperations(ctx, member, now); err != nil {
		return err
	}
	return e.scrubStep(ctx, member, &scrubStep{mode: scrubDone}, now)
}

func (e *Engine) scrubRecords(ctx context.Context, member string, now time.Time) error {
	var keys []storage.RecordKey
	flush := func(least int) error {
		for len(keys) > least {
			step := &scrubStep{mode: scrubSome, keys: keys[:min(len(keys), e.moveSize())]}
			if err := e.scrubStep(ctx, member, step, now); err != nil {
				return err
			}
			keys = keys[len(step.keys):]
		}
		return nil
	}
	for row, err := range storage.AllRecords(ctx, e.store, storage.RecordQuery{Program: e.program, Member: member}) {
		if err != nil {
			return err
		}
		if e.scrubs(row) {
			keys = append(keys, storage.RecordKey{Kind: row.Kind, ID: row.ID})
		}
		if err := flush(e.moveSize()); err != nil {
			return err
		}
	}
	return flush(0)
}

// scrubs reports whether a record may hold anything about a person. Of the engine's
// own the others hold versions, instants and amounts.
func (e *Engine) scrubs(row storage.Record) bool {
	switch {
	case row.Status == erasedState:
		return false
	case veils(row.Kind):
		return true
	case row.Kind == memberKind && Moved(row):
		return len(row.Data) > 0 // It names the pool that was left.
	case row.Kind == memberKind || row.Kind == inviteKind || row.Kind == rewardUseKind || !e.kernelKinds[row.Kind]:
		return !Moved(row)
	default:
		return false
	}
}

func (e *Engine) scrubOperations(ctx context.Context, member string, now time.Time) error {
	var state eraseState
	if err := e.erasureOf(ctx, member, &state); err != nil {
		return err
	}
	most := max(1, (e.limits.Rows-20)/(1+maxEvents))
	var versions []int64
	flush := func(least int) error {
		for len(versions) > least {
			step := &scrubStep{mode: scrubSome, versions: versions[:min(len(versions), most)]}
			if err := e.scrubStep(ctx, member, step, now); err != nil {
				return err
			}
			versions = versions[len(step.versions):]
		}
		return nil
	}
	for op, err := range storage.AllOperations(ctx, e.store, storage.MemberQuery{Program: e.program, Member: member}) {
		if err != nil {
			return err
		}
		if op.Version > state.Version {
			break
		}
		if op.Key != storage.ScrubbedKey(op.Version) {
			versions = append(versions, op.Version)
		}
		if err := flush(most); err != nil {
			return err
		}
	}
	return flush(0)
}

func (e *Engine) erasureOf(ctx context.Context, member string, state *eraseState) error {
	snaps, err := e.store.Load(ctx, []storage.LoadRequest{{
		Program: e.program, Member: member, Records: []storage.RecordKey{{Kind: eraseKind, ID: eraseID}},
	}})
	if err != nil {
		return fmt.Errorf("%w: %w", errNotStored, err)
	}
	if len(snaps[0].Records) == 0 {
		return nil
	}
	return json.Unmarshal(snaps[0].Records[0].Data, state)
}

func (e *Engine) scrubStep(ctx context.Context, member string, step *scrubStep, now time.Time) error {
	c := &call{cmd: step, typ: scrubType, now: now}
	c.plan = Plan{Member: member, Key: storage.ReservedPrefix + scrubType, Records: []RecordRef{{Kind: eraseKind, ID: eraseID}}}
	for _, key := range step.keys {
		c.plan.Records = append(c.plan.Records, RecordRef{Kind: key.Kind, ID: key.ID})
	}
	for _, id := range step.lots {
		c.plan.Lots = append(c.plan.Lots, LotRef{ID: id})
	}
	e.run(ctx, []*call{c})
	return c.err
}

type scrubMode int

const (
	scrubSome scrubMode = iota
	scrubMark
	scrubDone
)

// scrubStep scrubs some records, lots or operations of an erased member.
type scrubStep struct {
	mode     scrubMode
	keys     []storage.RecordKey
	versions []int64
	lots     []points.LotID
	// sources has what each of the lots is to say of where it came from.
	sources map[points.LotID]string
}

// Plan implements Command; the engine makes the plan itself.
func (s *scrubStep) Plan() Plan { return Plan{} }

// Apply implements Command; the engine runs answer instead.
func (s *scrubStep) Apply(context.Context, *Tx) error { return nil }

// answer implements stepper.
func (s *scrubStep) answer(d *deciding, c *call, a *account, now time.Time) (*Receipt, error) {
	if c.ahead(now, a) {
		return nil, errStale
	}
	if err := d.settle(c, a, now); err != nil {
		return nil, err
	}
	tx, err := d.systemTx(c, a, scrubType, now)
	if err != nil {
		return nil, err
	}
	data, err := tx.document()
	if err != nil {
		return nil, err
	}
	erased := data.Life.erased()
	if s.mode == scrubMark && !erased {
		err = tx.markErased(tx.row.Version)
	} else if s.mode == scrubMark || !erased || !data.Life.Scrubbing {
		return &Receipt{}, nil
	} else if s.mode == scrubDone {
		err = s.done(tx)
	} else {
		err = s.some(tx)
	}
	if err != nil || tx.failed != nil {
		return nil, cmp.Or(err, tx.failed)
	}
	return d.seal(c, tx)
}

func (s *scrubStep) done(tx *Tx) error {
	if err := tx.changeLife(func(l *lifeData) { l.Scrubbing = false }); err != nil {
		return err
	}
	// A relay that read before it was scrubbed looks up what it must not tell.
	row, exists, err := tx.kept(eraseKind, eraseID)
	var state eraseState
	if err == nil && exists {
		err = tx.decode(row, &state)
	}
	return cmp.Or(err, tx.putErasure(state, eraseDone))
}

func (s *scrubStep) some(tx *Tx) error {
	for _, key := range s.keys {
		row, exists, err := tx.record(key.Kind, key.ID)
		if err != nil {
			return err
		}
		if !exists && !Moved(row) || !tx.deciding.engine.scrubs(row) {
			continue
		}
		if err := tx.scrubRecord(row); err != nil {
			return fmt.Errorf("record %s %q: %w", key.Kind, key.ID, err)
		}
	}
	if err := s.veilLots(tx); err != nil {
		return err
	}
	for _, version := range s.versions {
		tx.scrub.Operations = append(tx.scrub.Operations, version)
		for ordinal := range maxEvents {
			tx.scrub.Events = append(tx.scrub.Events, storage.EventID{Member: tx.row.Member, Version: version, Ordinal: ordinal})
		}
	}
	return nil
}

// scrubRecord empties a record. One of a feature that is an Eraser is what the
// feature makes of it.
func (tx *Tx) scrubRecord(row storage.Record) error {
	if feature, ok := tx.deciding.engine.features[tx.deciding.engine.kinds[row.Kind]].(Eraser); ok {
		return tx.deciding.guard(tx.call, func(ctx context.Context) error { return feature.Erase(ctx, tx, row) })
	}
	if Moved(row) {
		return tx.putOwn(storage.Record{Kind: row.Kind, ID: row.ID, Status: erasedState})
	}
	if row.Kind == redemptionKind {
		return tx.eraseRedemption(row)
	}
	if row.Kind == holdKind && row.Status == holdOpen {
		var state holdState
		if err := tx.decode(row, &state); err != nil {
			return err
		}
		if err := tx.needLots(row.Lots); err != nil {
			return err
		}
		if err := tx.giveBack(state.Parts, row.ID, tx.now); err != nil {
			return err
		}
	}
	return tx.putOwn(storage.Record{Kind: row.Kind, ID: row.ID, Status: erasedState})
}
