package loyalty_test

import (
	"testing"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
)

func TestR11EveryBalanceAndEveryEntryIsExplained(t *testing.T) {
	enginetest.Explanations(t, inMemory, nil)
}
