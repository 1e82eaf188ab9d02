package tiers

// add returns the day that is n spans after d.
func (s Span) add(d Day, n int) Day {
	if s.Months != 0 {
		return d.AddMonths(n * s.Months)
	}
	return d + Day(n*s.Days)
}

// period returns the period of the window that a day is in, [from, end). Rolling
// windows and those of a lifetime have none: from is then the first day that
// counts, and end the day after.
func (w Window) period(d, enrolled, since Day) (from, end Day) {
	switch w.Kind {
	case Rolling:
		return max(FirstDay, w.Span.add(d+1, -1)), d + 1
	case Calendar:
		year, month, _ := d.Date()
		n := w.Span.Months
		first := (int(month)-1)/n*n + 1
		from = date(year, 1, 1).AddMonths(first - 1)
		return from, from.AddMonths(n)
	case Anniversary:
		return w.Span.around(d, enrolled)
	case TierAnniversary:
		return w.Span.around(d, since)
	case Cycle:
		return w.Span.around(d, w.From)
	default:
		return FirstDay, d + 1
	}
}

// around returns the period that d is in, where periods start at base and every
// span after and before it.
func (s Span) around(d, base Day) (from, end Day) {
	length := max(1, s.Days+30*s.Months)
	n := int(d-base) / length
	for s.add(base, n) > d {
		n--
	}
	for s.add(base, n+1) <= d {
		n++
	}
	return s.add(base, n), s.add(base, n+1)
}

// periodic reports whether the window has periods that end.
func (w Window) periodic() bool { return w.Kind != Rolling && w.Kind != Lifetime }

// leaves returns the first day on which a rolling window does not hold what was
// counted on a day.
func (w Window) leaves(counted Day) Day {
	d := w.Span.add(counted, 1)
	for w.Span.add(d+1, -1) <= counted {
		d++
	}
	return d
}
