package loyalty_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestAQuoteKnowsThatAnOrderHasEarned(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Earning = []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	order := points.Order{ID: "1001", Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(12)}}}
	s.must(loyalty.Earn{Member: "anna", Key: "first", Order: order})
	_, err := s.Quote(t.Context(), loyalty.Earn{Member: "anna", Key: "second", Order: order})
	require.ErrorIs(t, err, loyalty.ErrOrderEarned)
}
