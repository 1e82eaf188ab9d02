package bugrecord

import (
	"slices"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

func earnCases() []Case {
	return []Case{
		{
			Number: 31, Slug: "float_residue",
			Bug:   "A customer had minus 0.0000000000000001 points, and no reward could be redeemed.",
			Naive: "adds points as floating-point numbers",
			Mistakes: []Mistake{{
				Name:  "balances are floating-point numbers",
				Seen:  "ada has bean 1 available, and should have bean",
				Shows: addsFloats,
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) { p.Units[0].Scale, p.Earning[0].Spend.Points = 2, 100 })
				s.members("ada")
				for _, id := range []string{"a", "b", "c"} {
					s.buys("ada", id, "0.10")
				}
				s.has("ada", 30)
				s.spends("ada", 10)
				s.spends("ada", 20)
				s.hasAll("ada", points.Balance{Unit: "bean"})
			},
		},
		{
			Number: 32, Slug: "currency_rounding_on_points",
			Bug:   "A currency without cents made whole points of every award: 1 turned into 0.",
			Naive: "rounds points the way the currency is rounded",
			Mistakes: []Mistake{{
				Name: "awards are rounded to the currency's whole units",
				Seen: "ada has bean, and should have bean 49",
				Does: adds(func(s *Shop, cmd loyalty.Earn, receipt loyalty.Receipt) loyalty.Command {
					return s.gives(cmd.Member, "bean", -receipt.Awards[0].Points%100)
				}),
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) {
					p.Units[0].Scale = 2
					p.Earning[0].Spend = &points.SpendRate{Points: 1, Per: money("1"), Currency: "JPY"}
				})
				s.members("ada")
				yen := order("1001", "49")
				yen.Currency = "JPY"
				s.sells("ada", yen)
				s.has("ada", 49)
			},
		},
		{
			Number: 33, Slug: "display_currency_multiplies",
			Bug:   "Customers switched the shop to another currency and earned a hundred times as much.",
			Naive: "reads the displayed number as if it were the program's currency",
			Mistakes: []Mistake{{
				Name: "every currency is the program's",
				Seen: `no rule accepts the order's currency" in chain but got nil`,
				Does: changes(func(_ *Shop, cmd *loyalty.Earn) { cmd.Order.Currency = "EUR" }),
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) {
					dollar := rate("dollar", 9, "10")
					dollar.Spend.Currency = "USD"
					p.Earning = append(p.Earning, dollar)
				})
				s.members("ada")
				forints := order("1001", "40000.00")
				forints.Currency = "HUF"
				s.refuses(points.ErrUnknownCurrency, loyalty.Earn{Member: "ada", Key: s.key(), Order: forints})
				s.has("ada", 0)
				dollars := order("1002", "100.00")
				dollars.Currency = "USD"
				s.sells("ada", dollars)
				s.has("ada", 90)
				s.do(loyalty.Refund{Member: "ada", Key: s.key(), Order: "1002", Amount: money("50.00")})
				s.has("ada", 45)
			},
		},
		{
			Number: 34, Slug: "whole_groups_or_parts",
			Bug:   "At 5 points for each 2.50, a coffee at 3.00 earned 6, where the shop meant 5.",
			Naive: "has one way to divide and does not say which",
			Mistakes: []Mistake{{
				Name:  "parts of a group always earn",
				Seen:  "ada has bean 6 available, and should have bean 5",
				Rules: func(p *loyalty.Program) { p.Earning[0].Spend.Grouping = points.Proportional },
			}, {
				Name:  "whole groups alone ever earn",
				Seen:  "ada has bean 5 available, and should have bean 6",
				Rules: func(p *loyalty.Program) { p.Earning[0].Spend.Grouping = points.WholeGroups },
			}, {
				Name:  "every award is rounded down",
				Seen:  "ada has bean 2 available, and should have bean 3",
				Rules: func(p *loyalty.Program) { p.Earning[0].Spend.Rounding = points.Floor },
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) { p.Earning[0].Spend.Points, p.Earning[0].Spend.Per = 5, money("2.50") })
				s.members("ada")
				s.buys("ada", "1001", "3.00")
				s.has("ada", 6)
				s.opens(func(p *loyalty.Program) { p.ID, p.Earning[0].Spend.Grouping = s.another("groups"), points.WholeGroups })
				s.members("ada")
				s.buys("ada", "1001", "3.00")
				s.has("ada", 5)
				for i, rounding := range []points.Rounding{points.Floor, points.HalfEven, points.HalfUp, points.Ceil} {
					s.opens(func(p *loyalty.Program) {
						p.ID, p.Earning[0].Spend = s.another(string(rune('a'+i))), &points.SpendRate{Points: 1, Per: money("1"), Currency: "EUR", Rounding: rounding}
					})
					s.members("ada")
					s.buys("ada", "1001", "2.50")
					s.has("ada", []points.Amount{2, 2, 3, 3}[i])
				}
			},
		},
		{
			Number: 35, Slug: "divided_instead_of_multiplied",
			Bug:   "At 1 point for each 10, an order of 250 gave 2,500.",
			Naive: "keeps one number and forgets which way it goes",
			Mistakes: []Mistake{{
				Name: "the rate is turned around",
				Seen: "ada has bean 2500 available, and should have bean 25",
				Rules: func(p *loyalty.Program) {
					rate := p.Earning[0].Spend
					rate.Points, rate.Per = points.Amount(rate.Per.IntPart()), decimal.NewFromInt(int64(rate.Points))
				},
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) { p.Earning[0].Spend.Per = money("10") })
				s.members("ada")
				receipt := s.buys("ada", "1001", "250.00")
				s.has("ada", 25)
				assert.EqualValues(s, 1, receipt.Awards[0].Rules[0].Rate)
				assert.Equal(s, "10", receipt.Awards[0].Rules[0].Per.String())
			},
		},
		{
			Number: 36, Slug: "points_on_tax_and_discounts",
			Bug:   "Customers earned on the tax, on shipping, on fees and on the price before the discount.",
			Naive: "takes the total of the bill",
			Mistakes: []Mistake{{
				Name: "the total of the bill earns",
				Seen: "available, and should have bean 80",
				Rules: func(p *loyalty.Program) {
					p.Earning[0].Spend.Basis = points.Basis{BeforeDiscounts: true, Tax: true, Shipping: true, Fees: true}
				},
			}, {
				Name:  "no basis can be chosen",
				Seen:  "ada has bean 80 available, and should have bean 100",
				Rules: func(p *loyalty.Program) { p.Earning[0].Spend.Basis = points.Basis{} },
			}},
			Run: func(s *Shop) {
				bill := order("1001", "80.00")
				bill.Lines[0].Discount, bill.Lines[0].Tax, bill.Shipping, bill.Fees = money("20.00"), money("16.00"), money("5.00"), money("2.00")
				for program, c := range map[string]struct {
					basis points.Basis
					want  points.Amount
				}{
					"default":  {points.Basis{}, 80},
					"before":   {points.Basis{BeforeDiscounts: true}, 100},
					"tax":      {points.Basis{Tax: true}, 96},
					"shipping": {points.Basis{Shipping: true}, 85},
					"fees":     {points.Basis{Fees: true}, 82},
				} {
					s.opens(func(p *loyalty.Program) { p.ID, p.Earning[0].Spend.Basis = s.another(program), c.basis })
					s.members("ada")
					s.sells("ada", bill)
					s.has("ada", c.want)
				}
			},
		},
		{
			Number: 37, Slug: "gift_card_earns_twice",
			Bug:   "Buying a gift card earned, and paying with it earned once more.",
			Naive: "knows neither goods nor tenders that are money themselves",
			Mistakes: []Mistake{{
				Name: "a gift card is goods like others",
				Seen: "ada has bean 50 available, and should have bean",
				Does: changes(func(_ *Shop, cmd *loyalty.Earn) {
					for i := range cmd.Order.Lines {
						cmd.Order.Lines[i].StoredValue = false
					}
				}),
			}, {
				Name: "paying by gift card is paying",
				Seen: "ada has bean 80 available, and should have bean 30",
				Does: changes(func(_ *Shop, cmd *loyalty.Earn) { cmd.Order.Tenders = nil }),
			}},
			Run: func(s *Shop) {
				s.members("ada")
				card := order("1001", "50.00")
				card.Lines[0].StoredValue = true
				s.sells("ada", card)
				s.has("ada", 0)
				paid := order("1002", "80.00")
				paid.Tenders = []points.Tender{{Kind: points.GiftCardTender, Amount: money("50.00")}}
				s.sells("ada", paid)
				s.has("ada", 30)
			},
		},
		{
			Number: 38, Slug: "earning_on_what_points_paid",
			Bug:   "One shop wanted points on the part that was paid with points, another did not, and nobody could see which it was.",
			Naive: "does the one or the other without a word",
			Mistakes: []Mistake{{
				Name:  "what points paid always earns",
				Seen:  "ada has bean 80 available, and should have bean 60",
				Rules: func(p *loyalty.Program) { p.Earning[0].Spend.Basis.PointsTender = true },
			}, {
				Name:  "what points paid a part of always earns",
				Seen:  "ada has bean 80 available, and should have bean",
				Rules: func(p *loyalty.Program) { p.Earning[0].Only = nil },
			}, {
				Name:  "what points paid never earns",
				Seen:  "ada has bean 60 available, and should have bean 80",
				Rules: func(p *loyalty.Program) { p.Earning[0].Spend.Basis.PointsTender = false },
			}},
			Run: func(s *Shop) {
				paid := order("1001", "80.00")
				paid.Tenders = []points.Tender{{Kind: points.PointsTender, Amount: money("20.00")}}
				s.members("ada")
				quote := s.quotes(loyalty.Earn{Member: "ada", Key: s.key(), Order: paid})
				assert.EqualValues(s, 60, quote.Awards[0].Points, "the quote shows it")
				s.sells("ada", paid)
				s.has("ada", 60)
				s.opens(func(p *loyalty.Program) { p.ID, p.Earning[0].Spend.Basis.PointsTender = s.another("full"), true })
				s.members("ada")
				s.sells("ada", paid)
				s.has("ada", 80)
				s.opens(func(p *loyalty.Program) {
					p.ID, p.Earning[0].Only = s.another("none"), &points.Only{NotPaidBy: []points.TenderKind{points.PointsTender}}
				})
				s.members("ada")
				s.sells("ada", paid)
				s.has("ada", 0)
			},
		},
		{
			Number: 54, Slug: "preview_differs_from_award",
			Bug:   "The cart promised 60 points, the order gave 50, and the history kept only the last rule.",
			Naive: "has a second calculation for the page",
			Mistakes: []Mistake{{
				Name: "the page does not know the items",
				Seen: "monday 11 × 1.5 on mon",
				Quotes: func(cmd loyalty.Command) loyalty.Command {
					earn := cmd.(loyalty.Earn)
					earn.Order.Lines = slices.Clone(earn.Order.Lines)
					for i := range earn.Order.Lines {
						earn.Order.Lines[i].Item = ""
					}
					return earn
				},
			}, {
				Name: "the last rule takes all",
				Seen: "each rule has its line: [mug]",
				Does: func(*Shop) Does {
					return func(cmd loyalty.Command, do Do) (loyalty.Receipt, error) {
						receipt, err := do(cmd)
						for i := range receipt.Awards {
							award := &receipt.Awards[i]
							award.Rules = award.Rules[len(award.Rules)-1:]
						}
						return receipt, err
					}
				},
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) {
					p.Earning = append(
						p.Earning,
						points.Rule{Code: "monday", When: points.When{Weekdays: points.Mon}, Multiply: money("1.5")},
						points.Rule{Code: "mug", Bonus: 7, Match: points.Match{Items: []string{"mug"}}},
					)
				})
				s.members("ada")
				cart := order("1001", "19.99", "3.33")
				cart.Lines[1].Item = "mug"
				earn := loyalty.Earn{Member: "ada", Key: "order/1001", Order: cart}
				quote := s.quotes(earn)
				s.has("ada", 0)
				receipt := s.do(earn)
				assert.Equal(s, quote.String(), receipt.String())
				var sum points.Amount
				codes := make([]string, 0, 3)
				for _, rule := range receipt.Awards[0].Rules {
					sum += rule.Points
					codes = append(codes, rule.Rule)
				}
				assert.Equal(s, receipt.Awards[0].Points, sum)
				assert.Len(s, codes, 3, "each rule has its line: %v", codes)
				slices.Reverse(s.program.Earning)
				s.opens(func(p *loyalty.Program) { p.ID = s.another("other order") })
				s.members("ada")
				assert.Equal(s, receipt.Awards[0].Points, s.do(earn).Awards[0].Points)
			},
		},
		{
			Number: 59, Slug: "product_kept_out",
			Bug:   "A shop may neither give points on tobacco nor take any for it, and had no way to leave it out.",
			Naive: "earns and redeems on every line alike",
			Mistakes: []Mistake{{
				Name:  "every line earns",
				Seen:  "ada has bean 20 available, and should have bean 8",
				Rules: func(p *loyalty.Program) { p.Earning[0].Spend.Basis.Exclude = points.Match{} },
			}, {
				Name:     "points pay for every line",
				Seen:     "ada has bean 1000 available, and should have bean 1120",
				Exchange: func(x *rewards.Exchange) { x.Exclude = points.Match{} },
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) {
					p.Earning[0].Spend.Basis.Exclude = points.Match{Categories: []string{"tobacco"}}
				})
				s.members("ada")
				mixed := order("1001", "12.00", "8.00")
				mixed.Lines[0].Category = "tobacco"
				s.sells("ada", mixed)
				s.has("ada", 8)
				s.do(loyalty.Refund{Member: "ada", Key: s.key(), Order: "1001", Lines: []points.RefundLine{{Line: "1"}}})
				s.has("ada", 8)

				s.paysWithBeans("kept out of redeeming", points.Match{Categories: []string{"tobacco"}})
				s.do(loyalty.Earn{Member: "ada", Key: "pay", Order: mixed, Pay: &loyalty.PayPoints{Reward: "cash"}})
				s.has("ada", 1200-80)
				split := s.do(loyalty.Refund{Member: "ada", Key: s.key(), Order: "1001", Lines: []points.RefundLine{{Line: "1"}}}).Split
				assert.Equal(s, "12", split.Cash.String(), "money paid for the tobacco")
			},
		},
	}
}
