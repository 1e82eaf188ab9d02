package points_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

// delivered is the state of two lattes for 10.00 and 2.00 of tax, a cake for 30.00 and
// 6.00 of tax, and shipping for 5.00: 53.00 in all.
func delivered() points.OrderState {
	o := order(
		points.Line{ID: "latte", Quantity: 2, Amount: dec("10"), Tax: dec("2")},
		points.Line{ID: "cake", Amount: dec("30"), Tax: dec("6")},
	)
	o.Shipping = dec("5")
	return points.NewOrderState(o, nil)
}

func TestRefundedMoney(t *testing.T) {
	latte, tenth := pieces("latte", 1), amount("4.70") // of 47.00 that the latte leaves
	for _, c := range []struct {
		name     string
		refunds  []points.Refund
		smallest string
		places   []int
		want     string
	}{
		{"nothing yet", nil, "0.01", nil, "0"},
		{"a latte with its tax", []points.Refund{latte}, "0.01", nil, "6"},
		{"of its line", []points.Refund{latte}, "0.01", []int{0}, "6"},
		{"of no other line", []points.Refund{latte}, "0.01", []int{1, 2}, "0"},
		{"6.00 and a tenth of the rest", []points.Refund{latte, tenth}, "0.01", nil, "10.7"},
		{"in whole euros", []points.Refund{latte, tenth}, "1", nil, "10"},
		{"in fives", []points.Refund{latte, tenth}, "5", nil, "10"},
		{"6.00 and 0.60", []points.Refund{latte, tenth}, "0.01", []int{0}, "6.6"},
		{"3.60 and 0.50", []points.Refund{latte, tenth}, "0.01", []int{1, 2}, "4.1"},
		{"3.60 in halves", []points.Refund{latte, tenth}, "0.5", []int{1}, "3.5"},
		{"all of it", []points.Refund{latte, {Full: true}}, "0.01", nil, "53"},
	} {
		t.Run(c.name, func(t *testing.T) {
			state := delivered()
			for _, refund := range c.refunds {
				_, err := state.Refund(refund)
				require.NoError(t, err)
			}
			assert.Equal(t, c.want, state.RefundedMoney(dec(c.smallest), c.places...).String())
		})
	}
}

func TestAllIsRefundedWhenNoMoneyIsLeft(t *testing.T) {
	state := delivered()
	for _, refund := range []points.Refund{pieces("latte", 2), amount("40.99")} {
		assert.False(t, state.AllRefunded())
		_, err := state.Refund(refund)
		require.NoError(t, err)
	}
	assert.False(t, state.AllRefunded(), "a cent is left")
	_, err := state.Refund(amount("0.01"))
	require.NoError(t, err)
	assert.True(t, state.AllRefunded())

	state = delivered()
	_, err = state.Refund(points.Refund{Full: true})
	require.NoError(t, err)
	assert.True(t, state.AllRefunded(), "a full refund")
}

func TestOfAnOrderThatCostNothingAPieceIsAPart(t *testing.T) {
	o := order(points.Line{ID: "sample", Quantity: 2, Amount: dec("0")})
	awards, err := points.Evaluate([]points.Rule{{Code: "try", Bonus: 51}}, []points.Unit{bean}, o, points.Env{At: monday})
	require.NoError(t, err)
	state := points.NewOrderState(o, awards)
	for _, want := range []points.Amount{25, 26} {
		takes, err := state.Refund(pieces("sample", 1))
		require.NoError(t, err)
		assert.Equal(t, want, takes[0].Points)
	}
}

func TestAnOrdersStateSaysWhichMoneyCounted(t *testing.T) {
	gift := points.Line{ID: "gift", Amount: dec("20"), StoredValue: true}
	o := order(line("latte", "10"), gift)
	rules := []points.Rule{{Code: "base", Spend: eur(1, "1")}, {Code: "welcome", Bonus: 30}}
	awards, err := points.Evaluate(rules, []points.Unit{bean}, o, points.Env{At: monday})
	require.NoError(t, err)
	award := points.NewOrderState(o, awards).Awards[0]
	require.Len(t, award.Eligible, 2)
	assert.Equal(t, "10", award.Eligible[0].String(), "the bonus, which counts no money, comes after the rate")
	assert.True(t, award.Eligible[1].IsZero())
	assert.Equal(t, []points.Amount{40, 0}, award.Points, "a bonus is spread by the money that counts")

	o = order(line("latte", "10"), line("mug", "20"))
	awards, err = points.Evaluate(rules, []points.Unit{bean}, o, points.Env{At: monday})
	require.NoError(t, err)
	assert.Nil(t, points.NewOrderState(o, awards).Awards[0].Eligible, "it is the amount of every line")
}

func TestTheLargestRefund(t *testing.T) {
	most := points.Refund{Lines: make([]points.RefundLine, 1000)}
	for i := range most.Lines {
		most.Lines[i] = points.RefundLine{Line: "cake", Quantity: points.MaxQuantity}
	}
	require.NoError(t, most.Validate())
	err := pieces("cake", points.MaxQuantity+1).Validate()
	require.ErrorContains(t, err, "lines[0].quantity: ")
}

func TestARefundOfTooMuchSaysWhatIsLeft(t *testing.T) {
	for refund, says := range map[string]string{
		"":      "points: refund of more than is left: 53 is left of the order",
		"latte": `points: refund of more than is left: of line "latte" 2 pieces, or money of 10, are left`,
	} {
		state, ask := delivered(), amount("53.01")
		if refund != "" {
			ask = part(refund, "10.01")
		}
		_, err := state.Refund(ask)
		require.EqualError(t, err, says)
	}
}
