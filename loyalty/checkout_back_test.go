package loyalty_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// payAtTill pays 900 points of an order of 30 euros, of which a cup is 6 and beans are 18.
func payAtTill(s *shop) {
	s.must(tillOrder(loyalty.PayPoints{Reward: "cash", Points: 900}))
}

func refundLine(s *shop, line string) loyalty.Receipt {
	return s.must(loyalty.Refund{Member: "anna", Key: "back " + line, Order: "1001", Lines: []points.RefundLine{{Line: line}}})
}

func TestPointsOfAnotherUnitThatComeBackTakeNothingOffTheSplitOfARefund(t *testing.T) {
	s := openTill(t, func(p *loyalty.Program) {
		p.Units = append(p.Units, points.Unit{Code: "leaf", Expiry: points.NeverExpire()})
	})
	s.must(loyalty.Adjust{Member: "anna", Key: "leaves", Unit: "leaf", Points: 50, Reason: "gift", Actor: "shop"})
	payAtTill(s)
	s.must(loyalty.Spend{Member: "anna", Key: "wrap", Unit: "leaf", Points: 50, Order: "1001"})
	s.must(loyalty.Refund{Member: "anna", Key: "no wrap", Order: "1001", PointsBack: []loyalty.PointsBack{{Unit: "leaf", Points: 50}}})
	require.Equal(t, []loyalty.PointsBack{{Unit: "bean", Points: 180}}, refundLine(s, "cup").PointsBack)
	s.verify()
}

func TestASplitRemembersWhatCameBackThroughALaterSpendOnTheOrder(t *testing.T) {
	s := openTill(t)
	// 2,000 go on 1 March 2028, 180 on 2 March: the 180 are the last to be taken, and the
	// first to come back.
	s.must(loyalty.Spend{Member: "anna", Key: "most", Unit: "bean", Points: 1280})
	s.must(gift("more", 180, day(2028, 4, 2)))
	payAtTill(s)
	require.Equal(t, []loyalty.PointsBack{{Unit: "bean", Points: 180}}, refundLine(s, "cup").PointsBack)
	s.must(loyalty.Spend{Member: "anna", Key: "wrap", Unit: "bean", Points: 7, Order: "1001"})
	require.Equal(t, []loyalty.PointsBack{{Unit: "bean", Points: 540}}, refundLine(s, "beans").PointsBack)
	s.must(loyalty.Refund{Member: "anna", Key: "rest", Order: "1001", Full: true})
	require.EqualValues(t, 900, s.balance().Available, "what was there before")
	s.verify()
}
