package kpi_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func TestPurchasesDoNotDependOnTheOrderOfAddingAndMerging(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		orders, zone := drawLog(t), drawZone(t)
		start := time.Date(2000, time.January, 1, 0, 0, 0, 0, zone)
		if len(orders) > 0 {
			start = rapid.SampledFrom(orders).Draw(t, "start").At
		}
		period := kpi.Period{Start: start, End: start.AddDate(0, 9, 0), Zone: zone}
		whole, merged := inAnyOrder(t, orders, func() *kpi.PurchaseAccumulator {
			return got[*kpi.PurchaseAccumulator](t)(kpi.NewPurchaseAccumulator(period, ""))
		})
		p := whole.Result()
		assert.Equal(t, p, merged.Result())
		type visit struct{ member, day string }
		days, customers, repeating, bought := map[visit]bool{}, map[string]int{}, 0, 0
		for _, o := range orders {
			if period.Contains(o.At) && o.Amount.Sign() >= 0 {
				bought++
				v := visit{o.Member, o.At.In(zone).Format(time.DateOnly)}
				if !days[v] {
					days[v] = true
					customers[o.Member]++
				}
			}
		}
		for _, n := range customers {
			if n > 1 {
				repeating++
			}
		}
		assert.Equal(t, []int{len(customers), repeating, bought}, []int{p.Customers, p.Repeating, p.Orders})
		assert.Equal(t, len(orders), p.Orders+p.Refunds+p.Outside)
	})
}

func TestInactivityDoesNotDependOnTheOrderOfAddingAndMerging(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		orders, zone := drawLog(t), drawZone(t)
		asOf := time.Date(2000, time.January, 1, 0, 0, 0, 0, zone)
		if len(orders) > 0 {
			asOf = rapid.SampledFrom(orders).Draw(t, "as of").At
		}
		days := rapid.IntRange(1, 90).Draw(t, "days")
		whole, merged := inAnyOrder(t, orders, func() *kpi.InactivityAccumulator {
			return got[*kpi.InactivityAccumulator](t)(kpi.NewInactivityAccumulator(asOf, days, zone))
		})
		assert.Equal(t, whole.Result(), merged.Result())
		last := map[string]time.Time{}
		late := 0
		for _, o := range orders {
			if !o.At.Before(asOf) {
				late++
			}
			if o.Amount.Sign() >= 0 && o.At.Before(asOf) && o.At.After(last[o.Member]) {
				last[o.Member] = o.At
			}
		}
		rule := got[*kpi.Inactivity](t)(kpi.NewInactivity(asOf, days, zone))
		for _, at := range last {
			rule.Add(at)
		}
		want := rule.Figure()
		if late > 0 {
			want = want.Noted("%d orders at or after the end are left out", late)
		}
		assert.Equal(t, want, whole.Result())
	})
}

func TestTheRepeatPurchaseRateOfCDNOW(t *testing.T) {
	period := kpi.Period{Start: date(t, "1997-01-01"), End: date(t, "1997-10-01")}
	p := fed[*kpi.PurchaseAccumulator](t, cdnowSample(t))(kpi.NewPurchaseAccumulator(period, kpi.ByDay)).Result()
	assert.Equal(t, []int{2357, 946}, []int{p.Customers, p.Repeating})
	rate, err := p.RepeatPurchaseRate()
	require.NoError(t, err)
	value, ok := rate.Value()
	assert.True(t, ok)
	assert.InDelta(t, 0.4013576580398812, value, 1e-15)
}
