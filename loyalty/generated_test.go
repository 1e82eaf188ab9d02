package loyalty_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/loyalty"
)

func TestEveryCommandIsBookedByAMachineThatHasAModel(t *testing.T) {
	var types []string
	for _, cmd := range loyalty.KernelCommands() {
		types = append(types, loyalty.CommandType(cmd))
	}
	require.Empty(t, enginetest.Ungenerated(t, inMemory, types, 100), "give each a generator, and the model the command")
}

func TestACommandThatNoMachineMakesIsNamed(t *testing.T) {
	require.Equal(t, []string{"gamble"}, enginetest.Ungenerated(t, inMemory, []string{"enroll", "gamble", "redeem"}, 1))
}
