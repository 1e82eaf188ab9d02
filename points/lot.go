package points

import (
	"cmp"
	"fmt"
	"time"
)

// Never is the explicit "never" of the ledger: the expiry of a lot that does
// not expire, the availability of one that waits for a confirmation. It is the
// last microsecond of the year 9999, so that it sorts after every real date.
var Never = time.Date(9999, time.December, 31, 23, 59, 59, 999999000, time.UTC)

// IsNever reports whether t is [Never].
func IsNever(t time.Time) bool { return t.Equal(Never) }

// LotState says in which bucket a lot's remaining points are.
type LotState uint8

// The states of a lot. Their numbers are stored and never change.
const (
	// LotPending lots wait for their AvailableFrom, or for a confirmation.
	LotPending LotState = 1
	// LotOpen lots can be spent until they expire.
	LotOpen LotState = 2
	// LotUsed lots have nothing remaining. Points of theirs may still be held.
	LotUsed LotState = 3
)

// String returns the state in lower case, such as "open".
func (s LotState) String() string {
	switch s {
	case LotPending:
		return "pending"
	case LotOpen:
		return "open"
	case LotUsed:
		return "used"
	default:
		return fmt.Sprintf("state(%d)", uint8(s))
	}
}

// Lot is a parcel of points that were credited together and expire together.
// All but Remaining, Held, State, MergedInto and Merged is fixed when the lot is made:
// points that get other dates move to another lot.
type Lot struct {
	ID   LotID  `json:"id"`
	Unit string `json:"unit"`
	// State names the bucket of Remaining.
	State LotState `json:"state"`
	// Original is what was credited, Remaining what is left to spend, Held what
	// holds have set aside from this lot.
	Original  Amount `json:"original"`
	Remaining Amount `json:"remaining"`
	Held      Amount `json:"held,omitempty"`
	// EarnedAt is when the points were earned; of a consolidated lot the
	// earliest of its parts.
	EarnedAt time.Time `json:"earnedAt"`
	// AvailableFrom is when pending points become spendable; [Never] waits for
	// a confirmation.
	AvailableFrom time.Time `json:"availableFrom"`
	// ExpiresAt is the first instant at which the points can no longer be
	// spent, or [Never].
	ExpiresAt time.Time `json:"expiresAt"`
	// Source is what the points came from: an order, an activity, a reason code.
	Source string `json:"source,omitempty"`
	// Origin is the member who first earned the points, if that is another one.
	Origin string `json:"origin,omitempty"`
	// Qualifies says that the points count for status; transferred ones do not.
	Qualifies bool `json:"qualifies,omitempty"`
	// MergedInto is the lot that took this one's points, if any, and Merged how
	// many they were. Below 0 it is, negated, a lot of another account: the two
	// members became one.
	MergedInto LotID  `json:"mergedInto,omitempty"`
	Merged     Amount `json:"merged,omitempty"`
}

// DueAt is the next instant at which time alone changes the lot: activation of a
// pending one, expiry of an open one with points remaining, else [Never].
func (l Lot) DueAt() time.Time {
	switch {
	case l.State == LotPending:
		return l.AvailableFrom
	case l.State == LotOpen && l.Remaining > 0:
		return l.ExpiresAt
	default:
		return Never
	}
}

// Spendable reports how many of the lot's points can be spent at t, whether or
// not activation or expiry has been booked yet.
func (l Lot) Spendable(t time.Time) Amount {
	if l.State == LotUsed || t.Before(l.AvailableFrom) || !t.Before(l.ExpiresAt) {
		return 0
	}
	return l.Remaining
}

// ConsumptionOrder compares lots by the order in which they are spent: soonest
// expiry first, never-expiring last, then earned time, then id.
func ConsumptionOrder(a, b Lot) int {
	return cmp.Or(a.ExpiresAt.Compare(b.ExpiresAt), a.EarnedAt.Compare(b.EarnedAt), cmp.Compare(a.ID, b.ID))
}

// Part is an amount of one lot.
type Part struct {
	Lot    LotID  `json:"lot"`
	Amount Amount `json:"amount"`
}

// Consume decides which lots a debit of amount takes from at t: those of the
// unit that can be spent at t, in [ConsumptionOrder]. It changes nothing. What
// the lots do not cover is returned as missing.
//
// The lots must already be in consumption order, as [slices.SortFunc] with
// ConsumptionOrder leaves them, and of one unit.
func Consume(lots []Lot, amount Amount, t time.Time) (parts []Part, missing Amount, err error) {
	if amount <= 0 {
		return nil, 0, fmt.Errorf("points: consume %d: the amount must be positive", amount)
	}
	missing = amount
	for _, lot := range lots {
		take := min(lot.Spendable(t), missing)
		if take <= 0 {
			continue
		}
		parts = append(parts, Part{Lot: lot.ID, Amount: take})
		if missing -= take; missing == 0 {
			break
		}
	}
	return parts, missing, nil
}
