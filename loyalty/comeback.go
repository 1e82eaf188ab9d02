package loyalty

import (
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// heldLot returns the lot in which points on hold are now: an extended lot took them
// along.
func (p *Party) heldLot(part points.Part) (points.Lot, error) {
	lot, err := p.lot(part.Lot)
	for err == nil && lot.Held == 0 && lot.MergedInto > 0 {
		lot, err = p.lot(lot.MergedInto)
	}
	return lot, err
}

// heldIn is the id of the lot in which points on hold are now.
func heldIn(lots map[points.LotID]points.Lot, id points.LotID) points.LotID {
	for range len(lots) {
		lot := lots[id]
		if lot.Held > 0 || lot.MergedInto <= 0 {
			break
		}
		id = lot.MergedInto
	}
	return id
}

// comeBack returns points of a lot that were on hold or spent, by an entry like the
// pattern. They repay debt. Where the lot's time has passed they expire, or move to a
// lot that lives by the unit's grace.
func (p *Party) comeBack(lot points.Lot, amount points.Amount, pattern points.Entry) error {
	entry := pattern
	entry.Unit, entry.To, entry.Amount, entry.Lot = lot.Unit, points.Available, amount, lot.ID
	into := lot
	if until, graced := p.grace(&lot); graced {
		into = p.newLot(points.Unit{Code: lot.Unit}, 0, creditTerms{
			source: lot.Source, earnedAt: lot.EarnedAt, availableFrom: p.tx.reached(), expiresAt: until, origin: lot.Origin, qualifies: lot.Qualifies,
		})
		into.Original = amount
		p.tx.receipt.Dates = append(p.tx.receipt.Dates, LotDates{
			Unit: lot.Unit, Points: amount, Lot: lot.ID, Into: into.ID, Before: lot.ExpiresAt, After: until,
		})
	} else if entry.From != points.Held {
		where, err := p.lotNow(lot)
		if err != nil {
			return err
		}
		into = where
	}
	if entry.From == points.Held {
		lot.Held -= amount
	}
	if into.ID == lot.ID {
		lot.Remaining += amount
		into = p.putLot(lot)
	} else {
		lot.MergedInto, entry.Into = into.ID, into.ID
		lot.Merged += amount
		p.putLot(lot)
		into.Remaining += amount
		into.State = points.LotOpen
		into = p.putLot(into)
	}
	if err := p.book(entry); err != nil {
		return err
	}
	return p.welcome(into, entry.OccurredAt)
}

// welcome does what follows when points came back: a settlement leaves what has
// expired to its next steps.
func (p *Party) welcome(lot points.Lot, at time.Time) error {
	if !p.tx.settling {
		_, err := p.arrive(lot, at)
		return err
	}
	lot, err := p.repay(lot, at)
	if err != nil || lot.Remaining == 0 {
		return err
	}
	if fired, lost := p.lost(&lot); lost {
		_, err = p.expire(lot, later(at, fired))
	}
	return err
}

// lotNow returns the lot in which a lot's points are now.
func (p *Party) lotNow(lot points.Lot) (points.Lot, error) {
	var err error
	for err == nil && lot.MergedInto > 0 {
		lot, err = p.lot(lot.MergedInto)
	}
	return lot, err
}

// grace returns until when points of a lot live that come back after their expiry, and
// whether they do. Points that live by a grace get no second one: their lot lasts just
// as long as a grace from when it began.
func (p *Party) grace(lot *points.Lot) (time.Time, bool) {
	unit, ok := p.tx.rev.Unit(lot.Unit)
	if !ok || unit.Grace == (points.Span{}) {
		return time.Time{}, false
	}
	if _, lost := p.lost(lot); !lost && lot.ExpiresAt.After(p.tx.reached()) {
		return time.Time{}, false
	}
	grace := points.Expiry{After: unit.Grace}
	if grace.From(lot.AvailableFrom, p.tx.rev.zone).Equal(lot.ExpiresAt) {
		return time.Time{}, false
	}
	return grace.From(p.tx.reached(), p.tx.rev.zone), true
}
