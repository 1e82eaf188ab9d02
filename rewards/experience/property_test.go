package experience_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/rewards/experience"
)

// naive is a room with a row of chairs and a line of people, without counts.
type naive struct {
	session experience.Session
	chairs  []chair
	line    []waiter
	people  map[string]*person
	arrived int
}

type chair struct {
	who  string
	kept bool
}

type waiter struct {
	who     string
	class   int
	arrived int
}

type person struct {
	state experience.State
	size  int
	until time.Time
}

func (n *naive) free(kept bool) int {
	free := 0
	for _, c := range n.chairs {
		if c.who == "" && c.kept == kept {
			free++
		}
	}
	return free
}

func (n *naive) sit(who string, size int, kept bool) int {
	for i := range n.chairs {
		if c := &n.chairs[i]; size > 0 && c.who == "" && c.kept == kept {
			c.who, c.kept = who, false
			size--
		}
	}
	return size
}

func (n *naive) stand(who string) {
	for i := range n.chairs {
		if n.chairs[i].who == who {
			n.chairs[i] = chair{kept: len(n.line) > 0}
		}
	}
}

func (n *naive) leave(who string) {
	n.line = slices.DeleteFunc(n.line, func(w waiter) bool { return w.who == who })
	n.tidy()
}

func (n *naive) tidy() {
	for i := range n.chairs {
		n.chairs[i].kept = n.chairs[i].kept && len(n.line) > 0
	}
}

// advance lapses what is due, one instant after the other.
func (n *naive) advance(now time.Time) {
	names := make([]string, 0, len(n.people))
	for name := range n.people {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(n.people[a].until.Compare(n.people[b].until), cmp.Compare(a, b))
	})
	lapse := func(before time.Time, also bool) {
		for _, name := range names {
			p := n.people[name]
			due := p.until.Before(before) || also && p.until.Equal(before)
			if due && (p.state == experience.Held || p.state == experience.Promised) {
				n.stand(name)
				p.state = experience.Lapsed
			}
		}
	}
	closes := n.session.ListCloses()
	if !now.Before(closes) {
		lapse(closes, false)
		for _, w := range n.line {
			n.people[w.who].state = experience.Unserved
		}
		n.line = nil
		n.tidy()
	}
	lapse(now, true)
	for _, p := range n.people {
		if !now.Before(n.session.End) && p.state == experience.Booked {
			p.state = experience.Absent
		}
	}
}

func TestARoomIsWhatARowOfChairsAndALineOfPeopleAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2027, time.March, 12, 18, 0, 0, 0, time.UTC)
		session := experience.Session{
			ID: "evening", Zone: "Europe/Vienna", Start: start, End: start.Add(2 * time.Hour), MaxParty: 3,
			Capacity: rapid.Int64Range(1, 6).Draw(t, "capacity"), HoldMinutes: 30, DoorsMinutes: 30,
			ClosesMinutes: 10,
			List:          &experience.List{Priority: []string{"gold", "silver"}, OfferMinutes: 45, ClosesMinutes: 60, Max: 8},
		}
		room, err := experience.NewRoom(session)
		require.NoError(t, err)
		model := &naive{session: session, chairs: make([]chair, session.Capacity), people: map[string]*person{}}
		now := start.Add(-8 * time.Hour)
		tiers := [][]string{{"gold"}, {"silver"}, nil}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 1, 10, 30, 45, 60}).Draw(t, "minutes")) * time.Minute)
			model.advance(now)
			who := fmt.Sprintf("m%d", rapid.IntRange(0, 9).Draw(t, "who"))
			size := rapid.IntRange(1, 3).Draw(t, "size")
			class := rapid.IntRange(0, 2).Draw(t, "class")
			had := model.people[who]
			live := had != nil && had.state.Live()
			open := now.Before(session.Closes())
			switch rapid.SampledFrom([]string{"hold", "book", "join", "confirm", "cancel", "promote", "check in", "look"}).Draw(t, "do") {
			case "hold":
				_, err := room.Hold(who, tiers[class], int64(size), now)
				if fits := !live && open && size <= model.free(false); fits {
					require.NoError(t, err)
					model.people[who] = &person{experience.Held, size, session.HeldUntil(now)}
					model.sit(who, size, false)
				} else {
					require.Error(t, err)
				}
			case "book":
				_, err := room.Book(who, tiers[class], int64(size), now)
				if fits := !live && open && size <= model.free(false); fits {
					require.NoError(t, err)
					model.people[who] = &person{experience.Booked, size, session.End}
					model.sit(who, size, false)
				} else {
					require.Error(t, err)
				}
			case "join":
				_, err := room.Join(who, tiers[class], int64(size), now)
				able := !live && now.Before(session.ListCloses()) && size > model.free(false) && len(model.line) < 8 && size <= len(model.chairs)
				if !able {
					require.Error(t, err)
					break
				}
				require.NoError(t, err)
				model.arrived++
				model.people[who] = &person{experience.Waiting, size, session.ListCloses()}
				model.line = append(model.line, waiter{who, class, model.arrived})
				slices.SortFunc(model.line, func(a, b waiter) int {
					return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.arrived, b.arrived))
				})
			case "confirm":
				_, err := room.Confirm(who, now)
				if live && (had.state == experience.Held || had.state == experience.Promised) {
					require.NoError(t, err)
					had.state = experience.Booked
				} else {
					require.ErrorIs(t, err, experience.ErrState)
				}
			case "cancel":
				_, err := room.Cancel(who, now)
				switch {
				case live && had.state == experience.Waiting:
					require.NoError(t, err)
					had.state = experience.Left
					model.leave(who)
				case live && had.state != experience.Present && (had.state != experience.Booked || now.Before(session.Start)):
					require.NoError(t, err)
					had.state = experience.Cancelled
					model.stand(who)
				default:
					require.Error(t, err)
				}
			case "promote":
				poor := fmt.Sprintf("m%d", rapid.IntRange(0, 20).Draw(t, "poor"))
				got, err := room.Promote(now, func(p experience.Party) bool { return p.Member != poor })
				require.NoError(t, err)
				var want []string
				for len(model.line) > 0 {
					first := model.line[0].who
					p := model.people[first]
					if p.size > model.free(true)+model.free(false) {
						break
					}
					if first == poor {
						p.state = experience.Passed
					} else {
						want = append(want, first)
						p.state, p.until = experience.Promised, session.OfferedUntil(now)
						model.sit(first, model.sit(first, p.size, true), false)
					}
					model.leave(first)
				}
				require.Len(t, got, len(want))
				for i := range got {
					require.Equal(t, want[i], got[i].Member, "in the order of the line")
				}
			case "check in":
				_, err := room.CheckIn(who, now)
				if live && had.state == experience.Booked && !now.Before(session.Doors()) && now.Before(session.End) {
					require.NoError(t, err)
					had.state = experience.Present
				} else {
					require.Error(t, err)
				}
			case "look":
				require.NoError(t, room.Advance(now))
			}
			compare(t, room, model, now)
		}
	})
}

func compare(t *rapid.T, room *experience.Room, model *naive, now time.Time) {
	require.NoError(t, room.Advance(now))
	board := room.Board()
	require.NoError(t, board.Check())
	require.EqualValues(t, model.free(false), board.Free)
	require.EqualValues(t, model.free(true), board.Offered)
	require.EqualValues(t, len(model.line), board.Waiting())
	taken := 0
	for _, p := range room.Parties() {
		require.Equal(t, model.people[p.Member].state, p.State, p.Member)
		if p.State.Seated() || p.State == experience.Absent {
			taken += int(p.Size)
		}
	}
	require.LessOrEqual(t, taken, len(model.chairs), "never oversold")
	for i, w := range model.line {
		ahead, waits := room.Ahead(w.who)
		require.True(t, waits)
		require.EqualValues(t, i, ahead)
	}
}
