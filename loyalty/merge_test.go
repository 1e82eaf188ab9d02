package loyalty_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// twoMembers is a shop in which anna has a second account with a bit of
// everything.
func twoMembers(t *testing.T) *shop {
	program := beans(points.ExpireAfter(12, points.Months))
	program.Debt = loyalty.AllowDebt
	program.OrdersPerMember = true
	program.Units = append(program.Units,
		points.Unit{Code: "star", Pending: points.UntilConfirmed(), Expiry: points.NeverExpire()},
		points.Unit{Code: "visits", Kind: points.Metric})
	program.Earning = []points.Rule{
		{Code: "base", Unit: "bean", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
		{Code: "stars", Unit: "star", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(2), Currency: "EUR"}},
	}
	s := openShop(t, program)
	for _, member := range []string{"anna", "old", "ben"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	s.must(loyalty.Earn{Member: "anna", Key: "1001", Order: latte("1001")})
	s.now = s.now.AddDate(0, 0, 1)
	s.must(loyalty.Earn{Member: "old", Key: "1001", Order: latte("1001")})
	s.must(loyalty.Earn{Member: "old", Key: "1002", Order: latte("1002")})
	s.must(loyalty.Fact{Member: "old", Key: "visit", Activity: "visits", Amount: 3})
	s.must(loyalty.Fact{Member: "anna", Key: "visit", Activity: "visits"})
	s.now = s.now.AddDate(0, 0, 1)
	s.must(loyalty.Fact{Member: "old", Key: "visit 2", Activity: "visits"})
	s.must(loyalty.Hold{Member: "old", Key: "hold", ID: "h1", Unit: "bean", Points: 5, Until: s.now.AddDate(0, 1, 0)})
	s.must(loyalty.Hold{Member: "anna", Key: "hold", ID: "h1", Unit: "bean", Points: 2, Until: s.now.AddDate(0, 1, 0)})
	s.must(loyalty.Adjust{Member: "old", Key: "gift", Unit: "bean", Points: 7, ExpiresAt: s.now.AddDate(0, 0, 40), Reason: "gift", Actor: "ada"})
	s.must(loyalty.Spend{Member: "old", Key: "spend", Unit: "bean", Points: 3})
	return s
}

var join = loyalty.Merge{Member: "anna", Key: "merge", From: "old", Reason: "two cards", Actor: "ada"}

func (s *shop) refused(cmd loyalty.Command, want error) {
	s.t.Helper()
	_, err := s.Do(s.t.Context(), cmd)
	require.ErrorIs(s.t, err, want)
}

func (s *shop) member(id string) loyalty.Member {
	s.t.Helper()
	m, err := s.Member(s.t.Context(), id)
	require.NoError(s.t, err)
	return m
}

func (s *shop) raw(member string) storage.Account {
	s.t.Helper()
	snaps, err := s.store.Load(s.t.Context(), []storage.LoadRequest{{Program: "beans", Member: member}})
	require.NoError(s.t, err)
	return *snaps[0].Account
}

func TestAMergeMovesEverythingWithItsDates(t *testing.T) {
	s := twoMembers(t)
	anna, old := s.member("anna"), s.member("old")
	receipt := s.must(join)

	m := s.member("anna")
	require.Equal(t, receipt.Balances, m.Balances)
	for _, unit := range []string{"bean", "star", "visits"} {
		a, o, sum := anna.Balance(unit), old.Balance(unit), m.Balance(unit)
		require.Equal(t, points.Balance{
			Unit: unit, Pending: a.Pending + o.Pending, Available: a.Available + o.Available, Held: a.Held + o.Held, Counted: a.Counted + o.Counted,
		}, sum)
		for _, b := range s.raw("old").Balances {
			require.True(t, b.Zero(), "%+v", b)
		}
	}
	for _, lot := range old.Lots {
		found := false
		for _, now := range m.Lots {
			same := now.Unit == lot.Unit && now.Remaining == lot.Remaining && now.Held == lot.Held && now.State == lot.State &&
				now.EarnedAt.Equal(lot.EarnedAt) && now.AvailableFrom.Equal(lot.AvailableFrom) && now.ExpiresAt.Equal(lot.ExpiresAt) &&
				now.Source == lot.Source && now.Origin == "old" && now.Qualifies == lot.Qualifies
			found = found || same
		}
		require.True(t, found, "%+v", lot)
	}
	require.Equal(t, "anna", s.member("old").ID, "the old id answers for the survivor")
	s.verify()
}

func TestKeysOfAMergedMemberStayTheirOwn(t *testing.T) {
	s := twoMembers(t)
	before := s.must(loyalty.Spend{Member: "old", Key: "k", Unit: "bean", Points: 1})
	s.must(loyalty.Spend{Member: "anna", Key: "k2", Unit: "bean", Points: 1})
	s.must(join)
	again := s.must(loyalty.Spend{Member: "old", Key: "k", Unit: "bean", Points: 1})
	require.True(t, again.Replayed)
	require.Equal(t, before.Version, again.Version)

	have := s.member("anna").Balance("bean").Available
	first := s.must(loyalty.Spend{Member: "old", Key: "k2", Unit: "bean", Points: 2})
	require.False(t, first.Replayed, "the survivor's key k2 is another")
	require.Equal(t, "anna", first.Member)
	require.Equal(t, "k2", first.Key)
	require.True(t, s.must(loyalty.Spend{Member: "old", Key: "k2", Unit: "bean", Points: 2}).Replayed)
	require.True(t, s.must(loyalty.Spend{Member: "anna", Key: "k2", Unit: "bean", Points: 1}).Replayed)
	s.refused(loyalty.Spend{Member: "old", Key: "k2", Unit: "bean", Points: 1}, loyalty.ErrKeyReused)
	require.Equal(t, have-2, s.member("anna").Balance("bean").Available)
	s.verify()
}

func TestOrdersAndHoldsWorkUnderEitherIDAfterAMerge(t *testing.T) {
	for _, id := range []string{"anna", "old"} {
		t.Run(id, func(t *testing.T) {
			s := twoMembers(t)
			s.must(join)
			s.must(loyalty.Confirm{Member: id, Key: "confirm 1002", Order: "1002"})
			require.EqualValues(t, 6, s.member("anna").Balance("star").Available)
			receipt := s.must(loyalty.Refund{Member: id, Key: "refund 1002", Order: "1002", Full: true})
			require.Empty(t, receipt.Shortfalls)
			require.Zero(t, s.member("anna").Balance("star").Available)
			s.refused(loyalty.Refund{Member: id, Key: "refund 1002 again", Order: "1002", Lines: []points.RefundLine{{Line: "1"}}}, loyalty.ErrOverRefund)

			hold := s.must(loyalty.Capture{Member: id, Key: "capture", Hold: "h1"}).Hold
			want := map[string]points.Amount{"anna": 2, "old": 5}[id]
			require.Equal(t, want, hold.Captured, "of two holds of one id each is found under the id that made it")
			s.verify()
		})
	}
}

func TestMergesFormChains(t *testing.T) {
	s := twoMembers(t)
	s.must(loyalty.Adjust{Member: "ben", Key: "gift", Unit: "bean", Points: 50, Reason: "gift", Actor: "ada"})
	s.must(join)
	s.must(loyalty.Spend{Member: "old", Key: "between", Unit: "bean", Points: 1})
	s.must(loyalty.Merge{Member: "ben", Key: "merge", From: "anna"})
	require.Equal(t, "ben", s.member("old").ID)
	require.True(t, s.must(loyalty.Spend{Member: "old", Key: "between", Unit: "bean", Points: 1}).Replayed)
	require.Equal(t, "ben", s.must(loyalty.Spend{Member: "old", Key: "after", Unit: "bean", Points: 1}).Member)
	require.EqualValues(t, 5, s.must(loyalty.Capture{Member: "old", Key: "capture", Hold: "h1"}).Hold.Captured)
	require.EqualValues(t, 2, s.must(loyalty.Capture{Member: "ben", Key: "capture", Hold: "h1"}).Hold.Captured)
	s.refused(loyalty.Merge{Member: "old", Key: "round", From: "ben"}, loyalty.ErrSameMember)
	s.refused(loyalty.Transfer{Member: "old", Key: "t", To: "anna", Unit: "bean", Points: 1}, loyalty.ErrSameMember)
	s.refused(loyalty.Merge{Member: "anna", Key: "self", From: "anna"}, loyalty.ErrInvalid)
	s.verify()
}

// TestAMergeIsFinishedWhereverItWasStopped stops a merge before each of its
// commits, and lets another command or a sweep finish it.
func TestAMergeIsFinishedWhereverItWasStopped(t *testing.T) {
	whole := twoMembers(t)
	from := whole.commits
	whole.must(join)
	want, commits := whole.member("anna"), whole.commits-from
	require.Greater(t, commits, 3)
	stop := errors.New("the power is out")
	finishers := map[string]func(*shop){
		"the same command": func(s *shop) { require.True(s.t, s.must(join).Replayed) },
		"a sweep": func(s *shop) {
			report, err := s.RunDue(s.t.Context(), nil)
			require.NoError(s.t, err)
			require.Empty(s.t, report.Failed)
		},
		"a command on the old id": func(s *shop) {
			s.must(loyalty.Suspend{Member: "old", Key: "suspend"})
			s.must(loyalty.Resume{Member: "old", Key: "resume"})
		},
	}
	for name, finish := range finishers {
		for n := 1; n < commits; n++ {
			t.Run(fmt.Sprintf("after %d commits by %s", n, name), func(t *testing.T) {
				s := twoMembers(t)
				dead := s.commits + n
				s.fail = func(commit int) error {
					if commit > dead {
						return stop
					}
					return nil
				}
				_, err := s.Do(t.Context(), join)
				require.NoError(t, err, "the merge is decided")
				s.verify()
				require.Equal(t, want.Balances, s.member("anna").Balances, "a read shows the whole of it")
				require.Equal(t, want.Balances, s.member("old").Balances)
				s.fail = nil
				finish(s)
				s.verify()
				m := s.member("anna")
				require.Equal(t, want.Balances, m.Balances)
				require.Len(t, m.Lots, len(want.Lots))
				for _, b := range s.raw("old").Balances {
					require.True(t, b.Zero())
				}
			})
		}
	}
}

func TestAMergeOfManyLotsGoesInBoundedCommits(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	smallLots(s, 300)
	s.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
	s.maxRows = 0
	s.must(loyalty.Merge{Member: "ben", Key: "merge", From: "anna"})
	require.LessOrEqual(t, s.maxRows, 500)
	require.EqualValues(t, 300, s.member("ben").Balance("bean").Available)
	s.verify()
}

func TestDebtMovesAndIsRepaidByTheSurvivor(t *testing.T) {
	s := twoMembers(t)
	s.must(loyalty.Adjust{Member: "old", Key: "take", Unit: "bean", Points: -50, Reason: "mistake", Actor: "ada"})
	s.must(loyalty.Adjust{Member: "anna", Key: "give", Unit: "bean", Points: 100, Reason: "gift", Actor: "ada"})
	owed, have := s.member("old").Balance("bean").Debt, s.member("anna").Balance("bean").Available
	require.Positive(t, owed)
	receipt := s.must(join)
	require.Equal(t, have-owed, s.member("anna").Balance("bean").Available)
	require.Zero(t, s.member("anna").Balance("bean").Debt)
	require.Equal(t, receipt.Balances, s.member("anna").Balances)
	s.verify()
}

func TestOnlyOneOfTwoOppositeMergesHappens(t *testing.T) {
	for range 5 {
		s := twoMembers(t)
		before := s.member("anna").Balance("bean").Available + s.member("old").Balance("bean").Available
		errs := make(chan error, 2)
		for engine, cmd := range map[*loyalty.Engine]loyalty.Command{
			s.Engine: join, s.rival(): loyalty.Merge{Member: "old", Key: "merge", From: "anna"},
		} {
			go func() {
				_, err := engine.Do(t.Context(), cmd)
				errs <- err
			}()
		}
		one, other := <-errs, <-errs
		require.NotEqual(t, one == nil, other == nil, "%v, %v", one, other)
		require.ErrorIs(t, errors.Join(one, other), loyalty.ErrSameMember)
		require.Equal(t, before, s.member("anna").Balance("bean").Available)
		s.verify()
	}
}

func TestAMergedMembersHistoryGoesOnWithTheSurvivor(t *testing.T) {
	s := twoMembers(t)
	s.must(join)
	s.must(loyalty.Spend{Member: "anna", Key: "later", Unit: "bean", Points: 1})
	var types []string
	for op, err := range s.History(t.Context(), "old") {
		require.NoError(t, err)
		types = append(types, op.Type)
	}
	require.Equal(t, "enroll", types[0])
	require.Equal(t, "spend", types[len(types)-1])
}

// A stream keeps its order where it names an account by ids that were merged into it,
// one after the other: only the load after the last step shows whose account it is.
func TestAStreamKeepsItsOrderAcrossMergedIDs(t *testing.T) {
	s := twoMembers(t)
	s.must(join)
	s.must(loyalty.Merge{Member: "ben", Key: "merge", From: "anna", Reason: "one household", Actor: "ada"})
	s.must(loyalty.Fact{Member: "ben", Key: "before", Activity: "visits"})
	visit := func(member, key string) loyalty.Command {
		return loyalty.Fact{Member: member, Key: key, Activity: "visits"}
	}
	cmds := []loyalty.Command{
		visit("ben", "1"), visit("old", "2"), visit("ben", "3"), visit("anna", "4"), visit("ben", "5"), visit("old", "6"), visit("ben", "7"),
	}
	counted := s.member("ben").Balances
	for i, want := 0, counted[len(counted)-1].Counted; i < 2; i++ {
		n := 0
		for receipt, err := range s.DoAll(t.Context(), slices.Values(cmds), nil) {
			require.NoError(t, err)
			n++
			visits := receipt.Balances[len(receipt.Balances)-1]
			require.Equal(t, "visits", visits.Unit)
			require.Equal(t, want+points.Amount(n), visits.Counted, "command %d", n)
		}
		require.Equal(t, len(cmds), n)
	}
}

// TestLotsAreNumberedByTheAccountThatTheyAreIn merges two members who each have a lot of one
// number: a command that names the one who went cannot mean the survivor's.
func TestLotsAreNumberedByTheAccountThatTheyAreIn(t *testing.T) {
	s := openShop(t, beans(points.ExpireAfter(12, points.Months)))
	for _, member := range []string{"anna", "old"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		s.must(loyalty.Adjust{Member: member, Key: "gift", Unit: "bean", Points: 5, Reason: "gift", Actor: "ada"})
	}
	lot := s.member("old").Lots[0]
	require.Equal(t, lot.ID, s.member("anna").Lots[0].ID)
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "old"})
	before := s.member("anna").Lots

	s.refused(loyalty.Extend{
		Member: "old", Key: "extend", Unit: "bean", Lots: []points.LotID{lot.ID}, ExpiresAt: points.Never, Reason: "promised", Actor: "ada",
	}, loyalty.ErrInvalid)
	s.refused(loyalty.Confirm{Member: "old", Key: "confirm", Lots: []points.LotID{lot.ID}}, loyalty.ErrInvalid)
	require.Equal(t, before, s.member("anna").Lots)

	s.must(loyalty.Extend{
		Member: "anna", Key: "extend", Unit: "bean", Lots: []points.LotID{before[1].ID}, ExpiresAt: points.Never, Reason: "promised", Actor: "ada",
	})
	s.verify()
}
