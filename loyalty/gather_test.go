package loyalty_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// shop is an engine on a store that can be told to fail, with a clock to move.
type shop struct {
	*loyalty.Engine
	t       *testing.T
	now     time.Time
	store   *storagetest.Hooked
	mu      sync.Mutex
	maxRows int
	fail    func(commit int) error
	commits int
}

func openShop(t *testing.T, program loyalty.Program) *shop {
	t.Helper()
	s := &shop{t: t, now: time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)}
	s.store = &storagetest.Hooked{Store: memory.New()}
	s.store.OnCommit = func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
		s.mu.Lock()
		s.commits++
		commit := s.commits
		for _, b := range batches {
			s.maxRows = max(s.maxRows, b.Rows())
		}
		s.mu.Unlock()
		if s.fail != nil {
			if err := s.fail(commit); err != nil {
				return nil, err
			}
		}
		return next(ctx, batches)
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, s.store, &loyalty.Options{
		Clock: s.clock, Secret: []byte("a secret of the test"), Attempts: 8,
	})
	require.NoError(t, err)
	s.Engine = engine
	return s
}

// rival is an engine of another process on the same store.
func (s *shop) rival() *loyalty.Engine { return s.WithStore(s.store.Store) }

func (s *shop) clock() time.Time { return s.now }

func (s *shop) must(cmd loyalty.Command) loyalty.Receipt {
	s.t.Helper()
	receipt, err := s.Do(s.t.Context(), cmd)
	require.NoError(s.t, err)
	return receipt
}

func (s *shop) verify() {
	s.t.Helper()
	report, err := s.Verify(s.t.Context(), nil)
	require.NoError(s.t, err)
	require.Empty(s.t, report.Problems)
}

func (s *shop) balance() points.Balance {
	s.t.Helper()
	m, err := s.Member(s.t.Context(), "anna")
	require.NoError(s.t, err)
	return m.Balance("bean")
}

func beans(expiry points.Expiry) loyalty.Program {
	return loyalty.Program{ID: "beans", Zone: "Europe/Vienna", Units: []points.Unit{{Code: "bean", Expiry: expiry}}}
}

// smallLots gives anna one bean a day, so that no two lots expire together.
func smallLots(s *shop, n int) {
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	for i := range n {
		s.must(loyalty.Adjust{
			Member: "anna", Key: fmt.Sprintf("gift-%d", i), Unit: "bean", Points: 1, Reason: "gift", Actor: "shop",
			ExpiresAt: s.now.AddDate(1, 0, i),
		})
	}
}

func TestASpendOverVeryManyLotsIsGatheredInBoundedCommits(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	smallLots(s, 1234)
	quote, err := s.Quote(t.Context(), loyalty.Spend{Member: "anna", Key: "big", Unit: "bean", Points: 1200})
	require.NoError(t, err)
	require.Equal(t, points.Amount(1200), quote.Moves[0].Amount)
	s.maxRows = 0
	receipt := s.must(loyalty.Spend{Member: "anna", Key: "big", Unit: "bean", Points: 1200})
	require.Equal(t, quote.Moves, receipt.Moves)
	require.LessOrEqual(t, s.maxRows, 2*100+10)
	require.Equal(t, points.Balance{Unit: "bean", Available: 34}, s.balance())
	again := s.must(loyalty.Spend{Member: "anna", Key: "big", Unit: "bean", Points: 1200})
	require.True(t, again.Replayed)
	require.Equal(t, points.Balance{Unit: "bean", Available: 34}, s.balance())
	s.verify()
}

func TestTheReceiptOfAGatheredSpendSaysWhatIsLeftAndItsEntriesNameIt(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	smallLots(s, 250)
	s.must(loyalty.Hold{Member: "anna", Key: "hold", ID: "trip", Unit: "bean", Points: 5, Until: points.Never})
	receipt := s.must(loyalty.Spend{Member: "anna", Key: "big", Unit: "bean", Points: 240, Reference: "till-4711"})
	require.Equal(t, []points.Balance{{Unit: "bean", Available: 5, Held: 5}}, receipt.Balances)
	require.Equal(t, receipt.Balances[0], s.balance())
	var captured points.Amount
	for op, err := range s.History(t.Context(), "anna") {
		require.NoError(t, err)
		for _, e := range op.Entries {
			if e.Kind == points.EntryCapture {
				require.Equal(t, "till-4711", e.Reference)
				captured += e.Amount
			}
		}
	}
	require.Equal(t, points.Amount(240), captured)
	s.verify()
}

func TestARefusedGatheringGivesItsPointsBackAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		between loyalty.Command
		// last is the last commit before which it can happen.
		last int
		want error
		left points.Amount
	}{
		"the points are spent meanwhile": {
			loyalty.Spend{Member: "anna", Key: "rival", Unit: "bean", Points: 100}, 4, loyalty.ErrInsufficientPoints, 350,
		},
		"the account is suspended meanwhile": {
			loyalty.Suspend{Member: "anna", Key: "stop", Reason: "fraud", Actor: "support"}, 6, loyalty.ErrSuspended, 450,
		},
		"the account is closed meanwhile": {
			loyalty.Close{Member: "anna", Key: "stop", Reason: "wish", Actor: "support"}, 6, loyalty.ErrClosed, 450,
		},
	} {
		for at := 1; at <= c.last; at++ {
			t.Run(fmt.Sprintf("%s, before commit %d", name, at), func(t *testing.T) {
				s := openShop(t, beans(points.NeverExpire()))
				smallLots(s, 450)
				s.commits = 0
				s.fail = func(commit int) error {
					if commit != at {
						return nil
					}
					s.fail = nil
					_, err := s.rival().Do(t.Context(), c.between)
					return err
				}
				_, err := s.Do(t.Context(), loyalty.Spend{Member: "anna", Key: "big", Unit: "bean", Points: 440})
				require.ErrorIs(t, err, c.want)
				require.Equal(t, points.Balance{Unit: "bean", Available: c.left}, s.balance())
				s.verify()
			})
		}
	}
}

func TestAGatheringThatDiesGivesThePointsBackOrGoesOn(t *testing.T) {
	for dies := 1; dies <= 12; dies++ {
		for _, resume := range []bool{true, false} {
			t.Run(fmt.Sprintf("at commit %d, resumed %v", dies, resume), func(t *testing.T) {
				s := openShop(t, beans(points.NeverExpire()))
				smallLots(s, 450)
				spend := loyalty.Spend{Member: "anna", Key: "big", Unit: "bean", Points: 440}
				down := errors.New("the process died")
				s.commits = 0
				s.fail = func(commit int) error {
					if commit >= dies {
						return down
					}
					return nil
				}
				_, err := s.Do(t.Context(), spend)
				s.fail = nil
				// Five chunks, the decision, five captures.
				decided := dies > 6
				require.Equal(t, decided, err == nil, "%v", err)
				if resume {
					receipt := s.must(spend)
					require.Equal(t, decided, receipt.Replayed)
					decided = true
				}
				s.now = s.now.Add(time.Hour)
				_, err = s.RunDue(t.Context(), nil)
				require.NoError(t, err)
				want := points.Balance{Unit: "bean", Available: 450}
				if decided {
					want.Available = 10
				}
				require.Equal(t, want, s.balance())
				s.verify()
			})
		}
	}
}

func TestManySmallLotsOfOneMonthAreConsolidated(t *testing.T) {
	s := openShop(t, beans(points.ExpireAfter(12, points.Months).At(points.EndOfMonth)))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	for i := range 600 {
		s.must(loyalty.Adjust{Member: "anna", Key: fmt.Sprintf("gift-%d", i), Unit: "bean", Points: 2, Reason: "gift", Actor: "shop"})
	}
	s.must(loyalty.Adjust{Member: "anna", Key: "soon", Unit: "bean", Points: 7, Reason: "gift", Actor: "shop", ExpiresAt: s.now.Add(time.Hour)})
	s.now = s.now.Add(2 * time.Hour)
	s.maxRows = 0
	_, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.LessOrEqual(t, s.maxRows, 100)
	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Less(t, len(m.Lots), 260)
	require.Equal(t, points.Balance{Unit: "bean", Available: 1200}, m.Balance("bean"))
	require.Len(t, m.Expiring, 1)
	s.verify()
}
