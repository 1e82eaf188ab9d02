package loyalty_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// moving is a program into which members move: at most 100 beans a day of each may be
// brought, and at most 1,000 by one clerk.
func moving() loyalty.Program {
	p := beans(points.ExpireAfter(12, points.Months))
	p.Units = append(p.Units, points.Unit{Code: "spent", Kind: points.Metric})
	p.Units[0].Inactivity = &points.Inactivity{After: points.Span{N: 6, Unit: points.Months}, Activities: []string{"order"}}
	p.Limits = []loyalty.Limit{
		{Code: "member", Commands: []string{"import"}, By: loyalty.ByMember, Per: loyalty.Day, Unit: "bean", Points: 100},
		{Code: "clerk", Commands: []string{"import"}, By: loyalty.ByActor, Per: loyalty.Day, Unit: "bean", Points: 1000},
	}
	p.Ladders = []tiers.Ladder{{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
		Tiers: []tiers.Tier{{Code: "gold", Enter: tiers.Condition{All: []tiers.Need{{Metric: "spent", AtLeast: 500}}}}},
	}}
	return p
}

// moved makes rows: several of each member, which together pass the limits.
func moved(now time.Time, members int) []loyalty.ImportRow {
	var rows []loyalty.ImportRow
	for m := range members {
		for i := range 5 {
			row := loyalty.ImportRow{Line: len(rows) + 1, ID: fmt.Sprint("row-", m, "-", i)}
			row.Import = loyalty.Import{
				Member: fmt.Sprint("m", m), Unit: "bean", Points: points.Amount(10 * (1 + i)), ActiveAt: now.AddDate(0, -1, -i), Actor: fmt.Sprint("clerk ", m%3),
			}
			if i == 3 {
				row.Import.Unit, row.Import.Points, row.Import.ActiveAt = "spent", 600, time.Time{}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func TestADryRunSaysOfARowWhatTheRowsBeforeItBring(t *testing.T) {
	for name, order := range map[string]func(a, b loyalty.ImportRow) int{
		"sorted by member": func(a, b loyalty.ImportRow) int { return a.Line - b.Line },
		"one after another": func(a, b loyalty.ImportRow) int {
			return 1000*((a.Line-1)%5-(b.Line-1)%5) + a.Line - b.Line
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, moving())
			s.must(loyalty.Enroll{Member: "m1", Key: "enroll"})
			s.must(loyalty.Adjust{Member: "m1", Key: "gift", Unit: "bean", Points: 7, Reason: "gift", Actor: "shop"})
			rows := moved(s.now, 40)
			slices.SortStableFunc(rows, order)
			commits := s.commits
			dry, err := s.ImportAll(t.Context(), slices.Values(rows), &loyalty.ImportOptions{DryRun: true})
			require.NoError(t, err)
			require.Equal(t, commits, s.commits, "nothing was written")
			_, err = s.Member(t.Context(), "m0")
			require.ErrorIs(t, err, loyalty.ErrNotEnrolled)
			run, err := s.ImportAll(t.Context(), slices.Values(rows), nil)
			require.NoError(t, err)
			require.Positive(t, run.Bad)
			require.Equal(t, run, dry)
			again, err := s.ImportAll(t.Context(), slices.Values(rows), &loyalty.ImportOptions{DryRun: true})
			require.NoError(t, err)
			require.Equal(t, run.Imported, again.Replayed)
			s.verify()
		})
	}
}

func TestADryRunCountsTheRowsOfWhichItForgotTheMember(t *testing.T) {
	s := openShop(t, moving())
	rows := moved(s.now, 80)
	sorted, err := s.ImportAll(t.Context(), slices.Values(rows), &loyalty.ImportOptions{DryRun: true, Members: 1})
	require.NoError(t, err)
	require.Zero(t, sorted.Apart)
	slices.SortStableFunc(rows, func(a, b loyalty.ImportRow) int { return (a.Line-1)%5 - (b.Line-1)%5 })
	mixed, err := s.ImportAll(t.Context(), slices.Values(rows), &loyalty.ImportOptions{DryRun: true, Members: 2})
	require.NoError(t, err)
	require.Positive(t, mixed.Apart)
	all, err := s.ImportAll(t.Context(), slices.Values(rows), &loyalty.ImportOptions{DryRun: true})
	require.NoError(t, err)
	require.Zero(t, all.Apart)
}
