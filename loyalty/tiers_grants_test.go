package loyalty_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// grants counts what is kept of the grants that a member had on the first ladder.
func (s *shop) grants(member string) int {
	s.t.Helper()
	var kept struct {
		Ladders []struct {
			Grants []json.RawMessage `json:"g"`
		} `json:"l"`
	}
	require.NoError(s.t, json.Unmarshal([]byte(s.standingRow(member)), &kept))
	return len(kept.Ladders[0].Grants)
}

func TestWhatMergesBringOfGrantsIsBounded(t *testing.T) {
	s := openShop(t, regulars())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	for i := range 60 {
		twin, tier := fmt.Sprint("twin ", i), "silver"
		if i == 30 {
			tier = "gold"
		}
		s.must(loyalty.Enroll{Member: twin, Key: "enroll"})
		s.must(loyalty.MatchTier{Member: twin, Key: "match", Ladder: "status", Tier: tier, Days: 30 + i})
		s.must(loyalty.Merge{Member: "anna", Key: "merge " + twin, From: twin})
		s.now = s.now.Add(time.Minute)
	}
	require.Equal(t, 50, s.grants("anna"))
	require.Equal(t, "gold", s.tier("anna"), "what gives most stays")
	s.now = s.now.AddDate(0, 0, 60)
	require.Equal(t, "silver", s.tier("anna"))
	s.now = s.now.AddDate(0, 0, 28)
	require.Equal(t, "silver", s.tier("anna"), "to the end of the last match")
	s.now = s.now.AddDate(0, 0, 2)
	require.Empty(t, s.tier("anna"))
	_, err := s.Do(t.Context(), loyalty.MatchTier{Member: "anna", Key: "match", Ladder: "status", Tier: "gold", Days: 30})
	require.ErrorIs(t, err, loyalty.ErrMatched)
	s.verify()
}

func TestMatchesOfLongAgoMakeRoomAndAreNotForgotten(t *testing.T) {
	s := openShop(t, regulars())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	match := loyalty.MatchTier{Member: "anna", Ladder: "status", Tier: "gold", Days: 7, Again: true}
	for i := range 70 {
		s.now = s.now.AddDate(0, 0, 20)
		match.Key = fmt.Sprint("match ", i)
		s.must(match)
	}
	require.LessOrEqual(t, s.grants("anna"), 50)
	match.Key, match.Again = "once more", false
	_, err := s.Do(t.Context(), match)
	require.ErrorIs(t, err, loyalty.ErrMatched)
	s.verify()
}

func TestAMatchThatAMergeBroughtIsForgottenOnlyWithTheMerge(t *testing.T) {
	s := openShop(t, regulars())
	for _, member := range []string{"anna", "twin"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	s.must(loyalty.MatchTier{Member: "twin", Key: "match", Ladder: "status", Tier: "gold", Days: 7})
	s.now = s.now.AddDate(1, 0, 0)
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin"})
	require.Zero(t, s.grants("anna"), "it ended long ago")
	match := loyalty.MatchTier{Member: "anna", Key: "match", Ladder: "status", Tier: "gold", Days: 7}
	_, err := s.Do(t.Context(), match)
	require.ErrorIs(t, err, loyalty.ErrMatched)
	s.must(loyalty.UnMerge{Member: "anna", Key: "undo", From: "twin"})
	s.must(match)
	match.Member, match.Key = "twin", "again"
	_, err = s.Do(t.Context(), match)
	require.ErrorIs(t, err, loyalty.ErrMatched)
	s.verify()
}

// TestWhatAMergeBringsIsKnownOnlySinceTheMerge looks at the survivor's past: neither a match
// of who went nor a tier that the merge kept was theirs before.
func TestWhatAMergeBringsIsKnownOnlySinceTheMerge(t *testing.T) {
	for _, c := range []struct {
		name string
		has  func(s *shop)
	}{
		{"a match", func(s *shop) {
			s.must(loyalty.MatchTier{Member: "twin", Key: "match", Ladder: "status", Tier: "gold", Days: 90})
		}},
		{"a match of somebody before", func(s *shop) {
			s.must(loyalty.Enroll{Member: "triplet", Key: "enroll"})
			s.must(loyalty.MatchTier{Member: "triplet", Key: "match", Ladder: "status", Tier: "gold", Days: 90})
			s.must(loyalty.Merge{Member: "twin", Key: "merge", From: "triplet"})
		}},
		{"a tier that was earned", func(s *shop) {
			s.must(loyalty.Earn{Member: "twin", Key: "1", Order: bought("1", 500)})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openShop(t, regulars())
			for _, member := range []string{"anna", "twin"} {
				s.must(loyalty.Enroll{Member: member, Key: "enroll"})
			}
			c.has(s)
			start := s.now
			s.now = start.AddDate(0, 0, 10)
			s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin"})
			merged := s.now
			s.now = start.AddDate(0, 0, 20)
			for at, want := range map[time.Time]string{
				start.AddDate(0, 0, 5): "", merged.Add(-time.Microsecond): "", merged: "gold", start.AddDate(0, 0, 15): "gold",
			} {
				m, err := s.MemberAt(t.Context(), "anna", at)
				require.NoError(t, err)
				require.Equal(t, want, m.Tier("status").Tier, "on %s", at)
			}
			s.verify()
		})
	}
}

func TestALadderThatAsksItsWindowEveryDayTakesNoChallenge(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) {
		p.Ladders[0].Window, p.Ladders[0].End = tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 12}}, tiers.WhileHeld
	}))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	match := loyalty.MatchTier{Member: "anna", Key: "match", Ladder: "status", Tier: "gold", Days: 30, Challenge: of("spend", 5)}
	_, err := s.Do(t.Context(), match)
	require.ErrorIs(t, err, loyalty.ErrInvalid)
	require.ErrorContains(t, err, "leave it out")
	match.Challenge = tiers.Condition{}
	s.must(match)
	require.Equal(t, "gold", s.tier("anna"))
}
