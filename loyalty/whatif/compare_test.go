package whatif_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/featuretest"
	"github.com/loyaltykit/loyaltykit/loyalty/whatif"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

var monday = time.Date(2027, time.March, 8, 9, 0, 0, 0, time.UTC)

func beans(rate points.Amount, expiry points.Expiry) loyalty.Revisions {
	return loyalty.Revisions{{
		ID: "beans", Zone: "Europe/Vienna", Units: []points.Unit{{Code: "bean", Expiry: expiry}},
		Earning: []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: rate, Per: decimal.NewFromInt(1), Currency: "EUR"}}},
	}}
}

func inMemory() (storage.Store, error) { return memory.New(), nil }

func earn(member, order, amount string, at time.Time) loyalty.Command {
	return loyalty.Earn{Member: member, Key: order, OccurredAt: at, Order: points.Order{
		ID: order, Currency: "EUR", Lines: []points.Line{{Amount: decimal.RequireFromString(amount)}},
	}}
}

// year is a shop's year: ada and bob buy, ada spends, cyd only enrolls.
func year() iter.Seq2[whatif.Event, error] {
	return func(yield func(whatif.Event, error) bool) {
		for _, e := range []whatif.Event{
			{At: monday, Command: loyalty.Enroll{Member: "ada", Key: "in"}},
			{At: monday, Command: loyalty.Enroll{Member: "bob", Key: "in"}},
			{At: monday, Command: loyalty.Enroll{Member: "cyd", Key: "in"}},
			{At: monday, Command: earn("ada", "1001", "1000.00", monday)},
			{At: monday, Command: earn("bob", "1002", "40.00", monday)},
			{At: monday.AddDate(0, 1, 0), Command: loyalty.Spend{Member: "ada", Key: "s1", Unit: "bean", Points: 800}},
			{At: monday.AddDate(0, 1, 0), Command: loyalty.Spend{Member: "bob", Key: "s2", Unit: "bean", Points: 40}},
			{At: monday.AddDate(0, 8, 0), Command: earn("ada", "1003", "10.00", monday.AddDate(0, 8, 0))},
		} {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func TestAReportSaysWhoGainsWhoLosesAndWhatIsNoLongerPossible(t *testing.T) {
	meaner := beans(1, points.ExpireAfter(6, points.Months))
	meaner[0].Earning[0].Spend.Per = decimal.NewFromInt(2)
	report, err := whatif.Compare(t.Context(), year(), beans(1, points.NeverExpire()), meaner, inMemory, &whatif.Options{Names: [2]string{"today", "meaner"}})
	require.NoError(t, err)
	assert.False(t, report.Same())
	assert.Equal(t, `8 commands from 2027-03-08 to 2027-11-08

                                 today          meaner      difference
members                              3               3               0

BEAN
  issued                         1,050             525            -525  -50.0 %
  redeemed                         840               0            -840  -100.0 %
  expired                            0             520            +520
  outstanding                      210               5            -205  -97.6 %
    available                      210               5            -205  -97.6 %
  members who gain 0, lose 2, neither 1
  what they gain    least -1,005, 5 % -1,005, 25 % -1,005, median -40, 75 % -40, 95 % -40, most 0
  lose most
    ada                          1,010               5          -1,005  -99.5 %
    bob                             40               0             -40  -100.0 %

REFUSED
  spend                              0               2              +2
    not enough points, such as member "ada", key "s1": 800 bean needed, 500 available
`, report.String())
}

func TestTheSameProgramMakesNoDifference(t *testing.T) {
	report, err := whatif.Compare(t.Context(), year(), beans(1, points.NeverExpire()), beans(1, points.NeverExpire()), inMemory, nil)
	require.NoError(t, err)
	assert.True(t, report.Same(), report)
	assert.EqualValues(t, 3, report.Units[0].Same)
	assert.EqualValues(t, 8, report.Events)
}

func TestACommandWhoseTextWasPrunedIsCountedAsLost(t *testing.T) {
	now := monday
	store := memory.New()
	engine, err := loyalty.New(beans(1, points.NeverExpire()), store, &loyalty.Options{Clock: func() time.Time { return now }})
	require.NoError(t, err)
	_, err = engine.Do(t.Context(), loyalty.Enroll{Member: "ada", Key: "in"})
	require.NoError(t, err)
	_, err = engine.Do(t.Context(), earn("ada", "1", "5.00", now))
	require.NoError(t, err)
	now = now.AddDate(1, 0, 0)
	_, err = engine.Prune(t.Context(), loyalty.PruneOptions{Bodies: time.Hour})
	require.NoError(t, err)
	_, err = engine.Do(t.Context(), earn("ada", "2", "7.00", now))
	require.NoError(t, err)
	report, err := whatif.Compare(t.Context(), whatif.History(t.Context(), engine, store), beans(1, points.NeverExpire()), beans(2, points.NeverExpire()), inMemory, nil)
	require.NoError(t, err)
	assert.EqualValues(t, 2, report.Lost)
	assert.EqualValues(t, 1, report.Events)
	assert.Equal(t, [2]int64{1, 1}, report.Refusals[0].Count, "ada's enrollment is lost")
	assert.Contains(t, report.String(), "2 more could not be lived again")
}

// TestCommandsOfWhoIsErasedAreLostBeforeTheScrub erases a member whom another was merged into,
// by a process that dies.
func TestCommandsOfWhoIsErasedAreLostBeforeTheScrub(t *testing.T) {
	store := memory.New()
	engine, err := loyalty.New(beans(1, points.NeverExpire()), store, &loyalty.Options{Clock: func() time.Time { return monday }})
	require.NoError(t, err)
	for _, cmd := range []loyalty.Command{
		loyalty.Enroll{Member: "ada", Key: "in"},
		loyalty.Enroll{Member: "bob", Key: "in"},
		loyalty.Enroll{Member: "old", Key: "in"},
		earn("ada", "1", "5.00", monday), earn("bob", "2", "5.00", monday), earn("old", "3", "5.00", monday),
		loyalty.Merge{Member: "ada", Key: "one", From: "old"},
	} {
		_, err = engine.Do(t.Context(), cmd)
		require.NoError(t, err)
	}
	featuretest.HalfErased(t, engine, store, "ada")
	told := map[string]int{}
	for event, err := range whatif.History(t.Context(), engine, store) {
		if lost, ok := errors.AsType[*whatif.LostError](err); ok {
			require.ErrorIs(t, err, loyalty.ErrErased)
			told["lost of "+lost.Member]++
			continue
		}
		require.NoError(t, err)
		told[event.Command.Plan().Member]++
	}
	require.Equal(t, map[string]int{"bob": 2, "lost of ada": 4, "lost of old": 2}, told)
}

func TestATransferComesAfterWhatItNeedsAndBeforeWhatNeedsIt(t *testing.T) {
	store := memory.New()
	engine, err := loyalty.New(beans(1, points.NeverExpire()), store, &loyalty.Options{Clock: func() time.Time { return monday }})
	require.NoError(t, err)
	// All at one instant, and the receivers' names sort before and after the giver's.
	for _, cmd := range []loyalty.Command{
		loyalty.Enroll{Member: "m", Key: "in"},
		loyalty.Enroll{Member: "a", Key: "in"},
		loyalty.Enroll{Member: "z", Key: "in"},
		earn("m", "1", "50.00", monday),
		loyalty.Transfer{Member: "m", Key: "t1", To: "a", Unit: "bean", Points: 30},
		loyalty.Transfer{Member: "a", Key: "t2", To: "z", Unit: "bean", Points: 20},
		loyalty.Transfer{Member: "z", Key: "t3", To: "m", Unit: "bean", Points: 15},
		loyalty.Spend{Member: "m", Key: "s", Unit: "bean", Points: 35},
		loyalty.Spend{Member: "a", Key: "s", Unit: "bean", Points: 10},
	} {
		_, err := engine.Do(t.Context(), cmd)
		require.NoError(t, err)
	}
	report, err := whatif.Compare(t.Context(), whatif.History(t.Context(), engine, store), beans(1, points.NeverExpire()), beans(1, points.NeverExpire()), inMemory, nil)
	require.NoError(t, err)
	assert.Empty(t, report.Refusals)
	assert.EqualValues(t, 45, report.Units[0].Books[1].Redeemed)
	assert.EqualValues(t, 5, report.Units[0].Books[1].Available)
}

func TestACompareShowsItsProgressAndStopsWhenItsContextIsDone(t *testing.T) {
	endless := func(yield func(whatif.Event, error) bool) {
		yield(whatif.Event{At: monday, Command: loyalty.Enroll{Member: "ada", Key: "in"}}, nil)
		for i := 0; yield(whatif.Event{At: monday, Command: earn("ada", fmt.Sprintf("o-%d", i), "1.00", monday)}, nil); i++ {
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var seen []int64
	_, err := whatif.Compare(ctx, endless, beans(1, points.NeverExpire()), beans(1, points.NeverExpire()), inMemory, &whatif.Options{
		Progress: func(p whatif.Progress) {
			if seen = append(seen, p.Events); len(seen) == 3 {
				cancel()
			}
		},
	})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, []int64{1024, 2048, 3072}, seen)
}

func TestAStoreThatFailsEndsACompare(t *testing.T) {
	full := errors.New("the disk is full")
	_, err := whatif.Compare(t.Context(), year(), beans(1, points.NeverExpire()), beans(1, points.NeverExpire()), func() (storage.Store, error) {
		return failing{memory.New(), full}, nil
	}, nil)
	require.ErrorIs(t, err, full)
	_, err = whatif.Compare(t.Context(), year(), beans(1, points.NeverExpire()), beans(1, points.NeverExpire()), func() (storage.Store, error) { return nil, full }, nil)
	require.ErrorIs(t, err, full)
	broken := errors.New("the line is cut")
	_, err = whatif.Compare(t.Context(), func(yield func(whatif.Event, error) bool) { yield(whatif.Event{}, broken) },
		beans(1, points.NeverExpire()), beans(1, points.NeverExpire()), inMemory, nil)
	require.ErrorIs(t, err, broken)
}

type failing struct {
	storage.Store
	err error
}

func (f failing) Commit(context.Context, []storage.Batch) ([]storage.Outcome, error) {
	return nil, f.err
}

func TestUnitsOfAnotherScaleAreNotCompared(t *testing.T) {
	other := beans(1, points.NeverExpire())
	other[0].Units[0].Scale = 2
	_, err := whatif.Compare(t.Context(), year(), beans(1, points.NeverExpire()), other, inMemory, nil)
	require.ErrorIs(t, err, loyalty.ErrInvalid)
}

func TestSettlementUntilALaterInstantIsCompared(t *testing.T) {
	report, err := whatif.Compare(t.Context(), year(), beans(1, points.NeverExpire()), beans(1, points.ExpireAfter(2, points.Years)), inMemory,
		&whatif.Options{Until: monday.AddDate(4, 0, 0), Top: 1})
	require.NoError(t, err)
	u := report.Units[0]
	assert.EqualValues(t, 210, u.Books[0].Available)
	assert.EqualValues(t, 210, u.Books[1].Expired)
	assert.Len(t, u.Losers, 1)
	assert.Equal(t, []string{"ada"}, slices.Collect(func(yield func(string) bool) { yield(u.Losers[0].Member) }))
}

// A host's own tiers and formulas are told to both programs, each its own.
func TestTiersAndFormulasOfTheHostCountInACompare(t *testing.T) {
	gold, rain := beans(1, points.NeverExpire()), beans(1, points.NeverExpire())
	gold[0].Earning = append(gold[0].Earning, points.Rule{Code: "gold", Only: &points.Only{Tiers: []string{"gold"}}, Bonus: 7})
	rain[0].Earning = append(rain[0].Earning, points.Rule{Code: "rain", Formula: true})
	report, err := whatif.Compare(t.Context(), year(), gold, rain, inMemory, &whatif.Options{
		Profile: func(_ context.Context, member string, _ time.Time) (loyalty.Profile, error) {
			if member == "bob" {
				return loyalty.Profile{Tiers: []string{"gold"}}, nil
			}
			return loyalty.Profile{}, nil
		},
		Formulas: map[string]points.Formula{"rain": func(points.Occasion) (points.Amount, error) { return 5, nil }},
	})
	require.NoError(t, err)
	require.EqualValues(t, 1050+7, report.Units[0].Books[0].Issued, "one order is gold")
	require.EqualValues(t, 1050+15, report.Units[0].Books[1].Issued, "it rains on all three")
}
