package tiers

import (
	"cmp"
	"errors"
	"math"
	"slices"
)

// Mark says how much of a metric there was in all up to the end of a day.
type Mark struct {
	Day Day `json:"d"`
	// Total is in the metric's smallest step.
	Total int64 `json:"t"`
}

// Counts holds what a member did, by metric: the running totals of the days on
// which something was counted, in order of day. Sums over any days are two
// searches. A nil Counts is empty, and counts nothing: make one to [Counts.Add].
type Counts map[string][]Mark

// ErrTooMuch reports counts that do not fit an int64, in a metric's smallest step.
var ErrTooMuch = errors.New("tiers: counts overflow")

// Add counts an amount on a day, in the metric's smallest step; a negative one takes back.
// Days may come in any order. It costs as much as there are days after, and fails with
// [ErrTooMuch] alone, which changes nothing.
func (c Counts) Add(metric string, day Day, amount int64) error {
	marks := c[metric]
	i, found := slices.BinarySearchFunc(marks, day, func(m Mark, day Day) int { return cmp.Compare(m.Day, day) })
	for _, m := range marks[i:] {
		if amount > 0 && m.Total > math.MaxInt64-amount || amount < 0 && m.Total < math.MinInt64-amount {
			return ErrTooMuch
		}
	}
	if !found {
		var before int64
		if i > 0 {
			before = marks[i-1].Total
		}
		if amount > 0 && before > math.MaxInt64-amount || amount < 0 && before < math.MinInt64-amount {
			return ErrTooMuch
		}
		marks = slices.Insert(marks, i, Mark{Day: day, Total: before})
	}
	for j := i; j < len(marks); j++ {
		marks[j].Total += amount
	}
	c[metric] = marks
	return nil
}

// Sum returns what was counted from the first day to the last, both included, in the
// metric's smallest step.
func (c Counts) Sum(metric string, from, to Day) int64 {
	marks := c[metric]
	return totalAt(marks, to) - totalAt(marks, from-1)
}

func totalAt(marks []Mark, day Day) int64 {
	i, found := slices.BinarySearchFunc(marks, day, func(m Mark, day Day) int { return cmp.Compare(m.Day, day) })
	switch {
	case found:
		return marks[i].Total
	case i > 0:
		return marks[i-1].Total
	default:
		return 0
	}
}

// Forget drops the days before a day. Their sum stays in the totals: sums over
// days from then on, and those over a whole life, are as before.
func (c Counts) Forget(before Day) {
	for metric, marks := range c {
		i, _ := slices.BinarySearchFunc(marks, before, func(m Mark, day Day) int { return cmp.Compare(m.Day, day) })
		if i > 1 {
			c[metric] = slices.Delete(marks, 0, i-1)
		}
	}
}

// next returns the first day after a day on which one of the metrics was counted,
// or LastDay.
func (c Counts) next(metrics []string, after Day) Day {
	first := LastDay
	for _, metric := range metrics {
		marks := c[metric]
		i, _ := slices.BinarySearchFunc(marks, after+1, func(m Mark, day Day) int { return cmp.Compare(m.Day, day) })
		if i < len(marks) {
			first = min(first, marks[i].Day)
		}
	}
	return first
}
