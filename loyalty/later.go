package loyalty

import (
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// A command may take earned points back, give spent ones back, or spend, from and to more
// lots than one commit writes. Then its commit decides all, and keeps what is to be booked in
// records, each of as many lots as a commit takes. They are due at once and come before
// all else on the account, so that the points move as if the decision had moved them. The
// engine books them before it answers; where it dies, whoever settles the account does.
const (
	laterKind = "later"
	laterOpen = "open"
	laterDone = "done"
)

// laterRows is how many rows of a commit are left to what is not entries and lots.
// Every adapter takes a batch of leastRows.
const (
	laterRows = 40
	leastRows = 100
)

// laterState is the document of such a record: entries that are alike, but for the lots.
type laterState struct {
	Pattern points.Entry `json:"e"`
	Parts   []laterPart  `json:"p"`
}

type laterPart struct {
	Lot      points.LotID    `json:"l"`
	Amount   points.Amount   `json:"n"`
	Corrects points.EntryRef `json:"c,omitzero"`
}

// postpone leaves entries of lots to later commits, where there are more than one takes.
func (tx *Tx) postpone() error {
	p, e := tx.Party, tx.deciding.engine
	if p.changed() <= max(e.limits.Rows, leastRows)-laterRows {
		return nil
	}
	stay, states, all := p.laterStates(e.movedLots())
	switch {
	case !all:
		return tx.foresee()
	case tx.quote:
		return nil
	}
	if err := p.nameNoEntries(); err != nil {
		return err
	}
	tx.whole, p.entries = p.entries, stay
	p.lots, p.lotsOwned, p.written, p.newLots = slices.Clone(p.base.lots), true, nil, 0
	var err error
	p.balanceOwned = true
	if p.row.Balances, err = applyEntries(slices.Clone(p.base.row.Balances), stay); err != nil {
		return tx.fail(err)
	}
	tx.booked = len(stay)
	for i := range tx.receipt.Dates {
		tx.receipt.Dates[i].Into = 0
	}
	for n := range states {
		if err := p.putLater(fmt.Sprintf("%d/%06d", p.row.Version+1, n), &states[n]); err != nil {
			return err
		}
	}
	tx.call.later = tx.system == ""
	return nil
}

// laterStates parts entries into those that stay and those that are booked later, so many
// in one record, and reports whether each is one or the other.
func (p *Party) laterStates(most int) (stay []points.Entry, states []laterState, all bool) {
	made := p.firstNewLot()
	for i, entry := range p.entries {
		switch {
		case entry.Lot == 0:
			stay = append(stay, entry)
		case entry.Kind == points.EntryReverse || entry.Kind == points.EntryReturn,
			entry.Kind == points.EntrySpend && entry.Lot < made: // one that is made now has another id later
			states = appendLater(states, entry, most)
		case !follows(p.entries[:i], entry):
			return nil, nil, false
		}
	}
	return stay, states, true
}

// foresee fails the quote of a command that spends points of lots that it makes, in more rows
// than one commit takes, as the commit does.
func (tx *Tx) foresee() error {
	made := tx.firstNewLot()
	spends := func(e points.Entry) bool { return e.Kind == points.EntrySpend && e.Lot >= made }
	if !tx.quote || tx.changed() <= tx.deciding.engine.limits.Rows || !slices.ContainsFunc(tx.entries, spends) {
		return nil
	}
	return tx.fail(tx.deciding.engine.tooLarge())
}

// nameNoEntries lets what was paid with points not name the entries that spent them, since
// these are booked later.
func (p *Party) nameNoEntries() error {
	unnamed := func(parts []tenderPart) []tenderPart {
		parts = slices.Clone(parts)
		for i := range parts {
			if parts[i].Version > p.row.Version {
				parts[i].Version, parts[i].Ordinal = 0, 0
			}
		}
		return parts
	}
	for _, key := range slices.Clone(p.put) {
		row := p.records[p.recordAt(key.Kind, key.ID)].row
		var err error
		switch {
		case row.Kind == tenderKind:
			var state tenderState
			if err = p.decode(row, &state); err == nil {
				state.Parts = unnamed(state.Parts)
				row.Data, err = canon.Append(nil, &state)
			}
		case row.Kind == redemptionKind && row.Status != erasedState:
			var state redemptionState
			if err = p.decode(row, &state); err == nil {
				state.Parts = unnamed(state.Parts)
				row.Data, err = canon.Append(nil, &state)
			}
		default:
			continue
		}
		if err != nil {
			return p.tx.fail(err)
		}
		if err := p.putOwn(row); err != nil {
			return err
		}
	}
	return nil
}

// follows reports whether an entry is what became of points that came back by the one
// before: they repay debt or expire, and will again.
func follows(before []points.Entry, entry points.Entry) bool {
	if entry.Kind != points.EntryRepay && entry.Kind != points.EntryExpire {
		return false
	}
	for _, b := range slices.Backward(before) {
		if b.Kind == points.EntryReturn {
			return entry.Lot == b.Lot || entry.Lot == b.Into
		}
		if b.Kind != points.EntryRepay {
			return false
		}
	}
	return false
}

// appendLater adds an entry to those that are like it, up to so many.
func appendLater(states []laterState, entry points.Entry, most int) []laterState {
	part := laterPart{Lot: entry.Lot, Amount: entry.Amount, Corrects: entry.Corrects}
	entry.Lot, entry.Into, entry.Amount, entry.Corrects, entry.RecordedAt = 0, 0, 0, points.EntryRef{}, time.Time{}
	last := len(states) - 1
	if last < 0 || states[last].Pattern != entry || len(states[last].Parts) == most {
		states, last = append(states, laterState{Pattern: entry}), last+1
	}
	states[last].Parts = append(states[last].Parts, part)
	return states
}

// applyEntries books entries in balances, which are sorted by unit.
func applyEntries(balances []points.Balance, entries []points.Entry) ([]points.Balance, error) {
	for _, entry := range entries {
		var err error
		if balances, err = applyEntry(balances, entry); err != nil {
			return balances, err
		}
	}
	return balances, nil
}

func (p *Party) putLater(id string, state *laterState) error {
	data, err := canon.Append(nil, state)
	if err != nil {
		return p.tx.fail(err)
	}
	row := storage.Record{Kind: laterKind, ID: id, Status: laterOpen, DueAt: p.tx.reached(), Data: data}
	for _, part := range state.Parts {
		row.Lots = append(row.Lots, part.Lot)
	}
	return p.putOwn(row)
}

// settleLater books what a command has left to later.
func settleLater(tx *Tx, row storage.Record) error {
	var state laterState
	if err := tx.decode(row, &state); err != nil {
		return err
	}
	if err := tx.needLots(row.Lots); err != nil {
		return err
	}
	tx.plan.Reference = state.Pattern.Reference
	for _, part := range state.Parts {
		lot, err := tx.lot(part.Lot)
		if err != nil {
			return err
		}
		entry := state.Pattern
		entry.Corrects = part.Corrects
		if entry.Kind == points.EntryReturn {
			err = tx.comeBack(lot, part.Amount, entry)
		} else {
			err = tx.takeBack(lot, part.Amount, entry.From, entry)
		}
		if err != nil {
			return err
		}
	}
	return tx.putOwn(storage.Record{Kind: laterKind, ID: row.ID, Status: laterDone})
}

// all is what the command books, at once and later.
func (tx *Tx) all() []points.Entry {
	if tx.whole == nil {
		return tx.entries
	}
	return slices.Concat(tx.whole, tx.entries[tx.booked:])
}

// foretell lets the receipt say what the account comes to have, by entries that follow.
func (tx *Tx) foretell() error {
	if tx.whole == nil {
		return nil
	}
	tx.receipt.Moves = moves(tx.all())
	follow := slices.DeleteFunc(slices.Clone(tx.whole), func(e points.Entry) bool { return e.Lot == 0 })
	var err error
	tx.receipt.Balances, err = applyEntries(tx.receipt.Balances, follow)
	return err
}
