package loyalty_test

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestARefundTakesFromManyOtherLotsWhatItsOwnDoesNotHave(t *testing.T) {
	program := beans(points.ExpireAfter(10, points.Days))
	program.Earning = []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "order", Order: points.Order{
		ID: "1", Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(100)}},
	}})
	s.must(loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 40})
	for i := range 20 {
		s.must(loyalty.Adjust{
			Member: "anna", Key: fmt.Sprint("gift-", i), Unit: "bean", Points: 2, ExpiresAt: s.now.AddDate(0, 1, i), Reason: "gift", Actor: "shop",
		})
	}
	// The order's own lot has 60, so that 40 come from the 20 gifts.
	receipt := s.must(loyalty.Refund{Member: "anna", Key: "refund", Order: "1", Full: true})
	require.Empty(t, receipt.Shortfalls)
	require.Zero(t, s.balance().Available)
	s.verify()
}

// Ten of the sixteen points of an order go back while they wait, and with them all that
// expires with those of another order. The rest is taken from what is left of the order,
// and not from the other one, whose points expire like those that went.
func TestARefundTakesWhatIsLeftOfItsOrderAndNothingThatExpiresLikeWhatWent(t *testing.T) {
	program := beans(points.ExpireAfter(2, points.Months).At(points.EndOfMonth))
	program.Units[0].Pending = points.For(14, points.Days)
	program.Earning = []points.Rule{
		{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
		{Code: "mug", Bonus: 6, Match: points.Match{Items: []string{"mug"}}, Expiry: points.NeverExpire()},
	}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	mug := sale("1001", 10)
	mug.Order.Lines[0].Item = "mug"
	s.must(mug)
	s.must(sale("1002", 30))
	s.must(loyalty.Refund{Member: "anna", Key: "some", Order: "1001", Amount: eur("6.25")})
	require.EqualValues(t, 36, s.balance().Pending)
	s.now = s.now.AddDate(0, 0, 20)
	s.must(loyalty.Refund{Member: "anna", Key: "all", Order: "1001", Full: true})
	require.Equal(t, map[string]points.Amount{"2027-05-31": 30}, datesOf(t, s))
	s.verify()
}
