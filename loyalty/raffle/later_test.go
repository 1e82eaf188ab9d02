package raffle_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/raffle"
	draw "github.com/loyaltykit/loyaltykit/rewards/experience/raffle"
	"github.com/loyaltykit/loyaltykit/storage"
)

// narrow is a store of which one commit takes 160 rows, and whose process may die.
type narrow struct {
	storage.Store
	commits, dies int
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

func TestARaffleGivesPointsBackToMoreLotsThanOneCommitTakes(t *testing.T) {
	for dies := range 6 {
		t.Run(fmt.Sprintf("dead at commit %d", dies), func(t *testing.T) {
			s := openShop(t)
			terms := grinder(t)
			terms.ID, terms.Points = "mill", 40
			terms.Commitment, _ = draw.Commitment(draw.Rules{Raffle: "mill", Winners: 4, Beacon: beacon}, seed)
			s.must(raffle.Open{Key: "open", Raffle: terms})
			s.must(loyalty.Enroll{Member: "anna", Key: "signup"})
			for i := range 130 {
				s.must(loyalty.Adjust{
					Member: "anna", Key: fmt.Sprint("gift-", i), Unit: "bean", Points: 1, Reason: "gift", Actor: "shop",
					ExpiresAt: opening.AddDate(1, 0, i),
				})
			}
			store := &narrow{Store: s.store}
			s.Engine = s.WithStore(store)
			for n := range 3 {
				s.must(raffle.Enter{Member: "anna", Key: fmt.Sprint("ticket-", n), Raffle: "mill", Tickets: 1, Unit: "bean", Points: 40})
			}
			require.EqualValues(t, 10, s.beans("anna"))
			s.must(raffle.CallOff{Key: "off", Raffle: "mill", Reason: "broken", Actor: "shop"})
			store.commits, store.dies = 0, dies
			mine := raffle.Collect{Member: "anna", Key: "collect", Raffle: "mill"}
			_, err := s.Do(t.Context(), mine)
			store.dies = 0
			if err != nil {
				require.ErrorIs(t, err, errDied)
			} else if dies == 0 {
				require.Greater(t, store.commits, 1, "the points follow the decision")
			}
			entry, err := raffle.Of(s.must(mine))
			require.NoError(t, err)
			require.EqualValues(t, 120, entry.Returned)
			require.EqualValues(t, 130, s.beans("anna"), "whoever reads sees the decision")
			_, err = s.RunDue(t.Context(), nil)
			require.NoError(t, err)
			m, err := s.Member(t.Context(), "anna")
			require.NoError(t, err)
			require.Len(t, m.Lots, 130)
			for i, lot := range m.Lots {
				require.Equal(t, opening.AddDate(1, 0, i), lot.ExpiresAt, "each point is back in its lot")
				require.EqualValues(t, 1, lot.Remaining)
			}
			mine.Key = "once more"
			s.refused(mine, loyalty.ErrAlreadyDone)
			report, err := s.Verify(t.Context(), nil)
			require.NoError(t, err)
			require.Empty(t, report.Problems)
		})
	}
}
