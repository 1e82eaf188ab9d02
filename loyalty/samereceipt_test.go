package loyalty_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestAReplayedReceiptIsTheFirstOneToTheByte(t *testing.T) {
	for _, cmd := range goodCommands(time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)) {
		if _, erases := cmd.(loyalty.Erase); erases {
			continue // its receipt is scrubbed with the rest
		}
		s := badShop(t)
		if earn, ok := cmd.(loyalty.Earn); ok {
			earn.Order.Lines[0].Amount = decimal.RequireFromString("12.40")
			earn.Order.Tenders = nil
			cmd = earn
		}
		first := s.must(cmd)
		again := s.must(cmd)
		require.True(t, again.Replayed)
		again.Replayed = false
		require.Equal(t, first, again, "%T", cmd)
		one, err := json.Marshal(first)
		require.NoError(t, err)
		other, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(one), string(other), "%T", cmd)
		require.Equal(t, first.String(), again.String())
	}
}

func TestAReceiptShowsMoneyAsItWasNotAsItWasWritten(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Earning = []points.Rule{
		{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.RequireFromString("1.00"), Currency: "EUR"}},
		{Code: "double", Multiply: decimal.RequireFromString("2.50")},
	}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	receipt := s.must(loyalty.Earn{Member: "anna", Key: "earn", Order: points.Order{
		ID: "1001", Currency: "EUR", Lines: []points.Line{{Amount: decimal.RequireFromString("1200.500")}},
	}})
	require.Equal(t, "1200.5", receipt.Awards[0].Rules[0].Eligible.String())
	require.Contains(t, receipt.String(), "1 bean per EUR 1 on EUR 1200.50")
}
