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
	entry, into := pattern, lot
	if entry.From != points.Held {
		var err error
		if into, err = p.home(lot); err != nil {
			return err
		}
	}
	if until, graced := p.grace(&into); graced {
		lot = into
		into = p.newLot(points.Unit{Code: lot.Unit}, 0, creditTerms{
			source: lot.Source, earnedAt: lot.EarnedAt, availableFrom: p.tx.reached(), expiresAt: until, grace: true, origin: lot.Origin, qualifies: lot.Qualifies,
		})
		into.Original = amount
		p.tx.receipt.Dates = append(p.tx.receipt.Dates, LotDates{
			Unit: lot.Unit, Points: amount, Lot: lot.ID, Into: into.ID, Before: lot.ExpiresAt, After: until,
		})
	}
	entry.Unit, entry.To, entry.Amount, entry.Lot = lot.Unit, points.Available, amount, lot.ID
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

// home returns the lot in which a lot's points are now, except for those that came
// back late and live on by a grace: each that comes back has a grace of its own.
func (p *Party) home(lot points.Lot) (points.Lot, error) {
	for lot.MergedInto > 0 {
		next, err := p.lot(lot.MergedInto)
		if err != nil {
			return lot, err
		}
		if p.graced(&next) && !p.graced(&lot) {
			break
		}
		lot = next
	}
	return lot, nil
}

// graced reports whether a lot lives by a grace: it was made when its points came back
// after their time, and lasts just as long as a grace from then.
func (p *Party) graced(lot *points.Lot) bool {
	unit, ok := p.tx.rev.Unit(lot.Unit)
	if !ok || unit.Grace == (points.Span{}) || !lot.EarnedAt.Before(lot.AvailableFrom) {
		return false
	}
	grace := points.Expiry{After: unit.Grace}
	return grace.From(lot.AvailableFrom, p.tx.rev.zone).Equal(lot.ExpiresAt)
}

// grace returns until when points of a lot live that come back after their expiry, and
// whether they do. Points that live by a grace get no second one.
func (p *Party) grace(lot *points.Lot) (time.Time, bool) {
	unit, ok := p.tx.rev.Unit(lot.Unit)
	if !ok || unit.Grace == (points.Span{}) || p.graced(lot) {
		return time.Time{}, false
	}
	if _, lost := p.lost(lot); !lost && lot.ExpiresAt.After(p.tx.reached()) {
		return time.Time{}, false
	}
	return points.Expiry{After: unit.Grace}.From(p.tx.reached(), p.tx.rev.zone), true
}
