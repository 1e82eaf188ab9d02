package bugrecord

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

func refundCases() []Case {
	return []Case{
		{
			Number: 1, Slug: "buy_earn_refund_keep",
			Bug:   "A customer bought, earned, sent everything back and kept the points, again and again.",
			Naive: "takes points back only where a clerk thinks of it",
			Mistakes: []Mistake{{
				Name: "refunds are forgotten",
				Seen: "ada has bean 100 available, and should have bean",
				Does: forgets[loyalty.Refund](nil),
			}},
			Run: func(s *Shop) {
				s.members("ada")
				for _, id := range []string{"1001", "1002", "1003"} {
					s.buys("ada", id, "100.00")
					s.has("ada", 100)
					s.refunds("ada", id)
					s.has("ada", 0)
				}
				s.buys("ada", "1004", "100.00")
				s.spends("ada", 100)
				s.refunds("ada", "1004")
				s.hasAll("ada", points.Balance{Unit: "bean", Debt: 100})
			},
		},
		{
			Number: 2, Slug: "refund_redeems_again",
			Bug:   "A refund took the points that the customer had paid with a second time.",
			Naive: "runs the sale's redemption once more, with the sign turned",
			Mistakes: []Mistake{{
				Name: "a refund redeems what was redeemed last",
				Seen: "ada has bean 100 available, and should have bean 300",
				Does: redeemsAgain,
			}},
			Run: func(s *Shop) {
				s.members("ada")
				s.buys("ada", "1001", "500.00")
				s.spends("ada", 200)
				s.buys("ada", "1002", "50.00")
				s.refunds("ada", "1002")
				s.has("ada", 300)
				assert.EqualValues(s, 200, s.books()[points.Redeemed])
			},
		},
		{
			Number: 3, Slug: "refund_lines_earn",
			Bug:   "The lines of a refund were added to what a sale earns, and lifted it over a threshold.",
			Naive: "reads a refund as an order with other signs",
			Mistakes: []Mistake{{
				Name: "a refund is an order of what comes back",
				Seen: "ada has bean 160 available, and should have bean 40",
				Does: earnsOnReturns,
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) {
					p.Units = append(p.Units, points.Unit{Code: "spent", Kind: points.Metric})
					spent := rate("spent", 1, "1")
					spent.Unit = "spent"
					p.Earning = append(p.Earning, spent)
				})
				s.members("ada")
				s.buys("ada", "1001", "60.00", "40.00")
				s.do(loyalty.Refund{Member: "ada", Key: s.key(), Order: "1001", Lines: []points.RefundLine{{Line: "1"}}})
				s.has("ada", 40)
				s.hasAll("ada", points.Balance{Unit: "spent", Counted: 40})
				s.refuses(loyalty.ErrInvalid, loyalty.Earn{Member: "ada", Key: s.key(), Order: order("1002", "-60.00")})
				s.has("ada", 40)
			},
		},
		{
			Number: 4, Slug: "return_leaves_points",
			Bug:   "Returned goods left the earned points on the customer's account.",
			Naive: "books returns beside the ledger of points, not in it",
			Mistakes: []Mistake{{
				Name: "returns are forgotten",
				Seen: "ada has bean 100 available, and should have bean",
				Does: forgets[loyalty.Refund](nil),
			}, {
				Name: "each line is rounded by itself",
				Seen: "ada has bean 1 available, and should have bean",
				Does: roundsLines,
			}},
			Run: func(s *Shop) {
				s.members("ada")
				s.buys("ada", "1001", "33.33", "33.33", "33.34")
				for _, line := range []string{"1", "2", "3"} {
					s.do(loyalty.Refund{Member: "ada", Key: s.key(), Order: "1001", Lines: []points.RefundLine{{Line: line}}})
				}
				s.has("ada", 0)
				assert.EqualValues(s, -100, s.books()[points.Issued])
				assert.EqualValues(s, 100, s.books()[points.Reversed], "all of it, to the last point")
				s.opens(func(p *loyalty.Program) { p.ID, p.Debt = s.another("without debt"), loyalty.RefuseDebt })
				s.members("ada")
				s.buys("ada", "1001", "100.00")
				s.spends("ada", 70)
				receipt := s.refunds("ada", "1001")
				require.Len(s, receipt.Shortfalls, 1)
				assert.EqualValues(s, 70, receipt.Shortfalls[0].Amount)
				for o, err := range s.engine.NetOrders(s.Context()) {
					require.NoError(s, err)
					assert.Equal(s, loyalty.NetOrder{Member: "ada", Order: "1001", Unit: "bean", Earned: 100, Reversed: 30}, o)
					receipt.Shortfalls = nil
				}
				assert.Empty(s, receipt.Shortfalls, "what could not be taken back is reported")
			},
		},
		{
			Number: 5, Slug: "cancel_then_refund",
			Bug:   "An order that was cancelled and then refunded took its points back twice.",
			Naive: "lets each event take what the order earned",
			Mistakes: []Mistake{{
				Name: "each event takes what the order earned",
				Seen: "ada has bean 30 owed, and should have bean 70",
				Does: takesTwice,
			}},
			Run: func(s *Shop) {
				s.members("ada")
				s.buys("ada", "1001", "100.00")
				s.buys("ada", "1002", "70.00")
				s.do(loyalty.Refund{Member: "ada", Key: s.key(), Order: "1001", Kind: loyalty.Cancelled, Full: true})
				s.refunds("ada", "1001")
				s.refuses(loyalty.ErrOverRefund, loyalty.Refund{Member: "ada", Key: s.key(), Order: "1001", Amount: money("1.00")})
				s.has("ada", 70)
				corrected := false
				for op, err := range s.engine.History(s.Context(), "ada") {
					require.NoError(s, err)
					for _, e := range op.Entries {
						if e.Kind == points.EntryReverse {
							corrected = true
							assert.NotZero(s, e.Corrects, "a reversal names the entry that it takes back")
						}
					}
				}
				assert.True(s, corrected)
			},
		},
		{
			Number: 6, Slug: "cashback_kept_after_refund",
			Bug:   "Cash-back stayed in the customer's wallet after the goods went back.",
			Naive: "reverses points but no other kind of value",
			Mistakes: []Mistake{{
				Name: "only beans are taken back",
				Seen: "cashback 400 available, and should have cashback 300",
				Does: adds(func(s *Shop, cmd loyalty.Refund, receipt loyalty.Receipt) loyalty.Command {
					for _, move := range receipt.Moves {
						if move.Unit == "cashback" {
							return s.gives(cmd.Member, move.Unit, move.Amount)
						}
					}
					return nil
				}),
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) {
					p.Units = append(p.Units, points.Unit{Code: "cashback", Scale: 2, Expiry: points.NeverExpire()})
					back := rate("cashback", 5, "1")
					back.Unit = "cashback"
					p.Earning = append(p.Earning, back)
				})
				s.members("ada")
				s.buys("ada", "1001", "80.00")
				s.hasAll("ada", points.Balance{Unit: "cashback", Available: 400})
				s.do(loyalty.Refund{Member: "ada", Key: s.key(), Order: "1001", Amount: money("20.00")})
				s.hasAll("ada", points.Balance{Unit: "cashback", Available: 300})
				s.refunds("ada", "1001")
				s.hasAll("ada", points.Balance{Unit: "cashback"})
				s.has("ada", 0)
			},
		},
		{
			Number: 7, Slug: "money_for_what_points_paid",
			Bug:   "A refund paid out money for the part that was paid with points.",
			Naive: "refunds the total of the order in cash, and leaves the points spent",
			Mistakes: []Mistake{{
				Name: "points stay spent",
				Seen: "ada has bean 30 available, and should have bean 130",
				Does: changes(func(_ *Shop, cmd *loyalty.Refund) { cmd.PointsBack = nil }),
			}, {
				Name: "points come back as new ones",
				Seen: "should have 1 item(s), but has 2",
				Does: func(s *Shop) Does {
					return func(cmd loyalty.Command, do Do) (loyalty.Receipt, error) {
						refund, ok := cmd.(loyalty.Refund)
						if !ok || len(refund.PointsBack) == 0 {
							return do(cmd)
						}
						back := refund.PointsBack[0]
						refund.PointsBack = nil
						if receipt, err := do(s.gives(refund.Member, back.Unit, back.Points)); err != nil {
							return receipt, err
						}
						return do(refund)
					}
				},
			}},
			Run: func(s *Shop) {
				s.members("ada")
				s.buys("ada", "1001", "200.00")
				expires := s.member("ada").Expiring[0].At
				s.days(60)
				s.do(loyalty.Spend{Member: "ada", Key: s.key(), Unit: "bean", Points: 200, Order: "1002"})
				paid := order("1002", "80.00")
				paid.Tenders = []points.Tender{{Kind: points.PointsTender, Amount: money("20.00")}}
				s.sells("ada", paid)
				s.has("ada", 60)
				s.do(loyalty.Refund{ // half of it: 40.00 of the 80.00, and so half the points
					Member: "ada", Key: s.key(), Order: "1002", Amount: money("40.00"),
					PointsBack: []loyalty.PointsBack{{Unit: "bean", Points: 100}},
				})
				s.has("ada", 130)
				s.refunds("ada", "1002")
				s.has("ada", 200)
				m := s.member("ada")
				require.Len(s, m.Expiring, 1)
				assert.Equal(s, expires, m.Expiring[0].At, "what comes back is no younger than it was")
				assert.Zero(s, s.books()[points.Redeemed])

				s.paysWithBeans("at the checkout")
				s.do(loyalty.Earn{Member: "ada", Key: "pay", Order: order("1003", "30.00", "50.00"), Pay: &loyalty.PayPoints{Reward: "cash", Points: 200}})
				s.has("ada", 1060)
				split := s.do(loyalty.Refund{Member: "ada", Key: s.key(), Order: "1003", Lines: []points.RefundLine{{Line: "2"}}}).Split
				require.NotNil(s, split)
				assert.Equal(s, "12.5 for points, 37.5 in money", split.Money.String()+" for points, "+split.Cash.String()+" in money")
				s.has("ada", 1060+125-37)
			},
		},
		{
			Number: 8, Slug: "only_cancel_is_hooked",
			Bug:   "Cancelling took points back, but refunding, voiding and a chargeback did not.",
			Naive: "listens to one of the four events",
			Mistakes: []Mistake{{
				Name: "only cancelling is heard of",
				Seen: "ada has bean 70 available, and should have bean 30",
				Does: forgets(func(cmd loyalty.Refund) bool { return cmd.Kind != loyalty.Cancelled }),
			}},
			Run: func(s *Shop) {
				s.members("ada")
				for i, kind := range []loyalty.RefundKind{loyalty.Refunded, loyalty.Cancelled, loyalty.Voided, loyalty.Chargeback} {
					id := string(rune('A' + i))
					s.buys("ada", id, "40.00")
					s.do(loyalty.Refund{Member: "ada", Key: s.key(), Order: id, Kind: kind, Amount: money("10.00")})
					s.has("ada", 30)
					s.do(loyalty.Refund{Member: "ada", Key: s.key(), Order: id, Kind: kind, Full: true})
					s.has("ada", 0)
				}
			},
		},
		{
			Number: 9, Slug: "voided_sale_keeps_points",
			Bug:   "A sale that was voided at the till kept its points, and items taken off the bill earned.",
			Naive: "awards while the bill is open and forgets voids",
			Mistakes: []Mistake{{
				Name: "voids are forgotten",
				Seen: "ada has bean 20 available, and should have bean 12",
				Does: forgets(func(cmd loyalty.Refund) bool { return cmd.Kind == loyalty.Voided }),
			}},
			Run: func(s *Shop) {
				s.members("ada")
				s.buys("ada", "1001", "12.00", "8.00")
				s.do(loyalty.Refund{Member: "ada", Key: s.key(), Order: "1001", Kind: loyalty.Voided, Lines: []points.RefundLine{{Line: "2"}}})
				s.has("ada", 12)
				s.do(loyalty.Refund{Member: "ada", Key: s.key(), Order: "1001", Kind: loyalty.Voided, Full: true})
				s.has("ada", 0)
				s.refuses(loyalty.ErrOrderEarned, loyalty.Earn{Member: "ada", Key: s.key(), Order: order("1001", "12.00")})
				s.has("ada", 0)
			},
		},
		{
			Number: 10, Slug: "returned_within_the_window",
			Bug:   "Points of goods that went back within the return window had been spent already.",
			Naive: "makes points spendable before the goods can no longer come back",
			Mistakes: []Mistake{{
				Name:  "points can be spent at once",
				Seen:  "ada has bean 90 available, and should have bean 90 pending",
				Rules: func(p *loyalty.Program) { p.Units[0].Pending = points.Activation{} },
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) { p.Units[0].Pending = points.For(14, points.Days) })
				s.members("ada")
				s.buys("ada", "1001", "90.00")
				s.hasAll("ada", points.Balance{Unit: "bean", Pending: 90})
				s.refuses(loyalty.ErrInsufficientPoints, loyalty.Spend{Member: "ada", Key: s.key(), Unit: "bean", Points: 1})
				s.days(10)
				s.do(loyalty.Refund{Member: "ada", Key: s.key(), Order: "1001", Amount: money("30.00")})
				s.hasAll("ada", points.Balance{Unit: "bean", Pending: 60})
				s.days(5)
				s.has("ada", 60)

				s.paysWithBeans("points that paid")
				s.do(loyalty.Earn{Member: "ada", Key: "pay", Order: order("1002", "20.00", "60.00"), Pay: &loyalty.PayPoints{Reward: "cash", Points: 200}})
				s.hasAll("ada", points.Balance{Unit: "bean", Available: 1000, Pending: 60})
				s.do(loyalty.Refund{Member: "ada", Key: s.key(), Order: "1002", Lines: []points.RefundLine{{Line: "1"}}})
				s.hasAll("ada", points.Balance{Unit: "bean", Available: 1050, Pending: 45})
			},
		},
		{
			Number: 11, Slug: "negative_balance_alarms_support",
			Bug:   "A clerk saw a balance of minus 40 and could not tell what it meant.",
			Naive: "lets the balance itself fall below zero",
			Mistakes: []Mistake{{
				Name: "debt is part of the balance",
				Seen: "ada has bean -40 available, and should have bean 40 owed",
				Shows: func(_ *Shop, m *loyalty.Member) {
					for i := range m.Balances {
						b := &m.Balances[i]
						b.Available, b.Debt = b.Available-b.Debt, 0
					}
				},
			}},
			Run: func(s *Shop) {
				s.members("ada")
				s.buys("ada", "1001", "40.00")
				s.spends("ada", 40)
				s.refunds("ada", "1001")
				s.hasAll("ada", points.Balance{Unit: "bean", Debt: 40})
				cause := ""
				for op, err := range s.engine.History(s.Context(), "ada") {
					require.NoError(s, err)
					for _, e := range op.Entries {
						if e.From == points.Debt {
							cause = op.Type + " of " + e.Reference
						}
					}
				}
				assert.Equal(s, "refund of 1001", cause)
				s.buys("ada", "1002", "100.00")
				s.has("ada", 60)
			},
		},
		{
			Number: 51, Slug: "delay_until_returns_end",
			Bug:   "A shop wanted points to wait for the end of its return period and could not have it.",
			Naive: "has no state between earned and spendable",
			Mistakes: []Mistake{{
				Name:  "points can be spent at once",
				Seen:  "ada has bean, and should have bean 25 pending",
				Rules: func(p *loyalty.Program) { p.Units[0].Pending = points.Activation{} },
			}, {
				Name:  "points mature by themselves",
				Seen:  "ada has bean, and should have bean 25 pending",
				Rules: func(p *loyalty.Program) { p.Units[0].Pending = points.For(14, points.Days) },
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) { p.Units[0].Pending = points.UntilConfirmed() })
				s.members("ada")
				s.buys("ada", "1001", "25.00")
				s.days(400)
				s.hasAll("ada", points.Balance{Unit: "bean", Pending: 25})
				s.do(loyalty.Confirm{Member: "ada", Key: s.key(), Order: "1001"})
				s.has("ada", 25)
				m := s.member("ada")
				require.Len(s, m.Expiring, 1)
				assert.Equal(s, s.now.AddDate(1, 0, 0).Format(time.DateOnly), m.Expiring[0].At.Add(-time.Hour).Format(time.DateOnly), "their year begins with the confirmation")

				until := s.now.AddDate(0, 0, 14)
				s.do(loyalty.Adjust{
					Member: "ada", Key: s.key(), Unit: "bean", Points: 5, AvailableFrom: until, Reason: "goods on approval", Actor: "clerk",
				})
				s.hasAll("ada", points.Balance{Unit: "bean", Pending: 5, Available: 25})
				s.days(14)
				s.has("ada", 30)
			},
		},
	}
}

// paysWithBeans opens a program of another name in which ten beans pay a euro, but for
// what they do not pay for, and ada has 1,200.
func (s *Shop) paysWithBeans(name string, but ...points.Match) {
	s.Helper()
	rate := rewards.Exchange{Unit: "bean", Points: 10, Money: money("1"), Currency: "EUR"}
	for _, match := range but {
		rate.Exclude = match
	}
	rate = s.exchange(rate)
	s.opens(func(p *loyalty.Program) {
		p.ID, p.Catalog = s.another(name), rewards.Catalog{{Code: "cash", Type: rewards.TypeCashBack, Exchange: &rate}}
	})
	s.members("ada")
	s.do(s.gives("ada", "bean", 1200))
}
