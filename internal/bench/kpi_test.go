package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheFiguresSayWhetherTheyHoldTheirGoals(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, runKPI(t.Context(), &out, true, "summaries,csv-read", 5000, 700))
	decoder := json.NewDecoder(&out)
	for _, name := range []string{"summaries", "csv-read"} {
		var r kpiResult
		require.NoError(t, decoder.Decode(&r))
		assert.Equal(t, name, r.Case)
		assert.Positive(t, r.Goal)
		assert.Equal(t, r.Seconds <= r.Goal && (r.GoalMiB == 0 || r.PeakMiB <= r.GoalMiB), r.Met)
	}
	assert.Contains(t, kpiResult{Case: "summaries", Seconds: 3, Goal: 2, GoalMiB: 200}.String(), "(goal 2.00 s and 200 MiB, missed)")
	assert.Contains(t, raceResult{Ratio: 0.5, Goal: 2, Met: true}.String(), "ratio 0.50  (goal at most 2, met)")
}

func TestWithoutDuckDBTheRaceSaysHowToHaveIt(t *testing.T) {
	columns, err := generatedColumns(100, 10)
	require.NoError(t, err)
	if other, err := openRival(t.Context(), columns); !errors.Is(err, errNoRival) {
		require.NoError(t, errors.Join(err, other.Close()))
		t.Skip("DuckDB is compiled in")
	}
	var said bytes.Buffer
	require.NoError(t, runRace(t.Context(), columns, func(string) bool { return true }, &said, nil))
	assert.Contains(t, said.String(), "go run -tags warehouse ./internal/bench -kpi")
	require.NoError(t, runRace(t.Context(), columns, func(string) bool { return false }, io.Discard, nil))
}

func TestACaseThatIsNoneIsNamed(t *testing.T) {
	require.ErrorContains(t, runKPI(t.Context(), io.Discard, false, "summaries,joy", 10, 2), `-case "joy": with -kpi use summaries, `)
}
