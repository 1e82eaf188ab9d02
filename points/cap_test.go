package points_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

func TestCapsTakeOffBeforeBudgetsAndNarrowPeriodsBeforeWide(t *testing.T) {
	day, month := points.Cap{Points: 15, Per: points.PerDay}, points.Cap{Points: 12, Per: points.PerMonth}
	budget := points.Cap{Points: 5, Per: points.PerDay}
	rules := []points.Rule{{Code: "gift", Bonus: 20, Caps: []points.Cap{month, day}, Budgets: []points.Cap{budget}}}
	result, err := points.EvaluateOrder(rules, []points.Unit{bean}, order(line("a", "10")), points.Env{At: monday})
	require.NoError(t, err)
	require.EqualValues(t, 5, result.Awards[0].Points)
	require.Equal(t, []points.Cut{{Cap: day, Points: 5}, {Cap: month, Points: 3}, {Cap: budget, Budget: true, Points: 7}}, result.Uses[0].Cuts)
}
