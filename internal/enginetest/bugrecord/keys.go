package bugrecord

import (
	"context"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func keyCases() []Case {
	return []Case{
		{
			Number: 20, Slug: "replayed_event_pays_again",
			Bug:   "A message that the queue delivered twice paid the points twice.",
			Naive: "makes its own key for every call",
			Mistakes: []Mistake{{
				Name: "every call has a key of its own",
				Seen: "balance 30 bean available",
				Does: allNew,
			}, {
				Name: "the key alone is looked at",
				Seen: `Expected error with "the key was used for another command" in chain but got nil`,
				Does: allows(func(*Shop, loyalty.Earn) []loyalty.Command { return nil }),
			}},
			Run: func(s *Shop) {
				s.members("ada")
				earn := loyalty.Earn{Member: "ada", Key: "event-77", Order: order("1001", "15.00")}
				first := s.do(earn)
				s.days(3)
				again := s.do(earn)
				assert.True(s, again.Replayed)
				again.Replayed = false
				assert.Equal(s, first.String(), again.String())
				s.has("ada", 15)
				earn.Order.Lines[0].Amount = money("16.00")
				s.refuses(loyalty.ErrKeyReused, earn)
				s.has("ada", 15)
			},
		},
		{
			Number: 21, Slug: "completed_twice_earns_twice",
			Bug:   "A clerk set an order to completed, back, and to completed again: it earned twice.",
			Naive: "awards on each change of the order's state",
			Mistakes: []Mistake{{
				Name: "every change of state is an order of its own",
				Seen: `Expected error with "the order has earned already" in chain but got nil`,
				Does: changes(func(s *Shop, cmd *loyalty.Earn) { cmd.Order.ID += " at " + s.key() }),
			}},
			Run: func(s *Shop) {
				s.members("ada", "bob")
				s.buys("ada", "1001", "15.00")
				s.refuses(loyalty.ErrOrderEarned, loyalty.Earn{Member: "ada", Key: "completed again", Order: order("1001", "15.00")})
				s.refuses(loyalty.ErrOrderEarned, loyalty.Earn{Member: "bob", Key: "by another card", Order: order("1001", "15.00")})
				s.has("ada", 15)
				s.has("bob", 0)
			},
		},
		{
			Number: 22, Slug: "offline_till_syncs_again",
			Bug:   "A till that was offline sent its day twice, and all points of the day doubled.",
			Naive: "books a batch without keys for its rows",
			Mistakes: []Mistake{{
				Name: "every row has a key of its own",
				Seen: "ada has bean 100 available, and should have bean 50",
				Does: allNew,
			}},
			Run: func(s *Shop) {
				s.members("ada", "bob")
				day := []loyalty.Command{
					loyalty.Earn{Member: "ada", Key: "till-1", Order: order("1", "10.00")},
					loyalty.Earn{Member: "bob", Key: "till-2", Order: order("2", "20.00")},
					loyalty.Spend{Member: "bob", Key: "till-3", Unit: "bean", Points: 5},
					loyalty.Earn{Member: "ada", Key: "till-4", Order: order("4", "40.00")},
				}
				for i := range 3 {
					n := 0
					for receipt, err := range s.all(day) {
						require.NoError(s, err)
						assert.Equal(s, i > 0, receipt.Replayed)
						n++
					}
					assert.Equal(s, len(day), n)
					s.has("ada", 50)
					s.has("bob", 15)
				}
			},
		},
		{
			Number: 23, Slug: "twenty_gifts_at_once",
			Bug:   "Twenty gifts sent at the same moment turned 100 points into 2,000.",
			Naive: "reads the balance, decides, and writes",
			Mistakes: []Mistake{{
				Name:   "all read before one writes",
				Seen:   "expected: 1 actual : 20",
				Racing: true,
			}},
			Run: func(s *Shop) {
				s.members("ada", "bob")
				s.buys("ada", "1001", "100.00")
				sent := s.doAtOnce(20, loyalty.ErrInsufficientPoints, func(i int) loyalty.Command {
					return loyalty.Transfer{Member: "ada", Key: "gift-" + string(rune('a'+i)), To: "bob", Unit: "bean", Points: 100}
				})
				assert.Equal(s, 1, sent)
				s.has("ada", 0)
				s.has("bob", 100)
			},
		},
		{
			Number: 24, Slug: "two_checkouts_one_balance",
			Bug:   "Two checkouts that were open at once paid with the same points.",
			Naive: "looks at the balance in the page and takes it when the order is paid",
			Mistakes: []Mistake{{
				Name:   "both carts read before one writes",
				Seen:   "expected: 1 actual : 8",
				Racing: true,
			}, {
				Name:   "both tills read before one writes",
				Seen:   "one till takes it: expected: 1 actual : 8",
				Racing: true,
			}},
			Run: func(s *Shop) {
				s.members("ada")
				s.buys("ada", "1001", "100.00")
				held := s.doAtOnce(8, loyalty.ErrInsufficientPoints, func(i int) loyalty.Command {
					cart := "cart-" + string(rune('a'+i))
					return loyalty.Hold{Member: "ada", Key: cart, ID: cart, Unit: "bean", Points: 60, Until: s.now.Add(time.Hour)}
				})
				assert.Equal(s, 1, held)
				s.hasAll("ada", points.Balance{Unit: "bean", Available: 40, Held: 60})
				voucherAtTwoTills(s)
			},
		},
		{
			Number: 25, Slug: "usage_counted_after_the_grant",
			Bug:   "A prize for the first three customers went to eight, since each counted it after taking it.",
			Naive: "reads a counter, grants, and writes the counter back",
			Mistakes: []Mistake{{
				Name:   "all read the counter before one writes it",
				Seen:   "expected: 3 actual : 8",
				Racing: true,
			}},
			Run: func(s *Shop) {
				for i := range 8 {
					s.members(string(rune('a' + i)))
				}
				got := s.doAtOnce(8, loyalty.ErrLimit, func(i int) loyalty.Command {
					return firstThree{Member: string(rune('a' + i)), Key: "prize"}
				})
				assert.Equal(s, 3, got)
				assert.EqualValues(s, -30, s.books()[points.Issued])
			},
		},
		{
			Number: 26, Slug: "two_cards_for_one_customer",
			Bug:   "One customer ended with two cards, and the points on the one that was lost.",
			Naive: "inserts a card without asking whether there is one",
			Mistakes: []Mistake{{
				Name:   "all look for a card before one makes it",
				Seen:   "expected: 1 actual : 8",
				Racing: true,
			}},
			Run: func(s *Shop) {
				joined := s.doAtOnce(8, loyalty.ErrAlreadyEnrolled, func(i int) loyalty.Command {
					return loyalty.Enroll{Member: "ada", Key: "till-" + string(rune('a'+i))}
				})
				assert.Equal(s, 1, joined)
				n := 0
				for _, err := range storage.AllAccounts(s.Context(), s.store, storage.AccountQuery{Program: s.program.ID}) {
					require.NoError(s, err)
					n++
				}
				assert.Equal(s, 1, n)
			},
		},
		{
			Number: 50, Slug: "one_path_forgets_the_balance",
			Bug:   "Spending looked at the balance, but sending points to a friend did not.",
			Naive: "has a check in each command, and forgot one",
			Mistakes: []Mistake{{
				Name:  "a transfer leaves debt",
				Seen:  `Expected error with "not enough points" in chain but got nil`,
				Rules: func(p *loyalty.Program) { p.Debt = loyalty.AllowDebt },
				Does: allows(func(s *Shop, cmd loyalty.Transfer) []loyalty.Command {
					return []loyalty.Command{s.gives(cmd.Member, cmd.Unit, -cmd.Points), s.gives(cmd.To, cmd.Unit, cmd.Points)}
				}),
			}, {
				Name:  "a correction leaves debt",
				Seen:  `Expected error with "not enough points" in chain but got nil`,
				Rules: func(p *loyalty.Program) { p.Debt = loyalty.AllowDebt },
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) { p.Debt = loyalty.RefuseDebt })
				s.members("ada", "bob")
				s.buys("ada", "1001", "10.00")
				for _, cmd := range []loyalty.Command{
					loyalty.Spend{Member: "ada", Key: s.key(), Unit: "bean", Points: 11},
					loyalty.Transfer{Member: "ada", Key: s.key(), To: "bob", Unit: "bean", Points: 11},
					loyalty.Hold{Member: "ada", Key: s.key(), ID: "cart", Unit: "bean", Points: 11, Until: points.Never},
					loyalty.Adjust{Member: "ada", Key: s.key(), Unit: "bean", Points: -11, Reason: "typo", Actor: "clerk"},
				} {
					var short *loyalty.InsufficientPointsError
					require.ErrorAs(s, s.refuses(loyalty.ErrInsufficientPoints, cmd), &short)
					assert.EqualValues(s, 10, short.Available)
				}
				s.has("ada", 10)
				s.has("bob", 0)
			},
		},
		{
			Number: 61, Slug: "late_order_gets_todays_date",
			Bug:   "An order that the till sent three days late was dated today, and its double day was lost.",
			Naive: "stamps what comes in with its own clock",
			Mistakes: []Mistake{{
				Name: "an order is stamped when it comes in",
				Seen: "ada has bean 10 available, and should have bean 20",
				Does: changes(func(_ *Shop, cmd *loyalty.Earn) { cmd.OccurredAt = time.Time{} }),
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) {
					p.Earning = append(p.Earning, points.Rule{Code: "monday", When: points.When{Weekdays: points.Mon}, Multiply: money("2")})
				})
				s.members("ada")
				s.days(3)
				late := loyalty.Earn{Member: "ada", Key: "late", Order: order("1001", "10.00"), OccurredAt: opening}
				receipt := s.do(late)
				assert.Equal(s, opening, receipt.OccurredAt)
				assert.Equal(s, s.now, receipt.RecordedAt)
				s.has("ada", 20)
				assert.True(s, s.do(late).Replayed)
				s.has("ada", 20)
				s.refuses(loyalty.ErrNotYet, loyalty.Earn{Member: "ada", Key: s.key(), Order: order("1002", "10.00"), OccurredAt: s.now.Add(time.Hour)})
			},
		},
	}
}

// firstThree gives ten beans to the first three who ask.
type firstThree struct{ Member, Key string }

// Plan implements loyalty.Command.
func (c firstThree) Plan() loyalty.Plan {
	return loyalty.Plan{Member: c.Member, Key: c.Key, Counters: []storage.CounterKey{{Key: "prize"}}}
}

// Apply implements loyalty.Command.
func (c firstThree) Apply(_ context.Context, tx *loyalty.Tx) error {
	if err := tx.Use("prize", 1, 3); err != nil {
		return err
	}
	return tx.Credit("bean", 10)
}
