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

// Anna and Ben both have an order 1001, and only Ben's was paid with points.
func TestOrdersOfOneIdKeepWhatPaidForThemApartThroughAMerge(t *testing.T) {
	for _, bens := range []loyalty.Command{
		loyalty.Spend{Member: "ben", Key: "pay", Unit: "bean", Points: 40, Order: "1001"},
		loyalty.Earn{Member: "ben", Key: "till", Order: sale("1001", 30).Order, Pay: &loyalty.PayPoints{Reward: "cash", Points: 40}},
	} {
		s := openTill(t, func(p *loyalty.Program) {
			p.OrdersPerMember = true
			x := p.Catalog[0].Exchange
			x.Points, x.Minimum = 10, 0
		})
		s.must(sale("1001", 10))
		s.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
		s.must(loyalty.Adjust{Member: "ben", Key: "gift", Unit: "bean", Points: 40, Reason: "gift", Actor: "shop"})
		s.must(bens)
		if _, spend := bens.(loyalty.Spend); spend {
			other := sale("1001", 30)
			other.Member = "ben"
			s.must(other)
		}
		s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "ben"})
		mine := s.must(loyalty.Refund{Member: "anna", Key: "mine", Order: "1001", Full: true})
		require.Empty(t, mine.PointsBack)
		require.Nil(t, mine.Split)
		his := s.must(loyalty.Refund{Member: "ben", Key: "bens", Order: "1001", Full: true})
		require.Equal(t, []loyalty.PointsBack{{Unit: "bean", Points: 40}}, his.PointsBack)
		s.verify()
	}
}

// Ben's order was not paid with points, and Anna spent some on an order of hers of the same
// id that earned nothing yet.
func TestAnOrderFindsNothingThatAnotherMemberPaidOnceTheyAreOne(t *testing.T) {
	s := openTill(t, func(p *loyalty.Program) { p.OrdersPerMember = true })
	s.must(loyalty.Spend{Member: "anna", Key: "pay", Unit: "bean", Points: 40, Order: "1001"})
	s.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
	bens := sale("1001", 30)
	bens.Member = "ben"
	s.must(bens)
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "ben"})
	receipt := s.must(loyalty.Refund{Member: "ben", Key: "bens", Order: "1001", Full: true})
	require.Empty(t, receipt.PointsBack)
	receipt = s.must(loyalty.Refund{Member: "anna", Key: "mine", Order: "1001", Full: true})
	require.Equal(t, []loyalty.PointsBack{{Unit: "bean", Points: 40}}, receipt.PointsBack)
	s.verify()
}
