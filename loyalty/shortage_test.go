package loyalty_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestAShortageSaysWhenMorePointsCome(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Units[0].Pending = points.For(14, points.Days)
	program.Earning = []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	r := s.must(loyalty.Earn{Member: "anna", Key: "o", Order: points.Order{ID: "1", Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(20)}}}})
	_, err := s.Do(t.Context(), loyalty.Spend{Member: "anna", Key: "s2", Unit: "bean", Points: 1})
	var short *loyalty.InsufficientPointsError
	require.ErrorAs(t, err, &short)
	require.Equal(t, r.Awards[0].AvailableFrom, short.NextAvailable)
}
