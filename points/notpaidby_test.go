package points_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

func TestWhatAnOrderPartlyPaidWithPointsEarns(t *testing.T) {
	without := &points.Only{NotPaidBy: []points.TenderKind{points.PointsTender}}
	counts := eur(1, "1")
	counts.Basis.PointsTender = true
	mug := points.Rule{Code: "mug", Bonus: 7}
	for _, c := range []struct {
		name   string
		rules  []points.Rule
		tender points.Tender
		points points.Amount
	}{
		{"of the part that was paid in money", []points.Rule{{Code: "base", Spend: eur(1, "1")}, mug}, points.Tender{Kind: points.PointsTender, Amount: dec("10")}, 37},
		{"of all of it", []points.Rule{{Code: "base", Spend: counts}, mug}, points.Tender{Kind: points.PointsTender, Amount: dec("10")}, 47},
		{"nothing by a rate for others", []points.Rule{{Code: "base", Spend: eur(1, "1"), Only: without}, mug}, points.Tender{Kind: points.PointsTender, Amount: dec("10")}, 7},
		{"no bonus for others", []points.Rule{{Code: "base", Spend: eur(1, "1")}, {Code: "mug", Bonus: 7, Only: without}}, points.Tender{Kind: points.PointsTender, Amount: dec("10")}, 30},
		{"a smaller rate than others", []points.Rule{{Code: "base", Spend: eur(2, "1"), Only: without, Priority: 1}, {Code: "small", Spend: eur(1, "1")}}, points.Tender{Kind: points.PointsTender, Amount: dec("10")}, 30},
		{"a gift card is no points", []points.Rule{{Code: "base", Spend: eur(1, "1"), Only: without}, mug}, points.Tender{Kind: points.GiftCardTender, Amount: dec("10")}, 37},
		{"a tender of nothing paid nothing", []points.Rule{{Code: "base", Spend: eur(1, "1"), Only: without}, mug}, points.Tender{Kind: points.PointsTender}, 47},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := order(line("a", "40.00"))
			o.Tenders = []points.Tender{c.tender}
			require.NoError(t, points.ValidateRules("earning", c.rules, []points.Unit{bean}).Err())
			awards, err := points.Evaluate(c.rules, []points.Unit{bean}, o, points.Env{At: monday})
			require.NoError(t, err)
			require.Len(t, awards, 1)
			assert.Equal(t, c.points, awards[0].Points)
		})
	}
}
