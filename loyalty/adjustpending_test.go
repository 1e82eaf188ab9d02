package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestPointsAddedByHandWaitUntilTheReturnWindowEnds(t *testing.T) {
	s := badShop(t)
	before := s.balance()
	until := s.now.AddDate(0, 0, 14)
	gift := loyalty.Adjust{Member: "anna", Key: "gift 2", Unit: "bean", Points: 50, AvailableFrom: until, Reason: "goods on approval", Actor: "ada"}
	receipt := s.must(gift)
	require.Len(t, receipt.Awards, 1)
	require.Equal(t, until, receipt.Awards[0].AvailableFrom)

	require.Equal(t, before.Pending+50, s.balance().Pending)
	require.Equal(t, before.Available, s.balance().Available)
	_, err := s.Do(t.Context(), loyalty.Spend{Member: "anna", Key: "early", Unit: "bean", Points: before.Available + 1})
	require.ErrorIs(t, err, loyalty.ErrInsufficientPoints)
	require.True(t, s.must(gift).Replayed, "the same key adds them once")

	s.now = until.Add(-time.Microsecond)
	require.Equal(t, before.Available, s.balance().Available)
	s.now = until
	require.Equal(t, before.Available+50, s.balance().Available)
	s.must(loyalty.Spend{Member: "anna", Key: "late", Unit: "bean", Points: before.Available + 50})
	s.verify()
}

func TestPointsAddedByHandCanWaitForAConfirmation(t *testing.T) {
	s := badShop(t)
	ends := s.now.AddDate(0, 3, 0)
	receipt := s.must(loyalty.Adjust{
		Member: "anna", Key: "gift 2", Unit: "bean", Points: 50, AvailableFrom: points.Never, ExpiresAt: ends, Reason: "to be reviewed", Actor: "ada",
	})
	s.now = s.now.AddDate(0, 2, 0)
	before := s.balance()
	s.must(loyalty.Confirm{Member: "anna", Key: "reviewed", Lots: []points.LotID{receipt.Awards[0].Lot}})
	require.Equal(t, before.Available+50, s.balance().Available)
	require.Equal(t, before.Pending-50, s.balance().Pending)
	_, err := s.Do(t.Context(), loyalty.Confirm{Member: "anna", Key: "again", Lots: []points.LotID{receipt.Awards[0].Lot}})
	require.ErrorIs(t, err, loyalty.ErrNothingPending)
	s.now = ends
	require.Equal(t, before.Available, s.balance().Available, "they keep the date that they were given")
	s.verify()
}

func TestAWaitThatHasNoMeaningIsRefused(t *testing.T) {
	s := badShop(t)
	for name, c := range map[string]struct {
		adjust loyalty.Adjust
		field  string
	}{
		"of points that are taken":       {loyalty.Adjust{Unit: "bean", Points: -1, AvailableFrom: s.now.AddDate(0, 0, 1)}, "availableFrom"},
		"of what is counted":             {loyalty.Adjust{Unit: "visits", Points: 1, AvailableFrom: s.now.AddDate(0, 0, 1)}, "availableFrom"},
		"that ended before":              {loyalty.Adjust{Unit: "bean", Points: 1, AvailableFrom: s.now.Add(-time.Second)}, "availableFrom"},
		"that outlasts the points":       {loyalty.Adjust{Unit: "bean", Points: 1, AvailableFrom: s.now.AddDate(0, 0, 2), ExpiresAt: s.now.AddDate(0, 0, 1)}, "expiresAt"},
		"until after the last timestamp": {loyalty.Adjust{Unit: "bean", Points: 1, AvailableFrom: points.Never.Add(time.Second)}, "availableFrom"},
	} {
		t.Run(name, func(t *testing.T) {
			c.adjust.Member, c.adjust.Key, c.adjust.Reason, c.adjust.Actor = "anna", "k", "gift", "ada"
			_, err := s.Do(t.Context(), c.adjust)
			require.ErrorIs(t, err, loyalty.ErrInvalid)
			require.ErrorContains(t, err, c.field)
		})
	}
}
