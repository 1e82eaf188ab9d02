package experience

import (
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// maxMinutes bounds the spans of a session: ten years.
const maxMinutes = 10 * 366 * 24 * 60

// maxPrice bounds what a seat costs, so that no party's sum can overflow.
const maxPrice = points.Amount(1) << 40

// Validate reports every problem of the session at once, each with the path of its field,
// as [points.Problems].
func (s *Session) Validate() error { return s.problems().Err() }

func (s *Session) problems() points.Problems {
	var problems points.Problems
	if err := points.CheckID(s.ID, 64); err != nil {
		problems.Add("id", "%v", err)
	}
	text(&problems, "event", s.Event, 64)
	text(&problems, "title", s.Title, 200)
	text(&problems, "venue", s.Venue, 200)
	if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "" || s.Zone == "Local" || len(s.Zone) > 64 {
		problems.Add("zone", `name an IANA zone, such as "Europe/Vienna" or "UTC"`)
	}
	dated(&problems, "start", s.Start)
	dated(&problems, "end", s.End)
	if !s.End.After(s.Start) {
		problems.Add("end", "must be after the start")
	}
	if s.Capacity < 1 || s.Capacity > maxCapacity {
		problems.Add("capacity", "%d: must be 1 to %d", s.Capacity, maxCapacity)
	}
	if s.MaxParty < 0 || s.MaxParty > 1000 {
		problems.Add("maxParty", "%d: must be 0 to 1000", s.MaxParty)
	}
	minutes(&problems, "closesMinutes", s.ClosesMinutes, 0)
	minutes(&problems, "holdMinutes", s.HoldMinutes, 0)
	minutes(&problems, "doorsMinutes", s.DoorsMinutes, 0)
	s.priceProblems(&problems)
	s.openProblems(&problems)
	s.listProblems(&problems)
	s.cancelProblems(&problems)
	return problems
}

func (s *Session) priceProblems(problems *points.Problems) {
	text(problems, "unit", s.Unit, 32)
	for i, p := range s.Prices {
		path := fmt.Sprintf("prices[%d]", i)
		text(problems, path+".tier", p.Tier, maxTierName)
		if slices.ContainsFunc(s.Prices[:i], func(other Price) bool { return other.Tier == p.Tier }) {
			problems.Add(path+".tier", "%q has a price already", points.Clip(p.Tier))
		}
		if p.Points < 0 || p.Points > maxPrice {
			problems.Add(path+".points", "%d: must be 0 to %d", p.Points, maxPrice)
		}
		if p.Points > 0 && s.Unit == "" {
			problems.Add("unit", "is needed for the points of %s", path)
		}
		if p.Money.IsNegative() || p.Money.NumDigits() > 18 || p.Money.Exponent() < -6 || p.Money.Exponent() > 12 {
			problems.Add(path+".money", "must be 0 or more, with at most 18 digits and 6 decimals")
		}
		if p.Money.IsZero() != (p.Currency == "") || p.Currency != "" && !currency(p.Currency) {
			problems.Add(path+".currency", "is an ISO 4217 code, such as \"EUR\", where there is money, and empty otherwise")
		}
	}
	if len(s.Prices) > 64 {
		problems.Add("prices", "at most 64, here are %d", len(s.Prices))
	}
}

func (s *Session) openProblems(problems *points.Problems) {
	if len(s.Opens) > 64 {
		problems.Add("opens", "at most 64, here are %d", len(s.Opens))
	}
	for i, o := range s.Opens {
		path := fmt.Sprintf("opens[%d]", i)
		text(problems, path+".tier", o.Tier, maxTierName)
		dated(problems, path+".from", o.From)
		if slices.ContainsFunc(s.Opens[:i], func(other Opening) bool { return other.Tier == o.Tier }) {
			problems.Add(path+".tier", "%q opens already", points.Clip(o.Tier))
		}
		if !o.From.Before(s.Closes()) {
			problems.Add(path+".from", "must be before booking ends (%s)", s.Closes().UTC().Format(time.RFC3339))
		}
	}
}

func (s *Session) listProblems(problems *points.Problems) {
	if s.List == nil {
		return
	}
	if s.List.Max < 0 || s.List.Max > maxList {
		problems.Add("list.max", "%d: must be 0 to %d", s.List.Max, maxList)
	}
	minutes(problems, "list.offerMinutes", s.List.OfferMinutes, 1)
	minutes(problems, "list.closesMinutes", s.List.ClosesMinutes, 0)
	if len(s.List.Priority) > maxPriority {
		problems.Add("list.priority", "at most %d tiers, here are %d", maxPriority, len(s.List.Priority))
	}
	for i, tier := range s.List.Priority {
		path := fmt.Sprintf("list.priority[%d]", i)
		if err := points.CheckID(tier, maxTierName); err != nil {
			problems.Add(path, "%v", err)
		}
		if slices.Contains(s.List.Priority[:i], tier) {
			problems.Add(path, "%q is named twice", points.Clip(tier))
		}
	}
}

func (s *Session) cancelProblems(problems *points.Problems) {
	if len(s.Cancellation) > 64 {
		problems.Add("cancellation", "at most 64 rules, here are %d", len(s.Cancellation))
	}
	for i, r := range s.Cancellation {
		path := fmt.Sprintf("cancellation[%d]", i)
		text(problems, path+".tier", r.Tier, maxTierName)
		minutes(problems, path+".minutes", r.Minutes, 0)
		if r.Points < 0 || r.Points > maxPrice {
			problems.Add(path+".points", "%d: must be 0 to %d", r.Points, maxPrice)
		}
		if r.Percent < 0 || r.Percent > 100 {
			problems.Add(path+".percent", "%d: must be 0 to 100", r.Percent)
		}
		if r.Points != 0 && r.Percent != 0 {
			problems.Add(path, "has points and a percentage: set one")
		}
		if slices.ContainsFunc(s.Cancellation[:i], func(o CancelRule) bool { return o.Tier == r.Tier && o.Minutes == r.Minutes }) {
			problems.Add(path+".minutes", "another rule says what %d minutes before cost", r.Minutes)
		}
	}
}

func text(problems *points.Problems, path, value string, most int) {
	if value == "" {
		return
	}
	if err := points.CheckID(value, most); err != nil {
		problems.Add(path, "%v", err)
	}
}

func minutes(problems *points.Problems, path string, n, least int) {
	if n < least || n > maxMinutes {
		problems.Add(path, "%d: must be %d to %d", n, least, maxMinutes)
	}
}

func dated(problems *points.Problems, path string, t time.Time) {
	if t.IsZero() || t.Year() < 1970 || t.Year() > 9000 {
		problems.Add(path, "must be in the years 1970 to 9000")
	}
}

func currency(code string) bool {
	return len(code) == 3 && !slices.ContainsFunc([]byte(code), func(c byte) bool { return c < 'A' || c > 'Z' })
}
