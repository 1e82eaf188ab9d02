package loyalty_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// A hold that stays with the survivor of a merge that is undone can be named there, though
// both had one of its name, and a later merge brings another one of that name.
func TestHoldsOfOneNameStayApartWhenAMergeIsUndoneAndMadeAgain(t *testing.T) {
	s := openTwoTills(t)
	hold := func(member, key string, amount points.Amount) {
		s.must(loyalty.Hold{Member: member, Key: key, ID: "table", Unit: "bean", Points: amount, Until: points.Never})
	}
	hold("anna", "hold", 100)
	hold("ben", "hold", 7)
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "ben"})
	s.must(loyalty.UnMerge{Member: "anna", Key: "part", From: "ben"})
	hold("ben", "again", 5)
	s.must(loyalty.Merge{Member: "anna", Key: "merge again", From: "ben"})
	require.EqualValues(t, 112, s.balance().Held)

	require.EqualValues(t, 5, s.must(loyalty.Void{Member: "ben", Key: "void", Hold: "table"}).Hold.Points)
	require.EqualValues(t, 7, s.must(loyalty.Capture{Member: "anna", Key: "capture 2", Hold: "table/2"}).Hold.Captured)
	require.EqualValues(t, 100, s.must(loyalty.Capture{Member: "anna", Key: "capture", Hold: "table"}).Hold.Captured)
	require.Zero(t, s.balance().Held)
	s.verify()
}

func TestAHoldThatIsOverLeavesItsPlaceToAnotherOnceAMergeIsUndone(t *testing.T) {
	s := openTwoTills(t)
	s.must(loyalty.Enroll{Member: "cleo", Key: "enroll"})
	hold := func(member, key string, amount points.Amount) {
		s.must(loyalty.Hold{Member: member, Key: key, ID: "table", Unit: "bean", Points: amount, Until: points.Never})
	}
	s.must(loyalty.Transfer{Member: "anna", Key: "to cleo", To: "cleo", Unit: "bean", Points: 50})
	hold("anna", "hold", 100)
	hold("ben", "hold", 7)
	s.must(loyalty.Void{Member: "ben", Key: "void", Hold: "table"})
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "ben"})
	s.must(loyalty.UnMerge{Member: "anna", Key: "part", From: "ben"})
	hold("ben", "again", 5)
	hold("cleo", "hold", 20)
	s.must(loyalty.Merge{Member: "cleo", Key: "merge", From: "ben"})
	s.must(loyalty.Merge{Member: "anna", Key: "merge 2", From: "cleo"})
	require.EqualValues(t, 5, s.must(loyalty.Capture{Member: "ben", Key: "capture", Hold: "table"}).Hold.Captured)
	require.EqualValues(t, 20, s.must(loyalty.Capture{Member: "cleo", Key: "capture", Hold: "table"}).Hold.Captured)
	require.EqualValues(t, 100, s.must(loyalty.Capture{Member: "anna", Key: "capture", Hold: "table"}).Hold.Captured)
	s.refused(loyalty.Capture{Member: "anna", Key: "late", Hold: "table/2"}, loyalty.ErrHoldClosed)
	require.Zero(t, s.balance().Held)
	s.verify()
}

func TestAnIdThatCameByTheOneWhoGoesDoesNotNameTheSurvivor(t *testing.T) {
	s := openTwoTills(t)
	s.must(loyalty.Enroll{Member: "cleo", Key: "enroll"})
	s.must(loyalty.Merge{Member: "ben", Key: "merge", From: "anna"})
	s.must(loyalty.Merge{Member: "cleo", Key: "merge", From: "ben"})
	s.refused(loyalty.UnMerge{Member: "anna", Key: "part", From: "ben"}, loyalty.ErrSameMember)
	require.Equal(t, "cleo", s.member("anna").ID)
	s.must(loyalty.UnMerge{Member: "cleo", Key: "part", From: "ben"})
	require.Equal(t, "ben", s.member("anna").ID)
	s.verify()
}
