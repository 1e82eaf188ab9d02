package whatif_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/whatif"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// stays has points that expire and can be brought back, and nights that are counted.
func stays() loyalty.Revisions {
	return loyalty.Revisions{{
		ID: "stays", Zone: "Europe/Vienna",
		Units: []points.Unit{
			{Code: "point", Expiry: points.ExpireAfter(1, points.Months), Reinstate: points.Span{N: 90, Unit: points.Days}},
			{Code: "night", Kind: points.Metric},
		},
		Earning: []points.Rule{
			{Code: "base", Unit: "point", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
			{Code: "nights", Unit: "night", Bonus: 2},
		},
	}}
}

// lived runs commands a day apart, records them, lives them again, and returns what
// came of a unit.
func lived(t *testing.T, unit string, commands ...loyalty.Command) whatif.Figures {
	t.Helper()
	now := monday
	store := memory.New()
	engine, err := loyalty.New(stays(), store, &loyalty.Options{Clock: func() time.Time { return now }})
	require.NoError(t, err)
	for _, command := range commands {
		if wait, ok := command.(later); ok {
			now = now.Add(wait.by)
			continue
		}
		_, err := engine.Do(t.Context(), command)
		require.NoError(t, err)
		now = now.AddDate(0, 0, 1)
	}
	report, err := whatif.Compare(t.Context(), whatif.History(t.Context(), engine, store), stays(), stays(),
		func() (storage.Store, error) { return memory.New(), nil }, &whatif.Options{Until: now})
	require.NoError(t, err)
	require.True(t, report.Same(), report)
	require.Empty(t, report.Refusals)
	require.Zero(t, report.Lost)
	for _, u := range report.Units {
		if u.Unit == unit {
			return u.Books[0]
		}
	}
	t.Fatalf("the report has no %s", unit)
	return whatif.Figures{}
}

// later is time that goes by between two commands.
type later struct {
	loyalty.Command
	by time.Duration
}

func TestAMergeLivedAgainBringsWhatTheMergedMemberHadCounted(t *testing.T) {
	nights := lived(
		t, "night",
		loyalty.Enroll{Member: "ada", Key: "in"}, loyalty.Enroll{Member: "bob", Key: "in"},
		earn("ada", "1001", "40.00", monday), earn("bob", "1002", "60.00", monday),
		loyalty.Merge{Member: "ada", Key: "merge", From: "bob"},
	)
	assert.EqualValues(t, 4, nights.Counted)
}

func TestAnUndoneMergeLivedAgainGivesPointsAndNightsBack(t *testing.T) {
	commands := []loyalty.Command{
		loyalty.Enroll{Member: "ada", Key: "in"},
		loyalty.Enroll{Member: "bob", Key: "in"},
		earn("ada", "1001", "40.00", monday), earn("bob", "1002", "60.00", monday),
		loyalty.Merge{Member: "ada", Key: "merge", From: "bob"},
		loyalty.UnMerge{Member: "ada", Key: "part", From: "bob"},
		loyalty.Spend{Member: "bob", Key: "spend", Unit: "point", Points: 60},
	}
	assert.EqualValues(t, 4, lived(t, "night", commands...).Counted)
	assert.EqualValues(t, 60, lived(t, "point", commands...).Redeemed)
}

func TestPointsThatWereBroughtBackAreBroughtBackAgain(t *testing.T) {
	beans := lived(
		t, "point",
		loyalty.Enroll{Member: "ada", Key: "in"}, earn("ada", "1001", "40.00", monday),
		later{by: 40 * 24 * time.Hour},
		loyalty.Adjust{Member: "ada", Key: "sorry", Unit: "point", Points: 1, Reason: "late sweep", Actor: "clerk"},
		loyalty.Reinstate{Member: "ada", Key: "back", Entries: []points.EntryRef{{Version: 3}}, Reason: "goodwill", Actor: "clerk"},
	)
	assert.EqualValues(t, 41, beans.Available)
}
