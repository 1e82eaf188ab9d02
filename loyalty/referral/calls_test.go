package referral_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/referral"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// TestStoreCallsOfAReferral holds each command to the trips that docs/scaling.md names.
func TestStoreCallsOfAReferral(t *testing.T) {
	loads, commits := 0, 0
	s := openShop(t, func(s *shop) {
		s.store = &storagetest.Hooked{
			Store: memory.New(),
			OnLoad: func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
				loads++
				return next(ctx, requests)
			},
			OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
				commits++
				return next(ctx, batches)
			},
		}
	}, "anna", "ben")
	for _, step := range []struct {
		cmd   loyalty.Command
		loads int
	}{
		{referral.Issue{Member: "anna", Key: "code", Code: "ANNA-BEANS"}, 1},
		{referral.Accept{Member: "ben", Key: "accept", Referrer: "anna", Code: "ANNA-BEANS", Fingerprints: []string{"card 1"}}, 1},
		{loyalty.Earn{Member: "ben", Key: "order", Order: order("1001", "25.00")}, 1},
		{referral.Qualify{Member: "ben", Key: "qualify", Referrer: "anna", Order: "1001", Currency: "EUR", Fingerprints: []string{"card 2"}}, 1},
		{referral.Review{Member: "ben", Key: "review", Referrer: "anna"}, 4},
		{referral.Pay{Member: "anna", Key: "pay", Friend: "ben"}, 2},
		{referral.Deny{Member: "ben", Key: "deny", Referrer: "anna", Reason: "a false name", Actor: "mia"}, 2},
		{referral.Pay{Member: "anna", Key: "back", Friend: "ben"}, 2},
		{referral.Revoke{Member: "anna", Key: "revoke"}, 1},
	} {
		if _, due := step.cmd.(referral.Review); due {
			s.days(14)
		}
		loads, commits = 0, 0
		s.must(step.cmd)
		require.Equal(t, [2]int{step.loads, 1}, [2]int{loads, commits}, "%T: loads, commits", step.cmd)
	}
}
