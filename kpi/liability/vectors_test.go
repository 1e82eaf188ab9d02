package liability_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/kpicase"
	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
)

func TestVectorsOfTheBooks(t *testing.T) {
	kpicase.Run(t, kpicase.Books, map[string]kpicase.Check{
		"liability.ifrs15_ex52": checkExample52,
		"liability.kpmg_":       checkRevisions,
		"breakage.gift_card":    checkGiftCard,
	})
}

func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func month(m time.Month) kpi.Period { return kpi.CalendarMonth(2027, m, time.UTC) }

type booked struct {
	Goods   float64 `json:"allocated_goods"`
	Points  float64 `json:"allocated_points"`
	Periods []struct {
		Recognized float64 `json:"recognised"`
		Cumulative float64 `json:"cumulative"`
		Liability  float64 `json:"contract_liability"`
	} `json:"periods"`
}

// checkBooks compares books that are kept to a millionth of a millionth, as the
// reference values are not rounded.
func checkBooks(t *testing.T, c *kpicase.Case, sale liability.Sale, redeemed, expected []decimal.Decimal, want booked) {
	t.Helper()
	policy := liability.Policy{Method: liability.Proportional, Step: dec("0.000000000001")}
	a, err := liability.Allocate(sale, policy.Step)
	require.NoError(t, err)
	c.Near(t, want.Goods, a.Goods.InexactFloat64(), "goods")
	c.Near(t, want.Points, a.Points.InexactFloat64(), "points")
	var states []liability.State
	for i := range redeemed {
		states = append(states, liability.State{
			Period: month(time.Month(i + 1)), Deferred: a.Points, Issued: sale.Points, Redeemed: redeemed[i], Expected: expected[i],
		})
	}
	roll, err := liability.RollForward(policy, states)
	require.NoError(t, err)
	require.Len(t, roll.Movements, len(want.Periods))
	for i, p := range want.Periods {
		c.Near(t, p.Recognized, roll.Movements[i].Recognized.InexactFloat64(), "recognized")
		c.Near(t, p.Cumulative, roll.Movements[i].Cumulative.InexactFloat64(), "cumulative")
		c.Near(t, p.Liability, roll.Movements[i].Closing.InexactFloat64(), "liability")
	}
}

func checkExample52(t *testing.T, c *kpicase.Case) {
	var input struct {
		Price    decimal.Decimal `json:"goods_price"`
		Goods    decimal.Decimal `json:"goods_ssp"`
		Points   decimal.Decimal `json:"points"`
		Value    decimal.Decimal `json:"unit_value"`
		Expected decimal.Decimal `json:"expected_redeemed"`
		Periods  []struct {
			Redeemed decimal.Decimal `json:"redeemed_total"`
			Expected decimal.Decimal `json:"expected_total"`
		} `json:"periods"`
	}
	var want booked
	c.Decode(t, &input, &want)
	sale := liability.Sale{Price: input.Price, Goods: input.Goods, Points: input.Points, PointValue: input.Value, Redemption: input.Expected.Div(input.Points)}
	var redeemed, expected []decimal.Decimal
	for _, p := range input.Periods {
		redeemed, expected = append(redeemed, p.Redeemed), append(expected, p.Expected)
	}
	checkBooks(t, c, sale, redeemed, expected, want)
}

func checkRevisions(t *testing.T, c *kpicase.Case) {
	var input struct {
		Price    decimal.Decimal      `json:"goods_price"`
		Points   decimal.Decimal      `json:"points"`
		Expected decimal.Decimal      `json:"expected_redeemed"`
		Periods  [][2]decimal.Decimal `json:"periods"`
	}
	var want booked
	c.Decode(t, &input, &want)
	sale := liability.Sale{Price: input.Price, Goods: input.Price, Points: input.Points, PointValue: dec("1"), Redemption: input.Expected.Div(input.Points)}
	var redeemed, expected []decimal.Decimal
	for _, p := range input.Periods {
		redeemed, expected = append(redeemed, p[0]), append(expected, p[1])
	}
	checkBooks(t, c, sale, redeemed, expected, want)
}

func checkGiftCard(t *testing.T, c *kpicase.Case) {
	var input struct {
		Paid     decimal.Decimal `json:"prepaid"`
		Breakage decimal.Decimal `json:"expected_breakage"`
		Redeemed decimal.Decimal `json:"redeemed_value"`
	}
	var expect map[string]float64
	c.Decode(t, &input, &expect)
	p := liability.Prepaid{Paid: input.Paid, Redeemed: input.Redeemed, Breakage: input.Breakage}
	got, err := liability.GiftCards(liability.Policy{Method: liability.Proportional}, p)
	require.NoError(t, err)
	c.Near(t, expect["proportional_revenue"], got.Revenue.InexactFloat64(), "proportional revenue")
	c.Near(t, expect["proportional_liability"], got.Liability.InexactFloat64(), "proportional liability")
	p.Breakage = decimal.Zero
	got, err = liability.GiftCards(liability.Policy{Method: liability.Remote}, p)
	require.NoError(t, err)
	c.Near(t, expect["remote_revenue"], got.Revenue.InexactFloat64(), "remote revenue")
	c.Near(t, expect["remote_liability"], got.Liability.InexactFloat64(), "remote liability")
	assert.Equal(t, liability.Remote, got.Policy.Method, "a result says which method was used")
}
