package kpi

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// manyOrders are of members of whom one has half of all and a tenth none; sums of money need
// more than 64 bits.
func manyOrders(t *testing.T, orders, members int) *Columns {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	names := make([]string, members)
	for i := range names {
		names[i] = fmt.Sprintf("m%06d", i)
	}
	member, at, amounts := make([]uint32, orders), make([]int64, orders), make([]int64, orders)
	for i := range orders {
		if random.IntN(2) == 0 {
			member[i] = uint32(random.IntN(members))/10*10 + uint32(random.IntN(9))
		}
		at[i] = time.Date(1900, time.January, 2+random.IntN(109_000), 23, random.IntN(60), 0, 0, time.UTC).UnixMicro()
		amounts[i] = random.Int64N(1_900_000_000_000_000) - 900_000_000_000_000
	}
	c, err := NewColumns(names, member, at, amounts, 0)
	require.NoError(t, err)
	return c
}

func TestOrdersAreAddedUpInWhateverPartsTheyAreDealt(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	c := manyOrders(t, 20_000, 700)
	for _, one := range []struct {
		name                  string
		workers, chunk, shift int
		last                  int64
	}{
		{"all at once", 1, 1 << 20, 13, math.MaxInt64},
		{"many rounds and parts", 3, 999, 4, math.MaxInt64},
		{"half of all are late", 3, 4_096, 6, 30_000},
		{"a part for each member", 2, 77, 0, 0},
	} {
		t.Run(one.name, func(t *testing.T) {
			want, counts, newest := make([]columnTotals, len(c.names)), rfmCounts{}, int64(math.MinInt64)
			money := make([]Amount, len(c.names))
			for i, m := range c.member {
				y, month, d := time.UnixMicro(c.at[i]).In(vienna).Date()
				date := time.Date(y, month, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
				w := &want[m]
				w.last = max(w.last, 1)
				if date > one.last {
					counts.late++
					continue
				}
				counts.orders++
				newest = max(newest, date)
				amount, err := NewAmount(c.amount[i], 0)
				require.NoError(t, err)
				money[m] = money[m].Add(amount)
				if c.amount[i] < 0 {
					counts.refunds++
					continue
				}
				w.orders++
				w.last = max(w.last, uint32(date-dateZero))
			}
			totals := make([]columnTotals, len(c.names))
			sums := orderSums{columns: c, zone: vienna, last: one.last, totals: totals, workers: one.workers, chunk: one.chunk, shift: one.shift}
			gotCounts, gotNewest := sums.run()
			assert.Equal(t, counts, gotCounts)
			assert.Equal(t, newest, gotNewest)
			for m := range totals {
				assert.Equal(t, want[m].last, totals[m].last)
				assert.Equal(t, want[m].orders, totals[m].orders)
				require.Equal(t, money[m], totals[m].spent(powersOfTen[amountDecimals]), "member %d", m)
			}
		})
	}
}

func TestManyMembersAreScoredInPartsAsAtOnce(t *testing.T) {
	c := manyOrders(t, 60_000, 30_000)
	for _, o := range []RFMOptions{
		{},
		{AsOf: time.Date(2050, time.March, 8, 0, 0, 0, 0, time.UTC), MeanMoney: true},
		{Method: ByCuts, RecencyCuts: []float64{900}, FrequencyCuts: []float64{2}, MonetaryCuts: []float64{1e14}},
		{Method: LikeRPackage, Groups: 7},
		{Method: ByRank, Groups: 3},
	} {
		a, err := NewRFMAccumulator(&o)
		require.NoError(t, err)
		require.NoError(t, Feed(a, Orders(c.All())))
		want := a.Result()
		got, err := c.RFM(&o)
		require.NoError(t, err)
		require.Len(t, got.Customers, len(want.Customers))
		for i := range want.Customers {
			if want.Customers[i] != got.Customers[i] {
				require.Equal(t, want.Customers[i], got.Customers[i])
			}
		}
		counted := make([]int, got.Groups)
		for i := range got.Customers {
			counted[got.Customers[i].R-1]++
		}
		assert.Equal(t, counted, got.RecencyCounts)
		want.Customers, got.Customers = nil, nil
		assert.Equal(t, want, got)
	}
}
