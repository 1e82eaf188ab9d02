package loyalty_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
)

// openTwoTills has Anna and Ben, who both may have an order 1001.
func openTwoTills(t *testing.T) *shop {
	s := openTill(t, func(p *loyalty.Program) { p.OrdersPerMember = true })
	s.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "ben", Key: "gift", Unit: "bean", Points: 40, Reason: "gift", Actor: "shop"})
	return s
}

func bens(id string, euros int64) loyalty.Earn {
	earn := sale(id, euros)
	earn.Member = "ben"
	return earn
}

func TestAnOrderOfTheOldIdEarnsAfterAMergeThoughTheSurvivorHasOneOfItsId(t *testing.T) {
	s := openTwoTills(t)
	s.must(sale("1001", 10))
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "ben"})
	s.must(bens("1001", 30))
	again := bens("1001", 30)
	again.Key = "again"
	s.refused(again, loyalty.ErrOrderEarned)
	s.must(loyalty.Spend{Member: "ben", Key: "pay", Unit: "bean", Points: 25, Order: "1001"})
	require.Empty(t, s.must(loyalty.Refund{Member: "anna", Key: "mine", Order: "1001", Full: true}).PointsBack)
	require.EqualValues(t, 2000+40+30-25, s.balance().Available)
	back := s.must(loyalty.Refund{Member: "ben", Key: "his", Order: "1001", Full: true})
	require.Equal(t, []loyalty.PointsBack{{Unit: "bean", Points: 25}}, back.PointsBack)
	require.EqualValues(t, 2000+40, s.balance().Available)
	s.verify()
}

func TestAnOrderThatEarnedInTheOldNameIsFoundAndEarnsNotAgainOnceTheMergeIsUndone(t *testing.T) {
	for name, earlier := range map[string]loyalty.Command{
		"who survived had one of its id": sale("1001", 10),
		"it was paid before the merge":   loyalty.Spend{Member: "ben", Key: "pay", Unit: "bean", Points: 25, Order: "1001"},
		"it is the only one":             sale("1002", 10),
	} {
		t.Run(name, func(t *testing.T) {
			s := openTwoTills(t)
			s.must(earlier)
			s.must(loyalty.Spend{Member: "anna", Key: "pay", Unit: "bean", Points: 5, Order: "1001"})
			s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "ben"})
			s.must(bens("1001", 30))
			s.must(loyalty.UnMerge{Member: "anna", Key: "part", From: "ben"})

			again := bens("1001", 30)
			again.Key = "again"
			s.refused(again, loyalty.ErrOrderEarned)
			s.refused(loyalty.Refund{Member: "ben", Key: "lines", Order: "1001", Amount: eur("1")}, loyalty.ErrUnknownOrder)
			before := s.balance().Available
			s.must(loyalty.Refund{Member: "anna", Key: "his", Order: "1001/2", Full: true})
			require.Equal(t, before-30, s.balance().Available)
			s.verify()

			s.must(loyalty.Merge{Member: "anna", Key: "merge again", From: "ben"})
			s.refused(again, loyalty.ErrOrderEarned)
			s.must(loyalty.UnMerge{Member: "anna", Key: "part again", From: "ben"})
			s.refused(again, loyalty.ErrOrderEarned)
			s.verify()
		})
	}
}

func TestARefundSaysWhereAnOrderIsThatEarnedInTheNameOfOneWhoWasMerged(t *testing.T) {
	s := openTwoTills(t)
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "ben"})
	s.must(bens("1001", 30))
	s.must(loyalty.UnMerge{Member: "anna", Key: "part", From: "ben"})
	_, err := s.Do(t.Context(), loyalty.Refund{Member: "ben", Key: "back", Order: "1001", Full: true})
	require.ErrorIs(t, err, loyalty.ErrUnknownOrder)
	require.ErrorContains(t, err, `"1001" of "anna"`)
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1001", Full: true})
	require.EqualValues(t, 2000, s.balance().Available)
	s.verify()
}
