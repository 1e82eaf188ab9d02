package loyalty_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// openings makes rows of two members each; one in a hundred is bad.
func openings(n int) iter.Seq[loyalty.ImportRow] {
	return func(yield func(loyalty.ImportRow) bool) {
		for i := range n {
			row := loyalty.ImportRow{Line: i + 1, ID: fmt.Sprint("row-", i)}
			row.Import = loyalty.Import{
				Member: fmt.Sprint("m", i/2), Unit: "bean", Points: points.Amount(i + 1), ExpiresAt: day(2028, time.January, 1+i%28),
				EarnedAt: day(2026, time.June, 1), EnrolledAt: day(2020, time.June, 1), Reference: row.ID,
			}
			switch i % 100 {
			case 42:
				row.Import.Unit = "mile"
			case 43:
				row.Err = errors.New("the date is no date")
			case 44:
				row.Import.ExpiresAt = day(2027, time.February, 1)
			}
			if !yield(row) {
				return
			}
		}
	}
}

func TestAnImportThatBrokeOffGoesOnAndChangesNothingTwice(t *testing.T) {
	s := openShop(t, beans(points.ExpireAfter(12, points.Months)))
	const rows = 1000
	dry, err := s.ImportAll(t.Context(), openings(rows), &loyalty.ImportOptions{DryRun: true})
	require.NoError(t, err)
	require.Zero(t, s.commits)
	require.Equal(t, []int{rows, 970, 0, 30}, []int{dry.Rows, dry.Imported, dry.Replayed, dry.Bad})
	require.Equal(t, []int{43, 44, 45}, []int{dry.Problems[0].Line, dry.Problems[1].Line, dry.Problems[2].Line})
	require.ErrorIs(t, dry.Problems[0].Err, loyalty.ErrUnknownUnit)

	at := s.commits
	s.fail = func(n int) error {
		if n > at+2 {
			return errors.New("the store is down")
		}
		return nil
	}
	s.commits = 0
	first, err := s.ImportAll(t.Context(), openings(rows), nil)
	require.NoError(t, err)
	require.Positive(t, first.Imported)
	require.Less(t, first.Imported, 970)
	s.fail = nil
	second, err := s.ImportAll(t.Context(), openings(rows), nil)
	require.NoError(t, err)
	require.Equal(t, []int{970, 30}, []int{second.Imported + second.Replayed, second.Bad})
	require.Equal(t, first.Imported, second.Replayed)
	require.Equal(t, dry.Totals, second.Totals)
	commits := s.commits
	third, err := s.ImportAll(t.Context(), openings(rows), nil)
	require.NoError(t, err)
	require.Equal(t, 970, third.Replayed)
	require.Equal(t, commits, s.commits)

	m, err := s.Member(t.Context(), "m0")
	require.NoError(t, err)
	require.Equal(t, day(2020, time.June, 1), m.EnrolledAt)
	require.Equal(t, []time.Time{day(2028, time.January, 1), day(2028, time.January, 2)}, []time.Time{m.Lots[0].ExpiresAt, m.Lots[1].ExpiresAt})
	require.Equal(t, day(2026, time.June, 1), m.Lots[0].EarnedAt)
	s.verify()
}

func TestReconcileNamesWhoDiffers(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	file := slices.Collect(openings(6))
	_, err := s.ImportAll(t.Context(), slices.Values(file), nil)
	require.NoError(t, err)
	s.must(loyalty.Spend{Member: "m1", Key: "cup", Unit: "bean", Points: 3})
	report, err := s.Reconcile(t.Context(), slices.Values(file))
	require.NoError(t, err)
	require.Zero(t, report.Different, "what is done since makes no difference")
	file[0].Import.Points = 5
	report, err = s.Reconcile(t.Context(), slices.Values(file[:4]))
	require.NoError(t, err)
	require.Equal(t, []loyalty.Reconciled{{Unit: "bean", File: 14, Ledger: 21}}, report.Units)
	require.Equal(t, []loyalty.Reconciled{
		{Member: "m0", Unit: "bean", File: 7, Ledger: 3}, {Member: "m2", Unit: "bean", Ledger: 11},
	}, report.Differences)
}

func TestReconcileNamesTheDatesThatDiffer(t *testing.T) {
	s := openShop(t, beans(points.ExpireAfter(12, points.Months)))
	soon, late, earned := day(2028, time.January, 1), day(2028, time.July, 1), day(2026, time.June, 1)
	row := func(line int, member string, n points.Amount, expires time.Time) loyalty.ImportRow {
		return loyalty.ImportRow{Line: line, ID: fmt.Sprintf("row-%d", line), Import: loyalty.Import{
			Member: member, Unit: "bean", Points: n, EarnedAt: earned, ExpiresAt: expires,
		}}
	}
	file := []loyalty.ImportRow{row(2, "ada", 40, soon), row(3, "ada", 60, late), row(4, "bob", 7, late), row(5, "cyd", 5, time.Time{})}
	_, err := s.ImportAll(t.Context(), slices.Values(file), nil)
	require.NoError(t, err)
	reconcile := func() loyalty.ReconcileReport {
		report, err := s.Reconcile(t.Context(), slices.Values(file))
		require.NoError(t, err)
		require.Zero(t, report.Different, "the points are those of the file")
		require.Equal(t, len(report.Dates), report.Misdated)
		return report
	}
	s.must(loyalty.Extend{Member: "bob", Key: "goodwill", Unit: "bean", ExpiringBy: late, ExpiresAt: late.AddDate(1, 0, 0), Reason: "was ill", Actor: "ada"})
	require.Empty(t, reconcile().Dates, "what is done since makes no difference, and a row without a date fits any")

	file[0].Import.ExpiresAt, file[2].Import.EarnedAt = late, earned.AddDate(0, 0, 1)
	require.Equal(t, []loyalty.ReconciledDate{
		{Member: "ada", Unit: "bean", Date: "expiresAt", At: soon, File: 0, Ledger: 40},
		{Member: "ada", Unit: "bean", Date: "expiresAt", At: late, File: 100, Ledger: 60},
		{Member: "bob", Unit: "bean", Date: "earnedAt", At: earned, File: 0, Ledger: 7},
		{Member: "bob", Unit: "bean", Date: "earnedAt", At: earned.AddDate(0, 0, 1), File: 7, Ledger: 0},
	}, reconcile().Dates)

	file[0].Import.ExpiresAt, file[2].Import.EarnedAt = time.Time{}, time.Time{}
	require.Empty(t, reconcile().Dates)
	file[1].Import.ExpiresAt = late.AddDate(0, 0, 1)
	require.Equal(t, []loyalty.ReconciledDate{
		{Member: "ada", Unit: "bean", Date: "expiresAt", At: soon, File: 0, Ledger: 40},
		{Member: "ada", Unit: "bean", Date: "expiresAt", At: late, File: 0, Ledger: 60},
		{Member: "ada", Unit: "bean", Date: "expiresAt", At: late.AddDate(0, 0, 1), File: 60, Ledger: 0},
	}, reconcile().Dates, "the 40 without a date explain no 100")
}

func TestReconcileNamesWhoHasNoAccount(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	file := slices.Collect(openings(4))
	_, err := s.ImportAll(t.Context(), slices.Values(file), nil)
	require.NoError(t, err)
	nothing := loyalty.ImportRow{Line: 5, ID: "row-4", Import: loyalty.Import{Member: "zoe"}}
	report, err := s.Reconcile(t.Context(), slices.Values(append(file, nothing)))
	require.NoError(t, err)
	require.Equal(t, []string{"zoe"}, report.Missing, "a member without points is only enrolled, and was not")
	require.Equal(t, 1, report.Absent)
	require.Zero(t, report.Different)
}

func TestARowThatIsTwiceInAFileIsBadTheSecondTimeInADryRunAsInARun(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	file := slices.Collect(openings(4))
	again, other, elsewhere := file[0], file[1], file[2]
	again.Line, other.Line, elsewhere.Line = 5, 6, 7
	other.Import.Points = 99
	elsewhere.Import.Member = "zoe"
	file = append(file, again, other, elsewhere)
	dry, err := s.ImportAll(t.Context(), slices.Values(file), &loyalty.ImportOptions{DryRun: true})
	require.NoError(t, err)
	require.Equal(t, []int{5, 2}, []int{dry.Imported, dry.Bad})
	require.Equal(t, []loyalty.ImportTotal{{Unit: "bean", Points: 1 + 2 + 3 + 4 + 3, Rows: 5}}, dry.Totals)
	require.Equal(t, []int{5, 6}, []int{dry.Problems[0].Line, dry.Problems[1].Line})
	require.ErrorIs(t, dry.Problems[0].Err, loyalty.ErrInvalid)
	require.Contains(t, dry.Problems[0].What, `id: "row-0" of member "m0" is that of line 1 already`)
	run, err := s.ImportAll(t.Context(), slices.Values(file), nil)
	require.NoError(t, err)
	require.Equal(t, dry.Totals, run.Totals)
	for i := range dry.Problems {
		require.Equal(t, dry.Problems[i].What, run.Problems[i].What)
	}
	require.Equal(t, []int{dry.Rows, dry.Imported, dry.Bad}, []int{run.Rows, run.Imported, run.Bad})
	s.verify()
}

func TestStopAtBadStopsThere(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	report, err := s.ImportAll(t.Context(), openings(1000), &loyalty.ImportOptions{StopAtBad: true})
	require.NoError(t, err)
	require.True(t, report.Stopped)
	require.Equal(t, []int{43, 42, 1}, []int{report.Rows, report.Imported, report.Bad})
}

func TestAnImportedMemberKeepsTheLastActivity(t *testing.T) {
	s := openShop(t, sleepy())
	row := loyalty.Import{Member: "anna", Key: "import", Unit: "bean", Points: 9, ExpiresAt: points.Never, ActiveAt: day(2026, time.July, 1)}
	receipt := s.must(row)
	require.Equal(t, "2027-07-01T22:00:00Z", receipt.Idle[0].ExpiresAt.Format(time.RFC3339))
	row.Key, row.ActiveAt = "older", day(2026, time.January, 1)
	s.must(row) // the later activity counts
	row.Member, row.Key = "ben", "lost"
	row.ActiveAt = day(2025, time.January, 1)
	_, err := s.Do(t.Context(), row)
	require.ErrorIs(t, err, loyalty.ErrInvalid)
	s.verify()
}
