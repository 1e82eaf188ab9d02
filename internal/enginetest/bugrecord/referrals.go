package bugrecord

import (
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/referral"
	"github.com/loyaltykit/loyaltykit/points"
)

func referralCases() []Case {
	return []Case{{
		Number: 56, Slug: "free_account_completes_a_referral",
		Bug:   "People referred themselves with free accounts.",
		Naive: "pays for a sign-up",
		Mistakes: []Mistake{{
			Name: "a sign-up is rewarded",
			Seen: "ada has bean 100 available, and should have bean",
			Does: adds(func(s *Shop, cmd referral.Accept, _ loyalty.Receipt) loyalty.Command {
				return loyalty.Fact{Member: cmd.Referrer, Key: s.key(), Activity: "referral-made"}
			}),
		}, {
			Name: "cards are not compared",
			Seen: `Expected error with "nobody refers themselves" in chain but got nil`,
			Does: changes(func(_ *Shop, cmd *referral.Accept) { cmd.Fingerprints = nil }),
		}, {
			Name: "what comes back is not seen",
			Seen: `expected: "withdrawn" actual : "paid"`,
			Does: forgets[loyalty.Refund](nil),
		}, {
			Name: "nobody waits for the return window",
			Seen: `Expected error with "there is nothing to do about the referral yet" in chain but got nil`,
			Does: adds(func(s *Shop, _ referral.Qualify, _ loyalty.Receipt) loyalty.Command {
				s.days(14)
				return nil
			}),
		}, {
			Name: "two accounts of one person stay two",
			Seen: "ada has bean 100 available, and should have bean 120",
			Does: forgets[loyalty.Merge](nil),
		}},
		Run: func(s *Shop) {
			feature, err := referral.New(referral.Terms{Offer: referral.Offer{
				Minimum:     []referral.Minimum{{Currency: "EUR", Amount: money("20")}},
				OrderWithin: points.Span{N: 30, Unit: points.Days}, CoolingOff: points.Span{N: 14, Unit: points.Days},
				Referrer: "referral-made", Friend: "referral-joined",
			}})
			require.NoError(s, err)
			s.features = []loyalty.Feature{feature}
			s.opens(func(p *loyalty.Program) {
				p.Earning = append(p.Earning,
					points.Rule{Code: "made", Activity: "referral-made", Bonus: 100},
					points.Rule{Code: "joined", Activity: "referral-joined", Bonus: 50},
				)
			})
			s.members("ada", "ada-free", "ada-2", "bob", "cyd")
			s.do(referral.Issue{Member: "ada", Key: s.key(), Code: "ADA-BEANS", Fingerprints: []string{"card of ada"}})
			accept := func(friend string, cards ...string) referral.Accept {
				return referral.Accept{Member: friend, Key: s.key(), Referrer: "ada", Code: "ADA-BEANS", Fingerprints: cards}
			}
			qualify := func(friend, order string) loyalty.Command {
				return referral.Qualify{Member: friend, Key: s.key(), Referrer: "ada", Order: order, Currency: "EUR"}
			}
			review := func(friend string) loyalty.Command {
				return referral.Review{Member: friend, Key: s.key(), Referrer: "ada"}
			}
			s.refuses(referral.ErrSelf, accept("ada"))
			s.refuses(referral.ErrSelf, accept("ada-free", "card of ada"))
			s.do(accept("bob", "card of bob"))
			s.refuses(referral.ErrReferred, accept("cyd", "card of bob"))
			s.has("ada", 0)
			s.has("bob", 0)
			s.refuses(referral.ErrOrder, qualify("bob", "not paid"))
			s.refuses(referral.ErrNotDue, review("bob"))
			s.buys("bob", "1001", "25.00")
			s.do(qualify("bob", "1001"))
			s.refuses(referral.ErrNotDue, review("bob"))
			s.refunds("bob", "1001")
			s.days(14)
			s.referral(referral.Withdrawn, review("bob"))
			s.has("ada", 0)
			s.buys("bob", "1002", "25.00")
			s.do(qualify("bob", "1002"))
			s.do(accept("ada-2"))
			s.buys("ada-2", "1003", "20.00")
			s.do(qualify("ada-2", "1003"))
			s.days(14)
			s.referral(referral.Paid, review("bob"))
			pay := referral.Pay{Member: "ada", Key: s.key(), Friend: "bob"}
			s.referral(referral.Paid, pay)
			pay.Key = s.key()
			s.refuses(referral.ErrNotDue, pay)
			s.has("bob", 75)
			s.do(loyalty.Merge{Member: "ada", Key: s.key(), From: "ada-2"})
			s.has("ada", 120)
			s.refuses(referral.ErrNoReferral, referral.Review{Member: "ada", Key: s.key()})
		},
	}}
}

// referral does a command and wants the referral to be in a state then.
func (s *Shop) referral(want referral.State, cmd loyalty.Command) {
	s.Helper()
	r, err := referral.Of(s.do(cmd))
	require.NoError(s, err)
	require.Equal(s, want, r.State)
}
