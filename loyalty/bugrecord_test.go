package loyalty_test

import (
	"testing"

	"github.com/loyaltykit/loyaltykit/internal/enginetest/bugrecord"
)

func TestBugRecord(t *testing.T) { bugrecord.Run(t, inMemory) }
