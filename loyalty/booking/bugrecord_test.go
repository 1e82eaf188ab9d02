package booking_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
)

// TestBugRecord holds bookings to the bugs that users of other systems reported of
// reservations; the numbers are those of the record that internal/enginetest/bugrecord tells of.
func TestBugRecord(t *testing.T) {
	t.Run("C22_a_retry_of_an_offline_device_books_twice", func(t *testing.T) {
		s := openShop(t, evening(), "anna")
		s.booked(book("anna", 1))
		for range 3 {
			require.True(t, s.must(book("anna", 1)).Replayed)
		}
		require.EqualValues(t, 3, s.board("latte-art").Free)
		require.EqualValues(t, 900, s.balance("anna").Available)
		other := book("anna", 2)
		s.refused(other, loyalty.ErrKeyReused)
	})
	t.Run("C24_two_checkouts_take_the_last_seat", func(t *testing.T) {
		for range 20 {
			session := evening()
			session.Capacity = 1
			s := openShop(t, session, "anna", "ben")
			engines := []*loyalty.Engine{s.Engine, s.engine()}
			var wait sync.WaitGroup
			errs := make([]error, 2)
			for i, member := range []string{"anna", "ben"} {
				wait.Go(func() { _, errs[i] = engines[i].Do(t.Context(), book(member, 1)) })
			}
			wait.Wait()
			if errs[0] != nil {
				errs[0], errs[1] = errs[1], errs[0]
			}
			require.NoError(t, errs[0])
			require.ErrorIs(t, errs[1], experience.ErrSoldOut)
			require.EqualValues(t, 1900, s.balance("anna").Available+s.balance("ben").Available)
			s.verify("latte-art")
		}
	})
	t.Run("C30_what_was_archived_still_redeems", func(t *testing.T) {
		s := openShop(t, evening(), "anna", "ben")
		s.must(loyalty.Close{Member: "ben", Key: "close"})
		s.refused(book("ben", 1), loyalty.ErrClosed)
		s.must(booking.CallOff{Key: "off", Session: "latte-art", Reason: "ill", Actor: "mia"})
		s.refused(book("anna", 1), experience.ErrCalledOff)
	})
	t.Run("C52_a_reward_is_withdrawn_or_made_dearer_and_points_are_lost", func(t *testing.T) {
		s := openShop(t, evening(), "anna", "ben", "cleo")
		s.booked(book("anna", 2))
		s.booked(booking.Hold{Member: "ben", Key: "hold", Session: "latte-art", Party: 1, Unit: "bean", Points: 100})
		dearer := evening()
		dearer.Prices = []experience.Price{{Points: 400}}
		s.must(booking.Change{Key: "dearer", Session: dearer, Reason: "costs", Actor: "mia"})
		s.booked(confirm("ben"))
		require.EqualValues(t, 900, s.balance("ben").Available, "who held keeps the price")
		s.must(booking.CallOff{Key: "off", Session: "latte-art", Reason: "ill", Actor: "mia"})
		require.EqualValues(t, 1000, s.balance("anna").Available)
		require.EqualValues(t, 1000, s.balance("ben").Available)
		s.verify("latte-art")
	})
	t.Run("C53_a_deadline_is_checked_in_the_page_only", func(t *testing.T) {
		session := evening()
		session.ClosesMinutes = 60
		s := openShop(t, session, "anna")
		s.at(start.Add(-time.Hour))
		late := book("anna", 1)
		s.refused(late, experience.ErrClosed)
		late.OccurredAt = start.Add(-2 * time.Hour)
		s.refused(late, experience.ErrClosed)
	})
	t.Run("C55_a_second_reward_of_one_program_is_refused", func(t *testing.T) {
		s := openShop(t, evening(), "anna")
		other := evening()
		other.ID = "cupping"
		s.must(booking.Open{Key: "open", Session: other})
		s.booked(book("anna", 1))
		second := book("anna", 1)
		second.Key, second.Session = "second", "cupping"
		s.booked(second)
		require.EqualValues(t, 800, s.balance("anna").Available)
		s.verify("latte-art", "cupping")
	})
	t.Run("C60_what_was_issued_can_neither_be_cancelled_nor_marked_used", func(t *testing.T) {
		s := openShop(t, evening(), "anna", "ben")
		s.booked(book("anna", 1))
		s.booked(book("ben", 1))
		clerk := cancel("anna")
		clerk.Reason, clerk.Actor = "she called", "mia"
		require.Equal(t, experience.Cancelled, s.booked(clerk).State)
		s.at(start)
		used := booking.CheckIn{Member: "ben", Key: "in", Session: "latte-art", Actor: "mia"}
		require.Equal(t, experience.Present, s.booked(used).State)
		var last loyalty.Operation
		for op, err := range s.History(t.Context(), "anna") {
			require.NoError(t, err)
			last = op
		}
		require.Equal(t, []string{"she called", "mia"}, []string{last.Reason, last.Actor})
	})
}
