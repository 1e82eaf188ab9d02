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
