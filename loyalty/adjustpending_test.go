package loyalty_test

import (
	"cmp"
	"slices"
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

func TestAWindowThatIsConfirmedEarlyLeavesTheDatesThatPointsWereGiven(t *testing.T) {
	s := badShop(t)
	window, ends := s.now.AddDate(0, 1, 0), s.now.AddDate(0, 3, 0)
	gift := loyalty.Adjust{
		Member: "anna", Key: "window", Unit: "bean", Points: 50, AvailableFrom: window, ExpiresAt: ends, Reason: "goodwill", Actor: "ada",
	}
	given := s.must(gift)
	gift.Key, gift.ExpiresAt = "by the program", time.Time{}
	usual := s.must(gift)
	gift.Key = "extended"
	extended := s.must(gift)
	later := s.now.AddDate(5, 0, 0)
	s.must(loyalty.Extend{Member: "anna", Key: "longer", Unit: "bean", Lots: []points.LotID{extended.Awards[0].Lot}, ExpiresAt: later, Reason: "goodwill", Actor: "ada"})
	moved := slices.MaxFunc(s.member("anna").Lots, func(a, b points.Lot) int { return cmp.Compare(a.ID, b.ID) })
	s.now = s.now.AddDate(0, 0, 7)
	s.must(loyalty.Confirm{Member: "anna", Key: "reviewed", Lots: []points.LotID{given.Awards[0].Lot, usual.Awards[0].Lot, moved.ID}})
	dates := map[time.Time]points.Amount{}
	for _, lot := range s.member("anna").Lots {
		dates[lot.ExpiresAt] += lot.Remaining
	}
	require.EqualValues(t, 50, dates[ends], "of the lot that was given a date: %v", dates)
	require.EqualValues(t, 50, dates[later], "of the lot that was extended: %v", dates)
	require.Zero(t, dates[usual.Awards[0].ExpiresAt], "the validity of others is counted from the confirmation: %v", dates)
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
		"of what does not expire":        {loyalty.Adjust{Unit: "visits", Points: 1, ExpiresAt: s.now.AddDate(1, 0, 0)}, "expiresAt"},
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
