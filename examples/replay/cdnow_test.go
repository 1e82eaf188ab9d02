package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cdnowOrders is the real log that the tests of this file replay.
func cdnowOrders(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("LOYALTYKIT_DATA")
	if folder == "" {
		t.Skip("LOYALTYKIT_DATA is not set: it names the folder with cdnow_orders.csv, 69,659 orders of a real shop")
	}
	path := filepath.Join(folder, "cdnow_orders.csv")
	_, err := os.Stat(path)
	require.NoError(t, err, "LOYALTYKIT_DATA names a folder without the log")
	return path
}

// cdnowRow is a row as this test reads it, without the code under test.
type cdnowRow struct {
	order, member, day string
	cents              int64
}

func readCDNOW(t *testing.T, path string) []cdnowRow {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"order_id", "member", "occurred_at", "amount", "currency"}, lines[0][:5])
	rows := make([]cdnowRow, 0, len(lines)-1)
	for _, line := range lines[1:] {
		dollars, cents, _ := strings.Cut(line[3], ".")
		sum, err := strconv.ParseInt(dollars+(cents + "00")[:2], 10, 64)
		require.NoError(t, err)
		require.LessOrEqual(t, len(cents), 2)
		rows = append(rows, cdnowRow{order: line[0], member: line[1], day: line[2], cents: sum})
	}
	return rows
}

func TestARealLogEarnsAPointForEachWholeDollar(t *testing.T) {
	long(t)
	path := cdnowOrders(t)
	members, dollars := map[string]bool{}, int64(0)
	rows := readCDNOW(t, path)
	for _, row := range rows {
		members[row.member] = true
		dollars += row.cents / 100
	}
	require.EqualValues(t, 2_453_159, dollars)
	require.Len(t, rows, 69_659)
	require.Len(t, members, 23_570)

	r := replayed(t, "-orders", path, "-program", "whole-dollar", "-db", newDB(t), "-json", "-verify")
	require.Equal(t, exitOK, r.code, r.stderr)
	one := r.report(t)
	assert.EqualValues(t, len(members), one.Members)
	assert.EqualValues(t, len(rows), one.Orders)
	assert.Zero(t, one.Refused)
	assert.Zero(t, one.Refunds)
	assert.Equal(t, pointsReport{Issued: amount(dollars), Available: amount(dollars)}, one.Points)
	assert.True(t, one.Verified)
}

const halfYear = `{
  "id": "half-year",
  "zone": "America/New_York",
  "units": [{
    "code": "point",
    "expiry": {"after": {"n": 6, "unit": "months"}},
    "pending": {"window": {"n": 14, "unit": "days"}}
  }],
  "earning": [{"code": "base", "spend": {"points": 1, "per": "1", "currency": "USD"}}]
}`

func TestARealLogWithExpiryAndReturnWindowComesToWhatANaiveModelSays(t *testing.T) {
	long(t)
	path := cdnowOrders(t)
	newYork, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	model := &modelShop{zone: newYork, pendingDays: 14, months: 6}
	var last time.Time
	for _, row := range readCDNOW(t, path) {
		at, err := time.ParseInLocation(time.DateOnly, row.day, newYork)
		require.NoError(t, err)
		model.earn(row.member, row.order, row.cents, at)
		last = at
	}
	want := model.asOf(last)
	require.Positive(t, want.Pending)
	require.Positive(t, want.Expired)

	program := filepath.Join(t.TempDir(), "half-year.json")
	require.NoError(t, os.WriteFile(program, []byte(halfYear), 0o600))
	r := replayed(t, "-orders", path, "-program", program, "-db", newDB(t), "-json", "-verify")
	require.Equal(t, exitOK, r.code, r.stderr)
	one := r.report(t)
	assert.Equal(t, want, one.Points)
	assert.EqualValues(t, len(model.members), one.Members)
	assert.True(t, one.Verified)
}
