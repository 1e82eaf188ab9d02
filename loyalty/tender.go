package loyalty

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// tenderKind is the kind of the records of points that were spent on orders, so that
// they can come back: one for each order that was paid with any.
const tenderKind = "tender"

// tenderState is the document of such a record.
type tenderState struct {
	Parts []tenderPart `json:"p"`
	// From is the member who paid, where that is another one, and As the order's id, where
	// the record has another one.
	From string `json:"from,omitempty"`
	As   string `json:"as,omitempty"`
	// Via is the member in whose name the points were spent, who was merged into another
	// one by then: it stays there when the merge is undone.
	Via string `json:"via,omitempty"`
	// Stays is set where a command of a feature paid: what it paid for stays, when a merge
	// is undone, and so does this.
	Stays bool `json:"stays,omitempty"`
	// Sale is what Earn.Pay paid, if it did.
	Sale *saleState `json:"s,omitempty"`
}

// tenderPart is what was spent of a lot, and how much of it came back.
type tenderPart struct {
	Unit   string        `json:"u"`
	Lot    points.LotID  `json:"l"`
	Amount points.Amount `json:"n"`
	Back   points.Amount `json:"b,omitempty"`
	// Version and Ordinal name the entry that spent it, where that is known.
	Version int64 `json:"v,omitempty"`
	Ordinal int   `json:"o,omitempty"`
}

// PointsBack is how many of the points that paid for an order come back.
type PointsBack struct {
	Unit   string        `json:"unit"`
	Points points.Amount `json:"points"`
}

func backProblems(full bool, list []PointsBack) points.Problems {
	var problems points.Problems
	if full && len(list) > 0 {
		problems.Add("pointsBack", "a full refund returns all points: leave it out")
	}
	if len(list) > 64 {
		problems.Add("pointsBack", "at most 64, here are %d", len(list))
		return problems
	}
	for i, back := range list {
		path := fmt.Sprintf("pointsBack[%d]", i)
		if err := points.CheckID(back.Unit, maxID); err != nil {
			problems.Add(path+".unit", "%v", err)
		}
		if back.Points <= 0 {
			problems.Add(path+".points", "%d: must be above 0", back.Points)
		}
		if slices.ContainsFunc(list[:i], func(other PointsBack) bool { return other.Unit == back.Unit }) {
			problems.Add(path+".unit", "%q is named twice", back.Unit)
		}
	}
	return problems
}

// tender returns what was paid with points for an order.
func (p *Party) tender(order string) (tenderState, bool, error) {
	id, err := p.orderID(tenderKind, order)
	if err != nil {
		return tenderState{}, false, err
	}
	return p.tenderAt(id)
}

// tenderAt is tender, by the id as it is stored.
func (p *Party) tenderAt(id string) (tenderState, bool, error) {
	var state tenderState
	row, exists, err := p.record(tenderKind, id)
	if err != nil || !exists {
		return state, false, err
	}
	return state, true, p.decode(row, &state)
}

// LeftOfPayment is how many points of a unit are left to come back of those that paid for
// an order, by a [Spend] or [Capture] that names it; it is 0 where none did. The plan
// names what a [Refund] of the order reads.
func (p *Party) LeftOfPayment(order, unit string) (points.Amount, error) {
	state, _, err := p.tender(order)
	var left points.Amount
	for _, part := range state.Parts {
		if part.Unit == unit {
			left += part.Amount - part.Back
		}
	}
	return left, err
}

// pay notes lots that were spent on an order, by entries from the given place on. What
// has come back in full is noted no longer: an order that is paid and taken back again and
// again does not grow.
func (p *Party) pay(order, unit string, parts []points.Part, entry int) error {
	if order == "" {
		return nil
	}
	return p.notePaid(order, unit, parts, entry, nil)
}

// notePaid is pay, for a sale by Earn.Pay where there is one.
func (p *Party) notePaid(order, unit string, parts []points.Part, entry int, sale *saleState) error {
	typ := p.tx.call.typ
	feature := sale == nil && typ != commandType(Spend{}) && typ != commandType(Capture{})
	id, origin, err := p.paidOrderID(order, feature)
	if err != nil {
		return err
	}
	state, exists, err := p.tenderAt(id)
	if err != nil {
		return err
	}
	if !exists {
		state.As, state.Via = origin.As, origin.Via
	}
	if sale != nil {
		if state.Sale == nil {
			sale.Gone = -state.cameBack(unit) // of what was spent on the order before
		}
		state.Sale = sale
	}
	state.Stays = state.Stays || feature
	state.forgetParts()
	for i, part := range parts {
		paid := tenderPart{Unit: unit, Lot: part.Lot, Amount: part.Amount}
		if entry >= 0 {
			paid.Version, paid.Ordinal = p.row.Version+1, entry+i
		}
		state.Parts = append(state.Parts, paid)
	}
	return p.putTender(id, state)
}

// paidOrderID is the id as it is stored of what pays for an order. A feature's orders have
// ids of its own making, which are the same whoever is named.
func (p *Party) paidOrderID(order string, feature bool) (string, orderOrigin, error) {
	if !feature {
		return p.newOrderID(tenderKind, order)
	}
	id, err := p.orderID(tenderKind, order)
	if id != order {
		return id, orderOrigin{As: order}, err
	}
	return id, orderOrigin{}, err
}

// cameBack is how many points of a unit came back of the parts.
func (s *tenderState) cameBack(unit string) points.Amount {
	var sum points.Amount
	for _, part := range s.Parts {
		if part.Unit == unit {
			sum += part.Back
		}
	}
	return sum
}

// forgetParts notes parts no longer that have come back in full.
func (s *tenderState) forgetParts() {
	var gone points.Amount
	s.Parts = slices.DeleteFunc(s.Parts, func(part tenderPart) bool {
		if part.Back == part.Amount && s.Sale != nil && part.Unit == s.Sale.Exchange.Unit {
			gone += part.Back
		}
		return part.Back == part.Amount
	})
	if gone > 0 {
		sale := *s.Sale
		sale.Gone += gone
		s.Sale = &sale
	}
}

// putTenderOf stores what was paid for an order that a command names.
func (p *Party) putTenderOf(order string, state tenderState) error {
	id, err := p.orderID(tenderKind, order)
	if err != nil {
		return err
	}
	return p.putTender(id, state)
}

// putTender stores what was paid for an order under the id as it is stored.
func (p *Party) putTender(id string, state tenderState) error {
	data, err := canon.Append(nil, &state)
	if err != nil {
		return p.tx.fail(err)
	}
	return p.putOwn(storage.Record{Kind: tenderKind, ID: id, Data: data, Lots: stillTaken(state.Parts)})
}

// stillTaken lists the lots to which points may come back.
func stillTaken(parts []tenderPart) []points.LotID {
	var lots []points.LotID
	for _, part := range parts {
		if part.Back < part.Amount && !slices.Contains(lots, part.Lot) {
			lots = append(lots, part.Lot)
		}
	}
	return lots
}

// payGathered notes the lots of a gathered spend.
func (tx *Tx) payGathered(c Spend, gathered gatherState, sale *saleState) error {
	if c.Order == "" {
		return nil
	}
	for n := gathered.First; n < gathered.Next; n++ {
		row, exists, err := tx.Record(holdKind, chunkID(gathering(c.Key), n))
		if err != nil {
			return err
		}
		if !exists {
			continue
		}
		var hold holdState
		if err := tx.decode(row, &hold); err != nil {
			return err
		}
		if err := tx.notePaid(c.Order, c.Unit, hold.Parts, -1, sale); err != nil {
			return err
		}
	}
	return nil
}

// returnPoints gives points back that paid for an order, to the lots they came from:
// what was taken last comes back first, so that it makes no difference how a return is
// split. A full return gives back all that is left.
func (tx *Tx) returnPoints(order string, state tenderState, full bool, list []PointsBack) error {
	if full {
		for _, part := range state.Parts {
			if part.Back == part.Amount {
				continue
			}
			i := slices.IndexFunc(list, func(back PointsBack) bool { return back.Unit == part.Unit })
			if i < 0 {
				i = len(list)
				list = append(list, PointsBack{Unit: part.Unit})
			}
			list[i].Points += part.Amount - part.Back
		}
	}
	if len(list) == 0 {
		return nil
	}
	state.Parts = slices.Clone(state.Parts)
	if err := tx.needLots(stillTaken(state.Parts)); err != nil {
		return err
	}
	for _, back := range list {
		missing := back.Points
		for i := range slices.Backward(state.Parts) {
			part := &state.Parts[i]
			amount := min(missing, part.Amount-part.Back)
			if part.Unit != back.Unit || amount == 0 {
				continue
			}
			lot, err := tx.lot(part.Lot)
			if err != nil {
				return err
			}
			err = tx.comeBack(lot, amount, points.Entry{
				Kind: points.EntryReturn, From: points.Redeemed, Reference: order, OccurredAt: tx.occurred,
				Corrects: points.EntryRef{Version: part.Version, Ordinal: part.Ordinal},
			})
			if err != nil {
				return err
			}
			part.Back += amount
			missing -= amount
		}
		if missing > 0 {
			return fmt.Errorf("%w: %d %s of the %d are left that paid for order %q", ErrOverRefund, back.Points-missing, back.Unit, back.Points, order)
		}
	}
	tx.receipt.PointsBack = list
	return tx.putTenderOf(order, state)
}

// moveParts returns parts as another account has them, whose lots hold the points now:
// those on hold where they are on hold, and those that were spent where they come back to,
// which is not a lot that lives by a grace, since each that comes back has a grace of its
// own.
func (p *Party) moveParts(into *Party, parts []tenderPart, held bool) ([]tenderPart, error) {
	parts = slices.Clone(parts)
	for i := range parts {
		part := &parts[i]
		if part.Back == part.Amount {
			continue
		}
		lot, err := p.lot(part.Lot)
		switch {
		case err != nil:
		case held:
			lot, err = p.heldLot(points.Part{Lot: part.Lot, Amount: part.Amount})
		default:
			lot, err = p.home(lot)
		}
		if err != nil {
			return nil, err
		}
		if part.Lot, err = p.goneTo(into, lot); err != nil {
			return nil, err
		}
		part.Version, part.Ordinal = 0, 0
	}
	return parts, nil
}

// moveTenderTo moves what paid for an order into another account, whose lots hold the
// points now.
func (p *Party) moveTenderTo(into *Party, row storage.Record, id string) error {
	var state tenderState
	if err := p.decode(row, &state); err != nil {
		return err
	}
	if err := p.needLots(row.Lots); err != nil {
		return err
	}
	var err error
	if state.Parts, err = p.moveParts(into, state.Parts, false); err != nil {
		return err
	}
	if state.From = cmp.Or(state.From, p.Member()); state.From == into.Member() {
		state.From = ""
	}
	state.As = nameOf(id, row.ID, state.As)
	return into.putTender(id, state)
}
