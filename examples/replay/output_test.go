package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

// ticking is a clock that goes on by two seconds each time it is looked at.
func ticking() func() time.Time {
	now := time.Date(2027, time.March, 8, 9, 0, 0, 0, time.UTC)
	return func() time.Time {
		now = now.Add(2 * time.Second)
		return now
	}
}

func TestTheSummaryReadsWell(t *testing.T) {
	log := orderLog(t, "1001,m-1,2027-03-02,1234.56,EUR", "1002,m-2,2027-03-08,20.00,EUR", "1003,m-2,2027-03-30,oops,EUR", "1004,m-1,2027-03-30,4.50,EUR")
	db := newDB(t)
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-orders", log, "-db", db, "-verify"}, &stdout, &console{out: &stderr, now: ticking()})
	require.Equal(t, exitOK, code, stderr.String())
	assert.Equal(t, strings.NewReplacer("LOG", log, "DB", db).Replace(`  log       LOG
  program   coffee
  as of     Tuesday, 30 March 2027, 00:00 CEST

  members                              2
  orders                               3
  refunds                              0
  refused rows                         1

  BEAN
  issued                           1,278
  spent                                0
  expired                              0
  reversed                             0
  outstanding                      1,278
    pending                            4
    available                      1,274
    held                               0
  debt                                 0

  SPEND
  counted                          1,258

  STATUS
  barista                              1
  regular                              0
  no tier                              1
    promoted                           1

  holds  the balances of all accounts are the sums of their entries, bucket by bucket
  holds  over all buckets the points add up to zero
  holds  nothing that was due by then is left unbooked
  holds  every hash chain, balance and lot fits: 2 accounts, 7 operations, 9 entries, 3 lots

  speed     1 orders a second, 2.0 seconds
  database  DB
`), stdout.String())
}

func TestProgressIsShownOnATerminalOnly(t *testing.T) {
	log := orderLog(t, "1001,m-1,2027-03-02,5.00,EUR", "1002,m-2,2027-03-08,oops,EUR", "1003,m-2,2027-03-08,20.00,EUR")
	shown := func(terminal bool) string {
		var stdout, stderr bytes.Buffer
		run(t.Context(), []string{"-orders", log, "-as-of", "2027-12-01", "-db", newDB(t)}, &stdout, &console{out: &stderr, terminal: terminal, now: ticking()})
		return stderr.String()
	}
	assert.NotContains(t, shown(false), "\x1b")
	assert.Contains(t, shown(true), "\r\x1b[K100 %  3 rows, 0 a second, at 2027-03-08\r")
	assert.Contains(t, shown(true), "accounts brought up to date: 2\r\x1b[K", "and cleared in the end")
}

func TestHelpIsPrintedOnRequestAndMistakesAreNamed(t *testing.T) {
	r := replayed(t, "-h")
	assert.Equal(t, exitOK, r.code)
	assert.Contains(t, r.stdout, "coffee, whole-dollar; the default is coffee")
	for line := range strings.Lines(r.stdout) {
		assert.LessOrEqual(t, len(line), 90, line)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"a flag that does not exist":    {[]string{"-fast"}, exitUsage, "replay: flag provided but not defined: -fast\nSay -h for help.\n"},
		"a file without its flag":       {[]string{"orders.csv"}, exitUsage, "replay: \"orders.csv\" is no flag; a log is named by -orders\nSay -h for help.\n"},
		"a limit below zero":            {[]string{"-limit", "-1"}, exitUsage, "replay: -limit -1: must not be negative\nSay -h for help.\n"},
		"a date that is none":           {[]string{"-as-of", "soon"}, exitFailed, "replay: -as-of: \"soon\" is neither a date such as 2027-03-08 nor a time such as 2027-03-08T09:30:00+01:00\n"},
		"a log that does not exist":     {[]string{"-orders", "gone.csv"}, exitFailed, "replay: open gone.csv: no such file or directory\n"},
		"a program that does not exist": {[]string{"-program", "tea"}, exitFailed, "replay: program \"tea\" is neither a file nor one of coffee, whole-dollar\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r := replayed(t, c.args...)
			assert.Equal(t, c.code, r.code)
			assert.Equal(t, c.want, r.stderr)
			assert.Empty(t, r.stdout)
		})
	}
}

func TestWithoutADatabaseItMakesOneAndSaysWhere(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	r := replayed(t, "-orders", orderLog(t, "1001,m-1,2027-03-02,5.00,EUR"), "-json")
	require.Equal(t, exitOK, r.code, r.stderr)
	path, found := strings.CutPrefix(strings.TrimSpace(r.stderr), "database: ")
	require.True(t, found)
	assert.FileExists(t, path)
}

func TestNumbersAreGroupedByThousandsAndScaledByTheirUnit(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", 12345678: "12,345,678", -100: "-100"} {
		assert.Equal(t, want, grouped(n))
	}
	for _, c := range []struct {
		amount points.Amount
		scale  int
		want   string
	}{{150, 2, "1.50"}, {-5, 2, "-0.05"}, {123456789, 3, "123,456.789"}, {0, 2, "0.00"}} {
		assert.Equal(t, c.want, scaled(c.amount, c.scale))
	}
}

func TestTheSummaryTellsWhereMembersStandAndHowTheyGotThere(t *testing.T) {
	// m-1 has 100 euros within twelve months, keeps the tier for 30 days of grace after
	// they have left the window, and loses it; m-2 gets theirs in the end.
	log := orderLog(
		t, "1001,m-1,2027-03-02,60.00,EUR", "1002,m-1,2027-05-03,40.00,EUR",
		"1003,m-2,2028-03-20,300.00,EUR", "1004,m-3,2028-06-01,99.99,EUR",
	)
	for asOf, want := range map[string]string{
		"2027-05-03": `{"ladder":"status","tiers":[{"tier":"regular","members":1},{"tier":"barista","members":0}],"none":0,"moves":{"promoted":1}}`,
		"2028-03-05": `{"ladder":"status","tiers":[{"tier":"regular","members":1},{"tier":"barista","members":0}],"none":0,"moves":{"lapsing":1,"promoted":1}}`,
		"2028-06-01": `{"ladder":"status","tiers":[{"tier":"regular","members":0},{"tier":"barista","members":1}],"none":2,"moves":{"demoted":1,"lapsing":1,"promoted":2}}`,
	} {
		r := replayed(t, "-orders", log, "-db", newDB(t), "-as-of", asOf, "-json", "-verify")
		require.Equal(t, exitOK, r.code, r.stderr)
		ladders := r.report(t).Ladders
		require.Len(t, ladders, 1)
		text, err := json.Marshal(ladders[0])
		require.NoError(t, err)
		assert.Equal(t, want, string(text), asOf)
	}
}
