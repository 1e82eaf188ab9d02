package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Totals returns the running sums of a program's entries, sorted by unit, kind,
// from and to. It returns points.ErrOverflow where one has passed int64.
func (s *Store) Totals(ctx context.Context, program string) ([]storage.Total, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.programs[program]
	if p == nil {
		return nil, nil
	}
	totals := make([]storage.Total, 0, len(p.totals))
	for key, sum := range p.totals {
		if sum.overflow != nil {
			return nil, fmt.Errorf("memory: total of %s %s: %w", key.unit, key.kind, sum.overflow)
		}
		totals = append(totals, storage.Total{
			Unit: key.unit, Kind: key.kind, From: key.from, To: key.to,
			Amount: sum.amount, Entries: sum.entries,
		})
	}
	slices.SortFunc(totals, func(a, b storage.Total) int {
		return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return totals, nil
}

// count adds an entry to its running sum.
func (p *program) count(entry *points.Entry) {
	key := flow{entry.Unit, entry.Kind, entry.From, entry.To}
	sum := p.totals[key]
	if sum == nil {
		sum = &total{}
		p.totals[key] = sum
	}
	sum.entries++
	amount, err := sum.amount.Add(entry.Amount)
	if err != nil {
		sum.overflow = err
		return
	}
	sum.amount = amount
}
