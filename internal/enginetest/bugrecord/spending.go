package bugrecord

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

func spendCases() []Case {
	return []Case{
		{
			Number: 27, Slug: "checked_and_taken_from_different_points",
			Bug:   "The till looked at all points, but took from those that had not expired: a discount for nothing.",
			Naive: "checks one sum and debits another",
			Mistakes: []Mistake{{
				Name: "what is there is taken for all",
				Seen: `Expected error with "not enough points" in chain but got nil`,
				Does: allows(func(s *Shop, cmd loyalty.Spend) []loyalty.Command {
					cmd.Points = s.member(cmd.Member).Balance(cmd.Unit).Available
					return []loyalty.Command{cmd}
				}),
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) {
					p.Units[0].Expiry, p.Units[0].Pending = points.ExpireAfter(2, points.Months), points.For(14, points.Days)
				})
				s.members("ada")
				s.buys("ada", "expires", "50.00")
				s.days(60)
				s.buys("ada", "spendable", "30.00")
				s.days(20)
				s.buys("ada", "pending", "20.00")
				s.do(loyalty.Hold{Member: "ada", Key: s.key(), ID: "cart", Unit: "bean", Points: 10, Until: points.Never})
				s.hasAll("ada", points.Balance{Unit: "bean", Available: 20, Pending: 20, Held: 10})
				s.refuses(loyalty.ErrInsufficientPoints, loyalty.Spend{Member: "ada", Key: s.key(), Unit: "bean", Points: 21})
				taken := s.spends("ada", 20)
				require.Len(s, taken.Moves, 1)
				assert.EqualValues(s, 20, taken.Moves[0].Amount)
				s.hasAll("ada", points.Balance{Unit: "bean", Pending: 20, Held: 10})
			},
		},
		{
			Number: 28, Slug: "debit_on_an_empty_row",
			Bug:   "Points were taken from a row that had none left, and what was redeemed counted as money spent.",
			Naive: "takes from the newest row and lets it fall below zero",
			Mistakes: []Mistake{{
				Name: "what is spent counts as money spent",
				Seen: "ada has spent 120 counted, and should have spent 60",
				Does: adds(func(s *Shop, cmd loyalty.Spend, _ loyalty.Receipt) loyalty.Command {
					return s.gives(cmd.Member, "spent", cmd.Points)
				}),
			}, {
				Name: "a spend falls below zero",
				Seen: `Expected error with "not enough points" in chain but got nil`,
				Does: allows(func(s *Shop, cmd loyalty.Spend) []loyalty.Command {
					return []loyalty.Command{s.gives(cmd.Member, cmd.Unit, -cmd.Points)}
				}),
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) {
					p.Units = append(p.Units, points.Unit{Code: "spent", Kind: points.Metric})
					spent := rate("spent", 1, "1")
					spent.Unit = "spent"
					p.Earning = append(p.Earning, spent)
					p.Ladders = []tiers.Ladder{lifetime("spent", 61)}
				})
				s.members("ada")
				s.buys("ada", "1001", "30.00")
				s.days(1)
				s.buys("ada", "1002", "30.00")
				s.spends("ada", 45)
				s.spends("ada", 15)
				s.refuses(loyalty.ErrInsufficientPoints, loyalty.Spend{Member: "ada", Key: s.key(), Unit: "bean", Points: 1})
				for lot, err := range storage.AllLots(s.Context(), s.store, storage.MemberQuery{Program: s.program.ID, Member: "ada"}) {
					require.NoError(s, err)
					assert.Zero(s, lot.Remaining)
				}
				assert.Empty(s, s.member("ada").Tier("status").Tier, "she has spent 60 euros and 60 points, and not 120")
				s.hasAll("ada", points.Balance{Unit: "spent", Counted: 60})
			},
		},
		{
			Number: 30, Slug: "closed_card_earns_and_redeems",
			Bug:   "A card that was blocked at the desk still earned at the till, and a campaign that had ended still paid.",
			Naive: "asks for the status in the page, not in the command",
			Mistakes: []Mistake{{
				Name: "blocking is for the page only",
				Seen: `Expected error with "the member is suspended" in chain but got nil`,
				Does: forgets[loyalty.Suspend](nil),
			}, {
				Name: "closing is for the page only",
				Seen: `Expected error with "the account is closed" in chain but got nil`,
				Does: forgets[loyalty.Close](nil),
			}, {
				Name: "a campaign does not end",
				Seen: "ada has bean 220 available, and should have bean 120",
				Rules: func(p *loyalty.Program) {
					for i := range p.Earning {
						p.Earning[i].When = points.When{}
					}
				},
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) {
					p.Earning = append(p.Earning, points.Rule{
						Code: "opening", Bonus: 100, When: points.When{From: opening, Until: opening.AddDate(0, 0, 1)},
					})
				})
				s.members("ada")
				s.buys("ada", "1001", "10.00")
				s.has("ada", 110)
				s.days(1)
				s.buys("ada", "1002", "10.00")
				s.has("ada", 120)
				s.do(loyalty.Suspend{Member: "ada", Key: s.key(), Gates: []loyalty.Gate{loyalty.RedeemGate}})
				s.refuses(loyalty.ErrSuspended, loyalty.Spend{Member: "ada", Key: s.key(), Unit: "bean", Points: 1})
				s.buys("ada", "1003", "10.00")
				s.do(loyalty.Resume{Member: "ada", Key: s.key()})
				s.do(loyalty.Suspend{Member: "ada", Key: s.key(), Gates: []loyalty.Gate{loyalty.EarnGate}})
				s.refuses(loyalty.ErrSuspended, loyalty.Earn{Member: "ada", Key: s.key(), Order: order("1004", "10.00")})
				s.spends("ada", 30)
				s.do(loyalty.Close{Member: "ada", Key: s.key()})
				s.refuses(loyalty.ErrClosed, loyalty.Spend{Member: "ada", Key: s.key(), Unit: "bean", Points: 1})
				s.refuses(loyalty.ErrClosed, loyalty.Earn{Member: "ada", Key: s.key(), Order: order("1005", "10.00")})
				s.has("ada", 100)
			},
		},
		{
			Number: 53, Slug: "deadline_only_in_the_page",
			Bug:   "A reservation was redeemed after its deadline, by a page that had been left open.",
			Naive: "hides the button after the date",
			Mistakes: []Mistake{{
				Name: "the deadline is for the page only",
				Seen: `Expected error with "the hold is closed" in chain but got nil`,
				Does: changes(func(_ *Shop, cmd *loyalty.Hold) { cmd.Until = points.Never }),
			}},
			Run: func(s *Shop) {
				s.members("ada")
				s.buys("ada", "1001", "50.00")
				until := s.now.Add(30 * time.Minute)
				s.do(loyalty.Hold{Member: "ada", Key: s.key(), ID: "cart", Unit: "bean", Points: 50, Until: until})
				s.now = until
				s.refuses(loyalty.ErrHoldClosed, loyalty.Capture{Member: "ada", Key: s.key(), Hold: "cart"})
				s.has("ada", 50)
				assert.Zero(s, s.books()[points.Redeemed])
			},
		},
	}
}
