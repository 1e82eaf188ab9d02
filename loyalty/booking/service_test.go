package booking_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
)

// Two baristas coach, each one member at a time: an hour of one is taken once, and the other
// has the same hour still.
func TestAnHourOfAPersonalServiceIsTakenOnceOfEachWhoGivesIt(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo")
	s.tiers["anna"] = []string{"gold"}
	mornings := []experience.Hours{{Weekdays: points.Mon, From: "09:00", To: "11:00"}}
	coaching := experience.Service{
		ID: "coaching", Minutes: 50, GapMinutes: 10,
		Resources: []experience.Resource{{ID: "mia", Hours: mornings}, {ID: "jo", Hours: mornings}},
		Ahead:     []experience.Ahead{{Tier: "gold", Days: 14}, {Days: 7}},
		Terms: experience.Session{
			Title: "Coaching", Zone: "Europe/Vienna", Unit: "bean", Prices: []experience.Price{{Points: 500}}, List: &experience.List{OfferMinutes: 60},
		},
	}
	monday := time.Date(2027, time.March, 15, 0, 0, 0, 0, time.UTC)
	slots, err := coaching.Sessions(monday, monday.AddDate(0, 0, 1))
	require.NoError(t, err)
	require.Len(t, slots, 4)
	for _, slot := range slots {
		s.must(booking.Open{Key: "open " + slot.ID, Session: slot})
	}
	const mias, jos = "coaching/mia/20270315T0800Z", "coaching/jo/20270315T0800Z"
	hour := func(member, slot string) booking.Book {
		return booking.Book{Member: member, Key: "book " + slot, Session: slot, Party: 1, Unit: "bean", Points: 500}
	}
	s.refused(hour("ben", mias), experience.ErrNotOpen)
	require.Equal(t, experience.Booked, s.booked(hour("anna", mias)).State, "gold members book two weeks ahead")

	s.at(time.Date(2027, time.March, 8, 8, 0, 0, 0, time.UTC))
	s.refused(hour("ben", mias), experience.ErrSoldOut)
	require.Equal(t, experience.Booked, s.booked(hour("ben", jos)).State)
	require.EqualValues(t, 500, s.balance("ben").Available)
	s.must(booking.Join(hour("cleo", mias)))
	s.must(booking.Cancel{Member: "anna", Key: "cancel", Session: mias})
	require.Equal(t, experience.Promised, s.of("cleo", mias).State)
	s.must(booking.Confirm{Member: "cleo", Key: "yes", Session: mias})
	s.verify(mias, jos)
}
