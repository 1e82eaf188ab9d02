package sqlstore

import (
	"fmt"

	"github.com/loyaltykit/loyaltykit/storage"
)

// widths are the most bytes that columns hold, where a server in a lenient mode
// would cut what is longer and say nothing.
type widths struct {
	// program is for program ids, id for ids of records, sort texts and keys of
	// claims and counters, name for all other short texts.
	program, name, id int
}

// check reports the first text of a batch that is too long.
func (w *widths) check(batch *storage.Batch) error {
	if w == nil {
		return nil
	}
	if err := fitsIn(w.program, "program", batch.Program); err != nil {
		return err
	}
	for i := range batch.Legs {
		if err := w.checkLeg(&batch.Legs[i]); err != nil {
			return err
		}
	}
	for i := range batch.Claims {
		c := &batch.Claims[i]
		if err := firstOf(fitsIn(w.name, "claim space", c.Space), fitsIn(w.id, "claim key", c.Key), fitsIn(w.name, "holder", c.Holder)); err != nil {
			return err
		}
	}
	for i := range batch.Counters {
		if err := fitsIn(w.id, "counter key", batch.Counters[i].Key); err != nil {
			return err
		}
	}
	return nil
}

func (w *widths) checkLeg(leg *storage.Leg) error {
	op := &leg.Operation
	if err := firstOf(fitsIn(w.name, "member", leg.Account.Member), fitsIn(w.name, "operation key", op.Key),
		fitsIn(w.name, "operation type", op.Type), fitsIn(w.name, "library", op.Library)); err != nil {
		return err
	}
	for i := range leg.Entries {
		e := &leg.Entries[i]
		if err := firstOf(fitsIn(w.name, "unit", e.Unit), fitsIn(w.name, "entry kind", string(e.Kind)),
			fitsIn(w.name, "rule", e.Rule), fitsIn(w.id, "entry reference", e.Reference)); err != nil {
			return err
		}
	}
	for i := range leg.Lots {
		l := &leg.Lots[i]
		if err := firstOf(fitsIn(w.name, "unit", l.Unit), fitsIn(w.id, "lot source", l.Source), fitsIn(w.name, "lot origin", l.Origin)); err != nil {
			return err
		}
	}
	for i := range leg.Records {
		r := &leg.Records[i]
		if err := firstOf(fitsIn(w.name, "record kind", r.Kind), fitsIn(w.id, "record id", r.ID), fitsIn(w.name, "record status", r.Status),
			fitsIn(w.name, "record reference", r.Reference), fitsIn(w.id, "record sort", r.Sort)); err != nil {
			return err
		}
	}
	for i := range leg.Events {
		if err := fitsIn(w.name, "event type", leg.Events[i].Type); err != nil {
			return err
		}
	}
	return nil
}

func fitsIn(width int, what, text string) error {
	if len(text) <= width {
		return nil
	}
	return fmt.Errorf("the %s has %d bytes, at most %d fit: %.40q…", what, len(text), width, text)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
