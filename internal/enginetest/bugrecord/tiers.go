package bugrecord

import (
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

func tierCases() []Case {
	return []Case{{
		Number: 40, Slug: "wrong_tier_is_picked",
		Bug:   "Customers who had spent exactly the minimum got the tier below.",
		Naive: "compares in an order that depends on how tiers were entered",
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
				m, err := s.engine.Member(s.Context(), spent.member)
				require.NoError(s, err)
				assert.Equal(s, spent.tier, m.Tier("status").Tier, spent.member)
			}
			m, err := s.engine.Member(s.Context(), "one cent short of gold")
			require.NoError(s, err)
			require.Len(s, m.Tier("status").Missing, 1)
			assert.EqualValues(s, 1, m.Tier("status").Missing[0].Left, "the page says by how much")
		},
	}}
}
