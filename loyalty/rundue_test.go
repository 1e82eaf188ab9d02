package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestAccountsThatStayDueDoNotKeepABoundedRunFromTheOthers(t *testing.T) {
	program := beans(points.ExpireAfter(10, points.Days))
	s := openShop(t, program)
	other, err := loyalty.New(loyalty.Revisions{program}, s.store, &loyalty.Options{Clock: s.clock, Features: []loyalty.Feature{alarms{}}})
	require.NoError(t, err)
	for i := range 5 {
		member := fmt.Sprintf("alarmed-%d", i)
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		_, err := other.Do(t.Context(), setAlarms{Member: member, Key: "alarm", To: 1, At: s.now.Add(time.Hour)})
		require.NoError(t, err)
	}
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 5, Reason: "gift", Actor: "shop"})
	s.now = s.now.AddDate(0, 0, 20)
	settled := 0
	for range 3 {
		report, err := s.RunDue(t.Context(), &loyalty.DueOptions{Limit: 2})
		require.NoError(t, err)
		settled += report.Settled
	}
	require.Equal(t, 1, settled)
}
