package loyalty_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// moveIn imports a member into another shop, as of the same instant.
func moveIn(t *testing.T, from *shop, member string, into loyalty.Program) (*shop, loyalty.Receipt) {
	t.Helper()
	pages := exportedOf(t, from.Engine, member)
	require.Len(t, pages, 1)
	m, err := from.Member(t.Context(), member)
	require.NoError(t, err)
	there := openShop(t, into)
	there.now = from.now
	return there, there.must(loyalty.Import{Member: member, Key: "move", EnrolledAt: m.EnrolledAt, Standing: &pages[0]})
}

func TestAMemberWhoIsOneWithAnotherMovesWithoutLosingWhatBothEntered(t *testing.T) {
	program := regulars(func(p *loyalty.Program) {
		p.Ladders[0].Window = tiers.Window{Kind: tiers.Anniversary, Span: tiers.Span{Months: 12}}
	})
	for name, c := range map[string]struct {
		stays, goes string
		entered     int
	}{
		"into who joined first": {"anna", "bert", 4},
		"into who joined later": {"bert", "anna", 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, program)
			for _, member := range []string{"anna", "bert"} {
				s.must(loyalty.Enroll{Member: member, Key: "enroll " + member})
				s.must(loyalty.Earn{Member: member, Key: "1 " + member, Order: bought("1 "+member, 500)})
				s.now = s.now.AddDate(0, 0, 3)
			}
			s.must(loyalty.Merge{Member: c.stays, Key: "merge", From: c.goes, Reason: "one person", Actor: "ada"})
			s.now = s.now.AddDate(0, 0, 3)
			require.Len(t, exportedOf(t, s.Engine, c.stays)[0].Ladders[0].Entered, c.entered, "silver and gold")

			there, r := moveIn(t, s, c.stays, program)
			require.Equal(t, loyalty.Opened, r.Tiers[0].Kind)
			require.Empty(t, r.Tiers[0].Entered, "all of it they have had")
			require.Empty(t, r.Tiers[0].Undone, "and nothing of it is taken back")
			want, err := s.Member(t.Context(), c.stays)
			require.NoError(t, err)
			has, err := there.Member(t.Context(), c.stays)
			require.NoError(t, err)
			require.Equal(t, want.Tiers, has.Tiers)
			there.verify()
		})
	}
}

// withPlatinum is a program with a tier that the next revision does not have.
func withPlatinum(p *loyalty.Program) {
	p.Ladders[0].Tiers = append(p.Ladders[0].Tiers, tiers.Tier{Code: "platinum", Enter: of("spend", 1000)})
}

func TestAMemberWhoWasDecidedByAnOlderTextMovesToAStoreThatNeverHadIt(t *testing.T) {
	for name, touch := range map[string]func(*shop){
		"after the revision came to them":    func(s *shop) { s.must(loyalty.Earn{Member: "anna", Key: "3", Order: bought("3", 10)}) },
		"who has done nothing since it came": func(*shop) {},
	} {
		t.Run(name, func(t *testing.T) {
			first := regulars(withPlatinum)
			second := regulars(func(p *loyalty.Program) { p.EffectiveAt = day(2027, time.September, 1) })
			s := openShop(t, first)
			s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
			s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 1000)})
			s.must(loyalty.OverrideTier{Member: "anna", Key: "gift", Ladder: "status", Tier: "platinum", Until: day(2028, time.June, 1), Reason: "a gift", Actor: "ada"})
			s.now = day(2027, time.August, 20)
			s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 10)})
			require.Equal(t, "platinum", s.tier("anna"))
			engine, err := loyalty.New(loyalty.Revisions{first, second}, s.store, &loyalty.Options{Clock: s.clock, Secret: []byte("a secret of the test")})
			require.NoError(t, err)
			s.Engine, s.now = engine, day(2027, time.September, 5)
			touch(s)
			require.Equal(t, "gold", s.tier("anna"))

			there, r := moveIn(t, s, "anna", regulars())
			require.Equal(t, "gold", r.Tiers[0].To)
			require.Empty(t, r.Tiers[0].Entered)
			for _, at := range []time.Time{s.now, day(2028, time.December, 30), day(2029, time.January, 2)} {
				s.now, there.now = at, at
				want, err := s.Member(t.Context(), "anna")
				require.NoError(t, err)
				has, err := there.Member(t.Context(), "anna")
				require.NoError(t, err)
				require.Equal(t, want.Tiers, has.Tiers)
			}
			there.verify()
		})
	}
}

func TestReconcileNamesTheDaysOfCountsThatDiffer(t *testing.T) {
	s := openShop(t, regulars())
	row := movedIn()
	s.must(row)
	rows := []loyalty.ImportRow{{Line: 1, Import: row}}
	reconcile := func() loyalty.ReconcileReport {
		report, err := s.Reconcile(t.Context(), slices.Values(rows))
		require.NoError(t, err)
		require.Zero(t, report.Different)
		return report
	}
	require.Empty(t, reconcile().Dates)
	row.Standing.Counts[1].Day = tiers.Date(2027, 1, 10)
	require.Equal(t, []loyalty.ReconciledDate{
		{Member: "anna", Unit: "spend", Date: "earnedAt", At: time.Date(2027, 1, 9, 23, 0, 0, 0, time.UTC), File: 30},
		{Member: "anna", Unit: "spend", Date: "earnedAt", At: time.Date(2027, 2, 9, 23, 0, 0, 0, time.UTC), Ledger: 30},
	}, reconcile().Dates)

	row.Standing.Counts[1].Day = tiers.Date(2027, 2, 10)
	next := regulars(func(p *loyalty.Program) { p.EffectiveAt, p.Zone = day(2027, time.April, 1), "America/New_York" })
	engine, err := loyalty.New(loyalty.Revisions{regulars(), next}, s.store, &loyalty.Options{Clock: s.clock, Secret: []byte("a secret of the test")})
	require.NoError(t, err)
	s.Engine, s.now = engine, day(2027, time.April, 5)
	require.Empty(t, reconcile().Dates, "a program that moves keeps the days")
	spent := loyalty.Import{Member: "bert", Key: "move", Unit: "spend", Points: 7, EarnedAt: time.Date(2027, 2, 10, 9, 30, 0, 0, time.UTC)}
	s.must(spent)
	spent.EarnedAt = spent.EarnedAt.Add(8 * time.Hour)
	rows = append(rows, loyalty.ImportRow{Line: 2, Import: spent})
	require.Empty(t, reconcile().Dates, "of a metric the hour makes no difference")
	rows[1].Import.EarnedAt = spent.EarnedAt.Add(8 * time.Hour)
	require.Len(t, reconcile().Dates, 2)
}

// TestDaysOfGraceThatARevisionLeftMoveWithTheMember has a member whose grace began before a
// revision without grace took effect: they keep it to its end, here and in a store that never
// had the text with it.
func TestDaysOfGraceThatARevisionLeftMoveWithTheMember(t *testing.T) {
	first := regulars(func(p *loyalty.Program) { p.Ladders[0].Grace = 45 })
	second := regulars(func(p *loyalty.Program) { p.EffectiveAt = day(2029, time.January, 10) })
	s := openShop(t, first)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 100)})
	s.now = day(2029, time.January, 20)
	s.revise(first, second)
	status := s.member("anna").Tier("status")
	require.True(t, status.Lapsing)
	require.Equal(t, "2029-02-14T23:00:00Z", status.Until.Format(time.RFC3339))

	there, _ := moveIn(t, s, "anna", regulars())
	for _, at := range []time.Time{s.now, day(2029, time.February, 14), day(2029, time.February, 16)} {
		s.now, there.now = at, at
		require.Equal(t, s.member("anna").Tiers, there.member("anna").Tiers)
	}
	require.Empty(t, there.tier("anna"))
	there.verify()
}

// TestAChallengeOverWhatNoLadderCountsAnyMoreMovesWithoutIt drops the ladder that counted
// visits while a challenge on another one asks for them.
func TestAChallengeOverWhatNoLadderCountsAnyMoreMovesWithoutIt(t *testing.T) {
	visits, spend := tiers.Need{Metric: "visits", AtLeast: 3}, tiers.Need{Metric: "spend", AtLeast: 90}
	all := func(needs ...tiers.Need) tiers.Condition { return tiers.Condition{All: needs} }
	either := tiers.Condition{Any: []tiers.Need{visits, spend}}
	for name, c := range map[string]struct {
		challenge tiers.Condition
		visits    int
		moves     tiers.Condition
		next      string
		// spends is what is bought elsewhere, and has the tier that comes of it.
		spends int64
		has    string
	}{
		"visits that are missing cannot come any more": {all(visits), 2, tiers.Condition{}, "", 90, ""},
		"visits that came have met it":                 {all(visits), 3, tiers.Condition{}, "gold", 0, "gold"},
		"visits that came leave the rest to do":        {all(visits, spend), 3, all(spend), "", 90, "gold"},
		"and what is left must come":                   {all(visits, spend), 3, all(spend), "", 89, ""},
		"visits that are missing beside another":       {all(visits, spend), 2, tiers.Condition{}, "", 90, ""},
		"visits that came instead of another":          {either, 3, tiers.Condition{}, "gold", 0, "gold"},
		"another that can come instead":                {either, 2, tiers.Condition{Any: []tiers.Need{spend}}, "", 90, "gold"},
	} {
		t.Run(name, func(t *testing.T) {
			uncounted := func(p *loyalty.Program) { p.Ladders = p.Ladders[:1] }
			both := regulars(visitors)
			one := regulars(visitors, uncounted, func(p *loyalty.Program) { p.EffectiveAt = day(2027, time.March, 10) })
			s := openShop(t, both)
			s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
			s.must(loyalty.MatchTier{Member: "anna", Key: "match", Ladder: "status", Tier: "gold", Days: 30, Challenge: c.challenge})
			if c.visits > 0 {
				s.must(loyalty.Fact{Member: "anna", Key: "visits", Activity: "visits", Amount: points.Amount(c.visits)})
			}
			s.now = day(2027, time.March, 12)
			s.revise(both, one)

			there, _ := moveIn(t, s, "anna", regulars(visitors, uncounted))
			page := exportedOf(t, s.Engine, "anna")[0].Ladders[0]
			require.Equal(t, c.moves, page.Grants[0].Challenge)
			require.Equal(t, c.next, page.State.Next)
			require.Equal(t, "gold", there.tier("anna"), "until it ends")
			if c.spends > 0 {
				there.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", c.spends)})
			}
			there.now = day(2027, time.April, 2)
			there.runDue()
			require.Equal(t, c.has, there.tier("anna"))
			there.verify()
		})
	}
}
