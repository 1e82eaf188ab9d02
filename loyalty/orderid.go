package loyalty

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/loyaltykit/loyaltykit/storage"
)

// orderKinds are the kinds of records of one order, which go by one id where ids are per
// member: two members who are one may have had an order of the same id each.
func (p *Party) orderKinds(kind string) []string {
	if everPerMember(p.tx.deciding.engine.revisions) {
		return []string{orderKind, tenderKind}
	}
	return []string{kind}
}

// pairOf is the kind of the other record of an order, which is looked for where the one
// is; other kinds have none.
func pairOf(kind string) string {
	switch kind {
	case orderKind:
		return tenderKind
	case tenderKind:
		return orderKind
	default:
		return ""
	}
}

// orderID is the id as it is stored of a record of an order that a command names.
func (p *Party) orderID(kind, id string) (string, error) {
	for _, alias := range p.aliases {
		moved := movedID(alias, id)
		for _, kind := range p.orderKinds(kind) {
			if _, exists, err := p.record(kind, moved); exists || err != nil {
				return moved, err
			}
		}
	}
	return id, nil
}

// newOrderID is orderID for a command that earns or pays. Where ids are per member, what
// it does in the name of one who was merged is of an order of theirs, not of one that the
// survivor has under that id. Its origin is for its document.
func (p *Party) newOrderID(kind, order string) (id string, origin orderOrigin, err error) {
	id, err = p.orderID(kind, order)
	if id != order {
		origin.As = order
	}
	if err != nil || len(p.aliases) == 0 || !everPerMember(p.tx.deciding.engine.revisions) {
		return id, origin, err
	}
	origin.Via = p.aliases[0]
	if id != order {
		return id, origin, nil
	}
	own := false
	for _, kind := range p.orderKinds(kind) {
		row, exists, err := p.record(kind, order)
		if err != nil {
			return "", origin, err
		}
		if !exists {
			continue
		}
		var there orderOrigin
		if err := p.decode(row, &there); err != nil {
			return "", origin, err
		}
		if there.From != "" || there.Via != "" {
			return id, origin, nil
		}
		own = true
	}
	if own {
		id, origin.As = movedID(origin.Via, order), order
	}
	return id, origin, nil
}

// orderOrigin is what the documents of both kinds say about whose an order is.
type orderOrigin struct{ From, As, Via string }

// staysStatus marks an order that was earned in the name of a member while they were
// merged into another one, who has it: it does not earn again.
const staysStatus = "stays"

// earned returns the record of an order that a command names, and whether it earned here.
func (p *Party) earned(order string) (storage.Record, bool, error) {
	id, err := p.orderID(orderKind, order)
	if err != nil {
		return storage.Record{}, false, err
	}
	row, exists, err := p.record(orderKind, id)
	return row, exists && row.Status != staysStatus, err
}

// unknownOrder refuses an order that did not earn, and says where it is if it is elsewhere.
func (p *Party) unknownOrder(order string) error {
	id, err := p.orderID(orderKind, order)
	if err != nil {
		return err
	}
	row, exists, err := p.record(orderKind, id)
	if err != nil || !exists || row.Status != staysStatus {
		return cmp.Or(err, fmt.Errorf("%w: %q", ErrUnknownOrder, order))
	}
	var state orderState
	if err := p.decode(row, &state); err != nil {
		return err
	}
	return fmt.Errorf("%w: %q earned while both were one member and is %q of %q now: name that", ErrUnknownOrder, order, state.Name, state.With)
}

// freeOrderID is the id under which a record of an order goes to another account: its
// own, unless an order there has that.
func (p *Party) freeOrderID(into *Party, kind, id string) (string, error) {
	for _, kind := range p.orderKinds(kind) {
		if free, err := p.freeID(into, kind, id); free != id || err != nil {
			return free, err
		}
	}
	return id, nil
}

// moveOrder moves what there is of an order: with the lots that it earned, and with what
// paid for it, under one id that is free.
func (p *Party) moveOrder(into *Party, row storage.Record) error {
	id, err := p.freeOrderID(into, row.Kind, row.ID)
	if err != nil {
		return err
	}
	for _, kind := range p.orderKinds(row.Kind) {
		part, exists, err := p.record(kind, row.ID)
		if err != nil {
			return err
		}
		if !exists {
			continue
		}
		if kind == tenderKind {
			err = p.moveTenderTo(into, part, id)
		} else {
			err = p.moveEarned(into, part, id)
		}
		if err != nil {
			return err
		}
		if err := p.leaveBehind(kind, row.ID); err != nil {
			return err
		}
	}
	return nil
}

func (p *Party) moveEarned(into *Party, row storage.Record, id string) error {
	var state orderState
	if err := p.decode(row, &state); err != nil {
		return err
	}
	state.hop(p.Member(), into.Member(), into.row.Version+1)
	return p.moveOrderTo(into, row, state, id)
}

// orderRefs names what a step of a merge reads to move a record, where that is an
// order's.
func (m *moveStep) orderRefs(key storage.RecordKey) []RecordRef {
	if m.returns() || key.Kind != orderKind && key.Kind != tenderKind {
		return nil
	}
	var refs []RecordRef
	for _, kind := range []string{orderKind, tenderKind} {
		refs = append(refs, RecordRef{Member: m.into, Kind: kind, ID: key.ID})
		if kind != key.Kind {
			refs = append(refs, RecordRef{Member: m.from, Kind: kind, ID: key.ID})
		}
	}
	return refs
}

// nameOf is what an order is called by its member, where it is stored under an id after it
// was under another.
func nameOf(id, before, name string) string {
	switch {
	case !reserved(id):
		return ""
	case reserved(before):
		return name
	}
	return before
}

// backID is the id under which an order goes back to a member who was merged.
func backID(member, id, name string) string {
	if name != "" && id == movedID(member, name) {
		return name
	}
	return id
}

// remains reports whether a record is of an order that was earned or paid in the name of
// somebody who goes, while they were one with the survivor, who keeps it.
func (m *moveStep) remains(row storage.Record) bool {
	if row.Kind != orderKind && row.Kind != tenderKind {
		return false
	}
	var origin orderOrigin
	return json.Unmarshal(row.Data, &origin) == nil && origin.From == "" && slices.Contains(m.with, origin.Via)
}

// keepOrder keeps such an order with the survivor, all there is of it, under an id by
// which it can be named. A mark with the one who goes says that it earned.
func (m *moveStep) keepOrder(tx *Tx, into *Party, row storage.Record) error {
	var origin orderOrigin
	if err := into.decode(row, &origin); err != nil {
		return err
	}
	id, err := into.nameable(row.ID, origin.As)
	if err != nil {
		return err
	}
	for _, kind := range []string{orderKind, tenderKind} {
		part, exists, err := into.record(kind, row.ID)
		if err != nil {
			return err
		}
		if !exists || !m.remains(part) {
			continue
		}
		if err := into.rename(part, id); err != nil {
			return err
		}
		if kind == orderKind {
			if err := m.markEarned(tx.Party, into.Member(), id, row.ID, origin); err != nil {
				return err
			}
		}
	}
	return nil
}

// markEarned leaves a mark of an order with the one who goes, unless they have one.
func (m *moveStep) markEarned(from *Party, with, name, stored string, origin orderOrigin) error {
	id := cmp.Or(origin.As, stored)
	if origin.Via != m.from {
		id = movedID(origin.Via, id)
	}
	if _, exists, err := from.record(orderKind, id); exists || err != nil {
		return err
	}
	mark := orderState{With: with, Name: name}
	if reserved(id) {
		mark.As = cmp.Or(origin.As, stored)
	}
	return from.putOrder(id, mark, nil)
}

// nameable is an id by which an order can be named: its own, or what it is called, or
// that with a number where there is such an order.
func (p *Party) nameable(id, as string) (string, error) {
	if !reserved(id) {
		return id, nil
	}
	for n := 1; ; n++ {
		name := numbered(as, n)
		free := true
		for _, kind := range []string{orderKind, tenderKind} {
			_, taken, err := p.record(kind, name)
			if err != nil {
				return "", err
			}
			free = free && !taken
		}
		if free {
			return name, nil
		}
	}
}

// numbered is the n-th name of what would have the same one.
func numbered(name string, n int) string {
	if n == 1 {
		return name
	}
	return fmt.Sprintf("%s/%d", strings.ToValidUTF8(name[:min(len(name), maxID-8)], ""), n)
}

// rename puts a record of an order under the id that it goes by from now on.
func (p *Party) rename(row storage.Record, id string) error {
	if err := p.needLots(row.Lots); err != nil {
		return err
	}
	if row.Kind == tenderKind {
		var state tenderState
		if err := p.decode(row, &state); err != nil {
			return err
		}
		state.As, state.Via = "", ""
		if err := p.putTender(id, state); err != nil {
			return err
		}
	} else {
		var state orderState
		if err := p.decode(row, &state); err != nil {
			return err
		}
		state.As, state.Via = "", ""
		if err := p.putOrder(id, state, row.Lots); err != nil {
			return err
		}
	}
	if id == row.ID {
		return nil
	}
	return p.leaveBehind(row.Kind, row.ID)
}
