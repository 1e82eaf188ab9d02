package points_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

func TestProgress(t *testing.T) {
	april := time.Date(2027, time.April, 1, 0, 0, 0, 0, time.UTC)
	month := points.Count{Nth: 3, Per: points.PerMonth}
	for _, c := range []struct {
		name       string
		count      points.Count
		have, done int64
		want       points.Progress
		says       string
	}{
		{"a new member", points.Count{Every: 10}, 0, 0, points.Progress{Need: 10}, "card: 0 of 10"},
		{"seven of ten pieces", points.Count{Every: 10, Pieces: true}, 7, 0, points.Progress{Have: 7, Need: 10, Pieces: true}, "card: 7 of 10"},
		{"seven since two full cards", points.Count{Every: 10}, 27, 2, points.Progress{Have: 7, Need: 10}, "card: 7 of 10"},
		{"a full card, part of which was refunded", points.Count{Every: 10}, 8, 1, points.Progress{Need: 10}, "card: 0 of 10"},
		{"more than a card that has not earned yet", points.Count{Every: 10}, 12, 0, points.Progress{Have: 10, Need: 10}, "card: 10 of 10"},
		{"so many cards that they overflow", points.Count{Every: 1_000_000_000}, 5, math.MaxInt64, points.Progress{Need: 1_000_000_000}, "card: 0 of 1000000000"},
		{"two of three visits this month", month, 2, 0, points.Progress{Have: 2, Need: 3, Until: april}, "card: 2 of 3"},
		{"the third has earned", month, 4, 1, points.Progress{Have: 3, Need: 3, Done: true, Until: april}, "card: earned"},
		{"it has earned, and was refunded in part", month, 1, 1, points.Progress{Have: 1, Need: 3, Done: true, Until: april}, "card: earned"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule := points.Rule{Code: "card", Bonus: 1, Count: &c.count}
			var usage points.Usage
			if c.have > 0 {
				usage = usage.Add([]points.Rule{rule}, []points.Use{{Rule: "card", Counted: c.have, Completed: c.done}}, monday, nil)
			}
			c.want.Rule = "card"
			got, ok := usage.Progress(&rule, monday, nil)
			require.True(t, ok)
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.says, got.String())
		})
	}
	rule := points.Rule{Code: "card", Label: "Coffee card", Bonus: 1, Count: &points.Count{Every: 2}}
	got, ok := (&points.Usage{}).Progress(&rule, monday, nil)
	require.True(t, ok)
	assert.Equal(t, "Coffee card: 0 of 2", got.String())
	rule.Count = nil
	_, ok = (&points.Usage{}).Progress(&rule, monday, nil)
	assert.False(t, ok)
}

// buys evaluates orders one after the other, two hours apart, and returns what the first
// unit earns by each.
func buys(t *testing.T, rules []points.Rule, usage *points.Usage, at time.Time, orders ...points.Order) []points.Amount {
	t.Helper()
	var earned []points.Amount
	for i, o := range orders {
		at := at.Add(time.Duration(2*i) * time.Hour)
		result, err := points.EvaluateOrder(rules, []points.Unit{bean}, o, points.Env{At: at, Usage: usage})
		require.NoError(t, err)
		*usage = usage.Add(rules, result.Uses, at, nil)
		points := points.Amount(0)
		for _, award := range result.Awards {
			points += award.Points
		}
		earned = append(earned, points)
	}
	return earned
}

func TestACardOfWhichMuchWasRefundedFillsAgainFromWhatIsLeft(t *testing.T) {
	rules := []points.Rule{{Code: "card", Bonus: 5, Count: &points.Count{Every: 3}}}
	latte := order(line("latte", "4"))
	var usage points.Usage
	require.Equal(t, []points.Amount{0, 0, 5}, buys(t, rules, &usage, monday, latte, latte, latte))
	usage = usage.Uncount("card", "lifetime", 2, 0) // the first two are refunded
	require.Equal(t, []points.Amount{0, 0, 0, 0, 5}, buys(t, rules, &usage, monday, latte, latte, latte, latte, latte), "the sixth that is kept")
}

func TestOnlyAnOrderThatCountsEarnsACardAgain(t *testing.T) {
	rules := []points.Rule{{Code: "card", Bonus: 5, Count: &points.Count{Every: 3}}}
	latte, gift := order(line("latte", "4")), order(points.Line{ID: "gift", Amount: dec("20"), StoredValue: true})
	var usage points.Usage
	three := order(line("latte", "4"))
	require.Equal(t, []points.Amount{0, 0, 5, 0}, buys(t, rules, &usage, monday, latte, latte, three, latte))
	usage = usage.Uncount("card", "lifetime", 1, 1) // the third, which earned, is refunded whole
	require.Equal(t, []points.Amount{0, 5}, buys(t, rules, &usage, monday, gift, latte), "the three that are kept suffice")
}

func TestACountCountsWithinItsHours(t *testing.T) {
	rules := []points.Rule{{
		Code: "card", Bonus: 5, Count: &points.Count{Nth: 3},
		When: points.When{Hours: []points.Hours{{From: points.Clock(14, 0), Until: points.Clock(19, 0)}}},
	}}
	latte := order(line("latte", "4"))
	var usage points.Usage
	require.Equal(t, []points.Amount{0, 0, 0, 5, 0}, buys(t, rules, &usage, monday, latte, latte, latte, latte, latte), "at noon, 14:00, 16:00, 18:00 and 20:00")
}

func TestAnActivityCountsOnceHoweverMuchItIs(t *testing.T) {
	for want, pieces := range map[int64]bool{1: false, 7: true} {
		rules := []points.Rule{{Code: "walk", Activity: "walk", Bonus: 1, Count: &points.Count{Nth: 100, Pieces: pieces}}}
		result, err := points.EvaluateFact(rules, []points.Unit{bean}, points.Activity{Code: "walk", Amount: 7}, points.Env{At: monday})
		require.NoError(t, err)
		require.Equal(t, []points.Use{{Rule: "walk", Counted: want}}, result.Uses)
	}
}

func TestWhatAnOrderAddsToACount(t *testing.T) {
	gift := points.Line{ID: "gift", Amount: dec("20"), StoredValue: true}
	o := order(gift, line("mug", "8"), points.Line{ID: "latte", Quantity: 2, Amount: dec("8")})
	o.Shipping = dec("5")
	for want, pieces := range map[int64]bool{1: false, 3: true} {
		rules := []points.Rule{{Code: "card", Bonus: 1, Count: &points.Count{Every: 100, Pieces: pieces}}}
		result, err := points.EvaluateOrder(rules, []points.Unit{bean}, o, points.Env{At: monday})
		require.NoError(t, err)
		require.Equal(t, []points.Use{{Rule: "card", Counted: want, Lines: []int{1, 2}}}, result.Uses, "neither the gift card nor shipping")
	}
}
