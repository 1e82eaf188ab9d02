package points

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// ErrOverflow reports arithmetic whose result does not fit an [Amount]. It is
// returned instead of a wrapped number: a balance near the edge of int64 stays
// what it was.
var ErrOverflow = errors.New("points: amount overflows int64")

// MaxAmount is the largest amount that a balance or an entry can hold.
const MaxAmount Amount = math.MaxInt64

// Amount is a number of points, counted in the smallest step of their [Unit]:
// with scale 0 one Amount is one point, with scale 2 it is a hundredth of one.
// Amounts are whole and exact; no floating point touches them.
type Amount int64

// Add returns a + b, or [ErrOverflow].
func (a Amount) Add(b Amount) (Amount, error) {
	sum := a + b
	if (sum < a) != (b < 0) {
		return 0, fmt.Errorf("%w: %d + %d", ErrOverflow, a, b)
	}
	return sum, nil
}

// Sub returns a − b, or [ErrOverflow].
func (a Amount) Sub(b Amount) (Amount, error) {
	diff := a - b
	if (diff > a) != (b < 0) {
		return 0, fmt.Errorf("%w: %d - %d", ErrOverflow, a, b)
	}
	return diff, nil
}

// MulDiv returns floor(a × num ÷ den) with a 128-bit product in between, for
// non-negative a and num and positive den. It returns [ErrOverflow] where the
// quotient does not fit and an error where an argument is out of range.
func (a Amount) MulDiv(num, den Amount) (Amount, error) {
	if a < 0 || num < 0 || den <= 0 {
		return 0, fmt.Errorf("points: MulDiv(%d, %d, %d): arguments must not be negative and the divisor not zero", a, num, den)
	}
	hi, lo := bits.Mul64(uint64(a), uint64(num))
	if hi >= uint64(den) {
		return 0, fmt.Errorf("%w: %d × %d ÷ %d", ErrOverflow, a, num, den)
	}
	quo, _ := bits.Div64(hi, lo, uint64(den))
	if quo > math.MaxInt64 {
		return 0, fmt.Errorf("%w: %d × %d ÷ %d", ErrOverflow, a, num, den)
	}
	return Amount(quo), nil
}

// Sum adds amounts, or returns [ErrOverflow].
func Sum(amounts ...Amount) (Amount, error) {
	var total Amount
	for _, a := range amounts {
		var err error
		if total, err = total.Add(a); err != nil {
			return 0, err
		}
	}
	return total, nil
}
