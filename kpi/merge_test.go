package kpi_test

import (
	"bytes"
	"encoding"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/kpi"
)

type tally interface {
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

// anyOrder adds things in one go, and again shuffled into parts that are merged in
// any order, some of them through their stored state: the bytes must be the same.
func anyOrder[A tally, T any](t *rapid.T, fresh func() A, things []T, add func(A, T) error, merge func(a, b A) error) {
	whole := fresh()
	for _, thing := range things {
		require.NoError(t, add(whole, thing))
	}
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0))
	random.Shuffle(len(things), func(i, j int) { things[i], things[j] = things[j], things[i] })
	parts := make([]A, rapid.IntRange(1, 5).Draw(t, "parts"))
	for i := range parts {
		parts[i] = fresh()
	}
	for _, thing := range things {
		require.NoError(t, add(parts[random.IntN(len(parts))], thing))
	}
	random.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	sum := parts[0]
	for _, part := range parts[1:] {
		stored, err := part.MarshalBinary()
		require.NoError(t, err)
		restored := fresh()
		require.NoError(t, restored.UnmarshalBinary(stored))
		require.NoError(t, merge(sum, restored))
	}
	want, err := whole.MarshalBinary()
	require.NoError(t, err)
	got, err := sum.MarshalBinary()
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestTheOrderOfAddingAndMergingChangesNothing(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	start := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		scores := rapid.SliceOf(rapid.IntRange(-1, 10)).Draw(t, "scores")
		newAnswers := func() *kpi.Answers { a, _ := kpi.NewAnswers(kpi.Recommend); return a }
		anyOrder(t, newAnswers, scores, func(a *kpi.Answers, score int) error {
			if score < 0 {
				return a.AddMissing(1)
			}
			return a.Add(score)
		}, (*kpi.Answers).Merge)

		amounts := rapid.SliceOf(rapid.Custom(func(t *rapid.T) decimal.Decimal {
			return decimal.New(rapid.Int64Range(-1_000_000, 1_000_000).Draw(t, "coefficient"), rapid.Int32Range(-4, 3).Draw(t, "exponent"))
		})).Draw(t, "amounts")
		anyOrder(t, func() *kpi.Spend { return &kpi.Spend{} }, amounts, (*kpi.Spend).Add,
			func(a, b *kpi.Spend) error { a.Merge(b); return nil })

		ladder := []string{"base", "silver", "gold"}
		tiers := append([]string{kpi.NoTier}, ladder...)
		moves := rapid.SliceOf(rapid.Custom(func(t *rapid.T) [2]string {
			return [2]string{rapid.SampledFrom(tiers).Draw(t, "from"), rapid.SampledFrom(tiers).Draw(t, "to")}
		})).Draw(t, "moves")
		newMoves := func() *kpi.TierMoves { m, _ := kpi.NewTierMoves(ladder...); return m }
		anyOrder(t, newMoves, moves, func(m *kpi.TierMoves, move [2]string) error { return m.Add(move[0], move[1]) }, (*kpi.TierMoves).Merge)

		cohorts := rapid.SliceOf(rapid.Custom(func(t *rapid.T) kpi.PointCounts {
			n := rapid.Int64Range(0, 1000)
			return kpi.PointCounts{Issued: n.Draw(t, "issued"), Matured: n.Draw(t, "matured"), Redeemed: n.Draw(t, "redeemed"), Expired: n.Draw(t, "expired")}
		})).Draw(t, "cohorts")
		anyOrder(t, func() *kpi.PointCounts { return &kpi.PointCounts{} }, cohorts,
			(*kpi.PointCounts).Merge, func(a, b *kpi.PointCounts) error { return a.Merge(*b) })

		days := rapid.SliceOf(rapid.IntRange(-100, 10)).Draw(t, "days")
		newInactivity := func() *kpi.Inactivity { a, _ := kpi.NewInactivity(start, 30, vienna); return a }
		anyOrder(t, newInactivity, days, func(a *kpi.Inactivity, day int) error {
			a.Add(start.AddDate(0, 0, day))
			return nil
		}, (*kpi.Inactivity).Merge)
	})
}

func TestAStateOfAnotherKindOrVersionIsRefused(t *testing.T) {
	a := answers(t, kpi.Recommend, map[int]int64{10: 3})
	state, err := a.MarshalBinary()
	require.NoError(t, err)
	var spend kpi.Spend
	err = spend.UnmarshalBinary(state)
	require.ErrorIs(t, err, kpi.ErrState)
	assert.ErrorContains(t, err, "it is that of another kind")
	later := bytes.Replace(state, []byte("answers\x01"), []byte("answers\x02"), 1)
	err = a.UnmarshalBinary(later)
	require.ErrorIs(t, err, kpi.ErrState)
	assert.ErrorContains(t, err, "it has version 2 and this library reads 1")
	for n := range state {
		assert.ErrorIs(t, a.UnmarshalBinary(state[:n]), kpi.ErrState, "cut after %d bytes", n)
	}
	assert.ErrorIs(t, a.UnmarshalBinary(append(state, 0)), kpi.ErrState)
	assert.Equal(t, int64(3), a.Total(), "a bad state changes nothing")
}

func FuzzStateOfCounts(f *testing.F) {
	a, _ := kpi.NewAnswers(kpi.Ease7)
	moves, _ := kpi.NewTierMoves("base", "gold")
	inactive, _ := kpi.NewInactivity(time.Unix(1, 0), 30, time.UTC)
	for _, seed := range []encoding.BinaryMarshaler{a, moves, inactive, &kpi.Spend{}, &kpi.PointCounts{}} {
		state, err := seed.MarshalBinary()
		require.NoError(f, err)
		f.Add(state)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, into := range []tally{&kpi.Answers{}, &kpi.TierMoves{}, &kpi.Inactivity{}, &kpi.Spend{}, &kpi.PointCounts{}} {
			if into.UnmarshalBinary(data) != nil {
				continue
			}
			state, err := into.MarshalBinary()
			require.NoError(t, err)
			require.NoError(t, into.UnmarshalBinary(state))
		}
	})
}
