package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty/whatif"
	"github.com/loyaltykit/loyaltykit/points"
)

// result is what a run of the command left behind.
type result struct {
	code           int
	stdout, stderr string
}

// asked runs the command under a clock that goes on by two seconds each time it is
// looked at.
func asked(t *testing.T, terminal bool, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	now := time.Date(2027, time.March, 8, 9, 0, 0, 0, time.UTC)
	c := command{stdout: &stdout, stderr: &stderr, terminal: terminal, now: func() time.Time {
		now = now.Add(2 * time.Second)
		return now
	}}
	code := c.run(t.Context(), args)
	return result{code: code, stdout: stdout.String(), stderr: stderr.String()}
}

func orderLog(t *testing.T, rows ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "orders.csv")
	text := "order_id,member,occurred_at,amount,currency\n" + strings.Join(rows, "\n") + "\n"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestTheTableReadsWell(t *testing.T) {
	// 8 March is a Monday; the first order's points have expired under "plain" by the last.
	log := orderLog(t, "1001,m-1,2027-03-08,1000.00,EUR", "1002,m-2,2027-03-09,20.00,EUR", "1003,m-2,oops,5.00,EUR", "1004,m-2,2027-10-01,4.50,EUR")
	r := asked(t, false, "-orders", log)
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Contains(t, r.stderr, "refused: line 4, column occurred_at: \"oops\"")
	assert.Equal(t, log+`
5 commands from 2027-03-07 to 2027-09-30

                                coffee           plain      difference
members                              2               2               0

BEAN
  issued                         2,024           1,024          -1,000  -49.4 %
  expired                            0           1,020          +1,020
  outstanding                    2,024               4          -2,020  -99.8 %
    pending                          4               4               0
    available                    2,020               0          -2,020  -100.0 %
  members who gain 0, lose 2, neither 0
  what they gain    least -2,000, 5 % -2,000, 25 % -2,000, median -2,000, 75 % -2,000, 95 % -2,000, most -20
  lose most
    m-1                          2,000               0          -2,000  -100.0 %
    m-2                             24               4             -20  -83.3 %

SPEND
  counted                        1,024           1,024               0
  members who gain 0, lose 0, neither 2

2.0 seconds
`, r.stdout)
}

func TestTheSameProgramTwiceMakesNoDifference(t *testing.T) {
	log := orderLog(t, "1001,m-1,2027-03-08,1000.00,EUR", "1002,m-2,2027-03-09,20.00,EUR")
	r := asked(t, false, "-orders", log, "-a", "coffee", "-b", "coffee", "-json")
	require.Equal(t, exitOK, r.code, r.stderr)
	var report whatif.Report
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &report))
	assert.True(t, report.Same())
	assert.EqualValues(t, 2020, report.Units[0].Books[1].Issued)
	assert.EqualValues(t, 2, report.Units[0].Same)
}

func TestAnOrderInACurrencyThatTheOtherProgramDoesNotTakeIsCounted(t *testing.T) {
	r := asked(t, false, "-orders", orderLog(t, "1001,m-1,2027-03-08,10.00,GBP"))
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Contains(t, r.stdout, "REFUSED\n  earn                               0               1              +1\n")
}

func TestTheCoffeeShopThatNeverWasShowsADifference(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the generated log has 22,459 commands")
	}
	r := asked(t, true, "-json")
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Contains(t, r.stderr, "%  22459 commands, at 2026-09-29\r\x1b[K", "progress on a terminal, cleared in the end")
	var report whatif.Report
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &report))
	assert.False(t, report.Same())
	assert.Equal(t, [2]int64{2000, 2000}, report.Members)
	books := report.Units[0].Books
	assert.Less(t, books[1].Issued, books[0].Issued)
	assert.Greater(t, books[1].Expired, books[0].Expired)
	assert.Len(t, report.Units[0].Losers, 5)
	for _, b := range books {
		assert.Equal(t, b.Issued+b.Adjusted, b.Redeemed+b.Expired+b.Reversed+b.Outstanding()-b.Debt, "the books balance")
	}
}

// halfDollar gives a point for every two dollars, for a year.
const halfDollar = `{
  "id": "half-dollar",
  "zone": "America/New_York",
  "units": [{"code": "point", "expiry": {"after": {"n": 1, "unit": "years"}}}],
  "earning": [{"code": "base", "spend": {"points": 1, "per": "2", "currency": "USD", "grouping": "whole-groups"}}]
}`

func TestARealLogIsComparedInSeconds(t *testing.T) {
	folder := os.Getenv("LOYALTYKIT_DATA")
	if folder == "" {
		t.Skip("LOYALTYKIT_DATA is not set: it names the folder with cdnow_orders.csv, 69,659 orders of a real shop")
	}
	if testing.Short() {
		t.Skip("-short: 69,659 orders under two programs")
	}
	program := filepath.Join(t.TempDir(), "half-dollar.json")
	require.NoError(t, os.WriteFile(program, []byte(halfDollar), 0o600))
	started := time.Now()
	r := asked(t, false, "-orders", filepath.Join(folder, "cdnow_orders.csv"), "-a", "whole-dollar", "-b", program, "-json")
	require.Equal(t, exitOK, r.code, r.stderr)
	t.Logf("figure whatif 69,659 orders of 23,570 members under two programs in %.1f s", time.Since(started).Seconds())
	var report whatif.Report
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &report))
	assert.EqualValues(t, 69_659+23_570, report.Events)
	assert.Equal(t, [2]int64{23_570, 23_570}, report.Members)
	assert.Empty(t, report.Refusals)
	want := countedByHand(t, filepath.Join(folder, "cdnow_orders.csv"))
	unit := report.Units[0]
	assert.Equal(t, [2]whatif.Figures{
		{Issued: want.dollars, Available: want.dollars},
		{Issued: want.pairs, Expired: want.expired, Available: want.pairs - want.expired},
	}, unit.Books)
	assert.Positive(t, want.expired)
	assert.Equal(t, [3]int64{0, want.losers, want.even}, [3]int64{unit.Gain, unit.Lose, unit.Same})
	assert.Equal(t, want.loss, unit.Spread[0], "what the one who loses most loses")
}

// byHand is what a log comes to: whole dollars that never expire, against whole pairs of
// dollars of each order that last until the end of the day a year after it.
type byHand struct {
	dollars, pairs, expired points.Amount
	losers, even            int64
	loss                    points.Amount
}

// countedByHand reads a log, whose last line is of its last day, without the code under
// test.
func countedByHand(t *testing.T, path string) byHand {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	rows := strings.Split(strings.TrimSpace(string(text)), "\n")[1:]
	last := strings.Split(rows[len(rows)-1], ",")[2]
	var all byHand
	has := map[string][2]points.Amount{}
	for _, row := range rows {
		column := strings.Split(row, ",")
		member, day := column[1], column[2]
		require.LessOrEqual(t, day, last)
		whole, _, _ := strings.Cut(column[3], ".")
		dollars, err := strconv.Atoi(whole)
		require.NoError(t, err)
		pairs := points.Amount(dollars / 2)
		all.dollars += points.Amount(dollars)
		all.pairs += pairs
		year, err := strconv.Atoi(day[:4])
		require.NoError(t, err)
		left := pairs
		if fmt.Sprint(year+1)+day[4:] < last { // no order is of 29 February
			all.expired += pairs
			left = 0
		}
		has[member] = [2]points.Amount{has[member][0] + points.Amount(dollars), has[member][1] + left}
	}
	for _, of := range has {
		switch gain := of[1] - of[0]; {
		case gain < 0:
			all.losers++
			all.loss = min(all.loss, gain)
		case gain == 0:
			all.even++
		}
	}
	return all
}

func TestHelpIsPrintedOnRequestAndMistakesAreNamed(t *testing.T) {
	r := asked(t, false, "-h")
	assert.Equal(t, exitOK, r.code)
	assert.Contains(t, r.stdout, "coffee, whole-dollar, plain")
	for line := range strings.Lines(r.stdout) {
		assert.LessOrEqual(t, len(line), 90, line)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"a flag that does not exist":    {[]string{"-fast"}, exitUsage, "whatif: flag provided but not defined: -fast\nSay -h for help.\n"},
		"a file without its flag":       {[]string{"orders.csv"}, exitUsage, "whatif: \"orders.csv\" is no flag; a log is named by -orders\nSay -h for help.\n"},
		"nobody to name":                {[]string{"-top", "0"}, exitUsage, "whatif: -top 0: must be above 0\nSay -h for help.\n"},
		"a log that does not exist":     {[]string{"-orders", "gone.csv"}, exitFailed, "whatif: open gone.csv: no such file or directory\n"},
		"a program that does not exist": {[]string{"-b", "tea"}, exitFailed, "whatif: program \"tea\" is neither a file nor one of coffee, whole-dollar\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r := asked(t, false, c.args...)
			assert.Equal(t, c.code, r.code)
			assert.Equal(t, c.want, r.stderr)
			assert.Empty(t, r.stdout)
		})
	}
}
