package points

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Count makes a rule wait for what a member does several times. What counts are
// the orders or activities that meet the rule's other conditions, from the day on
// which the rule is in force: with Nth 1 a first purchase, with Every and Pieces a
// punch card. An order of which nothing can be counted, or of gift cards and free
// lines only, does not count.
//
// A bonus is given as often as the count comes to the number; a rate or a
// multiplier applies to the order that brings it there. Where that order is refunded
// whole, what it earned goes back with it, and the next that counts earns it again if
// what is left suffices.
type Count struct {
	// Pieces counts the pieces of the lines that Match takes, of an activity its
	// amount, instead of orders and activities.
	Pieces bool `json:"pieces,omitempty"`
	// Nth is the one number that earns. Every is how many earn again and again,
	// and what is over counts for the next time. One of them is given, from 1 to 10^9.
	Nth   int64 `json:"nth,omitempty"`
	Every int64 `json:"every,omitempty"`
	// Per is the period after which the count starts anew; empty is a lifetime.
	Per Period `json:"per,omitempty"`
}

// ErrUsageGone reports an evaluation at an instant whose counts are no longer
// kept; see [Usage.Prune].
var ErrUsageGone = errors.New("points: what was used of the rule by then is no longer kept")

const maxCount = 1_000_000_000

// Period is Per, filled in.
func (c *Count) Period() Period {
	if c.Per == "" {
		return Lifetime
	}
	return c.Per
}

// completed is how often a count of n has come to the number.
func (c *Count) completed(n int64) int64 {
	switch {
	case n <= 0:
		return 0
	case c.Every > 0:
		return n / c.Every
	case n >= c.Nth:
		return 1
	default:
		return 0
	}
}

// Progress is how far a member has come with a rule that counts.
type Progress struct {
	Rule string `json:"rule"`
	// Label is the rule's own, if it has one.
	Label string `json:"label,omitempty"`
	// Have of Need are there, and Need earns: for a rule that earns again and again
	// since the last time. A rule that has earned its one time is Done.
	Have int64 `json:"have"`
	Need int64 `json:"need"`
	Done bool  `json:"done,omitempty"`
	// Pieces says that pieces are counted, and not orders or activities.
	Pieces bool `json:"pieces,omitempty"`
	// Until is when the count starts anew; zero is never.
	Until time.Time `json:"until,omitzero"`
}

// String says how far it is, such as "coffee-card: 7 of 10".
func (p Progress) String() string {
	name := p.Rule
	if p.Label != "" {
		name = p.Label
	}
	if p.Done {
		return name + ": earned"
	}
	return fmt.Sprintf("%s: %d of %d", name, p.Have, p.Need)
}

// Progress returns how far a member has come with a rule that counts, in the
// period of an instant, and false for a rule that does not.
func (u *Usage) Progress(rule *Rule, at time.Time, zone *time.Location) (Progress, bool) {
	if rule.Count == nil {
		return Progress{}, false
	}
	name, end := rule.Count.Period().On(at, zone)
	m, _ := u.mark(rule.Code, name)
	p := Progress{Rule: rule.Code, Label: rule.Label, Pieces: rule.Count.Pieces, Until: end}
	if IsNever(end) {
		p.Until = time.Time{}
	}
	if rule.Count.Nth > 0 {
		p.Need, p.Done = rule.Count.Nth, m.Done > 0
		p.Have = min(max(m.Count, 0), p.Need)
		return p, true
	}
	p.Need = rule.Count.Every
	p.Have = min(max(0, m.Count-saturate(m.Done, p.Need)), p.Need)
	return p, true
}

// saturate is a × b for what is not negative, and the largest number where that is
// too large.
func saturate(a, b int64) int64 {
	if b != 0 && a > math.MaxInt64/b {
		return math.MaxInt64
	}
	return a * b
}

func saturatedSum(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// count notes, for every rule that counts this occasion, what it adds and how
// often that completes the count.
func (o *occasion) count() error {
	for i := range o.rules {
		rule := &o.rules[i]
		if rule.Count == nil || !o.isFor(rule) || !rule.When.holds(o.env.At, o.env.Zone) || !o.allows(rule) {
			continue
		}
		n, lines := o.counted(rule)
		if n == 0 {
			continue
		}
		name, end := rule.Count.Period().On(o.env.At, o.env.Zone)
		if !o.env.Usage.keeps(end) {
			return fmt.Errorf("%w: rule %q in %s", ErrUsageGone, rule.Code, name)
		}
		mark, _ := o.env.Usage.mark(rule.Code, name)
		after := saturatedSum(mark.Count, n)
		use := o.tally.use(rule.Code)
		use.Counted, use.Lines = n, lines
		use.Completed = max(0, rule.Count.completed(after)-mark.Done)
	}
	return nil
}

// counted returns how much of the occasion a rule counts, and on which lines.
func (o *occasion) counted(rule *Rule) (n int64, lines []int) {
	if o.activity != nil {
		if rule.Count.Pieces {
			return max(int64(o.activity.Amount), 1), nil
		}
		return 1, nil
	}
	for l := range o.lines {
		source := o.lines[l].source
		if source == nil || source.StoredValue || source.Amount.IsZero() ||
			rule.Match.specificity(source) == noMatch || !rule.Only.combined(source) {
			continue
		}
		n += max(source.Quantity, 1)
		lines = append(lines, l)
	}
	if n > 0 && !rule.Count.Pieces {
		n = 1
	}
	return n, lines
}

func (p *Problems) count(path string, c *Count) {
	if c == nil {
		return
	}
	given := 0
	for _, number := range []struct {
		name string
		n    int64
	}{{"nth", c.Nth}, {"every", c.Every}} {
		if number.n == 0 {
			continue
		}
		given++
		if number.n < 1 || number.n > maxCount {
			p.Add(path+"."+number.name, "%d is not a number from 1 to %d", number.n, maxCount)
		}
	}
	if given != 1 {
		p.Add(path, "give either \"nth\" or \"every\"")
	}
	if c.Per != "" {
		p.period(path+".per", c.Per, periods[1:])
	}
}
