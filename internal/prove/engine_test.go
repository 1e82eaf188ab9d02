package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/internal/enginetest/bugrecord"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// openSQLite opens a new file.
func openSQLite(t testing.TB) storage.Store {
	t.Helper()
	store, err := sqlite.Open(filepath.Join(t.TempDir(), "shop.db"), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

func openMemory(testing.TB) storage.Store { return memory.New() }

// onSQL is how much the engine's proofs try on a database.
func onSQL() *enginetest.Options {
	if full() {
		return &enginetest.Options{Sequences: 2000, Rounds: 200, Histories: 500, Stream: 5000, Tampers: 5000, Seeds: 500}
	}
	if os.Getenv("LOYALTYKIT_PROVE") != "" {
		return &enginetest.Options{Sequences: 300, Rounds: 10, Histories: 40, Stream: 1000, Tampers: 1000, Seeds: 100}
	}
	return &enginetest.Options{Sequences: 20, Rounds: 1, Histories: 5, Stream: 200, Tampers: 200, Seeds: 10}
}

func TestR8OneKeyHasOneEffectOnSQLite(t *testing.T) { enginetest.Keys(t, openSQLite, onSQL()) }

func TestR9RacesLoseDoubleAndInventNothingOnSQLite(t *testing.T) {
	enginetest.Races(t, openSQLite, onSQL())
}

func TestRedemptionsAreWhatANaiveModelSaysOnSQLite(t *testing.T) {
	enginetest.Redemptions(t, openSQLite, onSQL())
}

func TestStockIsNeverOversoldOnSQLite(t *testing.T) { enginetest.Stock(t, openSQLite) }

func TestLimitsOfActorsHoldForSeveralEnginesOnSQLite(t *testing.T) {
	enginetest.Guards(t, openSQLite, onSQL())
}

func TestPeriodsEndOnceForSeveralEnginesOnSQLite(t *testing.T) { enginetest.PeriodEnds(t, openSQLite) }

func TestR10HistoriesOfConcurrentCallersAreLinearizableOnSQLite(t *testing.T) {
	enginetest.Linearizable(t, openSQLite, onSQL())
}

func TestR11EveryCommandDoesWhatANaiveModelSaysOnSQLite(t *testing.T) {
	enginetest.Machine(t, openSQLite, onSQL())
}

func TestR11TiersOfMembersWhoMergeAndPartAreThoseOnPaperOnSQLite(t *testing.T) {
	enginetest.Standings(t, openSQLite, onSQL())
}

func TestR11SettlingOftenComesToTheSameAsSettlingLateOnSQLite(t *testing.T) {
	enginetest.Settling(t, openSQLite, onSQL())
}

func TestR13OneStreamLeavesTheSameRowsInMemoryAndOnSQLite(t *testing.T) {
	enginetest.Equal(t, openMemory, openSQLite, onSQL())
}

func TestR14FaultsAndCrashesLoseDoubleAndInventNothingOnSQLite(t *testing.T) {
	enginetest.Simulation(t, openSQLite, onSQL())
}

func TestR16NothingWrapsAtTheEdgesOfInt64OnSQLite(t *testing.T) { enginetest.Overflow(t, openSQLite) }

func TestR21TamperingIsFoundAndNamedOnSQLite(t *testing.T) {
	enginetest.Tampering(t, openSQLite, onSQL())
}

func TestControlsOfR9R10R11R13R14R21AreSeenToFailOnSQLite(t *testing.T) {
	enginetest.Controls(t, openSQLite)
}

func TestR11ATrialBalanceIsWhatANaiveSumOverAllEntriesSaysOnSQLite(t *testing.T) {
	enginetest.TrialBalances(t, openSQLite, onSQL())
}

func TestR11EveryBalanceAndEntryIsExplainedOnSQLite(t *testing.T) {
	enginetest.Explanations(t, openSQLite, onSQL().Third())
}

func TestR11AHistoryLivedAgainIsTheSameOnSQLite(t *testing.T) {
	enginetest.WhatIf(t, openSQLite, onSQL())
}

func TestR11BookingsAreWhatARoomOfChairsSaysOnSQLite(t *testing.T) {
	enginetest.Bookings(t, openMemory, openSQLite, onSQL())
}

func TestBugRecord(t *testing.T) { bugrecord.Run(t, openSQLite) }
