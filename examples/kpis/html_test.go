package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThePageHasEverySectionThatTheInputAllows(t *testing.T) {
	orders, page := shop(t), filepath.Join(t.TempDir(), "page.html")
	draw := func(args ...string) string {
		var stderr bytes.Buffer
		require.Equal(t, exitOK, run(append(args, "-orders", orders, "-html", page), io.Discard, &stderr, io.Discard), stderr.String())
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		return string(text)
	}
	section := func(id string) string { return `<section id="` + id + `"` }
	whole := draw("-as-of", "2028-02-29", "-calibration-end", "2027-08-31", "-surveys", "testdata/surveys.csv", "-costs", "testdata/costs.json")
	for _, id := range []string{"retention", "cohorts", "rfm", "segments", "alive", "tracking", "risk", "tiers", "nps", "liability"} {
		assert.Contains(t, whole, section(id))
	}
	for _, text := range []string{
		">Gold<", ">Bean<", ">All<", "<strong>11</strong>", "Revenue, last 90 days", " from ", "Goal repeat_purchase_rate: behind",
		"A customer is lost who has not bought for 90 days",
	} {
		assert.Contains(t, whole, text)
	}
	alone := draw()
	for _, id := range []string{"tracking", "tiers", "nps", "liability"} {
		assert.NotContains(t, alone, section(id), "the log alone does not tell")
	}
	assert.Contains(t, alone, section("cohorts"))
	var stderr bytes.Buffer
	assert.Equal(t, exitFailed, run([]string{"-orders", orders, "-html", filepath.Join(t.TempDir(), "nowhere", "page.html")}, io.Discard, &stderr, io.Discard))
	assert.Contains(t, stderr.String(), "page.html")
}
