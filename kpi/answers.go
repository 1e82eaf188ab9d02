package kpi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// Scale is the question of a survey and the range of its answers. Answers to
// different questions are never pooled, even where their ranges are the same.
type Scale string

// The scales of surveys.
const (
	// Recommend is the question of the Net Promoter Score, answered from 0 to 10.
	Recommend Scale = "recommend_0_10"
	// Satisfaction5 and Satisfaction7 ask for satisfaction, from 1 to 5 or 7.
	Satisfaction5 Scale = "satisfaction_1_5"
	Satisfaction7 Scale = "satisfaction_1_7"
	// Ease7 is the statement of the Customer Effort Score 2.0, that it was made
	// easy, with agreement from 1 to 7: more is better.
	Ease7 Scale = "ease_1_7"
	// Effort5 is the question of the Customer Effort Score 1.0, how much effort it
	// was, from 1 to 5: less is better.
	Effort5 Scale = "effort_1_5"
)

// Bounds returns the lowest and the highest answer of a scale, and whether it is
// one of those above.
func (s Scale) Bounds() (low, high int, known bool) {
	switch s {
	case Recommend:
		return 0, 10, true
	case Satisfaction5, Effort5:
		return 1, 5, true
	case Satisfaction7, Ease7:
		return 1, 7, true
	}
	return 0, 0, false
}

// Answers counts the answers to a question. It takes answers in any order, can be
// merged, and holds one number for each possible answer. Make it with [NewAnswers].
// It is not safe for concurrent use: count in parts and merge.
type Answers struct {
	scale   Scale
	low     int
	counts  []int64
	unheard int64
}

// NewAnswers counts answers on a scale.
func NewAnswers(scale Scale) (*Answers, error) {
	low, high, known := scale.Bounds()
	if !known {
		var problems Problems
		problems.Add("scale", "%q is none of %s, %s, %s, %s, %s", string(scale), Recommend, Satisfaction5, Satisfaction7, Ease7, Effort5)
		return nil, problems.Err()
	}
	return &Answers{scale: scale, low: low, counts: make([]int64, high-low+1)}, nil
}

// Scale returns the scale.
func (a *Answers) Scale() Scale { return a.scale }

// Add counts an answer. One outside of the scale is an error and counts nowhere.
func (a *Answers) Add(answer int) error { return a.AddN(answer, 1) }

// AddN counts n equal answers.
func (a *Answers) AddN(answer int, n int64) error {
	var problems Problems
	checkCount(&problems, "n", n)
	if answer < a.low || answer-a.low >= len(a.counts) {
		problems.Add("answer", "must be from %d to %d on the scale %s, is %d", a.low, a.low+len(a.counts)-1, a.scale, answer)
	}
	if err := problems.Err(); err != nil {
		return err
	}
	return a.grow(&a.counts[answer-a.low], n)
}

// AddMissing counts n customers who were asked and gave no answer. They are in no
// figure, but noted in each.
func (a *Answers) AddMissing(n int64) error {
	var problems Problems
	checkCount(&problems, "n", n)
	if err := problems.Err(); err != nil {
		return err
	}
	return a.grow(&a.unheard, n)
}

// mostAnswers keeps every sum of products with answers within an int64.
const mostAnswers = 1 << 50

func (a *Answers) grow(place *int64, n int64) error {
	if n > mostAnswers || a.Total()+a.unheard+n > mostAnswers {
		var problems Problems
		problems.Add("n", "makes more than %d answers", int64(mostAnswers))
		return problems.Err()
	}
	*place += n
	return nil
}

// Merge adds the answers of another count on the same scale.
func (a *Answers) Merge(other *Answers) error {
	var problems Problems
	if a.scale != other.scale {
		problems.Add("other", "has answers on the scale %s, which are never pooled with %s", other.scale, a.scale)
	} else if a.Total()+a.unheard+other.Total()+other.unheard > mostAnswers {
		problems.Add("other", "makes more than %d answers", int64(mostAnswers))
	}
	if err := problems.Err(); err != nil {
		return err
	}
	for i, n := range other.counts {
		a.counts[i] += n
	}
	a.unheard += other.unheard
	return nil
}

// Total is the number of answers.
func (a *Answers) Total() int64 { return a.sum(0, len(a.counts)-1) }

// Missing is the number of those who gave none.
func (a *Answers) Missing() int64 { return a.unheard }

// Count is how many gave an answer; 0 where it is outside of the scale.
func (a *Answers) Count(answer int) int64 {
	if answer < a.low || answer-a.low >= len(a.counts) {
		return 0
	}
	return a.counts[answer-a.low]
}

// between counts the answers from low to high.
func (a *Answers) between(low, high int) int64 { return a.sum(low-a.low, high-a.low) }

func (a *Answers) sum(from, to int) int64 {
	var n int64
	for i := from; i <= to; i++ {
		n += a.counts[i]
	}
	return n
}

// mean is the mean answer with the t interval of its expectation, which needs two
// answers that differ.
func (a *Answers) mean(key string, level float64) Figure {
	var sum, squares int64
	for i, n := range a.counts {
		answer := int64(a.low + i)
		sum += answer * n
		squares += answer * answer * n
	}
	n := a.Total()
	f := a.noted(Quotient(key, Answer, count(sum), count(n)))
	if n < 2 {
		return f
	}
	half, ok := meanHalfWidth(sampleMoments{n: n, sum: count(sum), squares: count(squares)}, level)
	if !ok {
		return f
	}
	if half == 0 {
		return f.Noted("no interval: all answers are alike")
	}
	value, _ := f.Value()
	low, high := float64(a.low), float64(a.low+len(a.counts)-1)
	return f.With(Interval{Lower: max(value-half, low), Upper: min(value+half, high), Level: level, Method: "t"})
}

// share is the part of the answers from low to high, with Wilson's interval.
func (a *Answers) share(key string, low, high int, level float64) Figure {
	hits, total := a.between(low, high), a.Total()
	f := a.noted(Quotient(key, Fraction, count(hits), count(total)))
	if total == 0 {
		return f
	}
	lower, upper := wilson(float64(hits), float64(total), twoSided(level))
	return f.With(Interval{Lower: lower, Upper: upper, Level: level, Method: "wilson"})
}

func (a *Answers) noted(f Figure) Figure {
	if a.unheard > 0 {
		f = f.Noted("%d without an answer are left out", a.unheard)
	}
	return f
}

// want reports that a question was asked on another scale.
func (a *Answers) want(problems *Problems, scales ...Scale) {
	if a == nil {
		problems.Add("answers", "must not be nil")
	} else if !slices.Contains(scales, a.scale) {
		problems.Add("answers", "are on the scale %s, must be on %v", a.scale, scales)
	}
}

// String lists the answers with their counts.
func (a *Answers) String() string {
	var text strings.Builder
	text.WriteString(string(a.scale))
	for i, n := range a.counts {
		fmt.Fprintf(&text, " %d:%d", a.low+i, n)
	}
	fmt.Fprintf(&text, " missing:%d", a.unheard)
	return text.String()
}

// sampleMoments are the exact sums of a sample.
type sampleMoments struct {
	n            int64
	sum, squares decimal.Decimal
}

// variance is the unbiased sample variance, (n·Σx² − (Σx)²) / (n(n−1)), computed
// exactly and rounded once.
func (m sampleMoments) variance() (float64, bool) {
	if m.n < 2 {
		return 0, false
	}
	n := count(m.n)
	return divide(n.Mul(m.squares).Sub(m.sum.Mul(m.sum)), n.Mul(count(m.n-1)), false)
}
