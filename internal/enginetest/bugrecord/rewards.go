package bugrecord

import (
	"context"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
)

// reward is a reward of a price in beans.
func reward(code string, price points.Amount) rewards.Reward {
	return rewards.Reward{
		Code: code, Type: rewards.TypeFreeProduct, Benefit: rewards.Benefit{Items: []string{code}},
		Prices: []rewards.Price{{Unit: "bean", Points: price}},
	}
}

// redeems lets a member redeem a reward.
func (s *Shop) redeems(member, id, code string) loyalty.Receipt {
	s.Helper()
	return s.do(loyalty.Redeem{Member: member, Key: s.key(), Redemption: id, Reward: code})
}

// stands wants a redemption to be in a state.
func (s *Shop) stands(member, id string, state rewards.State) {
	s.Helper()
	r, err := s.engine.Redemption(s.Context(), member, id)
	require.NoError(s, err)
	assert.Equal(s, state, r.State)
}

func rewardCases() []Case {
	return []Case{
		{
			Number: 29, Slug: "last_fraction_of_a_bill",
			Bug:   "A bill could not be paid with points in full: a fraction of a cent was left.",
			Naive: "converts points to money without a word on the last fraction",
			Mistakes: []Mistake{{
				Name:     "the last fraction is left to pay",
				Seen:     "ada has bean 101 available, and should have bean 100",
				Exchange: func(x *rewards.Exchange) { x.Fraction = rewards.FractionCash },
			}},
			Run: func(s *Shop) {
				rate := s.exchange(rewards.Exchange{Unit: "bean", Points: 3, Money: money("0.05"), Currency: "EUR", Fraction: rewards.FractionRoundUp})
				s.members("ada")
				s.buys("ada", "1001", "700.00")
				bill := money("9.99")
				pay, err := rate.Pay(bill, s.member("ada").Balance("bean").Available)
				require.NoError(s, err)
				assert.True(s, pay.Money.Equal(bill))
				assert.True(s, pay.Rest.IsZero(), "the whole bill is paid")
				s.do(loyalty.Spend{Member: "ada", Key: s.key(), Unit: "bean", Points: pay.Points, Order: "1002"})
				s.has("ada", 100)
				back, err := rate.Refund(pay, bill, money("0"), bill)
				require.NoError(s, err)
				assert.True(s, back.Cash.IsZero(), "no money comes back for points")
				s.do(loyalty.Refund{Member: "ada", Key: s.key(), Order: "1002", PointsBack: []loyalty.PointsBack{{Unit: "bean", Points: back.Points}}})
				s.has("ada", 700)
			},
		},
		{
			Number: 52, Slug: "deleted_reward_loses_points",
			Bug:   "A reward was deleted, and with it the points that customers had put into it.",
			Naive: "deletes rows that others point to",
			Mistakes: []Mistake{{
				Name:  "what members have of a reward goes with it",
				Seen:  `the member has no such redemption: "kept"`,
				Store: func(s *Shop) storage.Store { return losesRedemptions(s) },
			}},
			Run: func(s *Shop) {
				mug := reward("mug", 30)
				mug.Reserve = points.Span{N: 3, Unit: points.Days}
				without := s.program
				without.EffectiveAt = opening.AddDate(0, 0, 1)
				s.opens(func(p *loyalty.Program) { p.Catalog = rewards.Catalog{mug} }, without)
				s.members("ada")
				s.buys("ada", "1001", "100.00")
				s.redeems("ada", "kept", "mug")
				s.redeems("ada", "given up", "mug")
				s.redeems("ada", "forgotten", "mug")
				s.days(1)
				_ = s.refuses(loyalty.ErrUnknownReward, loyalty.Redeem{Member: "ada", Key: s.key(), Redemption: "late", Reward: "mug"})
				s.do(loyalty.IssueRedemption{Member: "ada", Key: s.key(), Redemption: "kept"})
				s.do(loyalty.CancelRedemption{Member: "ada", Key: s.key(), Redemption: "given up"})
				s.hasAll("ada", points.Balance{Unit: "bean", Available: 40, Held: 30})
				s.days(2)
				s.has("ada", 70)
				s.stands("ada", "kept", rewards.Issued)
				s.stands("ada", "forgotten", rewards.Expired)

				cheaper := s.program
				cheaper.ID, cheaper.EffectiveAt = s.another("cheaper"), s.now.AddDate(0, 0, 1)
				cheaper.Catalog = rewards.Catalog{reward("mug", 10)}
				s.opens(func(p *loyalty.Program) { p.ID = cheaper.ID }, cheaper)
				s.members("ada")
				s.buys("ada", "1001", "100.00")
				s.redeems("ada", "dear", "mug")
				s.days(1)
				s.redeems("ada", "cheap", "mug")
				s.hasAll("ada", points.Balance{Unit: "bean", Available: 60, Held: 30})
				s.do(loyalty.CancelRedemption{Member: "ada", Key: s.key(), Redemption: "dear"})
				s.has("ada", 90)
			},
		},
		{
			Number: 55, Slug: "second_reward_is_refused",
			Bug:   "A customer with enough points for two rewards could take one.",
			Naive: "limits the program where it means the reward",
			Mistakes: []Mistake{{
				Name: "the limit is for the program",
				Seen: "the limit is reached",
				Does: oneReward,
			}},
			Run: func(s *Shop) {
				once := []rewards.Limit{{Times: 1, Per: points.Lifetime}}
				mug, scone := reward("mug", 30), reward("scone", 20)
				mug.Limits, scone.Limits = once, once
				s.opens(func(p *loyalty.Program) { p.Catalog = rewards.Catalog{mug, scone} })
				s.members("ada")
				s.buys("ada", "1001", "100.00")
				s.redeems("ada", "m", "mug")
				s.redeems("ada", "s", "scone")
				s.has("ada", 50)
				_ = s.refuses(loyalty.ErrLimit, loyalty.Redeem{Member: "ada", Key: s.key(), Redemption: "m2", Reward: "mug"})
				s.has("ada", 50)
			},
		},
		{
			Number: 60, Slug: "issued_reward_cannot_be_cancelled",
			Bug:   "A clerk could neither cancel an issued reward nor mark it as used.",
			Naive: "has no states behind the customer's page",
			Mistakes: []Mistake{{
				Name: "an issued reward stays",
				Seen: `expected: "cancelled" actual : "issued"`,
				Does: forgets(func(cmd loyalty.CancelRedemption) bool { return cmd.Override }),
			}, {
				Name: "a reward is never used",
				Seen: `expected: "used" actual : "fulfilled"`,
				Does: forgets[loyalty.UseVoucher](nil),
			}},
			Run: func(s *Shop) {
				mug := reward("mug", 30)
				mug.Final = true
				s.opens(func(p *loyalty.Program) { p.Catalog = rewards.Catalog{mug} })
				s.members("ada")
				s.buys("ada", "1001", "100.00")
				s.redeems("ada", "a", "mug")
				s.redeems("ada", "b", "mug")
				s.do(loyalty.FulfillRedemption{Member: "ada", Key: s.key(), Redemption: "a", Result: "parcel-7", Actor: "clerk"})
				s.do(loyalty.UseVoucher{Member: "ada", Key: s.key(), Redemption: "a", Actor: "clerk"})
				s.stands("ada", "a", rewards.Used)
				_ = s.refuses(loyalty.ErrForbidden, loyalty.CancelRedemption{Member: "ada", Key: s.key(), Redemption: "b"})
				s.do(loyalty.CancelRedemption{Member: "ada", Key: s.key(), Redemption: "b", Override: true, Reason: "it was chipped", Actor: "clerk"})
				s.stands("ada", "b", rewards.Cancelled)
				s.has("ada", 70)
				_ = s.refuses(rewards.ErrTransition, loyalty.CancelRedemption{Member: "ada", Key: s.key(), Redemption: "a", Override: true, Reason: "x", Actor: "clerk"})
			},
		},
	}
}

// voucherAtTwoTills is what two tills that read one code at once come to.
func voucherAtTwoTills(s *Shop) {
	off := reward("five-off", 30)
	off.Voucher = &rewards.Voucher{}
	other := s.another("vouchers")
	s.opens(func(p *loyalty.Program) { p.ID, p.Catalog = other, rewards.Catalog{off} })
	s.members("zoe")
	s.buys("zoe", "9001", "100.00")
	code := s.redeems("zoe", "v", "five-off").Redemption.Code
	keys := make([]string, 8)
	for i := range keys {
		keys[i] = s.key()
	}
	used := s.atOnce(len(keys), rewards.ErrTransition, func(engine *loyalty.Engine, i int) error {
		_, err := engine.UseVoucher(context.WithoutCancel(s.Context()), loyalty.UseVoucher{Key: keys[i], Code: code})
		return err
	})
	assert.Equal(s, 1, used, "one till takes it")
}
