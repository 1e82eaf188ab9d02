package points_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

func TestWhen(t *testing.T) {
	night := points.When{Weekdays: points.Fri, Hours: []points.Hours{{From: points.Clock(22, 0), Until: points.Clock(2, 0)}}}
	morning := points.When{Hours: []points.Hours{{From: points.Clock(2, 30), Until: points.Clock(3, 30)}}}
	skipped := points.When{Hours: []points.Hours{{From: points.Clock(2, 0), Until: points.Clock(3, 0)}}}
	evening := points.When{Hours: []points.Hours{{From: points.Clock(22, 0)}}}
	early := points.When{Weekdays: points.Tue, Hours: []points.Hours{{Until: points.Clock(2, 0)}}}
	payday := points.When{Days: []int{-1}}
	second := points.When{Days: []int{15, -2}, Months: []int{2}}
	march := points.When{From: time.Date(2027, time.March, 1, 0, 0, 0, 0, vienna), Until: time.Date(2027, time.April, 1, 0, 0, 0, 0, vienna)}
	from, until := points.When{From: march.From}, points.When{Until: march.Until}
	for _, c := range []struct {
		name string
		when points.When
		at   string
		want bool
	}{
		{"a month starts with its first instant", march, "2027-03-01T00:00:00+01:00", true},
		{"and not a microsecond before", march, "2027-02-28T23:59:59.999999+01:00", false},
		{"it lasts", march, "2027-03-15T12:00:00+01:00", true},
		{"to its last microsecond", march, "2027-03-31T23:59:59.999999+02:00", true},
		{"and no longer", march, "2027-04-01T00:00:00+02:00", false},
		{"a start without an end", from, "2037-03-15T12:00:00+01:00", true},
		{"an end without a start", until, "2017-03-15T12:00:00+01:00", true},
		{"the zero When is always", points.When{}, "2027-03-15T12:00:00+01:00", true},
		{"a window starts on its minute", evening, "2027-03-01T22:00:00+01:00", true},
		{"and not a microsecond before", evening, "2027-03-01T21:59:59.999999+01:00", false},
		{"a window without an end goes to midnight", evening, "2027-03-01T23:59:59.999999+01:00", true},
		{"and not into the next day", evening, "2027-03-02T00:00:00+01:00", false},
		{"an early window is of the day that it is in the zone", early, "2027-03-02T00:30:00+01:00", true},
		{"and not of the day that it is in Greenwich", early, "2027-03-03T00:30:00+01:00", false},
		{"a night belongs to the day on which it starts", night, "2027-03-06T01:59:59+01:00", true},
		{"and ends before its end", night, "2027-03-06T02:00:00+01:00", false},
		{"the night before it does not", night, "2027-03-05T01:00:00+01:00", false},
		{"it starts on Friday", night, "2027-03-05T22:00:00+01:00", true},
		{"and not on Saturday", night, "2027-03-06T22:00:00+01:00", false},
		{"when clocks go forward a skipped start is the end of the gap", morning, "2027-03-28T03:00:00+02:00", true},
		{"and nothing comes before it", morning, "2027-03-28T01:59:59+01:00", false},
		{"a window that is skipped whole is empty", skipped, "2027-03-28T03:00:00+02:00", false},
		{"when clocks go back a window starts at the first occurrence", morning, "2027-10-31T02:30:00+02:00", true},
		{"and goes on through the second", morning, "2027-10-31T02:15:00+01:00", true},
		{"up to its end", morning, "2027-10-31T03:30:00+01:00", false},
		{"the last day of February", payday, "2027-02-28T12:00:00+01:00", true},
		{"is the 29th in a leap year", payday, "2028-02-28T12:00:00+01:00", false},
		{"which has one", payday, "2028-02-29T12:00:00+01:00", true},
		{"days are those of the zone", payday, "2027-03-31T22:30:00Z", false},
		{"the last but one", second, "2028-02-28T12:00:00+01:00", true},
		{"or the fifteenth", second, "2028-02-15T12:00:00+01:00", true},
		{"of February only", second, "2028-03-15T12:00:00+01:00", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, c.at)
			require.NoError(t, err)
			require.Equal(t, c.want, c.when.Holds(at, vienna))
			require.Equal(t, c.want, c.when.Holds(at.UTC(), vienna), "the same instant in UTC")
		})
	}
}

func TestHoursTravelAsJSON(t *testing.T) {
	when := points.When{Hours: []points.Hours{{From: points.Clock(7, 5), Until: points.Clock(23, 59)}, {Until: points.Clock(1, 0)}}}
	text, err := json.Marshal(when)
	require.NoError(t, err)
	require.JSONEq(t, `{"hours":[{"from":"07:05","until":"23:59"},{"until":"01:00"}]}`, string(text))
	var again points.When
	require.NoError(t, json.Unmarshal(text, &again))
	require.Equal(t, when, again)
	for _, bad := range []string{"7:00", "07:0", "07:000", "0a:00", "07:0a", "07:-1", "24:00", "12:60", "12-30", "noon", "", "１2:00"} {
		var c points.TimeOfDay
		require.Error(t, c.UnmarshalText([]byte(bad)), bad)
	}
	for _, bad := range []points.TimeOfDay{-1, 1440} {
		_, err = bad.MarshalText()
		require.Error(t, err)
	}
}

func TestPeriodsEndByTheCalendarOfTheZone(t *testing.T) {
	at := time.Date(2026, time.December, 31, 23, 30, 0, 0, time.UTC) // half past midnight in Vienna
	for _, c := range []struct {
		per       points.Period
		name, end string
	}{
		{points.PerDay, "2027-01-01", "2027-01-01T23:00:00Z"},
		{points.PerWeek, "2026-W53", "2027-01-03T23:00:00Z"},
		{points.PerMonth, "2027-01", "2027-01-31T23:00:00Z"},
		{points.PerQuarter, "2027-Q1", "2027-03-31T22:00:00Z"},
		{points.PerYear, "2027", "2027-12-31T23:00:00Z"},
		{points.Lifetime, "lifetime", "9999-12-31T23:59:59.999999Z"},
	} {
		name, end := c.per.On(at, vienna)
		require.Equal(t, c.name, name)
		require.Equal(t, c.end, end.Format(time.RFC3339Nano))
	}
}

func TestQuarters(t *testing.T) {
	for month, want := range []string{
		"2027-Q1", "2027-Q1", "2027-Q1", "2027-Q2", "2027-Q2", "2027-Q2", "2027-Q3", "2027-Q3", "2027-Q3", "2027-Q4", "2027-Q4", "2027-Q4",
	} {
		name, end := points.PerQuarter.On(monday.AddDate(0, month-2, 0), nil)
		require.Equal(t, want, name)
		require.Equal(t, time.Date(2027, time.Month(month/3*3+4), 1, 0, 0, 0, 0, time.UTC), end.UTC())
	}
}

// TestAPlainEvaluationAllocatesItsAnswerOnly holds the commonest evaluation, one
// line under one rule, to the list of awards and the award's shares.
func TestAPlainEvaluationAllocatesItsAnswerOnly(t *testing.T) {
	rules, units := []points.Rule{{Code: "base", Spend: eur(1, "1")}}, []points.Unit{bean}
	o, env := order(line("latte", "12.40")), points.Env{At: monday, Zone: time.UTC}
	allocations := testing.AllocsPerRun(100, func() {
		if _, err := points.EvaluateOrder(rules, units, o, env); err != nil {
			t.Error(err)
		}
	})
	require.LessOrEqual(t, allocations, 2.0)
}

func TestPiecesOfACombinationCountForOnePartOnly(t *testing.T) {
	organic := points.Match{Tags: []string{"organic"}}
	cake := points.Match{Categories: []string{"cake"}}
	rule := points.Rule{Code: "pair", Bonus: 10, Only: &points.Only{Combination: []points.Pieces{{Match: organic}, {Match: cake}}}}
	earned := func(lines ...points.Line) points.Amount {
		awards, err := points.Evaluate([]points.Rule{rule}, []points.Unit{bean}, order(lines...), points.Env{At: monday})
		require.NoError(t, err)
		if len(awards) == 0 {
			return 0
		}
		return awards[0].Points
	}
	torte := points.Line{ID: "torte", Category: "cake", Tags: []string{"organic"}, Amount: dec("5")}
	require.Zero(t, earned(torte), "one organic cake is not an organic thing and a cake")
	torte.Quantity = 2
	require.EqualValues(t, 10, earned(torte))
	torte.Quantity = 1
	require.EqualValues(t, 10, earned(torte, points.Line{ID: "tea", Tags: []string{"organic"}, Amount: dec("4")}))
	require.Zero(t, earned(torte, line("tea", "4")))
}

func TestACombinationNeedsSoManyPieces(t *testing.T) {
	rule := points.Rule{Code: "set", Bonus: 10, Only: &points.Only{Combination: []points.Pieces{
		{Match: points.Match{Categories: []string{"cake"}}, Quantity: 3}, {Match: points.Match{Tags: []string{"organic"}}, Quantity: 2},
	}}}
	for _, c := range []struct {
		cakes, organic, both int64
		want                 bool
	}{
		{3, 2, 0, true},
		{2, 2, 0, false},
		{3, 1, 0, false},
		{0, 0, 5, true},
		{0, 0, 4, false},
		{2, 1, 2, true},
		{2, 1, 1, false},
		{9, 1, 0, false},
		{9, 1, 1, true},
		{0, 9, 2, false},
	} {
		var lines []points.Line
		for _, l := range []points.Line{
			{ID: "cakes", Category: "cake", Quantity: c.cakes},
			{ID: "organic", Tags: []string{"organic"}, Quantity: c.organic},
			{ID: "both", Category: "cake", Tags: []string{"organic"}, Quantity: c.both},
		} {
			if l.Amount = dec("5"); l.Quantity > 0 {
				lines = append(lines, l)
			}
		}
		awards, err := points.Evaluate([]points.Rule{rule}, []points.Unit{bean}, order(lines...), points.Env{At: monday})
		require.NoError(t, err)
		require.Equal(t, c.want, len(awards) == 1, "%d cakes, %d organic, %d both", c.cakes, c.organic, c.both)
	}
}

func TestManyStackedMultipliersStayExact(t *testing.T) {
	rules := []points.Rule{{Code: "base", Spend: eur(1, "1")}}
	for _, group := range []string{"a", "b", "c", "d"} {
		rules = append(rules, points.Rule{Code: group, Stack: group, Multiply: dec("999.999999")})
	}
	awards, err := points.Evaluate(rules, []points.Unit{bean}, order(line("x", "1000000")), points.Env{At: monday})
	require.NoError(t, err)
	// 10^6 × 999.999999^4 = 10^18 × (1 − 10^-9)^4, rounded down.
	require.Equal(t, points.Amount(999_999_996_000_000_005), awards[0].Points)
}

func TestOfAStackingGroupTheHighestPriorityCountsThenTheFirstCode(t *testing.T) {
	multiplier := func(code, stack, factor string, priority int) points.Rule {
		return points.Rule{Code: code, Stack: stack, Multiply: dec(factor), Priority: priority}
	}
	for _, stack := range []string{"", "app"} {
		rules := []points.Rule{
			{Code: "base", Spend: eur(1, "1")},
			multiplier("high", stack, "2", 7), multiplier("low", stack, "5", 3), multiplier("later", stack, "3", 7),
			multiplier("club", "club", "10", -1),
		}
		for range rules {
			rules = append(rules[1:], rules[0])
			awards, err := points.Evaluate(rules, []points.Unit{bean}, order(line("x", "4")), points.Env{At: monday})
			require.NoError(t, err)
			byRule := map[string]points.Amount{}
			for _, share := range awards[0].Shares {
				byRule[share.Rule] = share.Points
			}
			want := map[string]points.Amount{"base": 4, "high": 4, "club": 72}
			require.Equal(t, want, byRule, "group %q", stack)
		}
	}
}
