package kpi

import (
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
)

// InactiveRate is the share of customers without a purchase in the days before an
// instant: a rule, not a churn. Where no contract ends, leaving is not observed, and
// a customer without a purchase for so long may well come back.
//
// Source: the rule by recency of P. W. Farris, N. T. Bendle, P. E. Pfeifer, D. J.
// Reibstein, Marketing Metrics, 2nd edition (2010), chapter 5.
func InactiveRate(inactive, customers int64, days int) (Figure, error) {
	var problems Problems
	checkShare(&problems, "inactive", inactive, "customers", customers)
	checkWindow(&problems, days)
	if err := problems.Err(); err != nil {
		return Figure{}, err
	}
	return Quotient("inactive_rate", Fraction, count(inactive), count(customers)).As(fmt.Sprintf("no purchase for %d days", days)), nil
}

func checkWindow(problems *Problems, days int) {
	const most = 100_000
	if days < 1 || days > most {
		problems.Add("days", "must be from 1 to %d, is %d", most, days)
	}
}

// Inactivity counts customers without a purchase for some days, from the instants
// of their last purchases. It can be merged; make it with [NewInactivity].
type Inactivity struct {
	asOf, since time.Time
	zone        *time.Location
	days        int

	inactive, customers, later int64
}

// NewInactivity counts who had no purchase in the days of the zone's calendar
// before an instant, that is from asOf minus days until before asOf. The zone is one
// that the IANA database names; nil is UTC.
func NewInactivity(asOf time.Time, days int, zone *time.Location) (*Inactivity, error) {
	var problems Problems
	checkWindow(&problems, days)
	if asOf.IsZero() {
		problems.Add("as_of", "must be said: inactivity is as of an instant")
	}
	checkZone(&problems, "zone", zone)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	zone = orUTC(zone)
	return &Inactivity{asOf: asOf, since: calendar.AddDays(asOf, -days, zone), zone: zone, days: days}, nil
}

// Add counts a customer whose last purchase before the instant was at last. One at
// the instant or later is left out and noted: it does not tell when the customer
// had come before.
func (a *Inactivity) Add(last time.Time) {
	switch {
	case !last.Before(a.asOf):
		a.later++
	case last.Before(a.since):
		a.inactive++
		a.customers++
	default:
		a.customers++
	}
}

// Merge adds the customers of another count, which must be as of the same instant,
// of as many days, and of the same zone. No customer may be in both.
func (a *Inactivity) Merge(other *Inactivity) error {
	if !a.asOf.Equal(other.asOf) || !a.since.Equal(other.since) || a.days != other.days || a.zone.String() != other.zone.String() {
		var problems Problems
		problems.Add("other", "is as of %s and since %s in %s, this as of %s and since %s in %s",
			stamp(other.asOf), stamp(other.since), other.zone, stamp(a.asOf), stamp(a.since), a.zone)
		return problems.Err()
	}
	a.inactive += other.inactive
	a.customers += other.customers
	a.later += other.later
	return nil
}

// Figure is the rate of those who were added.
func (a *Inactivity) Figure() Figure {
	f := Quotient("inactive_rate", Fraction, count(a.inactive), count(a.customers)).
		As(fmt.Sprintf("no purchase for %d days", a.days)).
		In(Period{Start: a.since, End: a.asOf, Zone: a.zone})
	if a.later > 0 {
		f = f.Noted("%d customers with a last purchase at or after the end are left out", a.later)
	}
	return f
}

// MarshalBinary returns the count's state. Equal counts have equal bytes.
func (a *Inactivity) MarshalBinary() ([]byte, error) {
	w := newStateWriter("inactivity of customers", "")
	w.instant(a.asOf)
	w.text(a.zone.String())
	for _, n := range []int64{int64(a.days), a.inactive, a.customers, a.later} {
		w.tally(n)
	}
	return w.bytes, nil
}

// UnmarshalBinary replaces the count, and its rule, by a state. The error is
// [ErrState] where the bytes are no such state or this machine does not know its
// zone, and the count is as it was.
func (a *Inactivity) UnmarshalBinary(data []byte) error {
	r := newStateReader(data, "inactivity of customers", "")
	asOf, name := r.instant(), r.text()
	days, inactive, customers, later := r.tally(), r.tally(), r.tally(), r.tally()
	if err := r.end(); err != nil {
		return err
	}
	zone := a.zone
	if zone == nil || zone.String() != name {
		var err error
		if zone, err = time.LoadLocation(name); err != nil {
			return fmt.Errorf("%w: %w", ErrState, err)
		}
	}
	var problems Problems
	checkShare(&problems, "inactive", inactive, "customers", customers)
	read, err := NewInactivity(asOf.In(zone), int(days), zone)
	r.valid(problems.Err())
	r.valid(err)
	if r.err != nil {
		return r.err
	}
	read.inactive, read.customers, read.later = inactive, customers, later
	*a = *read
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
