package loyalty_test

import (
	"context"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// TestStoreCallsPerVerb holds each verb to the round trips that docs/scaling.md
// names: one Load and one Commit, and one Load where nothing is stored.
func TestStoreCallsPerVerb(t *testing.T) {
	program := beans(points.ExpireAfter(12, points.Months))
	program.Earning = []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
	program.Jurisdictions = []loyalty.Jurisdiction{{Code: "CA-QC"}}
	program.Guests, program.Pools, program.Catalog = true, household(), menu()
	program.Guests, program.Pools = true, household()
	program.Units = append(program.Units, points.Unit{Code: "spend", Kind: points.Metric})
	program.Earning = append(program.Earning, points.Rule{Code: "counts", Unit: "spend", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}})
	program.Ladders = regulars().Ladders
	s := openShop(t, program)
	loads, commits := 0, 0
	s.store.OnLoad = func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
		loads++
		return next(ctx, requests)
	}
	s.store.OnCommit = func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
		commits++
		return next(ctx, batches)
	}
	s.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
	until := s.now.Add(time.Hour)
	steps := []loyalty.Command{
		loyalty.Enroll{Member: "anna", Key: "enroll"},
		loyalty.Earn{Member: "anna", Key: "earn", Order: latte("1001")},
		loyalty.Earn{Member: "anna", Key: "earn 2", Order: latte("1002")},
		loyalty.Hold{Member: "anna", Key: "hold", ID: "h1", Unit: "bean", Points: 3, Until: until},
		loyalty.Capture{Member: "anna", Key: "capture", Hold: "h1", Points: 2},
		loyalty.Hold{Member: "anna", Key: "hold 2", ID: "h2", Unit: "bean", Points: 3, Until: until},
		loyalty.Void{Member: "anna", Key: "void", Hold: "h2"},
		loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 5},
		loyalty.Refund{Member: "anna", Key: "refund", Order: "1001", Full: true},
		loyalty.Transfer{Member: "anna", Key: "transfer", To: "ben", Unit: "bean", Points: 1},
		loyalty.Adjust{Member: "anna", Key: "up", Unit: "bean", Points: 9, Reason: "gift", Actor: "shop"},
		loyalty.Adjust{Member: "anna", Key: "down", Unit: "bean", Points: -1, Reason: "mistake", Actor: "shop"},
		loyalty.Suspend{Member: "anna", Key: "suspend"},
		loyalty.Resume{Member: "anna", Key: "resume"},
		loyalty.Import{Member: "anna", Key: "import", Unit: "bean", Points: 9, ExpiresAt: s.now.AddDate(1, 0, 0)},
		loyalty.Extend{Member: "anna", Key: "longer", Unit: "bean", ExpiringBy: s.now.AddDate(2, 0, 0), ExpiresAt: s.now.AddDate(3, 0, 0), Reason: "goodwill", Actor: "shop"},
		loyalty.SetJurisdiction{Member: "anna", Key: "moved", Jurisdiction: "CA-QC"},
		loyalty.EnrollGuest{Member: "g-1", Key: "guest"},
		loyalty.Earn{Member: "anna", Key: "gold", Order: bought("gold", 500)},
		loyalty.Refund{Member: "anna", Key: "undo", Order: "gold", Full: true},
		loyalty.MatchTier{Member: "anna", Key: "match", Ladder: "status", Tier: "gold", Days: 90, Challenge: of("spend", 200)},
		loyalty.OverrideTier{Member: "anna", Key: "override", Ladder: "status", Tier: "silver", Until: until.AddDate(0, 6, 0), Reason: "sorry", Actor: "ada"},
		loyalty.RevokeTier{Member: "anna", Key: "revoke", Ladder: "status", Reason: "mistake", Actor: "ada"},
		loyalty.SetAnniversary{Member: "anna", Key: "anniversary", Day: tiers.Date(2026, time.May, 1)},
		loyalty.FoundPool{Member: "anna", Key: "found", Pool: "home", Kind: "household"},
		loyalty.InviteToPool{Member: "anna", Key: "invite", Pool: "home", Who: "ben", Role: "adult"},
		loyalty.JoinPool{Member: "ben", Key: "join", Pool: "home"},
		loyalty.ContributeToPool{Member: "anna", Key: "put", Pool: "home", Unit: "bean", Points: 3},
		loyalty.DrawFromPool{Member: "ben", Key: "draw", Pool: "home", Unit: "bean", Points: 1},
		loyalty.SetPoolRole{Member: "anna", Key: "role", Pool: "home", Who: "ben", Role: "owner"},
		loyalty.LeavePool{Member: "anna", Key: "leave", Pool: "home"},
		loyalty.Adjust{Member: "anna", Key: "more", Unit: "bean", Points: 300, Reason: "gift", Actor: "shop"},
		loyalty.Earn{Member: "anna", Key: "till", Order: latte("1003"), Pay: &loyalty.PayPoints{Reward: "cash", Points: 100}},
		loyalty.Refund{Member: "anna", Key: "till back", Order: "1003", Full: true},
		loyalty.Redeem{Member: "anna", Key: "coffee", Redemption: "coffee", Reward: "coffee"},
		loyalty.Redeem{Member: "anna", Key: "voucher", Redemption: "voucher", Reward: "five-off"},
		loyalty.Redeem{Member: "anna", Key: "ticket", Redemption: "ticket", Reward: "cinema", Code: "ODEON-1"},
		loyalty.Redeem{Member: "anna", Key: "mug", Redemption: "mug", Reward: "mug"},
		loyalty.IssueRedemption{Member: "anna", Key: "issue", Redemption: "mug"},
		loyalty.FulfillRedemption{Member: "anna", Key: "fulfill", Redemption: "mug", Result: "parcel-7"},
		loyalty.CancelRedemption{Member: "anna", Key: "cancel", Redemption: "coffee"},
		loyalty.UseVoucher{Member: "anna", Key: "use", Redemption: "voucher"},
		loyalty.RejectRedemption{Member: "anna", Key: "reject", Redemption: "ticket", Reason: "sold out", Actor: "shop"},
		loyalty.GrantReward{Member: "anna", Key: "grant", Redemption: "grant", Reward: "mug", Reason: "sorry", Actor: "shop"},
		loyalty.Import{Member: "zoe", Key: "tier", EnrolledAt: s.now.AddDate(-1, 0, 0), Standing: movedIn().Standing},
		loyalty.Import{Member: "ben", Key: "tier", Standing: &loyalty.OpeningStanding{
			Counts: movedIn().Standing.Counts, Ladders: []loyalty.OpeningLadder{{Ladder: "status", Matched: true}},
		}},
	}
	for _, cmd := range steps {
		loads, commits = 0, 0
		s.must(cmd)
		require.Equal(t, [2]int{1, 1}, [2]int{loads, commits}, "%T", cmd)
		loads, commits = 0, 0
		require.True(t, s.must(cmd).Replayed)
		require.Equal(t, [2]int{1, 0}, [2]int{loads, commits}, "replay of %T", cmd)
	}
	loads, commits = 0, 0
	_, err := s.Quote(t.Context(), loyalty.Spend{Member: "anna", Key: "quote", Unit: "bean", Points: 5})
	require.NoError(t, err)
	require.Equal(t, [2]int{1, 0}, [2]int{loads, commits}, "quote")
	loads = 0
	_, err = s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, [2]int{1, 0}, [2]int{loads, commits}, "member")
	loads = 0
	_, err = s.Rewards(t.Context(), "anna", nil)
	require.NoError(t, err)
	require.Equal(t, [2]int{1, 0}, [2]int{loads, commits}, "rewards")
	loads = 0
	_, err = s.Do(t.Context(), loyalty.Spend{Member: "anna", Key: "too much", Unit: "bean", Points: 5000})
	require.ErrorIs(t, err, loyalty.ErrInsufficientPoints)
	require.Equal(t, [2]int{1, 0}, [2]int{loads, commits}, "refusal")
	s.verify()
}

// count counts the shop's store calls from now on.
func (s *shop) count() (loads, commits *int) {
	loads, commits = new(int), new(int)
	commit := s.store.OnCommit
	s.store.OnLoad = func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
		*loads++
		return next(ctx, requests)
	}
	s.store.OnCommit = func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
		*commits++
		return commit(ctx, batches, next)
	}
	return loads, commits
}
