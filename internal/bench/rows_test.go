package main

import (
	"path/filepath"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// TestAnEarnWritesFewRowsAndBytes measures what thousands of earns of a one-line
// order leave in a file: rows by counting tables, bytes by its pages. One rule may
// take 8 rows and 3 KB, and each further rule or metric one row.
func TestAnEarnWritesFewRowsAndBytes(t *testing.T) {
	second := points.Rule{Code: "extra", Bonus: 5}
	visits := points.Rule{Code: "visits", Unit: "visit", Bonus: 1}
	perEuro := points.Rule{Code: "status", Unit: "status", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}
	metric := func(code string) points.Unit { return points.Unit{Code: code, Kind: points.Metric} }
	for _, c := range []struct {
		name string
		with func(p *loyalty.Program)
		rows float64
	}{
		{"one rule without cap or metric", func(*loyalty.Program) {}, 7},
		{"a second rule is one row more", func(p *loyalty.Program) { p.Earning = append(p.Earning, second) }, 8},
		{"a metric is one row more", func(p *loyalty.Program) {
			p.Units, p.Earning = append(p.Units, metric("status")), append(p.Earning, perEuro)
		}, 8},
		{"two metrics are two rows more", func(p *loyalty.Program) {
			p.Units, p.Earning = append(p.Units, metric("status"), metric("visit")), append(p.Earning, perEuro, visits)
		}, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			const earns, members = 3000, 1000
			store, err := sqlite.Open(filepath.Join(t.TempDir(), "shop.db"), &sqlite.Options{Synchronous: sqlite.Normal})
			require.NoError(t, err)
			defer func() { require.NoError(t, store.Close()) }()
			counted := &counter{Store: store}
			p := program()
			c.with(&p)
			engine, err := engineFor(p, counted, true)
			require.NoError(t, err)

			runAll(t, engine, each(enroll)(members))
			rows, inserted, size := counted.rows.Load(), tableRows(t, store), fileBytes(t, store)
			runAll(t, engine, each(func(i int) loyalty.Command { return earn(i*379%members, orderID(i)) })(earns))
			perEarn := func(before, after int64) float64 { return float64(after-before) / earns }

			assert.InDelta(t, c.rows, perEarn(rows, counted.rows.Load()), 1e-9, "rows that the engine writes")
			assert.InDelta(t, c.rows-1, perEarn(inserted, tableRows(t, store)), 1e-9, "rows that are new: all but the account's")
			grown := perEarn(size, fileBytes(t, store))
			t.Logf("%.0f bytes a commit, with indexes", grown)
			assert.LessOrEqual(t, grown, 3072.0)
		})
	}
}

func runAll(t testing.TB, engine *loyalty.Engine, commands []loyalty.Command) {
	t.Helper()
	for _, err := range engine.DoAll(t.Context(), func(yield func(loyalty.Command) bool) {
		for _, cmd := range commands {
			if !yield(cmd) {
				return
			}
		}
	}, nil) {
		require.NoError(t, err)
	}
}

func tableRows(t *testing.T, store *sqlite.Store) int64 {
	t.Helper()
	var sum int64
	for _, table := range tables {
		var n int64
		require.NoError(t, store.DB().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n))
		sum += n
	}
	return sum
}

// fileBytes is what all tables and indexes take.
func fileBytes(t *testing.T, store *sqlite.Store) int64 {
	t.Helper()
	var size int64
	require.NoError(t, store.DB().QueryRowContext(t.Context(), "SELECT SUM(pgsize) FROM dbstat").Scan(&size))
	return size
}

func TestAnEarnOnMemoryAllocatesLittle(t *testing.T) {
	s, err := prepare(t.Context(), "earn-hot", 500)
	require.NoError(t, err)
	w, err := memoryGround{}.engine(t.Context(), s, 1, untilUsedUp)
	require.NoError(t, err)
	perEarn := float64(w.mallocs) / float64(w.operations)
	assert.LessOrEqual(t, perEarn, 150.0, "allocations")
}
