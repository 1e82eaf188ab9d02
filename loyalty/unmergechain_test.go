package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// TestPointsThatCameByTwoMergesGoBackByBoth has the points of anna go to bert and with him to
// carl, who spends of them, and takes the three apart again, twice over.
func TestPointsThatCameByTwoMergesGoBackByBoth(t *testing.T) {
	s := openShop(t, regulars())
	for _, member := range chained {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		s.must(loyalty.Earn{Member: member, Key: "1", Order: bought("1 "+member, 100)})
		s.now = s.now.Add(time.Minute)
	}
	balances := func() (list []points.Amount) {
		for _, member := range chained {
			list = append(list, s.beansOf(member))
		}
		return list
	}
	for _, round := range []string{"first", "second"} {
		s.must(loyalty.Merge{Member: "bert", Key: "merge " + round, From: "anna"})
		s.must(loyalty.Merge{Member: "carl", Key: "merge " + round, From: "bert"})
		if round == "first" {
			s.must(loyalty.Spend{Member: "carl", Key: "spend", Unit: "bean", Points: 30})
		}
		require.Equal(t, points.Amount(270), s.beansOf("carl"))
		s.must(loyalty.UnMerge{Member: "carl", Key: "undo " + round, From: "bert"})
		s.must(loyalty.UnMerge{Member: "bert", Key: "undo " + round, From: "anna"})
		require.Equal(t, []points.Amount{70, 100, 100}, balances(), "what was spent was anna's, who had it first")
		s.verify()
	}
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1 anna", Full: true})
	require.Equal(t, []points.Amount{100, 100}, balances()[1:])
	s.verify()
}
