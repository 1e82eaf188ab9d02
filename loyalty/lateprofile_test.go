package loyalty_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

func TestTheProfileOfALateOrderIsAskedForTheInstantOfTheOrder(t *testing.T) {
	now := time.Date(2027, time.March, 10, 9, 0, 0, 0, time.UTC)
	program := beans(points.NeverExpire())
	program.Earning = []points.Rule{
		euroRate(),
		{Code: "visit", Activity: "visit", Bonus: 1},
		{Code: "students", Bonus: 5, Only: &points.Only{Segments: []string{"students"}}},
	}
	s := openShop(t, program)
	var asked []time.Time
	var err error
	s.Engine, err = loyalty.New(loyalty.Revisions{program}, s.store, &loyalty.Options{
		Clock: s.clock,
		Profile: func(_ context.Context, member string, at time.Time) (loyalty.Profile, error) {
			require.Equal(t, "anna", member)
			asked = append(asked, at)
			if at.Before(now) {
				return loyalty.Profile{Segments: []string{"students"}}, nil
			}
			return loyalty.Profile{}, nil
		},
	})
	require.NoError(t, err)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.now = now
	then := now.AddDate(0, 0, -4)
	late := loyalty.Earn{Member: "anna", Key: "late", Order: coffees("late", 1), OccurredAt: then}
	quote, err := s.Quote(t.Context(), late)
	require.NoError(t, err)
	require.EqualValues(t, 8, quote.Awards[0].Points, "a student at that time")
	require.EqualValues(t, 8, s.must(late).Awards[0].Points)
	s.must(loyalty.Fact{Member: "anna", Key: "visit", Activity: "visit", OccurredAt: then})
	require.Equal(t, []time.Time{then, then, then}, asked)
	require.EqualValues(t, 3, s.must(loyalty.Earn{Member: "anna", Key: "now", Order: coffees("now", 1)}).Awards[0].Points)
	require.Equal(t, now, asked[3])
	s.verify()
}

// TestAnExportTellsNoClaimOfSomebodyElse lets a store tell the claim of an order of anna in
// another name, as where somebody else holds it.
func TestAnExportTellsNoClaimOfSomebodyElse(t *testing.T) {
	s := openShop(t, earning())
	for _, member := range []string{"anna", "old", "ben"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		s.must(loyalty.Earn{Member: member, Key: "earn", Order: latte("of " + member)})
	}
	s.must(join)
	told := func() (claims []storage.Claim) {
		var out bytes.Buffer
		require.NoError(t, s.Export(t.Context(), "anna", &out))
		var x wholeExport
		require.NoError(t, json.Unmarshal(out.Bytes(), &x))
		return x.Claims
	}
	hers := []storage.Claim{{Space: "order", Key: "of anna", Holder: "anna"}, {Space: "order", Key: "of old", Holder: "old"}}
	require.ElementsMatch(t, hers, told())
	s.store.OnLoad = func(ctx context.Context, requests []storage.LoadRequest, load storagetest.LoadFunc) ([]storage.Snapshot, error) {
		snaps, err := load(ctx, requests)
		for i := range snaps {
			for j := range snaps[i].Claims {
				if snaps[i].Claims[j].Holder == "anna" {
					snaps[i].Claims[j].Holder = "ben"
				}
			}
		}
		return snaps, err
	}
	require.ElementsMatch(t, hers[1:], told())
}
