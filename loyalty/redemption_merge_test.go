package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

// Points of two redemptions that come back after their time each live by a grace of their
// own, whether or not a merge came between: it is when they come back that counts.
func TestPointsOfARedemptionHaveTheirOwnGraceAcrossAMerge(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	tests := []struct {
		name    string
		between []loyalty.Command
		who     string
	}{
		{"without a merge", nil, "anna"},
		{"with a merge", []loyalty.Command{loyalty.Merge{Member: "ben", Key: "merge", From: "anna"}}, "ben"},
		{"with a merge that is undone", []loyalty.Command{
			loyalty.Merge{Member: "ben", Key: "merge", From: "anna", UndoUntil: time.Date(2028, time.June, 1, 0, 0, 0, 0, time.UTC)},
			loyalty.UnMerge{Member: "ben", Key: "undo", From: "anna"},
		}, "ben"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := openMenu(t, func(p *loyalty.Program) { p.Units[0].Grace = points.Span{N: 10, Unit: points.Days} })
			s.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
			s.must(redeem("first", "coffee"))
			s.must(redeem("second", "coffee"))
			cancel := func(id string) loyalty.Receipt {
				return s.must(loyalty.CancelRedemption{Member: test.who, Key: "cancel " + id, Redemption: id})
			}
			expired := time.Date(2028, time.March, 2, 12, 0, 0, 0, time.UTC)
			s.now = expired
			s.must(loyalty.CancelRedemption{Member: "anna", Key: "early", Redemption: "first"})
			s.now = expired.AddDate(0, 0, 5)
			for _, cmd := range test.between {
				s.must(cmd)
			}
			s.now = expired.AddDate(0, 0, 6)
			dates := cancel("second").Dates
			require.Len(t, dates, 1)
			require.EqualValues(t, 50, dates[0].Points)
			require.Equal(t, points.Expiry{After: points.Span{N: 10, Unit: points.Days}}.From(s.now, vienna), dates[0].After.UTC())
			s.verify()
		})
	}
}

// A redemption that stays with the survivor of a merge that is undone has the id that it
// has there, since both had one of that name: each is found under its own id, and no other.
func TestRedemptionsOfOneNameStayApartWhenAMergeIsUndone(t *testing.T) {
	s := openMenu(t)
	s.must(loyalty.Enroll{Member: "twin", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "twin", Key: "gift", Unit: "bean", Points: 100, Reason: "gift", Actor: "shop"})
	s.must(redeem("r", "coffee"))
	theirs := redeem("r", "five-off")
	theirs.Member = "twin"
	code := s.must(theirs).Redemption.Code
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin", UndoUntil: s.now.AddDate(0, 0, 7)})
	s.must(loyalty.UnMerge{Member: "anna", Key: "undo", From: "twin"})

	have := map[string]rewards.State{}
	for r, err := range s.Redemptions(t.Context(), "anna") {
		require.NoError(t, err)
		have[r.ID+" "+r.Reward] = r.State
		one, err := s.Redemption(t.Context(), "anna", r.ID)
		require.NoError(t, err)
		require.Equal(t, r.Reward, one.Reward, "what is listed is found by its id")
	}
	require.Len(t, have, 2)
	_, err := s.Redemption(t.Context(), "twin", "r")
	require.ErrorIs(t, err, loyalty.ErrUnknownRedemption)

	for r, err := range s.Redemptions(t.Context(), "anna") {
		require.NoError(t, err)
		if r.Reward == "five-off" {
			s.must(loyalty.CancelRedemption{Member: "anna", Key: "cancel", Redemption: r.ID})
		}
	}
	_, err = s.UseVoucher(t.Context(), loyalty.UseVoucher{Key: "use", Code: code})
	require.ErrorIs(t, err, rewards.ErrTransition, "it is cancelled")
	require.Equal(t, rewards.Issued, s.stands("r"), "anna's own is as it was")
	s.verify()
}
