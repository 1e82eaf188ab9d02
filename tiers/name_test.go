package tiers_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/tiers"
)

func TestANameOfATierIsClearAmongLadders(t *testing.T) {
	ladders := []tiers.Ladder{
		{Code: "status", Tiers: []tiers.Tier{{Code: "silver"}, {Code: "gold"}}},
		{Code: "lifetime", Tiers: []tiers.Tier{{Code: "gold"}}},
	}
	for name, why := range map[string]string{
		"silver":          "",
		"status/gold":     "",
		"lifetime/gold":   "",
		"staff":           "", // the host's own
		"partner/gold":    "", // another ladder of the host's own
		"gold":            `"gold" is a tier of 2 ladders: say "status/gold" or "lifetime/gold"`,
		"lifetime/silver": `"silver" is not a tier of ladder "lifetime"`,
	} {
		t.Run(name, func(t *testing.T) {
			if why == "" {
				require.NoError(t, tiers.CheckName(ladders, name))
				return
			}
			require.EqualError(t, tiers.CheckName(ladders, name), why)
		})
	}
	problems := tiers.ValidateLadders("ladders", []tiers.Ladder{{
		Code: "a/b", Window: tiers.Window{Kind: tiers.Lifetime}, End: tiers.WhileHeld, Tiers: []tiers.Tier{{Code: "c/d"}},
	}}, nil)
	require.Len(t, problems, 2)
}
