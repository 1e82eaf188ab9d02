package rewards_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

// march is a day of March 2027 at 12:00 in UTC.
func march(day int) time.Time { return time.Date(2027, time.March, day, 12, 0, 0, 0, time.UTC) }

func beans(n points.Amount) []rewards.Price { return []rewards.Price{{Unit: "bean", Points: n}} }

func TestWhenPendingPointsWillDo(t *testing.T) {
	// 30 beans are there and 10 are owed; 50, 20 and 20 become available on the 5th, 6th
	// and 7th, and 100 when somebody confirms them.
	env := rewards.Env{
		At: march(1), Balances: []points.Balance{{Unit: "bean", Available: 30, Pending: 190, Debt: 10}, {Unit: "star", Available: 500}},
		Maturing: []rewards.Maturing{
			{Unit: "star", At: march(4), Points: 1000},
			{Unit: "bean", At: march(5), Points: 50},
			{Unit: "bean", At: march(6), Points: 20},
			{Unit: "bean", At: march(7), Points: 20},
			{Unit: "bean", At: points.Never, Points: 100},
		},
	}
	for price, at := range map[points.Amount]time.Time{
		31:  march(5), // 1 and the 10 that are owed
		70:  march(5),
		71:  march(6),
		90:  march(6),
		91:  march(7),
		110: march(7),
		111: {},
		210: {},
		500: {},
	} {
		reward := rewards.Reward{Code: "mug", Prices: beans(price)}
		require.Equal(t, []rewards.Reason{{
			Why: rewards.TooFewPoints, Unit: "bean", Needed: price, Missing: price - 30, Pending: 190, At: at,
		}}, reward.Offer(&env).Reasons, "a price of %d", price)
	}
	for _, reward := range []rewards.Reward{{Prices: beans(30)}, {Prices: []rewards.Price{{Unit: "star", Points: 500}}}} {
		require.True(t, reward.Offer(&env).Redeemable, "exactly what is there")
	}
}

func TestAnOfferOpensWhenTheLastOfItsReasonsEnds(t *testing.T) {
	early, late := rewards.Reason{Why: rewards.NotOpen, At: march(2)}, rewards.Reason{Why: rewards.TooNew, At: march(3)}
	for _, c := range []struct {
		reasons []rewards.Reason
		want    time.Time
	}{
		{nil, time.Time{}},
		{[]rewards.Reason{early}, march(2)},
		{[]rewards.Reason{early, late}, march(3)},
		{[]rewards.Reason{late, early}, march(3)},
		{[]rewards.Reason{late, {Why: rewards.Withdrawn}}, time.Time{}},
		{[]rewards.Reason{{Why: rewards.Withdrawn}, early}, time.Time{}},
	} {
		require.Equal(t, c.want, rewards.Offer{Reasons: c.reasons}.From())
	}
}

func TestWhatIsLeftOfAStock(t *testing.T) {
	for _, c := range []struct{ stock, sold, left int64 }{{50, 12, 38}, {50, 60, 0}, {1, 0, 1}, {0, 12, 0}} {
		reward := rewards.Reward{Stock: c.stock}
		require.Equal(t, c.left, reward.Offer(&rewards.Env{Sold: func(*rewards.Reward) int64 { return c.sold }}).Left)
	}
}

func TestWhenALimitEnds(t *testing.T) {
	used := func(n int64) rewards.Env {
		return rewards.Env{At: march(1), Quantity: 5, Used: func(*rewards.Reward, rewards.Limit) int64 { return n }}
	}
	for per, at := range map[points.Period]time.Time{
		points.PerMonth: time.Date(2027, time.April, 1, 0, 0, 0, 0, time.UTC),
		points.Lifetime: {},
	} {
		reward, env := rewards.Reward{Limits: []rewards.Limit{{Times: 5, Per: per}}}, used(1)
		reasons := reward.Refuse(&env)
		require.Len(t, reasons, 1)
		require.Equal(t, at, reasons[0].At, "five may be had, in another period")
		env = used(0)
		require.Empty(t, reward.Refuse(&env))
	}
}

func TestAMemberWhoMayNotRedeemIsToldSoFirst(t *testing.T) {
	reward := rewards.Reward{Withdrawn: true}
	require.Equal(t, []rewards.Reason{{Why: rewards.Closed}, {Why: rewards.Withdrawn}}, reward.Refuse(&rewards.Env{Closed: true}))
}

func TestEarlyAccessIsTheEarliestThatTheMemberHas(t *testing.T) {
	reward := rewards.Reward{
		When:  points.When{From: march(10)},
		Early: []rewards.Early{{Tiers: []string{"gold"}, From: march(8)}, {Tiers: []string{"silver"}, From: march(9)}},
	}
	const day = 24 * time.Hour
	for _, c := range []struct {
		name  string
		tiers []string
		early time.Duration
		want  time.Time
	}{
		{"nobody's", nil, 0, march(10)},
		{"silver's", []string{"silver"}, 0, march(9)},
		{"of two tiers the earlier", []string{"silver", "gold"}, 0, march(8)},
		{"earlier than the tier's", []string{"silver"}, 3 * day, march(7)},
		{"later than the tier's", []string{"gold"}, day, march(8)},
		{"never later than for others", nil, -day, march(10)},
	} {
		env := rewards.Env{At: march(1), Tiers: c.tiers, EarlyAccess: c.early}
		require.Equal(t, []rewards.Reason{{Why: rewards.NotOpen, At: c.want}}, reward.Refuse(&env), c.name)
	}
}

func TestPricesThatAMemberDoesNotHaveAreNotOffered(t *testing.T) {
	mixed := rewards.Price{Option: "mixed", Unit: "bean", Points: 50, Cash: eur("5"), Currency: "EUR", Tiers: []string{"gold"}}
	reward := rewards.Reward{Prices: append(beans(100), mixed)}
	silver := rewards.Env{Tiers: []string{"silver"}, Balances: []points.Balance{{Unit: "bean", Available: 60}}}
	gold := silver
	gold.Tiers = []string{"gold"}
	offer := reward.Offer(&silver)
	require.Equal(t, []rewards.Cost{{Unit: "bean", Points: 100}}, offer.Costs)
	require.Equal(t, []rewards.Reason{{Why: rewards.TooFewPoints, Unit: "bean", Needed: 100, Missing: 40}}, offer.Reasons)
	offer = reward.Offer(&gold)
	require.Equal(t, []rewards.Cost{{Unit: "bean", Points: 100}, {Option: "mixed", Unit: "bean", Points: 50, Cash: eur("5"), Currency: "EUR"}}, offer.Costs)
	require.True(t, offer.Redeemable, "one that can be paid is enough")

	reward.Prices = reward.Prices[1:]
	require.Equal(t, []rewards.Reason{{Why: rewards.NoPrice}}, reward.Offer(&silver).Reasons)
	free := rewards.Reward{}
	require.True(t, free.Offer(&silver).Redeemable)
}

func TestAnExchangeNeedsItsLeastPoints(t *testing.T) {
	reward := rewards.Reward{Exchange: &rewards.Exchange{Unit: "bean", Points: 100, Money: eur("1"), Currency: "EUR", Minimum: 450, Step: 100}}
	env := func(n points.Amount) *rewards.Env {
		return &rewards.Env{Balances: []points.Balance{{Unit: "bean", Available: n}}}
	}
	require.Equal(t, []rewards.Reason{{Why: rewards.TooFewPoints, Unit: "bean", Needed: 500, Missing: 1}}, reward.Offer(env(499)).Reasons)
	require.Empty(t, reward.Offer(env(500)).Reasons)
}

func TestSoManyThatTheirPriceIsBeyondAllNumbers(t *testing.T) {
	reward := rewards.Reward{Prices: beans(1_000_000_000_000_000)}
	env := rewards.Env{Quantity: 1_000_000_000_000, Balances: []points.Balance{{Unit: "bean", Available: 7}}}
	require.Equal(t, []rewards.Reason{{
		Why: rewards.TooFewPoints, Unit: "bean", Needed: points.MaxAmount, Missing: points.MaxAmount - 7,
	}}, reward.Offer(&env).Reasons)
}

func TestUnitsOfAReward(t *testing.T) {
	reward := rewards.Reward{Prices: []rewards.Price{
		{Unit: "star", Points: 1}, {Unit: "bean", Points: 5}, {Option: "b", Unit: "star", Points: 2}, {Option: "c", Cash: eur("5"), Currency: "EUR"},
	}}
	require.Equal(t, []string{"bean", "star"}, reward.Units())
	require.Equal(t, []string{"", "b", "c"}, reward.Options())
	free := rewards.Reward{}
	require.Equal(t, []string{""}, free.Options())
	donation := rewards.Reward{Type: rewards.TypeDonation, Exchange: &rewards.Exchange{Unit: "bean"}}
	require.Equal(t, []string{"bean"}, donation.Units())
	require.False(t, donation.Coded())
	require.False(t, donation.Divisible())
	card := rewards.Reward{Type: rewards.TypeGiftCard, Voucher: &rewards.Voucher{}}
	require.True(t, card.Coded())
	require.True(t, card.Divisible())
	require.Empty(t, card.Units())
}

func TestCosts(t *testing.T) {
	cost := rewards.Cost{Option: "mixed", Unit: "bean", Points: 50, Cash: eur("2.50"), Currency: "EUR"}
	three, err := cost.Times(3)
	require.NoError(t, err)
	require.EqualValues(t, 150, three.Points)
	require.Equal(t, "7.5", three.Cash.String())
	require.Equal(t, "1.50 bean and EUR 7.5", three.Words(points.Unit{Code: "bean", Scale: 2}))
	none, err := cost.Times(0)
	require.NoError(t, err)
	require.Equal(t, "free", none.Words(points.Unit{}))
	require.Equal(t, "50 bean", rewards.Cost{Unit: "bean", Points: 50}.Words(points.Unit{}))

	most, err := rewards.Cost{Points: 1 << 31}.Times(1<<32 - 1)
	require.NoError(t, err)
	require.EqualValues(t, 1<<63-1<<31, most.Points)
	for _, n := range []int64{1 << 32, 1 << 33, -2} { // 2^63, 2^64
		_, err = rewards.Cost{Points: 1 << 31}.Times(n)
		require.ErrorIs(t, err, points.ErrOverflow, "%d", n)
	}

	for _, c := range []struct {
		other rewards.Cost
		want  bool
	}{
		{cost, true},
		{rewards.Cost{Option: "", Unit: "bean", Points: 50, Cash: eur("2.5"), Currency: "EUR"}, true},
		{rewards.Cost{Unit: "star", Points: 50, Cash: eur("2.5"), Currency: "EUR"}, false},
		{rewards.Cost{Unit: "bean", Points: 51, Cash: eur("2.5"), Currency: "EUR"}, false},
		{rewards.Cost{Unit: "bean", Points: 50, Cash: eur("2.51"), Currency: "EUR"}, false},
		{rewards.Cost{Unit: "bean", Points: 50, Cash: eur("2.5"), Currency: "USD"}, false},
	} {
		require.Equal(t, c.want, cost.Equal(c.other), "%+v", c.other)
	}
	require.True(t, rewards.Cost{Unit: "bean"}.Equal(rewards.Cost{Unit: "star", Currency: "EUR"}), "nothing is nothing in every unit")
}

func TestOfPricesThatApplyTheLeastCounts(t *testing.T) {
	mondays := points.When{Weekdays: points.Mon}
	for _, c := range []struct {
		name   string
		prices []rewards.Price
		want   rewards.Cost
	}{
		{"the least points", []rewards.Price{{Unit: "bean", Points: 60}, {Unit: "bean", Points: 50}}, rewards.Cost{Unit: "bean", Points: 50}},
		{"then the least money", []rewards.Price{
			{Unit: "bean", Points: 50, Cash: eur("3"), Currency: "EUR"}, {Unit: "bean", Points: 50, Cash: eur("2"), Currency: "EUR"},
		}, rewards.Cost{Unit: "bean", Points: 50, Cash: eur("2"), Currency: "EUR"}},
		{"then the first unit", []rewards.Price{{Unit: "star", Points: 50}, {Unit: "bean", Points: 50}}, rewards.Cost{Unit: "bean", Points: 50}},
		{"nothing at all for a tier", append(beans(50), rewards.Price{Tiers: []string{"gold"}}), rewards.Cost{}},
		{"a price of every month is a season's", append(beans(50), rewards.Price{Unit: "bean", Points: 70, When: points.When{Months: []int{3}}}), rewards.Cost{Unit: "bean", Points: 70}},
		{"a price of an hour is a season's", append(beans(50), rewards.Price{Unit: "bean", Points: 70, When: points.When{Hours: []points.Hours{{From: 60}}}}), rewards.Cost{Unit: "bean", Points: 70}},
		{"a price of a day is a season's", append(beans(50), rewards.Price{Unit: "bean", Points: 70, When: points.When{Days: []int{1}}}), rewards.Cost{Unit: "bean", Points: 70}},
		{"a price of a weekday is a season's", append(beans(50), rewards.Price{Unit: "bean", Points: 70, When: mondays}), rewards.Cost{Unit: "bean", Points: 70}},
		{"a price that has begun is a season's", append(beans(50), rewards.Price{Unit: "bean", Points: 70, When: points.When{From: march(1)}}), rewards.Cost{Unit: "bean", Points: 70}},
		{"a price that will end is a season's", append(beans(50), rewards.Price{Unit: "bean", Points: 70, When: points.When{Until: march(2)}}), rewards.Cost{Unit: "bean", Points: 70}},
		{"a price of a tier and one of a season are alike", []rewards.Price{
			{Unit: "bean", Points: 70, When: mondays}, {Unit: "bean", Points: 60, Tiers: []string{"gold"}},
		}, rewards.Cost{Unit: "bean", Points: 60}},
	} {
		reward := rewards.Reward{Prices: c.prices}
		cost, ok := reward.Cost("", []string{"gold"}, march(1), nil)
		require.True(t, ok, c.name)
		require.Equal(t, c.want, cost, c.name)
		_, ok = reward.Cost("mixed", []string{"gold"}, march(1), nil)
		require.False(t, ok)
	}
	free := rewards.Reward{}
	_, ok := free.Cost("", nil, march(1), nil)
	require.True(t, ok)
	_, ok = free.Cost("mixed", nil, march(1), nil)
	require.False(t, ok)
	free.Exchange = &rewards.Exchange{}
	_, ok = free.Cost("", nil, march(1), nil)
	require.False(t, ok, "what an exchange costs says the member")
}
