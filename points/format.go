package points

import (
	"fmt"
	"strconv"
	"strings"
)

// Format returns an amount in the unit's scale: with scale 2, 150 is "1.50".
func (u Unit) Format(a Amount) string {
	scale := u.decimals()
	if scale == 0 {
		return strconv.FormatInt(int64(a), 10)
	}
	digits, sign := strconv.FormatInt(int64(a), 10), ""
	if a < 0 {
		digits, sign = digits[1:], "-"
	}
	if short := scale + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	point := len(digits) - scale
	return sign + digits[:point] + "." + digits[point:]
}

// Parse reads what [Unit.Format] writes, and also fewer decimals: with scale 2,
// "1.5" is 150. More decimals than the scale are an error, not rounded.
func (u Unit) Parse(text string) (Amount, error) {
	scale := u.decimals()
	whole, fraction, hasPoint := strings.Cut(text, ".")
	digits := strings.TrimPrefix(whole, "-")
	if digits == "" || hasPoint && fraction == "" || !allDigits(digits) || !allDigits(fraction) {
		return 0, fmt.Errorf("points: %q is not a number of points, such as %q", text, u.Format(Amount(pow10(scale))))
	}
	if len(fraction) > scale {
		return 0, fmt.Errorf("points: %q has more than the %d decimals of unit %q", text, scale, u.Code)
	}
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", scale-len(fraction)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %q", ErrOverflow, text)
	}
	return Amount(n), nil
}

// decimals is the scale, or 0 where that is out of range.
func (u Unit) decimals() int {
	if u.Scale < 0 || u.Scale > MaxScale {
		return 0
	}
	return u.Scale
}

func allDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}
