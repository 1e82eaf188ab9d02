package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func benchShop(tb testing.TB) *loyalty.Engine {
	tb.Helper()
	now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	engine, err := loyalty.New(loyalty.Revisions{{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(12, points.Months).At(points.EndOfMonth)}},
		Earning: []points.Rule{
			{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
		},
	}}, memory.New(), &loyalty.Options{Clock: func() time.Time { return now }})
	require.NoError(tb, err)
	return engine
}

func latte(id string) points.Order {
	return points.Order{ID: id, Currency: "EUR", Lines: []points.Line{{Item: "latte", Amount: decimal.RequireFromString("12.40")}}}
}

// enrolled makes an engine with members m-0 to m-(n−1).
func enrolled(tb testing.TB, n int) *loyalty.Engine {
	tb.Helper()
	engine := benchShop(tb)
	for i := range n {
		_, err := engine.Do(tb.Context(), loyalty.Enroll{Member: fmt.Sprintf("m-%d", i), Key: "enroll"})
		require.NoError(tb, err)
	}
	return engine
}

func BenchmarkEarnOnMemory(b *testing.B) {
	engine := enrolled(b, 1000)
	orders := make([]loyalty.Earn, b.N)
	for i := range orders {
		id := fmt.Sprintf("order-%d", i)
		orders[i] = loyalty.Earn{Member: fmt.Sprintf("m-%d", i%1000), Key: id, Order: latte(id)}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range orders {
		if _, err := engine.Do(b.Context(), orders[i]); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAnEarnOnTheMemoryStoreAllocatesLittle(t *testing.T) {
	engine := enrolled(t, 1)
	n := 0
	allocs := testing.AllocsPerRun(200, func() {
		n++
		id := fmt.Sprintf("order-%d", n)
		_, err := engine.Do(t.Context(), loyalty.Earn{Member: "m-0", Key: id, Order: latte(id)})
		require.NoError(t, err)
	})
	require.LessOrEqual(t, allocs, 90.0)
}
