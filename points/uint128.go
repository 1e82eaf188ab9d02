package points

import (
	"math/big"
	"math/bits"
)

// uint128 is a whole number below 2^128. Money that [moneyProblem] admits needs
// at most 100 bits, and all money of an order added up fits with room to spare.
type uint128 struct{ hi, lo uint64 }

func (a uint128) isZero() bool { return a.hi|a.lo == 0 }

func (a uint128) cmp(b uint128) int {
	switch {
	case a == b:
		return 0
	case a.hi < b.hi || a.hi == b.hi && a.lo < b.lo:
		return -1
	default:
		return 1
	}
}

// add returns a + b for sums below 2^128.
func (a uint128) add(b uint128) uint128 {
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	hi, _ := bits.Add64(a.hi, b.hi, carry)
	return uint128{hi, lo}
}

// sub returns a − b for b no larger than a.
func (a uint128) sub(b uint128) uint128 {
	lo, borrow := bits.Sub64(a.lo, b.lo, 0)
	hi, _ := bits.Sub64(a.hi, b.hi, borrow)
	return uint128{hi, lo}
}

// mul returns a × b and whether it fits.
func (a uint128) mul(b uint64) (uint128, bool) {
	hi, lo := bits.Mul64(a.lo, b)
	over, high := bits.Mul64(a.hi, b)
	high, carry := bits.Add64(high, hi, 0)
	return uint128{high, lo}, over|carry == 0
}

// divMod returns a ÷ b and the remainder, and whether the quotient fits 64 bits.
func (a uint128) divMod(b uint64) (quo, rem uint64, ok bool) {
	if a.hi >= b {
		return 0, 0, false
	}
	quo, rem = bits.Div64(a.hi, a.lo, b)
	return quo, rem, true
}

func (a uint128) big() *big.Int {
	if a.hi == 0 {
		return new(big.Int).SetUint64(a.lo)
	}
	n := new(big.Int).SetUint64(a.hi)
	n.Lsh(n, 64)
	return n.Or(n, new(big.Int).SetUint64(a.lo))
}

// uint128Of returns n, which must not be negative or reach 2^128.
func uint128Of(n *big.Int) uint128 {
	var space [16]byte
	b := n.FillBytes(space[:])
	var a uint128
	for i := range 8 {
		a.hi = a.hi<<8 | uint64(b[i])
		a.lo = a.lo<<8 | uint64(b[8+i])
	}
	return a
}
