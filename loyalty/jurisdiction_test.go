package loyalty_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// quebec is a program whose beans live for a year, except in Quebec, where time
// alone may not take them, and whose Monday bonus lives for a month.
func quebec() loyalty.Program {
	program := beans(points.ExpireAfter(12, points.Months))
	program.Earning = []points.Rule{
		{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
		{Code: "monday", Bonus: 20, When: points.When{Weekdays: points.Mon}, Expiry: points.ExpireAfter(1, points.Months)},
		{Code: "march", Multiply: decimal.NewFromInt(2), Expiry: points.ExpireOn(time.March, 31, 1)},
	}
	program.Jurisdictions = []loyalty.Jurisdiction{{Code: "CA-QC", Units: []loyalty.UnitTerms{{Unit: "bean", Expiry: points.NeverExpire()}}}}
	return program
}

func TestAnAwardHasALotForEachExpiryOfItsRules(t *testing.T) {
	s := openShop(t, quebec())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	receipt := s.must(loyalty.Earn{Member: "anna", Key: "1001", Order: latte("1001")})
	require.Len(t, receipt.Awards, 3)
	total := points.Amount(0)
	until := map[string]string{}
	for _, award := range receipt.Awards {
		require.Len(t, award.Rules, 1)
		require.Equal(t, award.Points, award.Rules[0].Points)
		until[award.Rules[0].Rule] = award.ExpiresAt.Format(time.RFC3339)
		total += award.Points
	}
	require.Equal(t, map[string]string{"base": "2028-03-01T23:00:00Z", "monday": "2027-04-01T22:00:00Z", "march": "2028-03-31T22:00:00Z"}, until)
	require.Equal(t, s.balance().Available, total)
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1001", Full: true})
	require.Zero(t, s.balance().Available)
	s.verify()
}

func TestAJurisdictionOverridesUnitAndRules(t *testing.T) {
	s := openShop(t, quebec())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll", Jurisdiction: "CA-QC"})
	receipt := s.must(loyalty.Earn{Member: "anna", Key: "1001", Order: latte("1001")})
	require.Len(t, receipt.Awards, 1, "all of it lives equally long")
	require.Equal(t, points.Never, receipt.Awards[0].ExpiresAt)
	s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 5, Reason: "gift", Actor: "ada"})
	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, "CA-QC", m.Jurisdiction)
	require.Empty(t, m.Expiring)

	s.must(loyalty.SetJurisdiction{Member: "anna", Key: "moved"})
	receipt = s.must(loyalty.Earn{Member: "anna", Key: "1002", Order: latte("1002")})
	require.Len(t, receipt.Awards, 3, "from now on the program's own terms hold")
	m, err = s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Empty(t, m.Jurisdiction)
	require.Len(t, m.Expiring, 3, "what was there keeps its dates")
	s.verify()
}

func TestConfirmedPointsKeepTheExpiryOfTheirRule(t *testing.T) {
	program := quebec()
	program.Units[0].Pending = points.UntilConfirmed()
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1001", Order: latte("1001")})
	s.now = s.now.AddDate(0, 0, 10)
	s.must(loyalty.Confirm{Member: "anna", Key: "confirm", Order: "1001"})
	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	var dates []string
	for _, at := range m.Expiring {
		dates = append(dates, at.At.Format(time.RFC3339))
	}
	require.Equal(t, []string{"2027-04-11T22:00:00Z", "2028-03-11T23:00:00Z", "2028-03-31T22:00:00Z"}, dates)
	s.verify()
}

func TestConfirmedPointsOfSeveralRulesThatALawPutTogetherLiveAsTheUnitSays(t *testing.T) {
	program := quebec()
	program.Units[0].Pending = points.UntilConfirmed()
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll", Jurisdiction: "CA-QC"})
	require.Len(t, s.must(loyalty.Earn{Member: "anna", Key: "1001", Order: latte("1001")}).Awards, 1)
	s.must(loyalty.SetJurisdiction{Member: "anna", Key: "moved"})
	s.now = s.now.AddDate(0, 0, 10)
	s.must(loyalty.Confirm{Member: "anna", Key: "confirm", Order: "1001"})
	m := s.member("anna")
	require.Len(t, m.Expiring, 1)
	require.Equal(t, "2028-03-11T23:00:00Z", m.Expiring[0].At.Format(time.RFC3339), "a year, and not the month of the Monday bonus")
	s.verify()
}
