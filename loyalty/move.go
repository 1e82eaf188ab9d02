package loyalty

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// moveMode says what a step of a merge moves.
type moveMode int

const (
	moveLots moveMode = iota
	moveRecords
	moveMetrics
	moveDone
	returnLots
	returnMetrics
	returnRecords
	returnTiers
	returnDone
)

// moveStep moves a part of what is decided: of a merge, or of its undoing.
type moveStep struct {
	from, into string
	mode       moveMode
	// n bounds how much of it, keys names the records, lines the days of metrics,
	// parts the entries by which lots came.
	n     int
	keys  []storage.RecordKey
	lines []dayLine
	parts []storage.Entry
	// with holds the one who went and those who came along.
	with []string
	// back are the lots that came back to the survivor from merges of their own.
	back map[lotTerms][]points.LotID
	more bool
}

// Plan implements Command; the engine makes the plan itself.
func (m *moveStep) Plan() Plan { return Plan{} }

// Apply implements Command; the engine runs answer instead.
func (m *moveStep) Apply(context.Context, *Tx) error { return nil }

// returns reports whether the step undoes a merge.
func (m *moveStep) returns() bool { return m.mode >= returnLots }

// absorbing reports whether the operation moves what a merge brings.
func (tx *Tx) absorbing() bool {
	step, ok := tx.call.cmd.(*moveStep)
	return ok && tx.system == moveType && !step.returns()
}

// source is the account whose records the step moves.
func (m *moveStep) source() string {
	if m.returns() {
		return m.into
	}
	return m.from
}

// answer implements stepper. The call's member is the one who went, its other the
// survivor.
func (m *moveStep) answer(d *deciding, c *call, a *account, now time.Time) (*Receipt, error) {
	m.more = false
	survivor := d.accounts[m.into]
	if c.ahead(now, a, survivor) {
		return nil, errStale
	}
	for _, account := range []*account{a, survivor} {
		if err := d.settle(c, account, now); err != nil {
			return nil, err
		}
	}
	tx, err := d.systemTx(c, a, moveType, now)
	if err != nil {
		return nil, err
	}
	into := newParty(tx, survivor)
	tx.parties = append(tx.parties, into)
	row, exists, err := into.record(mergeKind, m.from)
	if err != nil {
		return nil, err
	}
	want := mergeMoving
	if m.returns() {
		want = mergeParting
	}
	if !exists || row.Status != want {
		// Another process has finished it.
		return &Receipt{}, nil
	}
	var state mergeState
	if err := into.decode(row, &state); err != nil {
		return nil, err
	}
	if err := m.apply(tx, into, &state); err != nil || tx.failed != nil {
		return nil, cmp.Or(err, tx.failed)
	}
	if err := tx.decideStandings(); err != nil {
		return nil, err
	}
	if tx.changed() == 0 && into.changed() == 0 && !tx.dataChanged {
		return &Receipt{}, nil
	}
	return d.seal(c, tx)
}

func (m *moveStep) apply(tx *Tx, into *Party, state *mergeState) error {
	switch m.mode {
	case moveLots:
		return m.someLots(tx.Party, into)
	case moveRecords:
		return m.someRecords(tx, into)
	case moveMetrics:
		return m.someDays(tx.Party, into, state)
	case moveDone:
		if err := into.armIdle(tx.now); err != nil {
			return err
		}
		return m.done(tx.Party, into, *state, mergeDone)
	case returnLots:
		return m.giveBack(tx.Party, into, state)
	case returnMetrics:
		return m.someDaysBack(tx.Party, into, state)
	case returnRecords:
		return m.someRecordsBack(tx, into, state)
	case returnTiers:
		return cmp.Or(tx.hasParted(), into.hasParted())
	default:
		// What entering tiers gave is settled by now.
		if err := cmp.Or(into.answerUnMerge(state), tx.armIdle(tx.now)); err != nil {
			return err
		}
		return m.done(tx.Party, into, *state, mergeParted)
	}
}

// done ends a merge, or its undoing.
func (m *moveStep) done(from, into *Party, state mergeState, status string) error {
	if err := into.putMerge(m.from, state, status); err != nil {
		return err
	}
	if err := into.changeLife(func(l *lifeData) { l.Moving = without(l.Moving, m.from) }); err != nil {
		return err
	}
	return from.changeLife(func(l *lifeData) {
		l.Moving = without(l.Moving, m.into)
		l.Moved = l.Into != ""
	})
}

// someLots moves debts, and then lots as far as one commit takes them.
func (m *moveStep) someLots(from, into *Party) error {
	if changed, err := moveDebts(from, into); changed || err != nil {
		m.more = true
		return err
	}
	n := 0
	for _, lot := range slices.Clone(from.lots) {
		if lot.Remaining == 0 && lot.Held == 0 {
			continue
		}
		if n++; n > m.n {
			m.more = true
			return nil
		}
		next, err := from.hand(into, lot, lot.Remaining, lot.Held, points.EntryMerge)
		if err == nil {
			err = from.lotsWent(into, lot.ID, next.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// moveDebts moves what a member owes, and lets the survivor's points repay it as far
// as one commit takes. It reports whether there was anything to do.
func moveDebts(from, into *Party) (bool, error) {
	changed := false
	for _, b := range slices.Clone(from.row.Balances) {
		if b.Debt == 0 {
			continue
		}
		changed = true
		entry := points.Entry{Unit: b.Unit, Kind: points.EntryMerge, Amount: b.Debt}
		out, in := entry, entry
		out.From, out.To, out.Reference = points.Transferred, points.Debt, into.Member()
		in.From, in.To, in.Reference = points.Debt, points.Transferred, from.Member()
		if err := from.book(out); err != nil {
			return true, err
		}
		if err := into.book(in); err != nil {
			return true, err
		}
	}
	for _, b := range slices.Clone(into.row.Balances) {
		due := min(b.Debt, b.Available)
		if due == 0 || b.Unit == "" {
			continue
		}
		parts, err := into.first(b.Unit, due)
		if err != nil {
			return true, err
		}
		pattern := points.Entry{Kind: points.EntryRepay, To: points.Debt, Reference: from.Member()}
		return true, into.take(b.Unit, parts, pattern)
	}
	return changed, nil
}

// first picks the lots from which an amount is taken that is there, or the first of
// them that one commit takes.
func (p *Party) first(unit string, amount points.Amount) ([]points.Part, error) {
	most := p.tx.deciding.engine.moveSize()
	for range 2 {
		known, complete := p.spendable(unit)
		parts, missing, err := points.Consume(known, amount, p.tx.now)
		if err != nil {
			return nil, p.tx.fail(err)
		}
		if missing == 0 || complete || len(parts) >= most {
			return parts[:min(len(parts), most)], nil
		}
		err = p.load(storage.LoadRequest{Debits: []storage.Debit{{
			Unit: unit, After: p.tx.now, Amount: amount, Limit: most + 1,
		}}})
		if err != nil {
			return nil, err
		}
	}
	return nil, p.tx.fail(errStale)
}

// hand moves points of a lot, and of what holds have set aside from it, to a new
// lot of another account with the same dates. It returns that lot. A pending one takes
// along whose rule's expiry it follows once it is confirmed.
func (p *Party) hand(into *Party, lot points.Lot, amount, held points.Amount, kind points.EntryKind) (points.Lot, error) {
	unit, err := p.tx.rev.unit("unit", lot.Unit)
	if err != nil {
		return points.Lot{}, p.tx.fail(err)
	}
	bucket, rule := points.Available, ""
	if lot.State == points.LotPending {
		bucket = points.Pending
		if rule, err = p.ruleOf(&lot); err != nil {
			return points.Lot{}, err
		}
	}
	next := into.newLot(unit, amount+held, p.termsFor(into, lot))
	next.State, next.Remaining, next.Held = lot.State, amount, held
	if bucket == points.Available {
		next.State = points.LotOpen
	}
	next = into.putLot(next)
	lot.Remaining -= amount
	lot.Held -= held
	lot.MergedInto, lot.Merged = -next.ID, lot.Merged+amount+held
	p.putLot(lot)
	for _, part := range []struct {
		bucket points.Bucket
		amount points.Amount
	}{{points.Held, held}, {bucket, amount}} {
		if part.amount == 0 {
			continue
		}
		entry := points.Entry{Unit: lot.Unit, Kind: kind, Amount: part.amount}
		out, in := entry, entry
		out.From, out.To, out.Lot, out.Into, out.Reference = part.bucket, points.Transferred, lot.ID, -next.ID, into.Member()
		in.From, in.To, in.Lot, in.Into, in.Reference = points.Transferred, part.bucket, next.ID, -lot.ID, p.Member()
		in.Rule = rule
		if err := p.book(out); err != nil {
			return next, err
		}
		if err := into.book(in); err != nil {
			return next, err
		}
	}
	if next.State != points.LotOpen || amount == 0 {
		return next, nil
	}
	return into.repay(next, p.tx.now)
}

// termsFor are the terms of a lot in the account that its points go to.
func (p *Party) termsFor(into *Party, lot points.Lot) creditTerms {
	origin := cmp.Or(lot.Origin, p.Member())
	if origin == into.Member() {
		origin = ""
	}
	return creditTerms{
		source: lot.Source, at: p.tx.now, earnedAt: lot.EarnedAt, availableFrom: lot.AvailableFrom,
		expiresAt: lot.ExpiresAt, origin: origin, qualifies: lot.Qualifies,
	}
}

// follow returns the lot of another account that a lot's points went to. Where they
// went nowhere, since none were left, it is an empty one with the same dates.
func (p *Party) follow(into *Party, id points.LotID) (points.LotID, error) {
	lot, err := p.whereNow(id)
	if err != nil {
		return 0, err
	}
	return p.goneTo(into, lot)
}

// goneTo returns the lot of another account that what is in a lot went to.
func (p *Party) goneTo(into *Party, lot points.Lot) (points.LotID, error) {
	if lot.MergedInto < 0 {
		return -lot.MergedInto, nil
	}
	unit, err := p.tx.rev.unit("unit", lot.Unit)
	if err != nil {
		return 0, p.tx.fail(err)
	}
	return into.putLot(into.newLot(unit, 0, p.termsFor(into, lot))).ID, nil
}

// leaveBehind replaces a record by a mark that it went away.
func (p *Party) leaveBehind(kind, id string) error {
	return p.putOwn(storage.Record{Kind: kind, ID: id, Status: movedStatus})
}

// movesHook returns the feature that moves records of a kind, if one does.
func (e *Engine) mergerOf(kind string) Merger {
	merger, _ := e.features[e.kinds[kind]].(Merger)
	return merger
}

// moves reports whether a merge moves the record.
func (m *moveStep) moves(e *Engine, row storage.Record) bool {
	if _, feature := e.kinds[row.Kind]; feature {
		return e.mergerOf(row.Kind) != nil
	}
	switch row.Kind {
	case gatherKind, laterKind, standingKind:
		return false
	case reinstateKind, undoneKind:
		// What was brought back, and what an operation answered, is told by the account,
		// which stays.
		return false
	}
	return e.kernelKinds[row.Kind]
}

func (m *moveStep) someRecords(tx *Tx, into *Party) error {
	for _, key := range m.keys[:min(m.n, len(m.keys))] {
		row, exists, err := tx.record(key.Kind, key.ID)
		if err != nil {
			return err
		}
		if !exists && !leftPlace(row) {
			continue
		}
		if err := m.moveRecord(tx, into, row); err != nil {
			return fmt.Errorf("record %s %q: %w", key.Kind, key.ID, err)
		}
	}
	return nil
}

// moveRecord moves a record, and leaves a mark in its place.
func (m *moveStep) moveRecord(tx *Tx, into *Party, row storage.Record) error {
	var err error
	switch merger := tx.deciding.engine.mergerOf(row.Kind); {
	case merger != nil:
		err = tx.deciding.guard(tx.call, func(ctx context.Context) error { return merger.Merge(ctx, tx, into, row) })
	case row.Kind == orderKind, row.Kind == tenderKind:
		err = tx.moveOrder(into, row)
	case row.Kind == holdKind:
		err = tx.moveHold(into, row)
	case row.Kind == onceKind:
		err = moveOnce(into, row)
	case row.Kind == mergeKind:
		err = tx.moveMerge(into, row)
	case row.Kind == idleKind:
		err = tx.moveIdle(into, row)
	case row.Kind == limitKind:
		err = tx.moveLimit(into, row)
	case row.Kind == redemptionKind:
		err = tx.moveRedemption(into, row)
	case row.Kind == rewardUseKind:
		err = tx.moveRewardUse(into)
	case row.Kind == usageKind:
		err = tx.moveUsage(into)
	case row.Kind == memberKind:
		err = tx.movePlace(into, row)
	default:
		err = tx.moveOther(into, row)
	}
	if err != nil {
		return err
	}
	return tx.leaveBehind(row.Kind, row.ID)
}

// freeID is the id under which a record goes to another account: its own, unless
// that is taken there.
func (p *Party) freeID(into *Party, kind, id string) (string, error) {
	_, taken, err := into.record(kind, id)
	if taken {
		id = movedID(p.Member(), id)
	}
	return id, err
}

func (p *Party) moveOrderTo(into *Party, row storage.Record, state orderState, id string) error {
	if err := p.needLots(row.Lots); err != nil {
		return err
	}
	lots := make([]points.LotID, len(row.Lots))
	for i, id := range row.Lots {
		var err error
		if lots[i], err = p.follow(into, id); err != nil {
			return err
		}
	}
	state.As = nameOf(id, row.ID, state.As)
	return into.putOrder(id, state, lots)
}

// moveHold moves a hold; the lots of an open one went before.
func (p *Party) moveHold(into *Party, row storage.Record) error {
	id, err := p.freeID(into, holdKind, row.ID)
	if err != nil {
		return err
	}
	var state holdState
	if err := p.decode(row, &state); err != nil {
		return err
	}
	state.As = nameOf(id, row.ID, state.As)
	if row.Status != holdOpen {
		return into.putHold(id, state, row.Status, points.Never)
	}
	if err := p.needLots(row.Lots); err != nil {
		return err
	}
	parts := slices.Clone(state.Parts)
	for i := range parts {
		if parts[i].Lot, err = p.follow(into, parts[i].Lot); err != nil {
			return err
		}
	}
	state.Parts = parts
	return into.putHold(id, state, holdOpen, row.DueAt)
}

// renamesHold reports whether a record is a hold of a member who goes, whose id the survivor
// had used too.
func (m *moveStep) renamesHold(row storage.Record) bool {
	var state holdState
	if row.Status == erasedState || !reserved(row.ID) || json.Unmarshal(row.Data, &state) != nil || state.As == "" {
		return false
	}
	return slices.ContainsFunc(m.with, func(member string) bool { return movedID(member, state.As) == row.ID })
}

// renameHold gives a hold an id that is free: who it came from, by whom it was found under
// its old one, has holds of their own again.
func (p *Party) renameHold(row storage.Record) error {
	var state holdState
	if err := p.decode(row, &state); err != nil {
		return err
	}
	id, err := p.freeName(holdKind, state.As)
	if err != nil {
		return err
	}
	if err := p.needLots(row.Lots); err != nil {
		return err
	}
	state.As = ""
	if err := p.putHold(id, state, row.Status, row.DueAt); err != nil {
		return err
	}
	return p.leaveBehind(holdKind, row.ID)
}

// freeName is a name with the first number that no record of the kind has.
func (p *Party) freeName(kind, name string) (string, error) {
	for n := 2; ; n++ {
		free := numbered(name, n)
		if _, taken, err := p.record(kind, free); !taken || err != nil {
			return free, err
		}
	}
}

// moveOnce keeps the later of two marks.
func moveOnce(into *Party, row storage.Record) error {
	have, exists, err := into.record(onceKind, row.ID)
	if err != nil || exists && have.Sort >= row.Sort {
		return err
	}
	return into.putOwn(row)
}

// moveIdle lets the later of two activities count, where the survivor loses points by
// inactivity at all: another law may hold for them.
func (p *Party) moveIdle(into *Party, row storage.Record) error {
	if into.inactivity(p.tx.rev, row.ID) == nil {
		return nil
	}
	var theirs idleState
	if err := p.decode(row, &theirs); err != nil {
		return err
	}
	mine, due, armed, err := into.idle(row.ID)
	if err != nil {
		return err
	}
	if points.IsNever(row.DueAt) {
		return nil
	}
	if due = later(due, row.DueAt); !armed {
		due = row.DueAt
	}
	mine.Last = later(mine.Last, theirs.Last)
	return into.putIdle(row.ID, mine, due)
}

// moveMerge makes a member who was merged into this one a part of the survivor.
func (p *Party) moveMerge(into *Party, row storage.Record) error {
	if !liveMerge(row.Status) {
		return nil
	}
	var state mergeState
	if err := p.decode(row, &state); err != nil {
		return err
	}
	state.Via = append(slices.Clip(state.Via), p.Member())
	return into.putMerge(row.ID, state, mergeInherited)
}

// moveOther moves a record that stands for itself, unless the survivor has one.
func (p *Party) moveOther(into *Party, row storage.Record) error {
	if _, taken, err := into.record(row.Kind, row.ID); taken || err != nil {
		return err
	}
	if row.Lots = slices.Clone(row.Lots); len(row.Lots) > 0 {
		if err := p.needLots(row.Lots); err != nil {
			return err
		}
	}
	for i := range row.Lots {
		var err error
		if row.Lots[i], err = p.follow(into, row.Lots[i]); err != nil {
			return err
		}
	}
	return into.putOwn(row)
}
