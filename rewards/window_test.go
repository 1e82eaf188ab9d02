package rewards_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

func vienna(t require.TestingT) *time.Location {
	zone, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	return zone
}

func TestARewardSaysWhenItOpens(t *testing.T) {
	zone := vienna(t)
	at := time.Date(2027, time.March, 27, 12, 0, 0, 0, zone) // a Saturday; the clocks change that night
	local := func(y int, m time.Month, d, h, minute int) time.Time {
		return time.Date(y, m, d, h, minute, 0, 0, zone).UTC()
	}
	for name, test := range map[string]struct {
		reward rewards.Reward
		tiers  []string
		early  time.Duration
		want   rewards.Reason
	}{
		"on Mondays":                        {rewards.Reward{When: points.When{Weekdays: points.Mon}}, nil, 0, rewards.Reason{Why: rewards.NotOpen, At: local(2027, time.March, 29, 0, 0)}},
		"in happy hours":                    {rewards.Reward{When: points.When{Hours: []points.Hours{{From: points.Clock(17, 30), Until: points.Clock(19, 0)}}}}, nil, 0, rewards.Reason{Why: rewards.NotOpen, At: local(2027, time.March, 27, 17, 30)}},
		"in an hour that is skipped":        {rewards.Reward{When: points.When{Hours: []points.Hours{{From: points.Clock(2, 30), Until: points.Clock(4, 0)}}}}, nil, 0, rewards.Reason{Why: rewards.NotOpen, At: local(2027, time.March, 28, 3, 0)}},
		"on 29 February":                    {rewards.Reward{When: points.When{Months: []int{2}, Days: []int{29}}}, nil, 0, rewards.Reason{Why: rewards.NotOpen, At: local(2028, time.February, 29, 0, 0)}},
		"from April on":                     {rewards.Reward{When: points.When{From: local(2027, time.April, 1, 9, 0)}}, nil, 0, rewards.Reason{Why: rewards.NotOpen, At: local(2027, time.April, 1, 9, 0)}},
		"a day earlier for gold, who asks":  {rewards.Reward{When: points.When{From: local(2027, time.April, 1, 9, 0)}, Early: []rewards.Early{{Tiers: []string{"gold"}, From: local(2027, time.March, 31, 9, 0)}}}, []string{"gold"}, 0, rewards.Reason{Why: rewards.NotOpen, At: local(2027, time.March, 31, 9, 0)}},
		"by the tier's own early access":    {rewards.Reward{When: points.When{From: local(2027, time.April, 1, 9, 0)}}, nil, 48 * time.Hour, rewards.Reason{Why: rewards.NotOpen, At: local(2027, time.March, 30, 9, 0)}},
		"until yesterday":                   {rewards.Reward{When: points.When{Until: local(2027, time.March, 26, 0, 0)}}, nil, 0, rewards.Reason{Why: rewards.Over}},
		"on Mondays until May":              {rewards.Reward{When: points.When{Weekdays: points.Mon, Until: local(2027, time.May, 1, 0, 0)}}, nil, 0, rewards.Reason{Why: rewards.NotOpen, At: local(2027, time.March, 29, 0, 0)}},
		"on Mondays until one has begun":    {rewards.Reward{When: points.When{Weekdays: points.Mon, Until: local(2027, time.March, 29, 0, 1)}}, nil, 0, rewards.Reason{Why: rewards.NotOpen, At: local(2027, time.March, 29, 0, 0)}},
		"on Mondays until tomorrow":         {rewards.Reward{When: points.When{Weekdays: points.Mon, Until: local(2027, time.March, 28, 0, 0)}}, nil, 0, rewards.Reason{Why: rewards.Over}},
		"on a day that no month ever has":   {rewards.Reward{When: points.When{Months: []int{2}, Days: []int{30}}}, nil, 0, rewards.Reason{Why: rewards.Over}},
		"for those who enrolled a year ago": {rewards.Reward{Only: rewards.Only{Enrolled: points.Span{N: 1, Unit: points.Years}}}, nil, 0, rewards.Reason{Why: rewards.TooNew, At: local(2027, time.October, 1, 9, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			env := rewards.Env{At: at, Zone: zone, Tiers: test.tiers, EarlyAccess: test.early, EnrolledAt: local(2026, time.October, 1, 9, 0)}
			require.Equal(t, []rewards.Reason{test.want}, test.reward.Refuse(&env))
			if !test.want.At.IsZero() {
				env.At = test.want.At.Add(-time.Microsecond)
				require.NotEmpty(t, test.reward.Refuse(&env), "not a moment before")
				env.At = test.want.At
				require.Empty(t, test.reward.Refuse(&env), "but then")
			}
		})
	}
}

func TestTheOpeningIsTheFirstMinuteAtWhichItIsOpen(t *testing.T) {
	zone := vienna(t)
	rapid.Check(t, func(r *rapid.T) {
		at := time.Date(2027, time.March, 24, 0, 0, 0, 0, zone).Add(time.Duration(rapid.IntRange(0, 5*24*60).Draw(r, "minutes")) * time.Minute)
		w := points.When{Weekdays: points.Weekdays(rapid.IntRange(0, 127).Draw(r, "weekdays"))}
		for range rapid.IntRange(0, 3).Draw(r, "windows") {
			from := rapid.IntRange(0, 47).Draw(r, "from")
			until := (from + 1 + rapid.IntRange(0, 46).Draw(r, "length")) % 48
			w.Hours = append(w.Hours, points.Hours{From: points.TimeOfDay(30 * from), Until: points.TimeOfDay(30 * until)})
		}
		env := rewards.Env{At: at, Zone: zone}
		reward := rewards.Reward{When: w}
		reasons := reward.Refuse(&env)
		for next := at; next.Before(at.AddDate(0, 0, 8)); next = next.Add(time.Minute) {
			if !w.Holds(next, zone) {
				continue
			}
			if next.Equal(at) {
				require.Empty(r, reasons)
			} else {
				require.Equal(r, []rewards.Reason{{Why: rewards.NotOpen, At: next.UTC()}}, reasons)
			}
			return
		}
		require.Equal(r, rewards.Over, reasons[0].Why)
	})
}

func TestOffersDoNotDependOnTheOrderOfAReward(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var reward rewards.Reward
		for range rapid.IntRange(1, 5).Draw(r, "prices") {
			price := rewards.Price{Option: rapid.SampledFrom([]string{"", "mixed"}).Draw(r, "option"), Unit: "bean", Points: points.Amount(rapid.IntRange(1, 9).Draw(r, "points"))}
			if rapid.Bool().Draw(r, "for gold") {
				price.Tiers = []string{"gold"}
			}
			if rapid.Bool().Draw(r, "on Mondays") {
				price.When = points.When{Weekdays: points.Mon}
			}
			reward.Prices = append(reward.Prices, price)
		}
		env := rewards.Env{At: time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC), Tiers: []string{"gold"}, Balances: []points.Balance{{Unit: "bean", Available: 5}}}
		want := reward.Offer(&env)
		slices.Reverse(reward.Prices)
		require.Equal(r, want, reward.Offer(&env))
	})
}
