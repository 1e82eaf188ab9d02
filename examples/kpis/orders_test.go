package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
