package loyalty_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// welcomed is a program whose silver members get a coffee when they come to it, and whose
// gold members get a voucher and a mug.
func welcomed(p *loyalty.Program) {
	p.Catalog = menu()
	p.Ladders[0].Tiers[0].Benefits.Rewards = []string{"coffee"}
	p.Ladders[0].Tiers[1].Benefits.Rewards = []string{"five-off", "mug"}
}

// redemptions lists the rewards that a member has, with their states, by name.
func (s *shop) redemptions(member string) []string {
	s.t.Helper()
	var list []string
	for r, err := range s.Redemptions(s.t.Context(), member) {
		require.NoError(s.t, err)
		list = append(list, r.Reward+" "+string(r.State))
	}
	slices.Sort(list)
	return list
}

func TestEnteringTiersGivesTheRewardsOfEach(t *testing.T) {
	s := openShop(t, regulars(welcomed))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	order := loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)}
	quoted, err := s.Quote(t.Context(), order)
	require.NoError(t, err)
	r := s.must(order)
	require.Equal(t, quoted.Tiers, r.Tiers)
	require.Len(t, r.Tiers, 1)
	require.Len(t, r.Tiers[0].Rewards, 3, "silver was skipped, and gives too")
	require.Equal(t, []string{"coffee issued", "five-off issued", "mug issued"}, s.redemptions("anna"))
	require.Contains(t, r.String(), "reward: mug for gold")
	voucher, err := s.Redemption(t.Context(), "anna", r.Tiers[0].Rewards[1].Redemption)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(voucher.Code, "FF"))
	require.Zero(t, voucher.Price)
	require.Equal(t, s.now.AddDate(0, 0, 30).Format(time.DateOnly), voucher.Until.Format(time.DateOnly))
	for _, e := range s.events("tier-promoted") {
		require.NotContains(t, string(e.Data), voucher.Code, "who has the code has the reward")
	}
	require.True(t, s.must(order).Replayed)
	s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 500)})
	require.Len(t, s.redemptions("anna"), 3, "once")
	s.must(loyalty.UseVoucher{Member: "anna", Key: "use", Redemption: r.Tiers[0].Rewards[1].Redemption, Code: voucher.Code, Order: "3"})
	s.verify()
}

func TestARefundTakesBackTheRewardsOfATierButNotWhatWasUsed(t *testing.T) {
	s := openShop(t, regulars(welcomed))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	r := s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)})
	voucher, err := s.Redemption(t.Context(), "anna", r.Tiers[0].Rewards[1].Redemption)
	require.NoError(t, err)
	s.must(loyalty.UseVoucher{Member: "anna", Key: "use", Redemption: voucher.ID, Code: voucher.Code, Order: "7"})
	r = s.must(loyalty.Refund{Member: "anna", Key: "2", Order: "1", Full: true})
	require.Equal(t, []string{"coffee cancelled", "five-off used", "mug cancelled"}, s.redemptions("anna"))
	require.Len(t, r.Tiers[0].UndoneRewards, 2)
	require.Equal(t, []loyalty.EntryReward{{Tier: "gold", Reward: "five-off", Redemption: voucher.ID}}, r.Tiers[0].KeptRewards)
	s.must(loyalty.Earn{Member: "anna", Key: "3", Order: bought("3", 100)})
	require.Equal(t, []string{"coffee cancelled", "coffee issued", "five-off used", "mug cancelled"}, s.redemptions("anna"))
	s.verify()
}

func TestAPromotionGoesOnWhereARewardIsOutOfStock(t *testing.T) {
	s := openShop(t, regulars(welcomed))
	var last loyalty.Receipt
	for _, member := range []string{"a", "b", "c", "d"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		last = s.must(loyalty.Earn{Member: member, Key: "1", Order: bought("order of "+member, 500)})
	}
	require.Equal(t, []loyalty.EntryReward{{Tier: "gold", Reward: "mug"}}, last.Tiers[0].Missed, "there are 3")
	require.Len(t, last.Tiers[0].Rewards, 2)
	require.Equal(t, "gold", s.tier("d"))
	s.must(loyalty.Refund{Member: "a", Key: "2", Order: "order of a", Full: true})
	s.must(loyalty.Enroll{Member: "e", Key: "enroll"})
	last = s.must(loyalty.Earn{Member: "e", Key: "1", Order: bought("order of e", 500)})
	require.Empty(t, last.Tiers[0].Missed, "the first one's came back")
	s.verify()
}

func TestATierThatStartsByItselfGivesItsRewards(t *testing.T) {
	s := openShop(t, regulars(welcomed, func(p *loyalty.Program) {
		p.Ladders[0].Start, p.Ladders[0].End = tiers.NextPeriod, tiers.EndOfPeriod
	}))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)})
	require.Empty(t, s.redemptions("anna"))
	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	status := m.Tier("status")
	require.Equal(t, []string{"", "gold", "gold"}, []string{status.Tier, status.Starts, status.Projected})
	require.Equal(t, "2027-12-31T23:00:00Z", status.StartsAt.Format(time.RFC3339))
	s.now = time.Date(2028, 3, 1, 12, 0, 0, 0, time.UTC)
	report, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Failed)
	require.Equal(t, []string{"coffee issued", "five-off expired", "mug issued"}, s.redemptions("anna"), "30 days from 1 January")
	s.verify()
}

func TestAMergeGivesTheRewardsOfATierOnceAndARefundTakesThemBack(t *testing.T) {
	s := openShop(t, regulars(welcomed))
	for _, member := range []string{"anna", "twin"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	s.must(loyalty.Earn{Member: "twin", Key: "1", Order: bought("1", 500)})
	s.now = s.now.AddDate(0, 0, 3)
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin"})
	require.Equal(t, "gold", s.tier("anna"))
	require.Equal(t, []string{"coffee issued", "five-off issued", "mug issued"}, s.redemptions("anna"))
	s.must(loyalty.Refund{Member: "anna", Key: "2", Order: "1", Full: true})
	require.Empty(t, s.tier("anna"))
	require.Equal(t, []string{"coffee cancelled", "five-off cancelled", "mug cancelled"}, s.redemptions("anna"))
	s.verify()
}

// TestAPromotionWithRewardsIsOneLoadAndOneCommit holds for rewards without stock: a stock is
// read when the promotion is known, which is one load more.
func TestAPromotionWithRewardsIsOneLoadAndOneCommit(t *testing.T) {
	s := openShop(t, regulars(welcomed))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	loads, commits := 0, 0
	s.store.OnLoad = func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
		loads++
		return next(ctx, requests)
	}
	s.store.OnCommit = func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
		commits++
		return next(ctx, batches)
	}
	r := s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 100)})
	require.Len(t, r.Tiers[0].Rewards, 1)
	require.Equal(t, []int{1, 1}, []int{loads, commits})
	r = s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 400)})
	require.Len(t, r.Tiers[0].Rewards, 2)
	require.LessOrEqual(t, loads, 4, "a voucher's code and a mug's stock")
	require.Equal(t, 2, commits)
}

func TestRewardsForEnteringATierAreInTheCatalog(t *testing.T) {
	p := regulars(welcomed)
	require.NoError(t, p.Validate())
	p.Ladders[0].Tiers[0].Benefits.Rewards = []string{"coffee", "coffee", "tea", "cash", "cinema", "old-mug"}
	err := p.Validate()
	require.ErrorIs(t, err, loyalty.ErrInvalid)
	for _, problem := range []string{
		`ladders[0].tiers[0].benefits.rewards[1]: "coffee" is named twice`, `rewards[2]: "tea" is not in the catalog`,
		`rewards[3]: "cash" is an exchange`, `rewards[4]: the host has the codes`, `rewards[5]: "old-mug" is withdrawn`,
	} {
		require.ErrorContains(t, err, problem)
	}
	s := openShop(t, regulars(welcomed))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	_, err = s.Do(t.Context(), loyalty.Redeem{Member: "anna", Key: "1", Redemption: "tier:status/gold:mug:2", Reward: "coffee"})
	require.ErrorIs(t, err, loyalty.ErrInvalid, "such ids are the engine's")
}
