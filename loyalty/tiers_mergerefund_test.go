package loyalty_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// beansOf is what a member has of points, debt taken off.
func (s *shop) beansOf(member string) points.Amount {
	s.t.Helper()
	m, err := s.Member(s.t.Context(), member)
	require.NoError(s.t, err)
	b := m.Balance("bean")
	return b.Available + b.Pending - b.Debt
}

func TestARefundTakesBackTheTierThatAMergeBrought(t *testing.T) {
	s := openShop(t, regulars())
	for _, member := range []string{"anna", "twin"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 60)})
	s.must(loyalty.Earn{Member: "twin", Key: "2", Order: bought("2", 450)})
	s.now = s.now.AddDate(0, 0, 5)
	s.must(loyalty.Earn{Member: "twin", Key: "3", Order: bought("3", 50)})
	s.now = s.now.AddDate(0, 0, 5)
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin"})
	require.Equal(t, "gold", s.tier("anna"))
	require.Equal(t, points.Amount(60+450+50+50), s.beansOf("anna"), "gold was paid for once")
	s.now = s.now.AddDate(0, 0, 5)
	r := s.must(loyalty.Refund{Member: "anna", Key: "4", Order: "2", Full: true})
	require.Equal(t, "silver", s.tier("anna"), "60 and 50 are left")
	require.Len(t, r.Tiers, 1)
	require.Equal(t, points.Amount(60+50), s.beansOf("anna"), "what gold gave is taken back")
	s.verify()

	s.must(loyalty.UnMerge{Member: "anna", Key: "undo", From: "twin"})
	require.Empty(t, s.tier("twin"), "50 are left")
	require.Empty(t, s.tier("anna"), "60 are left")
	require.Equal(t, []points.Amount{60}, amounts(s.days("anna")))
	require.Equal(t, []points.Amount{50}, amounts(s.days("twin")), "of the day of the order that is left")
	s.verify()
	s.must(loyalty.Earn{Member: "twin", Key: "5", Order: bought("5", 50)})
	require.Equal(t, "silver", s.tier("twin"))
	s.verify()
}

func TestARefundTakesBackATierOfTheYearBeforeThatAMergeBrought(t *testing.T) {
	for name, of := range map[string]struct {
		order, tier string
		beans       points.Amount
	}{
		"of the order behind it":  {order: "2", tier: "silver", beans: 10 + 150},
		"of another one":          {order: "3", tier: "gold", beans: 10 + 400 + 50},
		"of the survivor's order": {order: "1", tier: "gold", beans: 400 + 150 + 50},
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, regulars())
			s.now = time.Date(2027, 12, 1, 12, 0, 0, 0, time.UTC)
			for _, member := range []string{"anna", "twin"} {
				s.must(loyalty.Enroll{Member: member, Key: "enroll"})
			}
			s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 10)})
			s.must(loyalty.Earn{Member: "twin", Key: "2", Order: bought("2", 400)})
			s.now = s.now.AddDate(0, 0, 5)
			s.must(loyalty.Earn{Member: "twin", Key: "3", Order: bought("3", 150)})
			if of.order == "3" {
				s.must(loyalty.Fact{Member: "twin", Key: "more", Activity: "spend", Amount: 100})
			}
			s.now = time.Date(2028, 1, 10, 12, 0, 0, 0, time.UTC)
			s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin"})
			require.Equal(t, "gold", s.tier("anna"), "to the end of 2028")
			s.now = s.now.AddDate(0, 0, 3)
			s.must(loyalty.Refund{Member: "anna", Key: "back", Order: of.order, Full: true})
			require.Equal(t, of.tier, s.tier("anna"))
			require.Equal(t, of.beans, s.beansOf("anna"))
			s.verify()
			s.must(loyalty.UnMerge{Member: "anna", Key: "undo", From: "twin"})
			require.Equal(t, of.tier, s.tier("twin"))
			require.Empty(t, s.tier("anna"))
			s.verify()
		})
	}
}

func TestARefundTakesBackATierThatCameByTwoMerges(t *testing.T) {
	s := openShop(t, regulars())
	s.now = time.Date(2027, 12, 1, 12, 0, 0, 0, time.UTC)
	for _, member := range []string{"anna", "twin", "old"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	s.must(loyalty.Earn{Member: "old", Key: "2", Order: bought("2", 500)})
	s.now = time.Date(2028, 1, 10, 12, 0, 0, 0, time.UTC)
	s.must(loyalty.Merge{Member: "twin", Key: "merge", From: "old"})
	require.Equal(t, "gold", s.tier("twin"))
	s.now = s.now.AddDate(0, 0, 3)
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin"})
	require.Equal(t, "gold", s.tier("anna"))
	require.Equal(t, points.Amount(550), s.beansOf("anna"))
	s.now = s.now.AddDate(0, 0, 3)
	s.must(loyalty.Refund{Member: "old", Key: "back", Order: "2", Full: true})
	require.Empty(t, s.tier("anna"))
	require.Zero(t, s.beansOf("anna"))
	s.verify()
	s.must(loyalty.UnMerge{Member: "anna", Key: "undo", From: "twin"})
	require.Empty(t, s.tier("twin"))
	require.Empty(t, s.tier("anna"))
	s.verify()
	s.must(loyalty.UnMerge{Member: "twin", Key: "undo", From: "old"})
	require.Empty(t, s.tier("old"))
	s.verify()
}

func amounts(days []storage.DayCount) []points.Amount {
	var list []points.Amount
	for _, d := range days {
		list = append(list, d.Amount)
	}
	return list
}

// TestARefundThatChangesNoTierCountsForTheNextOne merges somebody into a member who has only
// just enrolled. A first refund leaves the tier that came, and a second one takes it, since
// both are of the orders behind it.
func TestARefundThatChangesNoTierCountsForTheNextOne(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) {
		l := &p.Ladders[0]
		l.End, l.Lasts, l.Rollover = tiers.AfterSpan, tiers.Span{Months: 2}, []tiers.Rollover{{Metric: "spend", Most: 10}}
	}))
	s.must(loyalty.Enroll{Member: "twin", Key: "enroll"})
	for order, euros := range []int64{450, 60, 60} {
		id := strconv.Itoa(order)
		s.must(loyalty.Earn{Member: "twin", Key: id, Order: bought(id, euros)})
	}
	s.now = s.now.AddDate(0, 0, 5)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin"})
	require.Equal(t, "gold", s.tier("anna"))
	s.now = s.now.AddDate(0, 0, 1)
	s.must(loyalty.Refund{Member: "anna", Key: "back 1", Order: "1", Full: true})
	require.Equal(t, "gold", s.tier("anna"), "510 are left")
	s.now = s.now.AddDate(0, 0, 1)
	s.must(loyalty.Refund{Member: "anna", Key: "back 2", Order: "2", Full: true})
	require.Equal(t, "silver", s.tier("anna"), "450 are left")
	require.Equal(t, points.Amount(450), s.beansOf("anna"))
	s.verify()
}
