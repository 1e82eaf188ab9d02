package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// days is what the days of a member's metric add up to.
func (s *shop) days(member string) []storage.DayCount {
	s.t.Helper()
	snaps, err := s.store.Load(s.t.Context(), []storage.LoadRequest{{Program: "beans", Member: member}})
	require.NoError(s.t, err)
	return snaps[0].Account.Days
}

func TestAMergeBringsWhatCountsAndTheHigherTier(t *testing.T) {
	s := openShop(t, regulars())
	for _, member := range []string{"anna", "twin"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 60)})
	s.must(loyalty.Earn{Member: "twin", Key: "2", Order: bought("2", 300)})
	s.now = s.now.AddDate(0, 0, 5)
	s.must(loyalty.Earn{Member: "twin", Key: "3", Order: bought("3", 150)})
	s.now = s.now.AddDate(0, 0, 5)
	s.must(loyalty.Refund{Member: "twin", Key: "4", Order: "2", Full: true})
	require.Equal(t, "silver", s.tier("twin"))
	before, alone := s.days("anna"), s.days("twin")
	require.Equal(t, points.Amount(150), alone[0].Amount, "the refund took from the day of the order")

	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin"})
	require.Equal(t, "silver", s.tier("anna"), "60 and 150")
	require.Equal(t, []storage.DayCount{before[0], alone[0]}, s.days("anna"))
	s.must(loyalty.Earn{Member: "anna", Key: "5", Order: bought("5", 290)})
	require.Equal(t, "gold", s.tier("anna"))
	s.verify()

	s.must(loyalty.UnMerge{Member: "anna", Key: "undo", From: "twin"})
	require.Equal(t, "silver", s.tier("anna"))
	require.Equal(t, "silver", s.tier("twin"))
	require.Equal(t, alone, s.days("twin"))
	s.must(loyalty.Earn{Member: "twin", Key: "6", Order: bought("6", 350)})
	require.Equal(t, "gold", s.tier("twin"))
	s.verify()
}

func TestAMergeKeepsATierThatWasGranted(t *testing.T) {
	s := openShop(t, regulars())
	for _, member := range []string{"anna", "twin"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	s.must(loyalty.MatchTier{Member: "twin", Key: "match", Ladder: "status", Tier: "gold", Days: 30})
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin"})
	require.Equal(t, "gold", s.tier("anna"))
	_, err := s.Do(t.Context(), loyalty.MatchTier{Member: "anna", Key: "match", Ladder: "status", Tier: "gold", Days: 30})
	require.ErrorIs(t, err, loyalty.ErrMatched, "who was matched as another is not matched again")
	s.must(loyalty.UnMerge{Member: "anna", Key: "undo", From: "twin"})
	require.Empty(t, s.tier("anna"))
	require.Equal(t, "gold", s.tier("twin"))
	s.now = s.now.AddDate(0, 0, 31)
	require.Empty(t, s.tier("twin"))
	s.verify()
}

func TestAChallengeOfWhoIsTakenOutOfAMergeIsMetByNobodyElse(t *testing.T) {
	s := openShop(t, regulars())
	for _, member := range []string{"anna", "twin"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	s.must(loyalty.MatchTier{Member: "twin", Key: "match", Ladder: "status", Tier: "gold", Days: 30, Challenge: of("spend", 200)})
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin", UndoUntil: s.now.AddDate(1, 0, 0)})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 350)})
	s.now = s.now.AddDate(0, 0, 31)
	_, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	s.now = s.now.AddDate(0, 0, 40)
	s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 1)})
	require.Equal(t, "gold", s.tier("anna"), "the challenge was met, and the tier outlives the trial")
	s.must(loyalty.UnMerge{Member: "anna", Key: "undo", From: "twin"})
	require.Equal(t, "silver", s.tier("anna"), "351 euros and no challenge")
	require.Empty(t, s.tier("twin"))
	s.verify()
}

func TestAMergeKeepsATierThatWasEarnedBeneathAGrant(t *testing.T) {
	s := openShop(t, regulars())
	s.now = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, member := range []string{"anna", "twin"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	s.must(loyalty.Earn{Member: "twin", Key: "1", Order: bought("1", 100)})
	s.now = time.Date(2028, 2, 1, 12, 0, 0, 0, time.UTC)
	s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 10)})
	s.must(loyalty.MatchTier{Member: "twin", Key: "match", Ladder: "status", Tier: "gold", Days: 30})
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin"})
	require.Equal(t, "gold", s.tier("anna"))
	s.now = time.Date(2028, 4, 1, 12, 0, 0, 0, time.UTC)
	require.Equal(t, "silver", s.tier("anna"), "earned in 2027 to the end of 2028")
	s.now = time.Date(2029, 1, 1, 12, 0, 0, 0, time.UTC)
	require.Empty(t, s.tier("anna"))
	s.verify()
}

// TestManyMergesLeaveRoomForWhatIsGranted lets anna, who is gold, take in sixty others, one of
// whom leaves again.
func TestManyMergesLeaveRoomForWhatIsGranted(t *testing.T) {
	s := openShop(t, regulars())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.OverrideTier{Member: "anna", Key: "long", Ladder: "status", Tier: "silver", Until: s.now.AddDate(5, 0, 0), Reason: "friend", Actor: "ada"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)})
	undo := s.now.AddDate(1, 0, 0)
	for i := range 60 {
		s.now = s.now.Add(time.Hour)
		twin := fmt.Sprint("twin", i)
		s.must(loyalty.Enroll{Member: twin, Key: "enroll"})
		s.must(loyalty.Earn{Member: twin, Key: "1", Order: bought(twin, 120)})
		s.must(loyalty.Merge{Member: "anna", Key: "merge" + twin, From: twin, UndoUntil: undo})
	}
	require.Equal(t, points.Amount(500+60*120+50), s.member("anna").Balance("bean").Available, "gold gives its points once")
	for _, twin := range []string{"twin0", "twin33"} {
		s.must(loyalty.UnMerge{Member: "anna", Key: "undo" + twin, From: twin})
		s.runDue()
	}
	require.Equal(t, points.Amount(500+58*120+50), s.member("anna").Balance("bean").Available, "nor does an undone merge give them again")
	s.must(loyalty.OverrideTier{Member: "anna", Key: "o", Ladder: "status", Tier: "gold", Until: s.now.AddDate(0, 1, 0), Reason: "sorry", Actor: "ada"})
	s.daysUntil(2029, time.January, 2)
	require.Equal(t, "silver", s.member("anna").Tier("status").Tier, "what was granted outlives what merges brought")
	s.verify()
}

// TestWhoIsGoneEntersNoTier lets the year begin in which somebody who was erased, or whose
// account was closed, would have been gold.
func TestWhoIsGoneEntersNoTier(t *testing.T) {
	for _, gone := range []loyalty.Command{
		loyalty.Erase{Member: "anna", Key: "gone"}, loyalty.Close{Member: "anna", Key: "gone", Reason: "moved away", Actor: "ada"},
	} {
		s := openShop(t, regulars(welcomed, remindOfTiers, func(p *loyalty.Program) {
			p.Ladders[0].Start, p.Ladders[0].End = tiers.NextPeriod, tiers.EndOfPeriod
		}))
		s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
		s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)})
		s.must(gone)
		before := len(s.events("earned"))
		s.daysUntil(2029, time.February, 1)
		if _, erased := gone.(loyalty.Erase); erased {
			for _, kind := range []string{"tier-promoted", "tier-demoted", loyalty.TierReminderEvent} {
				require.Empty(t, s.events(kind), kind)
			}
		}
		require.Len(t, s.events("earned"), before, "%T", gone)
		for r, err := range storage.AllRecords(t.Context(), s.store, storage.RecordQuery{Program: "beans", Member: "anna", Kind: loyalty.RedemptionRecord}) {
			require.NoError(t, err)
			t.Errorf("%s was given after %T", r.ID, gone)
		}
		for e, err := range storage.AllEntries(t.Context(), s.store, storage.MemberQuery{Program: "beans", Member: "anna"}) {
			require.NoError(t, err)
			require.NotEqual(t, "tier:status", e.Rule, "%T", gone)
		}
		s.verify()
	}
}

func TestAnErasedMemberHasNoTierThatEnds(t *testing.T) {
	s := openShop(t, regulars())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)})
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	s.now = s.now.AddDate(3, 0, 0)
	report, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Failed)
	require.Zero(t, report.Skipped)
	s.verify()
}
