package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func earning() loyalty.Program {
	program := beans(points.ExpireAfter(12, points.Months))
	program.Earning = coffee().Earning
	return program
}

func TestRefundsTakeFromWhereTheProgramSays(t *testing.T) {
	for _, c := range []struct {
		name             string
		debt             loyalty.DebtPolicy
		from             []loyalty.RefundSource
		left, owed, lack points.Amount
	}{
		{"by default other points go, and the rest is missing", loyalty.RefuseDebt, nil, 0, 0, 15},
		{"with debt the rest is owed", loyalty.AllowDebt, nil, 0, 15, 0},
		{"own points only", loyalty.RefuseDebt, []loyalty.RefundSource{loyalty.FromPending, loyalty.FromOwn}, 5, 0, 20},
		{"own points, then debt", loyalty.AllowDebt, []loyalty.RefundSource{loyalty.FromPending, loyalty.FromOwn, loyalty.FromDebt}, 5, 20, 0},
		{"debt for adjustments only", loyalty.AllowDebt, []loyalty.RefundSource{loyalty.FromOwn}, 5, 0, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			program := earning()
			program.Debt, program.Refunds.From = c.debt, c.from
			s := openShop(t, program)
			s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
			s.must(sale("1001", 30))
			s.must(loyalty.Spend{Member: "anna", Key: "cup", Unit: "bean", Points: 20})
			s.must(gift("other", 5, points.Never))
			receipt := s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1001", Full: true})
			b := s.balance()
			require.Equal(t, []points.Amount{c.left, c.owed}, []points.Amount{b.Available, b.Debt})
			lack := points.Amount(0)
			for _, short := range receipt.Shortfalls {
				lack += short.Amount
			}
			require.Equal(t, c.lack, lack)
			s.verify()
		})
	}
}

func TestMissingPointsCutTheRefundByTheirWorth(t *testing.T) {
	eur := func(text string) decimal.Decimal { return decimal.RequireFromString(text) }
	for _, c := range []struct {
		name string
		cut  loyalty.Cut
		want string
	}{
		{"a stated rate, rounded down", loyalty.Cut{Unit: "bean", Currency: "EUR", Points: 300, Money: eur("1")}, "0.06"},
		{"rounded up", loyalty.Cut{Unit: "bean", Currency: "EUR", Points: 300, Money: eur("1"), Rounding: points.Ceil}, "0.07"},
		{"to five cents", loyalty.Cut{Unit: "bean", Currency: "EUR", Points: 300, Money: eur("1"), Step: eur("0.05"), Rounding: points.HalfUp}, "0.05"},
		{"the order's own rate", loyalty.Cut{Unit: "bean", OrderRate: true}, "20"},
		{"another currency", loyalty.Cut{Unit: "bean", Currency: "USD", Points: 300, Money: eur("1")}, "0"},
		{"0.05 in tenths, up", loyalty.Cut{Unit: "bean", Currency: "EUR", Points: 400, Money: eur("1"), Step: eur("0.1"), Rounding: points.HalfUp}, "0.1"},
		{"0.05 in tenths, to the even 0", loyalty.Cut{Unit: "bean", Currency: "EUR", Points: 400, Money: eur("1"), Step: eur("0.1"), Rounding: points.HalfEven}, "0"},
		{"0.15 in tenths, to the even 2", loyalty.Cut{Unit: "bean", Currency: "EUR", Points: 400, Money: eur("3"), Step: eur("0.1"), Rounding: points.HalfEven}, "0.2"},
		{"0.25 in tenths, to the even 2", loyalty.Cut{Unit: "bean", Currency: "EUR", Points: 400, Money: eur("5"), Step: eur("0.1"), Rounding: points.HalfEven}, "0.2"},
		{"a little more than 0.25 goes up", loyalty.Cut{Unit: "bean", Currency: "EUR", Points: 399, Money: eur("5"), Step: eur("0.1"), Rounding: points.HalfEven}, "0.3"},
		{"a little less does not", loyalty.Cut{Unit: "bean", Currency: "EUR", Points: 401, Money: eur("5"), Step: eur("0.1"), Rounding: points.HalfUp}, "0.2"},
		{"two tenths are not rounded up", loyalty.Cut{Unit: "bean", Currency: "EUR", Points: 100, Money: eur("1"), Step: eur("0.1"), Rounding: points.Ceil}, "0.2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			program := earning()
			program.Refunds.Cuts = []loyalty.Cut{c.cut}
			s := openShop(t, program)
			s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
			s.must(sale("1001", 30))
			s.must(loyalty.Spend{Member: "anna", Key: "cup", Unit: "bean", Points: 20})
			receipt := s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1001", Full: true})
			require.Len(t, receipt.Shortfalls, 1)
			require.Equal(t, points.Amount(20), receipt.Shortfalls[0].Amount)
			require.Equal(t, c.want, receipt.Shortfalls[0].Money.String())
			s.verify()
		})
	}
}

func TestACutOfItsOwnCurrencyCountsBeforeOneOfEvery(t *testing.T) {
	stated := loyalty.Cut{Unit: "bean", Currency: "EUR", Points: 100, Money: decimal.NewFromInt(1)}
	every, other := loyalty.Cut{Unit: "bean", OrderRate: true}, loyalty.Cut{Unit: "star", Currency: "EUR", Points: 1, Money: decimal.NewFromInt(9)}
	for _, cuts := range [][]loyalty.Cut{{other, stated, every}, {every, other, stated}, {stated, every, other}} {
		program := earning()
		program.Units = append(program.Units, points.Unit{Code: "star", Expiry: points.NeverExpire()})
		program.Refunds.Cuts = cuts
		s := openShop(t, program)
		s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
		s.must(sale("1001", 30))
		s.must(loyalty.Spend{Member: "anna", Key: "cup", Unit: "bean", Points: 20})
		receipt := s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1001", Full: true})
		require.Equal(t, []loyalty.Shortfall{{Unit: "bean", Amount: 20, Money: decimal.RequireFromString("0.2"), Currency: "EUR"}}, receipt.Shortfalls)
		s.verify()
	}
}

func TestTheOrdersOwnRateIsOfTheMoneyThatCounted(t *testing.T) {
	program := earning()
	program.Refunds.Cuts = []loyalty.Cut{{Unit: "bean", OrderRate: true}}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	order := sale("1001", 30)
	order.Order.Lines = append(order.Order.Lines, points.Line{ID: "gift", Amount: decimal.NewFromInt(60), StoredValue: true})
	s.must(order)
	require.EqualValues(t, 30, s.balance().Available)
	s.must(loyalty.Spend{Member: "anna", Key: "cup", Unit: "bean", Points: 20})
	receipt := s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1001", Full: true})
	require.Equal(t, []loyalty.Shortfall{{Unit: "bean", Amount: 20, Money: decimal.NewFromInt(20), Currency: "EUR"}}, receipt.Shortfalls,
		"two thirds of the 30.00 that earned, and not of all 90.00")
	s.verify()
}

// However a refund is split, the order loses the same points, and the cuts of all its
// parts add up to the cut of a single one.
func TestASplitRefundComesToTheSameAsOne(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		program := earning()
		program.Earning[0].Spend.Points, program.Earning[0].Spend.Per = 7, decimal.RequireFromString("1.3")
		program.Refunds.Cuts = []loyalty.Cut{{Unit: "bean", Currency: "EUR", Points: 7, Money: decimal.RequireFromString("0.11"), Rounding: points.HalfEven}}
		cents := rapid.Int64Range(100, 5000).Draw(rt, "cents")
		refunded := rapid.Int64Range(1, cents).Draw(rt, "refunded")
		spent := rapid.Int64Range(1, 60).Draw(rt, "spent")
		taken := func(parts []int64) (left points.Amount, cut decimal.Decimal) {
			s := openShop(t, program)
			s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
			s.must(loyalty.Earn{Member: "anna", Key: "earn", Order: points.Order{ID: "1", Currency: "EUR", Lines: []points.Line{{Amount: decimal.New(cents, -2)}}}})
			if available := s.balance().Available; available > 0 {
				s.must(loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: min(points.Amount(spent), available)})
			}
			for i, part := range parts {
				receipt := s.must(loyalty.Refund{Member: "anna", Key: fmt.Sprint("r", i), Order: "1", Amount: decimal.New(part, -2)})
				for _, short := range receipt.Shortfalls {
					cut = cut.Add(short.Money)
				}
			}
			s.verify()
			return s.balance().Available, cut
		}
		var parts []int64
		for rest := refunded; rest > 0; {
			part := rapid.Int64Range(1, rest).Draw(rt, "part")
			parts, rest = append(parts, part), rest-part
		}
		left, cut := taken([]int64{refunded})
		leftInParts, cutInParts := taken(parts)
		require.Equal(rt, left, leftInParts)
		require.True(rt, cut.Equal(cutInParts), "%s and %s", cut, cutInParts)
	})
}

func TestPointsThatPaidComeBackToTheirLots(t *testing.T) {
	s := openShop(t, earning())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(gift("april", 10, day(2027, time.April, 20)))
	s.must(gift("may", 10, day(2027, time.May, 20)))
	s.must(loyalty.Spend{Member: "anna", Key: "pay", Unit: "bean", Points: 12, Order: "1001"})
	s.must(sale("1001", 30))
	require.Equal(t, map[string]points.Amount{"2027-05-20": 8, "2028-03-01": 30}, datesOf(t, s))

	back := func(key string, n points.Amount) loyalty.Refund {
		return loyalty.Refund{Member: "anna", Key: key, Order: "1001", PointsBack: []loyalty.PointsBack{{Unit: "bean", Points: n}}}
	}
	receipt := s.must(back("some", 3))
	require.Equal(t, []loyalty.PointsBack{{Unit: "bean", Points: 3}}, receipt.PointsBack)
	require.Equal(t, map[string]points.Amount{"2027-04-20": 1, "2027-05-20": 10, "2028-03-01": 30}, datesOf(t, s), "what was taken last comes first")
	_, err := s.Do(t.Context(), back("too many", 10))
	require.ErrorIs(t, err, loyalty.ErrOverRefund)

	s.now = day(2027, time.April, 25)
	receipt = s.must(loyalty.Refund{Member: "anna", Key: "rest", Order: "1001", Full: true})
	require.Equal(t, []loyalty.PointsBack{{Unit: "bean", Points: 9}}, receipt.PointsBack)
	require.Equal(t, map[string]points.Amount{"2027-05-20": 10}, datesOf(t, s), "those of April are over, and redeem and cancel prolongs nothing")
	require.Empty(t, s.must(loyalty.Refund{Member: "anna", Key: "again", Order: "1001", Full: true}).PointsBack)
	for op, err := range s.History(t.Context(), "anna") {
		require.NoError(t, err)
		for _, entry := range op.Entries {
			if entry.Kind == points.EntryReturn {
				require.NotZero(t, entry.Corrects.Version, "a return names the entry that spent")
			}
		}
	}
	s.verify()
}

func TestCapturedPointsAndManyLotsComeBackToo(t *testing.T) {
	s := openShop(t, earning())
	smallLots(s, 250)
	s.must(loyalty.Hold{Member: "anna", Key: "hold", ID: "h", Unit: "bean", Points: 5, Until: points.Never})
	s.must(loyalty.Capture{Member: "anna", Key: "capture", Hold: "h", Points: 4, Order: "1001"})
	s.must(loyalty.Spend{Member: "anna", Key: "gathered", Unit: "bean", Points: 200, Order: "1001"})
	require.Equal(t, points.Amount(46), s.balance().Available)
	receipt := s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1001", Full: true})
	require.Equal(t, []loyalty.PointsBack{{Unit: "bean", Points: 204}}, receipt.PointsBack)
	require.Equal(t, points.Amount(250), s.balance().Available)
	require.Len(t, datesOf(t, s), 250, "each to its own date")
	s.verify()
}

func TestTransferPolicies(t *testing.T) {
	program := earning()
	program.Transfers = []loyalty.TransferPolicy{{Unit: "bean", Expiry: points.ExpireAfter(1, points.Months), Qualifies: true, Least: 5, Most: 50}}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
	s.must(sale("1001", 100))
	move := func(n points.Amount) error {
		_, err := s.Do(t.Context(), loyalty.Transfer{Member: "anna", Key: fmt.Sprint(n), To: "ben", Unit: "bean", Points: n})
		return err
	}
	require.ErrorIs(t, move(4), loyalty.ErrForbidden)
	require.ErrorIs(t, move(51), loyalty.ErrForbidden)
	require.NoError(t, move(50))
	ben, err := s.Member(t.Context(), "ben")
	require.NoError(t, err)
	require.Equal(t, "2027-04-01", ben.Lots[0].ExpiresAt.Format(time.DateOnly))
	require.True(t, ben.Lots[0].Qualifies)
	s.verify()
}
