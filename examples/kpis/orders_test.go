package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func TestTheCurrencyIsThatOfTheFirstOrderAndNotOfARowLeftOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders.csv")
	text := "member,occurred_at,amount,currency\nanna,someday,5,USD\nbert,2027-03-08,5,\ncarl,2027-03-08,5,EUR\n"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	l := log{path: path, zone: time.UTC, status: &status{out: io.Discard}, warnings: io.Discard}
	e, err := l.extent()
	require.NoError(t, err)
	assert.Equal(t, "EUR", e.currency)
	assert.Equal(t, 1, e.rows)
	assert.Equal(t, 2, e.bad)
}

func TestASecondPurchaseBefore1970IsSeen(t *testing.T) {
	for _, first := range []string{"1899-12-31", "1969-12-30", "1969-12-31", "1970-01-01", "2027-03-08"} {
		t.Run(fmt.Sprintf("first on %s", first), func(t *testing.T) {
			at, err := time.Parse(time.DateOnly, first)
			require.NoError(t, err)
			s := seconds{zone: time.UTC, end: at.AddDate(1, 0, 0), days: map[string]firstTwo{}}
			for _, day := range []int{1, 0, 0, 5} {
				require.NoError(t, s.Add(kpi.Order{Member: "anna", At: at.AddDate(0, 0, day)}))
			}
			got := s.days["anna"]
			assert.Positive(t, got.first)
			assert.Equal(t, got.first+1, got.second)
		})
	}
}
