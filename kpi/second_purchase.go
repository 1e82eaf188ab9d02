package kpi

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"time"
)

// SecondPurchaseAccumulator follows members from the date of their first purchase to
// the next date on which they bought, for how soon customers come again. It keeps 8
// bytes for each member. One goroutine uses it. [SecondPurchaseAccumulator.Result] has
// the source.
type SecondPurchaseAccumulator struct {
	until   int64
	zone    *time.Location
	clock   clock
	members memberTable
	days    []firstTwo
	late    int
}

// firstTwo are the first two dates with a purchase; the second may be noDay.
type firstTwo struct{ first, second int32 }

// noDay is no date; all others are before it.
const noDay = math.MaxInt32

// see counts a date.
func (d *firstTwo) see(day int32) {
	switch {
	case day < d.first:
		d.first, d.second = day, d.first
	case day > d.first:
		d.second = min(d.second, day)
	}
}

// NewSecondPurchaseAccumulator returns an empty one for orders before an instant, in
// dates of a zone, one that the IANA database names; nil is UTC. An error wraps
// [ErrInvalid].
func NewSecondPurchaseAccumulator(until time.Time, zone *time.Location) (*SecondPurchaseAccumulator, error) {
	var problems Problems
	checkZone(&problems, "zone", zone)
	checkEnd(&problems, "until", until)
	if until.IsZero() {
		problems.Add("until", "must be said: who has not come again yet was observed until then")
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	zone = orUTC(zone)
	return &SecondPurchaseAccumulator{until: until.UnixMicro(), zone: zone, clock: newClock(string(ByDay), zone)}, nil
}

func (a *SecondPurchaseAccumulator) key() string {
	return fmt.Sprintf("until %d, zone %s", a.until, a.zone)
}

// Add adds an order. Refunds are no purchases. The error wraps [ErrOrder], and then
// nothing was added.
func (a *SecondPurchaseAccumulator) Add(o Order) error {
	at, err := o.check()
	switch {
	case err != nil:
		return err
	case at >= a.until:
		a.late++
	case o.Amount.Sign() >= 0:
		a.of(o.Member).see(int32(a.clock.period(at)))
	}
	return nil
}

func (a *SecondPurchaseAccumulator) of(member string) *firstTwo {
	m := a.members.number(member)
	if int(m) == len(a.days) {
		a.days = append(a.days, firstTwo{first: noDay, second: noDay})
	}
	return &a.days[m]
}

// Merge adds all that was added to other, which stays as it is. The error is
// [ErrMerge] where their ends or zones differ.
func (a *SecondPurchaseAccumulator) Merge(other *SecondPurchaseAccumulator) error {
	if err := mergeable(a.key(), other.key()); err != nil {
		return err
	}
	for m, name := range other.members.names {
		d := a.of(name)
		d.see(other.days[m].first)
		d.see(other.days[m].second)
	}
	a.late += other.late
	return nil
}

// SecondPurchases say how soon customers come again after their first purchase.
type SecondPurchases struct {
	// Customers have bought, Again of them on another date too.
	Customers, Again int
	// Until is the end of the observation, in UTC, and Zone that of the dates.
	Until time.Time
	Zone  *time.Location
	// Late counts orders from the end on, which were dropped.
	Late int
	// Curve is the share of customers who have not come again, by days since the first
	// purchase. Who has not come again yet is censored, and not counted as lost.
	Curve *Survival
}

// Result estimates the curve. More may be added after it. An error wraps [ErrInvalid].
//
// Source: E. Kaplan, P. Meier, Nonparametric estimation from incomplete observations
// (1958).
func (a *SecondPurchaseAccumulator) Result(o *SurvivalOptions) (*SecondPurchases, error) {
	var curve SurvivalAccumulator
	result := &SecondPurchases{Customers: len(a.days), Until: time.UnixMicro(a.until).UTC(), Zone: a.zone, Late: a.late}
	last := a.clock.period(a.until - 1)
	for _, d := range a.days {
		if d.second != noDay {
			result.Again++
		}
		d.countIn(&curve, last)
	}
	var err error
	result.Curve, err = curve.Result(o)
	return result, err
}

// Groups parts the customers into groups, for [LogRank]: of names the group of a
// customer, who first bought on the date that starts at first, and leaves who is in
// none, "", out. The groups come in order of their names.
func (a *SecondPurchaseAccumulator) Groups(of func(member string, first time.Time) string) (names []string, groups []*SurvivalAccumulator) {
	last, byName := a.clock.period(a.until-1), map[string]*SurvivalAccumulator{}
	for m, d := range a.days {
		name := of(a.members.names[m], a.clock.start(int64(d.first), a.zone))
		if name == "" {
			continue
		}
		if byName[name] == nil {
			byName[name] = &SurvivalAccumulator{}
		}
		d.countIn(byName[name], last)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		names, groups = append(names, name), append(groups, byName[name])
	}
	return names, groups
}

// countIn counts how long a customer took, or was observed up to a last date.
func (d *firstTwo) countIn(curve *SurvivalAccumulator, last int64) {
	if d.second != noDay {
		curve.count(0, float64(d.second-d.first), exits{events: 1})
		return
	}
	curve.count(0, float64(max(0, last-int64(d.first))), exits{censored: 1})
}

const byKaplanMeier = "Kaplan-Meier, %s interval; a customer who has not come again yet is censored"

// Median is the days in which half of the customers come again. Its interval is where
// the band of the curve passes one half.
//
// Source of the interval: R. Brookmeyer, J. Crowley, A confidence interval for the
// median survival time (1982).
func (s *SecondPurchases) Median() Figure {
	const key = "second_purchase_median_days"
	days, ok := s.Curve.Median()
	if !ok {
		return Undefined(key, Days, "fewer than half have been seen to come again").As(fmt.Sprintf(byKaplanMeier, s.Curve.Interval))
	}
	f := Estimate(key, Days, days).As(fmt.Sprintf(byKaplanMeier, s.Curve.Interval))
	interval, ok := s.Curve.MedianInterval()
	if !ok {
		return f.Noted("no interval: too few were observed for long enough")
	}
	return f.With(interval)
}

// Within is the share of customers who come again within so many days.
func (s *SecondPurchases) Within(days int) Figure {
	f := Undefined("second_purchase_rate", Fraction, fmt.Sprintf("nobody was observed for %d days", days))
	stay, interval, ok := s.Curve.Band(float64(days))
	if ok {
		f = Estimate("second_purchase_rate", Fraction, 1-stay)
		if stay > 0 && stay < 1 {
			interval.Lower, interval.Upper = 1-interval.Upper, 1-interval.Lower
			f = f.With(interval)
		}
	}
	return f.As(fmt.Sprintf("within %d days; "+byKaplanMeier, days, s.Curve.Interval))
}

// Band is the share that stays beyond a time with its interval, and whether somebody
// was observed for so long. Where the share is 0 or 1 the interval has no width.
func (s *Survival) Band(t float64) (survival float64, interval Interval, ok bool) {
	survival, ok = s.At(t)
	if !ok {
		return 0, Interval{}, false
	}
	interval = Interval{Lower: survival, Upper: survival, Level: s.Level, Method: string(s.Interval)}
	if i := sort.Search(len(s.Points), func(i int) bool { return s.Points[i].Time > t }); i > 0 {
		interval.Lower, interval.Upper = s.Points[i-1].Lower, s.Points[i-1].Upper
	}
	return survival, interval, true
}

// MedianInterval is the interval of the median: the times at which the lower and the
// upper bound of the curve first are one half or less. It is not there where the upper
// bound stays above.
//
// Source: R. Brookmeyer, J. Crowley, A confidence interval for the median survival
// time (1982).
func (s *Survival) MedianInterval() (interval Interval, ok bool) {
	interval = Interval{Level: s.Level, Method: string(s.Interval)}
	found := false
	for i := range s.Points {
		p := &s.Points[i]
		if !found && p.Lower <= 0.5+atQuantile {
			interval.Lower, found = p.Time, true
		}
		if p.Survival > 0 && p.Upper <= 0.5+atQuantile {
			interval.Upper = p.Time
			return interval, true
		}
	}
	return Interval{}, false
}

// MarshalBinary returns the accumulator's state. Equal contents give equal bytes.
func (a *SecondPurchaseAccumulator) MarshalBinary() ([]byte, error) {
	w := newStateWriter("second purchase", a.key())
	w.count(a.late)
	w.count(len(a.days))
	for _, m := range a.members.byName() {
		d := a.days[m]
		w.text(a.members.names[m])
		w.signed(int64(d.first))
		// 0 stands for none: the second date is after the first.
		if d.second == noDay {
			w.unsigned(0)
		} else {
			w.unsigned(uint64(d.second - d.first))
		}
	}
	return w.bytes, nil
}

// UnmarshalBinary replaces what was added by a state. The accumulator was made with
// the end and zone of the one that wrote it: otherwise the error is [ErrMerge], and
// [ErrState] where the bytes are no such state; nothing changes then.
func (a *SecondPurchaseAccumulator) UnmarshalBinary(data []byte) error {
	r := newStateReader(data, "second purchase", a.key())
	read := SecondPurchaseAccumulator{until: a.until, zone: a.zone, clock: a.clock, late: r.number()}
	r.members(3, func(name string) {
		first, step := r.signed(), r.unsigned()
		if first < firstDay || first > lastDay || step > lastDay-firstDay {
			r.fail("a date is out of range")
			return
		}
		d := firstTwo{first: int32(first), second: noDay}
		if step > 0 {
			d.second = int32(first) + int32(step)
		}
		*read.of(name) = d
	})
	if err := r.end(); err != nil {
		return err
	}
	*a = read
	return nil
}

// Dates of orders are days since 1970, in some zone.
const (
	firstDay = firstSecond/(24*60*60) - 1
	lastDay  = lastSecond/(24*60*60) + 1
)
