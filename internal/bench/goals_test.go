package main

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACaseSaysWhetherItHoldsItsGoals(t *testing.T) {
	half, none := 0.5, (*float64)(nil)
	for _, c := range []struct {
		name  string
		store string
		of    result
		want  []string
	}{
		{"a lone earn has a share and a p99", "postgres", result{Case: "earn", Clients: 1, Engines: 1, Ratio: &half, P99: 4, LimitP99: 1}, []string{
			"goal met: share of the minimal limit at least 0.5, reached 0.5",
			"goal missed: p99, of the minimal limit's at most 2, reached 4",
		}},
		{"without a steady run there is no telling", "postgres", result{Case: "hold", Clients: 1, Engines: 1, Ratio: none}, []string{
			"goal: share of the minimal limit: no run was steady enough to tell",
		}},
		{"one member from several engines has a share of its own", "postgres", result{Case: "earn-hot", Clients: 32, Engines: 4, Ratio: &half, P50: 1, P99: 19}, []string{
			"goal met: share of the minimal limit from several engines at least 0.4, reached 0.5",
			"goal met: p99, of p50 at most 20, reached 19",
		}},
		{"database/sql is held against pgx", "sql", result{Case: "spend", Clients: 8, Engines: 1, SameRowsRatio: &half}, []string{
			"goal missed: share of the engine on pgx at least 0.8, reached 0.5",
		}},
		{"an import has a rate", "postgres", result{Case: "import", Clients: 1, Engines: 1, OpsPerSecond: 20000}, []string{
			"goal met: orders a second at least 15000, reached 2e+04",
		}},
		{"a ladder is held against none, on every store", "sqlite", result{Case: "earn-tier", Clients: 1, Engines: 1, CPUTimesAgainst: 1.25}, []string{
			"goal met: processor time with a ladder, of that without at most 1.5, reached 1.25",
		}},
		{"memory has no other", "memory", result{Case: "earn", Clients: 1, Engines: 1, Ratio: &half}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, g := range goalsOf(&c.of, c.store) {
				got = append(got, g.String())
			}
			assert.Equal(t, c.want, got)
		})
	}
}

// TestAnOrderWithALadderTakesAtMostHalfAsMuchAgain times orders in turns, with a ladder and
// without, by the least processor time of each.
func TestAnOrderWithALadderTakesAtMostHalfAsMuchAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: seconds of orders")
	}
	for _, store := range []string{"memory", "sqlite"} {
		t.Run(store, func(t *testing.T) {
			least := math.Inf(1)
			for range 5 { // of which one must be quiet
				var out bytes.Buffer
				require.NoError(t, run(t.Context(), []string{"-store", store, "-case", "earn-tier", "-seconds", "3", "-json", "-dir", t.TempDir()}, &out))
				var r result
				require.NoError(t, json.Unmarshal(out.Bytes(), &r))
				require.Len(t, r.Goals, 1)
				t.Logf("%.2f times the processor time, %.1f rows, %.0f allocations", r.CPUTimesAgainst, r.RowsPerOp, r.AllocsPerOp)
				least = min(least, r.Goals[0].Reached)
				if r.Goals[0].Met {
					return
				}
			}
			t.Errorf("%.2f times the processor time of an order without a ladder", least)
		})
	}
}
