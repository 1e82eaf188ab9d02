package tiers_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/tiers"
)

func TestWhatIsCarriedOverDoesNotWrapWhatIsCounted(t *testing.T) {
	l := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod,
		Rollover: []tiers.Rollover{{Metric: "night"}},
		Tiers:    []tiers.Tier{{Code: "gold", Enter: nights(10)}},
	}
	m := &tiers.Member{Enrolled: tiers.Date(2027, 1, 5), Counts: tiers.Counts{}}
	require.NoError(t, m.Counts.Add("night", tiers.Date(2027, 5, 1), math.MaxInt64/2))
	require.NoError(t, m.Counts.Add("night", tiers.Date(2028, 5, 1), math.MaxInt64/2))
	s, _ := l.Evaluate(tiers.State{}, m, tiers.Date(2028, 3, 1))
	s.Carried[0].AtLeast = math.MaxInt64 - 10
	s, _ = l.Evaluate(s, m, tiers.Date(2029, 3, 1))
	require.Equal(t, "gold", s.Tier)
	require.Equal(t, int64(math.MaxInt64-10), s.Carried[0].AtLeast, "the most that there is, less the threshold")
}
