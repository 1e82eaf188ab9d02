package tiers

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
)

// The most that a ladder may have.
const (
	maxTiers  = 50
	maxNeeds  = 20
	maxMonths = 1200
	maxDays   = 36600
	maxGrace  = 366

	maxLeads      = 10
	maxLeadDays   = 366
	maxLeadMonths = 12
)

// ValidateLadders lists every problem of the ladders of a program, each with the
// path of its field under path, such as "ladders[0].tiers[1].enter.all[0].atLeast". It is
// empty for good ones. Metrics must be among those given. Units and rewards of benefits
// are for the program to check.
func ValidateLadders(path string, ladders []Ladder, metrics []string) points.Problems {
	v := &validation{metrics: map[string]bool{}}
	for _, metric := range metrics {
		v.metrics[metric] = true
	}
	codes := map[string]bool{}
	for i := range ladders {
		at := fmt.Sprintf("%s[%d]", path, i)
		v.code(at+".code", ladders[i].Code, codes)
		v.ladder(at, &ladders[i])
	}
	return v.problems
}

type validation struct {
	metrics  map[string]bool
	problems points.Problems
}

func (v *validation) add(path, format string, args ...any) { v.problems.Add(path, format, args...) }

func (v *validation) code(path, code string, taken map[string]bool) {
	if err := points.CheckID(code, 64); err != nil {
		v.add(path, "%v", err)
	} else if taken[code] {
		v.add(path, "%q is there twice", code)
	} else if strings.Contains(code, "/") {
		v.add(path, "%q must have no \"/\", which stands between a ladder and a tier", code)
	}
	taken[code] = true
}

func (v *validation) ladder(at string, l *Ladder) {
	v.window(at+".window", &l.Window)
	v.course(at, l)
	if l.Grace < 0 || l.Grace > maxGrace {
		v.add(at+".grace", "%d: must be 0 to %d days", l.Grace, maxGrace)
	}
	for i, r := range l.Rollover {
		path := fmt.Sprintf("%s.rollover[%d]", at, i)
		v.metric(path+".metric", r.Metric)
		if r.Most < 0 {
			v.add(path+".most", "%d: must not be negative", r.Most)
		}
	}
	if len(l.Rollover) > 0 && !l.Window.periodic() {
		v.add(at+".rollover", "needs a window with periods, which %q has not", l.Window.Kind)
	}
	if len(l.Rollover) > 0 && l.Grace > 0 {
		v.add(at+".grace", "does not go with a rollover: what is counted in days of grace would count twice")
	}
	v.leads(at+".remind", l.Remind)
	if len(l.Tiers) == 0 || len(l.Tiers) > maxTiers {
		v.add(at+".tiers", "1 to %d tiers are needed, the lowest first", maxTiers)
	}
	codes := map[string]bool{}
	for i := range l.Tiers {
		path := fmt.Sprintf("%s.tiers[%d]", at, i)
		v.code(path+".code", l.Tiers[i].Code, codes)
		v.tier(path, &l.Tiers[i], i == 0)
	}
}

func (v *validation) window(at string, w *Window) {
	switch w.Kind {
	case Lifetime:
		if w.Span != (Span{}) {
			v.add(at+".span", "a lifetime has none")
		}
	case Calendar:
		if n := w.Span.Months; w.Span.Days != 0 || n != 1 && n != 3 && n != 6 && n != 12 {
			v.add(at+".span.months", "must be 1, 3, 6 or 12")
		}
	case Rolling, Anniversary, TierAnniversary, Cycle:
		v.span(at+".span", w.Span)
	default:
		v.add(at+".kind", "%q is not a window: use %q, %q, %q, %q, %q or %q",
			w.Kind, Lifetime, Rolling, Calendar, Anniversary, TierAnniversary, Cycle)
	}
	if (w.From != 0) != (w.Kind == Cycle) {
		v.add(at+".from", "a cycle needs a day on which it starts, and only a cycle has one")
	} else if w.From < FirstDay || w.From > LastDay {
		v.add(at+".from", "the year must be 1970 to 9999")
	}
}

func (v *validation) span(at string, s Span) {
	switch {
	case (s.Days == 0) == (s.Months == 0):
		v.add(at, "set days or months")
	case s.Days < 0 || s.Days > maxDays:
		v.add(at+".days", "%d: must be 1 to %d", s.Days, maxDays)
	case s.Months < 0 || s.Months > maxMonths:
		v.add(at+".months", "%d: must be 1 to %d", s.Months, maxMonths)
	}
}

// leads checks how long before the end of a tier members are reminded.
func (v *validation) leads(at string, leads []Span) {
	if len(leads) > maxLeads {
		v.add(at, "at most %d leads, here are %d", maxLeads, len(leads))
		return
	}
	for i, lead := range leads {
		path := fmt.Sprintf("%s[%d]", at, i)
		switch {
		case slices.Contains(leads[:i], lead):
			v.add(path, "is named twice")
		case lead.Days > maxLeadDays:
			v.add(path+".days", "%d: must be 1 to %d", lead.Days, maxLeadDays)
		case lead.Months > maxLeadMonths:
			v.add(path+".months", "%d: must be 1 to %d", lead.Months, maxLeadMonths)
		default:
			v.span(path, lead)
		}
	}
}

// course checks how tiers start, last and end.
func (v *validation) course(at string, l *Ladder) {
	periodic := l.Window.periodic()
	switch l.Start {
	case AtOnce:
	case NextPeriod:
		if !periodic {
			v.add(at+".start", "%q needs a window with periods, which %q has not", l.Start, l.Window.Kind)
		}
	default:
		v.add(at+".start", "%q is unknown: leave it out, or say %q", l.Start, NextPeriod)
	}
	switch l.End {
	case EndOfPeriod, EndOfNextPeriod:
		if !periodic {
			v.add(at+".end", "window %q has no periods: say %q or %q", l.Window.Kind, AfterSpan, WhileHeld)
		}
	case AfterSpan, WhileHeld:
	default:
		v.add(at+".end", "%q is unknown: leave it out, or say %q, %q or %q", l.End, EndOfNextPeriod, AfterSpan, WhileHeld)
	}
	if l.End == AfterSpan {
		v.span(at+".lasts", l.Lasts)
	} else if l.Lasts != (Span{}) {
		v.add(at+".lasts", "goes with end %q only", AfterSpan)
	}
	if l.Start == NextPeriod && l.End == WhileHeld {
		v.add(at+".end", "%q does not go with start %q: the next period begins with nothing", WhileHeld, NextPeriod)
	}
	if l.Window.Kind == TierAnniversary && l.End == WhileHeld {
		v.add(at+".end", "%q does not go with window %q: with the tier it starts anew, and holds nothing", WhileHeld, TierAnniversary)
	}
	if l.Down == OneStep && l.End == WhileHeld {
		v.add(at+".down", "%q does not go with end %q: a member would fall a step a day", OneStep, WhileHeld)
	}
	if l.Down != Recompute && l.Down != OneStep {
		v.add(at+".down", "%q is unknown: leave it out, or say %q", l.Down, OneStep)
	}
}

func (v *validation) tier(at string, t *Tier, lowest bool) {
	if t.Enter.IsZero() && !lowest {
		v.add(at+".enter", "only the lowest tier may take everybody")
	}
	if t.Enter.IsZero() && !t.Keep.IsZero() {
		v.add(at+".keep", "a tier that takes everybody is kept by everybody")
	}
	v.condition(at+".enter", t.Enter)
	v.condition(at+".keep", t.Keep)
	v.condition(at+".reenter", t.Reenter)
	most := decimal.NewFromInt(1000)
	for _, unit := range slices.Sorted(maps.Keys(t.Benefits.Earn)) {
		factor := t.Benefits.Earn[unit]
		if factor.Sign() <= 0 || factor.GreaterThan(most) || factor.Exponent() < -6 {
			v.add(at+".benefits.earn."+points.Clip(unit), "must be above 0, at most 1000, with at most 6 decimals")
		}
	}
	if t.Benefits.EarlyAccess < 0 || t.Benefits.EarlyAccess > 24*maxGrace {
		v.add(at+".benefits.earlyAccess", "must be 0 to %d hours", 24*maxGrace)
	}
	for _, unit := range slices.Sorted(maps.Keys(t.Benefits.Points)) {
		amount := t.Benefits.Points[unit]
		if amount <= 0 || amount > int64(points.MaxAmount) {
			v.add(at+".benefits.points."+points.Clip(unit), "must be above 0, at most %d", points.MaxAmount)
		}
	}
}

func (v *validation) condition(at string, c Condition) {
	v.needs(at+".all", c.All)
	v.needs(at+".any", c.Any)
}

func (v *validation) needs(at string, needs []Need) {
	if len(needs) > maxNeeds {
		v.add(at, "at most %d thresholds", maxNeeds)
	}
	for i, n := range needs {
		path := fmt.Sprintf("%s[%d]", at, i)
		v.metric(path+".metric", n.Metric)
		if n.AtLeast <= 0 {
			v.add(path+".atLeast", "%d: must be above 0", n.AtLeast)
		}
	}
}

func (v *validation) metric(path, metric string) {
	if !v.metrics[metric] {
		v.add(path, "%q is not a metric of the program", metric)
	}
}
