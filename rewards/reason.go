package rewards

import (
	"fmt"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// Why says why a reward cannot be redeemed.
type Why string

// The reasons.
const (
	// Withdrawn rewards are not redeemed any more.
	Withdrawn Why = "withdrawn"
	// NotOpen rewards open At, for this member.
	NotOpen Why = "not-open"
	// Over is past the last window.
	Over Why = "over"
	// OtherTiers, OtherSegments and OtherChannels have it, which Allowed lists.
	OtherTiers    Why = "other-tiers"
	OtherSegments Why = "other-segments"
	OtherChannels Why = "other-channels"
	// TooNew members may redeem it from At.
	TooNew Why = "too-new"
	// LimitReached says that Used of Limit are used, until At.
	LimitReached Why = "limit-reached"
	// OutOfStock says that Left are left.
	OutOfStock Why = "out-of-stock"
	// TooFewPoints says how many points are Missing for an Option. Where pending points
	// will do, they do At.
	TooFewPoints Why = "too-few-points"
	// NoPrice says that the reward has no price now for this member.
	NoPrice Why = "no-price"
	// Closed says that the member may not redeem anything.
	Closed Why = "closed"
)

// Reason is one reason why a reward cannot be redeemed: a code and parameters, which
// String renders in English.
type Reason struct {
	Why Why `json:"why"`
	// At is the instant, in UTC, at which the reason ends by itself, as far as is known;
	// zero is not known, or never.
	At time.Time `json:"at,omitzero"`
	// Allowed lists tiers, segments or channels that may redeem it.
	Allowed []string `json:"allowed,omitempty"`
	// Limit is the limit that is reached, and Used how much of it is used.
	Limit *Limit `json:"limit,omitempty"`
	Used  int64  `json:"used,omitempty"`
	// Left is how many there are.
	Left int64 `json:"left,omitempty"`
	// Option costs Needed points of Unit, of which Missing are missing; Pending is what
	// the member has pending. All are in the unit's smallest step.
	Option  string        `json:"option,omitempty"`
	Unit    string        `json:"unit,omitempty"`
	Needed  points.Amount `json:"needed,omitempty"`
	Missing points.Amount `json:"missing,omitempty"`
	Pending points.Amount `json:"pending,omitempty"`
}

// String says the reason in English. Points are in the unit's smallest step, and
// instants in UTC.
func (r Reason) String() string {
	text := r.words()
	if !r.At.IsZero() {
		text += ", from " + r.At.UTC().Format("2 Jan 2006 15:04 MST")
	}
	return text
}

func (r Reason) words() string {
	switch r.Why {
	case Withdrawn:
		return "is not offered any more"
	case NotOpen:
		return "is not open yet"
	case Over:
		return "is over"
	case OtherTiers:
		return "is for the tiers " + strings.Join(r.Allowed, ", ")
	case OtherSegments:
		return "is for the segments " + strings.Join(r.Allowed, ", ")
	case OtherChannels:
		return "is for the channels " + strings.Join(r.Allowed, ", ")
	case TooNew:
		return "is for members who enrolled longer ago"
	case LimitReached:
		return r.limit()
	case OutOfStock:
		return fmt.Sprintf("is out of stock: %d left", r.Left)
	case TooFewPoints:
		return fmt.Sprintf("costs %d %s, of which %d are missing", r.Needed, r.Unit, r.Missing)
	case NoPrice:
		return "has no price now"
	case Closed:
		return "cannot be redeemed: the account may not redeem"
	default:
		return string(r.Why)
	}
}

func (r Reason) limit() string {
	if r.Limit == nil {
		return "was redeemed as often as may be"
	}
	whom := "by this member"
	if r.Limit.All {
		whom = "by all members"
	}
	return fmt.Sprintf("was redeemed %d of %d times %s in a %s", r.Used, r.Limit.Times, whom, r.Limit.Per)
}
