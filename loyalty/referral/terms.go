package referral

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

// Offer is what both sides were promised when the friend accepted: later terms change
// nothing of it.
type Offer struct {
	// Minimum is what the order has to come to, by currency: the money that counted for
	// its points and that was not refunded. An order in a currency that is not listed does
	// not count. Without any, every order counts that earned something.
	Minimum []Minimum `json:"minimum,omitempty"`
	// OrderWithin is the time from the acceptance in which the friend has to order, above
	// 0 and up to ten years, on the calendar of the program's zone.
	OrderWithin points.Span `json:"orderWithin"`
	// CoolingOff is the time from the order after which it counts, such as the return
	// window, up to ten years. Without one, it counts at once.
	CoolingOff points.Span `json:"coolingOff,omitzero"`
	// Referrer and Friend are the codes of the activities that each side's reward is; a
	// side without one gets nothing. At least one is needed.
	Referrer string `json:"referrer,omitempty"`
	Friend   string `json:"friend,omitempty"`
	// ClawBack takes rewards back where so much of the order comes back after the
	// cooling-off that it would not count, or where both turn out to be one member.
	ClawBack bool `json:"clawBack,omitempty"`
}

// Minimum is the least money of an order in a currency.
type Minimum struct {
	// Currency is an ISO 4217 code. Amount is not negative.
	Currency string          `json:"currency"`
	Amount   decimal.Decimal `json:"amount"`
}

// Terms is how a program rewards referrals, as data: it goes to JSON and back.
type Terms struct {
	Offer
	// New is how long ago a friend may have joined when they accept, up to ten years; none
	// is any time. Who is merged with a member who joined before is as old as that one.
	New points.Span `json:"new,omitzero"`
	// Unused is the code of a metric of which a friend has counted nothing when they
	// accept, such as that of orders or of money spent; none asks for nothing.
	Unused string `json:"unused,omitempty"`
	// Rings lets a member accept the code of somebody whom they have referred.
	Rings bool `json:"rings,omitempty"`
	// Prefix and Length are those of codes that the engine makes; see rewards.Voucher.
	Prefix string `json:"prefix,omitempty"`
	Length int    `json:"length,omitempty"`
}

// Validate reports every problem of the terms, each with the path of its field.
func (t Terms) Validate() error {
	var problems points.Problems
	for i, minimum := range t.Minimum {
		path := fmt.Sprintf("minimum[%d]", i)
		problems = append(problems, points.ValidateMoney(path+".amount", minimum.Amount, path+".currency", minimum.Currency)...)
		for _, other := range t.Minimum[:i] {
			if other.Currency == minimum.Currency {
				problems.Add(path+".currency", "%q is there twice", points.Clip(minimum.Currency))
			}
		}
	}
	span(&problems, "orderWithin", t.OrderWithin, 1)
	span(&problems, "coolingOff", t.CoolingOff, 0)
	for _, activity := range []struct{ path, code string }{{"referrer", t.Referrer}, {"friend", t.Friend}} {
		if activity.code != "" {
			id(&problems, activity.path, activity.code, 128)
		}
	}
	if t.Referrer == "" && t.Friend == "" {
		problems.Add("referrer", "nobody gets anything: name the activity of \"referrer\", of \"friend\", or both")
	}
	span(&problems, "new", t.New, 0)
	if t.Unused != "" {
		id(&problems, "unused", t.Unused, 32)
	}
	if _, err := rewards.NewCode(zeros{}, &rewards.Voucher{Prefix: t.Prefix, Length: t.Length}); err != nil {
		problems.Add("length", "%v", err)
	}
	if strings.Trim(t.Prefix, rewards.CodeAlphabet) != "" {
		problems.Add("prefix", "%q: must have characters of %s", points.Clip(t.Prefix), rewards.CodeAlphabet)
	}
	return problems.Err()
}

// zeros is a source that has nothing but zeros.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// span reports a span that is below a number or above ten years.
func span(problems *points.Problems, path string, s points.Span, least int) {
	if s == (points.Span{}) && least == 0 {
		return
	}
	most := map[points.CalendarUnit]int{points.Days: 3660, points.Weeks: 520, points.Months: 120, points.Years: 10}[s.Unit]
	switch {
	case most == 0:
		problems.Add(path+".unit", "%q: must be days, weeks, months or years", points.Clip(string(s.Unit)))
	case s.N < max(least, 1) || s.N > most:
		problems.Add(path+".n", "%d: must be %d to %d", s.N, max(least, 1), most)
	}
}

func id(problems *points.Problems, path, value string, most int) {
	if err := points.CheckID(value, most); err != nil {
		problems.Add(path, "%v", err)
	}
}

// enough reports whether an order of the currency with so much left of it counts.
func (o *Offer) enough(currency string, left decimal.Decimal) bool {
	if len(o.Minimum) == 0 {
		return true
	}
	for _, minimum := range o.Minimum {
		if minimum.Currency == currency {
			return left.GreaterThanOrEqual(minimum.Amount)
		}
	}
	return false
}

// known reports an activity of the offer that the program has no rule and no metric for.
func (o *Offer) known(program *loyalty.Program) error {
	for _, activity := range []string{o.Referrer, o.Friend} {
		if !rewarded(program, activity) {
			return fmt.Errorf("%w: activity %q: the program has neither a rule for it nor a metric", ErrNoReward, activity)
		}
	}
	return nil
}

// rewarded reports whether a program knows an activity; none needs nothing.
func rewarded(program *loyalty.Program, activity string) bool {
	if unit, known := program.Unit(activity); activity == "" || known && unit.Kind == points.Metric {
		return true
	}
	for i := range program.Earning {
		if program.Earning[i].Activity == activity {
			return true
		}
	}
	return false
}
