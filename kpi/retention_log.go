package kpi

import (
	"fmt"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
)

// What a member did.
const (
	activeAtStart uint8 = 1 << iota
	boughtWithin
	activeAtEnd
)

// RetentionAccumulator finds out of an order log who was a customer at the start of a
// period and still is at its end, by a rule: a customer of an instant has bought in
// the days before it. It keeps one byte besides the id for each member. One goroutine
// uses it.
//
// Without a contract nobody sees a customer leave, so that the rule is part of every
// figure and its note: who rests for longer than it says counts as lost, and as
// joined on coming back. [Retention], [Churn] and [InactiveRate] have the sources.
type RetentionAccumulator struct {
	period Period
	days   int
	// from starts the days before the period, recent those before its end.
	from, start, recent, end int64
	marks                    memberMarks
}

// NewRetentionAccumulator returns an empty one for a period, and the number of days of
// its zone's calendar that make a customer. The zone is one that the IANA database
// names. An error wraps [ErrInvalid].
func NewRetentionAccumulator(period Period, days int) (*RetentionAccumulator, error) {
	var problems Problems
	checkWindow(&problems, days)
	checkPeriod(&problems, "period", period)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	zone := orUTC(period.Zone)
	return &RetentionAccumulator{
		period: period, days: days, start: period.Start.UnixMicro(), end: period.End.UnixMicro(),
		from:   calendar.AddDays(period.Start, -days, zone).UnixMicro(),
		recent: calendar.AddDays(period.End, -days, zone).UnixMicro(),
	}, nil
}

func (a *RetentionAccumulator) key() string {
	return fmt.Sprintf("%s, %d days", periodKey(a.period), a.days)
}

// Add adds an order. Refunds are no purchases, and orders before the days that count
// or after the period change nothing. The error wraps [ErrOrder], and then nothing was
// added.
func (a *RetentionAccumulator) Add(o Order) error {
	at, err := o.check()
	if err != nil {
		return err
	}
	if o.Amount.Sign() < 0 || at < a.from || at >= a.end {
		return nil
	}
	bits := boughtWithin
	if at < a.start {
		bits = activeAtStart
	}
	if at >= a.recent {
		bits |= activeAtEnd
	}
	a.marks.mark(o.Member, bits)
	return nil
}

// Merge adds all that was added to other, which stays as it is. The error is
// [ErrMerge] where their periods or days differ.
func (a *RetentionAccumulator) Merge(other *RetentionAccumulator) error {
	if err := mergeable(a.key(), other.key()); err != nil {
		return err
	}
	a.marks.merge(&other.marks)
	return nil
}

// Result counts the customers, for [Retention] and [Churn]: New are those who bought
// in the period and were no customers at its start, for the first time or again. More
// may be added after it.
func (a *RetentionAccumulator) Result() Customers {
	m := &a.marks
	lost := m.count(activeAtStart, activeAtEnd)
	return Customers{
		Start: m.count(activeAtStart, 0), New: m.count(boughtWithin, activeAtStart), End: m.count(activeAtEnd, 0),
		LostFromStart: &lost, Period: a.period, Rule: fmt.Sprintf("a customer has bought in the %d days before", a.days),
	}
}

// MarshalBinary returns the accumulator's state. Equal contents give equal bytes.
func (a *RetentionAccumulator) MarshalBinary() ([]byte, error) {
	w := newStateWriter("retention", a.key())
	a.marks.write(w)
	return w.bytes, nil
}

// UnmarshalBinary replaces what was added by a state. The accumulator was made with
// the period and days of the one that wrote it: otherwise the error is [ErrMerge], and
// [ErrState] where the bytes are no such state; nothing changes then.
func (a *RetentionAccumulator) UnmarshalBinary(data []byte) error {
	r := newStateReader(data, "retention", a.key())
	var read memberMarks
	read.read(r, activeAtStart|boughtWithin|activeAtEnd)
	if strangers := read.count(activeAtEnd, activeAtStart|boughtWithin); strangers > 0 {
		r.fail("somebody is active at the end who never bought")
	}
	if err := r.end(); err != nil {
		return err
	}
	a.marks = read
	return nil
}
