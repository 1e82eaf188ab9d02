package loyalty_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

var part = loyalty.UnMerge{Member: "anna", Key: "unmerge", From: "old", Reason: "two people after all", Actor: "ada"}

func unmerged(t *testing.T, receipt loyalty.Receipt) loyalty.UnMerged {
	var result loyalty.UnMerged
	require.NoError(t, json.Unmarshal(receipt.Result, &result))
	return result
}

func TestAnUndoneMergeReturnsWhatIsUnspent(t *testing.T) {
	s := twoMembers(t)
	anna, old := s.member("anna"), s.member("old")
	s.must(join)
	s.must(loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 4})
	result := unmerged(t, s.must(part))

	back, stays := s.member("old"), s.member("anna")
	require.Equal(t, "old", back.ID)
	require.Equal(t, old.Balance("visits").Counted, back.Balance("visits").Counted)
	require.Equal(t, anna.Balance("visits").Counted, stays.Balance("visits").Counted)
	require.Equal(t, old.Balance("star").Pending, back.Balance("star").Pending)
	require.Equal(t, anna.Balance("star").Pending, stays.Balance("star").Pending)
	require.Equal(t, old.Balance("bean").Available-4, back.Balance("bean").Available, "the gift of old's expires first and was spent")
	require.Equal(t, anna.Balance("bean").Available, stays.Balance("bean").Available)
	require.EqualValues(t, 7, stays.Balance("bean").Held, "holds stay")
	var returned, spent points.Amount
	for _, line := range result.Returned {
		if line.Unit == "bean" {
			returned += line.Points
		}
	}
	for _, line := range result.Spent {
		spent += line.Points
	}
	require.Equal(t, back.Balance("bean").Available, returned)
	require.EqualValues(t, 9, spent, "4 spent and 5 on hold")

	s.must(loyalty.Refund{Member: "old", Key: "refund", Order: "1001", Full: true})
	s.must(loyalty.Refund{Member: "anna", Key: "refund", Order: "1001", Full: true})
	s.refused(loyalty.Refund{Member: "anna", Key: "refund 2", Order: "1002", Full: true}, loyalty.ErrUnknownOrder)
	s.must(loyalty.Spend{Member: "old", Key: "again", Unit: "bean", Points: 1})
	require.Equal(t, unmerged(t, s.must(part)), result, "the second receipt says the same")
	s.verify()
}

func TestAnUndoneMergeAnswersTheSameWhateverBecomesOfBoth(t *testing.T) {
	s := twoMembers(t)
	s.must(loyalty.Enroll{Member: "third", Key: "enroll"})
	s.must(join)
	s.must(loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 4})
	first := s.must(part)
	again := func() {
		t.Helper()
		second := s.must(part)
		require.True(t, second.Replayed)
		second.Replayed = false
		require.Equal(t, first, second)
	}
	again()
	s.must(loyalty.Merge{Member: "anna", Key: "once more", From: "old"})
	again()
	s.must(loyalty.UnMerge{Member: "anna", Key: "part once more", From: "old"})
	again()
	s.must(loyalty.Merge{Member: "third", Key: "third", From: "anna"})
	again()
	s.must(loyalty.Merge{Member: "third", Key: "and old", From: "old"})
	again()
	s.verify()
}

func TestALotOfWhichSomeIsOnHoldComesBackAsOne(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	for _, member := range []string{"anna", "old"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	s.must(loyalty.Adjust{Member: "old", Key: "gift", Unit: "bean", Points: 10, Reason: "gift", Actor: "ada"})
	s.must(loyalty.Hold{Member: "old", Key: "hold", ID: "h", Unit: "bean", Points: 3, Until: s.now.AddDate(0, 0, 7)})
	s.must(join)
	result := unmerged(t, s.must(part))
	require.EqualValues(t, 7, result.Returned[0].Points)
	require.EqualValues(t, 3, result.Spent[0].Points)
	old := s.member("old")
	require.Len(t, old.Lots, 1)
	require.EqualValues(t, 7, old.Lots[0].Remaining)
	require.EqualValues(t, 3, s.member("anna").Balance("bean").Held)
	s.verify()
}

func TestAnUndoingIsRefusedLateOrWithoutAMerge(t *testing.T) {
	s := twoMembers(t)
	s.refused(part, loyalty.ErrNotMerged)
	s.must(join)
	s.refused(loyalty.UnMerge{Member: "ben", Key: "k", From: "old"}, loyalty.ErrNotMerged)
	s.now = s.now.AddDate(0, 0, 31)
	s.refused(part, loyalty.ErrTooLate)
	s.verify()
}

func TestAKeyThatWasUsedThroughAMergeIsNotUsedAgainAfterItsUndoing(t *testing.T) {
	s := twoMembers(t)
	s.must(join)
	spend := loyalty.Spend{Member: "old", Key: "k", Unit: "bean", Points: 2}
	s.must(spend)
	s.must(part)
	have := s.member("old").Balance("bean").Available
	require.True(t, s.must(spend).Replayed)
	spend.Points = 3
	s.refused(spend, loyalty.ErrKeyReused)
	require.Equal(t, have, s.member("old").Balance("bean").Available)
	again := join
	again.Key = "merge again"
	s.must(again)
	require.True(t, s.must(loyalty.Spend{Member: "old", Key: "k", Unit: "bean", Points: 2}).Replayed)
	s.verify()
	other := part
	other.Key = "unmerge again"
	s.must(other)
	require.Equal(t, have, s.member("old").Balance("bean").Available)
	s.verify()
}

func TestAnUndoneMergeOfAChainTakesItsMembersAlong(t *testing.T) {
	s := twoMembers(t)
	s.must(join)
	s.must(loyalty.Merge{Member: "ben", Key: "merge", From: "anna"})
	s.refused(part, loyalty.ErrNotMerged)
	s.must(loyalty.UnMerge{Member: "ben", Key: "unmerge", From: "anna"})
	require.Equal(t, "anna", s.member("old").ID)
	s.must(loyalty.Spend{Member: "old", Key: "k", Unit: "bean", Points: 1})
	other := part
	other.Key = "unmerge 2"
	s.must(other)
	require.Equal(t, "old", s.member("old").ID)
	s.must(loyalty.Refund{Member: "old", Key: "refund", Order: "1002", Full: true})
	s.verify()
}

func TestAnUndoingIsFinishedWhereverItWasStopped(t *testing.T) {
	whole := twoMembers(t)
	whole.must(join)
	from := whole.commits
	result := unmerged(t, whole.must(part))
	anna, old, commits := whole.member("anna"), whole.member("old"), whole.commits-from
	require.Greater(t, commits, 3)
	for n := 1; n < commits; n++ {
		for _, finish := range []string{"anna", "old", "sweep"} {
			t.Run(fmt.Sprintf("after %d commits by %s", n, finish), func(t *testing.T) {
				s := twoMembers(t)
				s.must(join)
				dead := s.commits + n
				s.fail = func(commit int) error {
					if commit > dead {
						return errors.New("the power is out")
					}
					return nil
				}
				s.must(part)
				s.verify()
				s.fail = nil
				if finish == "sweep" {
					_, err := s.RunDue(t.Context(), nil)
					require.NoError(t, err)
				} else {
					s.must(loyalty.Suspend{Member: finish, Key: "suspend"})
				}
				s.verify()
				require.Equal(t, anna.Balances, s.member("anna").Balances)
				require.Equal(t, old.Balances, s.member("old").Balances)
				require.Equal(t, result, unmerged(t, s.must(part)))
			})
		}
	}
}
