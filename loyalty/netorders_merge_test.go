package loyalty_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// keptOrders lists what members kept of orders that were refunded in full.
func (s *shop) keptOrders() (list []loyalty.NetOrder) {
	for order, err := range s.NetOrders(s.t.Context()) {
		require.NoError(s.t, err)
		list = append(list, order)
	}
	return list
}

// openThreeTills has three members who may have an order 1001 each, and no points.
func openThreeTills(t *testing.T) *shop {
	s := openTill(t, func(p *loyalty.Program) { p.OrdersPerMember = true })
	s.must(loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 2000})
	for _, id := range []string{"ben", "cleo"} {
		s.must(loyalty.Enroll{Member: id, Key: "enroll"})
	}
	return s
}

func (s *shop) sells(member, id string, euros int64) {
	earn := sale(id, euros)
	earn.Member = member
	s.must(earn)
}

func (s *shop) spends(member, key string, amount points.Amount) {
	s.must(loyalty.Spend{Member: member, Key: key, Unit: "bean", Points: amount})
}

func (s *shop) refundsAll(member, id string) loyalty.Receipt {
	return s.must(loyalty.Refund{Member: member, Key: "refund " + id, Order: id, Full: true})
}

func TestWhatWasKeptOfOrdersOfOneNameIsToldOfEachAfterAMerge(t *testing.T) {
	s := openThreeTills(t)
	s.sells("anna", "1001", 10)
	s.sells("ben", "1001", 30)
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "ben"})
	require.Empty(t, s.refundsAll("ben", "1001").Shortfalls)
	s.spends("anna", "spend it", 6)
	require.EqualValues(t, 6, s.refundsAll("anna", "1001").Shortfalls[0].Amount)
	require.Equal(t, []loyalty.NetOrder{{Member: "anna", Order: "1001", Unit: "bean", Earned: 10, Reversed: 4}}, s.keptOrders())
}

func TestWhatWasTakenBackOfAnOrderCountsThroughMergesAndBack(t *testing.T) {
	s := openThreeTills(t)
	s.sells("ben", "1001", 30)
	s.sells("ben", "1002", 30)
	s.must(loyalty.Refund{Member: "ben", Key: "some", Order: "1001", Amount: eur("9")})
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "ben"})
	s.must(loyalty.Refund{Member: "ben", Key: "more", Order: "1001", Amount: eur("9")})
	s.must(loyalty.Merge{Member: "cleo", Key: "merge", From: "anna"})
	s.refundsAll("ben", "1001")
	require.Empty(t, s.keptOrders(), "all was taken back, of three accounts")
	s.must(loyalty.UnMerge{Member: "cleo", Key: "part", From: "anna"})
	require.Empty(t, s.keptOrders())
	s.must(loyalty.UnMerge{Member: "anna", Key: "part", From: "ben"})
	require.Empty(t, s.keptOrders())
	s.spends("ben", "spend it", 7)
	s.refundsAll("ben", "1002")
	require.Equal(t, []loyalty.NetOrder{{Member: "ben", Order: "1002", Unit: "bean", Earned: 30, Reversed: 23}}, s.keptOrders())
}
