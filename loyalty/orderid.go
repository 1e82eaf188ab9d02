package loyalty

import (
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

// orderRecord returns a record of an order that a command names, and whether it exists.
func (p *Party) orderRecord(kind, id string) (storage.Record, bool, error) {
	stored, err := p.orderID(kind, id)
	if err != nil {
		return storage.Record{}, false, err
	}
	return p.record(kind, stored)
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
