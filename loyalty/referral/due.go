package referral

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Done says what a [Desk] has done.
type Done struct {
	// Reviewed counts referrals that were decided, and Paid sides of which something was
	// booked: the friends' when they were decided, the referrers' after.
	Reviewed int `json:"reviewed,omitempty"`
	Paid     int `json:"paid,omitempty"`
	// Waiting counts sides that could not be booked for now, since the member is suspended.
	Waiting int `json:"waiting,omitempty"`
}

// RunDue decides all referrals whose cooling-off is over, as of an instant, and books what is
// to be booked: run it every hour or so, with the engine's time. It reads one record for each
// referral that has an order and is not paid. What fails for one stops no other: the error tells
// of all of them.
func (d *Desk) RunDue(ctx context.Context, now time.Time) (Done, error) {
	var done Done
	var failed []error
	for _, kind := range []string{joinedKind, madeKind} {
		for row, err := range storage.AllRecords(ctx, d.store, storage.RecordQuery{Program: d.program(), Kind: kind, Reference: waiting}) {
			if err != nil {
				return done, errors.Join(append(failed, fmt.Errorf("referral: %w", err))...)
			}
			if loyalty.Moved(row) || len(row.Data) == 0 {
				continue
			}
			err := d.rowDue(ctx, row, now, &done)
			if err != nil && len(failed) < 100 {
				failed = append(failed, err)
			}
			if ctx.Err() != nil {
				return done, errors.Join(failed...)
			}
		}
	}
	return done, errors.Join(failed...)
}

// rowDue does what is due about one record.
func (d *Desk) rowDue(ctx context.Context, row storage.Record, now time.Time, done *Done) error {
	list := make([]document, 1)
	if row.Kind == madeKind {
		if err := decode(row, &list[0]); err != nil {
			return err
		}
	} else {
		var j joined
		if err := decode(row, &j); err != nil {
			return err
		}
		list = j.List
	}
	var failed []error
	for i := range list {
		failed = append(failed, d.sideDue(ctx, row, &list[i], now, done))
	}
	return errors.Join(failed...)
}

// sideDue does what is due about one side of a referral.
func (d *Desk) sideDue(ctx context.Context, row storage.Record, side *document, now time.Time, done *Done) error {
	var err error
	switch {
	case side.owes():
		var receipt loyalty.Receipt
		if receipt, err = d.pay(ctx, row, side); err == nil && !receipt.Replayed {
			done.Paid++
		}
	case side.State != Qualified || side.PayAt.After(now):
		return nil
	case row.Kind == joinedKind:
		var receipt loyalty.Receipt
		if receipt, err = d.review(ctx, row.Member, side.stored(), side.PayAt); err == nil && !receipt.Replayed {
			done.Reviewed++
		}
	default:
		err = d.follow(ctx, row.Member, side)
	}
	switch {
	case errors.Is(err, loyalty.ErrSuspended):
		done.Waiting++
		return nil
	case errors.Is(err, ErrNotDue), errors.Is(err, ErrNoReferral), errors.Is(err, loyalty.ErrErased):
		return nil
	}
	return err
}

// pay books what a side owes or is owed: a reward as of when its cooling-off was over, if that
// is not too long ago.
func (d *Desk) pay(ctx context.Context, row storage.Record, side *document) (loyalty.Receipt, error) {
	cmd := Pay{Member: row.Member, Key: row.Kind + "/pay/" + string(side.State) + "/" + digest(side.Friend), Friend: side.Friend, AsFriend: row.Kind == joinedKind}
	if side.State == Cleared {
		cmd.OccurredAt = side.PayAt
	}
	receipt, err := d.engine.Do(ctx, cmd)
	if errors.Is(err, loyalty.ErrTooOld) {
		cmd.OccurredAt = time.Time{}
		receipt, err = d.engine.Do(ctx, cmd)
	}
	return receipt, err
}

// follow ends the side of a referrer whose friend was erased before it was decided. Of others
// the friend's side was decided before.
func (d *Desk) follow(ctx context.Context, member string, side *document) error {
	_, err := d.engine.Do(ctx, Review{
		Member: side.Friend, Key: "referral/follow/" + digest(side.Friend+side.PayAt.Format(time.RFC3339Nano)), Referrer: member, OccurredAt: side.PayAt,
	})
	if !errors.Is(err, loyalty.ErrErased) && !errors.Is(err, ErrNoReferral) {
		return err
	}
	_, err = d.engine.Do(ctx, Deny{
		Member: member, Key: "referral/gone/" + digest(side.Friend), Friend: side.Friend, Reason: "the friend was erased", Actor: "referral.Desk",
	})
	return err
}
