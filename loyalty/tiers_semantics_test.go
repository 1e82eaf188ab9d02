package loyalty_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

func TestALadderCountsMetricsAndNoPointsThatCanBeSpent(t *testing.T) {
	p := regulars()
	p.Ladders[0].Tiers[0].Enter = of("bean", 100)
	require.ErrorContains(t, p.Validate(), `ladders[0].tiers[0].enter.all[0].metric: "bean" is not a metric`)
}

// TestOnlyWhatIsCountedMovesATier lets points come and go in every way: none of them promotes
// or demotes.
func TestOnlyWhatIsCountedMovesATier(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) { p.Transfers = []loyalty.TransferPolicy{{Unit: "bean"}} }))
	for _, member := range []string{"anna", "ben"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)})
	for _, cmd := range []loyalty.Command{
		loyalty.Adjust{Member: "anna", Key: "less", Unit: "bean", Points: -100, Reason: "a mistake", Actor: "ada"},
		loyalty.Adjust{Member: "ben", Key: "more", Unit: "bean", Points: 5000, Reason: "a gift", Actor: "ada"},
		loyalty.Import{Member: "ben", Key: "old", Unit: "bean", Points: 5000, ExpiresAt: points.Never},
		loyalty.Transfer{Member: "anna", Key: "give", To: "ben", Unit: "bean", Points: 200},
		loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 200},
	} {
		require.Empty(t, s.must(cmd).Tiers)
	}
	s.now = s.now.AddDate(1, 1, 0)
	s.runDue()
	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Zero(t, m.Balance("bean").Available, "the rest has expired")
	require.Equal(t, []string{"gold", ""}, []string{s.tier("anna"), s.tier("ben")})
	s.verify()
}

// TestAnyActivityAndEveryOrderCanCountForATier counts orders by a rule, and friends who were
// brought as facts.
func TestAnyActivityAndEveryOrderCanCountForATier(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) {
		p.Units = append(p.Units, points.Unit{Code: "order", Kind: points.Metric}, points.Unit{Code: "referral", Kind: points.Metric})
		p.Earning = append(p.Earning, points.Rule{Code: "orders", Unit: "order", Bonus: 1})
		p.Ladders[0].Tiers = []tiers.Tier{
			{Code: "regular", Enter: of("order", 2)},
			{Code: "friend", Enter: tiers.Condition{All: []tiers.Need{{Metric: "order", AtLeast: 2}, {Metric: "referral", AtLeast: 1}}}},
		}
	}))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 1)})
	s.must(loyalty.Fact{Member: "anna", Key: "2", Activity: "referral", Amount: 1})
	require.Empty(t, s.tier("anna"))
	r := s.must(loyalty.Earn{Member: "anna", Key: "3", Order: bought("2", 1)})
	require.Equal(t, []string{"regular", "friend"}, r.Tiers[0].Entered)
	s.must(loyalty.Refund{Member: "anna", Key: "4", Order: "1", Full: true})
	require.Empty(t, s.tier("anna"), "an order that was taken back is none")
	s.verify()
}

func TestARefundTakesFromTheYearOfTheOrder(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) { p.Ladders[0].End = tiers.EndOfPeriod }))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.now = day(2027, time.December, 20)
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 100)})
	s.now = day(2028, time.January, 5)
	s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 99)})
	require.Equal(t, "silver", s.tier("anna"), "kept for this year by the last one")
	s.must(loyalty.Refund{Member: "anna", Key: "3", Order: "1", Full: true})
	require.Empty(t, s.tier("anna"))
	r := s.must(loyalty.Earn{Member: "anna", Key: "4", Order: bought("4", 1)})
	require.Equal(t, "silver", r.Tiers[0].To, "this year has its 99 still")
	s.verify()
}

func TestALateFactLeavesWhatIsWrittenAsItIs(t *testing.T) {
	s := openShop(t, regulars())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 400)})
	s.now = s.now.AddDate(0, 0, 40)
	s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 40)})
	_, before, _ := strings.Cut(s.state(), "\n")
	events := s.events("tier-promoted")
	r := s.must(loyalty.Fact{Member: "anna", Key: "late", Activity: "spend", Amount: 60, OccurredAt: s.now.AddDate(0, 0, -20)})
	require.Equal(t, "gold", r.Tiers[0].To)
	_, after, _ := strings.Cut(s.state(), "\n")
	require.True(t, strings.HasPrefix(after, before) && len(after) > len(before), "operations are only added")
	require.Equal(t, events, s.events("tier-promoted")[:1])
	s.verify()
}

func TestAnOverrideNeedsAReasonAnActorAndAnEnd(t *testing.T) {
	s := openShop(t, regulars())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	_, err := s.Do(t.Context(), loyalty.OverrideTier{Member: "anna", Key: "1", Ladder: "status", Tier: "gold"})
	for _, path := range []string{"until:", "reason:", "actor:"} {
		require.ErrorContains(t, err, path)
	}
	_, err = s.Do(t.Context(), loyalty.RevokeTier{Member: "anna", Key: "2", Ladder: "status"})
	for _, path := range []string{"reason:", "actor:"} {
		require.ErrorContains(t, err, path)
	}
}

func TestWhatIsCountedUnderAnOverrideTakesOverAfterwards(t *testing.T) {
	s := openShop(t, regulars())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.OverrideTier{Member: "anna", Key: "1", Ladder: "status", Tier: "gold", Until: s.now.AddDate(0, 1, 0), Reason: "sorry", Actor: "ada"})
	s.now = s.now.AddDate(0, 0, 10)
	r := s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 100)})
	require.Equal(t, []string{"silver"}, r.Tiers[0].Entered, "beneath")
	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, []string{"gold", "silver"}, []string{m.Tier("status").Tier, m.Tier("status").Qualified})
	s.now = s.now.AddDate(0, 1, 0)
	require.Equal(t, "silver", s.tier("anna"))
	s.verify()
}

// TestEnteringATierGivesOnPromotionOnly lets a member be given a tier, earn it, keep it, lose
// it and come back.
func TestEnteringATierGivesOnPromotionOnly(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) {
		p.Earning = p.Earning[1:]
		p.Units[0].Expiry = points.NeverExpire()
		p.Ladders[0].Tiers[0].Benefits.Points = map[string]int64{"bean": 7}
	}))
	beans := func() points.Amount {
		m, err := s.Member(t.Context(), "anna")
		require.NoError(t, err)
		return m.Balance("bean").Available
	}
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.OverrideTier{Member: "anna", Key: "gift", Ladder: "status", Tier: "gold", Until: s.now.AddDate(0, 1, 0), Reason: "sorry", Actor: "ada"})
	require.Zero(t, beans(), "a tier that is given is not entered")
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)})
	require.Equal(t, points.Amount(57), beans(), "the one that was skipped too")
	s.now = day(2028, time.May, 1)
	r := s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 500)})
	require.Equal(t, tiers.Retained, r.Tiers[0].Kind)
	require.Equal(t, points.Amount(57), beans(), "keeping it is not entering it")
	s.daysUntil(2030, time.January, 2)
	require.Empty(t, s.tier("anna"))
	require.Equal(t, points.Amount(57), beans())
	s.must(loyalty.Earn{Member: "anna", Key: "3", Order: bought("3", 100)})
	require.Equal(t, points.Amount(64), beans(), "coming back is")
	s.verify()
}
