package figures_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/figures"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// cards opens a shop in Vienna with gift cards of 10 euros that lapse after 60 days, of
// which one kind gives its points back unused, of 7 pounds and of 5.125 dinars.
func cards(t *testing.T, members ...string) *shop {
	t.Helper()
	s := &shop{store: memory.New(), now: time.Date(2027, time.January, 1, 9, 0, 0, 0, time.UTC)}
	card := func(code, amount, currency string, lapse rewards.Lapse) rewards.Reward {
		return rewards.Reward{
			Code: code, Type: rewards.TypeGiftCard, Benefit: rewards.Benefit{Amount: dec(amount), Currency: currency},
			Prices: []rewards.Price{{Unit: "bean", Points: 10}}, Voucher: &rewards.Voucher{}, Valid: points.ExpireAfter(60, points.Days), Lapse: lapse,
		}
	}
	reserved := card("reserved", "10", "EUR", rewards.LapseKeeps)
	reserved.Reserve = points.Span{N: 3, Unit: points.Days}
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna", Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(9, points.Years)}},
		Catalog: rewards.Catalog{
			card("card", "10", "EUR", rewards.LapseKeeps), card("kind", "10", "EUR", rewards.LapseReturns), reserved,
			card("pounds", "7", "GBP", rewards.LapseKeeps), card("dinars", "5.125", "KWD", rewards.LapseKeeps),
			{Code: "mug", Type: rewards.TypeFreeProduct, Benefit: rewards.Benefit{Items: []string{"mug"}}, Prices: []rewards.Price{{Unit: "bean", Points: 1}}},
		},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, s.store, &loyalty.Options{Clock: func() time.Time { return s.now }})
	require.NoError(t, err)
	s.engine = engine
	for _, member := range members {
		s.do(t, loyalty.Enroll{Member: member, Key: "enroll"})
		s.do(t, loyalty.Adjust{Member: member, Key: "beans", Unit: "bean", Points: 100_000, Reason: "start", Actor: "shop"})
	}
	return s
}

func (s *shop) redeem(t *testing.T, member, id, reward string) {
	t.Helper()
	s.do(t, loyalty.Redeem{Member: member, Key: id, Redemption: id, Reward: reward})
}

func (s *shop) use(t *testing.T, member, id, money string) {
	t.Helper()
	s.do(t, loyalty.UseVoucher{Member: member, Key: fmt.Sprint(id, " ", s.now), Redemption: id, Money: dec(money)})
}

func (s *shop) cardReport(t *testing.T, currency string, until time.Time) *figures.GiftCardReport {
	t.Helper()
	report, err := figures.GiftCards(t.Context(), s.engine, s.store, figures.GiftCardOptions{Currency: currency, Until: until, Zone: vienna(t)})
	require.NoError(t, err)
	return report
}

func (s *shop) settle(t *testing.T) {
	t.Helper()
	_, err := s.engine.RunDue(t.Context(), nil)
	require.NoError(t, err)
}

func told(m figures.GiftCardMoney) string {
	return fmt.Sprintf("issued %s, used %s, expired %s, outstanding %s", m.Issued, m.Used, m.Expired, m.Outstanding)
}

func TestGiftCardsAreCountedByTheMonthOfTheirIssue(t *testing.T) {
	s := cards(t, "anna", "ben")
	s.redeem(t, "anna", "used", "card")
	s.redeem(t, "anna", "lapses", "card")
	s.redeem(t, "anna", "unused", "kind")
	s.redeem(t, "ben", "partly", "kind")
	s.redeem(t, "ben", "cancelled", "card")
	s.redeem(t, "ben", "wished", "reserved")
	s.redeem(t, "ben", "never issued", "reserved")
	s.redeem(t, "ben", "mug", "mug")
	s.redeem(t, "ben", "pounds", "pounds")
	s.use(t, "anna", "used", "2.50")
	s.now = s.now.AddDate(0, 0, 1)
	s.do(t, loyalty.IssueRedemption{Member: "ben", Key: "issue", Redemption: "wished"})
	s.do(t, loyalty.CancelRedemption{Member: "ben", Key: "cancel", Redemption: "cancelled"})
	s.use(t, "ben", "partly", "4")
	// In Vienna it is February.
	s.now = time.Date(2027, time.January, 31, 23, 30, 0, 0, time.UTC)
	s.redeem(t, "anna", "february", "card")
	s.use(t, "anna", "used", "7.50")
	s.use(t, "anna", "february", "0.01")

	report := s.cardReport(t, "EUR", s.now.Add(time.Second))
	assert.True(t, report.Partial)
	require.Len(t, report.Cohorts, 2)
	assert.Equal(t, kpi.CalendarMonth(2027, time.January, vienna(t)).String(), report.Cohorts[0].Period.String())
	assert.Equal(t, "issued 50, used 14, expired 0, outstanding 36", told(report.Cohorts[0].GiftCardMoney))
	assert.Equal(t, "issued 10, used 0.01, expired 0, outstanding 9.99", told(report.Cohorts[1].GiftCardMoney))
	require.Len(t, report.Flows, 2)
	assert.Equal(t, "7.51", report.Flows[1].Used.String(), "of cards of any month")

	s.now = s.now.AddDate(0, 2, 0)
	s.settle(t)
	report = s.cardReport(t, "EUR", s.now)
	assert.Equal(t, "issued 40, used 14, expired 26, outstanding 0", told(report.Cohorts[0].GiftCardMoney), "an unused card that gives points back was never sold")
	assert.Equal(t, "issued 50, used 14.01, expired 26, outstanding 9.99", told(report.Total()))
	assert.Equal(t, "-10", report.Flows[2].Issued.String())
	for _, f := range []struct {
		figure kpi.Figure
		of     string
	}{{report.Redemption(), "14.01"}, {report.Breakage(), "26"}} {
		assert.Equal(t, f.of, f.figure.Numerator.String())
		assert.Equal(t, "50", f.figure.Denominator.String())
		assert.Equal(t, report.Cohorts[0].Period.Start, f.figure.Period.Start)
		assert.Equal(t, s.now, f.figure.Period.End)
		assert.NotEmpty(t, f.figure.Convention)
	}
	then := s.cardReport(t, "EUR", report.Cohorts[1].Period.Start)
	assert.Equal(t, "issued 50, used 6.5, expired 0, outstanding 43.5", told(then.Total()), "January's end as it was")
	assert.False(t, then.Partial)
	assert.Equal(t, "issued 7, used 0, expired 7, outstanding 0", told(s.cardReport(t, "GBP", s.now).Total()))
}

func TestMoneyOfManyDecimalsOnGiftCardsIsExact(t *testing.T) {
	s := cards(t, "anna")
	s.redeem(t, "anna", "one", "dinars")
	s.use(t, "anna", "one", "0.0001")
	s.now = s.now.Add(time.Second)
	s.use(t, "anna", "one", "0.000000000001")
	s.redeem(t, "anna", "two", "dinars")
	report := s.cardReport(t, "KWD", s.now.Add(time.Second))
	assert.Equal(t, "issued 10.25, used 0.000100000001, expired 0, outstanding 10.249899999999", told(report.Total()))
}

func TestNoGiftCardsAreNoMoneyAndNoRate(t *testing.T) {
	s := cards(t, "anna")
	report := s.cardReport(t, "EUR", s.now)
	assert.Equal(t, "issued 0, used 0, expired 0, outstanding 0", told(report.Total()))
	require.ErrorIs(t, report.Redemption().Err(), kpi.ErrUndefined)
	require.ErrorIs(t, report.Breakage().Err(), kpi.ErrUndefined)
	roll, err := report.RollForward(liability.Policy{Method: liability.Remote}, dec("1"), 0)
	require.NoError(t, err)
	assert.Empty(t, roll.Movements)
	_, err = report.RollForward(liability.Policy{Method: liability.Remote}, dec("-1"), 0)
	require.ErrorIs(t, err, kpi.ErrInvalid)
	require.ErrorContains(t, err, "share")
	_, err = figures.GiftCards(t.Context(), s.engine, s.store, figures.GiftCardOptions{})
	require.ErrorIs(t, err, kpi.ErrInvalid)
	require.ErrorContains(t, err, "currency")
	require.ErrorContains(t, err, "until")
}

// The story of a card with very many uses leaves the oldest out, but none of its money,
// and no month changes, wherever months begin.
func TestUsesThatARedemptionTellsNoMoreStayInTheirMonths(t *testing.T) {
	s := cards(t, "anna")
	s.redeem(t, "anna", "one", "card")
	months := map[string]map[time.Month]decimal.Decimal{"Europe/Vienna": {}, "Pacific/Kiritimati": {}, "Pacific/Pago_Pago": {}, "Asia/Kathmandu": {}}
	for i := range 115 {
		s.now = s.now.Add(12 * time.Hour)
		at := s.now.Add(-time.Duration(i%3) * 7 * time.Hour)
		s.do(t, loyalty.UseVoucher{Member: "anna", Key: fmt.Sprint("use ", i), Redemption: "one", Money: dec("0.08"), OccurredAt: at})
		for name, used := range months {
			used[at.In(zone(t, name)).Month()] = used[at.In(zone(t, name)).Month()].Add(dec("0.08"))
		}
	}
	holds := func(sure string, end func(*figures.GiftCardReport) string, want string) {
		for name, used := range months {
			o := figures.GiftCardOptions{Currency: "EUR", Until: s.now.Add(time.Second), Zone: zone(t, name)}
			report, err := figures.GiftCards(t.Context(), s.engine, s.store, o)
			require.NoError(t, err)
			require.Len(t, report.Cohorts, 1, name)
			assert.Equal(t, want, end(report), "%s, %s", name, sure)
			for _, f := range report.Flows {
				month := f.Period.Start.In(zone(t, name)).Month()
				assert.Equal(t, used[month].String(), f.Used.String(), "%s of %s, %s", month, name, sure)
			}
			february := time.Date(2027, time.February, 1, 0, 0, 0, 0, zone(t, name))
			o.Until = february
			report, err = figures.GiftCards(t.Context(), s.engine, s.store, o)
			require.NoError(t, err)
			assert.Equal(t, used[time.January].String(), report.Total().Used.String(), "until February of %s, %s", name, sure)
		}
	}
	all := func(r *figures.GiftCardReport) string { return told(r.Cohorts[0].GiftCardMoney) }
	holds("as it is", all, "issued 10, used 9.2, expired 0, outstanding 0.8")
	s.do(t, loyalty.Erase{Member: "anna", Key: "erase"})
	holds("erased", all, "issued 10, used 9.2, expired 0.8, outstanding 0")
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	require.NoError(t, err)
	return zone
}

// What is recorded late is of the month in which it happened, as points are.
func TestMoneyOnGiftCardsIsOfTheMonthInWhichItHappened(t *testing.T) {
	s := cards(t, "anna")
	s.redeem(t, "anna", "one", "card")
	s.now = time.Date(2027, time.February, 1, 9, 0, 0, 0, time.UTC)
	late := func(hour int) time.Time { return time.Date(2027, time.January, 31, hour, 0, 0, 0, time.UTC) }
	s.do(t, loyalty.UseVoucher{Member: "anna", Key: "use one", Redemption: "one", Money: dec("6"), OccurredAt: late(18)})
	s.do(t, loyalty.Redeem{Member: "anna", Key: "two", Redemption: "two", Reward: "card", OccurredAt: late(12)})
	s.do(t, loyalty.UseVoucher{Member: "anna", Key: "use two", Redemption: "two", Money: dec("1"), OccurredAt: late(10)})
	s.redeem(t, "anna", "three", "card")
	s.do(t, loyalty.UseVoucher{Member: "anna", Key: "use three", Redemption: "three", Money: dec("2"), OccurredAt: late(12)})
	r, err := s.engine.Redemption(t.Context(), "anna", "two")
	require.NoError(t, err)
	assert.Equal(t, []time.Time{s.now, late(12), s.now, late(10)}, []time.Time{r.Steps[0].At, r.Steps[0].OccurredAt, r.Steps[1].At, r.Steps[1].OccurredAt})

	february := time.Date(2027, time.February, 1, 0, 0, 0, 0, vienna(t))
	holds := func(sure string) {
		assert.Equal(t, "issued 20, used 7, expired 0, outstanding 13", told(s.cardReport(t, "EUR", february).Total()), sure)
		report := s.cardReport(t, "EUR", s.now.Add(time.Second))
		var flows []string
		for _, f := range report.Flows {
			flows = append(flows, fmt.Sprintf("issued %s, used %s", f.Issued, f.Used))
		}
		assert.Equal(t, []string{"issued 20, used 7", "issued 10, used 2"}, flows, "a use is not before the card: %s", sure)
	}
	holds("as it is")
	s.do(t, loyalty.Erase{Member: "anna", Key: "erase"})
	holds("erased")
}

// countingStore counts how often the first page of accounts is read.
type countingStore struct {
	storage.Store
	reads int
}

func (s *countingStore) Accounts(ctx context.Context, q storage.AccountQuery) (storage.Page[storage.Account], error) {
	if q.After == "" {
		s.reads++
	}
	return s.Store.Accounts(ctx, q)
}

func TestMoneyOfManyDecimalsIsReadTwice(t *testing.T) {
	s := cards(t, "anna")
	for i, money := range []string{"1.500", "0.001", "0.0001", "0.00001", "0.000001000"} {
		id := fmt.Sprint("r", i)
		s.redeem(t, "anna", id, "dinars")
		s.use(t, "anna", id, money)
	}
	s.redeem(t, "anna", "euros", "card")
	s.use(t, "anna", "euros", "1.5000")
	store := &countingStore{Store: s.store}
	for currency, want := range map[string]int{"KWD": 2, "EUR": 1} {
		store.reads = 0
		report, err := figures.GiftCards(t.Context(), s.engine, store, figures.GiftCardOptions{Currency: currency, Until: s.now.Add(time.Second)})
		require.NoError(t, err)
		assert.Equal(t, want, store.reads, currency)
		if currency == "KWD" {
			assert.Equal(t, "issued 25.625, used 1.501111, expired 0, outstanding 24.123889", told(report.Total()))
		}
	}
}

func TestTheBooksOfGiftCardsOutliveAnErasure(t *testing.T) {
	for _, sure := range []string{"at once", "after a merge"} {
		t.Run(sure, func(t *testing.T) {
			s := cards(t, "anna", "old")
			s.redeem(t, "anna", "open", "kind")
			s.redeem(t, "anna", "partly", "card")
			s.redeem(t, "anna", "reserved", "reserved")
			s.redeem(t, "anna", "lapses", "kind")
			s.use(t, "anna", "partly", "3.25")
			s.redeem(t, "old", "open", "card")
			s.use(t, "old", "open", "10")
			before := s.cardReport(t, "EUR", s.now.Add(time.Second))
			assert.Equal(t, "issued 40, used 13.25, expired 0, outstanding 26.75", told(before.Total()))
			march := s.now.AddDate(0, 2, 0)
			until := march
			s.now = march
			s.do(t, loyalty.CancelRedemption{Member: "anna", Key: "cancel", Redemption: "lapses"})
			if sure == "after a merge" {
				s.do(t, loyalty.Merge{From: "old", Member: "anna", Key: "merge"})
				assert.Equal(t, told(before.Total()), told(s.cardReport(t, "EUR", until).Total()), "each card is counted once")
			}
			s.do(t, loyalty.Erase{Member: "anna", Key: "erase"})
			s.settle(t)
			assert.Equal(t, told(before.Total()), told(s.cardReport(t, "EUR", until).Total()), "what was is as it was")
			after := s.cardReport(t, "EUR", s.now.Add(time.Second))
			assert.Equal(t, "issued 30, used 13.25, expired 16.75, outstanding 0", told(after.Total()), "what was left expired with the member")
		})
	}
}

func TestACardWhosePointsCameBackIsNotSoldByAnErasure(t *testing.T) {
	s := cards(t, "anna")
	s.redeem(t, "anna", "one", "kind")
	s.redeem(t, "anna", "two", "card")
	s.do(t, loyalty.RejectRedemption{Member: "anna", Key: "reject", Redemption: "two", Reason: "a mistake", Actor: "shop"})
	s.now = s.now.AddDate(0, 3, 0)
	s.settle(t)
	none := "issued 0, used 0, expired 0, outstanding 0"
	assert.Equal(t, none, told(s.cardReport(t, "EUR", s.now).Total()))
	s.do(t, loyalty.Erase{Member: "anna", Key: "erase"})
	assert.Equal(t, none, told(s.cardReport(t, "EUR", s.now.Add(time.Second)).Total()))
}

// traffic is a shop after two years of gift cards.
func traffic(t *testing.T) *shop {
	t.Helper()
	members := []string{"anna", "ben", "cem"}
	s := cards(t, members...)
	random := rand.New(rand.NewPCG(7, 19))
	for i := range 260 {
		s.now = s.now.Add(time.Duration(random.IntN(130)) * time.Hour)
		member, id := members[random.IntN(len(members))], fmt.Sprint("r", i)
		s.redeem(t, member, id, []string{"card", "kind"}[random.IntN(2)])
		for range random.IntN(4) {
			s.now = s.now.Add(time.Duration(random.IntN(200)) * time.Hour)
			r, err := s.engine.Redemption(t.Context(), member, id)
			require.NoError(t, err)
			if !r.State.Ended() {
				s.use(t, member, id, decimal.Min(r.Left, decimal.New(1+random.Int64N(900), -2)).String())
			}
		}
	}
	s.settle(t)
	return s
}

func TestWhatIsOwedOnGiftCardsIsThatOfTheRealCards(t *testing.T) {
	s := traffic(t)
	until := s.now.Add(time.Second)
	report := s.cardReport(t, "EUR", until)
	total := report.Total()
	left := decimal.Zero
	for _, member := range []string{"anna", "ben", "cem"} {
		for r, err := range s.engine.Redemptions(t.Context(), member) {
			require.NoError(t, err)
			if !r.State.Ended() {
				left = left.Add(r.Left)
			}
		}
	}
	assert.Equal(t, left.String(), total.Outstanding.String())
	assert.True(t, left.IsPositive() && total.Expired.IsPositive())

	remote, err := report.RollForward(liability.Policy{Method: liability.Remote, Currency: "EUR"}, dec("1"), 0)
	require.NoError(t, err)
	last := remote.Movements[len(remote.Movements)-1]
	assert.Equal(t, left.String(), last.Closing.String())
	p, err := liability.GiftCards(liability.Policy{Method: liability.Remote, Currency: "EUR"}, report.Prepaid(decimal.Zero))
	require.NoError(t, err)
	assert.Equal(t, last.Closing.String(), p.Liability.String())
	assert.Equal(t, last.Cumulative.String(), p.Revenue.String())
	for _, m := range remote.Movements {
		then := s.cardReport(t, "EUR", m.Period.End)
		assert.Equal(t, then.Total().Outstanding.String(), m.Closing.String(), "%s", m.Period)
	}

	estimate, err := report.Ultimate(0)
	require.NoError(t, err)
	rate, ok := estimate.Redemption.Value()
	require.True(t, ok)
	realized, _ := report.Redemption().Value()
	assert.Greater(t, rate, realized)
	breakage := decimal.NewFromInt(1).Sub(decimal.NewFromFloat(rate).Round(6))
	expected, err := liability.GiftCards(liability.Policy{Method: liability.Proportional, Currency: "EUR"}, report.Prepaid(breakage))
	require.NoError(t, err)
	assert.True(t, expected.Liability.LessThan(p.Liability), "breakage that is expected is revenue earlier")
	half, err := report.RollForward(liability.Policy{Method: liability.Proportional, Currency: "EUR"}, dec("0.5"), 0)
	require.NoError(t, err)
	assert.True(t, half.Movements[len(half.Movements)-1].Closing.LessThan(left.Div(decimal.NewFromInt(2))))
}
