package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// errNoRival reports that no other engine is compiled in.
var errNoRival = errors.New("DuckDB is compiled in by the tag warehouse, with a C++ compiler: go run -tags warehouse ./internal/bench -kpi")

// rival is another engine in this process that counts the same orders.
type rival interface {
	// count computes a figure, and returns what it found with the time that it took.
	count(ctx context.Context, figure string) (found []int64, took time.Duration, err error)
	Close() error
}

// contest is a figure that package kpi and a rival compute turn by turn: found are
// sums over all that they found, which must be the same.
type contest struct {
	figure string
	here   func() (found []int64, err error)
}

// raceResult is a line of -kpi that holds package kpi against DuckDB: medians of three
// turns, of which what counts is the ratio.
type raceResult struct {
	Case          string  `json:"case"`
	Orders        int     `json:"orders"`
	Seconds       float64 `json:"seconds"`
	DuckDBSeconds float64 `json:"duckdb_seconds"`
	Ratio         float64 `json:"ratio"`
	Goal          float64 `json:"goal_ratio"`
	Met           bool    `json:"met"`
}

func (r raceResult) String() string {
	return fmt.Sprintf("%-22s %8.3f s  DuckDB %8.3f s  ratio %.2f  (goal at most %g, %s)", r.Case, r.Seconds, r.DuckDBSeconds, r.Ratio, r.Goal, verdict(r.Met))
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "missed"
}

// raceNames are the cases of the race.
func raceNames() []string { return []string{"race-summaries", "race-cohorts", "race-rfm"} }

// runRace lets package kpi and DuckDB compute the figures of the same columns, in days
// of UTC.
func runRace(ctx context.Context, columns *kpi.Columns, wanted func(string) bool, say io.Writer, report func(any) error) (err error) {
	var names []string
	for _, name := range raceNames() {
		if wanted(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	other, err := openRival(ctx, columns)
	if errors.Is(err, errNoRival) {
		_, err = fmt.Fprintf(say, "left out: %v, since %v\n", names, err)
		return err
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, other.Close()) }()
	for _, c := range contests(columns) {
		if !slices.Contains(names, "race-"+c.figure) {
			continue
		}
		result, err := c.run(ctx, other)
		if err != nil {
			return fmt.Errorf("race-%s: %w", c.figure, err)
		}
		result.Orders = columns.Len()
		if err := report(result); err != nil {
			return err
		}
	}
	return nil
}

// run lets both compute the figure three times, in turns.
func (c *contest) run(ctx context.Context, other rival) (raceResult, error) {
	const goal = 2
	var here, there []float64
	for range 3 {
		start := time.Now()
		found, err := c.here()
		if err != nil {
			return raceResult{}, err
		}
		here = append(here, time.Since(start).Seconds())
		same, took, err := other.count(ctx, c.figure)
		if err != nil {
			return raceResult{}, err
		}
		there = append(there, took.Seconds())
		if !slices.Equal(found, same) {
			return raceResult{}, fmt.Errorf("package kpi found %d, DuckDB %d", found, same)
		}
	}
	slices.Sort(here)
	slices.Sort(there)
	ratio := here[1] / there[1]
	return raceResult{Case: "race-" + c.figure, Seconds: here[1], DuckDBSeconds: there[1], Ratio: ratio, Goal: goal, Met: ratio <= goal}, nil
}

func contests(columns *kpi.Columns) []contest {
	return []contest{
		{"summaries", func() ([]int64, error) {
			s, err := columns.Summaries(nil)
			if err != nil {
				return nil, err
			}
			var repeats, recency, age int64
			for i := range s.Customers {
				c := &s.Customers[i]
				repeats, recency, age = repeats+int64(c.Repeats), recency+int64(c.Recency), age+int64(c.Age)
			}
			return []int64{int64(len(s.Customers)), repeats, recency, age}, nil
		}},
		{"cohorts", func() ([]int64, error) {
			m, err := columns.Cohorts(nil)
			if err != nil {
				return nil, err
			}
			var members, active, orders int64
			var revenue kpi.Amount
			for i := range m.Cohorts {
				members += int64(m.Cohorts[i].Size)
				for _, cell := range m.Cohorts[i].Cells {
					active, orders, revenue = active+int64(cell.Active), orders+int64(cell.Orders), revenue.Add(cell.Revenue)
				}
			}
			return []int64{members, active, orders, cents(revenue)}, nil
		}},
		{"rfm", func() ([]int64, error) {
			r, err := columns.RFM(nil)
			if err != nil {
				return nil, err
			}
			var days, orders int64
			var spent kpi.Amount
			for i := range r.Customers {
				c := &r.Customers[i]
				days, orders, spent = days+int64(c.Days), orders+int64(c.Orders), spent.Add(c.Spent)
			}
			return []int64{int64(len(r.Customers)), days, orders, cents(spent)}, nil
		}},
	}
}

// cents is an amount of a generated log in hundredths.
func cents(a kpi.Amount) int64 { return a.Decimal().Shift(2).IntPart() }
