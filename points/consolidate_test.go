package points_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/points"
)

func TestConsolidate(t *testing.T) {
	change := func(l points.Lot, change func(*points.Lot)) points.Lot { change(&l); return l }
	a, b := openLot(1, 5, day(20)), openLot(2, 7, day(20))
	b.EarnedAt, b.AvailableFrom = day(2), day(2)
	a.Source, b.Source = "order-1", "order-2"
	for _, c := range []struct {
		name  string
		lots  []points.Lot
		bound int
		from  [][]points.LotID
	}{
		{"no more lots than the bound", []points.Lot{a, b}, 2, nil},
		{"one lot too many", []points.Lot{a, b}, 1, [][]points.LotID{{1, 2}}},
		{"another expiry stays apart", []points.Lot{a, change(b, func(l *points.Lot) { l.ExpiresAt = day(21) })}, 0, nil},
		{"another unit stays apart", []points.Lot{a, change(b, func(l *points.Lot) { l.Unit = "star" })}, 0, nil},
		{"another origin stays apart", []points.Lot{a, change(b, func(l *points.Lot) { l.Origin = "m-2" })}, 0, nil},
		{"another qualification stays apart", []points.Lot{a, change(b, func(l *points.Lot) { l.Qualifies = true })}, 0, nil},
		{"the same month of another year stays apart", []points.Lot{a, change(b, func(l *points.Lot) { l.EarnedAt = day(1).AddDate(-1, 0, 0) })}, 0, nil},
		{"another month of earning stays apart", []points.Lot{a, change(b, func(l *points.Lot) { l.EarnedAt = day(1).Add(-1) })}, 0, nil},
		{"pending lots are left", []points.Lot{a, change(b, func(l *points.Lot) { l.State = points.LotPending })}, 0, nil},
		{"lots under a hold are left", []points.Lot{a, change(b, func(l *points.Lot) { l.Held = 1 })}, 0, nil},
		{"used lots are left", []points.Lot{a, change(b, func(l *points.Lot) { l.State, l.Remaining = points.LotUsed, 0 })}, 0, nil},
		{"pending and used lots do not count for the bound", []points.Lot{
			a, b, change(a, func(l *points.Lot) { l.State = points.LotPending }), change(a, func(l *points.Lot) { l.State = points.LotUsed }),
		}, 2, nil},
		{"two units, soonest expiry first", []points.Lot{
			openLot(1, 1, day(21)), openLot(2, 1, day(21)),
			change(openLot(3, 1, day(20)), func(l *points.Lot) { l.Unit = "star" }), change(openLot(4, 1, day(20)), func(l *points.Lot) { l.Unit = "star" }),
		}, 0, [][]points.LotID{{3, 4}, {1, 2}}},
		{"two origins, the first that was earned first", []points.Lot{
			change(openLot(1, 1, day(20)), func(l *points.Lot) { l.Origin = "m-2" }), openLot(2, 1, day(20)),
			change(openLot(3, 1, day(20)), func(l *points.Lot) { l.Origin, l.EarnedAt = "m-2", day(9) }), change(openLot(4, 1, day(20)), func(l *points.Lot) { l.EarnedAt = day(2) }),
		}, 0, [][]points.LotID{{1, 3}, {2, 4}}},
		{"several groups, soonest expiry first", []points.Lot{openLot(4, 1, points.Never), openLot(5, 1, points.Never), a, b}, 3, [][]points.LotID{{1, 2}, {4, 5}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var from [][]points.LotID
			for _, merge := range points.Consolidate(c.lots, time.UTC, c.bound) {
				var ids []points.LotID
				for _, lot := range merge.From {
					ids = append(ids, lot.ID)
				}
				from = append(from, ids)
			}
			assert.Equal(t, c.from, from)
		})
	}

	merge := points.Consolidate([]points.Lot{b, a}, time.UTC, 1)[0]
	assert.Equal(t, points.Lot{
		Unit: "bean", State: points.LotOpen, Original: 12, Remaining: 12,
		EarnedAt: day(1), AvailableFrom: day(2), ExpiresAt: day(20),
	}, merge.Into)
}

func TestAConsolidatedLotIsAvailableWhenItsLastPartIs(t *testing.T) {
	a, b := openLot(1, 5, day(20)), openLot(2, 7, day(20))
	a.AvailableFrom, b.EarnedAt, b.AvailableFrom = day(9), day(2), day(4)
	a.Source, b.Source = "order-1", "order-1"
	merge := points.Consolidate([]points.Lot{a, b}, time.UTC, 0)[0]
	assert.Equal(t, points.Lot{
		Unit: "bean", State: points.LotOpen, Original: 12, Remaining: 12, Source: "order-1",
		EarnedAt: day(1), AvailableFrom: day(9), ExpiresAt: day(20),
	}, merge.Into)
}

func TestLotsThatQualifyAndLotsThatDoNotMergeApartHoweverTheyMix(t *testing.T) {
	for _, first := range []bool{true, false} {
		var lots []points.Lot
		for i := range 40 {
			lot := openLot(points.LotID(i+1), 1, day(20))
			lot.Qualifies = (i%2 == 0) == first
			lots = append(lots, lot)
		}
		merges := points.Consolidate(lots, time.UTC, 0)
		require.Len(t, merges, 2)
		for _, merge := range merges {
			assert.Len(t, merge.From, 20)
			assert.EqualValues(t, 20, merge.Into.Remaining)
		}
	}
}

func TestConsolidateByTheMonthsOfTheZone(t *testing.T) {
	a, b := openLot(1, 5, day(20)), openLot(2, 7, day(20))
	a.EarnedAt = day(1).Add(-30 * time.Minute)
	assert.Empty(t, points.Consolidate([]points.Lot{a, b}, time.UTC, 0), "February and March in London")
	assert.Len(t, points.Consolidate([]points.Lot{a, b}, time.FixedZone("+1", 3600), 0), 1, "both March in Vienna")
}

func TestConsolidateDoesNotOverflow(t *testing.T) {
	lots := []points.Lot{openLot(1, points.MaxAmount, day(20)), openLot(2, 1, day(20)), openLot(3, points.MaxAmount-1, day(20))}
	merges := points.Consolidate(lots, time.UTC, 0)
	require.Len(t, merges, 1)
	assert.Equal(t, points.MaxAmount, merges[0].Into.Remaining)
	assert.Equal(t, lots[1:], merges[0].From)
}

func TestConsolidatedLotsHoldTheSamePoints(t *testing.T) {
	type share struct {
		expires   time.Time
		origin    string
		qualifies bool
	}
	sums := func(lots []points.Lot) map[share]points.Amount {
		m := map[share]points.Amount{}
		for _, lot := range lots {
			m[share{lot.ExpiresAt, lot.Origin, lot.Qualifies}] += lot.Remaining
		}
		return m
	}
	rapid.Check(t, func(t *rapid.T) {
		lots := drawLots(t)
		merges := points.Consolidate(lots, time.UTC, 0)
		after := slices.Clone(lots)
		for _, merge := range merges {
			require.Greater(t, len(merge.From), 1)
			for _, from := range merge.From {
				i := slices.IndexFunc(after, func(l points.Lot) bool { return l.ID == from.ID })
				require.GreaterOrEqual(t, i, 0, "a lot merges once")
				require.False(t, from.EarnedAt.Before(merge.Into.EarnedAt))
				after = slices.Delete(after, i, i+1)
			}
			after = append(after, merge.Into)
		}
		require.Equal(t, sums(lots), sums(after))
		assert.Empty(t, points.Consolidate(after, time.UTC, 0), "a second time there is nothing to do")
	})
}
