package loyalty_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestAnAbandonedGatheringOfManyLotsLapsesInBoundedCommits(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	smallLots(s, 1300)
	s.commits = 0
	s.fail = func(commit int) error {
		if commit > 12 {
			return errors.New("the process died")
		}
		return nil
	}
	spend := loyalty.Spend{Member: "anna", Key: "big", Unit: "bean", Points: 1300}
	_, err := s.Do(t.Context(), spend)
	require.Error(t, err)
	s.fail = nil
	require.Equal(t, points.Balance{Unit: "bean", Available: 1300}, s.balanceIn(time.Hour))

	s.now, s.maxRows = s.now.Add(time.Hour), 0
	report, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Failed)
	require.LessOrEqual(t, s.maxRows, 300)
	require.Equal(t, points.Balance{Unit: "bean", Available: 1300}, s.balance())
	s.must(spend)
	s.verify()
}

// balanceIn is what anna will have after a while in which nothing happens.
func (s *shop) balanceIn(d time.Duration) points.Balance {
	s.t.Helper()
	m, err := s.MemberAt(s.t.Context(), "anna", s.now.Add(d))
	require.NoError(s.t, err)
	return m.Balance("bean")
}
