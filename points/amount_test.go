package points_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/points"
)

func drawAmount(t *rapid.T, label string) points.Amount {
	return points.Amount(rapid.OneOf(
		rapid.Int64Range(-1000, 1000),
		rapid.Int64(),
		rapid.SampledFrom([]int64{math.MinInt64, math.MinInt64 + 1, math.MaxInt64 - 1, math.MaxInt64}),
	).Draw(t, label))
}

func TestArithmeticNeverWraps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawAmount(t, "a"), drawAmount(t, "b"), drawAmount(t, "c")
		big1, big2, big3 := big.NewInt(int64(a)), big.NewInt(int64(b)), big.NewInt(int64(c))
		check := func(exact *big.Int, got points.Amount, err error) {
			if exact.IsInt64() {
				require.NoError(t, err)
				require.Equal(t, exact.Int64(), int64(got))
				return
			}
			require.ErrorIs(t, err, points.ErrOverflow)
			require.Zero(t, got)
		}
		sum, err := a.Add(b)
		check(new(big.Int).Add(big1, big2), sum, err)
		diff, err := a.Sub(b)
		check(new(big.Int).Sub(big1, big2), diff, err)
		if a >= 0 && b >= 0 && c > 0 {
			part, err := a.MulDiv(b, c)
			check(new(big.Int).Quo(new(big.Int).Mul(big1, big2), big3), part, err)
		} else {
			_, err := a.MulDiv(b, c)
			require.Error(t, err)
		}
	})
}

func TestSum(t *testing.T) {
	total, err := points.Sum(1, 2, 3)
	require.NoError(t, err)
	assert.Equal(t, points.Amount(6), total)
	_, err = points.Sum(points.MaxAmount, 1)
	require.ErrorIs(t, err, points.ErrOverflow)
	total, err = points.Sum()
	require.NoError(t, err)
	assert.Zero(t, total)
}

func TestMulDivAtItsBounds(t *testing.T) {
	for _, c := range []struct{ a, num, den, want points.Amount }{
		{points.MaxAmount, 2, 2, points.MaxAmount},
		{points.MaxAmount, points.MaxAmount, points.MaxAmount, points.MaxAmount},
		{7, 3, 2, 10},
		{0, 5, 1, 0},
	} {
		got, err := c.a.MulDiv(c.num, c.den)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	for _, den := range []points.Amount{1, points.MaxAmount / 2} { // 2^126 and a little more than 2^64
		_, err := points.MaxAmount.MulDiv(points.MaxAmount, den)
		require.ErrorIs(t, err, points.ErrOverflow)
	}
	_, err := points.Amount(1).MulDiv(1, 0)
	require.ErrorContains(t, err, "points: MulDiv(1, 1, 0)")
}
