package loyalty_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// returns has anna, whose orders earn two beans a euro, pending until the end of the
// fourteenth day, which then expire after thirty.
func returns(t *testing.T, start time.Time, change func(*loyalty.Program)) *shop {
	program := householdProgram(loyalty.ToContributors)
	unit := &program.Units[0]
	unit.Pending = points.For(14, points.Days).At(points.EndOfDay)
	unit.Expiry = points.ExpireAfter(30, points.Days).At(points.EndOfDay)
	program.Earning = []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 2, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
	program.Refunds.Cuts = []loyalty.Cut{{Unit: "bean", Currency: "EUR", Points: 7, Money: decimal.RequireFromString("0.11"), Rounding: points.HalfEven}}
	if change != nil {
		change(&program)
	}
	s := openShop(t, program)
	s.now = start
	for _, member := range []string{"anna", "ben", "zoe"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	return s
}

func TestPointsArePendingForARefundUpToTheMidnightOfTheirZone(t *testing.T) {
	for name, c := range map[string]struct{ bought, matures string }{
		"over the 29 February":                  {"2028-02-15T12:00:00+01:00", "2028-03-01T00:00:00+01:00"},
		"over the 28 of a common year":          {"2027-02-14T23:59:59+01:00", "2027-03-01T00:00:00+01:00"},
		"bought on the 29 February":             {"2028-02-29T00:00:00+01:00", "2028-03-15T00:00:00+01:00"},
		"as summer time begins":                 {"2028-03-12T23:59:59.999999+01:00", "2028-03-27T00:00:00+02:00"},
		"as it ends":                            {"2027-10-17T00:00:00+02:00", "2027-11-01T00:00:00+01:00"},
		"on a day that is another one in UTC":   {"2027-05-01T00:30:00+02:00", "2027-05-16T00:00:00+02:00"},
		"in the hour that comes a second time":  {"2027-10-31T02:30:00+01:00", "2027-11-15T00:00:00+01:00"},
		"in the hour that there is only in UTC": {"2028-03-26T01:30:00+00:00", "2028-04-10T00:00:00+02:00"},
	} {
		t.Run(name, func(t *testing.T) {
			bought, err := time.Parse(time.RFC3339, c.bought)
			require.NoError(t, err)
			matures, err := time.Parse(time.RFC3339, c.matures)
			require.NoError(t, err)
			s := returns(t, bought, nil)
			s.must(sale("1001", 30))
			s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 10, Reason: "gift", Actor: "ada"})

			s.now = matures.Add(-time.Microsecond)
			require.EqualValues(t, 60, s.balance().Pending)
			s.must(loyalty.Refund{Member: "anna", Key: "1", Order: "1001", Lines: []points.RefundLine{{Line: "1", Amount: decimal.NewFromInt(10)}}})
			require.EqualValues(t, 40, s.balance().Pending)
			require.EqualValues(t, 10, s.balance().Available)

			s.now = matures
			require.EqualValues(t, 50, s.balance().Available)
			s.must(loyalty.Spend{Member: "anna", Key: "cup", Unit: "bean", Points: 5})
			s.must(loyalty.Refund{Member: "anna", Key: "2", Order: "1001", Lines: []points.RefundLine{{Line: "1", Amount: decimal.NewFromInt(10)}}})
			require.Equal(t, points.Balance{Unit: "bean", Available: 25}, s.balance())

			expires := matures.In(vienna(t)).AddDate(0, 0, 31)
			s.now = expires.Add(-time.Microsecond)
			require.EqualValues(t, 20, s.balance().Available, "the gift is over, and what the order has left is not")
			s.now = expires
			receipt := s.must(loyalty.Refund{Member: "anna", Key: "3", Order: "1001", Full: true})
			require.Len(t, receipt.Shortfalls, 1, "they have expired")
			require.EqualValues(t, 20, receipt.Shortfalls[0].Amount)
			s.verify()
		})
	}
}

func TestOfTwoRefundsAtOnceEachTakesWhatTheOtherLeft(t *testing.T) {
	for n := range 8 {
		s := returns(t, day(2027, time.March, 1), nil)
		s.must(sale("1001", 30))
		refunds := []loyalty.Refund{
			{Member: "anna", Key: "full", Order: "1001", Full: true},
			{Member: "anna", Key: "full, too", Order: "1001", Full: true},
			{Member: "anna", Key: "20", Order: "1001", Amount: decimal.NewFromInt(20)},
			{Member: "anna", Key: "20, too", Order: "1001", Amount: decimal.NewFromInt(20)},
		}[n%2*2:][:2]
		errs := make(chan error, len(refunds))
		for _, refund := range refunds {
			go func() {
				_, err := s.Do(t.Context(), refund)
				errs <- err
			}()
		}
		refused := 0
		for range refunds {
			if err := <-errs; err != nil {
				require.ErrorIs(t, err, loyalty.ErrOverRefund)
				refused++
			}
		}
		want := []points.Amount{0, 20}[n%2]
		require.Equal(t, n%2, refused)
		require.Equal(t, want, s.balance().Pending)
		for _, refund := range refunds {
			if _, err := s.Do(t.Context(), refund); err != nil {
				require.ErrorIs(t, err, loyalty.ErrOverRefund)
			}
		}
		require.Equal(t, want, s.balance().Pending, "with their keys again they take nothing")
		s.verify()
	}
}

func TestAnOrderIsRefundedByWhatItEarnedUnderAnotherRevision(t *testing.T) {
	program := earning()
	later := earning()
	later.EffectiveAt = day(2027, time.April, 1)
	later.Earning = []points.Rule{
		{Code: "base", Spend: &points.SpendRate{Points: 5, Per: decimal.NewFromInt(1), Currency: "USD"}}, {Code: "new", Bonus: 100},
	}
	later.Refunds.Cuts = []loyalty.Cut{{Unit: "bean", Currency: "EUR", Points: 1, Money: decimal.RequireFromString("0.5")}}
	s := openShop(t, program)
	s.revise(program, later)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(sale("1001", 30))
	s.now = later.EffectiveAt.Add(-time.Microsecond)
	s.must(sale("1002", 10))
	s.now = later.EffectiveAt
	s.refused(sale("1003", 10), points.ErrUnknownCurrency)
	late := sale("1003", 10)
	late.OccurredAt = s.now.Add(-time.Microsecond)
	require.EqualValues(t, 10, s.must(late).Awards[0].Points, "it is of the revision in which it happened")

	s.must(loyalty.Refund{Member: "anna", Key: "a third", Order: "1001", Amount: decimal.NewFromInt(10)})
	require.EqualValues(t, 40, s.balance().Available)
	s.must(loyalty.Spend{Member: "anna", Key: "cup", Unit: "bean", Points: 35})
	receipt := s.must(loyalty.Refund{Member: "anna", Key: "the rest", Order: "1001", Full: true})
	require.Zero(t, s.balance().Available)
	require.Equal(t, points.Amount(15), receipt.Shortfalls[0].Amount)
	require.Equal(t, "7.5", receipt.Shortfalls[0].Money.String(), "what is missing is worth what it is now")
	require.Empty(t, s.must(loyalty.Refund{Member: "anna", Key: "once more", Order: "1001", Full: true}).Shortfalls)
	s.verify()
}

// Whatever became of the points of an order, its refunds take, owe or report each of them
// once, and the cuts add up to what the missing ones are worth.
func TestEveryPointOfARefundedOrderIsTakenOwedOrMissingOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		pick := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(rt, label) }
		var sources []loyalty.RefundSource
		starts := []time.Time{
			day(2028, time.February, 14), day(2028, time.March, 25), day(2027, time.October, 30),
			time.Date(2027, time.December, 31, 22, 59, 59, 999_999_000, time.UTC),
		}
		s := returns(t, starts[pick("start", len(starts))], func(p *loyalty.Program) {
			all := []loyalty.RefundSource{loyalty.FromPending, loyalty.FromOwn, loyalty.FromOthers}
			if pick("debt", 2) == 1 {
				p.Debt = loyalty.AllowDebt
				all = append(all, loyalty.FromDebt)
			}
			if sources = all; pick("own order", 2) == 1 {
				sources = rapid.Permutation(all).Draw(rt, "sources")[:1+pick("so many", len(all))]
				p.Refunds.From = sources
			}
		})
		f := &refundWays{t: rt, shop: s, pick: pick, sources: sources, who: "anna"}
		s.must(loyalty.FoundPool{Member: "anna", Key: "found", Pool: "home", Kind: "household"})
		for i := range 1 + pick("orders", 3) {
			f.buy(fmt.Sprint("order ", i))
		}
		for range 3 + pick("steps", 10) {
			f.step()
		}
		for i := range f.orders {
			f.refund(i, loyalty.Refund{Full: true})
			order := &f.orders[i]
			require.Equal(rt, order.earned, order.taken+order.missing, "all that %s earned", order.id)
			worth := decimal.RequireFromString("0.11").Mul(decimal.NewFromInt(int64(order.missing))).DivRound(decimal.NewFromInt(7), 12)
			require.True(rt, worth.RoundBank(2).Equal(order.cut), "%d missing cut %s", order.missing, order.cut)
			f.refund(i, loyalty.Refund{Full: true})
		}
		s.verify()
	})
}

// refundWays is a member who buys and brings back, and what refunds took so far.
type refundWays struct {
	t       *rapid.T
	shop    *shop
	pick    func(string, int) int
	sources []loyalty.RefundSource
	who     string
	orders  []returned
	n       int
}

type returned struct {
	id                     string
	lines                  []points.Line
	earned, taken, missing points.Amount
	cut                    decimal.Decimal
	refunded               bool
}

func (f *refundWays) key() string {
	f.n++
	return fmt.Sprint("key ", f.n)
}

// try runs a command that may be refused for want of points.
func (f *refundWays) try(cmd loyalty.Command) {
	_, err := f.shop.Do(f.shop.t.Context(), cmd)
	for _, known := range []error{
		nil, loyalty.ErrInsufficientPoints, loyalty.ErrNotMerged, loyalty.ErrNothingPending, loyalty.ErrHoldClosed,
		loyalty.ErrUnknownHold, loyalty.ErrUnknownOrder, loyalty.ErrSameMember, loyalty.ErrNotInPool, loyalty.ErrTooLate,
	} {
		if errors.Is(err, known) {
			return
		}
	}
	require.NoError(f.t, err)
}

func (f *refundWays) buy(id string) {
	order := points.Order{ID: id, Currency: "EUR"}
	for range 1 + f.pick("lines", 3) {
		order.Lines = append(order.Lines, points.Line{
			Quantity: int64(1 + f.pick("quantity", 3)), Amount: decimal.New(int64(rapid.IntRange(1, 3000).Draw(f.t, "cents")), -2),
		})
	}
	receipt := f.shop.must(loyalty.Earn{Member: "anna", Key: f.key(), Order: order})
	bought := returned{id: id, lines: order.Lines}
	if len(receipt.Awards) > 0 {
		bought.earned = receipt.Awards[0].Points
	}
	f.orders = append(f.orders, bought)
}

func (f *refundWays) step() {
	m, amount := f.who, points.Amount(1+f.pick("amount", 25))
	s, i := f.shop, f.pick("order", len(f.orders))
	switch f.pick("step", 12) {
	case 0:
		steps := []time.Duration{time.Microsecond, time.Hour, 25 * time.Hour, 15 * 24 * time.Hour, 31 * 24 * time.Hour}
		s.now = s.now.Add(steps[f.pick("time", len(steps))])
	case 1:
		f.try(loyalty.Confirm{Member: m, Key: f.key(), Order: f.orders[i].id})
	case 2:
		f.try(loyalty.Spend{Member: m, Key: f.key(), Unit: "bean", Points: amount})
	case 3:
		f.try(loyalty.Transfer{Member: m, Key: f.key(), To: "ben", Unit: "bean", Points: amount})
	case 4:
		f.try(loyalty.Hold{Member: m, Key: f.key(), ID: fmt.Sprint("hold ", f.n), Unit: "bean", Points: amount, Until: s.now.AddDate(0, 0, f.pick("days", 40)+1)})
	case 5:
		f.try(loyalty.Void{Member: m, Key: f.key(), Hold: fmt.Sprint("hold ", f.pick("hold", f.n+1))})
	case 6:
		f.try(loyalty.ContributeToPool{Member: m, Key: f.key(), Pool: "home", Unit: "bean", Points: amount})
	case 7:
		f.try(loyalty.Merge{Member: "zoe", Key: f.key(), From: "anna"})
	case 8:
		f.try(loyalty.UnMerge{Member: "zoe", Key: f.key(), From: "anna"})
	case 9:
		f.try(loyalty.Adjust{Member: m, Key: f.key(), Unit: "bean", Points: amount, Reason: "gift", Actor: "ada"})
	case 10:
		line := f.pick("line", len(f.orders[i].lines))
		f.refund(i, loyalty.Refund{Lines: []points.RefundLine{{Line: fmt.Sprint(line + 1), Quantity: 1}}})
	default:
		f.refund(i, loyalty.Refund{Amount: decimal.New(int64(1+f.pick("cents", 1500)), -2)})
	}
}

// refund brings a part of an order back, twice with the same key.
func (f *refundWays) refund(i int, c loyalty.Refund) {
	order, s := &f.orders[i], f.shop
	c.Member, c.Key, c.Order = f.who, f.key(), order.id
	before := f.member()
	receipt, err := s.Do(s.t.Context(), c)
	if errors.Is(err, loyalty.ErrOverRefund) {
		return
	}
	require.NoError(f.t, err)
	again := s.must(c)
	require.True(f.t, again.Replayed)
	require.Equal(f.t, receipt.Shortfalls, again.Shortfalls)
	after := f.member()

	was, is := before.Balance("bean"), after.Balance("bean")
	took := was.Pending + was.Available - is.Pending - is.Available + is.Debt - was.Debt
	var missing points.Amount
	for _, short := range receipt.Shortfalls {
		missing += short.Amount
		order.cut = order.cut.Add(short.Money)
	}
	require.GreaterOrEqual(f.t, took, points.Amount(0))
	require.Equal(f.t, was.Held, is.Held, "what is on hold is set aside")
	order.taken, order.missing = order.taken+took, order.missing+missing
	require.LessOrEqual(f.t, order.taken+order.missing, order.earned)
	if order.refunded {
		require.Zero(f.t, took+missing, "all of it was taken back")
	}
	order.refunded = order.refunded || c.Full

	for _, source := range f.sources[:slices.Index(append(slices.Clip(f.sources), loyalty.FromDebt), loyalty.FromDebt)] {
		left := is.Available
		switch source {
		case loyalty.FromPending:
			left = ownOf(after, order.id, true)
		case loyalty.FromOwn:
			left = ownOf(after, order.id, false)
		}
		if left > 0 {
			require.Zero(f.t, missing+is.Debt-was.Debt, "%s has %d left", source, left)
		}
	}
	if len(f.sources) > 0 && f.sources[0] == loyalty.FromPending && ownOf(after, order.id, true) > 0 {
		require.Equal(f.t, was.Available, is.Available, "own pending points go first")
	}
	for _, other := range f.orders {
		if other.id != order.id {
			require.Equal(f.t, ownOf(before, other.id, true), ownOf(after, other.id, true), "pending points of another order stay")
		}
	}
}

func (f *refundWays) member() loyalty.Member {
	m, err := f.shop.Member(f.shop.t.Context(), f.who)
	require.NoError(f.t, err)
	return m
}

// ownOf is what a member has of points of an order, pending or available.
func ownOf(m loyalty.Member, order string, pending bool) points.Amount {
	var sum points.Amount
	for _, lot := range m.Lots {
		if lot.Source == order && (lot.State == points.LotPending) == pending {
			sum += lot.Remaining
		}
	}
	return sum
}
