package loyalty_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// of is what a tier asks for of one metric.
func of(metric string, n int64) tiers.Condition {
	return tiers.Condition{All: []tiers.Need{{Metric: metric, AtLeast: n}}}
}

// regulars is a program whose tiers count euros of a calendar year, in cents.
func regulars(change ...func(*loyalty.Program)) loyalty.Program {
	p := beans(points.ExpireAfter(12, points.Months))
	p.Units = append(p.Units, points.Unit{Code: "spend", Kind: points.Metric})
	p.Earning = []points.Rule{
		{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
		{Code: "counts", Unit: "spend", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
	}
	p.Ladders = []tiers.Ladder{{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod,
		Tiers: []tiers.Tier{
			{Code: "silver", Enter: of("spend", 100)},
			{Code: "gold", Enter: of("spend", 500), Benefits: tiers.Benefits{Points: map[string]int64{"bean": 50}}},
		},
	}}
	for _, c := range change {
		c(&p)
	}
	return p
}

func bought(id string, euros int64) points.Order {
	return points.Order{ID: id, Currency: "EUR", Lines: []points.Line{{Item: "beans", Amount: decimal.NewFromInt(euros)}}}
}

func (s *shop) tier(member string) string {
	s.t.Helper()
	m, err := s.Member(s.t.Context(), member)
	require.NoError(s.t, err)
	if len(m.Tiers) == 0 {
		return ""
	}
	return m.Tiers[0].Tier
}

func TestAnOrderThatReachesAThresholdPromotesAtOnce(t *testing.T) {
	s := openShop(t, regulars())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	r := s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 99)})
	require.Empty(t, r.Tiers)
	r = s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 1)})
	require.Len(t, r.Tiers, 1)
	require.Equal(t, tiers.Promoted, r.Tiers[0].Kind)
	require.Equal(t, "silver", r.Tiers[0].To)
	require.Equal(t, []string{"silver"}, r.Tiers[0].Entered)
	r = s.must(loyalty.Earn{Member: "anna", Key: "3", Order: bought("3", 400)})
	require.Equal(t, "gold", r.Tiers[0].To)
	require.Equal(t, "gold", s.tier("anna"))
	require.Equal(t, points.Amount(550), total(r.Balances, "bean"))
	r = s.must(loyalty.Refund{Member: "anna", Key: "4", Order: "3", Full: true})
	require.Equal(t, tiers.Demoted, r.Tiers[0].Kind)
	require.Equal(t, []string{"gold"}, r.Tiers[0].Undone)
	require.Equal(t, points.Amount(100), total(r.Balances, "bean"))
	s.verify()
}

// total is all that balances have of a unit.
func total(balances []points.Balance, unit string) points.Amount {
	for _, b := range balances {
		if b.Unit == unit {
			return b.Pending + b.Available + b.Held
		}
	}
	return 0
}

func TestATierEndsByItselfWithItsPeriod(t *testing.T) {
	s := openShop(t, regulars())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)})
	require.Equal(t, "gold", s.tier("anna"))
	until := s.events("tier-promoted")
	require.Len(t, until, 1)
	s.now = time.Date(2029, 6, 1, 0, 0, 0, 0, time.UTC)
	require.Empty(t, s.tier("anna"))
	report, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Failed)
	require.Len(t, s.events("tier-demoted"), 1)
	require.Empty(t, s.tier("anna"))
	s.verify()
}

func (s *shop) events(kind string) []storage.Event {
	s.t.Helper()
	var found []storage.Event
	for bucket := range storage.Buckets {
		page, err := s.store.Events(s.t.Context(), storage.EventQuery{Program: "beans", Bucket: bucket, Limit: 1000})
		require.NoError(s.t, err)
		for _, e := range page.Items {
			if e.Type == kind {
				found = append(found, e)
			}
		}
	}
	return found
}

// goldEarnsMore gives gold members half as much again, and a bonus of their own.
func goldEarnsMore(p *loyalty.Program) {
	p.Ladders[0].Tiers[1].Benefits = tiers.Benefits{
		Earn: map[string]decimal.Decimal{"bean": decimal.RequireFromString("1.5")}, EarlyAccess: 48, Custom: map[string]string{"lounge": "yes"},
	}
	p.Earning = append(p.Earning, points.Rule{Code: "gold-visit", Activity: "visit", Bonus: 10, Only: &points.Only{Tiers: []string{"gold"}}})
}

func TestATierEarnsMoreAndHasRulesOfItsOwn(t *testing.T) {
	s := openShop(t, regulars(goldEarnsMore))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	r := s.must(loyalty.Fact{Member: "anna", Key: "visit 1", Activity: "visit"})
	require.Empty(t, r.Awards)
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)})
	s.now = s.now.Add(time.Hour)
	r = s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 100)})
	require.Equal(t, points.Amount(150), r.Awards[0].Points)
	require.Contains(t, r.String(), "× 1.5 as status/gold")
	r = s.must(loyalty.Fact{Member: "anna", Key: "visit 2", Activity: "visit"})
	require.Equal(t, points.Amount(10), r.Awards[0].Points)

	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	factor, by := m.Benefits.Earn("bean")
	require.Equal(t, "1.5", factor.String())
	require.Equal(t, "gold", by.Tier)
	early, by := m.Benefits.EarlyAccess()
	require.Equal(t, 48*time.Hour, early)
	require.Equal(t, "status", by.Ladder)
	value, _ := m.Benefits.Custom("lounge")
	require.Equal(t, "yes", value)

	// What is recorded late earns by the tier of its day.
	s.now = s.now.AddDate(0, 0, 3)
	r = s.must(loyalty.Earn{Member: "anna", Key: "late", Order: bought("late", 100), OccurredAt: s.now.AddDate(0, 0, -4)})
	require.Equal(t, points.Amount(100), r.Awards[0].Points)
	s.verify()
}

func TestALateFactDecidesAsIfItHadBeenKnownOnItsDay(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) { p.Ladders[0].End = tiers.EndOfPeriod }))
	s.now = time.Date(2027, 12, 1, 9, 0, 0, 0, time.UTC)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 60)})
	s.now = time.Date(2028, 1, 5, 9, 0, 0, 0, time.UTC)
	r := s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 60)})
	require.Empty(t, r.Tiers, "what December had does not count in January")
	late := time.Date(2027, 12, 20, 9, 0, 0, 0, time.UTC)
	r = s.must(loyalty.Earn{Member: "anna", Key: "3", Order: bought("3", 500), OccurredAt: late})
	require.Len(t, r.Tiers, 1, "gold in December, and kept by what December had")
	require.Equal(t, []string{"silver", "gold"}, r.Tiers[0].Entered)
	require.Equal(t, tiers.Promoted, r.Tiers[0].Kind)
	require.Equal(t, "2027-12-19T23:00:00Z", r.Tiers[0].Since.Format(time.RFC3339), "midnight in Vienna")
	require.Equal(t, "gold", s.tier("anna"))
	r = s.must(loyalty.Refund{Member: "anna", Key: "4", Order: "3", Full: true})
	require.Equal(t, tiers.Demoted, r.Tiers[0].Kind)
	require.Equal(t, []string{"silver", "gold"}, r.Tiers[0].Undone)
	require.Empty(t, s.tier("anna"))
	s.verify()
}

func TestAMatchedStatusEndsUnlessTheChallengeIsMet(t *testing.T) {
	for name, spent := range map[string]int64{"met": 200, "missed": 199} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, regulars())
			s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
			match := loyalty.MatchTier{Member: "anna", Key: "match", Ladder: "status", Tier: "gold", Days: 90, Challenge: of("spend", 200)}
			r := s.must(match)
			require.Equal(t, "gold", r.Tiers[0].To)
			require.True(t, r.Tiers[0].Granted)
			require.Empty(t, r.Tiers[0].Entered, "nothing is given on trial")
			s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", spent)})
			m, err := s.Member(t.Context(), "anna")
			require.NoError(t, err)
			require.Equal(t, "silver", m.Tier("status").Qualified)
			s.now = s.now.AddDate(0, 0, 91)
			want, points := "gold", points.Amount(spent+50)
			if name == "missed" {
				want, points = "silver", points-50
			}
			require.Equal(t, want, s.tier("anna"))
			_, err = s.RunDue(t.Context(), nil)
			require.NoError(t, err)
			m, err = s.Member(t.Context(), "anna")
			require.NoError(t, err)
			require.Equal(t, points, m.Balance("bean").Available)
			match.Key = "again"
			_, err = s.Do(t.Context(), match)
			require.ErrorIs(t, err, loyalty.ErrMatched)
			s.verify()
		})
	}
}

func TestAnOverrideHoldsUntilItsDayOrUntilItIsRevoked(t *testing.T) {
	s := openShop(t, regulars())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 100)})
	override := loyalty.OverrideTier{
		Member: "anna", Key: "o1", Ladder: "status", Tier: "gold", Until: s.now.AddDate(0, 1, 0), Reason: "a broken machine", Actor: "ada",
	}
	s.must(override)
	require.Equal(t, "gold", s.tier("anna"))
	s.now = s.now.AddDate(0, 1, 1)
	require.Equal(t, "silver", s.tier("anna"))
	override.Key, override.Until = "o2", s.now.AddDate(1, 0, 0)
	s.must(override)
	require.Equal(t, "gold", s.tier("anna"))
	s.must(loyalty.RevokeTier{Member: "anna", Key: "r", Ladder: "status", Reason: "a mistake", Actor: "ada"})
	require.Equal(t, "silver", s.tier("anna"))
	_, err := s.Do(t.Context(), loyalty.RevokeTier{Member: "anna", Key: "r2", Ladder: "status", Reason: "a mistake", Actor: "ada"})
	require.ErrorIs(t, err, loyalty.ErrNoGrant)
	s.verify()
}

func TestThePastShowsTheTierOfThen(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) { p.Ladders[0].Tiers[1].Benefits.Custom = map[string]string{"lounge": "yes"} }))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	at := func(days int) string {
		m, err := s.MemberAt(t.Context(), "anna", time.Date(2027, time.March, 1+days, 12, 0, 0, 0, time.UTC))
		require.NoError(t, err)
		lounge, _ := m.Benefits.Custom("lounge")
		require.Equal(t, m.Tier("status").Tier == "gold", lounge == "yes", "benefits are those of then")
		return m.Tier("status").Tier
	}
	start := s.now
	for day, euros := range []int64{60, 60, 400} {
		s.now = start.AddDate(0, 0, 10*(day+1))
		s.must(loyalty.Earn{Member: "anna", Key: fmt.Sprint(day), Order: bought(fmt.Sprint(day), euros)})
	}
	s.now = start.AddDate(0, 0, 40)
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "2", Full: true})
	s.must(loyalty.OverrideTier{Member: "anna", Key: "o", Ladder: "status", Tier: "gold", Until: s.now.AddDate(0, 0, 10), Reason: "sorry", Actor: "ada"})
	s.now = start.AddDate(0, 0, 45)
	s.must(loyalty.RevokeTier{Member: "anna", Key: "r", Ladder: "status", Reason: "oh well", Actor: "ada"})
	s.now = start.AddDate(0, 0, 60)
	s.must(loyalty.Fact{Member: "anna", Key: "f", Activity: "spend"})
	require.Empty(t, at(9))
	require.Empty(t, at(10))
	require.Equal(t, "silver", at(20))
	require.Equal(t, "gold", at(30), "the refund was not known")
	require.Equal(t, "gold", at(40), "by the override")
	require.Equal(t, "silver", at(46))
	require.Equal(t, "silver", at(70), "the future")
}

func TestALadderThatComesLaterCountsWhatWasBefore(t *testing.T) {
	first := regulars(func(p *loyalty.Program) { p.Ladders = nil })
	second := regulars(func(p *loyalty.Program) {
		p.EffectiveAt = time.Date(2027, time.September, 1, 10, 0, 0, 0, time.UTC)
	})
	s := openShop(t, first)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	for day := range 60 {
		s.now = s.now.AddDate(0, 0, 1)
		s.must(loyalty.Earn{Member: "anna", Key: fmt.Sprint(day), Order: bought(fmt.Sprint(day), 10)})
	}
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "3", Full: true})
	require.Empty(t, s.days("anna"))
	s.revise(first, second)
	require.Empty(t, s.tier("anna"), "the revision has not begun")
	s.now = time.Date(2027, time.September, 1, 12, 0, 0, 0, time.UTC)
	require.Empty(t, s.tier("anna"), "it begins with a whole day")
	s.now = time.Date(2027, time.September, 2, 12, 0, 0, 0, time.UTC)
	require.Equal(t, "gold", s.tier("anna"))
	r := s.must(loyalty.Earn{Member: "anna", Key: "more", Order: bought("more", 1)})
	require.Empty(t, r.Tiers)
	require.Len(t, s.events("tier-promoted"), 1)
	s.verify()
}

// welcome is a feature that welcomes members to tiers.
type welcome struct{}

func (welcome) Name() string                { return "welcome" }
func (welcome) Kinds() []string             { return []string{"welcome"} }
func (welcome) Commands() []loyalty.Command { return nil }

func (welcome) TierChanged(_ context.Context, tx *loyalty.Tx, change loyalty.TierChange) error {
	if change.Kind != tiers.Promoted || !tx.AtLeast(change.Ladder, change.To) || tx.Tier(change.Ladder) != change.To {
		return nil
	}
	if lounge, by := tx.Benefits().Custom("lounge"); lounge != "yes" || by.Tier != change.To {
		return nil
	}
	return tx.PutRecord(storage.Record{Kind: "welcome", ID: change.To, Data: []byte("{}")})
}

func TestAFeatureActsOnAPromotionInTheSameCommit(t *testing.T) {
	s := openShop(t, regulars())
	program := regulars(func(p *loyalty.Program) { p.Ladders[0].Tiers[1].Benefits.Custom = map[string]string{"lounge": "yes"} })
	engine, err := loyalty.New(loyalty.Revisions{program}, s.store, &loyalty.Options{
		Clock: s.clock, Secret: []byte("a secret of the test"), Features: []loyalty.Feature{welcome{}},
	})
	require.NoError(t, err)
	s.Engine = engine
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	r := s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)})
	snaps, err := s.store.Load(t.Context(), []storage.LoadRequest{{
		Program: "beans", Member: "anna", Records: []storage.RecordKey{{Kind: "welcome", ID: "gold"}},
	}})
	require.NoError(t, err)
	require.Len(t, snaps[0].Records, 1)
	require.Equal(t, r.Version, snaps[0].Account.Version)
}

func TestARefundSaysWhatIsMissingOfWhatATierGave(t *testing.T) {
	s := openShop(t, regulars())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)})
	s.must(loyalty.Spend{Member: "anna", Key: "2", Unit: "bean", Points: 550})
	var missing points.Amount
	for _, short := range s.must(loyalty.Refund{Member: "anna", Key: "3", Order: "1", Full: true}).Shortfalls {
		require.Equal(t, "bean", short.Unit)
		missing += short.Amount
	}
	require.Equal(t, points.Amount(550), missing, "500 of the order, 50 of gold")
	s.verify()
}

func TestAllMembersAdoptALadderWithoutDoingAnything(t *testing.T) {
	first := regulars(func(p *loyalty.Program) { p.Ladders = nil })
	second := regulars(func(p *loyalty.Program) { p.EffectiveAt = time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC) })
	s := openShop(t, first)
	for i := range 70 {
		member := fmt.Sprintf("m-%02d", i)
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		s.must(loyalty.Earn{Member: member, Key: "1", Order: bought(member, int64(10*i))})
	}
	s.revise(first, second)
	s.now = s.now.AddDate(0, 0, 1)
	report, err := s.AdoptLadders(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Failed)
	require.Equal(t, 70, report.Visited)
	require.Len(t, s.events("tier-promoted"), 60, "those with 100 euros and more")
	commits := s.commits
	_, err = s.AdoptLadders(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, commits, s.commits, "a second run has nothing to do")
	s.verify()
}

func TestWhatIsOlderThanTheHorizonDecidesNothingBeforeIt(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) { p.Horizon = points.Span{N: 30, Unit: points.Days} }))
	s.now = time.Date(2027, time.January, 1, 9, 0, 0, 0, time.UTC)
	start := s.now
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	for i := range 40 {
		s.now = start.AddDate(0, 0, 15*i)
		s.must(loyalty.Earn{Member: "anna", Key: fmt.Sprint(i), Order: bought(fmt.Sprint(i), 1)})
	}
	fact := loyalty.Fact{Member: "anna", Key: "fresh", Activity: "spend", Amount: 1, OccurredAt: s.now.AddDate(0, 0, -10)}
	require.Empty(t, s.must(fact).Aged)
	fact.Key, fact.OccurredAt, fact.Amount = "old", s.now.AddDate(0, 0, -120), 100
	r := s.must(fact)
	require.Len(t, r.Aged, 1)
	require.False(t, r.Aged[0].LifetimeOnly)
	require.Equal(t, "silver", r.Tiers[0].To, "it counts in the year")
	require.Equal(t, "2028-07-08T22:00:00Z", r.Tiers[0].Since.Format(time.RFC3339), "and decides nothing before the horizon")
	fact.Key, fact.OccurredAt, fact.Amount = "older", start, 500
	r = s.must(fact)
	require.True(t, r.Aged[0].LifetimeOnly)
	require.Empty(t, r.Tiers)
	s.verify()
}
