package rewards_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

func TestReasonsInWords(t *testing.T) {
	for want, reason := range map[string]rewards.Reason{
		"is not offered any more":                    {Why: rewards.Withdrawn},
		"is not open yet, from 5 Mar 2027 12:00 UTC": {Why: rewards.NotOpen, At: march(5)},
		"is over":                                             {Why: rewards.Over},
		"is for the tiers gold, black":                        {Why: rewards.OtherTiers, Allowed: []string{"gold", "black"}},
		"is for the segments staff":                           {Why: rewards.OtherSegments, Allowed: []string{"staff"}},
		"is for the channels app":                             {Why: rewards.OtherChannels, Allowed: []string{"app"}},
		"is for members who enrolled longer ago":              {Why: rewards.TooNew},
		"was redeemed as often as may be":                     {Why: rewards.LimitReached},
		"was redeemed 2 of 3 times by this member in a day":   {Why: rewards.LimitReached, Used: 2, Limit: &rewards.Limit{Times: 3, Per: points.PerDay}},
		"was redeemed 2 of 3 times by all members in a month": {Why: rewards.LimitReached, Used: 2, Limit: &rewards.Limit{Times: 3, Per: points.PerMonth, All: true}},
		"is out of stock: 1 left":                             {Why: rewards.OutOfStock, Left: 1},
		"costs 50 bean, of which 20 are missing":              {Why: rewards.TooFewPoints, Needed: 50, Unit: "bean", Missing: 20},
		"has no price now":                                    {Why: rewards.NoPrice},
		"cannot be redeemed: the account may not redeem":      {Why: rewards.Closed},
		"other": {Why: "other"},
	} {
		require.Equal(t, want, reason.String())
	}
}
