package booking_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
)

// TestTheEngineSellsAsARoomDoes runs the same wishes through the engine and through a room
// in memory, which package experience holds to a row of chairs and a line of people.
func TestTheEngineSellsAsARoomDoes(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		session := evening()
		session.Prices = []experience.Price{{Points: 100}}
		session.Capacity = rapid.Int64Range(1, 5).Draw(r, "capacity")
		members := []string{"anna", "ben", "cleo", "dora", "emil", "gold"}
		s := openShop(t, session, members...)
		s.tiers["gold"] = []string{"gold"}
		room, err := experience.NewRoom(session)
		require.NoError(t, err)
		s.at(start.Add(-6 * time.Hour))
		for step := range rapid.IntRange(1, 40).Draw(r, "steps") {
			s.wait(time.Duration(rapid.SampledFrom([]int{0, 0, 1, 15, 60, 120}).Draw(r, "minutes")) * time.Minute)
			now := s.clock()
			who := rapid.SampledFrom(members).Draw(r, "who")
			size := rapid.Int64Range(1, 3).Draw(r, "size")
			price := points.Amount(100 * size)
			key := fmt.Sprint("k", step)
			var cmd loyalty.Command
			var want error
			switch rapid.SampledFrom([]string{"hold", "book", "book", "join", "join", "confirm", "cancel", "promote", "check in"}).Draw(r, "do") {
			case "hold":
				_, want = room.Hold(who, s.tiers[who], size, now)
				cmd = booking.Hold{Member: who, Key: key, Session: session.ID, Party: size, Unit: "bean", Points: price}
			case "book":
				_, want = room.Book(who, s.tiers[who], size, now)
				cmd = booking.Book{Member: who, Key: key, Session: session.ID, Party: size, Unit: "bean", Points: price}
			case "join":
				_, want = room.Join(who, s.tiers[who], size, now)
				cmd = booking.Join{Member: who, Key: key, Session: session.ID, Party: size, Unit: "bean", Points: price}
			case "confirm":
				_, want = room.Confirm(who, now)
				cmd = booking.Confirm{Member: who, Key: key, Session: session.ID}
			case "cancel":
				_, want = room.Cancel(who, now)
				cmd = booking.Cancel{Member: who, Key: key, Session: session.ID}
			case "check in":
				_, want = room.CheckIn(who, now)
				cmd = booking.CheckIn{Member: who, Key: key, Session: session.ID}
			default:
				promoted, err := room.Promote(now, func(p experience.Party) bool { return s.balance(p.Member).Available >= p.Points })
				require.NoError(r, err)
				done := s.runDue()
				require.Len(r, done.Promoted, len(promoted))
				for i := range promoted {
					require.Equal(r, promoted[i].Member, done.Promoted[i].Member)
				}
			}
			if cmd != nil {
				_, err := s.Engine.Do(r.Context(), cmd)
				if want == nil {
					require.NoError(r, err)
				} else {
					require.ErrorContains(r, err, want.Error())
				}
			}
			sameAs(r, s, room, members)
		}
		s.verify(session.ID)
	})
}

func sameAs(r *rapid.T, s *shop, room *experience.Room, members []string) {
	require.NoError(r, room.Advance(s.clock()))
	want, got := room.Board(), s.board("latte-art")
	require.Equal(r, want, got)
	for _, member := range members {
		party, _ := room.Party(member)
		require.Equal(r, party.State, s.of(member, "latte-art").State, member)
	}
}
