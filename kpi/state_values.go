package kpi

import (
	"math"
	"math/big"
	"time"

	"github.com/shopspring/decimal"
)

// instant writes an instant with its nanoseconds.
func (w *stateWriter) instant(t time.Time) {
	w.signed(t.Unix())
	w.count(t.Nanosecond())
}

func (r *stateReader) instant() time.Time {
	seconds, nanoseconds := r.signed(), r.unsigned()
	if nanoseconds >= uint64(time.Second) {
		r.fail("an instant is out of range")
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanoseconds))
}

// tally writes a count that is not negative.
func (w *stateWriter) tally(n int64) { w.unsigned(uint64(n)) }

func (r *stateReader) tally() int64 {
	n := r.unsigned()
	if n > math.MaxInt64 {
		r.fail("a count is out of range")
		return 0
	}
	return int64(n)
}

// decimal writes a decimal without the zeros at its end, so that equal numbers have
// equal bytes.
func (w *stateWriter) decimal(d decimal.Decimal) {
	coefficient, exponent := d.Coefficient(), int64(d.Exponent())
	if coefficient.Sign() == 0 {
		exponent = 0
	}
	ten, rest := big.NewInt(10), new(big.Int)
	for coefficient.Sign() != 0 {
		shorter, rest := new(big.Int).QuoRem(coefficient, ten, rest)
		if rest.Sign() != 0 {
			break
		}
		coefficient, exponent = shorter, exponent+1
	}
	w.signed(exponent)
	w.text(coefficient.String())
}

func (r *stateReader) decimal() decimal.Decimal {
	exponent, text := r.signed(), r.text()
	if r.err != nil {
		return decimal.Decimal{}
	}
	if exponent > maxExponent || exponent < -maxExponent || len(text) > 2*maxExponent {
		r.fail("an amount is out of range")
		return decimal.Decimal{}
	}
	coefficient, ok := new(big.Int).SetString(text, 10)
	if !ok {
		r.fail("an amount is no number")
		return decimal.Decimal{}
	}
	return decimal.NewFromBigInt(coefficient, int32(exponent))
}

// valid reports what the type that is read would not have taken.
func (r *stateReader) valid(err error) {
	if err != nil {
		r.fail(err.Error())
	}
}
