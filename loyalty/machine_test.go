package loyalty_test

import (
	"testing"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// The rows of the scorecard that the engine has to hold on the memory store;
// internal/prove runs the same on SQLite.

func inMemory(testing.TB) storage.Store { return memory.New() }

func TestR8OneKeyHasOneEffect(t *testing.T) { enginetest.Keys(t, inMemory, nil) }

func TestR9RacesLoseDoubleAndInventNothing(t *testing.T) { enginetest.Races(t, inMemory, nil) }

func TestR10HistoriesOfConcurrentCallersAreLinearizable(t *testing.T) {
	enginetest.Linearizable(t, inMemory, nil)
}

func TestR11EveryCommandDoesWhatANaiveModelSays(t *testing.T) { enginetest.Machine(t, inMemory, nil) }

func TestR11SettlingOftenComesToTheSameAsSettlingLate(t *testing.T) {
	enginetest.Settling(t, inMemory, nil)
}

func TestR13OneStreamLeavesTheSameRowsHoweverItIsSent(t *testing.T) {
	enginetest.Equal(t, inMemory, inMemory, nil)
}

func TestR14FaultsAndCrashesLoseDoubleAndInventNothing(t *testing.T) {
	enginetest.Simulation(t, inMemory, nil)
}

func TestR11TiersOfMembersWhoMergeAndPartAreThoseOnPaper(t *testing.T) {
	enginetest.Standings(t, inMemory, nil)
}

func TestRedemptionsAreWhatANaiveModelSays(t *testing.T) { enginetest.Redemptions(t, inMemory, nil) }

func TestPeriodsEndOnceForSeveralEngines(t *testing.T) { enginetest.PeriodEnds(t, inMemory) }

func TestStockIsNeverOversold(t *testing.T) { enginetest.Stock(t, inMemory) }

func TestLimitsOfActorsHoldForSeveralEngines(t *testing.T) { enginetest.Guards(t, inMemory, nil) }

func TestR16NothingWrapsAtTheEdgesOfInt64(t *testing.T) { enginetest.Overflow(t, inMemory) }

func TestR21TamperingIsFoundAndNamed(t *testing.T) { enginetest.Tampering(t, inMemory, nil) }

func TestControlsOfR9R10R11R13R14R21AreSeenToFail(t *testing.T) { enginetest.Controls(t, inMemory) }

func TestControlsOfEachAreaOfTheModelAreSeenToFail(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: some forty wrong engines, each until the model sees it")
	}
	enginetest.ControlsOfTheModel(t, inMemory)
}

func TestControlsOfTiersOnPaperAreSeenToFail(t *testing.T) {
	enginetest.ControlsOfStandings(t, inMemory)
}

func TestErasureLeavesNoFreeTextInAnyRow(t *testing.T) { enginetest.Erasure(t, memory.New()) }
