package kpi

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"time"

	"github.com/shopspring/decimal"
)

// The kinds of stored states: the first byte of a state, which never changes. The
// second is the version of its kind.
const (
	tallyAnswers byte = iota + 1
	tallyInactivity
	tallyPoints
	tallyTiers
	tallySpend
)

// tallyWriter writes the state of an accumulator. Equal accumulators have equal
// bytes.
type tallyWriter struct{ data []byte }

func newTally(kind, version byte) *tallyWriter { return &tallyWriter{data: []byte{kind, version}} }

func (w *tallyWriter) int(n int64) { w.data = binary.AppendVarint(w.data, n) }

func (w *tallyWriter) text(s string) {
	w.int(int64(len(s)))
	w.data = append(w.data, s...)
}

func (w *tallyWriter) time(t time.Time) {
	w.int(t.Unix())
	w.int(int64(t.Nanosecond()))
}

// money writes a decimal without the zeros at its end, so that equal numbers have
// equal bytes.
func (w *tallyWriter) money(d decimal.Decimal) {
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
	w.int(exponent)
	w.text(coefficient.String())
}

// tallyReader reads a state up to its first fault.
type tallyReader struct {
	data []byte
	err  error
}

func readTally(data []byte, kind, version byte) *tallyReader {
	r := &tallyReader{data: data}
	switch {
	case len(data) < 2 || data[0] != kind:
		r.fail("is none of this kind")
	case data[1] != version:
		r.fail("has version %d, this library reads %d", data[1], version)
	default:
		r.data = data[2:]
	}
	return r
}

func (r *tallyReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = Problems{{Path: "state", Message: fmt.Sprintf(format, args...)}}
	}
}

func (r *tallyReader) int() int64 {
	if r.err != nil {
		return 0
	}
	n, size := binary.Varint(r.data)
	if size <= 0 {
		r.fail("ends too early")
		return 0
	}
	r.data = r.data[size:]
	return n
}

// count reads a number that is not negative.
func (r *tallyReader) count() int64 {
	n := r.int()
	if n < 0 {
		r.fail("has a negative count")
	}
	return n
}

func (r *tallyReader) text() string {
	n := r.count()
	if r.err != nil {
		return ""
	}
	if n > int64(len(r.data)) {
		r.fail("ends too early")
		return ""
	}
	text := string(r.data[:n])
	r.data = r.data[n:]
	return text
}

func (r *tallyReader) time() time.Time {
	seconds, nanoseconds := r.int(), r.count()
	if nanoseconds >= int64(time.Second) {
		r.fail("has a bad instant")
	}
	return time.Unix(seconds, nanoseconds)
}

func (r *tallyReader) money() decimal.Decimal {
	exponent, text := r.int(), r.text()
	if r.err != nil {
		return decimal.Decimal{}
	}
	coefficient, ok := new(big.Int).SetString(text, 10)
	if !ok || exponent > maxExponent || exponent < -maxExponent || len(text) > 2*maxExponent {
		r.fail("has a bad amount")
		return decimal.Decimal{}
	}
	return decimal.NewFromBigInt(coefficient, int32(exponent))
}

// end reports the first fault, and bytes that are left.
func (r *tallyReader) end() error {
	if r.err == nil && len(r.data) > 0 {
		r.fail("goes on after its end")
	}
	return r.err
}
