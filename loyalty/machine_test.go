package loyalty_test

import (
	"testing"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func inMemory(testing.TB) storage.Store { return memory.New() }

func TestEveryCommandDoesWhatANaiveModelSays(t *testing.T) { enginetest.Machine(t, inMemory, nil) }

func TestSettlingOftenComesToTheSameAsSettlingLate(t *testing.T) {
	enginetest.Settling(t, inMemory, nil)
}

func TestRacesLoseDoubleAndInventNothing(t *testing.T) { enginetest.Races(t, inMemory, nil) }

func TestHistoriesOfConcurrentCallersAreLinearizable(t *testing.T) {
	enginetest.Linearizable(t, inMemory, nil)
}

func TestTheCheckersSeeBrokenStores(t *testing.T) { enginetest.Controls(t, inMemory) }

func TestOneStreamLeavesTheSameRowsHoweverItIsSent(t *testing.T) {
	enginetest.Equal(t, inMemory, inMemory, nil)
}

func TestTamperingIsFoundAndNamed(t *testing.T) { enginetest.Tampering(t, inMemory, nil) }

func TestNothingWrapsAtTheEdgesOfInt64(t *testing.T) { enginetest.Overflow(t, inMemory) }

func TestFaultsAndCrashesLoseDoubleAndInventNothing(t *testing.T) {
	enginetest.Simulation(t, inMemory, nil)
}
