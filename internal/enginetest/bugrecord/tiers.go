package bugrecord

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// lifetime is a ladder whose one tier is for whoever has so much of a metric, ever.
func lifetime(metric string, atLeast int64) tiers.Ladder {
	return tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Lifetime}, End: tiers.WhileHeld,
		Tiers: []tiers.Tier{{Code: "gold", Enter: tiers.Condition{All: []tiers.Need{{Metric: metric, AtLeast: atLeast}}}}},
	}
}

func tierCases() []Case {
	return []Case{{
		Number: 40, Slug: "wrong_tier_is_picked",
		Bug:   "Customers who had spent exactly the minimum got the tier below.",
		Naive: "compares in an order that depends on how tiers were entered",
		Mistakes: []Mistake{{
			Name: "a threshold must be passed",
			Seen: `expected: "silver" actual : ""`,
			Rules: func(p *loyalty.Program) {
				onTiers(p, func(t *tiers.Tier) {
					need := t.Enter.All[0]
					need.AtLeast++
					t.Enter.All = []tiers.Need{need}
				})
			},
		}},
		Run: func(s *Shop) {
			atLeast := func(cents int64) tiers.Condition {
				return tiers.Condition{All: []tiers.Need{{Metric: "spent", AtLeast: cents}}}
			}
			s.opens(func(p *loyalty.Program) {
				p.Units = append(p.Units, points.Unit{Code: "spent", Kind: points.Metric, Scale: 2})
				spent := rate("spent", 100, "1")
				spent.Unit = "spent"
				p.Earning = append(p.Earning, spent)
				p.Ladders = []tiers.Ladder{{
					Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod,
					Tiers: []tiers.Tier{{Code: "silver", Enter: atLeast(10000)}, {Code: "gold", Enter: atLeast(50000)}},
				}}
			})
			for _, spent := range []struct{ member, euros, tier string }{
				{"one cent short of silver", "99.99", ""},
				{"silver to the cent", "100.00", "silver"},
				{"one cent short of gold", "499.99", "silver"},
				{"gold to the cent", "500.00", "gold"},
			} {
				s.members(spent.member)
				s.buys(spent.member, "order of "+spent.member, spent.euros)
				assert.Equal(s, spent.tier, s.member(spent.member).Tier("status").Tier, spent.member)
			}
			m := s.member("one cent short of gold")
			require.Len(s, m.Tier("status").Missing, 1)
			assert.EqualValues(s, 1, m.Tier("status").Missing[0].Left, "the page says by how much")
		},
	}, {
		Number: 42, Slug: "streak_ends_before_the_day",
		Bug:   "A streak was broken before the day was over, and by a flight.",
		Naive: "takes today as missed, and counts the days of wherever the phone is",
		Lacks: "days are those of the program's zone: a member has none of their own",
		Mistakes: []Mistake{{
			Name:  "today is missed until it is there",
			Seen:  `the eighth day is not over: expected: "week" actual : ""`,
			Rules: func(p *loyalty.Program) { onTiers(p, func(t *tiers.Tier) { t.Keep = tiers.Condition{} }) },
		}, {
			Name: "the phone's clock is the program's",
			Seen: `seven days at home: expected: "week" actual : ""`,
			Does: changes(func(s *Shop, cmd *loyalty.Fact) {
				at := s.now.In(zone(s, cmd.Attributes["zone"]))
				cmd.OccurredAt = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), 0, 0, zone(s, s.program.Zone))
			}),
		}},
		Run: func(s *Shop) {
			const home, away = "America/Los_Angeles", "Pacific/Honolulu"
			s.opens(func(p *loyalty.Program) {
				p.Zone = home
				p.Units = append(p.Units, points.Unit{Code: "day", Kind: points.Metric})
				p.Earning = []points.Rule{{
					Code: "day", Unit: "day", Activity: "visit", Bonus: 1, Caps: []points.Cap{{Per: points.PerDay, Points: 1}},
				}}
				p.Ladders = []tiers.Ladder{{
					Code: "streak", Window: tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Days: 7}}, End: tiers.WhileHeld,
					Tiers: []tiers.Tier{{
						Code: "week", Enter: tiers.Condition{All: []tiers.Need{{Metric: "day", AtLeast: 7}}},
						Keep: tiers.Condition{All: []tiers.Need{{Metric: "day", AtLeast: 6}}}, // today is not over
					}},
				}}
			})
			visit := func(where string, day, hour, minute int) {
				s.now = time.Date(2027, time.March, day, hour, minute, 0, 0, zone(s, where)).UTC()
				s.do(loyalty.Fact{Member: "ada", Key: s.key(), Activity: "visit", Attributes: map[string]string{"zone": where}})
			}
			s.members("ada")
			for day := 9; day <= 12; day++ {
				visit(home, day, 0, 30)
				visit(home, day, 20, 0)
			}
			for day := 12; day <= 14; day++ { // past midnight at home, where clocks change on the 14th
				assert.Empty(s, s.member("ada").Tier("streak").Tier)
				visit(away, day, 22, 0)
			}
			assert.Equal(s, "week", s.member("ada").Tier("streak").Tier, "seven days at home")
			s.now = time.Date(2027, time.March, 16, 23, 59, 59, 0, zone(s, home)).UTC()
			assert.Equal(s, "week", s.member("ada").Tier("streak").Tier, "the eighth day is not over")
			s.now = time.Date(2027, time.March, 17, 0, 0, 0, 0, zone(s, home)).UTC()
			assert.Empty(s, s.member("ada").Tier("streak").Tier, "it is over, without a visit")
		},
	}, {
		Number: 57, Slug: "revoked_badge_leaves_points",
		Bug:   "A badge was taken away, and its points stayed.",
		Naive: "has one hook for giving and another for taking",
		Mistakes: []Mistake{{
			Name: "the points stay",
			Seen: "ada has bean 150 available, and should have bean 100",
			Does: adds(func(s *Shop, cmd loyalty.Refund, receipt loyalty.Receipt) loyalty.Command {
				if len(receipt.Tiers) == 0 {
					return nil
				}
				return s.gives(cmd.Member, "bean", 50)
			}),
		}, {
			Name: "the badge stays",
			Seen: "one cent short: Should be empty, but was hundred",
			Does: forgets[loyalty.Refund](nil),
		}},
		Run: func(s *Shop) {
			s.opens(func(p *loyalty.Program) {
				p.Units = append(p.Units, points.Unit{Code: "spent", Kind: points.Metric, Scale: 2})
				spent := rate("spent", 100, "1")
				spent.Unit = "spent"
				p.Earning = append(p.Earning, spent)
				p.Ladders = []tiers.Ladder{{
					Code: "badges", Window: tiers.Window{Kind: tiers.Lifetime}, End: tiers.WhileHeld,
					Tiers: []tiers.Tier{{
						Code: "hundred", Enter: tiers.Condition{All: []tiers.Need{{Metric: "spent", AtLeast: 10000}}},
						Benefits: tiers.Benefits{Points: map[string]int64{"bean": 50}},
					}},
				}}
			})
			s.members("ada")
			s.buys("ada", "1001", "60.00")
			s.buys("ada", "1002", "40.00")
			assert.Equal(s, "hundred", s.member("ada").Tier("badges").Tier)
			s.has("ada", 150)
			s.do(loyalty.Refund{Member: "ada", Key: s.key(), Order: "1002", Amount: money("0.01")})
			assert.Empty(s, s.member("ada").Tier("badges").Tier, "one cent short")
			s.has("ada", 100)
			s.buys("ada", "1003", "5.00")
			assert.Equal(s, "hundred", s.member("ada").Tier("badges").Tier)
			s.has("ada", 155)
		},
	}}
}

func zone(s *Shop, name string) *time.Location {
	zone, err := time.LoadLocation(name)
	require.NoError(s, err)
	return zone
}

// onTiers changes every tier of a program.
func onTiers(p *loyalty.Program, change func(t *tiers.Tier)) {
	for l := range p.Ladders {
		for t := range p.Ladders[l].Tiers {
			change(&p.Ladders[l].Tiers[t])
		}
	}
}
