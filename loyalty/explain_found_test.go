package loyalty_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// TestAReceiptSaysOfEachRuleWhatItAskedFor buys on the evening of the last day of
// February, in Vienna, and wants a sentence that answers why.
func TestAReceiptSaysOfEachRuleWhatItAskedFor(t *testing.T) {
	evening := time.Date(2027, time.February, 28, 19, 30, 0, 0, time.UTC) // 20:30 in Vienna
	night := time.Date(2027, time.February, 28, 23, 30, 0, 0, time.UTC)   // half past midnight, of 1 March
	latte, cake := points.Match{Items: []string{"latte"}}, points.Match{Categories: []string{"cake"}}
	tea := points.Match{Items: []string{"green", "black", "white"}}
	late := []points.Hours{{From: points.Clock(18, 0), Until: points.Clock(2, 0)}}
	bonus := func(rule points.Rule) points.Rule {
		rule.Code, rule.Bonus = "rule", 5
		return rule
	}
	rate := euroRate()
	rate.Code, rate.Spend.Per, rate.Spend.Grouping = "rule", decimal.RequireFromString("2.50"), points.WholeGroups
	sundays := euroRate()
	sundays.Code, sundays.When.Weekdays = "rule", points.Sat|points.Sun
	for name, c := range map[string]struct {
		rule points.Rule
		at   time.Time
		want string
	}{
		"parts of a group earn nothing":    {rate, evening, "1 bean per whole EUR 2.5 on EUR 14.00"},
		"a rate of the weekend":            {sundays, evening, "1 bean per EUR 1 on EUR 14.00 on sat,sun"},
		"a bonus of a weekday":             {bonus(points.Rule{When: points.When{Weekdays: points.Sun}}), evening, "bonus on sun"},
		"an hour of the evening":           {bonus(points.Rule{When: points.When{Hours: late}}), evening, "bonus from 18:00 to 02:00"},
		"the last day of the month":        {bonus(points.Rule{When: points.When{Days: []int{15, -1}}}), evening, "bonus on the last day of the month"},
		"two days before the month's end":  {bonus(points.Rule{When: points.When{Days: []int{-2}}}), evening.AddDate(0, 0, -1), "bonus on the 2nd last day of the month"},
		"a day by its number":              {bonus(points.Rule{When: points.When{Days: []int{1, 28}}}), evening, "bonus on the 28th"},
		"a month":                          {bonus(points.Rule{When: points.When{Months: []int{1, 2}}}), evening, "bonus in February"},
		"a night that began in that month": {bonus(points.Rule{When: points.When{Months: []int{2}, Days: []int{-1}, Hours: late}}), night, "bonus on the last day of the month in February from 18:00 to 02:00"},
		"two things together":              {bonus(points.Rule{Only: &points.Only{Combination: []points.Pieces{{Match: latte, Quantity: 2}, {Match: cake}}}}), evening, "bonus for 2 × latte with cake"},
		"one of several things":            {bonus(points.Rule{Only: &points.Only{Combination: []points.Pieces{{Match: tea}, {}}}}), evening, "bonus for green or others with anything"},
		"a capped one, and how":            {bonus(points.Rule{Only: &points.Only{Channels: []string{"app"}}, Caps: []points.Cap{{Points: 2, Per: points.PerEvent}}}), evening, "bonus in channel app, 3 bean less by the cap of 2 bean at once"},
	} {
		t.Run(name, func(t *testing.T) {
			s := ruled(t, c.rule)
			s.now = c.at
			order := points.Order{ID: "1001", Currency: "EUR", Channel: "app", Lines: []points.Line{
				{Item: "latte", Quantity: 2, Amount: decimal.NewFromInt(9)}, {Item: "green", Category: "cake", Amount: decimal.NewFromInt(5)},
			}}
			s.must(loyalty.Enroll{Member: "ben", Key: "enroll", OccurredAt: c.at})
			r := s.must(loyalty.Earn{Member: "ben", Key: "1", Order: order})
			require.Contains(t, r.String()+"\n", "  "+c.want+"\n")
			entry := s.explain("ben", loyalty.Question{Unit: "bean"})
			require.Equal(t, c.want, entry.Lots[0].Credits[0].Why)
		})
	}
}

func TestAReceiptSaysWhichAttributesAnActivityWasAskedFor(t *testing.T) {
	s := ruled(t, points.Rule{Code: "review", Activity: "review", Bonus: 5, Only: &points.Only{Attributes: map[string][]string{
		"stars": {"4", "5"}, "photo": {"yes"},
	}}})
	r := s.must(loyalty.Fact{Member: "anna", Key: "1", Activity: "review", Attributes: map[string]string{"stars": "5", "photo": "yes", "words": "120"}})
	require.Contains(t, r.String(), "bonus for review where photo is yes where stars is 5\n")
}

func TestARuleOfWhichACapLeftNothingSaysWhatItAskedFor(t *testing.T) {
	s := ruled(t, points.Rule{
		Code: "app", Bonus: 5, Only: &points.Only{Channels: []string{"app"}}, Caps: []points.Cap{{Times: 1, Per: points.PerDay}},
	})
	buy := func(id string) loyalty.Receipt {
		order := coffees(id, 1)
		order.Channel = "app"
		return s.must(loyalty.Earn{Member: "anna", Key: id, Order: order})
	}
	buy("1001")
	require.Contains(t, buy("1002").String(), "bonus in channel app, 5 bean less by the cap of once a day")
}
