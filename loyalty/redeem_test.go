package loyalty_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
)

func eur(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// menu is a catalog with a reward of every way to be redeemed.
func menu() rewards.Catalog {
	coffee := rewards.Benefit{Items: []string{"latte"}}
	return rewards.Catalog{
		{
			Code: "coffee", Type: rewards.TypeFreeProduct, Benefit: coffee,
			Prices: []rewards.Price{{Unit: "bean", Points: 50}, {Unit: "bean", Points: 40, Tiers: []string{"gold"}}},
			Limits: []rewards.Limit{{Times: 2, Per: points.PerDay}, {Times: 5, Per: points.PerMonth, All: true}},
		},
		{
			Code: "mug", Type: rewards.TypeFreeProduct, Benefit: rewards.Benefit{Items: []string{"mug"}},
			Prices: []rewards.Price{{Unit: "bean", Points: 30}}, Stock: 3, Shards: 2,
			Reserve: points.Span{N: 2, Unit: points.Days}, CancelWithin: points.Span{N: 7, Unit: points.Days},
		},
		{
			Code: "five-off", Type: rewards.TypeMoneyOff, Benefit: rewards.Benefit{Amount: eur("5"), Currency: "EUR"},
			Prices: []rewards.Price{{Unit: "bean", Points: 20}}, Voucher: &rewards.Voucher{Prefix: "FF"},
			Valid: points.ExpireAfter(30, points.Days), Lapse: rewards.LapseReturns,
		},
		{
			Code: "card", Type: rewards.TypeGiftCard, Benefit: rewards.Benefit{Amount: eur("10"), Currency: "EUR"},
			Prices: []rewards.Price{{Unit: "bean", Points: 60}}, Voucher: &rewards.Voucher{}, Final: true,
		},
		{
			Code: "cash", Type: rewards.TypeCashBack,
			Exchange: &rewards.Exchange{Unit: "bean", Points: 100, Money: eur("1"), Currency: "EUR", Minimum: 10, Step: 5},
		},
		{
			Code: "cinema", Type: rewards.TypeVoucher, Benefit: rewards.Benefit{Partner: "Odeon"},
			Prices: []rewards.Price{{Unit: "bean", Points: 10}}, Voucher: &rewards.Voucher{Host: true},
		},
		{
			Code: "grinder", Type: rewards.TypePointsAndCash, Benefit: rewards.Benefit{Items: []string{"grinder"}},
			Prices: []rewards.Price{{Unit: "bean", Points: 80, Cash: eur("25"), Currency: "EUR"}, {Option: "few-points", Unit: "bean", Points: 10, Cash: eur("60"), Currency: "EUR"}},
			Only:   rewards.Only{Channels: []string{"app"}, Enrolled: points.Span{N: 1, Unit: points.Months}},
			When:   points.When{From: time.Date(2027, time.April, 1, 7, 0, 0, 0, time.UTC)},
		},
		{Code: "old-mug", Type: rewards.TypeCustom, Withdrawn: true},
	}
}

// openMenu opens a shop with the menu, and anna with 100 beans that expire in a year.
func openMenu(t *testing.T, change ...func(*loyalty.Program)) *shop {
	program := beans(points.ExpireAfter(12, points.Months))
	program.Catalog = menu()
	for _, f := range change {
		f(&program)
	}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 100, Reason: "gift", Actor: "shop"})
	return s
}

func redeem(id, reward string) loyalty.Redeem {
	return loyalty.Redeem{Member: "anna", Key: "redeem " + id, Redemption: id, Reward: reward}
}

// stands returns where a redemption of anna's stands.
func (s *shop) stands(id string) rewards.State {
	s.t.Helper()
	r, err := s.Redemption(s.t.Context(), "anna", id)
	require.NoError(s.t, err)
	return r.State
}

// used is what is used of a counter of a reward.
func (s *shop) used(reward, what string) int64 {
	s.t.Helper()
	var keys []storage.CounterKey
	for shard := range 4 {
		keys = append(keys, storage.CounterKey{Key: storage.ReservedPrefix + "reward/" + reward + "/" + what, Shard: shard})
	}
	snaps, err := s.store.Store.Load(s.t.Context(), []storage.LoadRequest{{Program: "beans", Member: "anna", Counters: keys}})
	require.NoError(s.t, err)
	sum := int64(0)
	for _, c := range snaps[0].Counters {
		sum += c.Used
	}
	return sum
}

func (s *shop) refuses(cmd loyalty.Command, want error) {
	s.t.Helper()
	_ = s.refusal(cmd, want)
}

func (s *shop) refusal(cmd loyalty.Command, want error) error {
	s.t.Helper()
	_, err := s.Do(s.t.Context(), cmd)
	require.ErrorIs(s.t, err, want)
	return err
}

func TestARewardIsIssuedAtOnce(t *testing.T) {
	s := openMenu(t)
	receipt := s.must(redeem("r1", "coffee"))
	require.EqualValues(t, 50, s.balance().Available)
	require.Equal(t, rewards.Issued, receipt.Redemption.State)
	require.EqualValues(t, 50, receipt.Redemption.Price.Points)
	require.Contains(t, receipt.String(), "coffee is issued")
	require.EqualValues(t, 1, s.used("coffee", "month/2027-03"))
	require.True(t, s.must(redeem("r1", "coffee")).Replayed)
	require.EqualValues(t, 1, s.used("coffee", "month/2027-03"), "a replay takes nothing")

	s.must(loyalty.FulfillRedemption{Member: "anna", Key: "f", Redemption: "r1", Result: "parcel-7", Actor: "ben"})
	r, err := s.Redemption(t.Context(), "anna", "r1")
	require.NoError(t, err)
	require.Equal(t, rewards.Fulfilled, r.State)
	require.Equal(t, "parcel-7", r.Result)
	require.Equal(t, []loyalty.RedemptionStep{{Action: rewards.Issue, At: s.now}, {Action: rewards.Fulfill, At: s.now, Actor: "ben"}}, r.Steps)
	s.must(loyalty.UseVoucher{Member: "anna", Key: "u", Redemption: "r1"})
	err = s.refusal(loyalty.CancelRedemption{Member: "anna", Key: "c", Redemption: "r1"}, rewards.ErrTransition)
	require.ErrorContains(t, err, "the redemption is used")
	s.verify()
}

func TestACancelledRedemptionGivesEverythingBackToWhereItCameFrom(t *testing.T) {
	s := openMenu(t)
	before, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	s.must(redeem("r1", "coffee"))
	s.must(redeem("r2", "coffee"))
	err = s.refusal(redeem("r3", "coffee"), loyalty.ErrLimit)
	require.ErrorIs(t, err, loyalty.ErrNotEligible)
	require.ErrorContains(t, err, "was redeemed 2 of 2 times by this member in a day, from 1 Mar 2027 23:00 UTC")
	s.now = s.now.Add(time.Hour)
	s.must(loyalty.CancelRedemption{Member: "anna", Key: "c2", Redemption: "r2"})
	s.must(loyalty.CancelRedemption{Member: "anna", Key: "c1", Redemption: "r1"})
	after, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, before.Expiring, after.Expiring, "redeeming and cancelling does not prolong the life of points")
	require.EqualValues(t, 0, s.used("coffee", "month/2027-03"))
	s.must(redeem("r3", "coffee"))
	s.verify()
}

func TestPointsThatExpiredMeanwhileExpireWhenTheyComeBack(t *testing.T) {
	for _, test := range []struct {
		name  string
		grace points.Span
		left  points.Amount
	}{{"without a grace", points.Span{}, 0}, {"with a grace they live a little", points.Span{N: 10, Unit: points.Days}, 50}} {
		t.Run(test.name, func(t *testing.T) {
			s := openMenu(t, func(p *loyalty.Program) { p.Units[0].Grace = test.grace })
			s.must(redeem("r1", "coffee"))
			s.now = s.now.AddDate(1, 1, 0)
			s.must(loyalty.CancelRedemption{Member: "anna", Key: "c", Redemption: "r1"})
			require.Equal(t, test.left, s.balance().Available)
			s.verify()
		})
	}
}

func TestAReservationHoldsPointsUntilItIsIssuedOrLapses(t *testing.T) {
	t.Run("issued", func(t *testing.T) {
		s := openMenu(t)
		receipt := s.must(redeem("m1", "mug"))
		require.Equal(t, rewards.Reserved, receipt.Redemption.State)
		require.Equal(t, points.Balance{Unit: "bean", Available: 70, Held: 30}, s.balance())
		s.verify()
		s.must(loyalty.IssueRedemption{Member: "anna", Key: "i", Redemption: "m1"})
		require.Equal(t, points.Balance{Unit: "bean", Available: 70}, s.balance())
		s.now = s.now.AddDate(0, 0, 3)
		require.Equal(t, rewards.Issued, s.stands("m1"))
		s.must(loyalty.CancelRedemption{Member: "anna", Key: "c", Redemption: "m1"})
		require.EqualValues(t, 100, s.balance().Available)
		require.Zero(t, s.used("mug", "stock"))
		s.verify()
	})
	t.Run("lapsed", func(t *testing.T) {
		s := openMenu(t)
		s.must(redeem("m1", "mug"))
		require.EqualValues(t, 1, s.used("mug", "stock"))
		s.now = s.now.AddDate(0, 0, 2)
		require.Equal(t, rewards.Expired, s.stands("m1"), "a read looks at the time")
		s.refuses(loyalty.IssueRedemption{Member: "anna", Key: "i", Redemption: "m1"}, rewards.ErrTransition)
		_, err := s.RunDue(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, points.Balance{Unit: "bean", Available: 100}, s.balance())
		require.Zero(t, s.used("mug", "stock"))
		s.verify()
	})
	t.Run("rejected", func(t *testing.T) {
		s := openMenu(t)
		s.must(redeem("m1", "mug"))
		s.refuses(loyalty.RejectRedemption{Member: "anna", Key: "r", Redemption: "m1"}, loyalty.ErrInvalid)
		s.must(loyalty.RejectRedemption{Member: "anna", Key: "r", Redemption: "m1", Reason: "out of mugs", Actor: "ben"})
		require.Equal(t, rewards.Rejected, s.stands("m1"))
		require.EqualValues(t, 100, s.balance().Available)
		s.verify()
	})
	t.Run("too late to cancel for the member, not for an operator", func(t *testing.T) {
		s := openMenu(t)
		s.must(redeem("m1", "mug"))
		s.must(loyalty.IssueRedemption{Member: "anna", Key: "i", Redemption: "m1"})
		s.now = s.now.AddDate(0, 0, 7)
		s.refuses(loyalty.CancelRedemption{Member: "anna", Key: "c", Redemption: "m1"}, loyalty.ErrForbidden)
		s.refuses(loyalty.CancelRedemption{Member: "anna", Key: "c", Redemption: "m1", Override: true}, loyalty.ErrInvalid)
		s.must(loyalty.CancelRedemption{Member: "anna", Key: "c", Redemption: "m1", Override: true, Reason: "it broke", Actor: "ben"})
	})
}

func TestAVoucherIsUsedOnceByItsCodeAlone(t *testing.T) {
	s := openMenu(t)
	quote, err := s.Quote(t.Context(), redeem("v1", "five-off"))
	require.NoError(t, err)
	require.Empty(t, quote.Redemption.Code, "nobody must take a quote for a voucher")
	code := s.must(redeem("v1", "five-off")).Redemption.Code
	require.NoError(t, rewards.CheckCode(code))
	require.True(t, strings.HasPrefix(code, "FF"))
	found, err := s.Voucher(t.Context(), code)
	require.NoError(t, err)
	require.Equal(t, "anna", found.Member)
	require.Equal(t, "v1", found.ID)
	use := loyalty.UseVoucher{Key: "till-1", Code: code, Order: "1001"}
	receipt, err := s.UseVoucher(t.Context(), use)
	require.NoError(t, err)
	require.Equal(t, rewards.Used, receipt.Redemption.State)
	again, err := s.UseVoucher(t.Context(), use)
	require.NoError(t, err)
	require.True(t, again.Replayed)
	use.Key = "till-2"
	_, err = s.UseVoucher(t.Context(), use)
	require.ErrorIs(t, err, rewards.ErrTransition)
	_, err = s.UseVoucher(t.Context(), loyalty.UseVoucher{Key: "till-3", Code: "FF2222222222"})
	require.ErrorIs(t, err, loyalty.ErrUnknownVoucher)
	s.refuses(loyalty.UseVoucher{Member: "anna", Key: "other", Redemption: "v1", Code: "XX"}, loyalty.ErrUnknownVoucher)
	s.verify()
}

func TestAVoucherThatWasNotUsedInTimeReturnsItsPointsWhereTheRewardSaysSo(t *testing.T) {
	s := openMenu(t)
	code := s.must(redeem("v1", "five-off")).Redemption.Code
	s.now = time.Date(2027, time.March, 31, 22, 0, 0, 0, time.UTC) // midnight in Vienna, summer time
	_, err := s.UseVoucher(t.Context(), loyalty.UseVoucher{Key: "till-1", Code: code})
	require.ErrorIs(t, err, rewards.ErrTransition)
	found, err := s.Voucher(t.Context(), code)
	require.NoError(t, err)
	require.Equal(t, rewards.Expired, found.State)
	require.EqualValues(t, 100, s.balance().Available)
	_, err = s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	s.verify()
}

func TestAGiftCardIsSpentPieceByPiece(t *testing.T) {
	s := openMenu(t)
	code := s.must(redeem("g1", "card")).Redemption.Code
	s.refuses(loyalty.CancelRedemption{Member: "anna", Key: "c", Redemption: "g1"}, loyalty.ErrForbidden)
	use := func(key, money string) (loyalty.Receipt, error) {
		return s.UseVoucher(t.Context(), loyalty.UseVoucher{Key: key, Code: code, Money: eur(money)})
	}
	receipt, err := use("a", "3.50")
	require.NoError(t, err)
	require.Equal(t, rewards.Issued, receipt.Redemption.State)
	require.Equal(t, "6.5", receipt.Redemption.Left.String())
	_, err = use("b", "6.51")
	require.ErrorIs(t, err, loyalty.ErrOverUse)
	s.refuses(loyalty.CancelRedemption{Member: "anna", Key: "c", Redemption: "g1", Override: true, Reason: "x", Actor: "y"}, loyalty.ErrForbidden)
	_, err = use("b", "6.50")
	require.NoError(t, err)
	require.Equal(t, rewards.Used, s.stands("g1"))
	_, err = use("c", "0.01")
	require.ErrorIs(t, err, rewards.ErrTransition)
	s.verify()
}

func TestAGiftCardOfManySmallUsesKeepsABoundedStory(t *testing.T) {
	s := openMenu(t)
	code := s.must(redeem("g1", "card")).Redemption.Code
	for i := range 60 {
		_, err := s.UseVoucher(t.Context(), loyalty.UseVoucher{Key: fmt.Sprint(i), Code: code, Money: eur("0.10")})
		require.NoError(t, err)
	}
	r, err := s.Redemption(t.Context(), "anna", "g1")
	require.NoError(t, err)
	require.Len(t, r.Steps, 40)
	require.Equal(t, rewards.Issue, r.Steps[0].Action)
	require.Equal(t, "4", r.Left.String())
}

func TestPointsAreExchangedForMoney(t *testing.T) {
	s := openMenu(t)
	for _, bad := range []points.Amount{0, 5, 12} {
		cmd := redeem("x", "cash")
		cmd.Points = bad
		s.refuses(cmd, loyalty.ErrInvalid)
	}
	cmd := redeem("x", "cash")
	cmd.Points = 55
	receipt := s.must(cmd)
	require.Equal(t, "0.55", receipt.Redemption.Money.String())
	require.EqualValues(t, 45, s.balance().Available)
	cmd = redeem("y", "coffee")
	cmd.Points = 10
	s.refuses(cmd, loyalty.ErrInvalid)
}

func TestCodesOfTheHostAreGivenOnce(t *testing.T) {
	s := openMenu(t)
	s.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "ben", Key: "gift", Unit: "bean", Points: 100, Reason: "gift", Actor: "shop"})
	s.refuses(redeem("c1", "cinema"), loyalty.ErrInvalid)
	cmd := redeem("c1", "cinema")
	cmd.Code = "ODEON-1"
	require.Equal(t, "ODEON-1", s.must(cmd).Redemption.Code)
	require.True(t, s.must(cmd).Replayed)
	ben := cmd
	ben.Member = "ben"
	s.refuses(ben, loyalty.ErrClaimed)
	_, err := s.Quote(t.Context(), ben)
	require.ErrorIs(t, err, loyalty.ErrClaimed, "a quote says what Do would")
	drawn := redeem("v1", "five-off")
	drawn.Code = "MY-OWN"
	s.refuses(drawn, loyalty.ErrInvalid)

	asked := []loyalty.VoucherRequest{}
	engine, err := loyalty.New(loyalty.Revisions{s.Engine.Program(s.now)}, s.store, &loyalty.Options{
		Clock: s.clock,
		VoucherCode: func(_ context.Context, request loyalty.VoucherRequest) (string, error) {
			asked = append(asked, request)
			if len(asked) == 1 {
				return "", errors.New("the pool is empty")
			}
			return "ODEON-" + request.Member + "-" + request.Redemption, nil
		},
	})
	require.NoError(t, err)
	_, err = engine.Do(t.Context(), redeem("c2", "cinema"))
	require.ErrorContains(t, err, "the pool is empty")
	receipt, err := engine.Do(t.Context(), redeem("c2", "cinema"))
	require.NoError(t, err)
	require.Equal(t, "ODEON-anna-c2", receipt.Redemption.Code)
	require.Equal(t, asked[0], asked[1])
}

func TestTheCatalogTellsAMemberWhatIsMissingAndWhen(t *testing.T) {
	s := openMenu(t)
	s.must(redeem("r1", "coffee"))
	offers, err := s.Rewards(t.Context(), "anna", &loyalty.RewardsQuery{Channel: "shop"})
	require.NoError(t, err)
	require.Len(t, offers, len(menu()))
	told := map[string]string{}
	for _, offer := range offers {
		var reasons []string
		for _, reason := range offer.Reasons {
			reasons = append(reasons, reason.String())
		}
		require.Equal(t, len(reasons) == 0, offer.Redeemable, offer.Reward)
		told[offer.Reward] = strings.Join(reasons, "; ")
	}
	require.Empty(t, told["coffee"])
	require.EqualValues(t, 3, offers[1].Left)
	require.Equal(t, "costs 60 bean, of which 10 are missing", told["card"])
	require.Equal(t, "is not open yet, from 1 Apr 2027 07:00 UTC; is for the channels app; "+
		"is for members who enrolled longer ago, from 1 Apr 2027 08:00 UTC", told["grinder"], "one of its options is in reach")
	require.Equal(t, "is not offered any more", told["old-mug"])
	for _, offer := range offers {
		cmd := redeem("try "+offer.Reward, offer.Reward)
		cmd.Channel = "shop"
		if offer.Reward == "cash" {
			cmd.Points = 10
		}
		if offer.Reward == "cinema" {
			cmd.Code = "C"
		}
		_, err := s.Quote(t.Context(), cmd)
		require.Equal(t, offer.Redeemable, err == nil, "%s: %v", offer.Reward, err)
	}
	s.must(loyalty.Suspend{Member: "anna", Key: "s", Gates: []loyalty.Gate{loyalty.RedeemGate}})
	offers, err = s.Rewards(t.Context(), "anna", nil)
	require.NoError(t, err)
	require.Equal(t, rewards.Closed, offers[0].Reasons[0].Why)
	_, err = s.Rewards(t.Context(), "nobody", nil)
	require.ErrorIs(t, err, loyalty.ErrNotEnrolled)
}

func TestAnOptionIsAWayToPay(t *testing.T) {
	s := openMenu(t)
	s.now = s.now.AddDate(0, 2, 0)
	cmd := redeem("g", "grinder")
	cmd.Channel, cmd.Option = "app", "few-points"
	quote, err := s.Quote(t.Context(), cmd)
	require.NoError(t, err)
	require.Equal(t, rewards.Cost{Option: "few-points", Unit: "bean", Points: 10, Cash: eur("60"), Currency: "EUR"}, quote.Redemption.Price)
	require.Equal(t, quote, s.must(cmd), "a quote is what Do answers")
	cmd = redeem("h", "grinder")
	cmd.Channel, cmd.Option = "app", "nothing"
	s.refuses(cmd, loyalty.ErrInvalid)
}

func TestTiersPayTheirPrice(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Catalog = menu()
	s := openMenu(t)
	engine, err := loyalty.New(loyalty.Revisions{s.Engine.Program(s.now)}, s.store, &loyalty.Options{
		Clock: s.clock,
		Profile: func(context.Context, string, time.Time) (loyalty.Profile, error) {
			return loyalty.Profile{Tiers: []string{"gold"}}, nil
		},
	})
	require.NoError(t, err)
	receipt, err := engine.Do(t.Context(), redeem("r1", "coffee"))
	require.NoError(t, err)
	require.EqualValues(t, 40, receipt.Redemption.Price.Points)
	offers, err := engine.Rewards(t.Context(), "anna", nil)
	require.NoError(t, err)
	require.EqualValues(t, 40, offers[0].Costs[0].Points)
}

func TestAnOperatorGrantsWithinTheStock(t *testing.T) {
	s := openMenu(t)
	grant := func(id string) loyalty.GrantReward {
		return loyalty.GrantReward{Member: "anna", Key: "grant " + id, Redemption: id, Reward: "mug", Reason: "sorry", Actor: "ben"}
	}
	for _, id := range []string{"a", "b", "c"} {
		require.Equal(t, rewards.Issued, s.must(grant(id)).Redemption.State)
	}
	require.EqualValues(t, 100, s.balance().Available)
	s.refuses(grant("d"), loyalty.ErrOutOfStock)
	s.refuses(redeem("e", "mug"), loyalty.ErrOutOfStock)
	s.must(loyalty.CancelRedemption{Member: "anna", Key: "c", Redemption: "b"})
	require.EqualValues(t, 100, s.balance().Available)
	s.must(grant("d"))
	bare := grant("e")
	bare.Reason = ""
	s.refuses(bare, loyalty.ErrInvalid)
}

func TestALaterRevisionChangesNothingForWhatWasRedeemed(t *testing.T) {
	first := beans(points.NeverExpire())
	first.Catalog = menu()
	second := beans(points.NeverExpire())
	second.EffectiveAt = time.Date(2027, time.March, 2, 0, 0, 0, 0, time.UTC)
	s := openMenu(t, func(p *loyalty.Program) { *p = first })
	s.must(redeem("m1", "mug"))
	code := s.must(redeem("v1", "five-off")).Redemption.Code
	engine, err := loyalty.New(loyalty.Revisions{first, second}, s.store, &loyalty.Options{Clock: s.clock})
	require.NoError(t, err)
	s.Engine = engine
	s.now = s.now.AddDate(0, 0, 1)
	s.refuses(redeem("m2", "mug"), loyalty.ErrUnknownReward)
	s.must(loyalty.IssueRedemption{Member: "anna", Key: "i", Redemption: "m1"})
	_, err = s.UseVoucher(t.Context(), loyalty.UseVoucher{Key: "till", Code: code})
	require.NoError(t, err)
	s.must(loyalty.CancelRedemption{Member: "anna", Key: "c", Redemption: "m1"})
	require.EqualValues(t, 80, s.balance().Available)
	require.Zero(t, s.used("mug", "stock"))
	s.verify()
}

func TestStockThatIsLoweredIsNeverOversold(t *testing.T) {
	first := beans(points.NeverExpire())
	first.Catalog = rewards.Catalog{{Code: "mug", Type: rewards.TypeCustom, Stock: 40, Shards: 4}}
	second := first
	second.Catalog = rewards.Catalog{{Code: "mug", Type: rewards.TypeCustom, Stock: 20, Shards: 3}}
	second.EffectiveAt = time.Date(2027, time.March, 2, 0, 0, 0, 0, time.UTC)
	s := openMenu(t, func(p *loyalty.Program) { *p = first })
	for i := range 17 {
		s.must(redeem(fmt.Sprint(i), "mug"))
	}
	engine, err := loyalty.New(loyalty.Revisions{first, second}, s.store, &loyalty.Options{Clock: s.clock})
	require.NoError(t, err)
	s.Engine = engine
	s.now = s.now.AddDate(0, 0, 1)
	for i := range 3 {
		s.must(redeem(fmt.Sprint("late ", i), "mug"))
	}
	s.refuses(redeem("one too many", "mug"), loyalty.ErrOutOfStock)
	require.EqualValues(t, 20, s.used("mug", "stock"))
}

func TestRedemptionsFollowAMerge(t *testing.T) {
	s := openMenu(t)
	s.must(loyalty.Enroll{Member: "twin", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "twin", Key: "gift", Unit: "bean", Points: 100, Reason: "gift", Actor: "shop"})
	mine := loyalty.Redeem{Member: "twin", Key: "same key", Redemption: "same", Reward: "mug"}
	s.must(redeem("same", "coffee"))
	s.must(mine)
	voucher := s.must(loyalty.Redeem{Member: "twin", Key: "v", Redemption: "v", Reward: "five-off"})
	s.must(loyalty.Redeem{Member: "twin", Key: "k", Redemption: "k", Reward: "coffee"})
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin"})
	_, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	s.verify()

	r, err := s.Redemption(t.Context(), "twin", "same")
	require.NoError(t, err)
	require.Equal(t, "mug", r.Reward, "each id keeps its own namespace")
	require.Equal(t, "anna", r.Member)
	r, err = s.Redemption(t.Context(), "anna", "same")
	require.NoError(t, err)
	require.Equal(t, "coffee", r.Reward)
	s.refuses(redeem("third", "coffee"), loyalty.ErrLimit)

	s.must(loyalty.IssueRedemption{Member: "twin", Key: "issue", Redemption: "same"})
	s.must(loyalty.CancelRedemption{Member: "twin", Key: "cancel", Redemption: "k"})
	receipt, err := s.UseVoucher(t.Context(), loyalty.UseVoucher{Key: "till", Code: voucher.Redemption.Code})
	require.NoError(t, err)
	require.Equal(t, rewards.Used, receipt.Redemption.State)
	again, err := s.UseVoucher(t.Context(), loyalty.UseVoucher{Key: "till", Code: voucher.Redemption.Code})
	require.NoError(t, err)
	require.True(t, again.Replayed)
	require.Equal(t, points.Balance{Unit: "bean", Available: 100 - 50 + 100 - 30 - 20}, s.balance())
	s.verify()

	s.must(loyalty.UnMerge{Member: "anna", Key: "unmerge", From: "twin"})
	again, err = s.UseVoucher(t.Context(), loyalty.UseVoucher{Key: "till", Code: voucher.Redemption.Code})
	require.NoError(t, err)
	require.True(t, again.Replayed, "a use in the twin's name is not made again")
	r, err = s.Voucher(t.Context(), voucher.Redemption.Code)
	require.NoError(t, err)
	require.Equal(t, "anna", r.Member)
	_, err = s.UseVoucher(t.Context(), loyalty.UseVoucher{Key: "till 2", Code: voucher.Redemption.Code})
	require.ErrorIs(t, err, rewards.ErrTransition)
	s.verify()
}

func TestACodeThatStaysWithTheSurvivorOfAnUndoneMergeWorksOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		own  string // the id of a voucher that anna has herself
	}{
		{"under its own id", "another"},
		{"where anna has that id herself", "v"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openMenu(t)
			s.must(loyalty.Enroll{Member: "twin", Key: "enroll"})
			s.must(loyalty.Adjust{Member: "twin", Key: "gift", Unit: "bean", Points: 100, Reason: "gift", Actor: "shop"})
			mine := s.must(redeem(c.own, "five-off")).Redemption.Code
			code := s.must(loyalty.Redeem{Member: "twin", Key: "v", Redemption: "v", Reward: "five-off"}).Redemption.Code
			s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin"})
			s.must(loyalty.UnMerge{Member: "anna", Key: "unmerge", From: "twin"})
			later := s.must(loyalty.Redeem{Member: "twin", Key: "v again", Redemption: "v", Reward: "five-off"}).Redemption.Code

			for code, holder := range map[string]string{mine: "anna", code: "anna", later: "twin"} {
				r, err := s.Voucher(t.Context(), code)
				require.NoError(t, err)
				require.Equal(t, holder, r.Member)
				require.Equal(t, code, r.Code)
				require.Equal(t, rewards.Issued, r.State)
			}
			for range 2 {
				receipt, err := s.UseVoucher(t.Context(), loyalty.UseVoucher{Key: "till", Code: code})
				require.NoError(t, err)
				require.Equal(t, code, receipt.Redemption.Code)
				require.Equal(t, rewards.Used, receipt.Redemption.State)
			}
			_, err := s.UseVoucher(t.Context(), loyalty.UseVoucher{Key: "another till", Code: code})
			require.ErrorIs(t, err, rewards.ErrTransition)

			s.must(loyalty.Merge{Member: "anna", Key: "merge again", From: "twin"})
			for _, code := range []string{mine, later} {
				r, err := s.Voucher(t.Context(), code)
				require.NoError(t, err)
				require.Equal(t, code, r.Code)
				receipt, err := s.UseVoucher(t.Context(), loyalty.UseVoucher{Key: "till " + code, Code: code})
				require.NoError(t, err)
				require.Equal(t, code, receipt.Redemption.Code)
			}
			s.verify()
		})
	}
}

func TestRedemptionsAreExportedAndErased(t *testing.T) {
	s := openMenu(t)
	code := s.must(redeem("v1", "five-off")).Redemption.Code
	s.must(redeem("m1", "mug"))
	s.must(redeem("r1", "coffee"))
	var text strings.Builder
	require.NoError(t, s.Export(t.Context(), "anna", &text))
	require.Contains(t, text.String(), code)
	require.Contains(t, text.String(), `"kind":"redemption"`)

	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	_, err := s.Voucher(t.Context(), code)
	require.ErrorIs(t, err, loyalty.ErrUnknownVoucher)
	require.Zero(t, s.used("mug", "stock"), "what was reserved is free again")
	for row, err := range storage.AllRecords(t.Context(), s.store, storage.RecordQuery{Program: "beans", Member: "anna"}) {
		require.NoError(t, err)
		require.NotContains(t, string(row.Data)+row.Reference, code)
		require.NotContains(t, string(row.Data), "coffee")
	}
	s.verify()
}

func TestWhatIsToBeFulfilledIsListed(t *testing.T) {
	s := openMenu(t)
	s.must(redeem("b", "mug"))
	s.now = s.now.Add(time.Minute)
	s.must(redeem("a", "mug"))
	list := func(state rewards.State) []string {
		var ids []string
		for r, err := range s.RedemptionsOf(t.Context(), "mug", state) {
			require.NoError(t, err)
			ids = append(ids, r.ID)
		}
		return ids
	}
	require.Equal(t, []string{"b", "a"}, list(rewards.Reserved), "the oldest first")
	s.must(loyalty.IssueRedemption{Member: "anna", Key: "i", Redemption: "b"})
	require.Equal(t, []string{"b"}, list(rewards.Issued))
	n := 0
	for r, err := range s.Redemptions(t.Context(), "anna") {
		require.NoError(t, err)
		require.Equal(t, "mug", r.Reward)
		n++
	}
	require.Equal(t, 2, n)
}

func TestRefusalsOfRedemptions(t *testing.T) {
	s := openMenu(t)
	s.must(redeem("r1", "coffee"))
	two := redeem("r2", "mug")
	two.Quantity = 2
	many := redeem("v", "five-off")
	many.Quantity = 2
	for name, test := range map[string]struct {
		cmd  loyalty.Command
		want error
		says string
	}{
		"an id in use":                     {loyalty.Redeem{Member: "anna", Key: "k", Redemption: "r1", Reward: "coffee"}, loyalty.ErrRedemptionExists, ""},
		"a reward that is not there":       {redeem("x", "tea"), loyalty.ErrUnknownReward, ""},
		"a reward that was withdrawn":      {redeem("x", "old-mug"), loyalty.ErrNotEligible, "not offered any more"},
		"too few points":                   {two, loyalty.ErrInsufficientPoints, "60 bean needed, 50 available"},
		"two with codes at once":           {many, loyalty.ErrInvalid, "one by one"},
		"a redemption that is not there":   {loyalty.UseVoucher{Member: "anna", Key: "k", Redemption: "none"}, loyalty.ErrUnknownRedemption, ""},
		"money of what is used as a whole": {loyalty.UseVoucher{Member: "anna", Key: "k", Redemption: "r1", Money: eur("1")}, loyalty.ErrInvalid, ""},
		"an issue of what is issued":       {loyalty.IssueRedemption{Member: "anna", Key: "k", Redemption: "r1"}, rewards.ErrTransition, "only: fulfill, use part, use, cancel, reject, expire"},
		"a reservation until yesterday":    {loyalty.Redeem{Member: "anna", Key: "k", Redemption: "x", Reward: "mug", Until: s.now.AddDate(0, 0, -1)}, loyalty.ErrInvalid, "is not after now"},
	} {
		t.Run(name, func(t *testing.T) {
			before := s.state()
			_, err := s.Do(t.Context(), test.cmd)
			require.ErrorIs(t, err, test.want)
			require.ErrorContains(t, err, test.says)
			require.Equal(t, before, s.state())
		})
	}
	s.must(loyalty.Close{Member: "anna", Key: "close"})
	s.refuses(redeem("x", "mug"), loyalty.ErrClosed)
	s.must(loyalty.UseVoucher{Member: "anna", Key: "use", Redemption: "r1"})
}

func TestNobodyPaysAnotherPriceThanTheyWereShown(t *testing.T) {
	dear := func(p *loyalty.Program) {
		coffee, cash := &p.Catalog[0], &p.Catalog[4]
		coffee.Prices = append(coffee.Prices, rewards.Price{Unit: "bean", Points: 30, When: points.When{From: time.Date(2027, time.March, 2, 0, 0, 0, 0, time.UTC)}})
		cash.Exchange.Money = eur("2")
	}
	s := openMenu(t, dear)
	offers, err := s.Rewards(t.Context(), "anna", &loyalty.RewardsQuery{Quantity: 2})
	require.NoError(t, err)
	shown, err := offers[0].Costs[0].Times(2)
	require.NoError(t, err)
	cmd := redeem("two", "coffee")
	cmd.Quantity, cmd.Price = 2, &shown

	s.now = time.Date(2027, time.March, 2, 12, 0, 0, 0, time.UTC)
	before := s.balance()
	refused, ok := errors.AsType[*loyalty.PriceError](s.refusal(cmd, loyalty.ErrPrice))
	require.True(t, ok)
	require.EqualValues(t, 100, refused.Shown.Points)
	require.EqualValues(t, 60, refused.Price.Points)
	require.EqualError(t, refused, "coffee costs 60 bean, not 100 bean: show the member the price and ask again")
	require.Equal(t, before, s.balance())
	_, err = s.Quote(t.Context(), cmd)
	require.ErrorIs(t, err, loyalty.ErrPrice)

	cmd.Price = &rewards.Cost{Unit: "bean", Points: 60, Cash: eur("0.00")}
	require.EqualValues(t, 60, s.must(cmd).Redemption.Price.Points, "a refusal leaves the key free")

	cash := redeem("cash", "cash")
	cash.Points, cash.Worth = 40, eur("0.40")
	refused, ok = errors.AsType[*loyalty.PriceError](s.refusal(cash, loyalty.ErrPrice))
	require.True(t, ok)
	require.EqualError(t, refused, "cash gives EUR 0.8 for the points, not EUR 0.4: show the member the price and ask again")
	cash.Worth = eur("0.8")
	require.Equal(t, "0.8", s.must(cash).Redemption.Money.String())
	s.verify()
}
