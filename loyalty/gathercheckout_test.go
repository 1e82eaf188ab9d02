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
)

// openCrowdedTill opens a till as openTill does, of whose member the 2,000 points lie in
// lots of 3 points, no two of which expire together.
func openCrowdedTill(t *testing.T, lots int, change ...func(*loyalty.Program)) *shop {
	t.Helper()
	program := beans(points.NeverExpire())
	program.Earning = []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
	program.Catalog = rewards.Catalog{{Code: "cash", Type: rewards.TypeCashBack, Exchange: &rewards.Exchange{
		Unit: "bean", Points: 100, Money: eur("1"), Currency: "EUR", Minimum: 100, Step: 10,
	}, Limits: []rewards.Limit{{Times: 2, Per: points.PerDay}}}}
	for _, f := range change {
		f(&program)
	}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	for i := range lots {
		s.must(loyalty.Adjust{
			Member: "anna", Key: fmt.Sprintf("gift-%d", i), Unit: "bean", Points: 3, Reason: "gift", Actor: "shop",
			ExpiresAt: s.now.AddDate(1, 0, i),
		})
	}
	s.maxRows, s.commits = 0, 0
	return s
}

func TestACheckoutOverVeryManyLotsIsGatheredInBoundedCommits(t *testing.T) {
	for name, pay := range map[string]loyalty.PayPoints{
		"of as many points as the member says": {Reward: "cash", Points: 900, Worth: eur("9")},
		"of as many points as the member has":  {Reward: "cash"},
	} {
		t.Run(name, func(t *testing.T) {
			s := openCrowdedTill(t, 301)
			cmd := tillOrder(pay)
			quote, err := s.Quote(t.Context(), cmd)
			require.NoError(t, err)
			receipt := s.must(cmd)
			require.LessOrEqual(t, s.maxRows, 2*100+20)
			require.Equal(t, quote.Payment, receipt.Payment)
			require.Equal(t, quote.Awards[0].Points, receipt.Awards[0].Points)
			require.Equal(t, "900 9, rest 21", fmt.Sprintf("%d %s, rest %s", receipt.Payment.Points, receipt.Payment.Money, receipt.Payment.Rest))
			require.EqualValues(t, 3+14, receipt.Balances[0].Available)
			require.Zero(t, receipt.Balances[0].Held)
			require.Equal(t, receipt.Balances[0], s.balance())
			require.True(t, s.must(cmd).Replayed)
			require.EqualValues(t, 17, s.balance().Available)
			s.verify()

			cup := s.must(loyalty.Refund{Member: "anna", Key: "cup", Order: "1001", Lines: []points.RefundLine{{Line: "cup"}}})
			require.EqualValues(t, 180, cup.PointsBack[0].Points)
			rest := s.must(loyalty.Refund{Member: "anna", Key: "rest", Order: "1001", Full: true})
			require.EqualValues(t, 720, rest.PointsBack[0].Points)
			require.Equal(t, points.Balance{Unit: "bean", Available: 903}, s.balance(), "as if nothing had been")
			s.verify()
		})
	}
}

func TestACheckoutThatDiesWhileItGathersGivesThePointsBackOrGoesOn(t *testing.T) {
	for dies := 1; dies <= 9; dies++ {
		for _, resume := range []bool{true, false} {
			for _, said := range []points.Amount{900, 0} {
				t.Run(fmt.Sprintf("at commit %d, resumed %v, %d said", dies, resume, said), func(t *testing.T) {
					s := openCrowdedTill(t, 301)
					cmd := tillOrder(loyalty.PayPoints{Reward: "cash", Points: said})
					down := errors.New("the process died")
					s.fail = func(commit int) error {
						if commit >= dies {
							return down
						}
						return nil
					}
					_, err := s.Do(t.Context(), cmd)
					s.fail = nil
					// Three chunks of 100 lots, the decision, three captures.
					decided := dies > 4
					require.Equal(t, decided, err == nil, "%v", err)
					if resume {
						receipt := s.must(cmd)
						require.Equal(t, decided, receipt.Replayed)
						require.EqualValues(t, 900, receipt.Payment.Points)
						decided = true
					}
					s.now = s.now.Add(time.Hour)
					_, err = s.RunDue(t.Context(), nil)
					require.NoError(t, err)
					want := points.Balance{Unit: "bean", Available: 903}
					if decided {
						want.Available = 3 + 14
					}
					require.Equal(t, want, s.balance())
					s.verify()
				})
			}
		}
	}
}

func TestARefusedCheckoutGivesWhatItGatheredBackAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		between loyalty.Command
		want    error
	}{
		"the points are spent meanwhile": {loyalty.Spend{Member: "anna", Key: "rival", Unit: "bean", Points: 303}, loyalty.ErrInsufficientPoints},
		"the order earns meanwhile":      {loyalty.Earn{Member: "anna", Key: "rival", Order: tillOrder(loyalty.PayPoints{}).Order}, loyalty.ErrOrderEarned},
		"the account is suspended":       {loyalty.Suspend{Member: "anna", Key: "rival", Reason: "fraud", Actor: "support"}, loyalty.ErrSuspended},
	} {
		t.Run(name, func(t *testing.T) {
			s := openCrowdedTill(t, 301)
			s.fail = func(commit int) error {
				if commit != 3 {
					return nil
				}
				s.fail = nil
				_, err := s.rival().Do(t.Context(), test.between)
				return err
			}
			_, err := s.Do(t.Context(), tillOrder(loyalty.PayPoints{Reward: "cash", Points: 900}))
			require.ErrorIs(t, err, test.want)
			require.Zero(t, s.balance().Held)
			s.verify()
		})
	}
}

func TestACheckoutIsGatheredAnewWhereItsTermsHaveChanged(t *testing.T) {
	s := openCrowdedTill(t, 301)
	cmd := tillOrder(loyalty.PayPoints{Reward: "cash", Points: 600})
	down := errors.New("the process died")
	s.fail = func(commit int) error {
		if commit >= 2 {
			return down
		}
		return nil
	}
	_, err := s.Do(t.Context(), cmd)
	require.Error(t, err)
	s.fail = nil
	cmd.Pay.Points = 900
	receipt := s.must(cmd)
	require.EqualValues(t, 900, receipt.Payment.Points)
	require.Equal(t, points.Balance{Unit: "bean", Available: 17}, s.balance())
	s.verify()
}
