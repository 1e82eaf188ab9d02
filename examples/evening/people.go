package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
)

// price is what the person is shown.
func (w *work) price() rewards.Cost {
	seat, party := w.terms.Price(w.who.tiers), w.who.party
	return rewards.Cost{
		Unit: w.terms.Unit, Points: seat.Points * points.Amount(party), Cash: seat.Money.Mul(decimal.NewFromInt(party)), Currency: seat.Currency,
	}
}

// arrive is how somebody tries to get in.
func (w *work) arrive(ctx context.Context) error {
	p := w.who
	price := w.price()
	var cmd loyalty.Command = booking.Book{
		Member: p.id, Key: p.key("book"), Session: session, Party: p.party,
		Unit: price.Unit, Points: price.Points, Money: price.Cash, Currency: price.Currency,
	}
	if p.chance(40) {
		cmd = booking.Hold{
			Member: p.id, Key: p.key("hold"), Session: session, Party: p.party,
			Unit: price.Unit, Points: price.Points, Money: price.Cash, Currency: price.Currency,
		}
	}
	receipt, err := w.engine.Do(ctx, cmd)
	switch {
	case errors.Is(err, experience.ErrSoldOut):
		if w.count("sold out") == 1 {
			w.story(w.now, fmt.Sprintf("sold out: %s is the first to learn it", p))
		}
		if p.chance(80) {
			return w.queue(ctx)
		}
		return nil
	case errors.Is(err, loyalty.ErrInsufficientPoints):
		w.count("too few beans")
		return nil
	case err != nil:
		return err
	}
	b, err := booking.Of(receipt)
	if err != nil {
		return err
	}
	if w.count("got seats") == 1 {
		w.story(w.now, fmt.Sprintf("%s is the first: %s", p, b))
	}
	if b.State == experience.Booked {
		w.booked()
		return nil
	}
	if p.chance(75) {
		w.later(w.now.Add(p.within(14)), p, (*work).accept)
	} else {
		w.count("holds left to lapse")
	}
	return nil
}

// queue joins the list, unless a seat is free again.
func (w *work) queue(ctx context.Context) error {
	p := w.who
	price := w.price()
	join := booking.Join{
		Member: p.id, Key: p.key("join"), Session: session, Party: p.party,
		Unit: price.Unit, Points: price.Points, Money: price.Cash, Currency: price.Currency,
	}
	_, err := w.engine.Do(ctx, join)
	switch {
	case errors.Is(err, experience.ErrSeatsFree):
		w.later(w.now.Add(time.Minute), p, (*work).arrive)
		return nil
	case errors.Is(err, experience.ErrClosed):
		return nil
	case err != nil:
		return err
	}
	w.count("waited")
	switch dice := p.dice.IntN(100); {
	case dice < 7:
		w.later(w.now.Add(p.within(6*24*60)), p, (*work).giveUp)
	case dice < 15:
		w.later(w.now.Add(p.within(6*24*60)), p, (*work).spendElsewhere)
	}
	return nil
}

// booked plans what follows from a booking.
func (w *work) booked() {
	p := w.who
	left := int(start.Sub(w.now) / time.Minute)
	switch dice := p.dice.IntN(100); {
	case dice < 30:
		w.later(w.now.Add(p.within(left-1)), p, (*work).giveUp)
	case dice < 36:
		w.later(w.now.Add(p.within(left-1)), p, (*work).sendGuest)
	}
	if p.chance(93) {
		w.later(start.Add(-45*time.Minute+p.within(75)), p, (*work).enter)
	}
}

// accept confirms seats that are held or promised.
func (w *work) accept(ctx context.Context) error {
	receipt, err := w.engine.Do(ctx, booking.Confirm{Member: w.who.id, Key: w.who.key("confirm"), Session: session})
	if errors.Is(err, experience.ErrState) {
		return nil
	}
	if err != nil {
		return err
	}
	if n := w.count("confirmed"); n == 1 {
		b, err := booking.Of(receipt)
		if err != nil {
			return err
		}
		w.story(w.now, fmt.Sprintf("%s confirms: %s", w.who, b))
	}
	w.booked()
	return nil
}

// giveUp cancels whatever there is to cancel.
func (w *work) giveUp(ctx context.Context) error {
	receipt, err := w.engine.Do(ctx, booking.Cancel{Member: w.who.id, Key: w.who.key("cancel"), Session: session})
	if errors.Is(err, experience.ErrState) || errors.Is(err, experience.ErrStarted) {
		return nil
	}
	if err != nil {
		return err
	}
	b, err := booking.Of(receipt)
	if err != nil {
		return err
	}
	if n := w.count(string(b.State)); n <= 2 {
		w.story(w.now, fmt.Sprintf("%s gives up: %s", w.who, b))
	}
	done, err := w.desk.Advance(ctx, session)
	w.offered(done)
	return err
}

// spendElsewhere leaves too few beans for the evening.
func (w *work) spendElsewhere(ctx context.Context) error {
	m, err := w.engine.Member(ctx, w.who.id)
	if err != nil {
		return err
	}
	has := m.Balance("bean").Available
	if has < 100 {
		return nil
	}
	_, err = w.engine.Do(ctx, loyalty.Spend{Member: w.who.id, Key: w.who.key("grinder"), Unit: "bean", Points: has - 50, Reference: "grinder"})
	if errors.Is(err, loyalty.ErrInsufficientPoints) {
		return nil // it was promoted meanwhile, and its beans are on hold
	}
	return err
}

// sendGuest lets somebody else come.
func (w *work) sendGuest(ctx context.Context) error {
	_, err := w.engine.Do(ctx, booking.HandOver{Member: w.who.id, Key: w.who.key("guest"), Session: session, Guest: "a friend"})
	if errors.Is(err, experience.ErrState) {
		return nil
	}
	w.count("sent a guest")
	return err
}

// enter is how somebody comes to the door.
func (w *work) enter(ctx context.Context) error {
	_, err := w.engine.Do(ctx, booking.CheckIn{Member: w.who.id, Key: w.who.key("door"), Session: session, Actor: "door"})
	if errors.Is(err, experience.ErrState) {
		return nil
	}
	w.count("parties came")
	return err
}
