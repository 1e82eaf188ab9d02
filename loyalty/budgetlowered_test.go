package loyalty_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// loweredBudget is a shop with a budget of 10,240 on ten shards, of which 52 members have taken
// 5200 together. A revision has since lowered it to what is taken and a rest, on five shards:
// the other five have taken more than their part, which is nothing.
func loweredBudget(t *testing.T, rest int64) (s *shop, total int64) {
	t.Helper()
	revision := func(total int64, at time.Time) loyalty.Program {
		program := beans(points.NeverExpire())
		program.EffectiveAt = at
		program.Earning = []points.Rule{{Code: "gift", Bonus: 100, Budgets: []points.Cap{{Points: points.Amount(total), Per: points.Lifetime}}}}
		return program
	}
	april := time.Date(2027, time.April, 1, 9, 0, 0, 0, time.UTC)
	total = 5200 + rest
	high, low := revision(10_240, time.Time{}), revision(total, april)
	s = openShop(t, high)
	s.revise(high, low)
	var used int64
	for i := range 52 {
		member := fmt.Sprint("early-", i)
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		used += int64(s.must(earnGift(member)).Awards[0].Points)
	}
	require.EqualValues(t, 5200, used)
	s.now = april.AddDate(0, 0, 1)
	return s, total
}

func earnGift(member string) loyalty.Earn {
	return loyalty.Earn{Member: member, Key: "earn", Order: coffees(member, 1)}
}

// givenOf is how much of the budget its counters say is given, and how much members have.
func (s *shop) givenOf() (used, have int64) {
	s.t.Helper()
	request := storage.LoadRequest{Program: "beans", Member: "nobody"}
	for shard := range 10 {
		request.Counters = append(request.Counters, storage.CounterKey{Key: storage.ReservedPrefix + "budget/gift/points/lifetime", Shard: shard})
	}
	snaps, err := s.store.Store.Load(s.t.Context(), []storage.LoadRequest{request})
	require.NoError(s.t, err)
	for _, counter := range snaps[0].Counters {
		used += counter.Used
	}
	for account, err := range storage.AllAccounts(s.t.Context(), s.store.Store, storage.AccountQuery{Program: "beans"}) {
		require.NoError(s.t, err)
		for _, b := range account.Balances {
			have += int64(b.Available)
		}
	}
	return used, have
}

// TestNoTwoEnginesCountOnTheSameRestOfABudgetThatWasLowered lets eight engines decide on what
// is left by one and the same state of the shards, each for a member of its own, before any of
// them has stored what it decided.
func TestNoTwoEnginesCountOnTheSameRestOfABudgetThatWasLowered(t *testing.T) {
	for _, rest := range []int64{0, 1, 100, 150, 250, 799} {
		t.Run(fmt.Sprint(rest, " left"), func(t *testing.T) {
			s, total := loweredBudget(t, rest)
			const engines = 8
			for i := range engines {
				s.must(loyalty.Enroll{Member: fmt.Sprint("late-", i), Key: "enroll"})
			}
			var answers [engines]loyalty.Receipt
			decided, next := 0, s.store.OnCommit
			var earn func()
			s.store.OnCommit = func(ctx context.Context, batches []storage.Batch, commit storagetest.CommitFunc) ([]storage.Outcome, error) {
				if decided < engines {
					earn()
				}
				return next(ctx, batches, commit)
			}
			earn = func() {
				i := decided
				decided++
				receipt, err := s.WithStore(s.store).Do(t.Context(), earnGift(fmt.Sprint("late-", i)))
				require.NoError(t, err)
				answers[i] = receipt
			}
			earn()
			var given int64
			for i := range answers {
				for _, award := range answers[i].Awards {
					given += int64(award.Points)
				}
			}
			used, have := s.givenOf()
			require.Equal(t, total, used, "all that is left is given, and no more")
			require.Equal(t, total, have)
			require.Equal(t, rest, given)
			s.verify()
		})
	}
}

// TestABudgetThatWasLoweredIsGivenOutByRoundsAtOnce lets two engines give out what is left,
// each to many members in rounds of several.
func TestABudgetThatWasLoweredIsGivenOutByRoundsAtOnce(t *testing.T) {
	for _, rest := range []int64{100, 150, 1234} {
		t.Run(fmt.Sprint(rest, " left"), func(t *testing.T) {
			s, total := loweredBudget(t, rest)
			var cmds [2][]loyalty.Command
			for i := range 40 {
				member := fmt.Sprint("late-", i)
				s.must(loyalty.Enroll{Member: member, Key: "enroll"})
				cmds[i%2] = append(cmds[i%2], earnGift(member))
			}
			var wait sync.WaitGroup
			var failed [2]error
			for i, engine := range []*loyalty.Engine{s.Engine, s.rival()} {
				wait.Go(func() {
					for _, err := range engine.DoAll(t.Context(), slices.Values(cmds[i]), &loyalty.AllOptions{Group: 5}) {
						failed[i] = errors.Join(failed[i], err)
					}
				})
			}
			wait.Wait()
			require.NoError(t, errors.Join(failed[:]...))
			used, have := s.givenOf()
			require.Equal(t, total, used)
			require.Equal(t, total, have)
			s.verify()
		})
	}
}
