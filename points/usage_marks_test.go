package points_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

func TestTheMarksOfWhatAnOrderUses(t *testing.T) {
	april := time.Date(2027, time.April, 1, 0, 0, 0, 0, time.UTC)
	rules := []points.Rule{
		{Code: "card", Bonus: 1, Count: &points.Count{Every: 3}},
		{Code: "gift", Bonus: 1, Caps: []points.Cap{{Points: 9, Per: points.PerEvent}, {Points: 20, Per: points.PerMonth}}},
		{Code: "plain", Bonus: 1},
	}
	before := points.Usage{Marks: []points.Mark{
		{Rule: "card", Period: "lifetime", End: points.Never, Count: 1},
		{Rule: "gift", Period: "2027-03", End: april, Times: 1, Points: 2},
	}}
	after := before.Add(rules, []points.Use{
		{Rule: "card", Counted: 2, Completed: 1, Lines: []int{0}},
		{Rule: "gift", Times: 1, Points: 9},
		{Rule: "gone", Counted: 1, Times: 1, Points: 1},  // a rule of an older revision
		{Rule: "plain", Counted: 1, Times: 1, Points: 1}, // whose count and caps are gone
	}, monday, nil)
	require.Equal(t, []points.Mark{
		{Rule: "card", Period: "lifetime", End: points.Never, Count: 3, Done: 1},
		{Rule: "gift", Period: "2027-03", End: april, Times: 2, Points: 11},
	}, after.Marks)
	require.EqualValues(t, 1, before.Marks[0].Count, "the usage before stays as it was")

	back := after.Uncount("card", "lifetime", 1, 1)
	require.Equal(t, points.Mark{Rule: "card", Period: "lifetime", End: points.Never, Count: 2}, back.Marks[0])
	require.EqualValues(t, 3, after.Marks[0].Count, "here, too")
	require.Equal(t, after, after.Uncount("zebra", "2027-02", 1, 1), "a period that is not kept")

	none := points.Usage{}.Add(rules, []points.Use{{Rule: "card"}, {Rule: "gift", Cuts: []points.Cut{{Points: 1}}}}, monday, nil)
	require.Empty(t, none.Marks, "what gave nothing leaves no mark")
}

func TestAPeriodThatEndedWhenMarksWereDroppedIsGone(t *testing.T) {
	tuesday := time.Date(2027, time.March, 2, 0, 0, 0, 0, time.UTC)
	rules := []points.Rule{{Code: "gift", Bonus: 1, Caps: []points.Cap{{Times: 1, Per: points.PerDay}}}}
	for _, c := range []struct {
		at   time.Time
		gone bool
	}{{tuesday.Add(-time.Microsecond), true}, {tuesday, false}} {
		_, err := points.Evaluate(rules, []points.Unit{bean}, order(line("a", "1")), points.Env{At: c.at, Usage: &points.Usage{Dropped: tuesday}})
		if c.gone {
			require.ErrorIs(t, err, points.ErrUsageGone)
		} else {
			require.NoError(t, err)
		}
	}
}
