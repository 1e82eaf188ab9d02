package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/parquet"
)

func TestTheCurrencyIsThatOfTheFirstOrderAndNotOfARowLeftOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders.csv")
	text := "member,occurred_at,amount,currency\nanna,someday,5,USD\nbert,2027-03-08,5,\ncarl,2027-03-08,5,EUR\n"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	l := &log{path: path, zone: time.UTC, status: &status{out: io.Discard}, warnings: io.Discard}
	rows, log := 0, l.keyed()
	bad, err := log.Each("reading", func(kpi.Order) error { rows++; return nil })
	require.NoError(t, err)
	assert.Equal(t, "EUR", log.Currency())
	assert.Equal(t, 1, rows)
	assert.Equal(t, 2, bad)
}

func TestALogInParquetHasTheFiguresOfTheOneInCSV(t *testing.T) {
	dir := t.TempDir()
	text := "member,occurred_at,amount,currency\nanna,2027-01-08,5.25,EUR\nbert,2027-02-08,5,EUR\nanna,2027-03-08T10:30:00Z,7,EUR\nanna,2027-03-09,-7,EUR\n"
	csv := filepath.Join(dir, "orders.csv")
	require.NoError(t, os.WriteFile(csv, []byte(text), 0o600))
	columnar := filepath.Join(dir, "orders.parquet")
	file, err := os.Create(columnar)
	require.NoError(t, err)
	_, err = parquet.WriteOrders(file, kpi.ReadCSV(strings.NewReader(text), nil), "EUR")
	require.NoError(t, err)
	require.NoError(t, file.Close())
	report := func(path string) string {
		var out, warnings bytes.Buffer
		require.Zero(t, run([]string{"-orders", path, "-json"}, &out, &warnings, io.Discard), &warnings)
		assert.Empty(t, warnings.String())
		return strings.ReplaceAll(out.String(), path, "the log")
	}
	want := report(csv)
	assert.Contains(t, want, "repeat_purchase_rate")
	assert.Equal(t, want, report(columnar), "the reports are the same")
}
