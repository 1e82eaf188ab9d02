package kpi_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// told are the months of a history as texts.
func told(h *kpi.PointHistory) []string {
	var all []string
	for _, m := range h.Months {
		all = append(all, fmt.Sprintf("%s in %s: %d issued, %d redeemed, %d expired, %d pending",
			m.Earned.Start.In(m.Earned.Zone).Format("Jan 06"), m.Moved.Start.In(m.Moved.Zone).Format("Jan 06"), m.Issued, m.Redeemed, m.Expired, m.Pending))
	}
	return all
}

func TestPointsAreCountedByTheMonthInWhichTheyWereEarned(t *testing.T) {
	vienna := got[*time.Location](t)(time.LoadLocation("Europe/Vienna"))
	january := time.Date(2026, time.December, 31, 23, 30, 0, 0, time.UTC) // in Vienna
	march, june := january.AddDate(0, 2, 5), january.AddDate(0, 5, 5)
	a := must(kpi.NewPointAccumulator(june.AddDate(0, 1, 0), vienna))
	for _, m := range []kpi.PointMove{
		{Earned: january, At: january, From: kpi.IssuedPoints, To: kpi.PendingPoints, Points: 100},
		{Earned: january, At: march, From: kpi.PendingPoints, To: kpi.AvailablePoints, Points: 100},
		{Earned: january, At: march, From: kpi.AvailablePoints, To: kpi.RedeemedPoints, Points: 30},
		{Earned: january, At: june, From: kpi.RedeemedPoints, To: kpi.AvailablePoints, Points: 10},
		// Consolidated with points of June: they are June's from then on, though they moved in March.
		{Earned: january, Into: june, At: march, From: kpi.AvailablePoints, To: kpi.AvailablePoints, Points: 20},
		{Earned: january, At: june, From: kpi.AvailablePoints, To: kpi.ExpiredPoints, Points: 60},
		{At: march, From: kpi.DebtPoints, To: kpi.ReversedPoints, Points: 7},
		{Earned: march, At: june, From: kpi.IssuedPoints, To: kpi.DebtPoints, Points: 3},
		{Earned: june, At: june, From: kpi.AvailablePoints, To: kpi.DebtPoints, Points: 1},
		{Earned: june, Into: june.AddDate(0, 3, 0), At: june, From: kpi.AvailablePoints, To: kpi.AvailablePoints, Points: 2},
		{Earned: january, Into: june.AddDate(0, 3, 0), At: june, From: kpi.AvailablePoints, To: kpi.AvailablePoints, Points: 5},
		{Earned: january, At: june.AddDate(0, 1, 0), From: kpi.AvailablePoints, To: kpi.ExpiredPoints, Points: 60},
	} {
		require.NoError(t, a.Add(m), m)
	}
	h := a.Result()
	assert.Equal(t, []string{
		"Jan 27 in Jan 27: 100 issued, 0 redeemed, 0 expired, 100 pending",
		"Jan 27 in Mar 27: -20 issued, 30 redeemed, 0 expired, -100 pending",
		"Jan 27 in Jun 27: -5 issued, -10 redeemed, 60 expired, 0 pending",
		"Jun 27 in Jun 27: 17 issued, 0 redeemed, 0 expired, 0 pending",
		"Jul 27 in Jul 27: 7 issued, 0 redeemed, 0 expired, 0 pending",
	}, told(h))
	assert.Equal(t, int64(7-3-1), h.Debt)
	assert.Equal(t, 1, h.Late)
}

func TestWhatIsNoMoveOfPointsIsRefused(t *testing.T) {
	may := time.Date(2027, time.May, 1, 0, 0, 0, 0, time.UTC)
	a := must(kpi.NewPointAccumulator(may, nil))
	good := kpi.PointMove{Earned: may.AddDate(0, -1, 0), At: may.AddDate(0, 0, -1), From: kpi.IssuedPoints, To: kpi.AvailablePoints, Points: math.MaxInt64 / 4}
	require.NoError(t, a.Add(good))
	before := got[[]byte](t)(a.MarshalBinary())
	for name, spoil := range map[string]func(*kpi.PointMove){
		"one more than can be counted": func(m *kpi.PointMove) { m.Points = 1 },
		"below 0":                      func(m *kpi.PointMove) { m.Points = -1 },
		"no bucket":                    func(m *kpi.PointMove) { m.To = 9 },
		"no time":                      func(m *kpi.PointMove) { m.At = time.Time{} },
		"earned in 1899":               func(m *kpi.PointMove) { m.Earned = time.Date(1899, 1, 1, 0, 0, 0, 0, time.UTC) },
		"into 2200":                    func(m *kpi.PointMove) { m.Into = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		bad := good
		spoil(&bad)
		require.ErrorIs(t, a.Add(bad), kpi.ErrMove, name)
	}
	debt := kpi.PointMove{At: good.At, From: kpi.DebtPoints, To: kpi.ReversedPoints, Points: math.MaxInt64 / 4}
	other := must(kpi.NewPointAccumulator(may, nil))
	require.NoError(t, other.Add(debt))
	require.ErrorIs(t, other.Add(debt), kpi.ErrMove, "too much debt")
	require.NoError(t, other.Add(good))
	require.ErrorIs(t, a.Merge(other), kpi.ErrMove)
	assert.Equal(t, before, got[[]byte](t)(a.MarshalBinary()), "nothing was added")
	vienna := must(kpi.NewPointAccumulator(may, got[*time.Location](t)(time.LoadLocation("Europe/Vienna"))))
	require.ErrorIs(t, vienna.Merge(a), kpi.ErrMerge)
	_, err := kpi.NewPointAccumulator(time.Time{}, time.Local)
	require.ErrorContains(t, err, "until: ")
	require.ErrorContains(t, err, "zone: ")
}

func TestABucketIsReadByItsNameAndItsNumber(t *testing.T) {
	for text, want := range map[string]kpi.PointBucket{"pending": kpi.PendingPoints, "1": kpi.PendingPoints, "source": kpi.SourcePoints, "16": kpi.SourcePoints} {
		assert.Equal(t, want, got[kpi.PointBucket](t)(kpi.ParsePointBucket(text)))
	}
	for _, text := range []string{"", "0", "17", "Pending", "01"} {
		_, err := kpi.ParsePointBucket(text)
		require.ErrorIs(t, err, kpi.ErrMove, text)
	}
}
