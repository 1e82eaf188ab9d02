package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAReplayEndsWithThePageOfTheShop(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.html")
	got := replayed(t, "-limit", "4000", "-html", page)
	require.Equal(t, exitOK, got.code, got.stderr)
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, id := range []string{"retention", "cohorts", "rfm", "segments", "alive", "tracking", "liability"} {
		assert.Contains(t, string(text), `<section id="`+id+`"`)
	}
	for _, card := range []string{"Points redeemed in the end", "Points expired", "Average order, last 90 days"} {
		assert.Contains(t, string(text), card)
	}
	assert.Contains(t, string(text), "Key figures of coffee")
}
