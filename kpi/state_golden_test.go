package kpi_test

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

var update = flag.Bool("update", false, "write the states of the accumulators anew, with a new version of their form")

const goldenStates = "testdata/states.json"

// TestStatesThatWereStoredAreRead keeps the form of the states: one that was stored by an
// earlier library is that of the same orders today, and is read. Who changes the form counts
// its version up, and reads the one before.
func TestStatesThatWereStoredAreRead(t *testing.T) {
	start := time.Date(2001, time.January, 30, 22, 15, 0, 0, time.UTC)
	var orders []kpi.Order
	for i := range 40 {
		text := fmt.Sprintf("%d.%02d", i%9*7, i)
		if i%6 == 5 {
			text = "-" + text
		}
		orders = append(orders, kpi.Order{Member: fmt.Sprint("m-", i%7), At: start.AddDate(0, 0, i*i%200).Add(time.Duration(i) * 37 * time.Minute), Amount: amount(t, text)})
	}
	states := map[string]string{}
	for name, fresh := range everyAccumulator() {
		a := fresh()
		for _, o := range orders {
			require.NoError(t, a.add(o), name)
		}
		states[name] = base64.StdEncoding.EncodeToString(bytesOf(t, a))
	}
	if *update {
		text, err := json.MarshalIndent(states, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(goldenStates, append(text, '\n'), 0o644))
	}
	text, err := os.ReadFile(goldenStates)
	require.NoError(t, err)
	var golden map[string]string
	require.NoError(t, json.Unmarshal(text, &golden))
	assert.Len(t, golden, len(states))
	for name, fresh := range everyAccumulator() {
		assert.Equal(t, golden[name], states[name], "the state of %s", name)
		data, err := base64.StdEncoding.DecodeString(golden[name])
		require.NoError(t, err, name)
		restored, merged := fresh(), fresh()
		require.NoError(t, restored.UnmarshalBinary(data), name)
		require.NoError(t, merged.merge(restored), name)
		assert.Equal(t, data, bytesOf(t, merged), name)
	}
}
