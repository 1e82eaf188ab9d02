package loyalty_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
)

func TestOrdersThatWereRefundedInFullAndStillHavePointsAreListed(t *testing.T) {
	s := newBookShop(t)
	for _, id := range []string{"ada", "bob", "cyd"} {
		s.do(loyalty.Enroll{Member: id, Key: "in"})
		s.buys(id, "first of "+id, "100.00")
	}
	s.now = s.now.AddDate(0, 1, 0)
	s.do(loyalty.Spend{Member: "ada", Key: "s", Unit: "bean", Points: 70})
	s.do(loyalty.Refund{Member: "ada", Key: "r1", Order: "first of ada", Amount: decimal.NewFromInt(20)})
	s.do(loyalty.Refund{Member: "ada", Key: "r2", Order: "first of ada", Full: true})
	s.do(loyalty.Refund{Member: "bob", Key: "r", Order: "first of bob", Full: true})
	s.do(loyalty.Spend{Member: "cyd", Key: "s", Unit: "bean", Points: 100})
	s.do(loyalty.Refund{Member: "cyd", Key: "r", Order: "first of cyd", Amount: decimal.NewFromInt(50)})
	var found []loyalty.NetOrder
	for order, err := range s.NetOrders(t.Context()) {
		require.NoError(t, err)
		found = append(found, order)
	}
	want := loyalty.NetOrder{Member: "ada", Order: "first of ada", Unit: "bean", Earned: 100, Reversed: 30}
	assert.Equal(t, []loyalty.NetOrder{want}, found)
	assert.EqualValues(t, 70, want.Net())
}
