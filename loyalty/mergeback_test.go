package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// comingBack has beans that live on by a grace and can be reinstated, and a cap.
func comingBack() loyalty.Program {
	program := earning()
	program.Units[0].Expiry = points.ExpireAfter(30, points.Days)
	program.Units[0].Grace = points.Span{N: 3, Unit: points.Days}
	program.Units[0].Reinstate = points.Span{N: 60, Unit: points.Days}
	program.Earning[0].Caps = []points.Cap{{Points: 1000, Per: points.PerMonth}}
	program.Limits = []loyalty.Limit{{Code: "spends", Commands: []string{"spend"}, By: loyalty.ByMember, Per: loyalty.Day, Times: 3}}
	return program
}

func withCoffee(t *testing.T, program loyalty.Program, members ...string) *shop {
	s := openShop(t, program)
	for _, member := range members {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		s.must(loyalty.Earn{Member: member, Key: "earn", Order: latte("order of " + member)})
	}
	return s
}

func goodwill(member, key string, n points.Amount) loyalty.Adjust {
	return loyalty.Adjust{Member: member, Key: key, Unit: "bean", Points: n, Reason: "gift", Actor: "ada"}
}

func TestAMemberWhoUsedCapsIsReadAndEarnsAfterTheirMergeIsUndone(t *testing.T) {
	s := withCoffee(t, comingBack(), "anna", "old")
	s.must(join)
	s.must(part)
	require.EqualValues(t, 12, s.member("old").Balance("bean").Available)
	s.must(loyalty.Earn{Member: "old", Key: "earn again", Order: latte("1002")})
	require.EqualValues(t, 24, s.member("old").Balance("bean").Available)
	s.verify()
}

func TestWhatExpiredBeforeAMergeIsReinstatedOnlyOnceAndOnlyForWhoLostIt(t *testing.T) {
	s := withCoffee(t, comingBack(), "anna", "old")
	s.now = s.now.AddDate(0, 0, 40)
	s.runDue()
	mine, err := s.Expired(t.Context(), "anna")
	require.NoError(t, err)
	theirs, err := s.Expired(t.Context(), "old")
	require.NoError(t, err)
	require.Equal(t, mine[0].Entry, theirs[0].Entry, "both lost points by the same version of their accounts")
	back := loyalty.Reinstate{Member: "old", Key: "back", Entries: []points.EntryRef{theirs[0].Entry}, Reason: "goodwill", Actor: "ada"}
	s.must(back)
	s.must(join)
	listed, err := s.Expired(t.Context(), "old")
	require.NoError(t, err)
	require.Equal(t, mine, listed, "of a merged member the survivor's are listed")
	require.Equal(t, "anna", listed[0].Member)
	stale := loyalty.Reinstate{Member: "old", Key: "from an old page", Entries: []points.EntryRef{theirs[0].Entry}, Reason: "goodwill", Actor: "ada"}
	s.refused(stale, loyalty.ErrInvalid)
	require.True(t, s.must(back).Replayed, "what was done before the merge is answered as before")
	s.must(loyalty.Reinstate{Member: "anna", Key: "back", Entries: []points.EntryRef{mine[0].Entry}, Reason: "goodwill", Actor: "ada"})
	require.EqualValues(t, 24, s.member("anna").Balance("bean").Available)
	s.must(part)
	back.Key = "twice"
	s.refused(back, loyalty.ErrAlreadyDone)
	s.verify()
}

func TestInactivityRunsForPointsThatAnUndoneMergeReturns(t *testing.T) {
	program := earning()
	program.Units[0].Inactivity = &points.Inactivity{After: points.Span{N: 90, Unit: points.Days}, Activities: []string{"earn"}}
	s := withCoffee(t, program, "anna", "old")
	s.must(join)
	s.must(part)
	old := s.member("old")
	require.Len(t, old.Expiring, 1)
	require.True(t, old.Expiring[0].Inactivity)
	s.now = s.now.AddDate(0, 0, 91)
	require.Zero(t, s.member("old").Balance("bean").Available)
	s.runDue()
	s.verify()
}

func TestInactivityRunsForPointsOfADissolvedPool(t *testing.T) {
	program := earning()
	program.Units[0].Inactivity = &points.Inactivity{After: points.Span{N: 90, Unit: points.Days}, Activities: []string{"earn"}}
	program.Pools = []loyalty.PoolKind{{
		Code: "household", Dissolve: loyalty.ToContributors,
		Roles: []loyalty.PoolRole{{Code: "owner", Manages: true, Contributes: true, Draws: true}},
	}}
	s := withCoffee(t, program, "anna", "ben")
	s.must(loyalty.FoundPool{Member: "anna", Key: "found", Pool: "home", Kind: "household"})
	s.must(loyalty.InviteToPool{Member: "anna", Key: "invite", Pool: "home", Who: "ben", Role: "owner"})
	s.must(loyalty.JoinPool{Member: "ben", Key: "join", Pool: "home"})
	s.must(loyalty.ContributeToPool{Member: "ben", Key: "put", Pool: "home", Unit: "bean", Points: 12})
	s.now = s.now.AddDate(0, 0, 91)
	s.runDue()
	require.Zero(t, s.member("home").Balance("bean").Available, "a pool is inactive too")
	s.must(loyalty.Earn{Member: "anna", Key: "earn again", Order: latte("1002")})
	s.must(loyalty.ContributeToPool{Member: "anna", Key: "put", Pool: "home", Unit: "bean", Points: 12})
	s.must(loyalty.LeavePool{Member: "ben", Key: "leave", Pool: "home"})
	s.now = s.now.AddDate(0, 0, 1)
	s.must(loyalty.DissolvePool{Member: "anna", Key: "end", Pool: "home"})
	m := s.member("anna")
	require.EqualValues(t, 12, m.Balance("bean").Available)
	require.Len(t, m.Expiring, 1)
	require.True(t, m.Expiring[0].Inactivity)
	s.verify()
}

func TestWhatTwoMembersUsedOfALimitAddsUpWhenTheyBecomeOne(t *testing.T) {
	s := withCoffee(t, comingBack(), "anna", "old")
	s.must(loyalty.Spend{Member: "anna", Key: "1", Unit: "bean", Points: 1})
	s.must(loyalty.Spend{Member: "old", Key: "2", Unit: "bean", Points: 1})
	s.must(join)
	s.must(loyalty.Spend{Member: "anna", Key: "3", Unit: "bean", Points: 1})
	s.refused(loyalty.Spend{Member: "anna", Key: "4", Unit: "bean", Points: 1}, loyalty.ErrLimit)
	s.now = s.now.AddDate(0, 0, 1)
	s.must(loyalty.Spend{Member: "anna", Key: "4", Unit: "bean", Points: 1})
	s.verify()
}

func TestOfTwoPeriodsOfALimitTheLaterOneCountsAfterAMerge(t *testing.T) {
	for _, late := range []string{"anna", "old"} {
		s := withCoffee(t, comingBack(), "anna", "old")
		first := map[string]string{"anna": "old", "old": "anna"}[late]
		for _, key := range []string{"1", "2", "3"} {
			s.must(loyalty.Spend{Member: first, Key: key, Unit: "bean", Points: 1})
		}
		s.now = s.now.AddDate(0, 0, 1)
		s.must(loyalty.Spend{Member: late, Key: "4", Unit: "bean", Points: 1})
		s.must(join)
		s.must(loyalty.Spend{Member: "anna", Key: "5", Unit: "bean", Points: 1})
		s.must(loyalty.Spend{Member: "anna", Key: "6", Unit: "bean", Points: 1})
		s.refused(loyalty.Spend{Member: "anna", Key: "7", Unit: "bean", Points: 1}, loyalty.ErrLimit)
		s.verify()
	}
}

func TestAMergeRepeatsNoReminderAndLosesNone(t *testing.T) {
	s := openShop(t, reminded())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Enroll{Member: "old", Key: "enroll"})
	s.must(goodwill("old", "gift", 5))
	s.must(goodwill("anna", "gift", 3))
	s.now = time.Date(2028, time.March, 5, 9, 0, 0, 0, time.UTC)
	s.runDue()
	s.must(join)
	for range 40 {
		s.now = s.now.AddDate(0, 0, 1)
		s.runDue()
	}
	require.ElementsMatch(t, []string{
		"3 bean at 2028-03-31 22:00, 1 months ahead",
		"5 bean at 2028-03-31 22:00, 1 months ahead",
		"8 bean at 2028-03-31 22:00, 1 weeks ahead",
		"8 bean at 2028-03-31 22:00, 1 days ahead",
	}, s.told())
	s.verify()
}

func TestPointsOfAnExtendedLotComeBackToItsLaterExpiryWhateverTheGrace(t *testing.T) {
	s := withCoffee(t, comingBack(), "anna")
	s.must(loyalty.Spend{Member: "anna", Key: "pay", Unit: "bean", Points: 5, Order: "1001"})
	later := s.now.AddDate(0, 0, 90)
	s.must(loyalty.Extend{Member: "anna", Key: "extend", Unit: "bean", ExpiringBy: s.now.AddDate(0, 0, 60), ExpiresAt: later, Reason: "gift", Actor: "ada"})
	s.now = s.now.AddDate(0, 0, 40)
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1001", PointsBack: []loyalty.PointsBack{{Unit: "bean", Points: 5}}})
	m := s.member("anna")
	require.Equal(t, []loyalty.Scheduled{{Unit: "bean", At: later, Points: 12}}, m.Expiring)
	s.verify()
}

func TestEachReturnOfPointsHasAGraceOfItsOwn(t *testing.T) {
	for _, merged := range []bool{false, true} {
		s := withCoffee(t, comingBack(), "old", "anna")
		s.must(loyalty.Spend{Member: "old", Key: "pay", Unit: "bean", Points: 12, Order: "1001"})
		s.now = s.now.AddDate(0, 0, 40)
		back := loyalty.Refund{Member: "old", Key: "1", Order: "1001", PointsBack: []loyalty.PointsBack{{Unit: "bean", Points: 5}}}
		s.must(back)
		if merged {
			s.must(join)
		}
		s.now = s.now.AddDate(0, 0, 2)
		back.Key = "2"
		s.must(back)
		schedule := s.member("old").Expiring
		require.Len(t, schedule, 2)
		require.Equal(t, "2027-04-13 22:00 2027-04-15 22:00", schedule[0].At.Format("2006-01-02 15:04")+" "+schedule[1].At.Format("2006-01-02 15:04"))
		s.verify()
	}
}

func TestAUnitMayGiveAGraceAsLongAsItsValidity(t *testing.T) {
	program := comingBack()
	program.Units[0].Grace = program.Units[0].Expiry.After
	s := withCoffee(t, program, "anna")
	s.must(loyalty.Hold{Member: "anna", Key: "hold", ID: "h1", Unit: "bean", Points: 5, Until: points.Never})
	s.now = s.now.AddDate(0, 0, 40)
	s.must(loyalty.Void{Member: "anna", Key: "void", Hold: "h1"})
	require.EqualValues(t, 5, s.member("anna").Balance("bean").Available)
	s.verify()
}

func TestAnUndoneMergeReportsTheDebtThatStays(t *testing.T) {
	program := earning()
	program.Debt = loyalty.AllowDebt
	s := withCoffee(t, program, "anna", "old")
	s.must(loyalty.Spend{Member: "old", Key: "spend", Unit: "bean", Points: 12})
	s.must(loyalty.Refund{Member: "old", Key: "refund", Order: "order of old", Full: true})
	s.must(join)
	result := unmerged(t, s.must(part))
	require.Equal(t, []loyalty.PointsBack{{Unit: "bean", Points: 12}}, result.Owed)
	require.Zero(t, s.member("old").Balance("bean").Debt)
	require.Zero(t, s.member("anna").Balance("bean").Available, "anna's points repaid it")
	s.verify()
}

func TestWhatARefundTookFromAMetricMovesOnWithEveryMerge(t *testing.T) {
	program := earning()
	program.Units = append(program.Units, points.Unit{Code: "spent", Kind: points.Metric})
	program.Earning = append(program.Earning, points.Rule{Code: "spent", Unit: "spent", Bonus: 12})
	s := withCoffee(t, program, "old", "anna", "ben")
	s.must(loyalty.Earn{Member: "old", Key: "more", Order: latte("1002")})
	s.must(loyalty.Refund{Member: "old", Key: "back", Order: "1002", Full: true})
	s.must(join)
	s.must(loyalty.Merge{Member: "ben", Key: "merge", From: "anna"})
	require.EqualValues(t, 36, s.member("ben").Balance("spent").Counted)
	s.must(loyalty.UnMerge{Member: "ben", Key: "part", From: "anna"})
	s.must(loyalty.Merge{Member: "ben", Key: "merge again", From: "anna"})
	require.EqualValues(t, 36, s.member("ben").Balance("spent").Counted)
	s.verify()
}

func TestWhatAMetricLostDuringAMergeIsNotCountedAgainByTheNext(t *testing.T) {
	program := earning()
	program.Units = append(program.Units, points.Unit{Code: "spent", Kind: points.Metric})
	program.Earning = append(program.Earning, points.Rule{Code: "spent", Unit: "spent", Bonus: 12})
	s := withCoffee(t, program, "old", "anna", "ben")
	s.must(join)
	s.must(loyalty.Adjust{Member: "anna", Key: "less", Unit: "spent", Points: -20, Reason: "miscounted", Actor: "ada"})
	s.must(part)
	require.EqualValues(t, 4, s.member("old").Balance("spent").Counted)
	s.must(loyalty.Merge{Member: "ben", Key: "merge", From: "old"})
	require.EqualValues(t, 16, s.member("ben").Balance("spent").Counted)
	s.verify()
}

func TestPointsThatPaidForAnOrderComeBackToWhoeverHasTheOrder(t *testing.T) {
	for _, shared := range []bool{false, true} {
		s := withCoffee(t, earning(), "anna", "old")
		s.must(loyalty.Spend{Member: "old", Key: "pay", Unit: "bean", Points: 9, Order: "1001"})
		if shared {
			s.must(loyalty.Spend{Member: "anna", Key: "pay", Unit: "bean", Points: 2, Order: "1001"})
		}
		s.must(join)
		s.must(loyalty.Refund{Member: "old", Key: "some", Order: "1001", PointsBack: []loyalty.PointsBack{{Unit: "bean", Points: 4}}})
		s.must(part)
		s.must(loyalty.Refund{Member: "old", Key: "rest", Order: "1001", Full: true})
		require.EqualValues(t, 8, s.member("old").Balance("bean").Available, "3 were unspent, 5 came back since")
		if shared {
			s.must(loyalty.Refund{Member: "anna", Key: "all", Order: "1001", Full: true})
		} else {
			s.refused(loyalty.Refund{Member: "anna", Key: "all", Order: "1001", Full: true}, loyalty.ErrUnknownOrder)
		}
		require.EqualValues(t, 16, s.member("anna").Balance("bean").Available, "4 came back during the merge")
		s.verify()
	}
}

// Dan became one with Ben, who had an order 1001 as well, and Ben with Anna.
func TestAnOrderIsFoundByItsIdThroughTwoMergesAndBack(t *testing.T) {
	s := openTill(t, func(p *loyalty.Program) { p.OrdersPerMember = true })
	for _, member := range []string{"ben", "dan"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		s.must(loyalty.Adjust{Member: member, Key: "gift", Unit: "bean", Points: 40, Reason: "gift", Actor: "shop"})
		s.must(loyalty.Spend{Member: member, Key: "pay", Unit: "bean", Points: 40, Order: "1001"})
		order := sale("1001", 30)
		order.Member = member
		s.must(order)
	}
	s.must(loyalty.Merge{Member: "ben", Key: "merge", From: "dan"})
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "ben"})
	s.must(loyalty.UnMerge{Member: "anna", Key: "part", From: "ben"})
	s.must(loyalty.UnMerge{Member: "ben", Key: "part", From: "dan"})
	for _, member := range []string{"dan", "ben"} {
		receipt := s.must(loyalty.Refund{Member: member, Key: "back", Order: "1001", Full: true})
		require.Equal(t, []loyalty.PointsBack{{Unit: "bean", Points: 40}}, receipt.PointsBack, member)
	}
	s.verify()
}
