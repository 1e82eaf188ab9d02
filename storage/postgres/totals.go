package postgres

import (
	"context"
	"fmt"
	"math"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

const sumEntries = "SELECT unit, kind, from_bucket, to_bucket, sum(amount >> 32)::bigint, sum(amount & 4294967295)::bigint, count(*)" +
	" FROM loyalty_entries WHERE program = $1 GROUP BY unit, kind, from_bucket, to_bucket"

// Totals sums a program's entries in the database. It returns points.ErrOverflow
// where a sum passes int64.
func (e *engine) Totals(ctx context.Context, program string) ([]storage.Total, error) {
	var totals []storage.Total
	var overflow error
	t := &trip{}
	t.forget(func() { totals, overflow = nil, nil })
	t.query(func(r *row) error {
		total := storage.Total{
			Unit: r.text(), Kind: points.EntryKind(r.text()), From: points.Bucket(r.integer()), To: points.Bucket(r.integer()),
		}
		high, low := r.integer(), r.integer()
		high += low >> 32
		if high < math.MinInt32 || high > math.MaxInt32 {
			overflow = points.ErrOverflow
		}
		total.Amount, total.Entries = points.Amount(high<<32|low&math.MaxUint32), r.integer()
		totals = append(totals, total)
		return nil
	}, sumEntries, program)
	if err := e.database.read(ctx, t); err != nil {
		return nil, fmt.Errorf("postgres: totals of program %q: %w", program, err)
	}
	if overflow != nil {
		return nil, fmt.Errorf("postgres: totals of program %q: %w", program, overflow)
	}
	return totals, nil
}
