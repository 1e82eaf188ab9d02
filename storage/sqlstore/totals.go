package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Totals sums a program's entries in the database. It returns points.ErrOverflow
// where a sum passes int64: the halves of amounts are summed apart, so that the
// database cannot wrap or round.
func (e *engine) Totals(ctx context.Context, program string) ([]storage.Total, error) {
	var totals []storage.Total
	err := e.sessions.read(ctx, func(ctx context.Context, s *session) error {
		totals = nil
		return s.query(ctx, sumEntries, func(rows *sql.Rows) (bool, error) {
			var t storage.Total
			var high, low int64
			err := rows.Scan(&t.Unit, &t.Kind, &t.From, &t.To, &high, &low, &t.Entries)
			if err == nil {
				t.Amount, err = join(high, low)
			}
			totals = append(totals, t)
			return true, err
		}, program)
	})
	if err != nil {
		return nil, fmt.Errorf("sqlstore: totals of program %q: %w", program, err)
	}
	return totals, nil
}

// join returns high × 2³² + low.
func join(high, low int64) (points.Amount, error) {
	high += low >> 32
	if high < math.MinInt32 || high > math.MaxInt32 {
		return 0, points.ErrOverflow
	}
	return points.Amount(high<<32 | low&math.MaxUint32), nil
}
