package loyalty_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// movedIn is a member who is gold by 520 euros of last year, of a shop that moves in on
// 1 March 2027.
func movedIn() loyalty.Import {
	return loyalty.Import{
		Member: "anna", Key: "move", Unit: "bean", Points: 40, EnrolledAt: day(2024, time.May, 2),
		Standing: &loyalty.OpeningStanding{
			Counts: []loyalty.OpeningCount{
				{Metric: "spend", Day: tiers.Date(2026, 6, 1), Amount: 520},
				{Metric: "spend", Day: tiers.Date(2027, 2, 10), Amount: 30},
			},
			Ladders: []loyalty.OpeningLadder{{
				Ladder: "status", State: tiers.State{Tier: "gold", Since: tiers.Date(2026, 6, 1), Until: tiers.Date(2028, 1, 1)},
			}},
		},
	}
}

func TestAMemberWhoMovesInStandsAsBefore(t *testing.T) {
	s := openShop(t, regulars(remindOfTiers))
	r := s.must(movedIn())
	require.Len(t, r.Tiers, 1)
	require.Equal(t, loyalty.Opened, r.Tiers[0].Kind)
	require.Equal(t, []string{"", "gold"}, []string{r.Tiers[0].From, r.Tiers[0].To})
	require.Empty(t, r.Tiers[0].Entered, "what entering gives they have had")
	require.Empty(t, r.Aged)
	require.Equal(t, points.Amount(40), total(r.Balances, "bean"))
	require.Empty(t, s.events("tier-promoted"))
	require.Len(t, s.events("tier-opened"), 1)

	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	status := m.Tier("status")
	require.Equal(t, "2026-05-31T22:00:00Z", status.Since.Format(time.RFC3339))
	require.Equal(t, "2027-12-31T23:00:00Z", status.Until.Format(time.RFC3339))
	require.Equal(t, points.Amount(470), status.Keeping[0].Left)
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 470)})
	s.now = s.now.AddDate(0, 2, 0)
	m, err = s.MemberAt(t.Context(), "anna", day(2027, time.March, 2))
	require.NoError(t, err)
	require.Equal(t, "gold", m.Tier("status").Tier, "and so it is in the past from then on")
	require.Equal(t, "2028-12-31T23:00:00Z", m.Tier("status").Until.Format(time.RFC3339))
	s.daysUntil(2029, time.February, 1)
	require.Equal(t, []string{"gold ends 2028-12-31 23:00, 2m ahead: 500 of 500 spend since 2027-12-31"}, s.endings()[:1])
	require.Empty(t, s.tier("anna"))
	s.verify()

	again := movedIn()
	receipt := s.must(again)
	require.True(t, receipt.Replayed)
	again.Key = "twice"
	_, err = s.Do(t.Context(), again)
	require.ErrorContains(t, err, "standing.ladders[0].ladder: the member was brought to \"status\" before")
}

func TestEveryProblemOfAnOpeningStandingIsNamedWithItsPath(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*loyalty.OpeningStanding)
		path  string
	}{
		"a ladder that there is not":       {func(o *loyalty.OpeningStanding) { o.Ladders[0].Ladder = "club" }, "standing.ladders[0].ladder: \"club\" is not"},
		"a ladder twice":                   {func(o *loyalty.OpeningStanding) { o.Ladders = append(o.Ladders, o.Ladders[0]) }, "standing.ladders[1].ladder"},
		"a tier that there is not":         {func(o *loyalty.OpeningStanding) { o.Ladders[0].State.Tier = "platinum" }, "standing.ladders[0].state.tier"},
		"a tier that is over":              {func(o *loyalty.OpeningStanding) { o.Ladders[0].State.Until = tiers.Date(2027, 1, 1) }, "standing.ladders[0].state.until"},
		"a tier from before they joined":   {func(o *loyalty.OpeningStanding) { o.Ladders[0].State.Since = tiers.Date(2024, 5, 1) }, "standing.ladders[0].state.since"},
		"a standing of tomorrow":           {func(o *loyalty.OpeningStanding) { o.Ladders[0].State.At = tiers.Date(2027, 3, 1) }, "standing.ladders[0].state.at"},
		"a standing from before they were": {func(o *loyalty.OpeningStanding) { o.Ladders[0].State.At = tiers.Date(2023, 3, 1) }, "standing.ladders[0].state.at"},
		"grace that the ladder has not": {func(o *loyalty.OpeningStanding) {
			o.Ladders[0].State.Lapsed, o.Ladders[0].State.Until = tiers.Date(2027, 1, 1), 0
		}, "standing.ladders[0].state.lapsed"},
		"a count of nothing":    {func(o *loyalty.OpeningStanding) { o.Counts[1].Amount = 0 }, "standing.counts[1].amount"},
		"a count of tomorrow":   {func(o *loyalty.OpeningStanding) { o.Counts[1].Day = tiers.Date(2027, 3, 2) }, "standing.counts[1].day"},
		"a count of points":     {func(o *loyalty.OpeningStanding) { o.Counts[1].Metric = "bean" }, "standing.counts[1].metric"},
		"a count without a day": {func(o *loyalty.OpeningStanding) { o.Counts[0].Day = 0 }, "standing.counts[0].day"},
		"what carries over of nothing": {func(o *loyalty.OpeningStanding) {
			o.Ladders[0].State.Carried = []tiers.Need{{Metric: "mile", AtLeast: 1}}
		}, "standing.ladders[0].state.carried[0].metric"},
		"a page beyond the last":  {func(o *loyalty.OpeningStanding) { o.Page, o.Pages = 3, 2 }, "standing.page: 3"},
		"no page of so many":      {func(o *loyalty.OpeningStanding) { o.Pages = 2 }, "standing.page: 0"},
		"ladders before the last": {func(o *loyalty.OpeningStanding) { o.Page, o.Pages = 1, 2 }, "standing.page: 1 of 2 has counts only"},
		"the second page first":   {func(o *loyalty.OpeningStanding) { o.Page, o.Pages = 2, 2 }, "standing.page: page 1 is wanted"},
		"more counts than fit": {func(o *loyalty.OpeningStanding) {
			o.Counts = slices.Repeat(o.Counts, 751)
		}, "standing.counts: at most 1500 fit a row, here are 1502"},
		"a grant by chance": {func(o *loyalty.OpeningStanding) {
			o.Ladders[0].Grants = []loyalty.OpeningGrant{{By: "chance", Grant: tiers.Grant{Tier: "gold", From: 20000, Until: 21000}}}
		}, "standing.ladders[0].grants[0].by"},
		"a grant that ends before it starts": {func(o *loyalty.OpeningStanding) {
			o.Ladders[0].Grants = []loyalty.OpeningGrant{{By: "match", Grant: tiers.Grant{Tier: "gold", From: 21000, Until: 20000}}}
		}, "standing.ladders[0].grants[0].until"},
		"an entry of no tier": {func(o *loyalty.OpeningStanding) {
			o.Ladders[0].Entered = []loyalty.OpeningEntry{{Tier: "platinum", Day: 20000}}
		}, "standing.ladders[0].entered[0].tier"},
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, regulars())
			row := movedIn()
			c.spoil(row.Standing)
			_, err := s.Do(t.Context(), row)
			require.ErrorIs(t, err, loyalty.ErrInvalid)
			require.ErrorContains(t, err, c.path)
			_, err = s.Member(t.Context(), "anna")
			require.ErrorIs(t, err, loyalty.ErrNotEnrolled)
		})
	}
	s := openShop(t, beans(points.NeverExpire()))
	row := movedIn()
	_, err := s.Do(t.Context(), row)
	require.ErrorContains(t, err, "standing: the program has no ladders")
}

func TestAFileOfOpeningStandingsIsTriedReportedAndReconciled(t *testing.T) {
	s := openShop(t, regulars())
	rows := make([]loyalty.ImportRow, 10)
	for i := range rows {
		row := movedIn()
		row.Member, row.Key = fmt.Sprint("m", i), ""
		switch i {
		case 3:
			row.Standing.Ladders[0].State.Tier = "platinum"
		case 4:
			row.Standing.Ladders[0].State.Tier = "silver"
		case 5:
			row.Standing.Ladders[0].State = tiers.State{}
			row.Standing.Counts = nil
		}
		rows[i] = loyalty.ImportRow{Line: i + 2, ID: fmt.Sprint(i), Import: row}
	}
	dry, err := s.ImportAll(t.Context(), slices.Values(rows), &loyalty.ImportOptions{DryRun: true})
	require.NoError(t, err)
	require.Zero(t, s.commits)
	report, err := s.ImportAll(t.Context(), slices.Values(rows), nil)
	require.NoError(t, err)
	require.Equal(t, dry, report)
	require.Equal(t, []int{9, 1}, []int{report.Imported, report.Bad})
	require.Equal(t, 5, report.Problems[0].Line)
	require.Equal(t, []loyalty.ImportTier{{Ladder: "status", Members: 1}, {Ladder: "status", Tier: "gold", Members: 7}, {Ladder: "status", Tier: "silver", Members: 1}}, report.Tiers)
	require.Equal(t, []loyalty.ImportTotal{{Unit: "bean", Points: 360, Rows: 9}, {Unit: "spend", Points: 8 * 550, Rows: 16}}, report.Totals)
	commits := s.commits
	again, err := s.ImportAll(t.Context(), slices.Values(rows), nil)
	require.NoError(t, err)
	require.Equal(t, []int{9, 1, commits}, []int{again.Replayed, again.Bad, s.commits})
	require.Equal(t, report.Tiers, again.Tiers)

	s.must(loyalty.Erase{Member: "m9", Key: "erase"})
	rows[0].Import.Standing.Ladders[0].State.Tier = "silver"
	rows[2].Import.Standing.Ladders[0].State.Until = tiers.Date(2029, 1, 1)
	rows = append(rows[:1], rows[2:]...)
	reconciled, err := s.Reconcile(t.Context(), slices.Values(rows))
	require.NoError(t, err)
	require.Equal(t, []string{"m3"}, reconciled.Missing)
	var differ []string
	for _, d := range reconciled.Tiers {
		text := d.Member
		for _, has := range []*tiers.State{d.File, d.Store} {
			if text += " nothing"; has != nil {
				text = strings.TrimSuffix(text, "nothing") + fmt.Sprint(has.Tier, " ", has.Until)
			}
		}
		differ = append(differ, text)
	}
	require.Equal(t, []string{
		"m0 silver 2028-01-01 gold 2028-01-01", "m1 nothing gold 2028-01-01", "m2 gold 2029-01-01 gold 2028-01-01", "m3 platinum 2028-01-01 nothing",
	}, differ)
	require.Equal(t, 4, reconciled.DifferentTiers)
	s.verify()
}

func TestAMergeBringsTheTierThatAMemberMovedInWith(t *testing.T) {
	s := openShop(t, regulars())
	s.must(movedIn())
	s.must(loyalty.Enroll{Member: "bert", Key: "enroll"})
	s.must(loyalty.Merge{Member: "bert", Key: "merge", From: "anna", Reason: "one person", Actor: "ada"})
	require.Equal(t, "gold", s.tier("bert"))
	s.must(loyalty.UnMerge{Member: "bert", Key: "undo", From: "anna", Reason: "two after all", Actor: "ada"})
	require.Equal(t, []string{"gold", ""}, []string{s.tier("anna"), s.tier("bert")})
	s.must(loyalty.Merge{Member: "bert", Key: "again", From: "anna", Reason: "one person", Actor: "ada"})
	s.now = day(2028, time.January, 2)
	require.Empty(t, s.tier("bert"))
	s.verify()
}

func TestWhoEnteredATierHereSinceTheirOtherStandingHasHadItsPoints(t *testing.T) {
	s := openShop(t, regulars())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.now = s.now.AddDate(0, 0, 10)
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)})
	s.now = s.now.AddDate(0, 0, 10)
	row := loyalty.Import{Member: "anna", Key: "move", Standing: &loyalty.OpeningStanding{
		Counts:  []loyalty.OpeningCount{{Metric: "spend", Day: tiers.Date(2027, 1, 20), Amount: 120}},
		Ladders: []loyalty.OpeningLadder{{Ladder: "status", State: tiers.State{Tier: "silver", At: tiers.Date(2027, 3, 5)}}},
	}}
	r := s.must(row)
	require.Equal(t, points.Amount(550), total(r.Balances, "bean"))
	require.Equal(t, "gold", s.tier("anna"))
	refund := s.must(loyalty.Refund{Member: "anna", Key: "2", Order: "1", Full: true})
	require.Equal(t, []string{"gold"}, refund.Tiers[0].Undone)
	require.Equal(t, "silver", s.tier("anna"), "which they brought")
	require.Zero(t, total(refund.Balances, "bean"))
	s.verify()
}

func TestTheAnniversaryOfTheOtherSystemStartsPeriodsHere(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) {
		p.Ladders[0].Window = tiers.Window{Kind: tiers.Anniversary, Span: tiers.Span{Months: 12}}
	}))
	row := movedIn()
	row.Standing.Anniversary = tiers.Date(2019, 6, 15)
	row.Standing.Ladders[0].State.Until = 0
	s.must(row)
	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, "2027-06-14T22:00:00Z", m.Tier("status").PeriodEnd.Format(time.RFC3339))
	require.Equal(t, "2027-06-14T22:00:00Z", m.Tier("status").Until.Format(time.RFC3339), "the end of the year after the one of 1 June 2026")
	again := loyalty.Import{Member: "anna", Key: "again", Standing: &loyalty.OpeningStanding{Anniversary: tiers.Date(2020, 1, 1)}}
	_, err = s.Do(t.Context(), again)
	require.ErrorContains(t, err, "standing.anniversary: the member has 2019-06-15 already")
	again.Standing.Anniversary = row.Standing.Anniversary
	s.must(again)
	moved := s.now
	s.now = s.now.AddDate(0, 0, 3)
	s.must(loyalty.SetAnniversary{Member: "anna", Key: "set", Day: tiers.Date(2019, 9, 1)})
	for at, end := range map[time.Time]string{moved: "2027-06-14T22:00:00Z", s.now: "2027-08-31T22:00:00Z"} {
		m, err = s.MemberAt(t.Context(), "anna", at)
		require.NoError(t, err)
		require.Equal(t, end, m.Tier("status").PeriodEnd.Format(time.RFC3339))
		require.Equal(t, "gold", m.Tier("status").Tier)
	}
	s.verify()
}

func TestPagesOfAFileAreTriedAndAMissingOneIsReportedByItsLine(t *testing.T) {
	s := openShop(t, regulars())
	count := func(euros int) []loyalty.OpeningCount {
		return []loyalty.OpeningCount{{Metric: "spend", Day: tiers.Date(2026, 6, euros), Amount: points.Amount(100 * euros)}}
	}
	var rows []loyalty.ImportRow
	add := func(member string, standing *loyalty.OpeningStanding) {
		rows = append(rows, loyalty.ImportRow{Line: len(rows) + 1, ID: fmt.Sprint(len(rows)), Import: loyalty.Import{
			Member: member, EnrolledAt: day(2024, time.May, 2), Standing: standing,
		}})
	}
	last := loyalty.OpeningStanding{Page: 3, Pages: 3, Counts: count(3), Ladders: movedIn().Standing.Ladders}
	add("anna", &loyalty.OpeningStanding{Page: 1, Pages: 3, Counts: count(1)})
	add("anna", &loyalty.OpeningStanding{Page: 2, Pages: 3, Counts: count(2)})
	add("ben", &loyalty.OpeningStanding{Page: 1, Pages: 3, Counts: count(1)})
	add("anna", &last)
	add("ben", &last)
	dry, err := s.ImportAll(t.Context(), slices.Values(rows), &loyalty.ImportOptions{DryRun: true})
	require.NoError(t, err)
	report, err := s.ImportAll(t.Context(), slices.Values(rows), nil)
	require.NoError(t, err)
	require.Equal(t, dry, report)
	require.Equal(t, []int{4, 1}, []int{report.Imported, report.Bad})
	require.Equal(t, 5, report.Problems[0].Line)
	require.ErrorContains(t, report.Problems[0].Err, "standing.page: page 2 is wanted, this is 3 of 3")
	require.Equal(t, []string{"gold", ""}, []string{s.tier("anna"), s.tier("ben")})
	require.Equal(t, []loyalty.ImportTier{{Ladder: "status", Tier: "gold", Members: 1}}, report.Tiers)
	unfinished := []loyalty.UnfinishedStanding{{Member: "ben", Page: 2, Pages: 3}}
	require.Equal(t, unfinished, report.Unfinished, "a reader who stops has left something out")
	require.Equal(t, 1, report.Waiting)
	reconciled, err := s.Reconcile(t.Context(), slices.Values(rows[:3]))
	require.NoError(t, err)
	require.Equal(t, unfinished, reconciled.Unfinished)
	s.verify()

	rows[4].Import.Standing = &loyalty.OpeningStanding{Page: 2, Pages: 3, Counts: count(2)}
	add("ben", &last)
	report, err = s.ImportAll(t.Context(), slices.Values(rows), nil)
	require.NoError(t, err)
	require.Equal(t, []int{4, 2, 0, 0}, []int{report.Replayed, report.Imported, report.Bad, report.Waiting})
	require.Equal(t, "gold", s.tier("ben"))
	reconciled, err = s.Reconcile(t.Context(), slices.Values(rows))
	require.NoError(t, err)
	require.Empty(t, reconciled.Unfinished)
	s.verify()
}

// TestAMemberBetweenPagesMovesAsOneOfWhomPagesAreMissing exports a member of whom not all
// pages came: elsewhere the same page is wanted, and then they stand as here.
func TestAMemberBetweenPagesMovesAsOneOfWhomPagesAreMissing(t *testing.T) {
	pages := []loyalty.OpeningStanding{
		{Page: 1, Pages: 3, Counts: movedIn().Standing.Counts[:1]},
		{Page: 2, Pages: 3},
		{Page: 3, Pages: 3, Counts: movedIn().Standing.Counts[1:], Ladders: movedIn().Standing.Ladders},
	}
	row := func(page loyalty.OpeningStanding) loyalty.Import {
		return loyalty.Import{Member: "anna", Key: fmt.Sprint("page", page.Page), EnrolledAt: day(2024, time.May, 2), Standing: &page}
	}
	for came := 1; came <= 3; came++ {
		t.Run(fmt.Sprintf("%d of 3", came), func(t *testing.T) {
			s, there := openShop(t, regulars()), openShop(t, regulars())
			for _, page := range pages[:came] {
				s.must(row(page))
			}
			s.now = s.now.AddDate(0, 0, 1)
			there.now = s.now
			for _, page := range exported(t, s.Engine) {
				there.must(row(page))
			}
			if came < 3 {
				_, err := there.Do(t.Context(), loyalty.SetAnniversary{Member: "anna", Key: "no", Day: tiers.Date(2020, 1, 1)})
				require.ErrorContains(t, err, fmt.Sprintf("goes on with page %d: import that first", came+1))
				other := pages[came]
				other.Pages = 4
				there.refuses(row(other), loyalty.ErrInvalid)
			}
			for _, page := range pages[came:] {
				s.must(row(page))
				there.must(row(page))
			}
			require.Equal(t, "gold", there.tier("anna"))
			require.Equal(t, s.member("anna").Tiers, there.member("anna").Tiers)
			there.verify()
		})
	}
}

// TestAStandingThatIsTooLargeForARowComesInPages imports a member of a rolling window of
// three years who came every day, and exports her again.
func TestAStandingThatIsTooLargeForARowComesInPages(t *testing.T) {
	program := regulars(func(p *loyalty.Program) {
		p.Ladders[0].Window, p.Ladders[0].End = tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 60}}, tiers.WhileHeld
	})
	s := openShop(t, program)
	var counts []loyalty.OpeningCount
	for i := range 1800 {
		counts = append(counts, loyalty.OpeningCount{Metric: "spend", Day: tiers.Date(2027, 2, 28) - tiers.Day(1799-i), Amount: 1})
	}
	row := func(key string, standing loyalty.OpeningStanding) loyalty.Import {
		return loyalty.Import{Member: "anna", Key: key, EnrolledAt: day(2019, time.May, 2), Standing: &standing}
	}
	s.must(row("1", loyalty.OpeningStanding{Counts: counts[:1500], Page: 1, Pages: 2}))
	require.Empty(t, s.tier("anna"), "nothing is decided")
	s.now = s.now.AddDate(0, 0, 1)
	require.Empty(t, s.must(loyalty.Earn{Member: "anna", Key: "earn", Order: bought("1", 3)}).Tiers)
	_, err := s.Do(t.Context(), loyalty.OverrideTier{Member: "anna", Key: "no", Ladder: "status", Tier: "gold", Until: s.now.AddDate(1, 0, 0), Reason: "sorry", Actor: "ada"})
	require.ErrorContains(t, err, "goes on with page 2: import that first")
	s.must(loyalty.Enroll{Member: "bert", Key: "enroll"})
	_, err = s.Do(t.Context(), loyalty.Merge{Member: "bert", Key: "merge", From: "anna"})
	require.ErrorContains(t, err, "goes on with page 2: import that first")
	s.verify()

	r := s.must(row("2", loyalty.OpeningStanding{Counts: counts[1500:], Page: 2, Pages: 2, Ladders: []loyalty.OpeningLadder{{
		Ladder: "status", State: tiers.State{Tier: "gold", Since: tiers.Date(2023, 8, 1)},
	}}}))
	require.Equal(t, loyalty.Opened, r.Tiers[0].Kind)
	require.Empty(t, r.Tiers[0].Entered)
	require.Equal(t, points.Amount(1803), r.Balances[1].Counted)
	s.verify()

	pages := exported(t, s.Engine)
	require.Len(t, pages, 2)
	there := openShop(t, program)
	there.now = s.now
	for i, page := range pages {
		there.must(row(fmt.Sprint(i), page))
	}
	want, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	has, err := there.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, want.Tiers, has.Tiers)
	there.verify()
}

// TestAnExportHasWhatCountsOfAMemberWhoHasNotAdoptedTheLaddersYet exports a member who has
// done nothing since the program has ladders: elsewhere they get what they have not had.
func TestAnExportHasWhatCountsOfAMemberWhoHasNotAdoptedTheLaddersYet(t *testing.T) {
	first := regulars(func(p *loyalty.Program) { p.Ladders = nil })
	second := regulars(func(p *loyalty.Program) { p.EffectiveAt = day(2027, time.March, 2) })
	s := openShop(t, first)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)})
	require.Empty(t, exported(t, s.Engine), "a program without ladders has no standings")
	engine, err := loyalty.New(loyalty.Revisions{first, second}, s.store, &loyalty.Options{Clock: s.clock, Secret: []byte("a secret of the test")})
	require.NoError(t, err)
	s.Engine, s.now = engine, s.now.AddDate(0, 0, 5)
	pages := exported(t, s.Engine)
	require.Equal(t, []loyalty.OpeningStanding{{Counts: []loyalty.OpeningCount{{Metric: "spend", Day: tiers.Date(2027, 3, 1), Amount: 500}}}}, pages)

	there := openShop(t, regulars())
	there.now = s.now
	r := there.must(loyalty.Import{Member: "anna", Key: "move", EnrolledAt: day(2027, time.March, 1), Standing: &pages[0]})
	require.Equal(t, []string{"silver", "gold"}, r.Tiers[0].Entered)
	require.Equal(t, points.Amount(50), total(r.Balances, "bean"))
	want, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	has, err := there.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, want.Tier("status").Until, has.Tier("status").Until)
}

func TestAnErasureTakesWhoMovedInOutAgain(t *testing.T) {
	s := openShop(t, regulars())
	row := movedIn()
	row.Reference, row.Reason, row.Actor = "card of Johanna", "Johanna moved", "Johanna"
	s.must(row)
	s.must(loyalty.Erase{Member: "anna", Key: "forget"})
	_, err := s.Member(t.Context(), "anna")
	require.ErrorIs(t, err, loyalty.ErrErased)
	found, err := enginetest.Traces(t.Context(), enginetest.NewClaims(s.store), "beans", "Johanna")
	require.NoError(t, err)
	require.Empty(t, found)
	s.now = s.now.AddDate(3, 0, 0)
	s.runDue()
	s.verify()
}

// exported is the standing that an export has of anna, in pages.
func exported(t exporting, engine *loyalty.Engine) []loyalty.OpeningStanding {
	return exportedOf(t, engine, "anna")
}

type exporting interface {
	require.TestingT
	Context() context.Context
}

func exportedOf(t exporting, engine *loyalty.Engine, member string) []loyalty.OpeningStanding {
	var out bytes.Buffer
	require.NoError(t, engine.Export(t.Context(), member, &out))
	var doc struct {
		Standing []loyalty.OpeningStanding `json:"standing"`
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &doc))
	return doc.Standing
}

// TestAMemberWhoMovesToAnotherStoreStandsThereAsIfTheyHadBeenThere exports a member on some
// day and imports them into an empty store: now and later, with the same that happens, also of
// days before, they stand the same in both.
func TestAMemberWhoMovesToAnotherStoreStandsThereAsIfTheyHadBeenThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone, start := drawPlace(t)
		ladder, other, list := drawRungs(t), drawRungs(t), drawHappenings(t, start)
		other.Code = "other"
		ladder.Remind = []tiers.Span{{Months: 1}, {Days: 7}}
		there := func(p *loyalty.Program) { p.Zone, p.Ladders = zone.String(), append(p.Ladders, other) }
		known := 400 // What is told later than a horizon is decided by how far that had come.
		if rapid.Bool().Draw(t, "a short horizon") {
			known = 15
			there = func(p *loyalty.Program) {
				p.Zone, p.Ladders, p.Horizon = zone.String(), append(p.Ladders, other), points.Span{N: 20, Unit: points.Days}
			}
		}
		here := openStay(t, ladder, start, there)
		move := start.AddDate(0, 0, rapid.IntRange(1, 350).Draw(t, "moves")).Add(4 * time.Hour)
		slices.SortStableFunc(list, func(a, b happening) int { return a.at.Compare(b.at) })
		granted := rapid.IntRange(0, 500).Draw(t, "granted")
		grant := func(s *stay) {
			s.do(loyalty.OverrideTier{Member: "anna", Key: "grant", Ladder: "status", Tier: "gold", Until: s.now.AddDate(0, 0, 60), Reason: "a gift", Actor: "ada"})
		}
		late := rapid.SliceOfN(rapid.Bool(), len(list), len(list)).Draw(t, "told late")
		rest := []happening{}
		for i, h := range list {
			if h.at.After(move) || late[i] && h.at.After(move.AddDate(0, 0, -known)) {
				rest = append(rest, h)
				continue
			}
			here.now = h.at
			here.happen(h)
		}
		if granted < 100 {
			here.now = later(here.now, move.Add(-time.Hour))
			grant(here)
		}
		here.now = later(here.now, move)
		settled := rapid.Bool().Draw(t, "settled")
		if settled {
			_, err := here.RunDue(t.Context(), nil)
			require.NoError(t, err)
		}
		moved := openStore(t, here.Program(here.now), here.now)
		for i, page := range exported(t, here.Engine) {
			moved.do(loyalty.Import{Member: "anna", Key: fmt.Sprint("move", i), EnrolledAt: start, Standing: &page})
		}
		require.Empty(t, moved.promotions(), "nobody is told of what they have")
		m, err := moved.Member(t.Context(), "anna")
		require.NoError(t, err)
		if settled {
			require.Zero(t, m.Balance("bean").Available, "nor given again what entering gives")
		}
		reminded := len(here.reminders())
		same := func(at time.Time) {
			want, _, _ := here.standing(at)
			has, _, _ := moved.standing(at)
			require.Equal(t, want, has, at)
		}
		same(here.now)
		for _, h := range rest {
			at := later(here.now, h.at)
			here.now, moved.now = at, at
			here.happen(h)
			moved.happen(h)
			same(at)
		}
		if granted >= 100 && granted < 200 {
			grant(here)
			grant(moved)
		}
		for _, after := range []int{10, 45, 100, 200, 400} {
			same(here.now.AddDate(0, 0, after))
		}
		if settled {
			require.Equal(t, append([]string(nil), here.reminders()[reminded:]...), moved.reminders())
		}
	})
}

// promotions lists the events that tell of a promotion.
func (s *stay) promotions() []string {
	var found []string
	for _, e := range s.allEvents() {
		if e.Type == "tier-promoted" {
			found = append(found, e.Type)
		}
	}
	return found
}
