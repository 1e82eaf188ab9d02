package warehouse_test

import (
	"context"
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

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

// equalRows compares lists whose differences would fill the screen.
func equalRows[T any](t *testing.T, want, got []T) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		if !assert.ObjectsAreEqual(want[i], got[i]) {
			require.Equal(t, want[i], got[i], "row %d", i)
		}
	}
}

// middle is in the middle of the log.
var middle = orderlog.Start.AddDate(1, 8, 13).Add(13 * time.Hour)

func TestEveryEngineAnswersAsPackageKPIDoes(t *testing.T) {
	columns, err := orderlog.New(10_000)
	require.NoError(t, err)
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			db, table := e.filled(t, columns)
			agree(t, db, table, columns, 10)
		})
	}
}

func TestALargeLogIsAnsweredRowForRow(t *testing.T) {
	columns, err := orderlog.New(largeSize(t))
	require.NoError(t, err)
	t.Logf("%d orders of %d members", columns.Len(), columns.Members())
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			db, table := e.filled(t, columns)
			agree(t, db, table, columns, 1)
		})
	}
}

// agree compares the answers of up to some cases of each kind.
func agree(t *testing.T, db *sql.DB, table *sqlkpi.Table, columns *kpi.Columns, most int) {
	t.Helper()
	vienna, apia, stJohns := zone(t, "Europe/Vienna"), zone(t, "Pacific/Apia"), zone(t, "America/St_Johns")
	summaries := []kpi.SummaryOptions{
		{Zone: vienna, AsOf: middle, HoldoutEnd: middle.AddDate(0, 6, 0), Unit: kpi.InWeeks},
		{},
		{Zone: vienna, Grain: kpi.ByWeek, Unit: kpi.InWeeks},
		{Grain: kpi.ByInstant, Unit: kpi.InMonths},
		{Zone: apia, AsOf: middle},
		// Most had not bought yet.
		{Zone: stJohns, AsOf: orderlog.Start.AddDate(0, 3, 0)},
	}
	for i := range summaries[:min(most, len(summaries))] {
		t.Run(fmt.Sprintf("summaries %d", i), func(t *testing.T) { agreeOnSummaries(t, db, table, columns, &summaries[i]) })
	}
	cohorts := []kpi.CohortOptions{
		{Zone: vienna},
		{},
		{Zone: stJohns}, // where October came twice
		{Zone: vienna, Bucket: kpi.Weekly},
		{Zone: apia, Bucket: kpi.Quarterly, Until: middle},
		{Bucket: kpi.Yearly},
		{Zone: vienna, Until: middle.AddDate(4, 0, 0)},
	}
	for i := range cohorts[:min(most, len(cohorts))] {
		t.Run(fmt.Sprintf("cohorts %d", i), func(t *testing.T) { agreeOnCohorts(t, db, table, columns, &cohorts[i]) })
	}
	scores := []kpi.RFMOptions{
		{Zone: vienna},
		{Zone: apia, Method: kpi.ByRank},
		{Zone: vienna, Groups: 4, AsOf: middle},
		{Groups: 7, MeanMoney: true},
		{Method: kpi.ByRank, Groups: 2, MeanMoney: true, AsOf: middle},
		{Method: kpi.LikeRPackage},
		{
			Method: kpi.ByCuts, RecencyCuts: []float64{30, 90.5}, FrequencyCuts: []float64{2, 9}, MonetaryCuts: []float64{0.1, 900.25},
			Segments: []kpi.RFMSegment{{Name: "best", MinR: 3, MaxR: 3, MinF: 2, MaxF: 3, MinM: 2, MaxM: 3}},
		},
	}
	for i := range scores[:min(2*most, len(scores))] {
		t.Run(fmt.Sprintf("RFM %d", i), func(t *testing.T) { agreeOnRFM(t, db, table, columns, &scores[i]) })
	}
	grains := []kpi.Grain{"", kpi.ByWeek, kpi.ByInstant}
	agreeOnPurchases(t, db, table, columns, grains[:min(most, len(grains))])
	agreeOnCustomers(t, db, table, columns, most)
}

// answers are what Go and an engine make of one log by the same options.
func answers[Options, Result any](
	t *testing.T, byGo func(*Options) (*Result, error), byEngine func(context.Context, sqlkpi.Querier, *Options) (*Result, error), db *sql.DB, options *Options,
) (want, got *Result) {
	t.Helper()
	want, err := byGo(options)
	require.NoError(t, err)
	start := time.Now()
	got, err = byEngine(t.Context(), db, options)
	require.NoError(t, err)
	t.Logf("%.2f s", time.Since(start).Seconds())
	return want, got
}

func agreeOnSummaries(t *testing.T, db *sql.DB, table *sqlkpi.Table, columns *kpi.Columns, options *kpi.SummaryOptions) {
	t.Helper()
	want, got := answers(t, columns.Summaries, table.Summaries, db, options)
	require.NotEmpty(t, got.Customers)
	equalRows(t, want.Customers, got.Customers)
	want.Customers, got.Customers = nil, nil
	assert.Equal(t, want, got)
}

func agreeOnCohorts(t *testing.T, db *sql.DB, table *sqlkpi.Table, columns *kpi.Columns, options *kpi.CohortOptions) {
	t.Helper()
	want, got := answers(t, columns.Cohorts, table.Cohorts, db, options)
	require.NotEmpty(t, got.Cohorts)
	equalRows(t, want.Cohorts, got.Cohorts)
	assert.Equal(t, want, got)
}

func agreeOnRFM(t *testing.T, db *sql.DB, table *sqlkpi.Table, columns *kpi.Columns, options *kpi.RFMOptions) {
	t.Helper()
	want, got := answers(t, columns.RFM, table.RFM, db, options)
	require.NotEmpty(t, got.Customers)
	equalRows(t, want.Customers, got.Customers)
	want.Customers, got.Customers = nil, nil
	assert.Equal(t, want, got)
}

func agreeOnPurchases(t *testing.T, db *sql.DB, table *sqlkpi.Table, columns *kpi.Columns, grains []kpi.Grain) {
	t.Helper()
	vienna := zone(t, "Europe/Vienna")
	year := kpi.Period{Start: middle.AddDate(-1, 0, 0), End: middle, Zone: vienna}
	for _, grain := range grains {
		t.Run("purchases of a year by "+string(grain), func(t *testing.T) {
			a, err := kpi.NewPurchaseAccumulator(year, grain)
			require.NoError(t, err)
			require.NoError(t, kpi.Feed(a, kpi.Orders(columns.All())))
			start := time.Now()
			got, err := table.Purchases(t.Context(), db, year, grain)
			require.NoError(t, err)
			t.Logf("%.2f s", time.Since(start).Seconds())
			require.Positive(t, got.Repeating)
			assert.Equal(t, a.Result(), got)
		})
	}
	t.Run("inactivity", func(t *testing.T) {
		a, err := kpi.NewInactivityAccumulator(middle, 90, vienna)
		require.NoError(t, err)
		require.NoError(t, kpi.Feed(a, kpi.Orders(columns.All())))
		got, err := table.Inactivity(t.Context(), db, middle, 90, vienna)
		require.NoError(t, err)
		assert.Equal(t, a.Result(), got)
	})
	t.Run("customers of a year", func(t *testing.T) {
		want := customersOf(t, columns, year)
		got, err := table.Customers(t.Context(), db, year)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		retention, err := kpi.Retention(got)
		require.NoError(t, err)
		assert.True(t, retention.IsQuotient())
	})
}

// customersOf counts the customers of a period from the sets of their ids.
func customersOf(t *testing.T, columns *kpi.Columns, period kpi.Period) kpi.Customers {
	t.Helper()
	var before, within []string
	for o := range columns.All() {
		switch {
		case o.Amount.Sign() < 0:
		case o.At.Before(period.Start):
			before = append(before, o.Member)
		case period.Contains(o.At):
			within = append(within, o.Member)
		}
	}
	customers, err := kpi.CustomersOf(slices.Values(before), slices.Values(within), slices.Values(within))
	require.NoError(t, err)
	customers.Period = period
	return customers
}

func TestAnEmptyTableHasNobody(t *testing.T) {
	columns, err := orderlog.New(0)
	require.NoError(t, err)
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			db, table := e.filled(t, columns)
			want, err := columns.Summaries(nil)
			require.NoError(t, err)
			summaries, err := table.Summaries(t.Context(), db, nil)
			require.NoError(t, err)
			assert.Empty(t, summaries.Customers)
			want.Customers, summaries.Customers = nil, nil
			assert.Equal(t, want, summaries)
			cohorts, err := table.Cohorts(t.Context(), db, nil)
			require.NoError(t, err)
			assert.Empty(t, cohorts.Cohorts)
			scores, err := table.RFM(t.Context(), db, nil)
			require.NoError(t, err)
			wantScores, err := columns.RFM(nil)
			require.NoError(t, err)
			assert.Equal(t, wantScores, scores)
			purchases, err := table.Purchases(t.Context(), db, kpi.CalendarMonth(2010, time.May, nil), "")
			require.NoError(t, err)
			assert.Equal(t, &kpi.Purchases{Period: kpi.CalendarMonth(2010, time.May, nil)}, purchases)
		})
	}
}
