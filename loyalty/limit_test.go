package loyalty_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func limited(limits ...loyalty.Limit) loyalty.Program {
	program := earning()
	program.Limits = limits
	return program
}

func adjustBy(actor, member, key string, n points.Amount) loyalty.Adjust {
	return loyalty.Adjust{Member: member, Key: key, Unit: "bean", Points: n, Reason: "goodwill", Actor: actor}
}

func TestAnActorsAdjustmentsAreBoundedPerDay(t *testing.T) {
	s := openShop(t, limited(loyalty.Limit{Code: "clerks", Commands: []string{"adjust"}, By: loyalty.ByActor, Per: loyalty.Day, Times: 3, Unit: "bean", Points: 100}))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
	s.must(adjustBy("ada", "anna", "1", 50))
	require.True(t, s.must(adjustBy("ada", "anna", "1", 50)).Replayed, "a replay uses nothing")
	s.must(adjustBy("ada", "ben", "2", 40))
	_, err := s.Do(t.Context(), adjustBy("ada", "anna", "3", 11))
	var limit *loyalty.LimitError
	require.ErrorAs(t, err, &limit)
	require.Equal(t, loyalty.LimitError{Key: "clerks", Used: 90, Bound: 100}, *limit)
	_, err = s.Quote(t.Context(), adjustBy("ada", "anna", "3", 11))
	require.ErrorIs(t, err, loyalty.ErrLimit, "a quote says the same")
	s.must(adjustBy("ada", "anna", "4", -10))
	_, err = s.Do(t.Context(), adjustBy("ada", "anna", "5", 1))
	require.ErrorIs(t, err, loyalty.ErrLimit, "points that are taken count too, and so do times")
	s.must(adjustBy("bea", "anna", "6", 60))
	s.now = time.Date(2027, time.March, 1, 23, 0, 0, 0, time.UTC) // midnight in Vienna
	s.must(adjustBy("ada", "anna", "7", 100))
	s.verify()
}

func TestPointsThatAreBroughtAlongCountForTheLimitOfWhoBringsThem(t *testing.T) {
	s := openShop(t, limited(loyalty.Limit{Code: "clerks", Commands: []string{"adjust", "import"}, By: loyalty.ByActor, Per: loyalty.Day, Unit: "bean", Points: 100}))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	old := loyalty.Import{Member: "anna", Key: "old", Unit: "bean", Points: 80, EarnedAt: s.now.AddDate(0, -1, 0), Actor: "ada"}
	s.must(old)
	s.must(adjustBy("ada", "anna", "1", 20))
	old.Key = "older"
	_, err := s.Do(t.Context(), old)
	require.ErrorIs(t, err, loyalty.ErrLimit)
}

func TestAnActorsLimitIsExactUnderConcurrency(t *testing.T) {
	s := openShop(t, limited(loyalty.Limit{Code: "clerks", Commands: []string{"adjust"}, By: loyalty.ByActor, Per: loyalty.Day, Unit: "bean", Points: 70}))
	for i := range 8 {
		s.must(loyalty.Enroll{Member: fmt.Sprint("m", i), Key: "enroll"})
	}
	rival := s.rival()
	var done atomic.Int64
	var callers sync.WaitGroup
	for i := range 32 {
		callers.Go(func() {
			engine := s.Engine
			if i%2 == 1 {
				engine = rival
			}
			for k := range 4 {
				_, err := engine.Do(t.Context(), adjustBy("ada", fmt.Sprint("m", i%8), fmt.Sprintf("%d-%d", i, k), 3))
				switch {
				case err == nil:
					done.Add(1)
				case !errors.Is(err, loyalty.ErrLimit) && !errors.Is(err, loyalty.ErrContention):
					t.Error(err)
				}
			}
		})
	}
	callers.Wait()
	require.EqualValues(t, 23, done.Load(), "69 of 70 points")
	s.verify()
}

func TestAMembersEarningIsBoundedPerHour(t *testing.T) {
	s := openShop(t, limited(
		loyalty.Limit{Code: "orders", Commands: []string{"earn"}, By: loyalty.ByMember, Per: loyalty.Hour, Times: 2},
		loyalty.Limit{Code: "beans", Commands: []string{"earn"}, By: loyalty.ByMember, Per: loyalty.Day, Unit: "bean", Points: 100},
	))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.now = time.Date(2027, time.October, 31, 0, 30, 0, 0, time.UTC) // half past two, for the first time
	loads, commits := s.count()
	s.must(sale("1", 10))
	require.Equal(t, []int{1, 1}, []int{*loads, *commits})
	s.must(sale("2", 10))
	_, err := s.Do(t.Context(), sale("3", 10))
	require.ErrorIs(t, err, loyalty.ErrLimit)
	s.now = s.now.Add(time.Hour) // half past two, for the second time
	s.must(sale("4", 80))
	_, err = s.Do(t.Context(), sale("5", 1))
	require.ErrorIs(t, err, loyalty.ErrLimit, "the day has 25 hours and one limit")
	s.now = s.now.Add(22 * time.Hour)
	s.must(sale("6", 1))
	require.Equal(t, points.Amount(101), s.balance().Available+s.balance().Pending)
	s.verify()
}

func TestALargeAwardWaitsForAReview(t *testing.T) {
	program := earning()
	program.Review = []loyalty.Review{{Unit: "bean", Above: 500}}
	program.Earning = append(program.Earning, points.Rule{Code: "jackpot", Activity: "jackpot", Bonus: 900})
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(sale("small", 500))
	s.must(sale("large", 501))
	lot := s.must(loyalty.Fact{Member: "anna", Key: "won", Activity: "jackpot"}).Awards[0].Lot
	s.now = s.now.AddDate(0, 0, 40)
	require.Equal(t, []points.Amount{500, 1401}, []points.Amount{s.balance().Available, s.balance().Pending})
	s.must(loyalty.Confirm{Member: "anna", Key: "ok", Order: "large", Actor: "ada"})
	s.must(loyalty.Confirm{Member: "anna", Key: "ok too", Lots: []points.LotID{lot}, Actor: "ada"})
	require.Equal(t, points.Amount(1901), s.balance().Available)
	_, err := s.Do(t.Context(), loyalty.Confirm{Member: "anna", Key: "twice", Lots: []points.LotID{lot}})
	require.ErrorIs(t, err, loyalty.ErrNothingPending)
	require.Equal(t, map[string]points.Amount{"2028-03-01": 500, "2028-04-10": 1401}, datesOf(t, s), "validity counts from the confirmation")
	s.verify()
}

func TestAnOrderThatHasEarnedIsRefusedAsThatAndNotForALimit(t *testing.T) {
	s := openShop(t, limited(loyalty.Limit{Code: "often", Commands: []string{"earn"}, By: loyalty.ByMember, Per: loyalty.Day, Times: 1}))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "till", Order: latte("1001")})
	s.refused(loyalty.Earn{Member: "anna", Key: "again", Order: latte("1001")}, loyalty.ErrOrderEarned)
	s.refused(loyalty.Earn{Member: "anna", Key: "other", Order: latte("1002")}, loyalty.ErrLimit)
}

func TestEachLimitByActorCountsForItself(t *testing.T) {
	s := openShop(t, limited(
		loyalty.Limit{Code: "gifts", Commands: []string{"adjust"}, By: loyalty.ByActor, Per: loyalty.Day, Times: 2},
		loyalty.Limit{Code: "moves", Commands: []string{"import"}, By: loyalty.ByActor, Per: loyalty.Day, Times: 2},
	))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(adjustBy("ada", "anna", "1", 5))
	s.must(adjustBy("ada", "anna", "2", 5))
	s.refused(adjustBy("ada", "anna", "3", 5), loyalty.ErrLimit)
	bring := loyalty.Import{Member: "anna", Key: "old", Unit: "bean", Points: 8, EarnedAt: s.now.AddDate(0, -1, 0), Actor: "ada"}
	s.must(bring)
	bring.Key = "older"
	s.must(bring)
	bring.Key = "oldest"
	s.refused(bring, loyalty.ErrLimit)
}

// TestASpendOverVeryManyLotsCountsForALimitOnce gathers its lots in several commits.
func TestASpendOverVeryManyLotsCountsForALimitOnce(t *testing.T) {
	s := openShop(t, limited(loyalty.Limit{Code: "day", Commands: []string{"spend"}, By: loyalty.ByMember, Per: loyalty.Day, Times: 3, Unit: "bean", Points: 400}))
	smallLots(s, 450)
	spend := func(key string, n points.Amount) loyalty.Spend {
		return loyalty.Spend{Member: "anna", Key: key, Unit: "bean", Points: n}
	}
	s.refused(spend("too much", 401), loyalty.ErrLimit)
	require.Equal(t, points.Balance{Unit: "bean", Available: 450}, s.balance(), "nothing stays gathered")
	s.must(spend("many", 390))
	require.True(t, s.must(spend("many", 390)).Replayed)
	s.refused(spend("eleven", 11), loyalty.ErrLimit)
	s.must(spend("ten", 10))
	s.refused(spend("one", 1), loyalty.ErrLimit)
	s.now = s.now.AddDate(0, 0, 1)
	s.must(spend("one", 1))
	s.verify()
}

// TestALimitCountsByRecordedTimeAndOnTheSideOfWhoGives moves points of yesterday today.
func TestALimitCountsByRecordedTimeAndOnTheSideOfWhoGives(t *testing.T) {
	s := openShop(t, limited(loyalty.Limit{Code: "gives", Commands: []string{"transfer"}, By: loyalty.ByMember, Per: loyalty.Day, Unit: "bean", Points: 50}))
	s.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(adjustBy("ada", "anna", "gift", 200))
	s.now = s.now.AddDate(0, 0, 1)
	give := loyalty.Transfer{Member: "anna", Key: "1", To: "ben", Unit: "bean", Points: 50}
	s.must(give)
	give.Key, give.Points, give.OccurredAt = "2", 1, s.now.AddDate(0, 0, -1)
	s.refused(give, loyalty.ErrLimit)
	s.must(loyalty.Transfer{Member: "ben", Key: "back", To: "anna", Unit: "bean", Points: 50})
}

func TestAReviewIsOfItsUnit(t *testing.T) {
	program := earning()
	program.Units = append(program.Units, points.Unit{Code: "leaf", Expiry: points.NeverExpire()})
	program.Review = []loyalty.Review{{Unit: "bean", Above: 500}}
	program.Earning = append(program.Earning, points.Rule{Code: "leaves", Unit: "leaf", Activity: "jackpot", Bonus: 900})
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Fact{Member: "anna", Key: "won", Activity: "jackpot"})
	require.Equal(t, points.Amount(900), s.member("anna").Balance("leaf").Available)
}
