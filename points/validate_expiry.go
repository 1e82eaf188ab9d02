package points

import (
	"fmt"
	"slices"
	"time"
)

const (
	maxExpiryYears = 10
	maxActivities  = 100
)

// ValidateExpiry reports every problem of an expiry. Paths start with path.
func ValidateExpiry(path string, e Expiry) Problems {
	var p Problems
	p.boundary(path+".boundary", e.Boundary)
	if e.Day != (YearDay{}) {
		p.yearDay(path+".day", e.Day)
	}
	switch {
	case e.Years < 0 || e.Years > maxExpiryYears:
		p.Add(path+".years", "%d is not a number of years from 0 to %d", e.Years, maxExpiryYears)
	case e.Years > 0 && (e.Day == YearDay{} || e.After != Span{}):
		p.Add(path+".years", "goes with a \"day\" and no \"after\"")
	}
	switch {
	case e == Expiry{}:
		p.Add(path, "say when points expire: a span \"after\", a \"day\" of the year, or \"never\": true")
	case e.Never && e != Expiry{Never: true}:
		p.Add(path, "\"never\" excludes all else")
	case e.Never:
	case e.Day != YearDay{}:
		p.optionalSpan(path+".after", e.After)
		if e.Boundary != EndOfDay {
			p.Add(path+".boundary", "a \"day\" is a boundary itself: leave it out")
		}
	default:
		p.span(path+".after", e.After)
	}
	return p
}

// ValidateInactivity reports every problem of an inactivity, which may be nil. Paths
// start with path.
func ValidateInactivity(path string, i *Inactivity) Problems {
	var p Problems
	if i == nil {
		return nil
	}
	p.span(path+".after", i.After)
	p.boundary(path+".boundary", i.Boundary)
	if len(i.Activities) == 0 || len(i.Activities) > maxActivities {
		p.Add(path+".activities", "name 1 to %d activities that count, such as \"earn\", here are %d", maxActivities, len(i.Activities))
		return p
	}
	for j, activity := range i.Activities {
		if problem := codeProblem(activity); problem != "" {
			p.Add(fmt.Sprintf("%s.activities[%d]", path, j), "%s", problem)
		} else if slices.Contains(i.Activities[:j], activity) {
			p.Add(fmt.Sprintf("%s.activities[%d]", path, j), "%q is named twice", activity)
		}
	}
	return p
}

// ValidateSpan reports every problem of a span. Paths start with path.
func ValidateSpan(path string, s Span) Problems {
	var p Problems
	p.span(path, s)
	return p
}

func (p *Problems) yearDay(path string, d YearDay) {
	if d.Month < 1 || d.Month > 12 {
		p.Add(path+".month", "%d is not a month from 1 to 12", d.Month)
	}
	// 2028 has a 29 February.
	last := time.Date(2028, time.Month(min(max(d.Month, 1), 12))+1, 0, 0, 0, 0, 0, time.UTC).Day()
	if d.Day < 1 || d.Day > last {
		p.Add(path+".day", "%d is not a day from 1 to %d", d.Day, last)
	}
}

// optionalSpan checks a span that may be left out.
func (p *Problems) optionalSpan(path string, s Span) {
	if s != (Span{}) {
		p.span(path, s)
	}
}

// ruleExpiry checks the expiry of a rule, which must earn points to spend.
func (p *Problems) ruleExpiry(path string, r *Rule, units []Unit) {
	if r.Expiry == (Expiry{}) {
		return
	}
	*p = append(*p, ValidateExpiry(path, r.Expiry)...)
	for i := range units {
		if (units[i].Code == r.Unit || i == 0 && r.Unit == "") && units[i].Kind == Metric {
			p.Add(path, "what %q earns is a metric, which never expires: leave it out", r.Code)
		}
	}
}
