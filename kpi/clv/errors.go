package clv

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// What callers branch on.
var (
	// ErrInvalid is a parameter, a customer or an option outside of its range.
	ErrInvalid = errors.New("clv: invalid input")
	// ErrUndefined is a figure that does not exist for these parameters, such as
	// the mean spend of a Gamma-Gamma model with q ≤ 1.
	ErrUndefined = errors.New("clv: undefined")
	// ErrNoOptimum is a likelihood without a finite maximum. The [NoOptimumError]
	// says why, and has the best point.
	ErrNoOptimum = errors.New("clv: the likelihood has no finite maximum")
)

// Problem is one thing that is wrong with the input.
type Problem struct {
	// Row is the position of the customer or cohort, from 0, and −1 for an input
	// that has no rows.
	Row int
	// ID names the row, as the caller does.
	ID string
	// Field is the field at fault and Value what it holds.
	Field string
	Value float64
	// Rule says what holds for the field, and what to do.
	Rule string
}

// String names the row, the field, its value and the rule.
func (p Problem) String() string {
	where := p.Field
	if p.Row >= 0 {
		where = fmt.Sprintf("row %d (%s): %s", p.Row, p.ID, p.Field)
	}
	return fmt.Sprintf("%s is %g: %s", where, p.Value, p.Rule)
}

// InputError lists what is wrong with an input. It is [ErrInvalid].
type InputError struct {
	// Problems are the first of them, at most 100.
	Problems []Problem
	// Total is how many there are.
	Total int
}

// Error shows the first problems.
func (e *InputError) Error() string {
	var b strings.Builder
	b.WriteString(ErrInvalid.Error())
	for i, p := range e.Problems {
		if i == 5 {
			break
		}
		b.WriteString("; " + p.String())
	}
	if e.Total > 5 {
		fmt.Fprintf(&b, "; and %d more", e.Total-5)
	}
	return b.String()
}

// Unwrap makes the error an [ErrInvalid].
func (e *InputError) Unwrap() error { return ErrInvalid }

// problems collects what is wrong.
type problems struct{ found InputError }

func (p *problems) add(row int, id, field string, value float64, rule string) {
	p.found.Total++
	if len(p.found.Problems) < 100 {
		p.found.Problems = append(p.found.Problems, Problem{Row: row, ID: id, Field: field, Value: value, Rule: rule})
	}
}

func (p *problems) err() error {
	if p.found.Total == 0 {
		return nil
	}
	return &p.found
}

// NoOptimumError says why a likelihood has no finite maximum. It is
// [ErrNoOptimum]. The fit that comes with it holds the best point that was
// reached, with Converged false.
type NoOptimumError struct {
	// Model is the name of the model.
	Model string
	// Reason says what of the data leaves the parameters open, and what to do.
	Reason string
	// Best are the parameters of the best point, and LogLikelihood its value.
	Best          []Param
	LogLikelihood float64
}

// Error gives the reason and the best point.
func (e *NoOptimumError) Error() string {
	return fmt.Sprintf("%v: %s: %s; best point %v, log-likelihood %.6g", ErrNoOptimum, e.Model, e.Reason, e.Best, e.LogLikelihood)
}

// Unwrap makes the error an [ErrNoOptimum].
func (e *NoOptimumError) Unwrap() error { return ErrNoOptimum }

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// finite lets no NaN and no infinity out.
func finite(v float64, what string) (float64, error) {
	if !isFinite(v) {
		return 0, fmt.Errorf("%w: %s is out of the range of a float64", ErrUndefined, what)
	}
	return v, nil
}
