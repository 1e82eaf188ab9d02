package liability_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
)

// lacks are the parts that a result does not have, and why.
var lacks = map[reflect.Type]map[string]string{
	reflect.TypeFor[liability.Roll]():     {},
	reflect.TypeFor[liability.Position](): {"period": "totals since the first card, as of when the caller counted"},
	reflect.TypeFor[liability.Accrual]():  {"period": "totals, as of when the caller counted"},
	reflect.TypeFor[liability.Allocation](): {
		"method": "there is one", "period": "it is of one sale, at its time", "currency": "it is that of the price",
	},
}

// has reports whether a type has one of some fields.
func has(of reflect.Type, fields ...string) bool {
	return slices.ContainsFunc(fields, func(name string) bool {
		_, ok := of.FieldByName(name)
		return ok
	})
}

func TestEveryResultTellsItsMethodItsPeriodAndItsCurrency(t *testing.T) {
	policy := liability.Policy{Method: liability.Proportional, Currency: "EUR"}
	roll, err := liability.RollForward(policy, []liability.State{{Period: month(1), Deferred: dec("9"), Issued: dec("9"), Redeemed: dec("3"), Expected: dec("6")}})
	require.NoError(t, err)
	total, err := liability.Total(roll, roll)
	require.NoError(t, err)
	for _, r := range []liability.Roll{roll, total} {
		assert.Equal(t, liability.Proportional, r.Policy.Method)
		assert.Equal(t, "EUR", r.Policy.Currency)
		assert.Equal(t, month(1), r.Movements[0].Period)
		assert.Equal(t, "0.01", r.Policy.Step.String(), "what was rounded to, too")
		for _, l := range r.Journal() {
			assert.Equal(t, month(1), l.Period)
			assert.Equal(t, "EUR", l.Currency)
			assert.NotEmpty(t, l.Reason)
			assert.NotEmpty(t, l.Account)
		}
	}
	position, err := liability.GiftCards(policy, liability.Prepaid{Paid: dec("9"), Redeemed: dec("3"), Breakage: dec("0.1")})
	require.NoError(t, err)
	assert.Equal(t, roll.Policy, position.Policy)
	accrual, err := liability.CostAccrual(kpi.PointCounts{Issued: 10, Redeemed: 1}, dec("0.5"), dec("0.01"), "EUR")
	require.NoError(t, err)
	assert.Equal(t, "cost accrual, not IFRS 15", accrual.Model)
	assert.Equal(t, "EUR", accrual.Currency)

	for _, f := range []any{liability.RollForward, liability.Total, liability.GiftCards, liability.CostAccrual, liability.Allocate} {
		of := reflect.TypeOf(f)
		result := of.Out(0)
		missing, listed := lacks[result]
		require.True(t, listed, "%s is a result that this test does not know", result)
		assert.Equal(t, reflect.TypeFor[error](), of.Out(1))
		assert.Equal(t, missing["method"] == "", has(result, "Policy", "Model"), result)
		assert.Equal(t, missing["period"] == "", has(result, "Period", "Movements"), result)
		assert.Equal(t, missing["currency"] == "", has(result, "Policy", "Currency"), result)
	}
}

// Where nobody can say what is owed there is an error, and no 0 that looks like an answer.
func TestWhatIsUndefinedIsAnErrorAndNoZero(t *testing.T) {
	for name, compute := range map[string]func() (any, error){
		"no method":                    func() (any, error) { return liability.RollForward(liability.Policy{}, nil) },
		"a price and nothing to split": func() (any, error) { return liability.Allocate(liability.Sale{Price: dec("5")}, decimal.Zero) },
		"a rate that counts refute": func() (any, error) {
			return liability.CostAccrual(kpi.PointCounts{Issued: 2, Redeemed: 2}, dec("0.5"), dec("1"), "EUR")
		},
		"cards without a method": func() (any, error) { return liability.GiftCards(liability.Policy{}, liability.Prepaid{}) },
		"money for points never issued": func() (any, error) {
			return liability.RollForward(liability.Policy{Method: liability.Remote}, []liability.State{{Period: month(1), Deferred: dec("1")}})
		},
	} {
		result, err := compute()
		require.ErrorIs(t, err, kpi.ErrInvalid, name)
		assert.True(t, reflect.ValueOf(result).IsZero(), "%s: %+v", name, result)
	}
}
