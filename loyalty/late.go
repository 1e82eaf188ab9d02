package loyalty

import (
	"errors"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
	"github.com/loyaltykit/loyaltykit/points"
)

// ErrTooOld reports an order or activity that happened before the program's
// [Program.LateWindow]; see [TooOldError].
var ErrTooOld = errors.New("it happened too long ago")

// TooOldError says until when an order or activity could have been recorded. It is
// an [ErrTooOld].
type TooOldError struct {
	OccurredAt time.Time
	// Until is the first instant at which it was too late.
	Until time.Time
}

// Error says when it happened, and until when it could be recorded.
func (e *TooOldError) Error() string {
	return fmt.Sprintf("%s is too long ago: it could be recorded until %s", e.OccurredAt.Format(time.RFC3339), e.Until.Format(time.RFC3339))
}

// Is reports that the error is an ErrTooOld.
func (e *TooOldError) Is(target error) bool { return target == ErrTooOld }

// keptCounts is how long counts and caps of a period are kept after its end where
// the program has no LateWindow.
var keptCounts = points.Span{N: 2, Unit: points.Years}

// lateBy returns the window within which something may be recorded late.
func (r *revision) lateBy() points.Span {
	if r.LateWindow != (points.Span{}) {
		return r.LateWindow
	}
	return keptCounts
}

// inTime refuses what happened before the program's window.
func (tx *Tx) inTime() error {
	if tx.rev.LateWindow == (points.Span{}) || tx.occurred.Equal(tx.reached()) {
		return nil
	}
	if until := tx.rev.LateWindow.After(tx.occurred, tx.rev.zone); !tx.now.Before(until) {
		return &TooOldError{OccurredAt: tx.occurred, Until: until}
	}
	return nil
}

// prunable is the instant such that nothing can be recorded any more for a period
// that ended by then: as of its instant where a settle step uses something. The days to spare are for the ends of months.
func (tx *Tx) prunable() time.Time {
	span := tx.rev.lateBy()
	span.N = -span.N
	return calendar.AddDays(span.After(tx.reached(), tx.rev.zone), -4, tx.rev.zone)
}
