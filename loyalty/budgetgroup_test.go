package loyalty_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func TestARefusedOrderOfTheSameStreamUsesNothingOfABudget(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Earning = append(program.Earning, points.Rule{Code: "drop", Bonus: 7, Budgets: []points.Cap{{Times: 2, Per: points.Lifetime}}})
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), nil)
	require.NoError(t, err)
	for _, member := range []string{"anna", "ben"} {
		_, err := engine.Do(t.Context(), loyalty.Enroll{Member: member, Key: "enroll"})
		require.NoError(t, err)
	}
	_, err = engine.Do(t.Context(), loyalty.Earn{Member: "ben", Key: "first", Order: coffees("o-1", 1)})
	require.NoError(t, err)
	stream := []loyalty.Command{
		loyalty.Earn{Member: "anna", Key: "again", Order: coffees("o-1", 1)},
		loyalty.Earn{Member: "ben", Key: "second", Order: coffees("o-2", 1)},
	}
	var errs []error
	var given []points.Amount
	for receipt, err := range engine.DoAll(t.Context(), slices.Values(stream), nil) {
		errs = append(errs, err)
		for _, award := range receipt.Awards {
			for _, rule := range award.Rules {
				if rule.Rule == "drop" {
					given = append(given, rule.Points)
				}
			}
		}
	}
	require.ErrorIs(t, errs[0], loyalty.ErrOrderEarned)
	require.NoError(t, errs[1])
	require.Equal(t, []points.Amount{7}, given)
}

func TestAQuoteOfAnEarnRefusesAsItsCommandDoes(t *testing.T) {
	now := time.Date(2027, time.March, 28, 9, 0, 0, 0, time.UTC)
	program := beans(points.NeverExpire())
	program.LateWindow = points.Span{N: 20, Unit: points.Days}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: func() time.Time { return now }})
	require.NoError(t, err)
	_, err = engine.Do(t.Context(), loyalty.Enroll{Member: "anna", Key: "enroll"})
	require.NoError(t, err)
	_, err = engine.Do(t.Context(), loyalty.Earn{Member: "anna", Key: "first", Order: coffees("o-1", 1)})
	require.NoError(t, err)
	again := loyalty.Earn{Member: "anna", Key: "again", Order: coffees("o-1", 1), OccurredAt: now.AddDate(0, 0, -21)}
	_, quoted := engine.Quote(t.Context(), again)
	_, done := engine.Do(t.Context(), again)
	require.ErrorIs(t, done, loyalty.ErrTooOld)
	require.ErrorIs(t, quoted, loyalty.ErrTooOld)
}
