package sqlkpi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/sqlkpi"
)

// The statements are run on every engine in internal/warehouse.

var (
	dialects = []sqlkpi.Dialect{sqlkpi.PostgreSQL, sqlkpi.DuckDB, sqlkpi.ClickHouse}
	march    = sqlkpi.Extent{
		First: time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC), Last: time.Date(2027, time.March, 31, 18, 0, 0, 0, time.UTC),
	}
)

func TestEverythingWrongWithATableIsToldAtOnce(t *testing.T) {
	table := sqlkpi.Table{Dialect: "oracle", Schema: "a\x00b", Member: strings.Repeat("m", 256), Decimals: 13, Where: map[string]string{"currency": "E\x00R", "": "x"}}
	_, err := table.ExtentQuery()
	require.ErrorIs(t, err, kpi.ErrInvalid)
	for _, path := range []string{"dialect: ", "name: ", "schema: ", "member: ", "decimals: ", `where["currency"]: `, "where: must name columns"} {
		assert.ErrorContains(t, err, path)
	}
	for what, query := range map[string]func() (string, error){
		"summaries": func() (string, error) { return table.SummaryQuery(nil, march) },
		"cohorts":   func() (string, error) { return table.CohortQuery(nil, march) },
		"rfm":       func() (string, error) { return table.RFMQuery(nil, march) },
		"purchases": func() (string, error) {
			return table.PurchaseQuery(kpi.CalendarMonth(2027, time.March, nil), "", march)
		},
		"second purchases": func() (string, error) { return table.SecondPurchaseQuery(march.Last, nil, march) },
		"occasions":        func() (string, error) { return table.OccasionQuery(nil, march) },
		"retention": func() (string, error) {
			return table.RetentionQuery(kpi.CalendarMonth(2027, time.March, nil), 90)
		},
	} {
		_, err := query()
		require.ErrorIs(t, err, kpi.ErrInvalid, what)
		require.ErrorContains(t, err, "dialect: ", what)
	}
}

func TestOptionsAreRefusedAsPackageKPIRefusesThem(t *testing.T) {
	table := sqlkpi.Table{Name: "orders"}
	_, err := table.CohortQuery(&kpi.CohortOptions{Bucket: "decade"}, march)
	require.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = table.SummaryQuery(&kpi.SummaryOptions{Zone: time.FixedZone("UTC+2", 2*3600)}, march)
	require.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = table.RFMQuery(&kpi.RFMOptions{Groups: 11}, march)
	require.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = table.PurchaseQuery(kpi.Period{}, "", march)
	require.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = table.SecondPurchaseQuery(time.Time{}, nil, march)
	require.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = table.OccasionQuery(&kpi.CohortOptions{Bucket: "decade"}, march)
	require.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = table.RetentionQuery(kpi.CalendarMonth(2027, time.March, nil), 0)
	require.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = table.RFMQuery(nil, sqlkpi.Extent{First: march.Last, Last: march.First})
	require.ErrorContains(t, err, "extent: ")
}

func TestNamesCannotLeaveTheirQuotes(t *testing.T) {
	for _, d := range dialects {
		hostile := sqlkpi.Table{Dialect: d, Name: `log"; DROP TABLE members; --`, Member: `m\"`, Where: map[string]string{`c"`: `\' OR 1=1`}}
		query, err := hostile.ExtentQuery()
		require.NoError(t, err)
		assert.Contains(t, query, `FROM "log""; DROP TABLE members; --"`, d)
		member, text := `SELECT "m\"""`, `'\'' OR 1=1'`
		switch d {
		case sqlkpi.ClickHouse:
			member, text = `SELECT "m\\"""`, `'\\'' OR 1=1'`
		case sqlkpi.PostgreSQL:
			text = `E'\\'' OR 1=1'`
		}
		assert.Contains(t, query, member, d)
		assert.Contains(t, query, `"c"""`, d)
		assert.Contains(t, query, text, d)
	}
}

func TestTheClocksOfAZoneAreThoseOfGo(t *testing.T) {
	stJohns, err := time.LoadLocation("America/St_Johns")
	require.NoError(t, err)
	table := sqlkpi.Table{Dialect: sqlkpi.DuckDB, Name: "orders"}
	// On 1 November 2009 at 00:01 its clocks went back to 31 October, 23:01.
	around := time.Date(2009, time.November, 1, 3, 0, 0, 0, time.UTC)
	query, err := table.CohortQuery(&kpi.CohortOptions{Zone: stJohns}, sqlkpi.Extent{First: around, Last: around})
	require.NoError(t, err)
	october, november := "24117", "24118"
	assert.Equal(t, 2, strings.Count(query, " "+october+" "), "October comes twice")
	assert.Equal(t, 2, strings.Count(query, " "+november+" "), "and so does November")
	assert.NotContains(t, query, "St_Johns")
}

func TestTheLongestLogsStatementIsShortEnough(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	all := sqlkpi.Extent{First: time.Date(1900, time.January, 1, 0, 0, 0, 0, time.UTC), Last: time.Date(2199, time.December, 31, 0, 0, 0, 0, time.UTC)}
	for _, d := range dialects {
		table := sqlkpi.Table{Dialect: d, Name: "orders"}
		query, err := table.CohortQuery(&kpi.CohortOptions{Zone: vienna}, all)
		require.NoError(t, err)
		limit := 256 << 10 // ClickHouse's max_query_size
		if d == sqlkpi.PostgreSQL {
			limit = 1 << 20
		}
		assert.Less(t, len(query), limit, d)
	}
}

func TestALedgerMustNameItsProgram(t *testing.T) {
	_, err := (&sqlkpi.Ledger{Dialect: "oracle"}).Query(nil, march)
	require.ErrorIs(t, err, kpi.ErrInvalid)
	for _, path := range []string{"dialect: ", "name: ", "program: "} {
		require.ErrorContains(t, err, path)
	}
	_, err = (&sqlkpi.Ledger{Name: "entries", Program: "beans"}).Query(time.FixedZone("UTC+2", 7200), march)
	require.ErrorIs(t, err, kpi.ErrInvalid)
	query, err := (&sqlkpi.Ledger{Name: "entries", Program: "be'ans"}).Query(nil, march)
	require.NoError(t, err)
	assert.Contains(t, query, "program = 'be''ans'")
}
