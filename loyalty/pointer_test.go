package loyalty_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestASpendThatIsPassedByPointerIsGatheredToo(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	smallLots(s, 150)
	s.must(&loyalty.Spend{Member: "anna", Key: "big", Unit: "bean", Points: 140})
	require.True(t, s.must(loyalty.Spend{Member: "anna", Key: "big", Unit: "bean", Points: 140}).Replayed)
	require.Equal(t, points.Balance{Unit: "bean", Available: 10}, s.balance())
	s.verify()
}
