package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Bookings proves what a store must keep of bookings: the engine sells as a room in
// memory does, whatever is asked in whatever order; one random stream of every command
// leaves the same rows as on another store, byte for byte; and of very many who want few
// seats at once, from several engines, exactly as many get one.
func Bookings(t *testing.T, against, open Open, options *Options) {
	t.Run("the engine sells as a room does", func(t *testing.T) { rooms(t, open, options) })
	t.Run("one stream leaves the same rows on two stores", func(t *testing.T) {
		size := options.or().Stream
		for seed := range uint64(3) {
			if err := equalBookings(t, against(t), open(t), seed, size); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		t.Logf("figure R13 3 streams of %d bookings: 0 rows differ", size)
	})
	t.Run("bookings lived again come to the same", func(t *testing.T) {
		var all int64
		for seed := range uint64(3) {
			n, err := bookingsAgain(t, open, seed, options.or().Stream)
			if all += n; err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		t.Logf("figure R11 %d commands of members and sessions lived again: the same books and boards", all)
	})
	t.Run("few seats for very many at once", func(t *testing.T) {
		if err := fewSeats(t, open(t)); err != nil {
			t.Fatal(err)
		}
	})
}

// eveningOf is a session for a few, two hours long, with everything that sessions have.
func eveningOf(id string, starts time.Time, seats int64) experience.Session {
	return experience.Session{
		ID: id, Title: "Latte art", Venue: "Roastery", Zone: "Europe/Vienna",
		Start: starts, End: starts.Add(2 * time.Hour), Capacity: seats, MaxParty: 3, Unit: "star",
		Prices: []experience.Price{{Points: 100}}, HoldMinutes: 15, DoorsMinutes: 60,
		List:         &experience.List{Priority: []string{"gold"}, OfferMinutes: 120},
		Cancellation: []experience.CancelRule{{Minutes: 48 * 60}, {Minutes: 60, Percent: 50}},
	}
}

// host is an engine that takes bookings, with its desk. Who is called gold is gold.
type host struct {
	*loyalty.Engine
	desk *booking.Desk
}

func newHost(t testing.TB, program loyalty.Program, store storage.Store, clock func() time.Time) *host {
	t.Helper()
	engine := newEngine(t, program, store, &loyalty.Options{
		Clock: clock, Features: []loyalty.Feature{booking.Feature{}},
		Profile: goldIsGold,
	})
	return &host{Engine: engine, desk: booking.NewDesk(engine, store)}
}

func goldIsGold(_ context.Context, member string, _ time.Time) (loyalty.Profile, error) {
	if member == "gold" {
		return loyalty.Profile{Tiers: []string{"gold"}}, nil
	}
	return loyalty.Profile{}, nil
}

// audited reports what is wrong with the books, and with the boards of sessions.
func (h *host) audited(ctx context.Context, sessions ...string) error {
	report, err := h.Verify(ctx, nil)
	if err != nil {
		return err
	}
	if !report.OK() {
		return report.Problems[0]
	}
	for _, session := range sessions {
		shown, err := h.desk.Session(ctx, session)
		if err == nil {
			err = shown.Board.Check()
		}
		if err != nil {
			return fmt.Errorf("session %s: %w", session, err)
		}
	}
	return nil
}

// fewSeats lets many members, each with points for one seat, want one of few.
func fewSeats(t *testing.T, store storage.Store) error {
	const members, seats = 400, 40
	var hosts []*host
	for range 3 {
		hosts = append(hosts, newHost(t, stars("few-seats"), store, func() time.Time { return start }))
	}
	all := func(command func(member string) loyalty.Command) []error {
		errs := make([]error, members)
		var wait sync.WaitGroup
		for i := range members {
			wait.Go(func() {
				cmd := command(fmt.Sprintf("m%d", i))
				for {
					_, errs[i] = hosts[i%len(hosts)].Do(t.Context(), cmd)
					if !errors.Is(errs[i], loyalty.ErrContention) {
						return
					}
				}
			})
		}
		wait.Wait()
		return errs
	}
	if _, err := hosts[0].Do(t.Context(), booking.Open{Key: "open", Session: eveningOf("few", start.AddDate(0, 0, 9), seats)}); err != nil {
		return err
	}
	before := [][]error{
		all(func(member string) loyalty.Command { return loyalty.Enroll{Member: member, Key: "enroll"} }),
		all(func(member string) loyalty.Command { return gift(member, "gift", 100) }),
	}
	if err := errors.Join(slices.Concat(before...)...); err != nil {
		return err
	}
	errs := all(func(member string) loyalty.Command {
		return booking.Book{Member: member, Key: "book", Session: "few", Party: 1, Unit: "star", Points: 100}
	})
	won := 0
	for i, err := range errs {
		m, lookErr := hosts[0].Member(t.Context(), fmt.Sprintf("m%d", i))
		switch {
		case lookErr != nil:
			return lookErr
		case err == nil && m.Balance("star") == points.Balance{Unit: "star"}:
			won++
		case !errors.Is(err, experience.ErrSoldOut) || m.Balance("star").Available != 100:
			return fmt.Errorf("member %d has %+v and was answered %w", i, m.Balance("star"), err)
		}
	}
	if won != seats {
		return fmt.Errorf("%d of %d seats were sold", won, seats)
	}
	return hosts[0].audited(t.Context(), "few")
}
