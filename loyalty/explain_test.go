package loyalty_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func (s *shop) explain(member string, question loyalty.Question) loyalty.Explanation {
	s.t.Helper()
	x, err := s.Explain(s.t.Context(), member, question)
	require.NoError(s.t, err)
	return x
}

func TestABalanceIsExplainedBackToItsOrderThroughConfirmationTransferAndMerge(t *testing.T) {
	s := twoMembers(t)
	s.must(loyalty.Confirm{Member: "old", Key: "confirm", Order: "1002"})
	s.must(loyalty.Transfer{Member: "old", Key: "transfer", To: "ben", Unit: "star", Points: 4})
	s.must(join)
	s.must(loyalty.Merge{Member: "anna", Key: "merge ben", From: "ben"})

	x := s.explain("old", loyalty.Question{Unit: "star"})
	require.Equal(t, "anna", x.Member)
	byOrder := map[string]points.Amount{}
	for _, lot := range x.Lots {
		require.NotEmpty(t, lot.Credits, "lot %d", lot.ID)
		for _, credit := range lot.Credits {
			require.Equal(t, points.Issued, credit.Entry.From)
			require.Equal(t, "stars", credit.Entry.Rule)
			require.EqualValues(t, 1, credit.Entry.Revision)
			require.Equal(t, "1 star per EUR 2 on EUR 12.40", credit.Why)
			byOrder[credit.Operation.Member+" "+credit.Entry.Reference] += lot.Remaining
		}
	}
	require.Equal(t, map[string]points.Amount{"anna 1001": 6, "old 1001": 6, "old 1002": 6}, byOrder)
	require.Contains(t, x.String(), "6 from earn 1002 of old on 2 Mar 2027: rule stars of revision 1, 1 star per EUR 2 on EUR 12.40, then confirm")
	require.Contains(t, x.String(), `transfer-in`)
}

func TestAMetricAndADebtAreExplained(t *testing.T) {
	s := twoMembers(t)
	x := s.explain("old", loyalty.Question{Unit: "visits"})
	require.Equal(t, []loyalty.RuleSum{{Points: 4}}, x.Counted)
	s.must(loyalty.Adjust{Member: "ben", Key: "take", Unit: "bean", Points: -5, Reason: "mistake", Actor: "ada", Reference: "case-7"})
	x = s.explain("ben", loyalty.Question{Unit: "bean"})
	require.Equal(t, "ben has 0 bean available, 5 owed\nowed since 5 from adjust case-7 of ben on 3 Mar 2027 (mistake), by ada", x.String())
}

func TestAnEntryIsExplained(t *testing.T) {
	s := twoMembers(t)
	receipt := s.must(loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 3, Reference: "cup"})
	x := s.explain("anna", loyalty.Question{Entry: points.EntryRef{Version: receipt.Version}})
	require.Equal(t, "spend", x.Operation.Type)
	require.Equal(t, "1001", x.Lots[0].Credits[0].Entry.Reference)
	require.Contains(t, x.String(), "spend 3 bean: available to redeemed, by spend cup of anna on 3 Mar 2027")
	for name, question := range map[string]loyalty.Question{
		"a version that is not there": {Entry: points.EntryRef{Version: 900}},
		"an ordinal too many":         {Entry: points.EntryRef{Version: receipt.Version, Ordinal: 1}},
	} {
		_, err := s.Explain(t.Context(), "anna", question)
		require.ErrorIs(t, err, loyalty.ErrNoEntry, name)
	}
	_, err := s.Explain(t.Context(), "anna", loyalty.Question{Unit: "mile"})
	require.ErrorIs(t, err, loyalty.ErrUnknownUnit)
	_, err = s.Explain(t.Context(), "zoe", loyalty.Question{Unit: "bean"})
	require.ErrorIs(t, err, loyalty.ErrNotEnrolled)
}

func TestConsolidatedPointsAreExplainedByEachOfTheirCredits(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	for i := range 300 {
		key := fmt.Sprint("gift ", i)
		s.must(loyalty.Adjust{Member: "anna", Key: key, Unit: "bean", Points: 1, Reason: key, Actor: "shop"})
	}
	s.must(loyalty.Adjust{
		Member: "anna", Key: "short", Unit: "bean", Points: 1, ExpiresAt: s.now.AddDate(0, 0, 1), Reason: "gift", Actor: "shop",
	})
	s.now = s.now.AddDate(0, 0, 2)
	_, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	s.must(loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 215})
	x := s.explain("anna", loyalty.Question{Unit: "bean"})
	require.Empty(t, x.Next)
	most := 0
	for _, lot := range x.Lots {
		most = max(most, len(lot.Credits))
		require.EqualValues(t, len(lot.Credits), lot.Original, "each credit was of one bean")
	}
	require.Greater(t, most, 10)
}

// explainAll asks until everything is told, and returns the parts.
func (s *shop) explainAll(member string, question loyalty.Question) []loyalty.Explanation {
	s.t.Helper()
	var parts []loyalty.Explanation
	for {
		x := s.explain(member, question)
		parts = append(parts, x)
		if question.After = x.Next; x.Next == "" {
			return parts
		}
		require.Contains(s.t, x.String(), "and more")
	}
}

func TestManyLotsAreExplainedInPartsThatMissAndRepeatNone(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	for i := range 230 {
		key := fmt.Sprint("gift ", i)
		s.must(loyalty.Adjust{
			Member: "anna", Key: key, Unit: "bean", Points: 1, ExpiresAt: s.now.AddDate(0, 0, 1+i%7), Reason: key, Actor: "shop",
		})
	}
	parts := s.explainAll("anna", loyalty.Question{Unit: "bean"})
	require.Len(t, parts, 3)
	told := map[string]int{}
	for _, x := range parts {
		require.LessOrEqual(t, len(x.Lots), 100)
		for _, lot := range x.Lots {
			require.Len(t, lot.Credits, 1)
			told[lot.Credits[0].Operation.Reason]++
		}
	}
	require.Len(t, told, 230)
	for reason, times := range told {
		require.Equal(t, 1, times, reason)
	}
	_, err := s.Explain(t.Context(), "anna", loyalty.Question{Unit: "bean", After: "1.2.3"})
	require.ErrorIs(t, err, loyalty.ErrInvalid)
}

func TestALotOfManyCreditsIsExplainedToTheLast(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	const gifts = 2100
	for i := range gifts {
		key := fmt.Sprint("gift ", i)
		s.must(loyalty.Adjust{Member: "anna", Key: key, Unit: "bean", Points: 1, Reason: key, Actor: "shop"})
		if i%300 == 299 {
			s.must(loyalty.Adjust{
				Member: "anna", Key: "short " + key, Unit: "bean", Points: 1, ExpiresAt: s.now.AddDate(0, 0, 1), Reason: "short", Actor: "shop",
			})
			s.now = s.now.AddDate(0, 0, 2)
			_, err := s.RunDue(t.Context(), nil)
			require.NoError(t, err)
		}
	}
	parts := s.explainAll("anna", loyalty.Question{Unit: "bean"})
	require.Greater(t, len(parts), 2)
	told := map[string]int{}
	for _, x := range parts {
		for _, lot := range x.Lots {
			for _, credit := range lot.Credits {
				told[credit.Operation.Reason]++
			}
		}
	}
	require.Len(t, told, gifts)
	for reason, times := range told {
		require.Equal(t, 1, times, reason)
	}
}

func TestADebtIsExplainedByTheLastEntriesThatMakeItUp(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Debt = loyalty.AllowDebt
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	take := func(n int) {
		key := fmt.Sprint("take ", n)
		s.must(loyalty.Adjust{Member: "anna", Key: key, Unit: "bean", Points: -1, Reason: key, Actor: "shop"})
	}
	for n := range 130 {
		take(n)
	}
	s.must(loyalty.Adjust{Member: "anna", Key: "give", Unit: "bean", Points: 10, Reason: "gift", Actor: "shop"})
	x := s.explain("anna", loyalty.Question{Unit: "bean"})
	require.Len(t, x.Owed, 120, "what was repaid is not owed")
	require.Equal(t, []string{"take 10", "take 129"}, []string{x.Owed[0].Operation.Reason, x.Owed[119].Operation.Reason})
	require.Empty(t, x.Next)
}

// TestPointsThatComeBackAfterAMergeAreExplained spends points before a merge that come back
// after it, by a refund, by a redemption that is cancelled, and once the merge is undone.
func TestPointsThatComeBackAfterAMergeAreExplained(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Earning, program.Catalog = []points.Rule{euroRate()}, menu()
	s := openShop(t, program)
	for _, member := range []string{"anna", "old", "zoe"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	s.must(loyalty.Earn{Member: "old", Key: "1", Order: bought("1001", 100)})
	s.must(loyalty.Earn{Member: "old", Key: "2", Order: bought("1002", 60), Pay: &loyalty.PayPoints{Reward: "cash", Points: 100}})
	s.must(loyalty.Earn{Member: "zoe", Key: "1", Order: bought("2001", 50)})
	s.must(loyalty.Redeem{Member: "zoe", Key: "coffee", Redemption: "coffee", Reward: "coffee"})
	s.must(loyalty.Spend{Member: "old", Key: "rest", Unit: "bean", Points: s.beansOf("old")})
	s.must(loyalty.Merge{Member: "old", Key: "zoe", From: "zoe"})
	s.must(loyalty.Merge{Member: "anna", Key: "old", From: "old"})
	s.must(loyalty.CancelRedemption{Member: "anna", Key: "cancel", Redemption: "coffee"})
	x := s.explain("anna", loyalty.Question{Unit: "bean"})
	require.Contains(t, x.String(), `: 50 left, open
  50 from earn 2001 of zoe on 1 Mar 2027: rule base of revision 1, 1 bean per EUR 1 on EUR 50.00, then merge of "zoe"`)

	s.must(loyalty.UnMerge{Member: "anna", Key: "undo", From: "old"})
	s.must(loyalty.Refund{Member: "old", Key: "back", Order: "1002", Full: true})
	x = s.explain("old", loyalty.Question{Unit: "bean"})
	require.Contains(t, x.String(), ": 100 left, open\n  100 from earn 1001 of old on 1 Mar 2027: rule base of revision 1, 1 bean per EUR 1 on EUR 100.00")
	s.must(loyalty.Spend{Member: "old", Key: "again", Unit: "bean", Points: 100})
	s.verify()
}

// TestPointsThatComeBackAreExplainedByAsManyAsTheyAre has twenty lots of equal terms, any of
// which may be the one that came back.
func TestPointsThatComeBackAreExplainedByAsManyAsTheyAre(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Catalog = menu()
	s := openShop(t, program)
	for _, member := range []string{"anna", "old"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	for i := range 20 {
		s.must(loyalty.Import{
			Member: "old", Key: fmt.Sprint("import ", i), Unit: "bean", Points: 50, EarnedAt: s.now, Reference: "before", Reason: "moved", Actor: "ada",
		})
	}
	s.must(loyalty.Redeem{Member: "old", Key: "coffee", Redemption: "coffee", Reward: "coffee"})
	s.must(loyalty.Spend{Member: "old", Key: "rest", Unit: "bean", Points: s.beansOf("old")})
	s.must(loyalty.Merge{Member: "anna", Key: "old", From: "old"})
	s.must(loyalty.CancelRedemption{Member: "anna", Key: "cancel", Redemption: "coffee"})
	x := s.explain("anna", loyalty.Question{Unit: "bean"})
	require.Len(t, x.Lots, 1)
	require.EqualValues(t, 50, x.Lots[0].Remaining)
	require.Len(t, x.Lots[0].Credits, 1)

	spent := s.must(loyalty.Spend{Member: "anna", Key: "again", Unit: "bean", Points: 50})
	x = s.explain("anna", loyalty.Question{Entry: points.EntryRef{Version: spent.Version}})
	require.Len(t, x.Lots[0].Credits, 1, "where nothing is left")
}

func TestReinstatedPointsAreExplainedByTheirOrder(t *testing.T) {
	program := beans(points.ExpireAfter(10, points.Days))
	program.Units[0].Reinstate = points.Span{N: 1, Unit: points.Months}
	program.Earning = []points.Rule{euroRate()}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1001", 30)})
	s.now = s.now.AddDate(0, 0, 20)
	s.runDue()
	gone, err := s.Expired(t.Context(), "anna")
	require.NoError(t, err)
	s.must(loyalty.Reinstate{Member: "anna", Key: "back", Entries: []points.EntryRef{gone[0].Entry}, Reason: "sorry", Actor: "ada"})
	x := s.explain("anna", loyalty.Question{Unit: "bean"})
	require.Contains(t, x.String(), "30 from earn 1001 of anna on 1 Mar 2027: rule base of revision 1, 1 bean per EUR 1 on EUR 30.00, then reinstate")
}

// TestNothingIsToldOfWhoIsBeingErasedWhereTheirPointsWent stops an erasure after its marker.
func TestNothingIsToldOfWhoIsBeingErasedWhereTheirPointsWent(t *testing.T) {
	s := twoMembers(t)
	s.must(loyalty.Transfer{Member: "old", Key: "give", To: "ben", Unit: "bean", Points: 9})
	s.must(join)
	require.Contains(t, s.explain("ben", loyalty.Question{Unit: "bean"}).String(), "earn 1001 of old")
	from := s.commits
	s.fail = func(commit int) error {
		if commit > from+1 {
			return errors.New("the power is out")
		}
		return nil
	}
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	x := s.explain("ben", loyalty.Question{Unit: "bean"})
	require.Contains(t, x.String(), "earn of old")
	require.NotContains(t, x.String(), "1001")
	require.Empty(t, x.Lots[0].Credits[0].Operation.Key)
}
