package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// twoGolds is a program with two ladders that have a tier gold, of which a mug is cheaper
// for the one and earlier for the other, and a visit earns for one of them.
func twoGolds(p *loyalty.Program) {
	p.Units = append(p.Units, points.Unit{Code: "visits", Kind: points.Metric})
	p.Ladders = append(p.Ladders, tiers.Ladder{
		Code: "lifetime", Window: tiers.Window{Kind: tiers.Lifetime}, End: tiers.WhileHeld, Tiers: []tiers.Tier{{Code: "gold", Enter: of("visits", 1)}},
	})
	p.Earning = append(p.Earning, points.Rule{Code: "visit", Activity: "coffee", Bonus: 10, Only: &points.Only{Tiers: []string{"lifetime/gold"}}})
	opens := time.Date(2027, time.April, 1, 0, 0, 0, 0, time.UTC)
	p.Catalog = rewards.Catalog{
		{Code: "mug", Type: rewards.TypeFreeProduct, Benefit: rewards.Benefit{Items: []string{"mug"}}, Prices: []rewards.Price{
			{Unit: "bean", Points: 100}, {Unit: "bean", Points: 60, Tiers: []string{"lifetime/gold"}},
		}},
		{
			Code: "cake", Type: rewards.TypeFreeProduct, Benefit: rewards.Benefit{Items: []string{"cake"}}, Prices: []rewards.Price{{Unit: "bean", Points: 10}},
			When: points.When{From: opens}, Early: []rewards.Early{{Tiers: []string{"lifetime/gold"}, From: opens.AddDate(0, -2, 0)}},
			Only: rewards.Only{Tiers: []string{"lifetime/gold", "status/gold"}},
		},
	}
}

func TestATierOfOneLadderIsNotTheOtherOfItsName(t *testing.T) {
	s := openShop(t, regulars(twoGolds))
	for _, member := range []string{"anna", "ben"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	s.must(loyalty.Fact{Member: "anna", Key: "1", Activity: "visits", Amount: 1})
	s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 70, Reason: "gift", Actor: "ada"})
	s.must(loyalty.Earn{Member: "ben", Key: "1", Order: bought("1", 500)})
	s.now = s.now.Add(time.Hour)
	require.Len(t, s.must(loyalty.Fact{Member: "anna", Key: "2", Activity: "coffee"}).Awards, 1)
	require.Empty(t, s.must(loyalty.Fact{Member: "ben", Key: "2", Activity: "coffee"}).Awards, "gold of the year")

	s.must(loyalty.Redeem{Member: "anna", Key: "cake", Redemption: "cake", Reward: "cake"})
	_, err := s.Do(t.Context(), loyalty.Redeem{Member: "ben", Key: "cake", Redemption: "cake", Reward: "cake"})
	require.ErrorIs(t, err, loyalty.ErrNotEligible, "earlier for gold of the lifetime only")
	before := s.must(loyalty.Redeem{Member: "ben", Key: "mug", Redemption: "mug", Reward: "mug"})
	require.Equal(t, points.Amount(100), before.Redemption.Price.Points)
	require.Equal(t, points.Amount(60), s.must(loyalty.Redeem{Member: "anna", Key: "mug", Redemption: "mug", Reward: "mug"}).Redemption.Price.Points)
	s.verify()
}

func TestNamesOfTiersThatAreNotClearAreNoProgram(t *testing.T) {
	p := regulars(twoGolds)
	require.NoError(t, p.Validate())
	p.Earning[len(p.Earning)-1].Only.Tiers = []string{"silver", "gold"}
	p.Catalog[0].Prices[1].Tiers = []string{"gold"}
	p.Catalog[1].Early[0].Tiers = []string{"lifetime/silver"}
	p.Catalog[1].Only.Tiers = []string{"staff", "gold"}
	err := p.Validate()
	require.ErrorIs(t, err, loyalty.ErrInvalid)
	for _, problem := range []string{
		`earning[2].only.tiers[1]: "gold" is a tier of 2 ladders: say "status/gold" or "lifetime/gold"`,
		"catalog[0].prices[1].tiers[0]", `catalog[1].early[0].tiers[0]: "silver" is not a tier of ladder "lifetime"`, "catalog[1].only.tiers[1]",
	} {
		require.ErrorContains(t, err, problem)
	}
}
