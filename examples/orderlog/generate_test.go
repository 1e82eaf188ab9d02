package orderlog

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
)

func exampleShop(t testing.TB) Shop {
	t.Helper()
	program, err := LoadProgram("coffee")
	require.NoError(t, err)
	return CoffeeShop(program, vienna(t))
}

func TestAShopHasTheSameLogEveryTimeAndAnotherSeedAnother(t *testing.T) {
	s := exampleShop(t)
	s.Members = 200
	first, again := slices.Collect(s.Events()), slices.Collect(s.Events())
	require.Equal(t, first, again)

	s.Seed = 2
	assert.NotEqual(t, first, slices.Collect(s.Events()))
}

func TestAGeneratedLogLooksLikeThatOfAShop(t *testing.T) {
	s := exampleShop(t)
	type regular struct {
		first, last time.Time
		orders      int
	}
	members := map[string]*regular{}
	ids := map[string]bool{}
	var last time.Time
	orders, refunds, coffees, mornings := 0, 0, 0, 0
	for e := range s.Events() {
		require.False(t, e.At.Before(last), "events come in order of time")
		last = e.At
		require.Equal(t, e.At, e.Command.Plan().OccurredAt)
		hour := e.At.In(s.Zone).Hour()
		require.True(t, hour >= 7 && hour < 19, "the shop is open from 7 to 19 o'clock")
		switch c := e.Command.(type) {
		case loyalty.Earn:
			require.NoError(t, c.Validate())
			require.False(t, ids[c.Order.ID], "an order has its own id")
			ids[c.Order.ID] = true
			orders++
			if hour < 12 {
				mornings++
			}
			m := members[c.Member]
			if m == nil {
				m = &regular{first: e.At}
				members[c.Member] = m
			}
			m.orders++
			m.last = e.At
		case loyalty.Refund:
			require.NoError(t, c.Validate())
			require.True(t, ids[c.Order], "only what was ordered is refunded")
			refunds++
		case FreeCoffee:
			require.NotNil(t, members[c.Member], "a new customer has no points to spend")
			coffees++
		default:
			require.Failf(t, "what is this?", "%T", c)
		}
	}
	assert.Len(t, members, s.Members, "every customer comes at least once")
	assert.InDelta(t, 9, float64(orders)/float64(s.Members), 3, "orders per customer")
	assert.InDelta(t, 0.034, float64(refunds)/float64(orders), 0.01, "refunds per order")
	assert.InDelta(t, 0.06, float64(coffees)/float64(orders), 0.05, "free coffees per order")
	assert.InDelta(t, 0.55, float64(mornings)/float64(orders), 0.1, "orders before noon")

	once, often, gone := 0, 0, 0
	half := s.First.Add(s.Last.Sub(s.First) / 2)
	var early, newInEachHalf [2]int
	for _, m := range members {
		if m.orders == 1 {
			once++
		}
		if m.orders >= 20 {
			often++
		}
		if m.first.Before(half) {
			newInEachHalf[0]++
			early[0]++
			if m.last.Before(s.Last.AddDate(0, -6, 0)) {
				gone++
			}
		} else {
			newInEachHalf[1]++
		}
	}
	assert.Greater(t, newInEachHalf[0], s.Members/4, "members enroll all the time")
	assert.Greater(t, newInEachHalf[1], s.Members/4, "members enroll all the time")
	assert.InDelta(t, 0.15, float64(once)/float64(s.Members), 0.1, "come once only")
	assert.InDelta(t, 0.12, float64(often)/float64(s.Members), 0.1, "are regulars")
	assert.InDelta(t, 0.6, float64(gone)/float64(early[0]), 0.25, "of the early ones are lost")
}

func TestALogTakesCurrencyAndUnitOfTheProgram(t *testing.T) {
	program, err := LoadProgram("whole-dollar")
	require.NoError(t, err)
	s := CoffeeShop(program, time.UTC)
	s.Members = 50
	for e := range s.Events() {
		switch c := e.Command.(type) {
		case loyalty.Earn:
			require.Equal(t, "USD", c.Order.Currency)
		case FreeCoffee:
			require.Equal(t, "point", c.Unit)
		}
	}
}
