package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/tiers"
)

func TestWhatRollsOverAndKeepsATierEarlyIsTold(t *testing.T) {
	s := openShop(t, workedProgram("Europe/Vienna", tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod,
		Rollover: []tiers.Rollover{{Metric: "night", Most: 10}},
		Tiers:    []tiers.Tier{{Code: "gold", Enter: of("night", 25), Keep: of("night", 5)}},
	}, "night"))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Fact{Member: "anna", Key: "1", Activity: "night", Amount: 25})
	s.must(loyalty.Fact{Member: "anna", Key: "2", Activity: "night", Amount: 8})
	s.now = time.Date(2028, time.January, 1, 12, 0, 0, 0, time.UTC)
	report, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Failed)
	told := s.events("tier-retained")
	require.Len(t, told, 1, "8 nights of the year before keep it")
	require.Contains(t, string(told[0].Data), `"until":"2029-12-31T23:00:00Z"`)
	s.verify()
}
