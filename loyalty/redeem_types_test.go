package loyalty_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

// anyType has a reward of every type, each of which costs 20 points.
func anyType() rewards.Catalog {
	price := []rewards.Price{{Unit: "bean", Points: 20}}
	rate := &rewards.Exchange{Unit: "bean", Points: 100, Money: eur("1"), Currency: "EUR"}
	tin := rewards.Benefit{Items: []string{"tin"}}
	return rewards.Catalog{
		{Code: "money-off", Type: rewards.TypeMoneyOff, Prices: price, Benefit: rewards.Benefit{Amount: eur("5"), Currency: "EUR"}},
		{Code: "percent-off", Type: rewards.TypePercentOff, Prices: price, Benefit: rewards.Benefit{Percent: eur("10")}},
		{Code: "free-product", Type: rewards.TypeFreeProduct, Prices: price, Benefit: tin},
		{Code: "free-shipping", Type: rewards.TypeFreeShipping, Prices: price},
		{Code: "voucher", Type: rewards.TypeVoucher, Prices: price, Voucher: &rewards.Voucher{}, Benefit: rewards.Benefit{Partner: "Odeon"}},
		{Code: "gift-card", Type: rewards.TypeGiftCard, Prices: price, Voucher: &rewards.Voucher{}, Benefit: rewards.Benefit{Amount: eur("10"), Currency: "EUR"}},
		{Code: "cash-back", Type: rewards.TypeCashBack, Exchange: rate},
		{Code: "points-and-cash", Type: rewards.TypePointsAndCash, Benefit: tin, Prices: []rewards.Price{{Unit: "bean", Points: 20, Cash: eur("3"), Currency: "EUR"}}},
		{Code: "donation", Type: rewards.TypeDonation, Prices: price, Benefit: rewards.Benefit{Cause: "trees"}},
		{Code: "experience", Type: rewards.TypeExperience, Prices: price, Benefit: rewards.Benefit{Event: "latte-art"}},
		{Code: "sweepstake", Type: rewards.TypeSweepstake, Prices: price, Benefit: rewards.Benefit{Event: "spring", Pieces: 3}},
		{Code: "custom", Type: rewards.TypeCustom, Prices: price},
	}
}

func TestTheRewardsOfEveryTypeAreOfEveryType(t *testing.T) {
	problems := rewards.Validate("c", rewards.Catalog{{Code: "x", Type: "gold-bar"}}, nil)
	var all []string
	for _, reward := range anyType() {
		all = append(all, string(reward.Type))
	}
	last := len(all) - 1
	want := "must be " + strings.Join(all[:last], ", ") + " or " + all[last] + `, not "gold-bar"`
	require.Equal(t, want, problems[0].Message, "who mistypes one is told of all of them")
}

func TestARewardOfEveryTypeGoesAllItsWays(t *testing.T) {
	type step struct {
		cmd       loyalty.Command
		state     rewards.State
		has, held points.Amount
	}
	for _, reward := range anyType() {
		wish := redeem("r", reward.Code)
		if reward.Exchange != nil {
			wish.Points = 20
		}
		reserved := wish
		issue := loyalty.IssueRedemption{Member: "anna", Key: "issue", Redemption: "r"}
		fulfill := loyalty.FulfillRedemption{Member: "anna", Key: "fulfill", Redemption: "r", Result: "parcel-7", Actor: "ben"}
		use := loyalty.UseVoucher{Member: "anna", Key: "use", Redemption: "r"}
		if reward.Divisible() {
			use.Money = reward.Benefit.Amount
		}
		undo := loyalty.CancelRedemption{Member: "anna", Key: "cancel", Redemption: "r"}
		reject := loyalty.RejectRedemption{Member: "anna", Key: "reject", Redemption: "r", Reason: "out of tins", Actor: "ben"}
		for name, way := range map[string]func(until loyalty.Redeem) []step{
			"issued, fulfilled and used": func(loyalty.Redeem) []step {
				return []step{{wish, rewards.Issued, 80, 0}, {fulfill, rewards.Fulfilled, 80, 0}, {use, rewards.Used, 80, 0}}
			},
			"issued and cancelled": func(loyalty.Redeem) []step {
				return []step{{wish, rewards.Issued, 80, 0}, {undo, rewards.Cancelled, 100, 0}}
			},
			"reserved, issued and used": func(until loyalty.Redeem) []step {
				return []step{{until, rewards.Reserved, 80, 20}, {issue, rewards.Issued, 80, 0}, {use, rewards.Used, 80, 0}}
			},
			"reserved and rejected": func(until loyalty.Redeem) []step {
				return []step{{until, rewards.Reserved, 80, 20}, {reject, rewards.Rejected, 100, 0}}
			},
		} {
			t.Run(reward.Code+" is "+name, func(t *testing.T) {
				s := openMenu(t, func(p *loyalty.Program) { p.Catalog = anyType() })
				reserved.Until = s.now.AddDate(0, 0, 2)
				for _, step := range way(reserved) {
					told := s.must(step.cmd).Redemption
					require.Equal(t, step.state, told.State)
					require.Equal(t, reward.Type, told.Type)
					require.Equal(t, reward.Coded() && step.state != rewards.Reserved && step.state != rewards.Rejected, told.Code != "")
					require.Equal(t, points.Balance{Unit: "bean", Available: step.has, Held: step.held}, s.balance())
					require.True(t, s.must(step.cmd).Replayed)
				}
				stored, err := s.Redemption(t.Context(), "anna", "r")
				require.NoError(t, err)
				require.Equal(t, reward.Benefit, stored.Benefit)
				require.EqualValues(t, 1, stored.Revision)
				s.verify()
			})
		}
	}
}

func TestADrawnCodeIsTheSameForWhoAsksAgainAndNeverAnothersCode(t *testing.T) {
	lost := openMenu(t)
	code := lost.must(redeem("v", "five-off")).Redemption.Code
	other := openMenu(t)
	require.Equal(t, code, other.must(redeem("v", "five-off")).Redemption.Code, "one secret, one command, one code")

	s := openMenu(t)
	s.fail = func(int) error { return errors.New("the power is out") }
	_, err := s.Do(t.Context(), redeem("v", "five-off"))
	require.ErrorContains(t, err, "the power is out")
	s.fail = nil
	require.Equal(t, code, s.must(redeem("v", "five-off")).Redemption.Code, "a retry draws no other code")

	taken := openMenu(t)
	taken.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
	taken.must(loyalty.Adjust{Member: "ben", Key: "gift", Unit: "bean", Points: 100, Reason: "gift", Actor: "shop"})
	taken.must(loyalty.Redeem{Member: "ben", Key: "k", Redemption: "c", Reward: "cinema", Code: code})
	next := taken.must(redeem("v", "five-off")).Redemption.Code
	require.NotEqual(t, code, next)
	require.NoError(t, rewards.CheckCode(next))
	for code, holder := range map[string]string{code: "ben", next: "anna"} {
		found, err := taken.Voucher(t.Context(), code)
		require.NoError(t, err)
		require.Equal(t, holder, found.Member)
	}
	taken.verify()
}

func TestALimitOfAllMembersIsToldToWhoComesTooLate(t *testing.T) {
	s := openMenu(t)
	coffee := func(member, id string) loyalty.Redeem {
		return loyalty.Redeem{Member: member, Key: id, Redemption: id, Reward: "coffee"}
	}
	for _, member := range []string{"ben", "cleo"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		s.must(loyalty.Adjust{Member: member, Key: "gift", Unit: "bean", Points: 100, Reason: "gift", Actor: "shop"})
	}
	for _, member := range []string{"anna", "ben"} {
		s.must(coffee(member, "first"))
		s.must(coffee(member, "second"))
	}
	s.must(coffee("cleo", "first"))
	refused, ok := errors.AsType[*loyalty.IneligibleError](s.refusal(coffee("cleo", "second"), loyalty.ErrLimit))
	require.True(t, ok)
	require.Len(t, refused.Reasons, 1)
	require.Equal(t, rewards.LimitReached, refused.Reasons[0].Why)
	require.Equal(t, &rewards.Limit{Times: 5, Per: points.PerMonth, All: true}, refused.Reasons[0].Limit)
	require.EqualValues(t, 5, refused.Reasons[0].Used)
	s.must(loyalty.CancelRedemption{Member: "anna", Key: "back", Redemption: "first"})
	s.must(coffee("cleo", "second"))
	s.verify()
}
