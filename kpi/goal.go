package kpi

import (
	"fmt"
	"math"
	"time"
)

// GoalState says how a goal stands.
type GoalState string

// The states of a goal.
const (
	// GoalReached has the target reached, early or in time.
	GoalReached GoalState = "reached"
	// GoalOnTrack is at or beyond where the straight way from baseline to target is
	// at the instant.
	GoalOnTrack GoalState = "on_track"
	// GoalBehind is short of that.
	GoalBehind GoalState = "behind"
	// GoalMissed is past its due instant without its target.
	GoalMissed GoalState = "missed"
	// GoalNotStarted is before its start.
	GoalNotStarted GoalState = "not_started"
	// GoalUnknown has a figure that is undefined.
	GoalUnknown GoalState = "unknown"
)

// Goal is where a figure shall get: from Baseline at Start to Target at Due, in the
// unit of the figure. A target below the baseline is to be lowered to.
type Goal struct {
	// Key is that of the figure, such as "churn_rate".
	Key              string
	Baseline, Target float64
	Start, Due       time.Time
	// Zone is the zone of the dates in the reason; nil is UTC.
	Zone *time.Location
}

// GoalStanding is how a goal stands at an instant, and why.
type GoalStanding struct {
	State GoalState `json:"state"`
	// Expected is the value of the straight way at the instant.
	Expected float64 `json:"expected"`
	// Progress is the part of the way that is done: below 0 where the figure moved
	// the wrong way, above 1 beyond the target.
	Progress Figure `json:"progress"`
	// WithinError is set where the figure's interval has values on both sides of what
	// the state was decided by, so that another sample might decide otherwise.
	WithinError bool `json:"within_error"`
	// Reason says in a sentence what the state rests on.
	Reason string `json:"reason"`
}

// OnTrack reports whether nothing needs to be done: the goal is reached or on track.
func (s GoalStanding) OnTrack() bool { return s.State == GoalReached || s.State == GoalOnTrack }

// Validate reports what is wrong with a goal.
func (g Goal) Validate() error {
	var problems Problems
	if g.Key == "" {
		problems.Add("key", "must name a figure")
	}
	for _, field := range []struct {
		path  string
		value float64
	}{{"baseline", g.Baseline}, {"target", g.Target}} {
		if math.IsNaN(field.value) || math.IsInf(field.value, 0) {
			problems.Add(field.path, "must be a number, is %v", field.value)
		}
	}
	if g.Baseline == g.Target {
		problems.Add("target", "must differ from the baseline %v", g.Baseline)
	}
	if !g.Due.After(g.Start) {
		problems.Add("due", "must be after the start %s", stamp(g.Start))
	}
	return problems.Err()
}

// Standing judges a figure against the goal at an instant: the straight line from
// baseline to target says what is expected then.
func (g Goal) Standing(figure Figure, at time.Time) (GoalStanding, error) {
	if err := g.Validate(); err != nil {
		return GoalStanding{}, err
	}
	if figure.Key != g.Key {
		var problems Problems
		problems.Add("key", "the goal is for %q, the figure is %q", g.Key, figure.Key)
		return GoalStanding{}, problems.Err()
	}
	elapsed := min(max(float64(at.Sub(g.Start))/float64(g.Due.Sub(g.Start)), 0), 1)
	s := GoalStanding{Expected: g.Baseline*(1-elapsed) + g.Target*elapsed}
	const key, convention = "goal_progress", "(value − baseline) / (target − baseline)"
	value, ok := figure.Value()
	if !ok {
		s.State, s.Reason = GoalUnknown, figure.Err().Error()
		s.Progress = Undefined(key, Fraction, figure.Reason()).As(convention).In(figure.Period)
		return s, nil
	}
	s.Progress = Estimate(key, Fraction, (value-g.Baseline)/(g.Target-g.Baseline)).As(convention).In(figure.Period)
	s.State = g.state(value, s.Expected, at)
	s.WithinError = g.withinError(figure.Interval, s)
	s.Reason = g.reason(figure, value, s, at)
	return s, nil
}

// beyond reports whether a value is at a mark or past it, in the goal's direction.
func (g Goal) beyond(value, mark float64) bool {
	if g.Target < g.Baseline {
		return value <= mark
	}
	return value >= mark
}

func (g Goal) state(value, expected float64, at time.Time) GoalState {
	switch {
	case at.Before(g.Start):
		return GoalNotStarted
	case g.beyond(value, g.Target):
		return GoalReached
	case !at.Before(g.Due):
		return GoalMissed
	case g.beyond(value, expected):
		return GoalOnTrack
	default:
		return GoalBehind
	}
}

func (g Goal) withinError(i *Interval, s GoalStanding) bool {
	if i == nil || s.State == GoalNotStarted {
		return false
	}
	mark := s.Expected
	if s.State == GoalReached || s.State == GoalMissed {
		mark = g.Target
	}
	return g.beyond(i.Lower, mark) != g.beyond(i.Upper, mark)
}

func (g Goal) reason(figure Figure, value float64, s GoalStanding, at time.Time) string {
	zone := orUTC(g.Zone)
	day := at.In(zone).Format(time.DateOnly)
	due, start := g.Due.In(zone).Format(time.DateOnly), g.Start.In(zone).Format(time.DateOnly)
	now, target := figure.bound(value), figure.bound(g.Target)
	text := ""
	switch s.State {
	case GoalReached:
		text = fmt.Sprintf("%s reaches the target of %s", now, target)
	case GoalMissed:
		text = fmt.Sprintf("%s does not reach the target of %s, due %s", now, target, due)
	case GoalNotStarted:
		text = fmt.Sprintf("it starts on %s from %s", start, figure.bound(g.Baseline))
	case GoalOnTrack:
		text = fmt.Sprintf("%s is at or beyond the %s expected on %s, on the way to %s by %s", now, figure.bound(s.Expected), day, target, due)
	default:
		text = fmt.Sprintf("%s is short of the %s expected on %s, on the way to %s by %s", now, figure.bound(s.Expected), day, target, due)
	}
	if s.WithinError {
		text += fmt.Sprintf("; the interval from %s to %s allows the contrary", figure.bound(figure.Interval.Lower), figure.bound(figure.Interval.Upper))
	}
	return text
}
