package loyalty_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// TestARefundInAChainOfMergesLeavesWhatWasHadBeforeItsOrder has bert come to gold by himself,
// become one with anna, buy again, and go on to carl and to dora. An order that bert did not
// have when he came to gold, be it his own of later or one of anna's, takes no gold from him.
func TestARefundInAChainOfMergesLeavesWhatWasHadBeforeItsOrder(t *testing.T) {
	for name, of := range map[string]struct {
		order string
		tier  string
		// beans are what all have together once the order is refunded, and apart what each has.
		beans points.Amount
		apart []points.Amount
	}{
		"an order of who came to him": {order: "of anna", tier: "gold", beans: 550 + 30, apart: []points.Amount{0, 580, 0, 0}},
		"an order between the merges": {order: "between", tier: "gold", beans: 550 + 30, apart: []points.Amount{30, 550, 0, 0}},
		"the order of his own":        {order: "of bert", tier: "", beans: 60, apart: []points.Amount{30, 30, 0, 0}},
	} {
		for _, merges := range []int{2, 3} {
			t.Run(name, func(t *testing.T) {
				s := openShop(t, regulars())
				chained := []string{"anna", "bert", "carl", "dora"}
				for _, member := range chained {
					s.must(loyalty.Enroll{Member: member, Key: "enroll"})
				}
				s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("of anna", 30)})
				s.must(loyalty.Earn{Member: "bert", Key: "2", Order: bought("of bert", 500)})
				s.now = s.now.AddDate(0, 0, 5)
				s.must(loyalty.Merge{Member: "bert", Key: "merge", From: "anna"})
				s.now = s.now.AddDate(0, 0, 5)
				s.must(loyalty.Earn{Member: "bert", Key: "3", Order: bought("between", 30)})
				for i := 1; i < merges; i++ {
					s.now = s.now.AddDate(0, 0, 5)
					s.must(loyalty.Merge{Member: chained[i+1], Key: "merge", From: chained[i]})
				}
				last := chained[merges]
				require.Equal(t, points.Amount(610), s.beansOf(last))
				s.must(loyalty.Refund{Member: last, Key: "back", Order: of.order, Full: true})
				require.Equal(t, of.tier, s.tier(last))
				require.Equal(t, of.beans, s.beansOf(last))
				s.verify()
				for i := merges; i > 0; i-- {
					s.must(loyalty.UnMerge{Member: chained[i], Key: "undo", From: chained[i-1]})
				}
				s.now = s.now.AddDate(0, 0, 5)
				s.runDue()
				require.Equal(t, of.tier, s.tier("bert"))
				for i, member := range chained {
					require.Equal(t, of.apart[i], s.beansOf(member), member)
				}
				s.verify()
			})
		}
	}
}
