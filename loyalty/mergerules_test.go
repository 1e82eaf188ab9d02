package loyalty_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestPendingPointsKeepTheExpiryOfTheirRuleThroughAMergeAndBack(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Units[0].Pending = points.UntilConfirmed()
	program.Earning = []points.Rule{{Code: "flash", Bonus: 6, Expiry: points.ExpireAfter(3, points.Days).At(points.Exact)}}
	s := openShop(t, program)
	for _, member := range []string{"anna", "old"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	for _, order := range []string{"o-1", "o-2"} {
		s.must(loyalty.Earn{Member: "old", Key: order, Order: coffees(order, 1)})
	}
	s.must(join)
	s.must(loyalty.Confirm{Member: "anna", Key: "confirm", Order: "o-1"})
	require.Equal(t, s.now.AddDate(0, 0, 3), s.member("anna").Lots[0].ExpiresAt)
	s.must(part)
	s.must(loyalty.Confirm{Member: "old", Key: "confirm", Order: "o-2"})
	for _, lot := range s.member("old").Lots {
		require.Equal(t, s.now.AddDate(0, 0, 3), lot.ExpiresAt)
	}
	s.verify()
}

func TestARefundAfterAnUndoneMergeTakesNothingFromTheCardOfLaterOrders(t *testing.T) {
	s := ruled(t, punchCard())
	s.must(loyalty.Enroll{Member: "old", Key: "enroll"})
	s.must(loyalty.Earn{Member: "old", Key: "o-1", Order: coffees("o-1", 6)})
	s.must(join)
	s.must(part)
	s.must(loyalty.Earn{Member: "old", Key: "o-2", Order: coffees("o-2", 9)})
	s.must(loyalty.Refund{Member: "old", Key: "refund", Order: "o-1", Full: true})
	receipt := s.must(loyalty.Earn{Member: "old", Key: "o-3", Order: coffees("o-3", 1)})
	require.EqualValues(t, 100, receipt.Awards[0].Points, "the tenth coffee since the merge was undone")
	s.verify()
}
