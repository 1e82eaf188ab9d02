package loyalty_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
)

// shallow is a store of which one commit takes 300 rows: some 65 lots that points come
// back to.
type shallow struct{ storage.Store }

func (shallow) Limits() storage.Limits { return storage.Limits{Rows: 300} }

// openNarrow is openShop on such a store.
func openNarrow(t *testing.T, program loyalty.Program) *shop {
	t.Helper()
	s := openShop(t, program)
	s.Engine = s.WithStore(shallow{s.store})
	return s
}

// paidInSmallChange is a shop of whose member 190 points, of which no two expire together,
// have paid for a table.
func paidInSmallChange(t *testing.T) *shop {
	t.Helper()
	s := openNarrow(t, beans(points.NeverExpire()))
	smallLots(s, 200)
	s.must(loyalty.Spend{Member: "anna", Key: "pay", Unit: "bean", Points: 190, Order: "table"})
	s.maxRows, s.commits = 0, 0
	return s
}

func wholeTable() loyalty.Refund {
	return loyalty.Refund{Member: "anna", Key: "back", Order: "table", Full: true}
}

func TestARefundGivesPointsBackToMoreLotsThanOneCommitTakes(t *testing.T) {
	s := paidInSmallChange(t)
	quote, err := s.Quote(t.Context(), wholeTable())
	require.NoError(t, err)
	receipt := s.must(wholeTable())
	require.Equal(t, []loyalty.PointsBack{{Unit: "bean", Points: 190}}, receipt.PointsBack)
	require.Equal(t, quote.Moves, receipt.Moves)
	require.Equal(t, quote.Balances, receipt.Balances)
	require.Equal(t, points.Balance{Unit: "bean", Available: 200}, receipt.Balances[0])
	require.Equal(t, receipt.Balances[0], s.balance())
	require.Equal(t, 3, s.commits, "the decision, and three batches of 65 lots at most, of which one commit takes two")
	require.LessOrEqual(t, s.maxRows, 300)
	require.True(t, s.must(wholeTable()).Replayed)
	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Len(t, m.Lots, 200)
	for i, lot := range m.Lots {
		require.Equal(t, s.now.AddDate(1, 0, i), lot.ExpiresAt, "each point is back in its lot")
		require.EqualValues(t, 1, lot.Remaining)
	}
	_, err = s.Do(t.Context(), loyalty.Refund{Member: "anna", Key: "again", Order: "table", PointsBack: []loyalty.PointsBack{{Unit: "bean", Points: 1}}})
	require.ErrorIs(t, err, loyalty.ErrOverRefund)
	s.verify()
}

func TestARefundThatDiesAfterItsDecisionIsCarriedOutByWhoeverComesNext(t *testing.T) {
	next := map[string]func(s *shop){
		"the same refund again": func(s *shop) { require.True(t, s.must(wholeTable()).Replayed) },
		"a spend of the points": func(s *shop) {
			s.must(loyalty.Spend{Member: "anna", Key: "rival", Unit: "bean", Points: 200})
			s.must(loyalty.Refund{Member: "anna", Key: "not that", Order: "table", Full: true})
			s.must(loyalty.Adjust{Member: "anna", Key: "new", Unit: "bean", Points: 200, Reason: "gift", Actor: "shop"})
		},
		"a run of what is due": func(s *shop) {
			report, err := s.RunDue(t.Context(), nil)
			require.NoError(t, err)
			require.Empty(t, report.Failed)
		},
		"a merge": func(s *shop) {
			s.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
			s.must(loyalty.Merge{Member: "ben", From: "anna", Key: "merge", Reason: "one person", Actor: "support"})
		},
	}
	for name, comes := range next {
		for dies := 1; dies <= 4; dies++ {
			t.Run(fmt.Sprintf("%s, dead at commit %d", name, dies), func(t *testing.T) {
				s := paidInSmallChange(t)
				down := errors.New("the process died")
				s.fail = func(commit int) error {
					if commit >= dies {
						return down
					}
					return nil
				}
				_, err := s.Do(t.Context(), wholeTable())
				require.Equal(t, dies > 1, err == nil, "%v", err)
				s.fail = nil
				if dies == 1 {
					require.EqualValues(t, 10, s.balance().Available)
					s.must(wholeTable())
				}
				require.EqualValues(t, 200, s.balance().Available, "whoever reads sees the decision")
				s.verify()
				comes(s)
				require.EqualValues(t, 200, s.balance().Available)
				s.verify()
				s.now = s.now.Add(time.Hour)
				_, err = s.RunDue(t.Context(), nil)
				require.NoError(t, err)
				require.EqualValues(t, 200, s.balance().Available)
				s.verify()
			})
		}
	}
}

func TestARefundTakesEarnedPointsBackFromMoreLotsThanOneCommitTakes(t *testing.T) {
	for _, debt := range []loyalty.DebtPolicy{loyalty.RefuseDebt, loyalty.AllowDebt} {
		t.Run(fmt.Sprint(debt), func(t *testing.T) {
			program := beans(points.ExpireAfter(10, points.Days))
			program.Debt = debt
			program.Earning = []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
			s := openNarrow(t, program)
			smallLots(s, 200)
			s.must(loyalty.Earn{Member: "anna", Key: "buy", Order: points.Order{
				ID: "sofa", Currency: "EUR", Lines: []points.Line{{ID: "sofa", Amount: decimal.NewFromInt(250)}},
			}})
			s.must(loyalty.Spend{Member: "anna", Key: "pay", Unit: "bean", Points: 290, Order: "chairs"})
			require.EqualValues(t, 160, s.balance().Available, "of the gifts; the points of the sofa are gone")
			s.maxRows = 0
			refund := loyalty.Refund{Member: "anna", Key: "return", Order: "sofa", Full: true}
			quote, err := s.Quote(t.Context(), refund)
			require.NoError(t, err)
			receipt := s.must(refund)
			require.LessOrEqual(t, s.maxRows, 300)
			require.Equal(t, quote.Balances, receipt.Balances)
			require.Equal(t, quote.Moves, receipt.Moves)
			require.Equal(t, quote.Shortfalls, receipt.Shortfalls)
			require.Equal(t, receipt.Balances[0], s.balance())
			s.verify()
			back := s.must(loyalty.Refund{Member: "anna", Key: "chairs", Order: "chairs", Full: true})
			require.EqualValues(t, 290, back.PointsBack[0].Points)
			if debt == loyalty.AllowDebt {
				require.Equal(t, points.Balance{Unit: "bean", Debt: 90}, receipt.Balances[0])
				require.Equal(t, points.Balance{Unit: "bean", Available: 200}, s.balance())
			} else {
				require.EqualValues(t, 90, receipt.Shortfalls[0].Amount)
				require.Equal(t, points.Balance{Unit: "bean", Available: 290}, s.balance())
			}
			s.verify()
		})
	}
}

func TestARedemptionThatTookVeryManyLotsIsCancelled(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Catalog = rewards.Catalog{{Code: "mug", Type: rewards.TypeCustom, Stock: 1, Prices: []rewards.Price{{Unit: "bean", Points: 130}}}}
	s := openNarrow(t, program)
	smallLots(s, 130)
	s.must(loyalty.Redeem{Member: "anna", Key: "mug", Redemption: "mug", Reward: "mug"})
	require.Zero(t, s.balance().Available)
	s.must(loyalty.CancelRedemption{Member: "anna", Key: "no", Redemption: "mug"})
	require.EqualValues(t, 130, s.balance().Available)
	s.verify()
}

func TestARewardIsPaidFromMoreLotsThanOneCommitTakes(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Catalog = rewards.Catalog{{Code: "mug", Type: rewards.TypeCustom, Stock: 1, Prices: []rewards.Price{{Unit: "bean", Points: 190}}}}
	mug := loyalty.Redeem{Member: "anna", Key: "mug", Redemption: "mug", Reward: "mug"}
	for dies := range 6 {
		t.Run(fmt.Sprintf("dead at commit %d", dies), func(t *testing.T) {
			s := openNarrow(t, program)
			smallLots(s, 200)
			before, err := s.Member(t.Context(), "anna")
			require.NoError(t, err)
			quote, err := s.Quote(t.Context(), mug)
			require.NoError(t, err)
			down := errors.New("the process died")
			s.maxRows, s.commits = 0, 0
			s.fail = func(commit int) error {
				if dies > 0 && commit >= dies {
					return down
				}
				return nil
			}
			receipt, err := s.Do(t.Context(), mug)
			require.Equal(t, dies == 1, err != nil, "%v", err)
			require.LessOrEqual(t, s.maxRows, 300)
			if s.fail = nil; err == nil {
				require.Equal(t, quote.Moves, receipt.Moves)
				require.Equal(t, quote.Balances, receipt.Balances)
			}
			s.must(mug)
			require.EqualValues(t, 10, s.balance().Available, "whoever reads sees the decision")
			s.refuses(loyalty.Spend{Member: "anna", Key: "twice", Unit: "bean", Points: 11}, loyalty.ErrInsufficientPoints)
			s.verify()
			s.must(loyalty.CancelRedemption{Member: "anna", Key: "no", Redemption: "mug"})
			after, err := s.Member(t.Context(), "anna")
			require.NoError(t, err)
			require.Equal(t, before.Expiring, after.Expiring, "each point is back in its lot")
			s.verify()
		})
	}
}

func TestAHoldOfVeryManyLotsLapsesBesideManyThatExpire(t *testing.T) {
	s := openNarrow(t, beans(points.NeverExpire()))
	smallLots(s, 130)
	until := s.now.AddDate(0, 6, 0)
	s.must(loyalty.Hold{Member: "anna", Key: "hold", ID: "trip", Unit: "bean", Points: 130, Until: until})
	for i := range 39 {
		s.must(loyalty.Adjust{
			Member: "anna", Key: fmt.Sprint("short", i), Unit: "bean", Points: 1, Reason: "gift", Actor: "shop",
			ExpiresAt: s.now.AddDate(0, 1, i),
		})
	}
	s.now = until.Add(time.Hour)
	report, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Failed)
	require.EqualValues(t, 130, s.balance().Available)
	s.verify()
}
