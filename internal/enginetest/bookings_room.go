package enginetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
)

// rooms runs the same wishes through the engine and through a room in memory, which
// package experience holds to a row of chairs and a line of people.
func rooms(t *testing.T, open Open, options *Options) {
	checks(t, max(5, options.or().Sequences/3))
	opened := stores{open: open, t: t}
	rapid.Check(t, func(r *rapid.T) {
		store, id := opened.next()
		if err := sellsAsARoom(t, store, id, rapidPick(r)); err != nil {
			r.Fatal(err)
		}
	})
}

// chairs is a room beside the engine's session.
type chairs struct {
	*host
	t    *testing.T
	room *experience.Room
	now  time.Time
	pick pick
}

func sellsAsARoom(t *testing.T, store storage.Store, id string, pick pick) error {
	starts := start.AddDate(0, 0, 9)
	session := eveningOf("latte-art", starts, int64(1+pick("capacity", 5)))
	c := &chairs{t: t, now: start, pick: pick}
	c.host = newHost(t, stars(id), store, func() time.Time { return c.now })
	var err error
	if c.room, err = experience.NewRoom(session); err != nil {
		return err
	}
	first := []loyalty.Command{booking.Open{Key: "open", Session: session}}
	for _, member := range guests {
		first = append(first, loyalty.Enroll{Member: member, Key: "enroll"}, gift(member, "gift", 1000))
	}
	for _, cmd := range first {
		if _, err := c.Do(t.Context(), cmd); err != nil {
			return err
		}
	}
	c.now = starts.Add(-6 * time.Hour)
	for step := range 1 + pick("steps", 40) {
		c.now = c.now.Add(time.Duration(oneOf(pick, "minutes", 0, 0, 1, 15, 60, 120)) * time.Minute)
		if err := c.step(fmt.Sprint("k", step)); err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
		if err := c.same(); err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
	}
	return c.audited(t.Context(), session.ID)
}

// step does one thing in the engine and in the room.
func (c *chairs) step(key string) error {
	who, size := oneOf(c.pick, "who", guests...), int64(1+c.pick("size", 3))
	const session = "latte-art"
	price := points.Amount(100 * size)
	var tiers []string
	if who == "gold" {
		tiers = []string{"gold"}
	}
	var cmd loyalty.Command
	var want error
	switch oneOf(c.pick, "do", "hold", "book", "book", "join", "join", "confirm", "cancel", "promote", "check in") {
	case "hold":
		_, want = c.room.Hold(who, tiers, size, c.now)
		cmd = booking.Hold{Member: who, Key: key, Session: session, Party: size, Unit: "star", Points: price}
	case "book":
		_, want = c.room.Book(who, tiers, size, c.now)
		cmd = booking.Book{Member: who, Key: key, Session: session, Party: size, Unit: "star", Points: price}
	case "join":
		_, want = c.room.Join(who, tiers, size, c.now)
		cmd = booking.Join{Member: who, Key: key, Session: session, Party: size, Unit: "star", Points: price}
	case "confirm":
		_, want = c.room.Confirm(who, c.now)
		cmd = booking.Confirm{Member: who, Key: key, Session: session}
	case "cancel":
		_, want = c.room.Cancel(who, c.now)
		cmd = booking.Cancel{Member: who, Key: key, Session: session}
	case "check in":
		_, want = c.room.CheckIn(who, c.now)
		cmd = booking.CheckIn{Member: who, Key: key, Session: session}
	default:
		return c.promote()
	}
	_, err := c.Do(c.t.Context(), cmd)
	if (want == nil) != (err == nil) || want != nil && !strings.Contains(err.Error(), want.Error()) {
		return fmt.Errorf("%s is answered with %w, by the room with %w", show(cmd), err, want)
	}
	return nil
}

// promote lets the list go on in both.
func (c *chairs) promote() error {
	var looking error
	want, err := c.room.Promote(c.now, func(p experience.Party) bool {
		m, err := c.Member(c.t.Context(), p.Member)
		if err != nil {
			looking = err
			return false
		}
		return m.Balance("star").Available >= p.Points
	})
	if err != nil || looking != nil {
		return fmt.Errorf("promote: %w %w", err, looking)
	}
	_, done, err := c.desk.RunDue(c.t.Context(), nil)
	if err != nil {
		return err
	}
	if len(done.Promoted) != len(want) {
		return fmt.Errorf("%d are promoted, by the room %d", len(done.Promoted), len(want))
	}
	for i := range want {
		if want[i].Member != done.Promoted[i].Member {
			return fmt.Errorf("%s is promoted, by the room %s", done.Promoted[i].Member, want[i].Member)
		}
	}
	return nil
}

// same compares the board, and where every member stands.
func (c *chairs) same() error {
	if err := c.room.Advance(c.now); err != nil {
		return err
	}
	shown, err := c.desk.Session(c.t.Context(), "latte-art")
	if err != nil {
		return err
	}
	if want, have := text(c.room.Board()), text(shown.Board); want != have {
		return fmt.Errorf("the board is %s, by the room %s", have, want)
	}
	for _, member := range guests {
		var has experience.State
		for b, err := range c.desk.Bookings(c.t.Context(), member, c.now) {
			if err != nil {
				return err
			}
			has = b.State
		}
		if party, _ := c.room.Party(member); party.State != has {
			return fmt.Errorf("%s is %q, by the room %q", member, has, party.State)
		}
	}
	return nil
}
