package kpi

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// ErrMove reports what is no line of a ledger of points, or more points than can be
// counted.
var ErrMove = errors.New("not a move of points")

// PointBucket is where the points of a [PointMove] come from or go to. Numbers and
// names are those of package points.
type PointBucket uint8

// The buckets. A member owns the first five.
const (
	PendingPoints     PointBucket = 1
	AvailablePoints   PointBucket = 2
	HeldPoints        PointBucket = 3
	DebtPoints        PointBucket = 4
	CountedPoints     PointBucket = 5
	IssuedPoints      PointBucket = 10
	RedeemedPoints    PointBucket = 11
	ExpiredPoints     PointBucket = 12
	ReversedPoints    PointBucket = 13
	AdjustedPoints    PointBucket = 14
	TransferredPoints PointBucket = 15
	SourcePoints      PointBucket = 16
)

var pointBuckets = map[PointBucket]string{
	PendingPoints: "pending", AvailablePoints: "available", HeldPoints: "held", DebtPoints: "debt", CountedPoints: "counted",
	IssuedPoints: "issued", RedeemedPoints: "redeemed", ExpiredPoints: "expired", ReversedPoints: "reversed",
	AdjustedPoints: "adjusted", TransferredPoints: "transferred", SourcePoints: "source",
}

// String returns the name.
func (b PointBucket) String() string {
	return cmp.Or(pointBuckets[b], fmt.Sprintf("bucket %d", uint8(b)))
}

func (b PointBucket) owned() bool { return b >= PendingPoints && b <= CountedPoints }

// ParsePointBucket reads a bucket by its name or its number. An error wraps [ErrMove].
func ParsePointBucket(text string) (PointBucket, error) {
	for b, name := range pointBuckets {
		if text == name || text == fmt.Sprint(uint8(b)) {
			return b, nil
		}
	}
	return 0, fmt.Errorf("%w: %.64q is no bucket", ErrMove, text)
}

// PointMove is a line of a ledger of points of one unit, or the sum of such lines.
type PointMove struct {
	// Earned is when the points were earned: it is that of their lot. It is zero where
	// the points are of no lot, such as a debt that is paid.
	Earned time.Time
	// Into is when those of the lot were earned that the points moved to, where both
	// buckets are the member's; zero is the same lot.
	Into time.Time
	// At is when they moved.
	At       time.Time
	From, To PointBucket
	// Points is from 0 on.
	Points int64
}

// Within reports whether points moved between buckets of the member.
func (m *PointMove) Within() bool { return m.From.owned() && m.To.owned() }

func (m *PointMove) check() error {
	if pointBuckets[m.From] == "" || pointBuckets[m.To] == "" {
		return fmt.Errorf("%w: from %s to %s", ErrMove, m.From, m.To)
	}
	if m.Points < 0 || m.Points > mostPoints {
		return fmt.Errorf("%w: they must be 0 to %d, are %d", ErrMove, int64(mostPoints), m.Points)
	}
	for _, at := range []time.Time{m.Earned, m.Into, m.At} {
		if !at.IsZero() && !inYears(at) {
			return fmt.Errorf("%w: %s is not in the years 1900 to 2199", ErrMove, at)
		}
	}
	if m.At.IsZero() {
		return fmt.Errorf("%w: it is not said when they moved", ErrMove)
	}
	return nil
}
