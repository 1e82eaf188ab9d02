package tiers_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/tiers"
)

func TestWhatAChallengeAsksForIsNotForgottenOnALadderOfALifetime(t *testing.T) {
	enter := tiers.Condition{All: []tiers.Need{{Metric: "nights", AtLeast: 100}}}
	l := tiers.Ladder{
		Code: "life", Window: tiers.Window{Kind: tiers.Lifetime}, End: tiers.AfterSpan, Lasts: tiers.Span{Months: 12},
		Tiers: []tiers.Tier{{Code: "gold", Enter: enter}},
	}
	enrolled := tiers.Date(2027, 1, 31)
	counts := tiers.Counts{}
	require.NoError(t, counts.Add("nights", enrolled, 2))
	require.NoError(t, counts.Add("nights", enrolled+120, 1))
	m := &tiers.Member{Enrolled: enrolled, Counts: counts, Grants: []tiers.Grant{{
		Tier: "gold", From: enrolled + 100, Until: enrolled + 200,
		Challenge: tiers.Condition{All: []tiers.Need{{Metric: "nights", AtLeast: 3}}},
	}}}
	s, _ := l.Evaluate(tiers.State{}, m, enrolled+150)
	m.Counts.Forget(l.Reach(s, m))
	s, changes := l.Evaluate(s, m, enrolled+300)
	require.Empty(t, changes, "the nights before the challenge do not count for it")
	require.Empty(t, s.Tier)
}
