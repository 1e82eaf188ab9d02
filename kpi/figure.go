package kpi

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/shopspring/decimal"
)

// Unit says what a figure's value counts.
type Unit string

// The units of figures.
const (
	// Fraction is a part of a whole: 0.85 is 85 %.
	Fraction Unit = "fraction"
	// Score is 100 times a difference of fractions, from -100 to 100.
	Score Unit = "score"
	// Answer is a mean on the scale of a survey's question.
	Answer Unit = "answer"
	// Money is an amount of the figure's Currency.
	Money Unit = "money"
	// Multiple says how often one amount holds another.
	Multiple Unit = "multiple"
	// Count is a number of things or people, perhaps a mean.
	Count Unit = "count"
	// Days is a length of time.
	Days Unit = "days"
	// Periods is a length of time in periods of the caller's choice.
	Periods Unit = "periods"
)

// ErrUndefined is wrapped by what [Figure.Err] returns: the figure does not exist
// for this input, as the rate of an empty group does not.
var ErrUndefined = errors.New("undefined")

// UndefinedError says which figure is undefined and why. It wraps [ErrUndefined].
type UndefinedError struct {
	Key    string
	Reason string
}

// Error names the figure and the reason.
func (e *UndefinedError) Error() string { return fmt.Sprintf("%s is undefined: %s", e.Key, e.Reason) }

// Unwrap returns [ErrUndefined].
func (e *UndefinedError) Unwrap() error { return ErrUndefined }

// Figure is one key figure with all that is needed to read it. The zero Figure is
// undefined. Calculators make figures; [Quotient], [Estimate] and [Undefined] make
// those of other packages.
type Figure struct {
	// Key names the figure in reports, in lower case with underscores, and never
	// changes: "retention_rate".
	Key string
	// Convention names the definition that was followed, where there are several.
	Convention string
	// Unit is the unit of the value and of the interval.
	Unit Unit
	// Currency is the ISO 4217 code of money, if the caller said it.
	Currency string
	// Numerator and Denominator are the exact quantities behind the value, both 0
	// where it is not a quotient: see [Figure.IsQuotient].
	Numerator, Denominator decimal.Decimal
	// Period is what the figure covers; its zero value is a figure of no period.
	Period Period
	// Interval is nil where what was counted is everybody, not a sample.
	Interval *Interval
	// Notes are what a reader must know besides, such as answers left out.
	Notes []string

	value    float64
	defined  bool
	quotient bool
	reason   string
}

// Quotient is the figure numerator over denominator, correctly rounded to a
// float64; in the unit [Score], 100 times that. A denominator of 0 makes it
// undefined.
func Quotient(key string, unit Unit, numerator, denominator decimal.Decimal) Figure {
	f := Figure{Key: key, Unit: unit, Numerator: numerator, Denominator: denominator, quotient: true}
	if denominator.IsZero() {
		f.reason = "its denominator is 0"
		return f
	}
	value, ok := divide(numerator, denominator, unit == Score)
	if !ok {
		f.reason = "its value is outside of what a float64 holds"
		return f
	}
	f.value, f.defined = value, true
	return f
}

// Estimate is a figure that is not the quotient of two counts, such as a median or
// a model's expectation. A value that is no finite number makes it undefined.
func Estimate(key string, unit Unit, value float64) Figure {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return Undefined(key, unit, "its value is outside of what a float64 holds")
	}
	return Figure{Key: key, Unit: unit, value: value, defined: true}
}

// Undefined is a figure that does not exist, for a reason that completes the
// sentence "it is undefined:".
func Undefined(key string, unit Unit, reason string) Figure {
	return Figure{Key: key, Unit: unit, reason: reason}
}

// Value returns the value in the figure's unit, and whether there is one.
func (f Figure) Value() (value float64, defined bool) { return f.value, f.defined }

// IsQuotient reports whether the figure has a numerator and a denominator. An
// undefined one has them too where its denominator is 0.
func (f Figure) IsQuotient() bool { return f.quotient }

// Reason says why the figure is undefined, and is empty where it is not.
func (f Figure) Reason() string {
	if f.defined {
		return ""
	}
	if f.reason == "" {
		return "it was not computed"
	}
	return f.reason
}

// Err returns an [*UndefinedError], or nil where the figure has a value.
func (f Figure) Err() error {
	if f.defined {
		return nil
	}
	return &UndefinedError{Key: f.Key, Reason: f.Reason()}
}

// In returns the figure with its period.
func (f Figure) In(period Period) Figure {
	f.Period = period
	return f
}

// As returns the figure with the convention that it follows.
func (f Figure) As(convention string) Figure {
	f.Convention = convention
	return f
}

// With returns the figure with an interval, unless it is undefined. An interval that
// is not of finite numbers is left out, and a note says so.
func (f Figure) With(interval Interval) Figure {
	if !f.defined {
		return f
	}
	if !interval.finite() {
		return f.Noted("no interval: its bounds are outside of what a float64 holds")
	}
	f.Interval = &interval
	return f
}

// Noted returns the figure with one more note.
func (f Figure) Noted(format string, args ...any) Figure {
	f.Notes = append(slices.Clip(f.Notes), fmt.Sprintf(format, args...))
	return f
}

// Priced returns the figure with the currency of its money.
func (f Figure) Priced(currency string) Figure {
	f.Currency = currency
	return f
}

// OfSample returns the figure with its Wilson score interval: the share of a
// sample of independent customers, of whom Numerator have the property. It is an
// error where the figure is no such share. The level is 0 for 0.95.
func (f Figure) OfSample(level float64) (Figure, error) {
	if !f.defined {
		return f, nil
	}
	var problems Problems
	if f.Unit != Fraction || !f.quotient {
		problems.Add("figure", "%s is not a share of a sample, which an interval of Wilson is for", f.Key)
		return f, problems.Err()
	}
	hits, total, ok := wholes(f.Numerator, f.Denominator)
	if !ok {
		problems.Add("figure", "%s must be whole numbers with 0 ≤ %s ≤ %s to be a share of a sample", f.Key, f.Numerator, f.Denominator)
		return f, problems.Err()
	}
	interval, err := Wilson(hits, total, level)
	if err != nil {
		return f, err
	}
	return f.With(interval), nil
}

// maxExponent bounds decimals, so that a number such as 1e1000000000 costs no
// memory.
const maxExponent = 400

func inRange(d decimal.Decimal) bool {
	return d.Exponent() <= maxExponent && d.Exponent() >= -maxExponent && d.Coefficient().BitLen() <= 4*maxExponent
}

func divide(numerator, denominator decimal.Decimal, percent bool) (float64, bool) {
	if !inRange(numerator) || !inRange(denominator) {
		return 0, false
	}
	exact := new(big.Rat).Quo(numerator.Rat(), denominator.Rat())
	if percent {
		exact.Mul(exact, big.NewRat(100, 1))
	}
	value, _ := exact.Float64()
	return value, !math.IsInf(value, 0)
}

func wholes(numerator, denominator decimal.Decimal) (hits, total int64, ok bool) {
	if !inRange(numerator) || !inRange(denominator) || !numerator.IsInteger() || !denominator.IsInteger() {
		return 0, 0, false
	}
	if numerator.IsNegative() || numerator.GreaterThan(denominator) || denominator.GreaterThan(decimal.NewFromInt(math.MaxInt64)) {
		return 0, 0, false
	}
	return numerator.IntPart(), denominator.IntPart(), true
}

func count(n int64) decimal.Decimal { return decimal.NewFromInt(n) }
