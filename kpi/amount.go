package kpi

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strings"

	"github.com/shopspring/decimal"
)

const (
	// amountDecimals is how many decimals money has.
	amountDecimals = 12
	amountUnit     = 1_000_000_000_000
	// maxWhole bounds one amount: 10¹¹ amounts of it still add up within 128 bits.
	maxWhole = 1_000_000_000_000_000
)

// ErrAmount reports an amount that is not below 10¹⁵ in size or has more than 12
// decimals.
var ErrAmount = errors.New("an amount must be below 1,000,000,000,000,000 and have at most 12 decimals")

// Amount is an exact amount of money in one currency, or in any other unit that orders are
// valued in: a whole number of 10⁻¹², in 128 bits. It is comparable with ==, sums
// are the same in any order, and no operation allocates but those to and from
// text and [decimal.Decimal]. The zero value is zero.
//
// One amount is below 10¹⁵ in size, so that 10¹¹ of them add up exactly.
type Amount struct {
	hi int64
	lo uint64
}

var powersOfTen = [...]uint64{
	1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
	10_000_000_000, 100_000_000_000, 1_000_000_000_000,
}

// NewAmount returns coefficient × 10^−decimals: NewAmount(1250, 2) is 12.50. The
// decimals are 0 to 12; the error is [ErrAmount].
func NewAmount(coefficient int64, decimals int) (Amount, error) {
	if decimals < 0 || decimals > amountDecimals {
		return Amount{}, fmt.Errorf("%d decimals: %w", decimals, ErrAmount)
	}
	if coefficient == math.MinInt64 || magnitude(coefficient)/powersOfTen[decimals] >= maxWhole {
		return Amount{}, fmt.Errorf("%d with %d decimals: %w", coefficient, decimals, ErrAmount)
	}
	return scaled(coefficient, powersOfTen[amountDecimals-decimals]), nil
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}

// scaled is coefficient × unit, which the caller has bounded.
func scaled(coefficient int64, unit uint64) Amount {
	hi, lo := bits.Mul64(magnitude(coefficient), unit)
	m := Amount{int64(hi), lo}
	if coefficient < 0 {
		return m.Neg()
	}
	return m
}

// AmountOf returns a decimal's value; the error is [ErrAmount]. A decimal whose
// digits fit in 64 bits costs no allocation.
func AmountOf(d decimal.Decimal) (Amount, error) {
	exponent := int(d.Exponent())
	if d.IsZero() {
		return Amount{}, nil
	}
	if d.NumDigits() <= 18 && exponent <= 0 && exponent >= -amountDecimals {
		return NewAmount(d.CoefficientInt64(), -exponent)
	}
	if exponent > 16 || exponent < -100 || d.NumDigits() > 200 {
		return Amount{}, ErrAmount
	}
	whole := d.Shift(amountDecimals)
	if !whole.IsInteger() || !d.Abs().LessThan(decimal.NewFromInt(maxWhole)) {
		return Amount{}, fmt.Errorf("%s: %w", d, ErrAmount)
	}
	return amountOfBig(whole.BigInt()), nil
}

// Units returns the amount in units of 10⁻¹², in two's complement: what formats of
// 128-bit decimals hold.
func (m Amount) Units() (hi int64, lo uint64) { return m.hi, m.lo }

// AmountOfUnits returns the amount of [Amount.Units], which may be a sum: below 10²⁵ in
// size, else the error is [ErrAmount].
func AmountOfUnits(hi int64, lo uint64) (Amount, error) {
	m := Amount{hi, lo}
	size := m
	if m.hi < 0 {
		size = m.Neg()
	}
	const mostHi, mostLo = 542101086242752217, 68739955140067328 // 10³⁷
	if size.hi < 0 || size.hi > mostHi || size.hi == mostHi && size.lo >= mostLo {
		return Amount{}, fmt.Errorf("a total of 10²⁵ or more: %w", ErrAmount)
	}
	return m, nil
}

func amountOfBig(n *big.Int) Amount {
	size := new(big.Int).Abs(n)
	low := new(big.Int).And(size, new(big.Int).SetUint64(math.MaxUint64))
	m := Amount{int64(size.Rsh(size, 64).Uint64()), low.Uint64()}
	if n.Sign() < 0 {
		return m.Neg()
	}
	return m
}

// ParseAmount reads digits with an optional sign and an optional point: "12.50".
// The error is [ErrAmount] or says what is amiss.
func ParseAmount(text string) (Amount, error) { return parseAmount(text) }

// parseAmount reads bytes as well, which a reader of a file has.
func parseAmount[T string | []byte](text T) (Amount, error) {
	var m Amount
	digits, decimals, point := 0, 0, false
	var value uint64
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= '0' && c <= '9':
			value = value*10 + uint64(c-'0')
			if digits++; digits > 18 {
				return slowAmount(string(text))
			}
			if point {
				decimals++
			}
		case c == '.' && !point:
			point = true
		case (c == '-' || c == '+') && i == 0:
		default:
			return m, fmt.Errorf("%q is not an amount such as 12.50", string(text))
		}
	}
	if digits == 0 || point && (decimals == 0 || decimals == digits) {
		return m, fmt.Errorf("%q is not an amount such as 12.50", string(text))
	}
	if text[0] == '-' {
		return NewAmount(-int64(value), decimals)
	}
	return NewAmount(int64(value), decimals)
}

func slowAmount(text string) (Amount, error) {
	whole, fraction, point := strings.Cut(strings.TrimLeft(text, "+-"), ".")
	if len(text) > 200 || !allDigits(whole) || point && !allDigits(fraction) || len(text)-1 > len(strings.TrimLeft(text, "+-")) {
		return Amount{}, fmt.Errorf("%.40q is not an amount such as 12.50", text)
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return Amount{}, fmt.Errorf("%q is not an amount such as 12.50", text)
	}
	return AmountOf(d)
}

func allDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// ParseTotal reads digits as [ParseAmount] does, also of a sum of amounts, which is
// below 10²⁵ in size.
func ParseTotal(text string) (Amount, error) {
	a, err := parseAmount(text)
	if err == nil || !errors.Is(err, ErrAmount) {
		return a, err
	}
	d, parsed := decimal.NewFromString(text)
	if parsed != nil || len(text) > 200 || !d.Shift(amountDecimals).IsInteger() || !d.Abs().LessThan(decimal.New(1, 25)) {
		return Amount{}, err
	}
	return amountOfBig(d.Shift(amountDecimals).BigInt()), nil
}

// Add returns m + n.
func (m Amount) Add(n Amount) Amount {
	lo, carry := bits.Add64(m.lo, n.lo, 0)
	hi, _ := bits.Add64(uint64(m.hi), uint64(n.hi), carry)
	return Amount{int64(hi), lo}
}

// Neg returns −m.
func (m Amount) Neg() Amount {
	lo, borrow := bits.Sub64(0, m.lo, 0)
	hi, _ := bits.Sub64(0, uint64(m.hi), borrow)
	return Amount{int64(hi), lo}
}

// Sign returns −1, 0 or 1.
func (m Amount) Sign() int {
	switch {
	case m.hi < 0:
		return -1
	case m.hi == 0 && m.lo == 0:
		return 0
	default:
		return 1
	}
}

// Cmp returns −1 where m is below n, 1 where it is above, 0 where they are equal.
func (m Amount) Cmp(n Amount) int {
	switch {
	case m == n:
		return 0
	case m.hi < n.hi || m.hi == n.hi && m.lo < n.lo:
		return -1
	default:
		return 1
	}
}

// Float64 returns the nearest float.
func (m Amount) Float64() float64 {
	if m.hi < 0 {
		return -m.Neg().Float64()
	}
	const exact = 1 << 53
	if m.hi < 100_000_000 {
		if quotient, rest := bits.Div64(uint64(m.hi), m.lo, 100_000_000); rest == 0 && quotient < exact {
			return float64(quotient) / 10_000
		}
	}
	if m.hi == 0 && m.lo < exact {
		return float64(m.lo) / amountUnit
	}
	value, _ := new(big.Rat).SetFrac(m.big(), big.NewInt(amountUnit)).Float64()
	return value
}

func (m Amount) big() *big.Int {
	n := big.NewInt(m.hi)
	return n.Add(n.Lsh(n, 64), new(big.Int).SetUint64(m.lo))
}

// Decimal returns the same value without needless zeros behind the point.
func (m Amount) Decimal() decimal.Decimal {
	n, ten, rest := m.big(), big.NewInt(10), new(big.Int)
	exponent := int32(-amountDecimals)
	for exponent < 0 {
		quotient := new(big.Int)
		if quotient.QuoRem(n, ten, rest); rest.Sign() != 0 {
			break
		}
		n = quotient
		exponent++
	}
	return decimal.NewFromBigInt(n, exponent)
}

// String returns the value in digits: "12.5".
func (m Amount) String() string { return m.Decimal().String() }

// MarshalText returns the value in digits.
func (m Amount) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads digits as [ParseTotal] does.
func (m *Amount) UnmarshalText(text []byte) error {
	parsed, err := ParseTotal(string(text))
	if err == nil {
		*m = parsed
	}
	return err
}

// in returns the amount in units of 10^−decimals: whether it is a whole number of
// them, and whether that fits in an int64.
func (a Amount) in(decimals int) (value int64, exact, fits bool) {
	if a.hi < 0 {
		value, exact, fits = a.Neg().in(decimals)
		return -value, exact, fits
	}
	unit := powersOfTen[amountDecimals-decimals]
	if uint64(a.hi) >= unit {
		return 0, a.hi%int64(unit) == 0 && a.lo%unit == 0, false
	}
	quotient, rest := bits.Div64(uint64(a.hi), a.lo, unit)
	return int64(quotient), rest == 0, quotient <= math.MaxInt64
}
