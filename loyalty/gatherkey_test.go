package loyalty_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestTheKeyOfAGatheringIsNotUsedForAnotherSpend(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	smallLots(s, 450)
	s.commits = 0
	s.fail = func(commit int) error {
		if commit > 2 {
			return errors.New("the process died")
		}
		return nil
	}
	_, err := s.Do(t.Context(), loyalty.Spend{Member: "anna", Key: "big", Unit: "bean", Points: 440})
	require.Error(t, err)
	s.fail, s.commits = nil, 0
	other := loyalty.Spend{Member: "anna", Key: "big", Unit: "bean", Points: 240}
	for _, command := range []loyalty.Command{other, &other} {
		_, err = s.Do(t.Context(), command)
		require.ErrorIs(t, err, loyalty.ErrKeyReused)
	}
	require.Zero(t, s.commits)
	s.must(loyalty.Spend{Member: "anna", Key: "big", Unit: "bean", Points: 440})
	require.Equal(t, points.Balance{Unit: "bean", Available: 10}, s.balance())
	s.verify()
}
