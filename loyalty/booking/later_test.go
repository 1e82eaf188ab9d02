package booking_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
)

// narrow is a store of which one commit takes 160 rows, and whose process may die.
type narrow struct {
	storage.Store
	commits int
	dies    int
}

var errDied = errors.New("the process died")

func (n *narrow) Limits() storage.Limits { return storage.Limits{Rows: 160} }

func (n *narrow) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	if n.commits++; n.dies > 0 && n.commits >= n.dies {
		return nil, errDied
	}
	for i := range batches {
		if batches[i].Rows() > n.Limits().Rows {
			return []storage.Outcome{{Status: storage.TooLarge}}, nil
		}
	}
	return n.Store.Commit(ctx, batches)
}

// inSmallChange is a shop on such a store. Anna has 130 points, of which no two expire
// together.
func inSmallChange(t *testing.T) (*shop, *narrow) {
	t.Helper()
	session := evening()
	session.Prices = []experience.Price{{Points: 65}}
	s := openShop(t, session, "ben")
	s.join("anna", 0)
	for i := range 130 {
		s.must(loyalty.Adjust{
			Member: "anna", Key: fmt.Sprint("gift-", i), Unit: "bean", Points: 1, Reason: "gift", Actor: "shop",
			ExpiresAt: opening.AddDate(1, 0, i),
		})
	}
	store := &narrow{Store: s.store}
	s.Engine = s.WithStore(store)
	s.Desk = booking.NewDesk(s.Engine, store)
	return s, store
}

func seatInSmallChange() booking.Book {
	return booking.Book{Member: "anna", Key: "book", Session: "latte-art", Party: 1, Unit: "bean", Points: 65}
}

// expiries lists what expires when.
func (s *shop) expiries(member string) map[time.Time]points.Amount {
	s.t.Helper()
	m, err := s.Engine.Member(s.t.Context(), member)
	require.NoError(s.t, err)
	all := map[time.Time]points.Amount{}
	for _, lot := range m.Lots {
		all[lot.ExpiresAt] += lot.Remaining
	}
	return all
}

func TestABookingGivesPointsBackToMoreLotsThanOneCommitTakes(t *testing.T) {
	endings := map[string]func(s *shop) error{
		"by the member": func(s *shop) error {
			_, err := s.Do(s.t.Context(), cancel("anna"))
			return err
		},
		"by who calls the session off": func(s *shop) error {
			_, err := s.Do(s.t.Context(), booking.CallOff{Key: "off", Session: "latte-art", Reason: "a burst pipe", Actor: "shop"})
			if err != nil {
				return err
			}
			_, _, err = s.Desk.RunDue(s.t.Context(), nil)
			return err
		},
	}
	for name, ends := range endings {
		for dies := range 6 {
			t.Run(fmt.Sprintf("%s, dead at commit %d", name, dies), func(t *testing.T) {
				s, store := inSmallChange(t)
				before := s.expiries("anna")
				s.must(seatInSmallChange())
				require.EqualValues(t, 65, s.balance("anna").Available)
				store.commits, store.dies = 0, dies
				err := ends(s)
				if dies == 0 {
					require.NoError(t, err)
					require.Greater(t, store.commits, 1, "the points follow the decision")
				}
				store.dies = 0
				if err != nil {
					require.ErrorIs(t, err, errDied)
					require.NoError(t, ends(s), "the same again")
				}
				require.EqualValues(t, 130, s.balance("anna").Available, "whoever reads sees the decision")
				s.runDue()
				require.Equal(t, before, s.expiries("anna"), "each point is back in its lot")
				require.NoError(t, ends(s), "once more it changes nothing")
				require.EqualValues(t, 130, s.balance("anna").Available)
				require.EqualValues(t, 4, s.board("latte-art").Free)
				s.verify("latte-art")
			})
		}
	}
}

func TestABookingIsPaidAndMovedOverMoreLotsThanOneCommitTakes(t *testing.T) {
	late := evening()
	late.ID, late.Prices = "late", []experience.Price{{Points: 130}}
	dear := evening()
	dear.ID, dear.Prices = "dear", []experience.Price{{Points: 125}}
	steps := map[string]struct {
		before []loyalty.Command
		cmd    loyalty.Command
		seats  string
		left   points.Amount
	}{
		"a booking": {
			nil, booking.Book{Member: "anna", Key: "now", Session: "dear", Party: 1, Unit: "bean", Points: 125}, "dear", 5,
		},
		"a move to a dearer session": {
			[]loyalty.Command{seatInSmallChange()},
			booking.Reschedule{Member: "anna", Key: "now", Session: "latte-art", To: "dear", Unit: "bean", Points: 125},
			"dear", 5,
		},
		"a move that takes all there is": {
			[]loyalty.Command{booking.Book{Member: "anna", Key: "before", Session: "dear", Party: 1, Unit: "bean", Points: 125}},
			booking.Reschedule{Member: "anna", Key: "now", Session: "dear", To: "late", Unit: "bean", Points: 130},
			"late", 0,
		},
	}
	for name, step := range steps {
		for dies := range 7 {
			t.Run(fmt.Sprintf("%s, dead at commit %d", name, dies), func(t *testing.T) {
				s, store := inSmallChange(t)
				before := s.expiries("anna")
				s.must(booking.Open{Key: "late", Session: late})
				s.must(booking.Open{Key: "dear", Session: dear})
				for _, cmd := range step.before {
					s.must(cmd)
				}
				quote, err := s.Quote(t.Context(), step.cmd)
				require.NoError(t, err)
				store.commits, store.dies = 0, dies
				receipt, err := s.Engine.Do(t.Context(), step.cmd)
				require.Equal(t, dies == 1, err != nil, "%v", err)
				if store.dies = 0; err == nil {
					require.Equal(t, quote.Moves, receipt.Moves)
					require.Equal(t, quote.Balances, receipt.Balances)
				}
				s.must(step.cmd)
				require.Equal(t, step.left, s.balance("anna").Available, "whoever reads sees the decision")
				require.Equal(t, experience.Booked, s.of("anna", step.seats).State)
				s.verify("latte-art", "late", "dear")
				s.runDue()
				require.Equal(t, step.left, s.balance("anna").Available)
				s.verify("latte-art", "late", "dear")
				s.must(booking.Cancel{Member: "anna", Key: "back", Session: step.seats})
				s.runDue()
				require.Equal(t, before, s.expiries("anna"), "each point is back in its lot")
				s.verify("latte-art", "late", "dear")
			})
		}
	}
}

func TestAQuoteForeseesAHoldOverTooManyLots(t *testing.T) {
	s, _ := inSmallChange(t)
	wide := evening()
	wide.ID, wide.Prices = "wide", []experience.Price{{Points: 71}}
	s.must(booking.Open{Key: "wide", Session: wide})
	hold := booking.Hold{Member: "anna", Key: "hold", Session: "latte-art", Party: 1, Unit: "bean", Points: 65}
	s.booked(hold)
	s.must(cancel("anna"))
	hold.Key, hold.Session, hold.Points = "wide", "wide", 71
	require.Contains(t, s.refused(hold, loyalty.ErrTooLarge), "its points lie in more lots than one commit can change")
}

func TestWhosePointsLieInTooManyLotsIsTakenOffTheListForTheNext(t *testing.T) {
	s, _ := inSmallChange(t)
	s.join("cleo", 1000)
	s.join("dora", 1000)
	wide := evening()
	wide.ID, wide.Capacity, wide.Prices = "wide", 1, []experience.Price{{Points: 71}}
	s.must(booking.Open{Key: "wide", Session: wide})
	s.join("eve", 1000)
	s.must(booking.Book{Member: "eve", Key: "book", Session: "wide", Party: 1, Unit: "bean", Points: 71})
	for _, member := range []string{"anna", "cleo", "dora"} {
		s.must(booking.Join{Member: member, Key: "join", Session: "wide", Party: 1, Unit: "bean", Points: 71})
	}
	s.must(booking.Cancel{Member: "eve", Key: "cancel", Session: "wide"})
	require.Equal(t, experience.Promised, s.of("cleo", "wide").State)
	require.EqualValues(t, 130, s.balance("anna").Available)
	require.Zero(t, s.balance("anna").Held)

	ahead, waits, err := s.Ahead(t.Context(), s.of("anna", "wide"))
	require.NoError(t, err)
	require.False(t, waits, "her booking is not told, the list is")
	require.Zero(t, ahead)
	_, waits, err = s.Ahead(t.Context(), s.of("dora", "wide"))
	require.NoError(t, err)
	require.True(t, waits)
	var why []string
	account := loyalty.House{Feature: booking.Name, ID: "wide"}.Account()
	for op, err := range storage.AllOperations(t.Context(), s.store, storage.MemberQuery{Program: "beans", Member: account}) {
		require.NoError(t, err)
		if op.Type == "booking-dismiss" {
			why = append(why, op.Reason)
		}
	}
	require.Len(t, why, 1)
	require.Contains(t, why[0], "its points lie in more lots than one commit can change")
	s.at(start)
	s.runDue()
	require.Equal(t, experience.Unserved, s.of("anna", "wide").State)
	require.EqualValues(t, 130, s.balance("anna").Available)
	s.verify("wide")
}

func TestAQuoteForeseesAMoveOfTooManyPointsThatLiveByAGrace(t *testing.T) {
	s, store := inSmallChange(t)
	s.must(seatInSmallChange())
	graced := program()
	graced.EffectiveAt, graced.Units[0].Grace = opening.AddDate(0, 0, 1), points.Span{N: 30, Unit: points.Days}
	engine, err := loyalty.New(loyalty.Revisions{program(), graced}, store, &loyalty.Options{
		Clock: s.clock, Secret: []byte("a secret of the test"), Features: []loyalty.Feature{booking.Feature{}},
	})
	require.NoError(t, err)
	s.Engine, s.Desk = engine, booking.NewDesk(engine, store)
	s.at(opening.AddDate(0, 0, 1))
	far, late := evening(), evening()
	far.Start, far.End = opening.AddDate(2, 0, 0), opening.AddDate(2, 0, 1)
	late.ID, late.Start, late.End, late.Prices = "late", far.Start, far.End, []experience.Price{{Points: 65}}
	s.must(booking.Change{Key: "far", Session: far, Reason: "works", Actor: "shop"})
	s.must(booking.Open{Key: "late", Session: late})
	s.at(opening.AddDate(1, 6, 0))
	s.runDue()
	s.refused(booking.Reschedule{Member: "anna", Key: "move", Session: "latte-art", To: "late", Unit: "bean", Points: 65}, loyalty.ErrTooLarge)
	s.must(cancel("anna"))
	s.must(booking.Book{Member: "anna", Key: "late", Session: "late", Party: 1, Unit: "bean", Points: 65})
	s.verify("latte-art", "late")
}
