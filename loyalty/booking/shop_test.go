package booking_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

var (
	opening = time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	start   = time.Date(2027, time.March, 12, 18, 0, 0, 0, time.UTC)
)

// shop is an engine with sessions, and a clock to move.
type shop struct {
	*loyalty.Engine
	*booking.Desk
	t     *testing.T
	store storage.Store
	calls counter

	mu    sync.Mutex
	now   time.Time
	tiers map[string][]string
}

// counter counts store calls.
type counter struct {
	mu                                sync.Mutex
	loads, commits, undeclared, again int
}

func (c *counter) Load(int)              { c.mu.Lock(); c.loads++; c.mu.Unlock() }
func (c *counter) Commit(int)            { c.mu.Lock(); c.commits++; c.mu.Unlock() }
func (c *counter) UndeclaredRead(string) { c.mu.Lock(); c.undeclared++; c.mu.Unlock() }
func (c *counter) Retry(string)          { c.mu.Lock(); c.again++; c.mu.Unlock() }

func program() loyalty.Program {
	return loyalty.Program{ID: "beans", Zone: "Europe/Vienna", Units: []points.Unit{
		{Code: "bean", Expiry: points.ExpireAfter(12, points.Months)},
		{Code: "visit", Kind: points.Metric},
	}}
}

// evening is a session for four, two hours long.
func evening() experience.Session {
	return experience.Session{
		ID: "latte-art", Title: "Latte art", Venue: "Roastery", Zone: "Europe/Vienna",
		Start: start, End: start.Add(2 * time.Hour), Capacity: 4, MaxParty: 3, Unit: "bean",
		Prices:      []experience.Price{{Points: 100}, {Tier: "gold", Points: 80}},
		HoldMinutes: 15, DoorsMinutes: 60,
		List:         &experience.List{Priority: []string{"gold"}, OfferMinutes: 120},
		Cancellation: []experience.CancelRule{{Minutes: 48 * 60}, {Minutes: 60, Percent: 50}},
	}
}

// openShop opens a shop whose members have 1000 beans each.
func openShop(t *testing.T, session experience.Session, members ...string) *shop {
	t.Helper()
	s := &shop{t: t, now: opening, store: memory.New(), tiers: map[string][]string{}}
	s.Engine = s.engine()
	s.Desk = booking.NewDesk(s.Engine, s.store)
	for _, member := range members {
		s.join(member, 1000)
	}
	s.must(booking.Open{Key: "open", Session: session})
	return s
}

func (s *shop) join(member string, beans points.Amount) {
	s.t.Helper()
	s.must(loyalty.Enroll{Member: member, Key: "signup"})
	if beans > 0 {
		s.must(loyalty.Adjust{Member: member, Key: "welcome", Unit: "bean", Points: beans, Reason: "welcome", Actor: "shop"})
	}
}

// engine is one more engine on the shop's store.
func (s *shop) engine() *loyalty.Engine {
	s.t.Helper()
	engine, err := loyalty.New(loyalty.Revisions{program()}, s.store, &loyalty.Options{
		Clock: s.clock, Secret: []byte("a secret of the test"), Features: []loyalty.Feature{booking.Feature{}}, Observer: &s.calls,
		Profile: func(_ context.Context, member string, _ time.Time) (loyalty.Profile, error) {
			return loyalty.Profile{Tiers: s.tiers[member]}, nil
		},
	})
	require.NoError(s.t, err)
	return engine
}

func (s *shop) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *shop) at(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = t
}

func (s *shop) wait(d time.Duration) { s.at(s.clock().Add(d)) }

// Do is the desk's.
func (s *shop) Do(ctx context.Context, cmd loyalty.Command) (loyalty.Receipt, error) {
	return s.Desk.Do(ctx, cmd)
}

func (s *shop) must(cmd loyalty.Command) loyalty.Receipt {
	s.t.Helper()
	if s.Desk == nil {
		s.Desk = booking.NewDesk(s.Engine, s.store)
	}
	receipt, err := s.Desk.Do(s.t.Context(), cmd)
	require.NoError(s.t, err)
	return receipt
}

// booked runs a command and returns the booking that it answered.
func (s *shop) booked(cmd loyalty.Command) booking.Booking {
	s.t.Helper()
	b, err := booking.Of(s.must(cmd))
	require.NoError(s.t, err)
	return b
}

// refused runs a command that must be refused, and must change nothing. It returns
// what it says.
func (s *shop) refused(cmd loyalty.Command, want error) string {
	s.t.Helper()
	before := s.heads()
	_, quoted := s.Quote(s.t.Context(), cmd)
	_, err := s.Desk.Do(s.t.Context(), cmd)
	require.ErrorIs(s.t, err, want)
	require.EqualError(s.t, quoted, err.Error())
	require.NotContains(s.t, err.Error(), "house/", "an error names the session, not its account")
	require.Equal(s.t, before, s.heads(), "a refusal changes nothing")
	return err.Error()
}

func (s *shop) heads() []loyalty.Head {
	s.t.Helper()
	var heads []loyalty.Head
	for head, err := range s.Heads(s.t.Context()) {
		require.NoError(s.t, err)
		heads = append(heads, head)
	}
	return heads
}

func (s *shop) balance(member string) points.Balance {
	s.t.Helper()
	m, err := s.Engine.Member(s.t.Context(), member)
	require.NoError(s.t, err)
	return m.Balance("bean")
}

// of returns a member's booking of a session, as of now.
func (s *shop) of(member, session string) booking.Booking {
	s.t.Helper()
	for b, err := range s.Bookings(s.t.Context(), member, s.clock()) {
		require.NoError(s.t, err)
		if b.ID == session {
			return b
		}
	}
	return booking.Booking{}
}

// paidFor returns the order by which a member paid last for seats.
func (s *shop) paidFor(member string) string {
	s.t.Helper()
	var order string
	for row, err := range storage.AllRecords(s.t.Context(), s.store, storage.RecordQuery{Program: "beans", Member: member, Kind: "tender"}) {
		require.NoError(s.t, err)
		var stored struct {
			ID string `json:"#"`
		}
		require.NoError(s.t, json.Unmarshal(row.Data, &stored))
		order = stored.ID
	}
	require.NotEmpty(s.t, order)
	return order
}

func (s *shop) board(session string) experience.Board {
	s.t.Helper()
	shown, err := s.Session(s.t.Context(), session)
	require.NoError(s.t, err)
	return shown.Board
}

// runDue settles and advances everything.
func (s *shop) runDue() booking.Advanced {
	s.t.Helper()
	report, done, err := s.Desk.RunDue(s.t.Context(), nil)
	require.NoError(s.t, err)
	require.Empty(s.t, report.Failed)
	return done
}

// verify audits the books, and that the session's seats are those of its board.
func (s *shop) verify(sessions ...string) {
	s.t.Helper()
	report, err := s.Verify(s.t.Context(), nil)
	require.NoError(s.t, err)
	require.Empty(s.t, report.Problems)
	for _, session := range sessions {
		board := s.board(session)
		require.NoError(s.t, board.Check())
		seats := map[experience.State]int64{}
		for seat, err := range s.Seats(s.t.Context(), session, s.clock()) {
			require.NoError(s.t, err)
			came := seat.Party
			if seat.State == experience.Present && seat.Came > 0 {
				came = seat.Came
				seats[experience.Booked] += seat.Party - came
			}
			seats[seat.State] += came
		}
		require.Equal(s.t, board.Held, seats[experience.Held])
		require.Equal(s.t, board.Promised, seats[experience.Promised])
		require.Equal(s.t, board.Booked, seats[experience.Booked]+seats[experience.Present])
		require.Equal(s.t, board.Present, seats[experience.Present])
	}
}

func book(member string, party int64) booking.Book {
	return booking.Book{Member: member, Key: "book", Session: "latte-art", Party: party, Unit: "bean", Points: 100 * points.Amount(party)}
}

func queue(member string, party int64) booking.Join {
	return booking.Join{Member: member, Key: "join", Session: "latte-art", Party: party, Unit: "bean", Points: 100 * points.Amount(party)}
}

func cancel(member string) booking.Cancel {
	return booking.Cancel{Member: member, Key: "cancel", Session: "latte-art"}
}

func confirm(member string) booking.Confirm {
	return booking.Confirm{Member: member, Key: "confirm", Session: "latte-art"}
}
