package points_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/points"
)

func day(n int) time.Time { return time.Date(2027, time.March, n, 0, 0, 0, 0, time.UTC) }

func openLot(id points.LotID, remaining points.Amount, expires time.Time) points.Lot {
	return points.Lot{
		ID: id, Unit: "bean", State: points.LotOpen, Original: remaining, Remaining: remaining,
		EarnedAt: day(1), AvailableFrom: day(1), ExpiresAt: expires,
	}
}

func TestLotAtAnInstant(t *testing.T) {
	pending := points.Lot{State: points.LotPending, Remaining: 10, AvailableFrom: day(5), ExpiresAt: day(9)}
	open := points.Lot{State: points.LotOpen, Remaining: 10, AvailableFrom: day(5), ExpiresAt: day(9)}
	used := points.Lot{State: points.LotUsed, AvailableFrom: day(5), ExpiresAt: day(9), Held: 4}
	waits := points.Lot{State: points.LotPending, Remaining: 10, AvailableFrom: points.Never, ExpiresAt: points.Never}
	for _, c := range []struct {
		name      string
		lot       points.Lot
		at        time.Time
		spendable points.Amount
		due       time.Time
	}{
		{"pending before its day", pending, day(5).Add(-1), 0, day(5)},
		{"pending from its day on, booked or not", pending, day(5), 10, day(5)},
		{"open to the last microsecond", open, day(9).Add(-time.Microsecond), 10, day(9)},
		{"open and expired, booked or not", open, day(9), 0, day(9)},
		{"used up", used, day(6), 0, points.Never},
		{"waiting for a confirmation", waits, day(6), 0, points.Never},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.spendable, c.lot.Spendable(c.at))
			assert.Equal(t, c.due, c.lot.DueAt())
		})
	}
}

func TestLotStateString(t *testing.T) {
	assert.Equal(t, "pending open used state(0)", fmt.Sprint(points.LotPending, points.LotOpen, points.LotUsed, points.LotState(0)))
}

func TestPointsAreTakenByExpiryThenByWhenTheyWereEarnedThenByLot(t *testing.T) {
	lot := func(id points.LotID, expires time.Time, earned int) points.Lot {
		l := openLot(id, 1, expires)
		l.EarnedAt = day(earned)
		return l
	}
	want := []points.LotID{9, 8, 3, 4, 1, 2}
	lots := []points.Lot{
		lot(1, points.Never, 1), lot(2, points.Never, 2), lot(3, day(20), 4), lot(4, day(20), 4), lot(8, day(20), 3), lot(9, day(19), 9),
	}
	for range lots {
		lots = append(lots[1:], lots[0])
		sorted := slices.SortedFunc(slices.Values(lots), points.ConsumptionOrder)
		var have []points.LotID
		for _, l := range sorted {
			have = append(have, l.ID)
		}
		assert.Equal(t, want, have)
	}
}

func TestConsume(t *testing.T) {
	lots := []points.Lot{openLot(7, 5, day(3)), openLot(3, 10, day(10)), openLot(2, 10, day(20)), openLot(9, 1000, points.Never)}
	for _, c := range []struct {
		name    string
		amount  points.Amount
		at      time.Time
		parts   []points.Part
		missing points.Amount
	}{
		{"what expires first goes first", 12, day(2), []points.Part{{Lot: 7, Amount: 5}, {Lot: 3, Amount: 7}}, 0},
		{"an expired lot is left", 12, day(3), []points.Part{{Lot: 3, Amount: 10}, {Lot: 2, Amount: 2}}, 0},
		{"never comes last", 21, day(3), []points.Part{{Lot: 3, Amount: 10}, {Lot: 2, Amount: 10}, {Lot: 9, Amount: 1}}, 0},
		{"more than there is", 1026, day(2), []points.Part{{Lot: 7, Amount: 5}, {Lot: 3, Amount: 10}, {Lot: 2, Amount: 10}, {Lot: 9, Amount: 1000}}, 1},
		{"before anything is available", 1, day(1).Add(-1), nil, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			parts, missing, err := points.Consume(lots, c.amount, c.at)
			require.NoError(t, err)
			assert.Equal(t, c.parts, parts)
			assert.Equal(t, c.missing, missing)
		})
	}
	for _, amount := range []points.Amount{0, -1} {
		_, _, err := points.Consume(lots, amount, day(2))
		require.ErrorContains(t, err, "must be positive")
	}
}

func drawLots(t *rapid.T) []points.Lot {
	lots := make([]points.Lot, rapid.IntRange(0, 20).Draw(t, "lots"))
	for i := range lots {
		at := rapid.IntRange(1, 20).Draw(t, "earned")
		lots[i] = openLot(points.LotID(i+1), points.Amount(rapid.Int64Range(1, 50).Draw(t, "remaining")), day(rapid.IntRange(21, 25).Draw(t, "expires")))
		lots[i].EarnedAt, lots[i].AvailableFrom = day(at), day(at)
		lots[i].Qualifies = rapid.Bool().Draw(t, "qualifies")
		lots[i].Origin = rapid.SampledFrom([]string{"", "m-1"}).Draw(t, "origin")
		switch rapid.IntRange(0, 5).Draw(t, "state") {
		case 0:
			lots[i].State, lots[i].AvailableFrom = points.LotPending, day(30)
		case 1:
			lots[i].State, lots[i].Remaining = points.LotUsed, 0
		case 2:
			lots[i].Held = 5
		}
	}
	return lots
}

func TestConsumeTakesTheSoonestFirstAndNoMoreThanThereIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lots, at := drawLots(t), day(rapid.IntRange(1, 26).Draw(t, "at"))
		amount := points.Amount(rapid.Int64Range(1, 300).Draw(t, "amount"))
		slices.SortFunc(lots, points.ConsumptionOrder)
		parts, missing, err := points.Consume(lots, amount, at)
		require.NoError(t, err)
		total, err := points.Total(parts)
		require.NoError(t, err)
		require.Equal(t, amount, total+missing)
		var spendable points.Amount
		for _, lot := range lots {
			spendable += lot.Spendable(at)
		}
		require.Equal(t, min(amount, spendable), total)
		next := 0
		for _, lot := range lots {
			if next == len(parts) {
				break
			}
			if lot.Spendable(at) == 0 {
				continue
			}
			require.Equal(t, lot.ID, parts[next].Lot, "no lot is passed over")
			if next < len(parts)-1 {
				require.Equal(t, lot.Remaining, parts[next].Amount, "only the last lot keeps some")
			}
			next++
		}
	})
}

func TestCapture(t *testing.T) {
	parts := []points.Part{{Lot: 1, Amount: 5}, {Lot: 2, Amount: 10}, {Lot: 3, Amount: 1}}
	for _, c := range []struct {
		name        string
		amount      points.Amount
		taken, rest []points.Part
	}{
		{"all of it", 16, parts, nil},
		{"whole lots", 5, parts[:1], parts[1:]},
		{"a part of a lot", 8, []points.Part{{Lot: 1, Amount: 5}, {Lot: 2, Amount: 3}}, []points.Part{{Lot: 2, Amount: 7}, {Lot: 3, Amount: 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			taken, rest, err := points.Capture(parts, c.amount)
			require.NoError(t, err)
			assert.Equal(t, c.taken, taken)
			assert.Equal(t, c.rest, rest)
		})
	}
	_, _, err := points.Capture(parts, 17)
	require.ErrorIs(t, err, points.ErrShort)
	require.ErrorContains(t, err, "capture 17 of 16 held")
	_, _, err = points.Capture(parts, 0)
	require.ErrorContains(t, err, "must be positive")
	_, _, err = points.Capture([]points.Part{{Lot: 4, Amount: -1}}, 1)
	require.ErrorContains(t, err, "lot 4")
	_, err = points.Total([]points.Part{{Lot: 1, Amount: points.MaxAmount}, {Lot: 2, Amount: 1}})
	require.ErrorIs(t, err, points.ErrOverflow)
}

func TestCaptureLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var parts []points.Part
		for i := range rapid.IntRange(1, 8).Draw(t, "parts") {
			parts = append(parts, points.Part{Lot: points.LotID(i + 1), Amount: points.Amount(rapid.Int64Range(1, 50).Draw(t, "amount"))})
		}
		total, err := points.Total(parts)
		require.NoError(t, err)
		amount := points.Amount(rapid.Int64Range(1, int64(total)).Draw(t, "capture"))
		taken, rest, err := points.Capture(parts, amount)
		require.NoError(t, err)
		sum := map[points.LotID]points.Amount{}
		for _, part := range slices.Concat(taken, rest) {
			assert.Positive(t, part.Amount)
			sum[part.Lot] += part.Amount
		}
		for _, part := range parts {
			require.Equal(t, part.Amount, sum[part.Lot], "lot %d", part.Lot)
		}
		captured, err := points.Total(taken)
		require.NoError(t, err)
		require.Equal(t, amount, captured)
	})
}
