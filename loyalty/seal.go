package loyalty

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

const (
	settleType = "settle"
	// Version is the version of this library, kept on every operation.
	Version = "0.1.0"
)

// seal turns what a Tx collected into a batch, moves the working state on, and
// returns the receipt.
func (d *deciding) seal(c *call, tx *Tx) (*Receipt, error) {
	batch := storage.Batch{Program: tx.row.Program, Claims: tx.claims, Counters: tx.counters}
	batch.Legs = make([]storage.Leg, len(tx.parties))
	for i, p := range tx.parties {
		if err := d.sealParty(c, tx, p, i == 0, &batch.Legs[i]); err != nil {
			return nil, err
		}
	}
	// After the command of a lone call nothing is decided on this state.
	if !d.alone || tx.system != "" {
		for i, p := range tx.parties {
			p.advance(&batch.Legs[i])
		}
		d.note(c, tx)
	}
	if !d.quote {
		d.batches = append(d.batches, batch)
		d.owners = append(d.owners, c)
	}
	return &tx.receipt, nil
}

func (d *deciding) sealParty(c *call, tx *Tx, p *Party, main bool, leg *storage.Leg) error {
	if err := p.armReminders(); err != nil {
		return err
	}
	row := p.row
	row.Version, row.RecordedAt, row.RetryAt = p.base.row.Version+1, tx.now, tx.retryAt
	if p.dataChanged {
		data, err := canon.Append(nil, p.data)
		if err != nil {
			return fmt.Errorf("loyalty: document of account: %w", err)
		}
		if row.Data = data; string(data) == "{}" {
			row.Data = nil
		}
	}
	row.DueAt = p.dueAt()
	leg.Expect = p.base.row.Version
	op := &leg.Operation
	*op = storage.Operation{
		Program: row.Program, Member: row.Member, Version: row.Version, Type: c.typ,
		Reference: tx.plan.Reference, Library: Version, Format: chainFormat,
		OccurredAt: tx.occurred, RecordedAt: tx.now,
	}
	switch {
	case tx.system != "" && main:
		op.Type, op.Key = tx.system, tx.plan.Key
	case main:
		op.Key, op.Command, op.Fingerprint = tx.plan.Key, c.body, c.fingerprint[:]
		op.Reason, op.Actor = tx.reason, tx.plan.Actor
	default:
		op.Key = storage.ReservedPrefix + "leg/" + strconv.FormatInt(row.Version, 10)
		if tx.system != "" {
			op.Type = tx.system
		} else {
			op.Fingerprint = c.fingerprint[:]
		}
	}
	if p.erased() {
		op.Reference = ""
	}
	moved := moves(p.entries)
	if main && tx.system == "" {
		if err := tx.writeReceipt(c, op, &row, moved); err != nil {
			return err
		}
	}
	p.storeReferences(op)
	p.rows(leg, row.Version)
	if err := p.outbox(leg, op, moved); err != nil {
		return err
	}
	if !d.quote {
		sealer := d.engine.sealers.Get().(*sealer)
		op.Salt = sealer.derive(saltSize, "salt", row.Program, row.Member, op.Key, strconv.FormatInt(row.Version, 10))
		sealer.made = p.appendMade(sealer.made[:0], row.Version)
		sealer.buffer = veilAll(sealer.buffer, op.Salt, sealer.made)
		sealer.link(op, p.base.row.Hash, &row, p.entries, sealer.made)
		d.engine.sealers.Put(sealer)
		row.Hash = op.Hash
	}
	leg.Account, leg.Scrub = row, p.scrub
	return nil
}

// dueAt is the account's new DueAt. A settlement finds out what falls due next; any
// other operation only knows what it wrote, so DueAt may be early by what a
// command took away.
func (p *Party) dueAt() time.Time {
	if p.tx.system == settleType {
		return nextDueAt(p.base.bound, p.lots, p.records)
	}
	due := p.base.row.DueAt
	for _, id := range p.written {
		due = earlier(due, p.lots[p.lotAt(id)].DueAt())
	}
	for _, key := range p.put {
		due = earlier(due, p.records[p.recordAt(key.Kind, key.ID)].row.DueAt)
	}
	return due
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// rows copies what the party changed into a leg.
func (p *Party) rows(leg *storage.Leg, version int64) {
	program, member := p.row.Program, p.row.Member
	leg.Entries = make([]storage.Entry, len(p.entries))
	for i, e := range p.entries {
		leg.Entries[i] = storage.Entry{Program: program, Member: member, Version: version, Ordinal: i, Entry: e}
	}
	leg.Lots = make([]storage.Lot, len(p.written))
	for i, id := range p.written {
		leg.Lots[i] = storage.Lot{Program: program, Member: member, Lot: p.lots[p.lotAt(id)]}
	}
	leg.Records = make([]storage.Record, len(p.put))
	for i, key := range p.put {
		leg.Records[i] = p.records[p.recordAt(key.Kind, key.ID)].row
	}
}

// outbox writes the operation's own event and those that the command emitted.
func (p *Party) outbox(leg *storage.Leg, op *storage.Operation, moved []Move) error {
	leg.Events = make([]storage.Event, 0, 1+len(p.events))
	add := func(kind string, data []byte) {
		leg.Events = append(leg.Events, storage.Event{
			Program: op.Program, Member: op.Member, Version: op.Version, Ordinal: len(leg.Events),
			Type: kind, RecordedAt: op.RecordedAt, Data: data,
		})
	}
	own := eventData{Reference: op.Reference, OccurredAt: op.OccurredAt, Moves: moved}
	data, err := canon.Append(make([]byte, 0, 192), &own)
	if err != nil {
		return fmt.Errorf("loyalty: event: %w", err)
	}
	add(op.Type, data)
	for _, e := range p.events {
		add(e.kind, e.data)
	}
	if len(p.changes)+len(p.endings) == 0 {
		return nil
	}
	changed, err := p.tierEvents()
	if err != nil {
		return err
	}
	for _, e := range changed {
		add(e.kind, e.data)
	}
	return nil
}

// appendMade appends the lots that this version creates, by id.
func (p *Party) appendMade(made []points.Lot, version int64) []points.Lot {
	for i := range p.newLots {
		if at := p.lotAt(points.LotID(version*lotsPerVersion + i)); at >= 0 {
			made = append(made, p.lots[at])
		}
	}
	return made
}

func (tx *Tx) writeReceipt(c *call, op *storage.Operation, row *storage.Account, moved []Move) error {
	r := &tx.receipt
	r.Command, r.Program, r.Member, r.Key = c.typ, row.Program, row.Member, c.named().Key
	r.Version, r.Revision, r.Zone, r.Reference = row.Version, tx.rev.number, tx.rev.Zone, op.Reference
	r.OccurredAt, r.RecordedAt = tx.occurred, tx.now
	r.Balances = slices.Clone(row.Balances)
	if len(r.Moves) == 0 {
		r.Moves = moved
	} else {
		r.Moves = append(r.Moves, moved...)
	}
	if tx.balances != nil {
		r.Balances = tx.balances
	}
	if err := tx.foretell(); err != nil {
		return fmt.Errorf("loyalty: receipt: %w", err)
	}
	for i := range r.Balances {
		// What a gathered spend has sold is captured in the commits that follow.
		if b := &r.Balances[i]; b.Unit == tx.sold.unit {
			b.Held -= tx.sold.amount
		}
	}
	text, err := canon.Append(make([]byte, 0, 1024), r)
	if err != nil {
		return fmt.Errorf("loyalty: receipt: %w", err)
	}
	op.Receipt = text
	return nil
}

// advance makes the party's view the account's working state.
func (p *Party) advance(leg *storage.Leg) {
	base := p.base
	base.exists, base.row = true, leg.Account
	base.lots, base.records = p.lots, p.records
	if p.tx.system == "" {
		base.operations = append(slices.Clip(base.operations), leg.Operation)
	}
	for i := range leg.Entries {
		if e := &leg.Entries[i]; e.From == points.Counted || e.To == points.Counted {
			base.counted = append(slices.Clip(base.counted), *e)
		}
	}
}
