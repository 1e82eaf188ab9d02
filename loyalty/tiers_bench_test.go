package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// ladderShop is a shop whose orders count euros, with a ladder over them or without.
func ladderShop(tb testing.TB, members int, ladder bool, clock func() time.Time) *loyalty.Engine {
	tb.Helper()
	program := regulars(func(p *loyalty.Program) {
		p.Units[0].Expiry = points.ExpireAfter(12, points.Months).At(points.EndOfMonth)
		if !ladder {
			p.Ladders = nil
		}
	})
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: clock})
	require.NoError(tb, err)
	for i := range members {
		_, err := engine.Do(tb.Context(), loyalty.Enroll{Member: fmt.Sprintf("m-%d", i), Key: "enroll"})
		require.NoError(tb, err)
	}
	return engine
}

// BenchmarkEarnWithALadderOnMemory is an order that counts euros, of members who buy
// every fourth day, with a ladder over the euros of a year and without.
func BenchmarkEarnWithALadderOnMemory(b *testing.B) {
	for _, ladder := range []bool{false, true} {
		b.Run(fmt.Sprintf("ladder=%t", ladder), func(b *testing.B) {
			now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
			engine := ladderShop(b, 100, ladder, func() time.Time { return now })
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%100 == 0 {
					now = now.AddDate(0, 0, 4)
				}
				id := fmt.Sprint(i)
				if _, err := engine.Do(b.Context(), loyalty.Earn{Member: fmt.Sprintf("m-%d", i%100), Key: id, Order: latte(id)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestAMemberOfTenYearsCostsWhatANewOneDoes lets a member buy on every day of ten
// years: what is kept of it does not grow with them.
func TestAMemberOfTenYearsCostsWhatANewOneDoes(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) {
		p.Earning = p.Earning[1:]
		p.Ladders[0].Window = tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 3}}
		p.Ladders[0].End = tiers.WhileHeld
	}))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	most, first := 0, 0
	for day := range 3650 {
		s.now = s.now.AddDate(0, 0, 1)
		s.must(loyalty.Fact{Member: "anna", Key: fmt.Sprint(day), Activity: "spend", Amount: 2})
		if day%100 == 0 {
			most = max(most, len(s.days("anna")))
		}
		if day == 400 {
			first = most
		}
	}
	require.LessOrEqual(t, most, 93+90+32+33)
	require.LessOrEqual(t, most, first+35)
	require.Equal(t, "silver", s.tier("anna"))
	s.verify()
}
