package whatif

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// expired is an expiry by what it was, since another ledger has it at another place.
type expired struct {
	unit   string
	points points.Amount
	at     time.Time
}

// expired reads what a reinstatement brought back.
func (h *history) expired(member string, back loyalty.Reinstate) ([]expired, error) {
	var list []expired
	for _, ref := range back.Entries {
		query := storage.MemberQuery{Program: h.program, Member: member, From: ref.Version, Limit: 1000}
		for entry, err := range storage.AllEntries(h.ctx, h.store, query) {
			if err != nil {
				return nil, fmt.Errorf("whatif: entries of %s: %w", loyalty.AccountName(member), err)
			}
			if entry.Version > ref.Version || entry.Ordinal > ref.Ordinal {
				break
			}
			if entry.Ordinal == ref.Ordinal {
				list = append(list, expired{unit: entry.Unit, points: entry.Amount, at: entry.OccurredAt})
			}
		}
	}
	return list, nil
}

// command is an event's command as this side means it: a reinstatement names the
// entries of this side's ledger by which the same unit expired at the same instant.
func (s *side) command(ctx context.Context, event Event) (loyalty.Command, error) {
	back, ok := event.Command.(loyalty.Reinstate)
	if !ok || len(event.expired) == 0 {
		return event.Command, nil
	}
	if err := s.settle(ctx, s.now); err != nil {
		return nil, err
	}
	list, err := s.engine.Expired(ctx, back.Member)
	if err != nil {
		return nil, err
	}
	back.Entries = nil
	for _, lost := range event.expired {
		alike := func(e loyalty.ExpiredPoints) bool { return e.Unit == lost.unit && e.ExpiredAt.Equal(lost.at) }
		i := slices.IndexFunc(list, func(e loyalty.ExpiredPoints) bool { return alike(e) && e.Points == lost.points })
		if i < 0 {
			i = slices.IndexFunc(list, alike)
		}
		if i >= 0 {
			back.Entries = append(back.Entries, list[i].Entry)
			list = slices.Delete(list, i, i+1)
		}
	}
	return back, nil
}
