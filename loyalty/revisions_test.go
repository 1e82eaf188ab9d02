package loyalty_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func TestALaterRevisionKeepsWhatStoredAmountsMean(t *testing.T) {
	tests := []struct {
		name   string
		change func(*loyalty.Program)
		path   string
	}{
		{"A unit keeps its scale", func(p *loyalty.Program) { p.Units[0].Scale = 2 }, "units[0].scale"},
		{"A unit that is spent does not become a metric", func(p *loyalty.Program) {
			p.Units[0] = points.Unit{Code: "bean", Kind: points.Metric}
			p.Units = append(p.Units, points.Unit{Code: "crumb", Expiry: points.NeverExpire()})
		}, "units[0].kind"},
		{"A unit stays, since members still have points of it", func(p *loyalty.Program) { p.Units[0].Code = "crumb" }, "units"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			first, second := beans(points.NeverExpire()), beans(points.NeverExpire())
			test.change(&second)
			second.EffectiveAt = time.Date(2027, time.June, 1, 0, 0, 0, 0, time.UTC)
			require.NoError(t, second.Validate())
			_, err := loyalty.New(loyalty.Revisions{first, second}, memory.New(), nil)
			require.ErrorIs(t, err, loyalty.ErrInvalid)
			require.ErrorContains(t, err, "revision 2")
			require.ErrorContains(t, err, test.path)
		})
	}
}

func TestAnOrderThatEarnedPerMemberDoesNotEarnAgainWhenOrderIdsBecomeTheProgramsOwn(t *testing.T) {
	first := beans(points.NeverExpire())
	first.Earning = []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
	first.OrdersPerMember = true
	second := first
	second.OrdersPerMember = false
	s := openShop(t, first)
	second.EffectiveAt = s.now.AddDate(0, 1, 0)
	engine, err := loyalty.New(loyalty.Revisions{first, second}, s.store, &loyalty.Options{Clock: s.clock})
	require.NoError(t, err)
	s.Engine = engine
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	earn := loyalty.Earn{Member: "anna", Key: "order", Order: points.Order{
		ID: "1001", Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(12)}},
	}}
	s.must(earn)
	s.now = s.now.AddDate(0, 2, 0)
	earn.Key = "order again"
	_, err = s.Quote(t.Context(), earn)
	require.ErrorIs(t, err, loyalty.ErrOrderEarned)
	_, err = s.Do(t.Context(), earn)
	require.ErrorIs(t, err, loyalty.ErrOrderEarned)
	require.Equal(t, points.Balance{Unit: "bean", Available: 12}, s.balance())
}
