package points_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

// TestArithmeticOfManyDigits has numbers that do not fit 64 or 128 bits on the way; per
// has 30 digits, so that its denominator alone takes 100 bits.
func TestArithmeticOfManyDigits(t *testing.T) {
	const per = "100000000000000000.000000000002"
	for _, c := range []struct {
		name     string
		rate     points.SpendRate
		amount   string
		boost    string
		multiply string
		want     points.Amount // 0 is an overflow
	}{
		{"two and a half go to the even two", points.SpendRate{Points: 1, Per: dec(per), Rounding: points.HalfEven}, "250000000000000000.000000000005", "", "", 2},
		{"three and a half to the even four", points.SpendRate{Points: 1, Per: dec(per), Rounding: points.HalfEven}, "350000000000000000.000000000007", "", "", 4},
		{"or up", points.SpendRate{Points: 1, Per: dec(per), Rounding: points.HalfUp}, "250000000000000000.000000000005", "", "", 3},
		{"or down", points.SpendRate{Points: 1, Per: dec(per)}, "250000000000000000.000000000005", "", "", 2},
		{"a little more than two goes up", points.SpendRate{Points: 1, Per: dec(per), Rounding: points.Ceil}, "200000000000000000.000000000005", "", "", 3},
		{"two whole groups", points.SpendRate{Points: 7, Per: dec(per), Grouping: points.WholeGroups}, "250000000000000000.000000000005", "", "", 14},
		{"whole groups of which there are more than 2^64", points.SpendRate{Points: 1, Per: dec("0.000000000001"), Grouping: points.WholeGroups}, "100000000000000000", "", "", 0},
		{"a denominator of 80 bits", points.SpendRate{Points: 1_000_000, Per: dec("999999999999999999")}, "999999999999999999", "", "1.000001", 1_000_001},
		{"the most points, rounded down", points.SpendRate{Points: 1, Per: dec("0.1")}, "922337203685477580.71", "", "", points.MaxAmount},
		{"one more, rounded up", points.SpendRate{Points: 1, Per: dec("0.1"), Rounding: points.Ceil}, "922337203685477580.71", "", "", 0},
		{"money × points is 2^128", points.SpendRate{Points: 1 << 30, Per: dec("0.000000000001")}, "316912650057057350.374175801344", "", "", 0},
		{"factors beyond 2^128", points.SpendRate{Points: 1_000_000_000_000_000, Per: dec("999999999999999999.9")}, "900000000000000000", "1000", "1000", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.rate.Currency = "EUR"
			rules, env := []points.Rule{{Code: "base", Spend: &c.rate}}, points.Env{At: monday}
			if c.multiply != "" {
				rules = append(rules, points.Rule{Code: "more", Multiply: dec(c.multiply)})
			}
			if c.boost != "" {
				env.Boost = map[string]decimal.Decimal{"bean": dec(c.boost)}
			}
			require.NoError(t, points.ValidateRules("earning", rules, []points.Unit{bean}).Err())
			awards, err := points.Evaluate(rules, []points.Unit{bean}, order(line("a", c.amount)), env)
			if c.want == 0 {
				require.ErrorIs(t, err, points.ErrOverflow)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, awards[0].Points)
		})
	}
}
