//go:build warehouse && cgo

package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBothCountTheSameMembers(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-orders", "5000", "-json"}, &out))
	decoder := json.NewDecoder(&out)
	for range 3 {
		var r result
		require.NoError(t, decoder.Decode(&r))
		assert.Positive(t, r.Ratio)
	}
	require.Error(t, run(t.Context(), []string{"-orders", "0"}, &out))
}
