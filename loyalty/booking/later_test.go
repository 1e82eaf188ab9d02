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

func TestAMoveOfABookingOverTooManyLotsSaysWhatToDo(t *testing.T) {
	s, _ := inSmallChange(t)
	s.must(seatInSmallChange())
	late := evening()
	late.ID, late.Prices = "late", []experience.Price{{Points: 65}}
	s.must(booking.Open{Key: "late", Session: late})
	before := s.heads()
	_, err := s.Do(t.Context(), booking.Reschedule{Member: "anna", Key: "move", Session: "latte-art", To: "late", Unit: "bean", Points: 65})
	require.ErrorIs(t, err, loyalty.ErrTooLarge)
	require.ErrorContains(t, err, "do it in parts, as by one command that gives points back and another that spends")
	require.Equal(t, before, s.heads(), "a refusal changes nothing")
	s.must(cancel("anna"))
	s.must(booking.Book{Member: "anna", Key: "book late", Session: "late", Party: 1, Unit: "bean", Points: 65})
	require.EqualValues(t, 65, s.balance("anna").Available)
	s.verify("latte-art", "late")
}
