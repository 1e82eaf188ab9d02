package kpi

import (
	"github.com/shopspring/decimal"
)

// Spend is a sample of amounts, such as what each member of a group spent. Its sums
// are exact, so that the order of adding and merging changes nothing. The zero value
// is an empty sample.
type Spend struct{ moments sampleMoments }

// Add takes one member's amount, which may be 0 or, after refunds, negative.
func (s *Spend) Add(amount decimal.Decimal) error {
	var problems Problems
	const digits = 60
	if e := amount.Exponent(); e < -digits || e > digits || amount.Coefficient().BitLen() > 4*digits {
		problems.Add("amount", "must have at most %d digits", digits)
		return problems.Err()
	}
	s.moments.n++
	s.moments.sum = s.moments.sum.Add(amount)
	s.moments.squares = s.moments.squares.Add(amount.Mul(amount))
	return nil
}

// Merge adds another sample. No member may be in both.
func (s *Spend) Merge(other *Spend) {
	s.moments.n += other.moments.n
	s.moments.sum = s.moments.sum.Add(other.moments.sum)
	s.moments.squares = s.moments.squares.Add(other.moments.squares)
}

// Members is the size of the sample.
func (s *Spend) Members() int64 { return s.moments.n }

// Mean is the mean amount, with the t interval of its expectation at a level that
// is 0 for 0.95.
func (s *Spend) Mean(level float64) (Figure, error) {
	var problems Problems
	level = checkLevel(&problems, level)
	if err := problems.Err(); err != nil {
		return Figure{}, err
	}
	f := Quotient("mean_spend", Money, s.moments.sum, count(s.moments.n)).As("amount / members, those who spent nothing too")
	half, ok := meanHalfWidth(s.moments, level)
	if !ok {
		return f, nil
	}
	value, _ := f.Value()
	return f.With(Interval{Lower: value - half, Upper: value + half, Level: level, Method: "t"}), nil
}

// MarshalBinary returns the sample's state. Equal samples have equal bytes.
func (s *Spend) MarshalBinary() ([]byte, error) {
	w := newStateWriter("spend", "")
	w.tally(s.moments.n)
	w.decimal(s.moments.sum)
	w.decimal(s.moments.squares)
	return w.bytes, nil
}

// UnmarshalBinary replaces the sample by a state. The error is [ErrState] where the
// bytes are no such state, and the sample is as it was.
func (s *Spend) UnmarshalBinary(data []byte) error {
	r := newStateReader(data, "spend", "")
	read := sampleMoments{n: r.tally(), sum: r.decimal(), squares: r.decimal()}
	if err := r.end(); err != nil {
		return err
	}
	if n := count(read.n); read.sum.Mul(read.sum).GreaterThan(n.Mul(read.squares)) {
		r.fail("its sums are those of no sample")
		return r.err
	}
	s.moments = read
	return nil
}
