package kpi_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// Twelve customers who bought the same on the same day, in an order that is not that of
// their ids.
func TestEveryRankingBreaksTiesByMember(t *testing.T) {
	at := time.Date(2027, time.March, 1, 10, 0, 0, 0, time.UTC)
	var orders []kpi.Order
	var ids []string
	for i := range 12 {
		id := fmt.Sprintf("m-%02d", i*5%12)
		ids = append(ids, id)
		orders = append(orders, kpi.Order{Member: id, At: at, Amount: amount(t, "9")})
	}
	slices.Sort(ids)
	o := &kpi.RFMOptions{Method: kpi.ByRank, Groups: 3, AsOf: at.AddDate(0, 0, 7)}
	accumulated := must(kpi.NewRFMAccumulator(o))
	require.NoError(t, kpi.Feed(accumulated, kpi.Orders(slices.Values(orders))))
	for name, scores := range map[string]*kpi.RFM{"the accumulator": accumulated.Result(), "columns": must(must(kpi.Collect(kpi.Orders(slices.Values(orders)))).RFM(o))} {
		require.Len(t, scores.Customers, 12, name)
		for i, c := range scores.Customers {
			assert.Equal(t, ids[i], c.Member, name)
			group := uint8(1 + i/4)
			assert.Equal(t, [3]uint8{group, group, group}, [3]uint8{c.R, c.F, c.M}, "%s by %s: the first ids have the lowest ranks", c.Member, name)
		}
	}

	o.Method = kpi.ByQuantile
	alike := must(kpi.NewRFMAccumulator(o))
	require.NoError(t, kpi.Feed(alike, kpi.Orders(slices.Values(orders))))
	for _, n := range []int{5, 12, 99} {
		var top []string
		for _, c := range alike.Result().Top(n) {
			top = append(top, c.Member)
		}
		assert.Equal(t, ids[:min(n, 12)], top, "the first %d of equals are those with the first ids", n)
	}
}
