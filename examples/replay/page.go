package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/examples/keyfigures"
	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/figures"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
)

// pageDays is how many days make a customer inactive, and are compared with as many
// before them.
const pageDays = 90

// page writes the key figures of the shop that was replayed: its orders and refunds,
// its points and tiers as the books have them.
func (s *summary) page(ctx context.Context, path string, engine *loyalty.Engine, store storage.Store, program loyalty.Program) error {
	if s.currency == "" {
		return errors.New("-html: the log has no order to show")
	}
	asOf, err := keyfigures.Day(s.asOf.In(s.zone).Format(time.DateOnly), s.zone)
	if err != nil {
		return err
	}
	books, err := s.engineBooks(ctx, engine, store, program)
	if err != nil {
		return err
	}
	o := keyfigures.Options{
		Title: "Key figures of " + s.program, Zone: s.zone, AsOf: asOf, CalibrationEnd: s.calibrationEnd(asOf),
		Unit: kpi.InWeeks, UnitName: "week", InactiveDays: pageDays, Level: kpi.DefaultLevel, Engine: books, Warnings: io.Discard,
	}
	report, err := keyfigures.Compute(s.recorded(ctx, engine, store), o)
	if err != nil {
		return fmt.Errorf("-html: %w", err)
	}
	return report.WriteHTMLFile(path)
}

// calibrationEnd is the day on which two thirds of the log are over, zero where that
// leaves too little to fit a model to or to hold it against.
func (s *summary) calibrationEnd(asOf time.Time) time.Time {
	const least = 60
	days := int(asOf.Sub(s.first).Hours() / 24)
	if days < least {
		return time.Time{}
	}
	end, err := keyfigures.Day(asOf.AddDate(0, 0, -days/3).Format(time.DateOnly), s.zone)
	if err != nil {
		return time.Time{}
	}
	return end
}

// recorded are the orders as the store has them.
func (s *summary) recorded(ctx context.Context, engine *loyalty.Engine, store storage.Store) *keyfigures.Log {
	return &keyfigures.Log{
		Name: s.log,
		Each: func(_ string, take func(kpi.Order) error) (lost int, err error) {
			for order, err := range figures.Orders(ctx, engine, store, figures.OrderOptions{Currency: s.currency}) {
				if _, isLost := errors.AsType[*figures.LostError](err); isLost {
					lost++
					continue
				}
				if err != nil {
					return lost, err
				}
				if err := take(order); err != nil {
					return lost, err
				}
			}
			return lost, nil
		},
		Currency: func() string { return s.currency },
	}
}

// engineBooks are the points of the first unit that can be spent, the gift cards, and the
// moves on the first ladder. No order log closes an account, so that retention by
// membership, [figures.Customers], would be 1 whatever customers do: the page has that by
// their purchases.
func (s *summary) engineBooks(ctx context.Context, engine *loyalty.Engine, store storage.Store, program loyalty.Program) (*keyfigures.Engine, error) {
	until := s.asOf.Add(time.Microsecond)
	books := &keyfigures.Engine{}
	for _, unit := range program.Units {
		if unit.Kind == points.Metric {
			continue
		}
		report, err := figures.PointCohorts(ctx, engine, store, figures.PointOptions{Unit: unit.Code, Until: until, Zone: s.zone})
		if err != nil {
			return nil, err
		}
		books.Points, books.Unit = report, unit.Code
		break
	}
	sells := func(r rewards.Reward) bool { return r.Type == rewards.TypeGiftCard && r.Benefit.Currency == s.currency }
	if slices.ContainsFunc(program.Catalog, sells) {
		cards, err := figures.GiftCards(ctx, engine, store, figures.GiftCardOptions{Currency: s.currency, Until: until, Zone: s.zone})
		if err != nil {
			return nil, err
		}
		books.GiftCards = cards
	}
	if len(program.Ladders) == 0 {
		return books, nil
	}
	start := s.asOf.AddDate(0, 0, -pageDays)
	if start.Before(s.first) {
		start = s.first
	}
	books.TierPeriod = kpi.Period{Start: start, End: until, Zone: s.zone}
	var err error
	books.Tiers, err = figures.TierMoves(ctx, engine, store, figures.TierOptions{Period: books.TierPeriod})
	return books, err
}
