package loyalty

import (
	"time"

	"github.com/shopspring/decimal"
)

// EarnedOrder is what an account keeps of an order that earned, as refunds have left it.
type EarnedOrder struct {
	// Version is the version of the account that made the award, and 0 where the order
	// came by a merge.
	Version int64
	// Eligible is the money that counted for the award and that was not refunded, in the
	// order's currency; see [points.OrderState.EligibleLeft].
	Eligible decimal.Decimal
	// Keeps is set where any of the award is left: points that no refund took back.
	Keeps bool
}

// EarnedOrder returns what is kept of an order that earned in the account, by the id that the
// shop gave it, and whether it did. It reads the record of the order: one that the plan does
// not name costs a trip. [OrderRecord] names it.
func (p *Party) EarnedOrder(order string) (EarnedOrder, bool, error) {
	row, earned, err := p.earned(order)
	if err != nil || !earned || row.Status == erasedState {
		return EarnedOrder{}, false, err
	}
	var state orderState
	if err := p.decode(row, &state); err != nil {
		return EarnedOrder{}, false, err
	}
	kept := EarnedOrder{Eligible: state.EligibleLeft()}
	if state.From == "" {
		kept.Version = state.Version
	}
	for _, award := range state.Awards {
		kept.Keeps = kept.Keeps || award.Taken < award.Total()
	}
	if state.AllRefunded() {
		kept.Eligible, kept.Keeps = decimal.Decimal{}, false
	}
	return kept, true, nil
}

// OrderRecord names the record of an order of a member for a [Plan], so that
// [Party.EarnedOrder] costs no trip. An empty member is the plan's.
func OrderRecord(member, order string) RecordRef {
	return RecordRef{Member: member, Kind: orderKind, ID: order}
}

// Version is the version that the account has before the command, or after the step of a
// settlement that came before.
func (p *Party) Version() int64 { return p.base.row.Version }

// EnrolledAt is when the member joined, of members who were merged the earlier instant.
func (p *Party) EnrolledAt() time.Time { return p.row.EnrolledAt }
