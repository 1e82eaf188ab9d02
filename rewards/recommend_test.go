package rewards_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

func tasteCatalog() rewards.Catalog {
	at := func(code string, price points.Amount, categories ...string) rewards.Reward {
		return rewards.Reward{Code: code, Type: rewards.TypeCustom, Prices: []rewards.Price{{Unit: "bean", Points: price}}, Categories: categories}
	}
	gold := at("lounge", 10, "coffee")
	gold.Only.Tiers = []string{"gold"}
	return rewards.Catalog{at("latte", 50, "coffee"), at("scone", 50, "cake"), at("grinder", 150, "coffee", "gear"), at("machine", 900, "coffee"), at("pen", 10), gold}
}

func TestWhatAMemberLikesAndReachesComesFirst(t *testing.T) {
	catalog := tasteCatalog()
	env := rewards.Env{Balances: []points.Balance{{Unit: "bean", Available: 100}}}
	taste := rewards.Taste{Consent: true, Bought: map[string]int64{"coffee": 30, "cake": 10}, Redeemed: map[string]int64{"scone": 2, "gone": 5}}
	offers := rewards.Evaluate(catalog, &env)
	var told []string
	for _, r := range rewards.Recommend(catalog, offers, taste, 10) {
		told = append(told, r.String())
	}
	require.Equal(t, []string{
		"latte: 75 % of what was bought is coffee, it can be redeemed now",
		"scone: 25 % of what was bought is cake, 100 % of what was redeemed is cake, it can be redeemed now",
		"grinder: 75 % of what was bought is coffee, only 50 bean are missing",
		"pen: it can be redeemed now",
	}, told, "what is for others, and what is far away, is not recommended")
	slices.Reverse(offers)
	again := rewards.Recommend(catalog, offers, taste, 2)
	require.Len(t, again, 2)
	require.Equal(t, "latte", again[0].Reward, "the order of the offers makes no difference")
}

func TestWithoutConsentNothingIsRecommended(t *testing.T) {
	catalog := tasteCatalog()
	offers := rewards.Evaluate(catalog, &rewards.Env{Balances: []points.Balance{{Unit: "bean", Available: 100}}})
	require.Nil(t, rewards.Recommend(catalog, offers, rewards.Taste{Bought: map[string]int64{"coffee": 30}}, 10))
	require.NotEmpty(t, rewards.Recommend(catalog, offers, rewards.Taste{Consent: true, Bought: map[string]int64{"coffee": -30}}, 10))
}

func TestWhatIsHalfPaidIsNearAndWhatIsLessIsNot(t *testing.T) {
	for price, near := range map[points.Amount]bool{100: true, 101: true, 200: true, 201: false, 500: false} {
		catalog := rewards.Catalog{{Code: "mug", Prices: beans(price)}}
		env := rewards.Env{Balances: []points.Balance{{Unit: "bean", Available: 100}}}
		list := rewards.Recommend(catalog, rewards.Evaluate(catalog, &env), rewards.Taste{Consent: true}, 10)
		require.Len(t, list, map[bool]int{true: 1}[near], "a price of %d", price)
	}
}

func TestOfWhatIsMissingTheNearestOptionIsTold(t *testing.T) {
	catalog := rewards.Catalog{{Code: "mug"}, {Code: "pen"}}
	short := func(option string, needed, missing points.Amount) rewards.Reason {
		return rewards.Reason{Why: rewards.TooFewPoints, Option: option, Unit: "bean", Needed: needed, Missing: missing}
	}
	offers := []rewards.Offer{
		{Reward: "mug", Reasons: []rewards.Reason{short("a", 1000, 900), short("b", 200, 60), short("c", 300, 30), short("d", 100, 10), short("e", 200, 100)}},
		{Reward: "pen", Reasons: []rewards.Reason{short("a", 100, 1), {Why: rewards.OutOfStock}}},
		{Reward: "gone", Redeemable: true},
	}
	require.Equal(t, []rewards.Recommendation{{Reward: "mug", Score: 900, Reach: 900, Unit: "bean", Missing: 30}},
		rewards.Recommend(catalog, offers, rewards.Taste{Consent: true}, 10), "90 % of it are there, of the first of two")
	require.Empty(t, rewards.Recommend(catalog, offers, rewards.Taste{Consent: true}, 0))
}

func TestTheBestCategoryOfARewardIsTold(t *testing.T) {
	catalog := rewards.Catalog{
		{Code: "set", Categories: []string{"tea", "cake", "coffee", "gear"}},
		{Code: "beans", Categories: []string{"coffee"}},
		{Code: "pot", Categories: []string{"tea"}},
		{Code: "mill", Categories: []string{"coffee"}},
	}
	offers := []rewards.Offer{{Reward: "set", Redeemable: true}}
	for _, c := range []struct {
		name             string
		bought, redeemed map[string]int64
		want             rewards.Recommendation
	}{
		{"nothing is known", nil, nil, rewards.Recommendation{}},
		{"of two alike the first by name", map[string]int64{"tea": 3, "coffee": 3, "mugs": 4}, nil, rewards.Recommendation{Bought: 300, Category: "coffee"}},
		{"the larger", map[string]int64{"tea": 4, "coffee": 3, "mugs": 3}, nil, rewards.Recommendation{Bought: 400, Category: "tea"}},
		{"less than nothing is nothing", map[string]int64{"tea": -6, "coffee": 3, "mugs": 3}, map[string]int64{"beans": -4, "pot": 1}, rewards.Recommendation{Bought: 500, Category: "coffee", Redeemed: 1000, Like: "tea"}},
		{"more than can be counted", map[string]int64{"tea": 1 << 62, "coffee": 1 << 62, "mugs": 1 << 62}, nil, rewards.Recommendation{Bought: 333, Category: "coffee"}},
		{"more than can be redeemed", nil, map[string]int64{"beans": 1 << 62, "mill": 1 << 62, "pot": 1 << 62}, rewards.Recommendation{Redeemed: 500, Like: "coffee"}},
	} {
		c.want.Reward, c.want.Reach, c.want.Score = "set", 1000, 2*c.want.Bought+c.want.Redeemed+1000
		have := rewards.Recommend(catalog, offers, rewards.Taste{Consent: true, Bought: c.bought, Redeemed: c.redeemed}, 1)
		require.Equal(t, []rewards.Recommendation{c.want}, have, c.name)
	}
}
