package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/examples/orderlog"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func amount(n int64) points.Amount { return points.Amount(n) }

// result is what a run of the command left behind.
type result struct {
	code           int
	stdout, stderr string
}

func replayed(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, &stdout, &console{out: &stderr, now: time.Now})
	return result{code: code, stdout: stdout.String(), stderr: stderr.String()}
}

// report reads the summary of a run with -json.
func (r result) report(t *testing.T) report {
	t.Helper()
	var one report
	decoder := json.NewDecoder(strings.NewReader(r.stdout))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&one), r.stderr)
	return one
}

func vienna(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	return zone
}

func exampleShop(t testing.TB) orderlog.Shop {
	t.Helper()
	program, err := orderlog.LoadProgram("coffee")
	require.NoError(t, err)
	return orderlog.CoffeeShop(program, vienna(t))
}

func orderLog(t *testing.T, rows ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "orders.csv")
	text := "order_id,member,occurred_at,amount,currency\n" + strings.Join(rows, "\n") + "\n"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// long skips a test that takes minutes under the race detector.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long: run without -short")
	}
}

func newDB(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "shop.db")
}

func TestEveryOrderEarnsWholeDollarsAndABadRowStopsNothing(t *testing.T) {
	log := orderLog(t,
		"1001,m-1,2027-03-08,4.99,USD",
		"1002,m-2,2027-03-08,10.00,USD",
		"1003,m-1,2027-03-09,-1.00,USD",  // 4: negative
		"1004,m-1,someday,1.00,USD",      // 5: no date
		"1005,m-3,2027-03-09,8.00,EUR",   // 6: no rate for it
		"1002,m-2,2027-03-08,10.00,USD",  // 7: the same again
		"1002,m-2,2027-03-09,12.00,USD",  // 8: the same id, another order
		"1001,m-2,2027-03-09,4.00,USD",   // 9: somebody else's order
		"1006,m-1,2027-03-10,0,USD",      // an order without entries
		"1007,m-1,2027-03-11,120.50,USD", //
	)
	r := replayed(t, "-orders", log, "-program", "whole-dollar", "-db", newDB(t), "-json", "-verify")
	assert.Equal(t, exitOK, r.code, r.stderr)
	one := r.report(t)
	assert.EqualValues(t, 3, one.Members)
	assert.EqualValues(t, 4, one.Orders)
	assert.EqualValues(t, 6, one.Refused)
	assert.Equal(t, pointsReport{Issued: 134, Available: 134}, one.Points)
	assert.True(t, one.Verified)
	assert.Equal(t, `refused: line 4, column amount: "-1.00" is negative; a log holds sales only
refused: line 5, column occurred_at: "someday" is neither a date such as 2027-03-08 nor a time such as 2027-03-08T09:30:00+01:00
refused: line 6, column currency: points: no rule accepts the order's currency: "EUR": add a spend rate for it
refused: line 7, column order_id: this order has earned already, and earns once
refused: line 8, column order_id: this order was read before with other data, and an order earns once
refused: line 9, column order_id: the order has earned already: order "1001" by member "m-1"
`, r.stderr)
}

func TestTheJSONSummaryHasTheFieldsThatScriptsReadAndNoOthers(t *testing.T) {
	r := replayed(t, "-orders", orderLog(t, "1001,m-1,2027-03-08,4.99,USD"), "-program", "whole-dollar", "-db", newDB(t), "-json")
	require.Equal(t, exitOK, r.code, r.stderr)
	var one map[string]any
	decoder := json.NewDecoder(strings.NewReader(r.stdout))
	require.NoError(t, decoder.Decode(&one))
	require.False(t, decoder.More(), "one object")
	seconds, rate := one["seconds"], one["orders_per_second"]
	assert.IsType(t, 0.0, seconds)
	assert.IsType(t, 0.0, rate)
	delete(one, "seconds")
	delete(one, "orders_per_second")
	assert.Equal(t, map[string]any{
		"members": 1.0, "orders": 1.0, "refused": 0.0, "refunds": 0.0, "verified": false,
		"points": map[string]any{
			"issued": 4.0, "redeemed": 0.0, "expired": 0.0, "reversed": 0.0, "adjusted": 0.0,
			"pending": 0.0, "available": 4.0, "held": 0.0, "debt": 0.0,
		},
	}, one)
}

func TestAStrictReplayStopsAtTheFirstRefusedRow(t *testing.T) {
	for name, bad := range map[string]string{
		"that is no order":           "1002,m-1,2027-03-09,much,USD",
		"that the engine refuses":    "1002,m-1,2027-03-09,5.00,EUR",
		"that was there before":      "1001,m-1,2027-03-08,4.99,USD",
		"whose order another earned": "1001,m-2,2027-03-08,4.99,USD",
	} {
		t.Run(name, func(t *testing.T) {
			log := orderLog(t, "1001,m-1,2027-03-08,4.99,USD", bad, "1003,m-1,2027-03-10,100.00,USD")
			r := replayed(t, "-orders", log, "-program", "whole-dollar", "-db", newDB(t), "-json", "-strict")
			assert.Equal(t, exitFailed, r.code)
			assert.Contains(t, r.stderr, "refused: line 3, column ")
			one := r.report(t)
			assert.EqualValues(t, 1, one.Orders)
			assert.EqualValues(t, 1, one.Refused)
			assert.EqualValues(t, 4, one.Points.Issued, "what came after was not booked")
		})
	}
}

func TestALimitedReplayStopsAfterSoManyRows(t *testing.T) {
	log := orderLog(t, "1001,m-1,2027-03-08,4.99,USD", "1002,m-1,2027-03-09,much,USD", "1003,m-1,2027-03-10,100.00,USD")
	db := newDB(t)
	one := replayed(t, "-orders", log, "-program", "whole-dollar", "-db", db, "-json", "-limit", "2").report(t)
	assert.EqualValues(t, 1, one.Orders)
	assert.EqualValues(t, 1, one.Refused)

	one = replayed(t, "-orders", log, "-program", "whole-dollar", "-db", db, "-json").report(t)
	assert.EqualValues(t, 2, one.Orders, "the rest of the log follows")
	assert.EqualValues(t, 104, one.Points.Issued)
}

func TestTheBooksAreAsOfTheLastOrderOrOfTheDateThatIsAskedFor(t *testing.T) {
	// At 14 days of return window and 12 months of validity to the end of the month.
	log := orderLog(t, "1001,m-1,2027-03-02,10.00,EUR", "1002,m-2,2027-03-10,20.00,EUR", "1003,m-1,2027-03-17,40.00,EUR")
	for name, c := range map[string]struct {
		asOf string
		want pointsReport
	}{
		"the last order":                      {"", pointsReport{Issued: 70, Pending: 60, Available: 10}},
		"a date between":                      {"2027-03-10", pointsReport{Issued: 30, Pending: 30}},
		"an instant between":                  {"2027-03-09T23:59:59+01:00", pointsReport{Issued: 10, Pending: 10}},
		"a date after the return windows":     {"2027-04-02", pointsReport{Issued: 70, Available: 70}},
		"the last day of the first points":    {"2028-03-31", pointsReport{Issued: 70, Available: 70}},
		"the first day after that":            {"2028-04-01", pointsReport{Issued: 70, Available: 40, Expired: 30}},
		"the year in which all of it is gone": {"2029-01-01", pointsReport{Issued: 70, Expired: 70}},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"-orders", log, "-db", newDB(t), "-json", "-verify"}
			if c.asOf != "" {
				args = append(args, "-as-of", c.asOf)
			}
			r := replayed(t, args...)
			assert.Equal(t, exitOK, r.code, r.stderr)
			assert.Equal(t, c.want, r.report(t).Points)
		})
	}
}

func TestOrdersThatComeLateInTheLogEarnByTheirOwnDate(t *testing.T) {
	log := orderLog(t,
		"1001,m-1,2027-06-01,10.00,EUR",
		"1002,m-1,2027-01-05,20.00,EUR", // a Tuesday; its return window is over
		"1003,m-1,2025-01-07,40.00,EUR", // valid until the end of January 2026
		"1004,m-2,2027-05-30,80.00,EUR", // pending still
	)
	r := replayed(t, "-orders", log, "-db", newDB(t), "-json", "-verify")
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Equal(t, pointsReport{Issued: 150, Pending: 90, Available: 20, Expired: 40}, r.report(t).Points)
	assert.True(t, r.report(t).Verified)
}

func TestBooksThatGoOnAfterTheDateThatIsAskedForAreNotPassedOffAsOfThatDate(t *testing.T) {
	log := orderLog(t, "1001,m-1,2027-03-02,10.00,EUR", "1002,m-2,2027-03-10,20.00,EUR")
	db := newDB(t)
	require.Equal(t, exitOK, replayed(t, "-orders", log, "-db", db).code)
	r := replayed(t, "-orders", log, "-db", db, "-as-of", "2027-03-05")
	assert.Equal(t, exitFailed, r.code)
	assert.Contains(t, r.stderr, "the database goes on to 2027-03-10T00:00:00+01:00")
}

func TestALogThatFollowsAnotherIsAddedToTheBooks(t *testing.T) {
	db := newDB(t)
	first := orderLog(t, "1001,m-1,2027-03-08,10.00,USD", "1002,m-2,2027-03-09,20.00,USD")
	second := orderLog(t, "1002,m-2,2027-03-09,20.00,USD", "1003,m-1,2027-03-10,40.00,USD", "1004,m-3,2027-03-11,80.00,USD")
	replayed(t, "-orders", first, "-program", "whole-dollar", "-db", db)
	r := replayed(t, "-orders", second, "-program", "whole-dollar", "-db", db, "-json", "-verify")
	one := r.report(t)
	assert.EqualValues(t, 3, one.Members)
	assert.EqualValues(t, 3, one.Orders)
	assert.EqualValues(t, 0, one.Refused, r.stderr)
	assert.EqualValues(t, 150, one.Points.Available)
	assert.True(t, one.Verified)
}

func TestAProgramWithAnotherTextNeedsAnotherDatabase(t *testing.T) {
	db, log := newDB(t), orderLog(t, "1001,m-1,2027-03-08,10.00,USD")
	require.Equal(t, exitOK, replayed(t, "-orders", log, "-program", "whole-dollar", "-db", db).code)

	text, err := os.ReadFile("../orderlog/programs/whole-dollar.json")
	require.NoError(t, err)
	richer := filepath.Join(t.TempDir(), "richer.json")
	require.NoError(t, os.WriteFile(richer, bytes.Replace(text, []byte(`"points": 1`), []byte(`"points": 2`), 1), 0o600))
	r := replayed(t, "-orders", log, "-program", richer, "-db", db)
	assert.Equal(t, exitFailed, r.code)
	assert.Contains(t, r.stderr, "choose another -db")
	assert.Empty(t, r.stdout)
}

func TestTheGeneratedLogComesToWhatANaiveModelSays(t *testing.T) {
	long(t)
	s := exampleShop(t)
	model := &modelShop{zone: s.Zone, doubleMondays: true, pendingDays: 14, months: 12, endOfMonth: true}
	var last time.Time
	orders, refunds := int64(0), int64(0)
	for e := range s.Events() {
		last = e.At
		switch c := e.Command.(type) {
		case loyalty.Earn:
			cents := int64(0)
			for _, line := range c.Order.Lines {
				cents += line.Amount.Shift(2).IntPart()
			}
			model.earn(c.Member, c.Order.ID, cents, e.At)
			orders++
		case loyalty.Refund:
			model.refund(c.Member, c.Order, c.Amount.Shift(2).IntPart(), c.Full, e.At)
			refunds++
		case orderlog.FreeCoffee:
			model.freeCoffee(c.Member, int64(c.Price), e.At)
		}
	}
	want := model.asOf(last)
	require.Positive(t, want.Debt, "the log has a chargeback of points that were spent")
	require.Positive(t, want.Expired)

	db := newDB(t)
	r := replayed(t, "-db", db, "-json", "-verify")
	require.Equal(t, exitOK, r.code, r.stderr)
	one := r.report(t)
	assert.Equal(t, want, one.Points)
	assert.EqualValues(t, s.Members, one.Members)
	assert.Equal(t, orders, one.Orders)
	assert.Equal(t, refunds, one.Refunds)
	assert.Zero(t, one.Refused)
	assert.True(t, one.Verified)

	// A second run changes nothing, and prints what the README shows.
	again := replayed(t, "-db", db)
	require.Equal(t, exitOK, again.code, again.stderr)
	page, _, found := strings.Cut(again.stdout, "\n  speed ")
	require.True(t, found)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, shown, found := strings.Cut(string(readme), "<!-- replay -->\n```text\n")
	require.True(t, found, "README.md has a text block after its replay marker")
	shown, _, _ = strings.Cut(shown, "```")
	page = regexp.MustCompile(`(?m)^ +\(rows that the database had already: 20,459\)\n`).ReplaceAllString(page, "")
	assert.Equal(t, page, shown, "copy it into README.md")
}
