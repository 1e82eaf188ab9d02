package loyalty

import (
	"context"
	"iter"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// scrubLots veils what the lots of an erased member came from. It goes before the
// operations, whose salts it needs.
func (e *Engine) scrubLots(ctx context.Context, member string, now time.Time) error {
	query := storage.MemberQuery{Program: e.program, Member: member, Limit: 1000}
	nextOp, stop := iter.Pull2(storage.AllOperations(ctx, e.store, storage.MemberQuery{Program: e.program, Member: member}))
	defer stop()
	var op storage.Operation
	var buffer encoder
	step := &scrubStep{sources: map[points.LotID]string{}}
	flush := func() error {
		if len(step.lots) == 0 {
			return nil
		}
		err := e.scrubStep(ctx, member, step, now)
		step = &scrubStep{sources: map[points.LotID]string{}}
		return err
	}
	for lot, err := range storage.AllLots(ctx, e.store, query) {
		if err != nil {
			return err
		}
		if lot.Source == "" || reserved(lot.Source) {
			continue
		}
		for more := true; more && op.Version < int64(lot.ID)/lotsPerVersion; {
			var opErr error
			if op, opErr, more = nextOp(); opErr != nil {
				return opErr
			}
		}
		step.lots = append(step.lots, lot.ID)
		buffer, step.sources[lot.ID] = veil(buffer, op.Salt, lot.Source)
		if len(step.lots) < e.moveSize() {
			continue
		}
		if err := flush(); err != nil {
			return err
		}
	}
	return flush()
}

// veilLots writes the sources of lots as they are to be.
func (s *scrubStep) veilLots(tx *Tx) error {
	if err := tx.needLots(s.lots); err != nil {
		return err
	}
	for _, id := range s.lots {
		lot, err := tx.lot(id)
		if err != nil {
			return err
		}
		lot.Source = s.sources[id]
		tx.putLot(lot)
	}
	return nil
}
