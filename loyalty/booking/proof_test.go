package booking_test

import (
	"testing"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func TestR11BookingsAreWhatARoomOfChairsSays(t *testing.T) {
	open := func(testing.TB) storage.Store { return memory.New() }
	enginetest.Bookings(t, open, open, nil)
}
