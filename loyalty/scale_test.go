package loyalty_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestAUnitWithDecimalsIsWrittenWithThem(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Units[0].Scale = 2
	program.Earning = []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 10, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	receipt := s.must(loyalty.Earn{Member: "anna", Key: "earn", Order: latte("1001")})
	require.Equal(t, points.Amount(124), receipt.Awards[0].Points)
	require.Contains(t, receipt.String(), "earned 1.24 bean")
	require.Contains(t, receipt.String(), "0.10 bean per EUR 1 on EUR 12.40")
	require.Contains(t, receipt.String(), "balance 1.24 bean available")
	_, err := s.Do(t.Context(), loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 150})
	require.ErrorContains(t, err, "1.50 bean needed, 1.24 available")
}
