package tiers_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/tiers"
)

func TestAProjectionHoldsAGrantThatOutlastsThePeriod(t *testing.T) {
	ladder := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
		Tiers: []tiers.Tier{{Code: "gold", Enter: tiers.Condition{All: []tiers.Need{{Metric: "nights", AtLeast: 10}}}}},
	}
	day := tiers.Date(2027, time.November, 1)
	m := &tiers.Member{
		Enrolled: tiers.Date(2027, time.January, 1),
		Grants:   []tiers.Grant{{Tier: "gold", From: day, Until: tiers.Date(2028, time.March, 1)}},
	}
	s, _ := ladder.Evaluate(tiers.State{}, m, day)
	p := ladder.Progress(s, m, day)
	require.Equal(t, tiers.Date(2028, time.January, 1), p.PeriodEnd)
	require.Equal(t, "gold", p.Projected)
}
