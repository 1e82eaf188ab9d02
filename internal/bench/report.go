package main

import (
	"encoding/json"
	"fmt"
	"io"
)

// printer returns how results are written: as JSON, an object a line, or as a
// table whose head comes with the first.
func printer(out io.Writer, asJSON bool) func(result) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		return func(r result) error { return encoder.Encode(r) }
	}
	headed := false
	return func(r result) error {
		if !headed {
			headed = true
			fmt.Fprintf(out, "%-10s %7s %8s %9s %6s %9s %6s %8s %8s %8s %5s %7s %7s %7s %7s %7s %7s  %s\n", "case", "clients", "ops/s", "minimal", "ratio",
				"same rows", "ratio", "p50 ms", "p99 ms", "minimal", "rows", "allocs", "cpu µs", "minimal", "same", "server", "minimal", "thrown away")
		}
		_, err := fmt.Fprintf(out, "%-10s %7d %8.0f %9.0f %6s %9.0f %6s %8.3f %8.3f %8.3f %5.1f %7.0f %7.1f %7.1f %7.1f %7.1f %7.1f  %d, %d\n",
			r.Case, r.Clients, r.OpsPerSecond, r.LimitPerSecond, share(r.Ratio), r.SameRowsLimitPerSec, share(r.SameRowsRatio),
			r.P50, r.P99, r.LimitP99, r.RowsPerOp, r.AllocsPerOp, r.CPUPerOp, r.LimitCPUPerOp, r.SameRowsLimitCPUPerOp,
			r.ServerCPUPerOp, r.LimitServerCPUPerOp, r.ThrownAway, r.SameRowsThrownAway)
		for _, g := range r.Goals {
			fmt.Fprintf(out, "           %s\n", g)
		}
		if err == nil && r.Against != "" {
			_, err = fmt.Fprintf(out, "%-10s took %.2f times the time and %.2f times the processor time of %s\n", r.Case, r.TimesAgainst, r.CPUTimesAgainst, r.Against)
		}
		return err
	}
}

func share(ratio *float64) string {
	if ratio == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f", *ratio)
}
