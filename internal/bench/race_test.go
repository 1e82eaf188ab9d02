//go:build warehouse && cgo

package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARaceFindsTheSameOnBothSides(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, runKPI(t.Context(), &out, true, "race-summaries,race-cohorts,race-rfm", 5000, 700))
	decoder := json.NewDecoder(&out)
	for _, name := range raceNames() {
		var r raceResult
		require.NoError(t, decoder.Decode(&r))
		assert.Equal(t, name, r.Case)
		assert.Equal(t, 5000, r.Orders)
		assert.Positive(t, r.Ratio)
		assert.Equal(t, r.Ratio <= r.Goal, r.Met)
	}
	assert.False(t, decoder.More())
}

func TestARaceOverOtherOrdersIsRefused(t *testing.T) {
	columns, err := generatedColumns(3000, 400)
	require.NoError(t, err)
	fewer, err := generatedColumns(2999, 400)
	require.NoError(t, err)
	other, err := openRival(t.Context(), fewer)
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close()) }()
	for _, c := range contests(columns) {
		_, err := c.run(t.Context(), other)
		require.ErrorContains(t, err, "DuckDB")
	}
}
