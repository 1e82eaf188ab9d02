package points

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func drawNumber(t *rapid.T, label string) uint64 {
	return rapid.OneOf(
		rapid.Uint64Range(1, 20),
		rapid.Map(rapid.IntRange(0, 18), pow10),
		rapid.Uint64Range(1, 10_000_000),
		rapid.Uint64Range(1, math.MaxInt64),
	).Draw(t, label)
}

func drawTerms(t *rapid.T) []term {
	terms := make([]term, rapid.IntRange(1, 12).Draw(t, "terms"))
	for i := range terms {
		down := pow10(rapid.IntRange(0, 6).Draw(t, "down"))
		terms[i] = term{
			money: uint128{lo: rapid.Uint64Range(0, 100_000_000).Draw(t, "money")},
			num:   drawNumber(t, "num"), den: uint128{lo: drawNumber(t, "den")},
			up: rapid.Uint64Range(0, 3*down).Draw(t, "up"), down: down,
		}
		if rapid.IntRange(0, 9).Draw(t, "large") == 0 {
			terms[i].money.hi, terms[i].den.hi = 1<<30, 1<<20
		}
	}
	return terms
}

func sumOf(terms []term) *big.Rat {
	sum := new(big.Rat)
	for i := range terms {
		t := &terms[i]
		n := t.money.big()
		n.Mul(n, new(big.Int).SetUint64(t.num))
		n.Mul(n, new(big.Int).SetUint64(t.up))
		sum.Add(sum, new(big.Rat).SetFrac(n, t.bigDen()))
	}
	return sum
}

var roundings = []Rounding{Floor, HalfEven, HalfUp, Ceil}

func TestShortArithmeticEqualsLong(t *testing.T) {
	short := 0
	rapid.Check(t, func(t *rapid.T) {
		terms, rounding := drawTerms(t), rapid.SampledFrom(roundings).Draw(t, "rounding")
		fast, long := slices.Clone(terms), slices.Clone(terms)
		ok, err := roundFast(fast, rounding), roundBig(long, rounding)
		if !ok {
			return
		}
		short++
		require.NoError(t, err)
		require.Equal(t, long, fast)
	})
	assert.NotZero(t, short, "some terms must fit the short arithmetic")
}

func TestTermsAddUpToTheRoundedSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms, rounding := drawTerms(t), rapid.SampledFrom(roundings).Draw(t, "rounding")
		sum := sumOf(terms)
		err := roundTogether(terms, rounding)
		want := naiveRound(sum, rounding)
		if !want.IsInt64() {
			require.ErrorIs(t, err, ErrOverflow)
			return
		}
		require.NoError(t, err)
		var total Amount
		for i := range terms {
			total += terms[i].points
			exact := sumOf(terms[i : i+1])
			away := new(big.Rat).Sub(exact, new(big.Rat).SetInt64(int64(terms[i].points)))
			assert.Negative(t, away.Abs(away).Cmp(big.NewRat(1, 1)), "term %d is %s, %d points are more than one away", i, exact, terms[i].points)
			assert.GreaterOrEqual(t, terms[i].points, Amount(0))
		}
		require.Equal(t, want.Int64(), int64(total))
	})
}

func naiveRound(r *big.Rat, rounding Rounding) *big.Int {
	floor := new(big.Int).Quo(r.Num(), r.Denom())
	ceil := new(big.Int).Add(floor, big.NewInt(1))
	fraction := new(big.Rat).Sub(r, new(big.Rat).SetInt(floor))
	half := fraction.Cmp(big.NewRat(1, 2))
	even := floor.Bit(0) == 0
	switch {
	case fraction.Sign() == 0, rounding == Floor, half < 0 && rounding != Ceil, half == 0 && rounding == HalfEven && even:
		return floor
	default:
		return ceil
	}
}

func TestApportionedPartsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1000), 1, 10).Draw(t, "weights")
		total := new(big.Int)
		parsed := make([]*big.Int, len(weights))
		for i, weight := range weights {
			parsed[i] = big.NewInt(weight)
			total.Add(total, parsed[i])
		}
		if total.Sign() == 0 {
			return
		}
		whole := big.NewInt(rapid.Int64Range(0, total.Int64()).Draw(t, "whole"))
		sum := new(big.Int)
		for i, part := range apportion(whole, parsed, total) {
			sum.Add(sum, part)
			require.LessOrEqual(t, part.Int64(), weights[i], "a line loses at most its own money")
		}
		require.Equal(t, whole, sum)
	})
}

func TestUint128IsBigArithmetic(t *testing.T) {
	limit := new(big.Int).Lsh(big.NewInt(1), 128)
	rapid.Check(t, func(t *rapid.T) {
		a := uint128{rapid.Uint64().Draw(t, "a.hi"), rapid.Uint64().Draw(t, "a.lo")}
		b := uint128{rapid.Uint64().Draw(t, "b.hi"), rapid.Uint64().Draw(t, "b.lo")}
		require.Equal(t, a, uint128Of(a.big()), "there and back")
		require.Equal(t, a.big().Cmp(b.big()), a.cmp(b))
		sum := new(big.Int).Add(a.big(), b.big())
		if sum.Cmp(limit) < 0 {
			require.Equal(t, sum, a.add(b).big())
		}
		if a.cmp(b) >= 0 {
			require.Equal(t, new(big.Int).Sub(a.big(), b.big()).String(), a.sub(b).big().String())
		}
		product := new(big.Int).Mul(a.big(), new(big.Int).SetUint64(b.lo))
		got, ok := a.mul(b.lo)
		require.Equal(t, product.Cmp(limit) < 0, ok)
		if ok {
			require.Equal(t, product.String(), got.big().String())
		}
		if b.lo == 0 {
			return
		}
		quo, rem := new(big.Int).QuoRem(a.big(), new(big.Int).SetUint64(b.lo), new(big.Int))
		short, rest, ok := a.divMod(b.lo)
		require.Equal(t, quo.IsUint64(), ok)
		if ok {
			require.Equal(t, quo.Uint64(), short)
			require.Equal(t, rem.Uint64(), rest)
		}
	})
}
