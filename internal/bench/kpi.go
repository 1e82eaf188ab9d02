package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// kpiCase is a figure over a log that is timed: done is how much it went through,
// in its unit.
type kpiCase struct {
	name, unit string
	// limit is the goal in seconds, or 0, and mostMiB that of memory at its peak.
	limit, mostMiB float64
	run            func() (done int, err error)
}

// kpiResult is one line of -kpi: the median of three runs by time.
type kpiResult struct {
	Case       string  `json:"case"`
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
	Goal       float64 `json:"goal_seconds,omitempty"`
	GoalMiB    float64 `json:"goal_peak_mib,omitempty"`
	// Met is whether all goals that there are were reached.
	Met       bool    `json:"met"`
	Done      int     `json:"done"`
	Unit      string  `json:"unit"`
	PerSecond float64 `json:"per_second"`
	// PeakMiB is the memory at its peak beyond what was there before.
	PeakMiB float64 `json:"peak_mib"`
	Allocs  uint64  `json:"allocs"`
	Cores   int     `json:"cores"`
}

func (r kpiResult) String() string {
	goals := ""
	if r.Goal > 0 {
		goals = fmt.Sprintf("  (goal %.2f s", r.Goal)
		if r.GoalMiB > 0 {
			goals += fmt.Sprintf(" and %.0f MiB", r.GoalMiB)
		}
		goals += ", " + verdict(r.Met) + ")"
	}
	return fmt.Sprintf("%-22s %8.3f s  %8.3f s cpu  %14.0f %s/s  %7.1f MiB at peak  %9d allocs%s",
		r.Case, r.Seconds, r.CPUSeconds, r.PerSecond, r.Unit, r.PeakMiB, r.Allocs, goals)
}

// runKPI times the figures over a log of orders of members, those that cases names or
// all, and holds them against DuckDB where it is compiled in.
func runKPI(ctx context.Context, out io.Writer, asJSON bool, cases string, orders, members int) error {
	encoder := json.NewEncoder(out)
	report := func(line any) error {
		if asJSON {
			return encoder.Encode(line)
		}
		_, err := fmt.Fprintln(out, line)
		return err
	}
	wanted, err := wantedOf(cases)
	if err != nil {
		return err
	}
	var columns *kpi.Columns
	var timed []kpiCase
	if slices.ContainsFunc(slices.Concat(logNames(), raceNames()), wanted) {
		if columns, err = generatedColumns(orders, members); err != nil {
			return err
		}
		if timed, err = logCases(columns); err != nil {
			return err
		}
	}
	fits, err := modelCases(wanted, os.Stderr)
	if err != nil {
		return err
	}
	timed = append(timed, fits...)
	for _, c := range timed {
		if !wanted(c.name) {
			continue
		}
		result, err := c.measure()
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if err := report(result); err != nil {
			return err
		}
	}
	return runRace(ctx, columns, wanted, os.Stderr, report)
}

// logNames are the cases over a log.
func logNames() []string {
	return []string{"summaries", "cohorts-monthly", "rfm-quintiles", "cohorts-accumulator", "csv-read", "csv-collect"}
}

// wantedOf tells which cases are wanted: those that are named, or all.
func wantedOf(cases string) (func(name string) bool, error) {
	if cases == "" {
		return func(string) bool { return true }, nil
	}
	known, named := slices.Concat(logNames(), []string{fitBGNBD, fitParetoNBD, fitMillion}, raceNames()), strings.Split(cases, ",")
	for _, name := range named {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("-case %q: with -kpi use %s", name, strings.Join(known, ", "))
		}
	}
	return func(name string) bool { return slices.Contains(named, name) }, nil
}

func logCases(columns *kpi.Columns) ([]kpiCase, error) {
	n := columns.Len()
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		vienna = time.UTC
	}
	// The file has a fifth of the orders, by a fifth of the members.
	filed, err := generatedColumns(n/5+1, columns.Members()/5+1)
	if err != nil {
		return nil, err
	}
	file := generatedCSV(filed)
	const mostBeside = 200 // MiB beside the orders
	return []kpiCase{
		{"summaries", "orders", 2, mostBeside, func() (int, error) {
			_, err := columns.Summaries(&kpi.SummaryOptions{Zone: vienna, Unit: kpi.InWeeks})
			return n, err
		}},
		{"cohorts-monthly", "orders", 1, mostBeside, func() (int, error) {
			_, err := columns.Cohorts(&kpi.CohortOptions{Zone: vienna})
			return n, err
		}},
		{"rfm-quintiles", "orders", 1, mostBeside, func() (int, error) {
			_, err := columns.RFM(&kpi.RFMOptions{Zone: vienna})
			return n, err
		}},
		{"cohorts-accumulator", "orders", 0, 0, func() (int, error) {
			a, err := kpi.NewCohortAccumulator(&kpi.CohortOptions{Zone: vienna})
			if err != nil {
				return 0, err
			}
			err = kpi.Feed(a, kpi.Orders(columns.All()))
			a.Result()
			return n, err
		}},
		{"csv-read", "bytes", float64(len(file)) / 1e8, 0, func() (int, error) {
			read := 0
			for _, err := range kpi.ReadCSV(bytes.NewReader(file), &kpi.CSVOptions{Zone: vienna}) {
				if err != nil {
					return 0, err
				}
				read++
			}
			return len(file), nil
		}},
		{"csv-collect", "bytes", float64(len(file)) / 1e8, 0, func() (int, error) {
			_, err := kpi.CollectCSV(bytes.NewReader(file), &kpi.CSVOptions{Zone: vienna})
			return len(file), err
		}},
	}, nil
}

// measure runs a case three times.
func (c *kpiCase) measure() (kpiResult, error) {
	var results []kpiResult
	for range 3 {
		debug.FreeOSMemory()
		watch := watchMemory()
		from := now(timing{})
		done, err := c.run()
		w := since(from)
		peak := watch()
		if err != nil {
			return kpiResult{}, err
		}
		results = append(results, kpiResult{
			Case: c.name, Seconds: w.elapsed.Seconds(), CPUSeconds: w.processor.Seconds(), Goal: c.limit, Done: done, Unit: c.unit,
			PerSecond: float64(done) / w.elapsed.Seconds(), PeakMiB: float64(peak) / (1 << 20), Allocs: w.mallocs, Cores: runtime.GOMAXPROCS(0),
		})
	}
	slices.SortFunc(results, func(a, b kpiResult) int { return int((a.Seconds - b.Seconds) * 1e9) })
	peak := 0.0
	for i := range results {
		peak = max(peak, results[i].PeakMiB)
	}
	middle := &results[1]
	middle.PeakMiB, middle.GoalMiB = peak, c.mostMiB
	middle.Met = (c.limit == 0 || middle.Seconds <= c.limit) && (c.mostMiB == 0 || peak <= c.mostMiB)
	return *middle, nil
}

// watchMemory samples what the runtime holds of the system's memory until the
// returned function is called, which tells the most beyond the start.
func watchMemory() func() uint64 {
	start := heldMemory()
	peak := start
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				peak = max(peak, heldMemory())
			}
		}
	})
	return func() uint64 {
		close(stop)
		wg.Wait()
		return max(peak, heldMemory()) - start
	}
}

func heldMemory() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}

// generatedColumns has orders in order of time over three years, of members who buy
// more or less often; one order in fifty is a refund.
func generatedColumns(orders, members int) (*kpi.Columns, error) {
	const days = 3 * 365
	random := rand.New(rand.NewPCG(7, 11))
	names := make([]string, members)
	for i := range names {
		names[i] = fmt.Sprintf("member-%08d", i)
	}
	member, at, amounts := make([]uint32, orders), make([]int64, orders), make([]int64, orders)
	start := time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	step := int64(days) * 24 * 3600 * 1_000_000 / int64(max(orders, 1))
	for i := range orders {
		// The product of two draws is small more often: few members buy much.
		member[i] = uint32(float64(members) * random.Float64() * min(1, 0.3+random.Float64()))
		at[i] = start + int64(i)*step
		amounts[i] = 100 + random.Int64N(20_000)
		if random.IntN(50) == 0 {
			amounts[i] = -amounts[i] / 2
		}
	}
	return kpi.NewColumns(names, member, at, amounts, 2)
}

// generatedCSV writes the orders as a file.
func generatedCSV(columns *kpi.Columns) []byte {
	var b []byte
	b = append(b, "order_id,member,occurred_at,amount,currency\n"...)
	i := 0
	for o := range columns.All() {
		i++
		b = append(b, "order-"...)
		b = strconv.AppendInt(b, int64(i), 10)
		b = append(b, ',')
		b = append(b, o.Member...)
		b = append(b, ',')
		b = o.At.AppendFormat(b, time.RFC3339)
		b = append(b, ',')
		b = strconv.AppendFloat(b, o.Amount.Float64(), 'f', 2, 64)
		b = append(b, ",EUR\n"...)
	}
	return b
}
