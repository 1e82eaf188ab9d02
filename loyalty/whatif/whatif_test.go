package whatif_test

import (
	"testing"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func TestAHistoryLivedAgainIsTheSame(t *testing.T) {
	enginetest.WhatIf(t, func(testing.TB) storage.Store { return memory.New() }, nil)
}
