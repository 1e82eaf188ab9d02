package loyalty_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// spoilt is a store in which somebody has changed orders or their claims.
type spoilt struct {
	storage.Store
	order func(*storage.Record)
	claim func(*storage.Claim) bool
}

func (s spoilt) Records(ctx context.Context, query storage.RecordQuery) (storage.Page[storage.Record], error) {
	page, err := s.Store.Records(ctx, query)
	for i := range page.Items {
		if page.Items[i].Kind == "order" && s.order != nil {
			s.order(&page.Items[i])
		}
	}
	return page, err
}

func (s spoilt) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	snaps, err := s.Store.Load(ctx, requests)
	for i := range snaps {
		kept := snaps[i].Claims[:0:0]
		for _, claim := range snaps[i].Claims {
			if s.claim == nil || s.claim(&claim) {
				kept = append(kept, claim)
			}
		}
		snaps[i].Claims = kept
	}
	return snaps, err
}

func TestVerifyNamesTheOrderThatDoesNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		with spoilt
		want loyalty.Problem
	}{
		"a document that cannot be read": {
			spoilt{order: func(r *storage.Record) { r.Data = bytes.Replace(r.Data, []byte(`"v":2`), []byte(`"v":`), 1) }},
			loyalty.Problem{Row: `record order "1001"`, What: "its document cannot be read"},
		},
		"an operation that is not there": {
			spoilt{order: func(r *storage.Record) { r.Data = bytes.Replace(r.Data, []byte(`"v":2`), []byte(`"v":9`), 1) }},
			loyalty.Problem{Row: `record order "1001"`, What: "earned by operation 9, which is missing"},
		},
		"a lot that is not there": {
			spoilt{order: func(r *storage.Record) { r.Lots = []points.LotID{7} }},
			loyalty.Problem{Row: `record order "1001"`, What: "names lot 7, which is missing"},
		},
		"a claim that is gone": {
			spoilt{claim: func(*storage.Claim) bool { return false }},
			loyalty.Problem{Row: `claim order "1001"`, What: `is held by "", its order earned for "anna"`},
		},
		"a claim of another": {
			spoilt{claim: func(c *storage.Claim) bool { c.Holder = "ben"; return true }},
			loyalty.Problem{Row: `claim order "1001"`, What: `is held by "ben", its order earned for "anna"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := guestShop(t)
			s.must(loyalty.Earn{Member: "anna", Key: "1001", Order: latte("1001")})
			s.verify()
			c.with.Store, c.want.Member = s.store, "anna"
			report, err := s.WithStore(c.with).Verify(t.Context(), nil)
			require.NoError(t, err)
			require.Equal(t, []loyalty.Problem{c.want}, report.Problems)
		})
	}
}
