package experience

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
)

// Session is one date of an event: when and where it is, how much room it has, and by
// which terms its seats are given. It is plain data and travels as JSON.
type Session struct {
	// ID is the caller's id of the session: 1 to 64 bytes of UTF-8.
	ID string `json:"id"`
	// Event is the code of what it is a date of, if any, Title what members read, Venue
	// where it is. Up to 64, 200 and 200 bytes.
	Event string `json:"event,omitempty"`
	Title string `json:"title,omitempty"`
	Venue string `json:"venue,omitempty"`
	// Zone is the IANA time zone of the venue, in which its times are shown.
	Zone string `json:"zone"`
	// Start and End bound the session: [Start, End), instants of the years 1970 to 9000.
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	// Capacity is the number of seats, 1 to 1,000,000.
	Capacity int64 `json:"capacity"`
	// MaxParty is the most seats of one booking, up to 1,000; 0 is 1.
	MaxParty int64 `json:"maxParty,omitempty"`
	// Unit is the code of the unit of points that prices are in, up to 32 bytes; it may be
	// left out where all seats are free of points.
	Unit string `json:"unit,omitempty"`
	// Prices holds the price of a seat by tier, at most 64, one for each tier. Empty is free.
	Prices []Price `json:"prices,omitempty"`
	// Opens says from when which tier books, at most 64, one for each tier, all before
	// booking ends. Empty is at once, for everybody; a tier that is not named books from
	// when everybody does, or not at all where everybody is not named either.
	Opens []Opening `json:"opens,omitempty"`
	// ClosesMinutes is how many minutes before the start booking ends. All minutes of a
	// session are elapsed ones, whatever clocks do meanwhile, at most ten years.
	ClosesMinutes int `json:"closesMinutes,omitempty"`
	// HoldMinutes is how long seats are held for a member who has not decided; 0 takes
	// no holds.
	HoldMinutes int `json:"holdMinutes,omitempty"`
	// List is the wait list; nil is none.
	List *List `json:"list,omitempty"`
	// Cancellation says what a cancellation costs, by at most 64 rules. Empty is nothing
	// until the start.
	Cancellation []CancelRule `json:"cancellation,omitempty"`
	// DoorsMinutes is how many minutes before the start parties are checked in.
	DoorsMinutes int `json:"doorsMinutes,omitempty"`
}

// Price is what a seat costs a tier, in points, in money, or in both. The money is the
// host's to collect.
type Price struct {
	// Tier is the code of a tier, or "ladder/tier" where several ladders have one of that
	// code; empty is everybody who has no price of their own.
	Tier string `json:"tier,omitempty"`
	// Points are in the smallest step of the session's unit, 0 to 2^40.
	Points points.Amount `json:"points,omitempty"`
	// Money is 0 or more, in units of Currency, an ISO 4217 code, with at most 18 digits
	// and 6 decimals. Currency is empty without money.
	Money    decimal.Decimal `json:"money,omitzero"`
	Currency string          `json:"currency,omitempty"`
}

// Opening is from when a tier books; an empty Tier is everybody.
type Opening struct {
	Tier string    `json:"tier,omitempty"`
	From time.Time `json:"from"`
}

// List is the policy of a wait list.
type List struct {
	// Priority names tiers that come before the others, the first first: at most 15. A
	// member with several is in the best class.
	Priority []string `json:"priority,omitempty"`
	// Max bounds the parties that wait, up to 1,000,000; 0 is 10,000.
	Max int64 `json:"max,omitempty"`
	// OfferMinutes is how long who is promoted has to accept, 1 or more. An offer never
	// lasts longer than booking is open.
	OfferMinutes int `json:"offerMinutes"`
	// ClosesMinutes is how many minutes before the start the list ends; no less than
	// the session's own.
	ClosesMinutes int `json:"closesMinutes,omitempty"`
}

// CancelRule is what a cancellation costs that comes at least Minutes before the start.
// Of the rules that a member's tiers have, or of those without a tier where they have
// none, the one with the most minutes counts that are still left; with none left,
// everything is kept.
type CancelRule struct {
	Tier    string `json:"tier,omitempty"`
	Minutes int    `json:"minutes"`
	// Points is a fee for each seat, Percent a part of the price, 0 to 100, rounded down.
	// At most one is set; neither is free. No fee is above the price.
	Points  points.Amount `json:"points,omitempty"`
	Percent int           `json:"percent,omitempty"`
}

// Bounds of what a session says.
const (
	maxCapacity = 1_000_000
	defaultList = 10_000
	maxList     = 1_000_000
	maxPriority = 15
	// maxTierName is a ladder's code, a tier's code and what stands between them.
	maxTierName = 129
)

// Party is the most seats of one booking.
func (s *Session) Party() int64 { return max(s.MaxParty, 1) }

// Closes is when booking ends.
func (s *Session) Closes() time.Time { return before(s.Start, s.ClosesMinutes) }

// Doors is from when parties are checked in.
func (s *Session) Doors() time.Time { return before(s.Start, s.DoorsMinutes) }

// ListCloses is when the list ends: at the start of the session where it has none.
func (s *Session) ListCloses() time.Time {
	if s.List == nil {
		return s.Start
	}
	return before(s.Start, max(s.List.ClosesMinutes, s.ClosesMinutes))
}

// ListMax is how many parties may wait, 0 without a list.
func (s *Session) ListMax() int64 {
	if s.List == nil {
		return 0
	}
	return cmp.Or(s.List.Max, defaultList)
}

// Classes is the number of classes of the list: one for each tier of its Priority and one
// for everybody else, or 0 without a list.
func (s *Session) Classes() int {
	if s.List == nil {
		return 0
	}
	return len(s.List.Priority) + 1
}

// Class is the class of the list for who has the tiers: 0 comes first.
func (s *Session) Class(tiers []string) int {
	if s.List == nil {
		return 0
	}
	for i, tier := range s.List.Priority {
		if slices.Contains(tiers, tier) {
			return i
		}
	}
	return len(s.List.Priority)
}

// HeldUntil is when seats that are held now are free again: after HoldMinutes, or when
// booking ends, where that is earlier.
func (s *Session) HeldUntil(now time.Time) time.Time {
	return earlier(now.Add(time.Duration(s.HoldMinutes)*time.Minute), s.Closes())
}

// OfferedUntil is up to when who is promoted now can accept: for the list's OfferMinutes,
// or until booking ends, where that is earlier.
func (s *Session) OfferedUntil(now time.Time) time.Time {
	if s.List == nil {
		return now
	}
	return earlier(now.Add(time.Duration(s.List.OfferMinutes)*time.Minute), s.Closes())
}

// Price is what a seat costs who has the tiers: the least points of their own prices, of
// those with as many the least money, then the first tier by code; or the price without a
// tier where they have none. Without either it is free.
func (s *Session) Price(tiers []string) Price {
	var own, other *Price
	for i := range s.Prices {
		p := &s.Prices[i]
		switch {
		case p.Tier == "":
			other = p
		case slices.Contains(tiers, p.Tier) && (own == nil || p.before(own)):
			own = p
		}
	}
	if own = cmp.Or(own, other); own == nil {
		return Price{}
	}
	return *own
}

// before reports whether a price counts before another that the member has, too.
func (p *Price) before(other *Price) bool {
	return cmp.Or(cmp.Compare(p.Points, other.Points), p.Money.Cmp(other.Money), cmp.Compare(p.Tier, other.Tier)) < 0
}

// Opened returns from when who has the tiers books, and whether they do at all.
func (s *Session) Opened(tiers []string) (time.Time, bool) {
	if len(s.Opens) == 0 {
		return time.Time{}, true
	}
	var from time.Time
	found := false
	for _, o := range s.Opens {
		if (o.Tier == "" || slices.Contains(tiers, o.Tier)) && (!found || o.From.Before(from)) {
			from, found = o.From, true
		}
	}
	return from, found
}

// MayBook returns why who has the tiers cannot book now, or nil: a [PartyError], a
// [NotOpenError] with the instant from which they can, or a [ClosedError]. Whether seats
// are free is the [Board]'s to say.
func (s *Session) MayBook(tiers []string, party int64, now time.Time) error {
	if party < 1 || party > s.Party() {
		return &PartyError{Party: party, Max: s.Party()}
	}
	from, ever := s.Opened(tiers)
	switch {
	case !ever:
		return &NotOpenError{Session: s.ID, From: points.Never}
	case now.Before(from):
		return &NotOpenError{Session: s.ID, From: from}
	case !now.Before(s.Closes()):
		return &ClosedError{Session: s.ID, At: s.Closes()}
	}
	return nil
}

// MayJoin returns why who has the tiers cannot join the list now, or nil: [ErrNoList], what
// [Session.MayBook] returns, or a [ClosedError] once the list has ended.
func (s *Session) MayJoin(tiers []string, party int64, now time.Time) error {
	if s.List == nil {
		return ErrNoList
	}
	if err := s.MayBook(tiers, party, now); err != nil {
		return err
	}
	if !now.Before(s.ListCloses()) {
		return &ClosedError{Session: s.ID, At: s.ListCloses()}
	}
	return nil
}

// MayEnter returns why nobody is checked in now, or nil: [ErrNotYet] before the doors open,
// a [ClosedError] from the end on.
func (s *Session) MayEnter(now time.Time) error {
	switch {
	case now.Before(s.Doors()):
		return fmt.Errorf("%w: from %s", ErrNotYet, s.Doors().UTC().Format(time.RFC3339))
	case !now.Before(s.End):
		return &ClosedError{Session: s.ID, At: s.End}
	}
	return nil
}

// Fee is what of the points that were paid for a party a cancellation now keeps, and
// the percent of the money that goes back. Party is 1 or more, paid 0 or more, in the
// unit's smallest step. It is [ErrStarted] once the session has begun.
func (s *Session) Fee(tiers []string, party int64, paid points.Amount, now time.Time) (Fee, error) {
	if !now.Before(s.Start) {
		return Fee{}, ErrStarted
	}
	if len(s.Cancellation) == 0 {
		return Fee{MoneyBack: 100}, nil
	}
	rule := s.cancelRule(tiers, s.Start.Sub(now))
	switch {
	case rule == nil:
		return Fee{Points: paid}, nil
	case rule.Percent > 0:
		kept := paid/100*points.Amount(rule.Percent) + paid%100*points.Amount(rule.Percent)/100
		return Fee{Points: kept, MoneyBack: 100 - rule.Percent}, nil
	case rule.Points > paid/points.Amount(party):
		return Fee{Points: paid, MoneyBack: 100}, nil
	default:
		return Fee{Points: rule.Points * points.Amount(party), MoneyBack: 100}, nil
	}
}

// Fee is what a cancellation costs.
type Fee struct {
	// Points is what is kept of the points, in the unit's smallest step.
	Points points.Amount `json:"points,omitempty"`
	// MoneyBack is the percent of the money that the host returns, 0 to 100.
	MoneyBack int `json:"moneyBack,omitempty"`
}

// cancelRule is the rule that counts so long before the start, or nil.
func (s *Session) cancelRule(tiers []string, left time.Duration) *CancelRule {
	own := slices.ContainsFunc(s.Cancellation, func(r CancelRule) bool { return r.Tier != "" && slices.Contains(tiers, r.Tier) })
	var best *CancelRule
	for i := range s.Cancellation {
		r := &s.Cancellation[i]
		mine := r.Tier == "" && !own || r.Tier != "" && slices.Contains(tiers, r.Tier)
		if !mine || time.Duration(r.Minutes)*time.Minute > left {
			continue
		}
		if best == nil || r.Minutes > best.Minutes || r.Minutes == best.Minutes && r.kindness() > best.kindness() {
			best = r
		}
	}
	return best
}

// kindness orders rules of one moment that tiers of one member have: free before a fee
// in points, that before a percentage, and the smaller before the larger.
func (r *CancelRule) kindness() points.Amount {
	switch {
	case r.Percent > 0:
		return -points.Amount(1)<<60 - points.Amount(r.Percent)
	default:
		return -r.Points
	}
}

func before(t time.Time, minutes int) time.Time { return t.Add(-time.Duration(minutes) * time.Minute) }

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
