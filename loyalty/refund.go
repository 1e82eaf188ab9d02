package loyalty

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// RefundKind says what kind of event takes an order back. All kinds have the same
// effect on points.
type RefundKind string

// The kinds of refunds.
const (
	Refunded   RefundKind = ""
	Cancelled  RefundKind = "cancel"
	Voided     RefundKind = "void"
	Chargeback RefundKind = "chargeback"
)

// Refund takes back what an order earned, for all of it, for lines, or for money:
// the one way in for refunds, cancellations, voids and chargebacks.
//
// What refunds have taken is cumulative: the original points × the refunded part,
// rounded down, and everything once all is refunded, however it was split. Points
// are taken from the order's own pending lot, then its own lot, then other
// lots; what is missing becomes debt where the program allows it, and is reported
// as a Shortfall otherwise. [RefundPolicy] may say otherwise.
//
// A refund takes back from the counts of rules what they counted of the order, so that
// buying and returning fills no punch card: whole pieces that came back, or the order
// once nothing of the counted lines is left. It gives nothing back to caps and
// budgets: these bound what is earned, not what is kept.
type Refund struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// Order is the id of an order that earned.
	Order string     `json:"order"`
	Kind  RefundKind `json:"kind,omitempty"`
	// Full refunds all that is left. Otherwise Lines or Amount say what is refunded; a
	// line comes back with its tax. Amount is money of the order that belongs to no line
	// in particular, whatever paid for it: it is taken of all lines and charges alike, so
	// that half of an order's total is half of each line.
	Full   bool                `json:"full,omitempty"`
	Lines  []points.RefundLine `json:"lines,omitempty"`
	Amount decimal.Decimal     `json:"amount,omitzero"`
	// PointsBack is how many points come back of those that paid for the order, by
	// Spend or Capture with its id. Each goes to the lot it came from and keeps its
	// expiry. A full refund returns all that are left. Of an order that was paid by its
	// [Earn], points come back by themselves, in the proportion in which they paid, and
	// the receipt's Split says what money does: a line comes back with its tax.
	PointsBack []PointsBack `json:"pointsBack,omitempty"`
	OccurredAt time.Time    `json:"occurredAt,omitzero"`
	Reason     string       `json:"reason,omitempty"`
	Actor      string       `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c Refund) Plan() Plan {
	return Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: c.Order,
		Records: []RecordRef{{Kind: orderKind, ID: c.Order}, {Kind: tenderKind, ID: c.Order}},
	}
}

// planIn also asks for some lots of every spendable unit, to take from where the
// order's own are spent.
func (c Refund) planIn(revisions []*revision) Plan {
	plan, p := c.Plan(), revisions[len(revisions)-1]
	if everLimited(revisions) {
		plan.Records = append(plan.Records, RecordRef{Kind: usageKind, ID: usageID})
	}
	plan = plan.endingIn(revisions)
	for i := range p.Units {
		if p.Units[i].Kind == points.Spendable {
			plan.Debits = append(plan.Debits, Debit{Unit: p.Units[i].Code})
		}
	}
	return plan
}

// Validate reports every problem of the refund.
func (c Refund) Validate() error {
	var problems points.Problems
	if err := points.CheckID(c.Order, maxID); err != nil {
		problems.Add("order", "%v", err)
	}
	switch c.Kind {
	case Refunded, Cancelled, Voided, Chargeback:
	default:
		problems.Add("kind", "%q is not a kind of refund: leave it out, or say %q, %q or %q", c.Kind, Cancelled, Voided, Chargeback)
	}
	var more points.Problems
	if err := c.refund().Validate(); !c.onlyPoints() && errors.As(err, &more) {
		problems = append(problems, more...)
	}
	return append(problems, backProblems(c.Full, c.PointsBack)...).Err()
}

// onlyPoints reports a refund that gives points back and no money.
func (c Refund) onlyPoints() bool {
	return len(c.PointsBack) > 0 && !c.Full && len(c.Lines) == 0 && c.Amount.IsZero()
}

func (c Refund) refund() points.Refund {
	return points.Refund{Full: c.Full, Lines: c.Lines, Amount: c.Amount}
}

// Apply implements [Command].
func (c Refund) Apply(_ context.Context, tx *Tx) error {
	row, earned, err := tx.earned(c.Order)
	if err != nil {
		return err
	}
	tender, paid, err := tx.tender(c.Order)
	if err != nil {
		return err
	}
	if !earned && (!paid || !c.Full && !c.onlyPoints()) {
		return tx.unknownOrder(c.Order)
	}
	if !earned || c.onlyPoints() {
		return tx.returnPoints(c.Order, tender, c.Full, c.PointsBack)
	}
	if tender.Sale != nil && len(c.PointsBack) > 0 {
		return invalid("pointsBack", "order %q was paid by its Earn, which says how a refund is split: leave it out", points.Clip(c.Order))
	}
	state, err := c.takeBack(tx, row)
	if err != nil {
		return err
	}
	back := c.PointsBack
	if tender.Sale != nil {
		if back, err = tx.split(&tender, state); err != nil {
			return err
		}
		if c.Full {
			back = nil // all that are left
		}
	}
	if err := tx.returnPoints(c.Order, tender, c.Full, back); err != nil || tender.Sale == nil || len(tx.receipt.PointsBack) > 0 {
		return err
	}
	return tx.putTenderOf(c.Order, tender)
}

// takeBack takes back what the order earned, and returns what is kept of it.
func (c Refund) takeBack(tx *Tx, row storage.Record) (*orderState, error) {
	state := &orderState{}
	if err := tx.decode(row, state); err != nil {
		return nil, err
	}
	day, err := tx.orderDay(row, state)
	if err != nil {
		return nil, err
	}
	tx.countsOn, tx.countsOf, tx.countsIn = day, state.path(), state.versions()
	takes, err := state.Refund(c.refund())
	if errors.Is(err, points.ErrRefund) {
		return nil, fmt.Errorf("%w: %w", ErrOverRefund, err)
	}
	if err != nil {
		return nil, err
	}
	for i, take := range takes {
		if take.Points == 0 {
			continue
		}
		pattern := points.Entry{
			Unit: take.Unit, Kind: points.EntryReverse, To: points.Reversed, Reference: c.Order,
			Corrects: state.entry(i), OccurredAt: tx.occurred,
		}
		missing, err := tx.clawBack(&row, take, pattern)
		if err != nil {
			return nil, err
		}
		if missing > 0 {
			tx.fallShort(state, i, missing)
		}
	}
	if err := tx.uncount(state); err != nil {
		return nil, err
	}
	return state, tx.putOrder(row.ID, *state, row.Lots)
}

// clawBack takes points back from the program's sources, in their order, and returns
// what they did not have. A metric is counted down.
func (tx *Tx) clawBack(row *storage.Record, take points.Take, pattern points.Entry) (points.Amount, error) {
	unit, err := tx.rev.unit("unit", take.Unit)
	if err != nil {
		return 0, err
	}
	if unit.Kind == points.Metric {
		pattern.From, pattern.To = points.Counted, points.Source
		pattern.Amount = min(take.Points, tx.Balance(take.Unit).Counted)
		if pattern.Amount == 0 {
			return 0, nil
		}
		if tx.countsOn != 0 && pattern.Corrects == (points.EntryRef{}) {
			// Nothing but its time tells from which day it is taken.
			pattern.OccurredAt = tx.countsOn.Start(tx.rev.zone).Add(12 * time.Hour)
		}
		return 0, tx.bookOn(pattern, tx.countsOn)
	}
	missing := take.Points
	for _, source := range tx.rev.sources() {
		taken := points.Amount(0)
		switch source {
		case FromPending, FromOwn:
			taken, err = tx.takeOwn(row, points.Take{Unit: take.Unit, Points: missing}, source, pattern)
		case FromOthers:
			if taken = min(missing, tx.Balance(take.Unit).Available); taken > 0 {
				_, err = tx.debit(take.Unit, taken, pattern)
			}
		case FromDebt:
			taken, err = missing, tx.owe(take.Unit, missing, pattern)
		}
		if missing -= taken; err != nil || missing == 0 {
			return 0, err
		}
	}
	return missing, nil
}

// takeOwn takes from the lots that the order itself earned, those that are pending or
// those that are open. An open lot is followed by all that expire when it does: points
// of one expiry are alike, so that it makes no difference whether they were
// consolidated. A lot that is used up while it is pending had nothing but what the order
// takes back, so that nothing of the order's is left there nor in what expires with it: the
// order names it no longer. It returns what it took.
func (tx *Tx) takeOwn(row *storage.Record, take points.Take, source RefundSource, pattern points.Entry) (points.Amount, error) {
	missing := take.Points
	for _, id := range row.Lots {
		lot, err := tx.whereNow(id)
		if err != nil {
			return 0, err
		}
		if lot.Unit != take.Unit || (lot.State == points.LotPending) != (source == FromPending) {
			continue
		}
		bucket, alike := points.Pending, []points.Lot{lot}
		if source == FromOwn {
			bucket = points.Available
			if alike, err = tx.expiringWith(lot, missing); err != nil {
				return 0, err
			}
		}
		if source == FromPending && missing >= lot.Remaining {
			row.Lots = slices.DeleteFunc(slices.Clone(row.Lots), func(other points.LotID) bool { return other == id })
		}
		for _, lot := range alike {
			amount := min(missing, lot.Remaining)
			if err := tx.takeBack(lot, amount, bucket, pattern); err != nil {
				return 0, err
			}
			missing -= amount
		}
	}
	return take.Points - missing, nil
}

func (tx *Tx) takeBack(lot points.Lot, amount points.Amount, from points.Bucket, pattern points.Entry) error {
	if amount == 0 {
		return nil
	}
	lot.Remaining -= amount
	tx.putLot(lot)
	pattern.From, pattern.Amount, pattern.Lot = from, amount, lot.ID
	return tx.book(pattern)
}

// whereNow returns the lot in which a lot's points are now.
func (p *Party) whereNow(id points.LotID) (points.Lot, error) {
	lot, err := p.lot(id)
	for err == nil && lot.MergedInto > 0 {
		lot, err = p.lot(lot.MergedInto)
	}
	return lot, err
}

// expiringWith returns a lot and then the others of its unit and expiry that have
// points, in consumption order, as many as the amount needs.
func (tx *Tx) expiringWith(own points.Lot, amount points.Amount) ([]points.Lot, error) {
	for range 2 {
		if i := tx.lotAt(own.ID); i >= 0 {
			own = tx.lots[i]
		}
		alike := []points.Lot{own}
		missing := amount - min(amount, own.Remaining)
		known, complete := tx.spendable(own.Unit)
		for _, lot := range known {
			if missing == 0 {
				return alike, nil
			}
			if lot.ID != own.ID && lot.ExpiresAt.Equal(own.ExpiresAt) {
				alike = append(alike, lot)
				missing -= min(missing, lot.Remaining)
			}
		}
		passed := len(known) > 0 && known[len(known)-1].ExpiresAt.After(own.ExpiresAt)
		if missing == 0 || complete || passed {
			return alike, nil
		}
		if err := tx.load(storage.LoadRequest{Debits: []storage.Debit{{
			Unit: own.Unit, After: tx.reached(), Limit: quotedLots,
		}}}); err != nil {
			return nil, err
		}
	}
	return nil, tx.fail(errGather)
}
