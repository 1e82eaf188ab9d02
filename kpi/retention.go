package kpi

import (
	"iter"

	"github.com/shopspring/decimal"
)

// Customers counts the customers of a period, such as the subscribers of a month.
type Customers struct {
	// Start, New and End are the customers at its start, those who joined in it and
	// those at its end. A customer who joined and left within it is in New alone.
	Start, New, End int64
	// LostFromStart is how many of those at the start are gone at the end. It is nil
	// where only totals are known: they cannot tell whether those who left had been
	// there at the start.
	LostFromStart *int64
	Period        Period
	// Rule says who counts as a customer where no contract does, and is then a note of
	// every figure.
	Rule string
}

// ruled returns a figure of these customers with their rule.
func (c Customers) ruled(f Figure) Figure {
	if c.Rule == "" {
		return f
	}
	return f.Noted("%s", c.Rule)
}

// CustomersOf counts the customers of a period from their ids: those at its start,
// those who joined in it and those at its end. An id counts once however often it
// comes, and one that was there at the start is not new. Memory grows with the
// distinct ids. [Retention] and [Churn] have the sources of what is made of them.
func CustomersOf[ID comparable](start, joined, end iter.Seq[ID]) (Customers, error) {
	stayed := map[ID]bool{}
	for id := range start {
		stayed[id] = false
	}
	c := Customers{Start: int64(len(stayed))}
	newcomers := map[ID]bool{}
	for id := range joined {
		if _, old := stayed[id]; !old {
			newcomers[id] = false
		}
	}
	c.New = int64(len(newcomers))
	var retained int64
	strangers := map[ID]bool{}
	for id := range end {
		counted, old := stayed[id]
		if old && !counted {
			stayed[id], retained = true, retained+1
		}
		if old {
			continue
		}
		if counted, known := newcomers[id]; !known {
			strangers[id] = true
		} else if !counted {
			newcomers[id], c.End = true, c.End+1
		}
	}
	c.End += retained
	lost := c.Start - retained
	c.LostFromStart = &lost
	var problems Problems
	if len(strangers) > 0 {
		problems.Add("end", "has %d that neither were there at the start nor joined", len(strangers))
	}
	return c, problems.Err()
}

// Lost is how many left in the period, whenever they had joined.
func (c Customers) Lost() int64 { return c.Start + c.New - c.End }

// Validate reports counts that cannot be.
func (c Customers) Validate() error {
	var problems Problems
	c.validate(&problems)
	return problems.Err()
}

func (c Customers) validate(problems *Problems) {
	const most = 1 << 60 // so that sums stay whole
	for _, field := range []struct {
		path string
		n    int64
	}{{"start", c.Start}, {"new", c.New}, {"end", c.End}} {
		checkCount(problems, field.path, field.n)
		if field.n > most {
			problems.Add(field.path, "must be at most %d", int64(most))
		}
	}
	if len(*problems) > 0 {
		return
	}
	if c.Lost() < 0 {
		problems.Add("end", "must be at most start and new together, %d, is %d", c.Start+c.New, c.End)
		return
	}
	if c.LostFromStart == nil {
		return
	}
	checkShare(problems, "lost_from_start", *c.LostFromStart, "start", c.Start)
	lostNew := c.Lost() - *c.LostFromStart
	if len(*problems) == 0 && (lostNew < 0 || lostNew > c.New) {
		problems.Add("lost_from_start", "does not fit the totals: of %d who left it leaves %d of the %d who joined", c.Lost(), lostNew, c.New)
	}
}

// The conventions of retention.
const (
	retainedOfStart  = "set-based: of those at the start, who are there at the end"
	retainedOfTotals = "totals: (end − new) / start"
)

// Retention is the share of the customers at the start who are there at the end.
// Where LostFromStart is known it is counted over that set. Where only totals are
// known it is (End − New)/Start, which charges customers who joined and left within
// the period to those at the start; below 0 it is undefined.
//
// Source: P. W. Farris, N. T. Bendle, P. E. Pfeifer, D. J. Reibstein, Marketing Metrics,
// 2nd edition (2010), chapter 5.
func Retention(c Customers) (Figure, error) {
	if err := c.Validate(); err != nil {
		return Figure{}, err
	}
	const key = "retention_rate"
	if c.LostFromStart != nil {
		return c.ruled(Quotient(key, Fraction, count(c.Start-*c.LostFromStart), count(c.Start)).As(retainedOfStart).In(c.Period)), nil
	}
	return ofTotals(key, c.End-c.New, c).As(retainedOfTotals), nil
}

// ofTotals is a share of the customers at the start as far as totals tell it.
func ofTotals(key string, part int64, c Customers) Figure {
	f := c.ruled(Quotient(key, Fraction, count(part), count(c.Start)).In(c.Period))
	if f.defined && (part < 0 || part > c.Start) {
		f.value, f.defined = 0, false
		f.reason = "more left than were there at the start, so totals do not tell how many of those stayed; count members instead"
	}
	return f
}

// CohortRetention is |members of a start set who are active at the end| over the
// size of that set.
//
// Source: as for [Retention], of a set whose members are known.
func CohortRetention(active, size int64) (Figure, error) {
	f, err := share("cohort_retention_rate", "active", active, "size", size)
	return f.As("members of the cohort who are active / its size"), err
}

// share is a checked quotient of two counts, the one a part of the other.
func share(key, partPath string, part int64, wholePath string, whole int64) (Figure, error) {
	var problems Problems
	checkShare(&problems, partPath, part, wholePath, whole)
	if err := problems.Err(); err != nil {
		return Figure{}, err
	}
	return Quotient(key, Fraction, count(part), count(whole)), nil
}

// half is n/2.
func half(n int64) decimal.Decimal { return count(n).Mul(decimal.New(5, -1)) }
