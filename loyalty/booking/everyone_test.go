package booking_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
)

// busy has ben take part in everything: he came to one session with a guest, holds seats of
// another, waits for a third, was promised a fourth, has cancelled a fifth and did not come to
// a sixth. He is a gold member.
func busy(t *testing.T) *shop {
	t.Helper()
	s := openShop(t, evening(), "ben", "anna", "cleo")
	s.tiers["ben"] = []string{"gold"}
	for id, days := range map[string]int{"guest": 1, "held": 2, "list": 2, "promised": 2, "cancelled": 2, "absent": 0} {
		session := evening()
		session.ID, session.Capacity = id, 2
		session.Start, session.End = start.AddDate(0, 0, days-11), start.AddDate(0, 0, days-11).Add(2*time.Hour)
		s.must(booking.Open{Key: "open " + id, Session: session})
	}
	seat := func(member, session string) booking.Book {
		b := booking.Book{Member: member, Key: "book " + session, Session: session, Party: 1, Unit: "bean", Points: 100}
		if member == "ben" {
			b.Points = 80
		}
		return b
	}
	for _, session := range []string{"guest", "cancelled", "absent"} {
		s.must(seat("ben", session))
	}
	s.must(booking.HandOver{Member: "ben", Key: "guest", Session: "guest", Guest: "Aunt Ida"})
	s.must(booking.Cancel{Member: "ben", Key: "cancel", Session: "cancelled"})
	for _, session := range []string{"list", "promised"} {
		for _, member := range []string{"anna", "cleo"} {
			s.must(seat(member, session))
		}
		s.must(booking.Join(seat("ben", session)))
	}
	s.at(start.AddDate(0, 0, -10).Add(-time.Minute))
	s.runDue()
	s.must(booking.Cancel{Member: "anna", Key: "cancel", Session: "promised"})
	hold := booking.Hold(seat("ben", "held"))
	hold.Key = "hold"
	s.must(hold)
	s.must(booking.CheckIn{Member: "ben", Key: "in", Session: "guest"})
	require.Equal(t, map[string]experience.State{
		"guest": experience.Present, "held": experience.Held, "list": experience.Waiting, "promised": experience.Promised,
		"cancelled": experience.Cancelled, "absent": experience.Absent,
	}, s.states("ben"))
	return s
}

func (s *shop) bookings(member string) map[string]booking.Booking {
	s.t.Helper()
	all := map[string]booking.Booking{}
	for b, err := range s.Bookings(s.t.Context(), member, s.clock()) {
		require.NoError(s.t, err)
		all[b.ID] = b
	}
	return all
}

func (s *shop) states(member string) map[string]experience.State {
	s.t.Helper()
	all := map[string]experience.State{}
	for id, b := range s.bookings(member) {
		all[id] = b.State
	}
	return all
}

// exported is what an export has of bookings, by id.
func (s *shop) exported(member string) map[string]booking.Booking {
	s.t.Helper()
	var out bytes.Buffer
	require.NoError(s.t, s.Export(s.t.Context(), member, &out))
	var export struct {
		Records []struct {
			Kind string          `json:"kind"`
			Data json.RawMessage `json:"data"`
		} `json:"records"`
	}
	require.NoError(s.t, json.Unmarshal(out.Bytes(), &export))
	all := map[string]booking.Booking{}
	for _, record := range export.Records {
		if record.Kind != "booking" {
			continue
		}
		var b booking.Booking
		require.NoError(s.t, json.Unmarshal(record.Data, &b))
		all[b.ID] = b
	}
	return all
}

func TestEveryBookingAndWaitOfAMemberIsInTheirExport(t *testing.T) {
	s := busy(t)
	require.Len(t, s.exported("ben"), 6)
	require.Equal(t, s.bookings("ben"), s.exported("ben"))
	require.Equal(t, "Aunt Ida", s.exported("ben")["guest"].Guest)
}

func TestEveryBookingAndWaitOfAMemberGoesWithAMerge(t *testing.T) {
	s := busy(t)
	before := s.bookings("ben")
	s.join("ida", 0)
	s.must(loyalty.Merge{Member: "ida", Key: "merge", From: "ben"})
	after := s.bookings("ida")
	require.Equal(t, map[string]experience.State{
		"guest": experience.Present, "held": experience.Held, "list": experience.Waiting, "promised": experience.Promised,
		"cancelled": experience.Cancelled, "absent": experience.Absent,
	}, s.states("ida"))
	require.Equal(t, before["guest"], after["guest"])
	require.Equal(t, after, s.exported("ida"))
	require.Equal(t, after, s.bookings("ben"), "the old id is the survivor's")
	for row, err := range storage.AllRecords(t.Context(), s.store, storage.RecordQuery{Program: "beans", Member: "ben", Kind: "booking"}) {
		require.NoError(t, err)
		require.True(t, loyalty.Moved(row), row.ID)
		require.NotContains(t, string(row.Data), "Ida")
	}
	s.verify("guest", "held", "list", "promised", "cancelled", "absent")
}

func TestAnErasureLeavesNeitherTierNorGuestOfAnyBooking(t *testing.T) {
	for _, from := range []string{"the member", "a member who was merged into another"} {
		t.Run("of "+from, func(t *testing.T) {
			s := busy(t)
			gone := "ben"
			if from != "the member" {
				gone = "ida"
				s.join("ida", 0)
				s.must(loyalty.Merge{Member: "ida", Key: "merge", From: "ben"})
			}
			s.must(loyalty.Erase{Member: gone, Key: "erase"})
			s.runDue()
			for _, member := range []string{"ben", "ida"} {
				for row, err := range storage.AllRecords(t.Context(), s.store, storage.RecordQuery{Program: "beans", Member: member}) {
					require.NoError(t, err)
					require.NotContains(t, string(row.Data), "gold", row.ID)
					require.NotContains(t, string(row.Data), "Ida", row.ID)
				}
			}
			s.at(start.AddDate(0, 0, 2))
			s.runDue()
			s.verify("guest", "held", "list", "promised", "cancelled", "absent")
		})
	}
}
