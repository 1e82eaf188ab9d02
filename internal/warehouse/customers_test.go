package warehouse_test

import (
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/warehouse/orderlog"
	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/sqlkpi"
)

// agreeOnCustomers compares who comes again, who is new and who stays, in some zones.
func agreeOnCustomers(t *testing.T, db *sql.DB, table *sqlkpi.Table, columns *kpi.Columns, most int) {
	t.Helper()
	vienna, apia, stJohns := zone(t, "Europe/Vienna"), zone(t, "Pacific/Apia"), zone(t, "America/St_Johns")
	seconds := []struct {
		until time.Time
		zone  *time.Location
	}{
		{middle, vienna},
		{middle.AddDate(4, 0, 0), nil},
		{middle, apia},
		// It is 31 October for the second time.
		{time.Date(2009, time.November, 1, 2, 45, 0, 0, time.UTC), stJohns},
		{orderlog.Start, vienna},
	}
	for i, c := range seconds[:min(most, len(seconds))] {
		t.Run(fmt.Sprintf("second purchases %d", i), func(t *testing.T) {
			a, err := kpi.NewSecondPurchaseAccumulator(c.until, c.zone)
			require.NoError(t, err)
			require.NoError(t, kpi.Feed(a, kpi.Orders(columns.All())))
			want, err := a.Result(nil)
			require.NoError(t, err)
			start := time.Now()
			got, err := table.SecondPurchases(t.Context(), db, c.until, c.zone, nil)
			require.NoError(t, err)
			t.Logf("%.2f s", time.Since(start).Seconds())
			assert.Equal(t, want, got)
			assert.Equal(t, i == 4, got.Customers == 0)
		})
	}
	ways := []struct {
		name, column string
		of           func(label string, first time.Time) string
	}{
		{"months", "", func(_ string, first time.Time) string { return first.In(vienna).Format("2006-01") }},
		{"first letters, without one of them", "member", func(member string, _ time.Time) string {
			return map[bool]string{true: "", false: member[:1]}[member[0] == 'B']
		}},
	}
	for _, by := range ways[:min(most, len(ways))] {
		t.Run("second purchases by "+by.name, func(t *testing.T) {
			a, err := kpi.NewSecondPurchaseAccumulator(middle, vienna)
			require.NoError(t, err)
			require.NoError(t, kpi.Feed(a, kpi.Orders(columns.All())))
			wantNames, want := a.Groups(by.of)
			start := time.Now()
			names, got, err := table.SecondPurchaseGroups(t.Context(), db, middle, vienna, by.column, by.of)
			require.NoError(t, err)
			t.Logf("%.2f s", time.Since(start).Seconds())
			agreeOnGroups(t, wantNames, names, want, got)
		})
	}
	occasions := []kpi.CohortOptions{
		{Zone: vienna},
		{},
		{Zone: stJohns, Bucket: kpi.Weekly},
		{Zone: apia, Bucket: kpi.Quarterly, Until: middle},
		{Bucket: kpi.Yearly},
		{Until: time.Date(2010, time.March, 1, 0, 0, 0, 0, vienna), Zone: vienna}, // a whole month
		{Zone: vienna, Until: middle.AddDate(4, 0, 0)},
	}
	for i := range occasions[:min(most, len(occasions))] {
		t.Run(fmt.Sprintf("occasions %d", i), func(t *testing.T) {
			a, err := kpi.NewCohortAccumulator(&occasions[i])
			require.NoError(t, err)
			require.NoError(t, kpi.Feed(a, kpi.Orders(columns.All())))
			start := time.Now()
			got, err := table.Occasions(t.Context(), db, &occasions[i])
			require.NoError(t, err)
			t.Logf("%.2f s", time.Since(start).Seconds())
			require.NotEmpty(t, got)
			equalRows(t, slices.Collect(a.Occasions()), got)
		})
	}
	periods := []kpi.Period{
		{Start: middle.AddDate(-1, 0, 0), End: middle, Zone: vienna},
		{Start: middle.AddDate(0, -1, 0), End: middle, Zone: apia},
	}
	for i, period := range periods[:min(most, len(periods))] {
		t.Run(fmt.Sprintf("new and returning %d", i), func(t *testing.T) {
			a, err := kpi.NewReturningAccumulator(period)
			require.NoError(t, err)
			require.NoError(t, kpi.Feed(a, kpi.Orders(columns.All())))
			got, err := table.Returning(t.Context(), db, period)
			require.NoError(t, err)
			require.Positive(t, got.New)
			require.Positive(t, got.Returned)
			require.Positive(t, got.Late)
			assert.Equal(t, a.Result(), got)
		})
		// 400 days reach back past the start of both periods, 30 do not.
		for _, days := range []int{30, 400} {
			t.Run(fmt.Sprintf("retention %d by %d days", i, days), func(t *testing.T) {
				a, err := kpi.NewRetentionAccumulator(period, days)
				require.NoError(t, err)
				require.NoError(t, kpi.Feed(a, kpi.Orders(columns.All())))
				got, err := table.Retention(t.Context(), db, period, days)
				require.NoError(t, err)
				require.Positive(t, got.Start)
				require.Positive(t, got.End)
				assert.Equal(t, a.Result(), got)
			})
		}
	}
}

// agreeOnGroups compares groups of lifetimes, and the log-rank test of them.
func agreeOnGroups(t *testing.T, wantNames, names []string, want, got []*kpi.SurvivalAccumulator) {
	t.Helper()
	require.Greater(t, len(names), 2)
	assert.Equal(t, wantNames, names)
	assert.Equal(t, want, got)
	wantTest, err := kpi.LogRank(want...)
	require.NoError(t, err)
	test, err := kpi.LogRank(got...)
	require.NoError(t, err)
	assert.Equal(t, wantTest, test)
	assert.Positive(t, test.ChiSquare)
}

// lifetimesOf makes a table of so many lifetimes and what Go counts of the same.
func lifetimesOf(t *testing.T, e *engine, db *sql.DB, n int) (names []string, groups []*kpi.SurvivalAccumulator) {
	t.Helper()
	series, kinds := fmt.Sprintf("generate_series(0, %d::bigint) AS g(i)", n-1), "part text, from_age float8, to_age numeric, gone boolean"
	switch e.dialect {
	case sqlkpi.DuckDB:
		series, kinds = fmt.Sprintf("range(%d) AS g(i)", n), "part VARCHAR, from_age DOUBLE, to_age DECIMAL(12, 3), gone BOOLEAN"
	case sqlkpi.ClickHouse:
		series, kinds = fmt.Sprintf("(SELECT toInt64(number) AS i FROM numbers(%d)) AS g", n), "part Nullable(String), from_age Float64, to_age Decimal(12, 3), gone Bool"
	}
	engine := map[bool]string{true: " ENGINE = Memory", false: ""}[e.dialect == sqlkpi.ClickHouse]
	exec(t, db, "DROP TABLE IF EXISTS \"the lives\"")
	exec(t, db, "CREATE TABLE \"the lives\" ("+kinds+")"+engine)
	exec(t, db, `INSERT INTO "the lives" SELECT CASE WHEN i % 5 = 0 THEN NULL ELSE concat('g', CAST(i % 4 AS VARCHAR(1))) END, i % 7 * 0.5e0,
		i % 7 * 0.5 + 0.125 + i * 7919 % 1000 * 0.125, i * 31 % 3 = 0 FROM `+series)
	for i := range 4 {
		names, groups = append(names, fmt.Sprint("g", i)), append(groups, &kpi.SurvivalAccumulator{})
	}
	for i := range n {
		if i%5 == 0 {
			continue
		}
		entry := float64(i%7) * 0.5
		require.NoError(t, groups[i%4].Add(kpi.Lifetime{Entry: entry, Exit: entry + 0.125 + float64(i*7919%1000)*0.125, Event: i*31%3 == 0}))
	}
	return names, groups
}

func agreeOnLifetimes(t *testing.T, e *engine, n int) {
	t.Helper()
	db := e.open(t)
	wantNames, want := lifetimesOf(t, e, db, n)
	table := sqlkpi.Lifetimes{Dialect: e.dialect, Name: "the lives", Entry: "from_age", Exit: "to_age", Event: "gone", Group: "part"}
	names, got, err := table.Groups(t.Context(), db)
	require.NoError(t, err)
	agreeOnGroups(t, wantNames, names, want, got)
}

func TestEveryEngineCountsLifetimesForALogRankTest(t *testing.T) {
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			agreeOnLifetimes(t, &e, 4_000)
			db := e.open(t)
			_, whole := lifetimesOf(t, &e, db, 40)
			var all kpi.SurvivalAccumulator
			for _, group := range whole {
				require.NoError(t, all.Merge(group))
			}
			for i := 0; i < 40; i += 5 {
				entry := float64(i%7) * 0.5
				require.NoError(t, all.Add(kpi.Lifetime{Entry: entry, Exit: entry + 0.125 + float64(i*7919%1000)*0.125, Event: i*31%3 == 0}))
			}
			names, got, err := (&sqlkpi.Lifetimes{Dialect: e.dialect, Name: "the lives", Entry: "from_age", Exit: "to_age", Event: "gone"}).Groups(t.Context(), db)
			require.NoError(t, err)
			require.Equal(t, []string{""}, names)
			assert.Equal(t, &all, got[0])
			_, _, err = (&sqlkpi.Lifetimes{Dialect: e.dialect, Name: "the lives", Entry: "to_age", Exit: "from_age", Event: "gone"}).Groups(t.Context(), db)
			require.ErrorIs(t, err, kpi.ErrLifetime)
		})
	}
}

func TestManyLifetimesAreCountedRowForRow(t *testing.T) {
	n := largeSize(t)
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) { agreeOnLifetimes(t, &e, n) })
	}
}

func TestAnEmptyTableHasNobodyWhoComesAgain(t *testing.T) {
	columns, err := orderlog.New(0)
	require.NoError(t, err)
	year := kpi.Period{Start: middle.AddDate(-1, 0, 0), End: middle, Zone: time.UTC}
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			db, table := e.filled(t, columns)
			second, err := table.SecondPurchases(t.Context(), db, middle, nil, nil)
			require.NoError(t, err)
			assert.Zero(t, second.Customers)
			_, defined := second.Median().Value()
			assert.False(t, defined)
			occasions, err := table.Occasions(t.Context(), db, &kpi.CohortOptions{Until: middle})
			require.NoError(t, err)
			assert.Empty(t, occasions)
			returning, err := table.Returning(t.Context(), db, year)
			require.NoError(t, err)
			assert.Equal(t, &kpi.Returning{Period: year}, returning)
			stay, err := table.Retention(t.Context(), db, year, 90)
			require.NoError(t, err)
			assert.Zero(t, stay.Start+stay.New+stay.End)
		})
	}
}

// On 1 November 2009 at 00:01 the clocks of St. John's went back to 31 October, 23:01.
func TestWhoBoughtOnALaterDateThanTheEndsWaitedForNoTime(t *testing.T) {
	stJohns := zone(t, "America/St_Johns")
	bought, until := time.Date(2009, time.November, 1, 2, 30, 30, 0, time.UTC), time.Date(2009, time.November, 1, 2, 45, 0, 0, time.UTC)
	a, err := kpi.NewSecondPurchaseAccumulator(until, stJohns)
	require.NoError(t, err)
	one, err := kpi.NewAmount(1, 0)
	require.NoError(t, err)
	require.NoError(t, a.Add(kpi.Order{Member: "anna", At: bought, Amount: one}))
	require.NoError(t, a.Add(kpi.Order{Member: "ben", At: bought.AddDate(0, 0, -9), Amount: one}))
	want, err := a.Result(nil)
	require.NoError(t, err)
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			db := e.open(t)
			table := hostTable(t, &e, db, "orders", kindsOf(e.dialect).whole,
				`('anna', '2009-11-01 02:30:30', 1, 'EUR')`, `('ben', '2009-10-23 02:30:30', 1, 'EUR')`)
			got, err := table.SecondPurchases(t.Context(), db, until, stJohns, nil)
			require.NoError(t, err)
			assert.Equal(t, want, got)
			assert.Zero(t, got.Again)
		})
	}
}
