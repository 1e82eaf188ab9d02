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
