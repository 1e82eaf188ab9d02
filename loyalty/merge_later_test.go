package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestTheLaterOfTwoOncesCountsAfterAMerge(t *testing.T) {
	for name, members := range map[string][2]string{"the survivor's": {"old", "anna"}, "of who went": {"anna", "old"}} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, beans(points.NeverExpire()))
			for _, member := range members {
				s.must(loyalty.Enroll{Member: member, Key: "enroll"})
			}
			s.must(ScratchCard{Member: members[0], Key: "card"})
			s.now = s.now.AddDate(0, 0, 1)
			s.must(ScratchCard{Member: members[1], Key: "card"})
			s.must(join)
			for _, member := range members {
				s.refused(ScratchCard{Member: member, Key: "another"}, loyalty.ErrAlreadyDone)
			}
			s.now = s.now.AddDate(0, 0, 1)
			s.must(ScratchCard{Member: "anna", Key: "another"})
			s.verify()
		})
	}
}

func TestTheLaterOfTwoActivitiesCountsAfterAMerge(t *testing.T) {
	for name, members := range map[string][2]string{"the survivor's": {"old", "anna"}, "of who went": {"anna", "old"}} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, sleepy())
			for i, member := range members {
				s.must(loyalty.Enroll{Member: member, Key: "enroll"})
				bought := sale("of "+member, 30)
				bought.Member = member
				s.now = day(2027, time.March+time.Month(3*i), 10)
				s.must(bought)
			}
			end := time.Date(2028, time.June, 10, 22, 0, 0, 0, time.UTC) // midnight in Vienna
			s.must(join)
			require.Equal(t, []loyalty.Scheduled{{Unit: "bean", At: end, Points: 60, Inactivity: true}}, s.member("anna").Expiring)
			s.now = day(2027, time.September, 1)
			between := sale("between", 1)
			between.OccurredAt = day(2027, time.April, 20)
			receipt := s.must(between)
			require.Equal(t, []loyalty.IdleReceipt{{Unit: "bean", ExpiresAt: end}}, receipt.Idle, "it happened before the later of both")
			s.now = end
			require.Zero(t, s.balance().Available)
			s.runDue()
			s.verify()
		})
	}
}

// TestTheEntryOfAMergeNamesTheRuleAndTheOrderOfItsLot has two waiting lots made by one order
// of each unit, one by a rule with an expiry of its own and one by a rule without.
func TestTheEntryOfAMergeNamesTheRuleAndTheOrderOfItsLot(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Units[0].Pending = points.UntilConfirmed()
	program.Units = append(program.Units, points.Unit{Code: "star", Pending: points.UntilConfirmed(), Expiry: points.NeverExpire()})
	stars := euroRate()
	stars.Code, stars.Unit = "a-star-a-euro", "star"
	program.Earning = []points.Rule{
		{Code: "a-base", Unit: "bean", Bonus: 2},
		{Code: "bean-flash", Unit: "bean", Bonus: 6, Expiry: points.ExpireAfter(3, points.Days).At(points.Exact)},
		stars,
		{Code: "star-flash", Unit: "star", Bonus: 7, Expiry: points.ExpireAfter(5, points.Days).At(points.Exact)},
	}
	s := openShop(t, program)
	for _, member := range []string{"anna", "old", "ben"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	// Another operation of the survivor has lots and orders of its own.
	s.must(loyalty.Earn{Member: "anna", Key: "hers", Order: coffees("o-2", 1)})
	s.must(loyalty.Earn{Member: "old", Key: "theirs", Order: coffees("o-1", 1)})
	s.must(join)
	s.must(loyalty.Merge{Member: "ben", Key: "merge", From: "anna"})
	// A rule with an expiry of its own has a lot of its own.
	named := map[points.Amount][]string{}
	for op, err := range s.History(t.Context(), "ben") {
		require.NoError(t, err)
		for _, e := range op.Entries {
			if e.Kind == points.EntryMerge {
				named[e.Amount] = append(named[e.Amount], e.Rule)
			}
		}
	}
	require.Equal(t, map[points.Amount][]string{
		2: {"", ""}, 6: {"bean-flash", "bean-flash"}, 3: {"", ""}, 7: {"star-flash", "star-flash"},
	}, named)

	orders := map[string][]string{}
	for _, unit := range []string{"bean", "star"} {
		for _, lot := range s.explain("ben", loyalty.Question{Unit: unit}).Lots {
			for _, credit := range lot.Credits {
				orders[lot.Source] = append(orders[lot.Source], credit.Operation.Member+" by "+credit.Operation.Reference+": "+credit.Entry.Rule)
			}
		}
	}
	require.Equal(t, map[string][]string{
		"o-1": {"old by o-1: a-base", "old by o-1: bean-flash", "old by o-1: a-star-a-euro", "old by o-1: star-flash"},
		"o-2": {"anna by o-2: a-base", "anna by o-2: bean-flash", "anna by o-2: a-star-a-euro", "anna by o-2: star-flash"},
	}, orders)
	s.must(loyalty.Confirm{Member: "ben", Key: "confirm", Order: "o-1"})
	for _, lot := range s.member("ben").Lots {
		if lot.State == points.LotPending {
			require.Equal(t, "o-2", lot.Source)
			continue
		}
		want, found := map[points.Amount]time.Time{
			2: points.Never, 6: s.now.AddDate(0, 0, 3), 3: points.Never, 7: s.now.AddDate(0, 0, 5),
		}[lot.Remaining]
		require.True(t, found)
		require.Equal(t, want, lot.ExpiresAt)
	}
	s.verify()
}
