package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestAQuoteStoresNothingHoweverMuchIsDue(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	for i := range 250 {
		s.must(loyalty.Adjust{
			Member: "anna", Key: fmt.Sprintf("gift-%d", i), Unit: "bean", Points: 2, Reason: "gift", Actor: "shop",
			ExpiresAt: s.now.Add(time.Duration(1+i/2) * time.Hour),
		})
	}
	s.must(loyalty.Adjust{Member: "anna", Key: "kept", Unit: "bean", Points: 7, Reason: "gift", Actor: "shop"})
	s.now = s.now.AddDate(0, 1, 0)
	s.commits = 0
	spend := loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 5}
	quote, err := s.Quote(t.Context(), spend)
	require.NoError(t, err)
	require.Zero(t, s.commits)
	require.Equal(t, s.must(spend).Balances, quote.Balances)
	s.verify()
}
