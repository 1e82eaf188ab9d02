package loyalty_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// perks gives gold of the status and friends of the house what shops give, and sells a mug.
func perks(p *loyalty.Program) {
	p.Ladders[0].Tiers[0].Benefits = tiers.Benefits{EarlyAccess: 24, Services: []string{"wrapping"}, Custom: map[string]string{"lounge": "no"}}
	p.Ladders[0].Tiers[1].Benefits = tiers.Benefits{
		EarlyAccess: 48, Services: []string{"shipping", "wrapping"}, Custom: map[string]string{"lounge": "yes", "hotline": "0800 1"},
		Earn: map[string]decimal.Decimal{"": decimal.RequireFromString("1.5")},
	}
	p.Ladders = append(p.Ladders, tiers.Ladder{
		Code: "friends", Window: tiers.Window{Kind: tiers.Lifetime}, End: tiers.WhileHeld,
		Tiers: []tiers.Tier{{Code: "friend", Enter: of("spend", 300), Benefits: tiers.Benefits{
			EarlyAccess: 72, Services: []string{"repair", "wrapping"}, Custom: map[string]string{"hotline": "0800 2"},
		}}},
	})
	p.Catalog = rewards.Catalog{{
		Code: "mug", Type: rewards.TypeFreeProduct, Benefit: rewards.Benefit{Items: []string{"mug"}}, Prices: []rewards.Price{
			{Unit: "bean", Points: 100}, {Unit: "bean", Points: 60, Tiers: []string{"status/silver"}}, {Tiers: []string{"status/gold"}},
		},
	}}
}

// perked is a shop with a member who has bought for so many euros.
func perked(t *testing.T, euros int64) (*shop, loyalty.Member) {
	t.Helper()
	s := openShop(t, regulars(perks))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", euros)})
	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	return s, m
}

func TestEarlyAccessIsThatOfTheTierThatGivesMost(t *testing.T) {
	_, m := perked(t, 99)
	early, by := m.Benefits.EarlyAccess()
	require.Zero(t, early)
	require.Nil(t, by)
	_, m = perked(t, 100)
	early, by = m.Benefits.EarlyAccess()
	require.Equal(t, 24*time.Hour, early)
	require.Equal(t, "status/silver", tiers.Name(by.Ladder, by.Tier))
	_, m = perked(t, 500)
	early, by = m.Benefits.EarlyAccess()
	require.Equal(t, 72*time.Hour, early, "a friend's, though gold gives 48 hours")
	require.Equal(t, "friends/friend", tiers.Name(by.Ladder, by.Tier))
}

func TestAServiceIsFreeByTheTierThatSaysSo(t *testing.T) {
	_, m := perked(t, 99)
	require.Nil(t, m.Benefits.Service("wrapping"), "she has no tier and pays for it")
	_, m = perked(t, 200)
	require.Equal(t, "silver", m.Benefits.Service("wrapping").Tier)
	require.Nil(t, m.Benefits.Service("shipping"), "gold's")
	_, m = perked(t, 500)
	require.Equal(t, "gold", m.Benefits.Service("shipping").Tier)
	require.Equal(t, "friends", m.Benefits.Service("wrapping").Ladder, "the first in the order of ladders")
	require.Equal(t, "friend", m.Benefits.Service("repair").Tier)
	require.Nil(t, m.Benefits.Service("valet"))
}

func TestABenefitOfTheShopsOwnSaysWhoGaveIt(t *testing.T) {
	_, m := perked(t, 200)
	value, by := m.Benefits.Custom("lounge")
	require.Equal(t, "no", value)
	require.Equal(t, "silver", by.Tier)
	value, by = m.Benefits.Custom("hotline")
	require.Empty(t, value)
	require.Nil(t, by)
	_, m = perked(t, 500)
	value, by = m.Benefits.Custom("hotline")
	require.Equal(t, "0800 2", value)
	require.Equal(t, "friends", by.Ladder)
	value, _ = m.Benefits.Custom("lounge")
	require.Equal(t, "yes", value)
}

func TestATierHasARewardAtItsPriceOrForNothing(t *testing.T) {
	for name, c := range map[string]struct {
		euros int64
		costs points.Amount
	}{
		"without a tier at the price of all": {99, 100},
		"silver for less":                    {150, 60},
		"gold free of charge":                {500, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := perked(t, c.euros)
			s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 100, Reason: "gift", Actor: "ada"})
			before, err := s.Member(t.Context(), "anna")
			require.NoError(t, err)
			offers, err := s.Rewards(t.Context(), "anna", nil)
			require.NoError(t, err)
			require.True(t, offers[0].Redeemable)
			require.Len(t, offers[0].Costs, 1)
			require.Equal(t, c.costs, offers[0].Costs[0].Points)
			cmd := loyalty.Redeem{Member: "anna", Key: "mug", Redemption: "mug", Reward: "mug"}
			quote, err := s.Quote(t.Context(), cmd)
			require.NoError(t, err)
			r := s.must(cmd)
			require.Equal(t, quote, r)
			require.Equal(t, c.costs, r.Redemption.Price.Points)
			after, err := s.Member(t.Context(), "anna")
			require.NoError(t, err)
			require.Equal(t, before.Balance("bean").Available-c.costs, after.Balance("bean").Available)
			s.must(loyalty.CancelRedemption{Member: "anna", Key: "back", Redemption: "mug", Reason: "broken", Actor: "ada"})
			back, err := s.Member(t.Context(), "anna")
			require.NoError(t, err)
			require.Equal(t, before.Balance("bean").Available, back.Balance("bean").Available)
			s.verify()
		})
	}
}

func TestServicesThatAreNoneAreNoProgram(t *testing.T) {
	p := regulars(perks)
	require.NoError(t, p.Validate())
	p.Ladders[0].Tiers[1].Benefits.Services = []string{"shipping", "", "shipping"}
	err := p.Validate()
	require.ErrorContains(t, err, "ladders[0].tiers[1].benefits.services[1]")
	require.ErrorContains(t, err, `ladders[0].tiers[1].benefits.services[2]: "shipping" is there twice`)
}

// TestTheTierThatEarnsMostCountsAndIsNamed holds orders of a member of two ladders to what the
// page says of them: the highest factor counts, and not both.
func TestTheTierThatEarnsMostCountsAndIsNamed(t *testing.T) {
	earns := func(factors ...string) map[string]decimal.Decimal {
		all := map[string]decimal.Decimal{}
		for i := 0; i < len(factors); i += 2 {
			all[factors[i]] = decimal.RequireFromString(factors[i+1])
		}
		return all
	}
	for name, c := range map[string]struct {
		status, friend map[string]decimal.Decimal
		points         points.Amount
		factor, by     string
	}{
		"the first ladder's":           {earns("bean", "1.5"), earns("bean", "2"), 200, "2", "friends/friend"},
		"the second one's":             {earns("bean", "3"), earns("bean", "2"), 300, "3", "status/gold"},
		"of all units, where no other": {earns("", "1.25"), nil, 125, "1.25", "status/gold"},
		"of the unit before all":       {earns("", "5", "bean", "1.5"), nil, 150, "1.5", "status/gold"},
		"less than others":             {earns("bean", "0.5"), nil, 50, "0.5", "status/gold"},
		"the first of two alike":       {earns("bean", "2"), earns("", "2"), 200, "2", "friends/friend"},
		"of another unit":              {earns("leaf", "2"), nil, 100, "1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, regulars(perks, func(p *loyalty.Program) {
				p.Units = append(p.Units, points.Unit{Code: "leaf", Expiry: points.NeverExpire()})
				p.Ladders[0].Tiers[1].Benefits.Earn, p.Ladders[1].Tiers[0].Benefits.Earn = c.status, c.friend
			}))
			s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
			s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)})
			m, err := s.Member(t.Context(), "anna")
			require.NoError(t, err)
			factor, by := m.Benefits.Earn("bean")
			require.Equal(t, c.factor, factor.String())
			r := s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 100)})
			require.Equal(t, c.points, r.Awards[0].Points)
			if c.by == "" {
				require.Nil(t, by)
				require.NotContains(t, r.String(), " as ")
				return
			}
			require.Equal(t, c.by, tiers.Name(by.Ladder, by.Tier))
			require.Contains(t, r.String(), "× "+c.factor+" as "+c.by)
		})
	}
}

func TestEarlyAccessOpensARewardByThatManyHours(t *testing.T) {
	opens := time.Date(2027, time.April, 1, 7, 0, 0, 0, time.UTC)
	for euros, hours := range map[int64]int{99: 0, 100: 24, 500: 72} {
		s := openShop(t, regulars(perks, func(p *loyalty.Program) { p.Catalog[0].When.From = opens }))
		s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
		s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", euros)})
		s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 100, Reason: "gift", Actor: "ada"})
		at, cmd := opens.Add(-time.Duration(hours)*time.Hour), loyalty.Redeem{Member: "anna", Key: "mug", Redemption: "mug", Reward: "mug"}
		s.now = at.Add(-time.Microsecond)
		_, err := s.Do(t.Context(), cmd)
		require.ErrorIs(t, err, loyalty.ErrNotEligible)
		offers, err := s.Rewards(t.Context(), "anna", nil)
		require.NoError(t, err)
		require.Equal(t, []rewards.Reason{{Why: rewards.NotOpen, At: at}}, offers[0].Reasons)
		s.now = at
		s.must(cmd)
	}
}
