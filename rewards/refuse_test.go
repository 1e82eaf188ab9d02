package rewards_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

func TestEachConditionOfARewardIsInTheWayByItself(t *testing.T) {
	noon := time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name   string
		reward rewards.Reward
		gone   int64
		want   []rewards.Reason
	}{
		{"nothing is in the way", rewards.Reward{Only: rewards.Only{
			Tiers: []string{"gold", "silver"}, Segments: []string{"students", "staff"}, Channels: []string{"app"}, Enrolled: points.Span{N: 1, Unit: points.Months},
		}}, 0, nil},
		{"another tier", rewards.Reward{Only: rewards.Only{Tiers: []string{"gold"}}}, 0, []rewards.Reason{{Why: rewards.OtherTiers, Allowed: []string{"gold"}}}},
		{"another segment", rewards.Reward{Only: rewards.Only{Segments: []string{"staff"}}}, 0, []rewards.Reason{{Why: rewards.OtherSegments, Allowed: []string{"staff"}}}},
		{"another channel", rewards.Reward{Only: rewards.Only{Channels: []string{"shop"}}}, 0, []rewards.Reason{{Why: rewards.OtherChannels, Allowed: []string{"shop"}}}},
		{"withdrawn", rewards.Reward{Withdrawn: true}, 0, []rewards.Reason{{Why: rewards.Withdrawn}}},
		{"the last two of a stock are enough for two", rewards.Reward{Stock: 5}, 3, nil},
		{"the last of a stock is too few for two", rewards.Reward{Stock: 5}, 4, []rewards.Reason{{Why: rewards.OutOfStock, Left: 1}}},
		{"a lowered stock has no less than none left", rewards.Reward{Stock: 5}, 9, []rewards.Reason{{Why: rewards.OutOfStock}}},
		{"two more times are within the limit", rewards.Reward{Limits: []rewards.Limit{{Times: 5, Per: points.PerDay}}}, 3, nil},
		{"two more times are beyond the limit until midnight", rewards.Reward{Limits: []rewards.Limit{{Times: 5, Per: points.PerDay}}}, 4, []rewards.Reason{
			{Why: rewards.LimitReached, Limit: &rewards.Limit{Times: 5, Per: points.PerDay}, Used: 4, At: noon.Add(12 * time.Hour)},
		}},
		{"two at once are more than a limit of one ever allows", rewards.Reward{Limits: []rewards.Limit{{Times: 1, Per: points.PerDay}}}, 0, []rewards.Reason{
			{Why: rewards.LimitReached, Limit: &rewards.Limit{Times: 1, Per: points.PerDay}},
		}},
		{"all that is in the way is told, not the first alone", rewards.Reward{
			Withdrawn: true, Only: rewards.Only{Tiers: []string{"gold"}, Segments: []string{"staff"}}, Stock: 1,
		}, 1, []rewards.Reason{
			{Why: rewards.Withdrawn},
			{Why: rewards.OtherTiers, Allowed: []string{"gold"}},
			{Why: rewards.OtherSegments, Allowed: []string{"staff"}},
			{Why: rewards.OutOfStock},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			env := &rewards.Env{
				At: noon, Channel: "app", Tiers: []string{"silver"}, Segments: []string{"students"}, EnrolledAt: noon.AddDate(-1, 0, 0), Quantity: 2,
				Used: func(*rewards.Reward, rewards.Limit) int64 { return test.gone },
				Sold: func(*rewards.Reward) int64 { return test.gone },
			}
			require.Equal(t, test.want, test.reward.Refuse(env))
			require.Equal(t, len(test.want) == 0, test.reward.Offer(env).Redeemable)
		})
	}
}

func TestAPriceOfATierAndASeasonCountsBeforeThePlainOneEvenWhereItIsDearer(t *testing.T) {
	summer := points.When{From: time.Date(2027, time.June, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2027, time.September, 1, 0, 0, 0, 0, time.UTC)}
	reward := rewards.Reward{Prices: []rewards.Price{
		{Unit: "bean", Points: 50},
		{Unit: "bean", Points: 70, When: summer},
		{Unit: "bean", Points: 60, Tiers: []string{"gold"}},
		{Unit: "bean", Points: 65, Tiers: []string{"gold"}, When: summer},
	}}
	for _, test := range []struct {
		name  string
		tiers []string
		at    time.Time
		want  points.Amount
	}{
		{"anybody in spring", nil, summer.From.Add(-time.Microsecond), 50},
		{"anybody as summer begins", nil, summer.From, 70},
		{"anybody at the last instant of summer", nil, summer.Until.Add(-time.Microsecond), 70},
		{"anybody as autumn begins", nil, summer.Until, 50},
		{"gold in spring", []string{"gold"}, summer.From.AddDate(0, -1, 0), 60},
		{"gold in summer", []string{"gold"}, summer.From.AddDate(0, 1, 0), 65},
	} {
		t.Run(test.name, func(t *testing.T) {
			cost, ok := reward.Cost("", test.tiers, test.at, time.UTC)
			require.True(t, ok)
			require.Equal(t, test.want, cost.Points)
		})
	}
}
