package sqlkpi_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/sqlkpi"
)

// size is how many orders the log has: LOYALTYKIT_SQL_ORDERS says more.
func size(t *testing.T) int {
	t.Helper()
	text := os.Getenv("LOYALTYKIT_SQL_ORDERS")
	if text == "" {
		return 20_000
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// orders are those of a tenth as many members over three years, some refunds, with
// ids that collations would sort otherwise and money that floats could not hold.
func orders(t *testing.T) []kpi.Order {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)
	all := make([]kpi.Order, size(t))
	for i := range all {
		member := random.IntN(len(all)/10 + 1)
		amount, err := kpi.NewAmount(random.Int64N(900_000)-50_000, 2+2*(member%2))
		require.NoError(t, err)
		prefix := []string{"a", "B", "ä", "b-", "_"}[member%5]
		all[i] = kpi.Order{
			Member: fmt.Sprintf("%s%d", prefix, member), Amount: amount,
			At: start.Add(time.Duration(random.Int64N(3*365*24*3600*1e6)) * time.Microsecond),
		}
	}
	return all
}

// filled is a database with the orders.
func filled(t *testing.T, all []kpi.Order) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", servers.Postgres(t).NewDatabase(t))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	_, err = db.ExecContext(t.Context(), `CREATE TABLE "the log" (member text, "at" timestamptz, amount numeric)`)
	require.NoError(t, err)
	for chunk := range slices.Chunk(all, 50_000) {
		var members, times, amounts []string
		for _, o := range chunk {
			members, times = append(members, o.Member), append(times, o.At.Format(time.RFC3339Nano))
			amounts = append(amounts, o.Amount.String())
		}
		_, err := db.ExecContext(t.Context(), `INSERT INTO "the log" SELECT * FROM unnest($1::text[], $2::text[]::timestamptz[], $3::text[]::numeric[])`, members, times, amounts)
		require.NoError(t, err)
	}
	return db
}

var table = sqlkpi.Table{Schema: "public", Name: "the log", At: "at"}

func TestTheDatabaseAnswersAsPackageKPIDoes(t *testing.T) {
	all := orders(t)
	db := filled(t, all)
	columns, err := kpi.Collect(kpi.Orders(slices.Values(all)))
	require.NoError(t, err)
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	apia, err := time.LoadLocation("Pacific/Apia")
	require.NoError(t, err)
	mid := time.Date(2026, time.July, 1, 13, 0, 0, 0, time.UTC)
	for name, o := range map[string]*kpi.SummaryOptions{
		"defaults":           nil,
		"weeks of Vienna":    {Zone: vienna, Grain: kpi.ByWeek, Unit: kpi.InWeeks},
		"instants in months": {Grain: kpi.ByInstant, Unit: kpi.InMonths},
		"as of mid 2026":     {Zone: apia, AsOf: mid},
		"with a holdout":     {Zone: vienna, AsOf: mid, HoldoutEnd: mid.AddDate(0, 6, 0), Unit: kpi.InWeeks},
	} {
		t.Run("summaries, "+name, func(t *testing.T) {
			want, err := columns.Summaries(o)
			require.NoError(t, err)
			got, err := table.Summaries(t.Context(), db, o)
			require.NoError(t, err)
			assert.Equal(t, want.Customers, got)
			assert.NotEmpty(t, got)
		})
	}
	for name, o := range map[string]*kpi.CohortOptions{
		"defaults":           nil,
		"weeks of Vienna":    {Zone: vienna, Bucket: kpi.Weekly},
		"quarters of Apia":   {Zone: apia, Bucket: kpi.Quarterly, Until: mid},
		"years":              {Bucket: kpi.Yearly},
		"until after it all": {Zone: vienna, Until: mid.AddDate(4, 0, 0)},
	} {
		t.Run("cohorts, "+name, func(t *testing.T) {
			want, err := columns.Cohorts(o)
			require.NoError(t, err)
			got, err := table.Cohorts(t.Context(), db, o)
			require.NoError(t, err)
			assert.Equal(t, want.Cohorts, got)
			assert.NotEmpty(t, got)
		})
	}
	for name, o := range map[string]*kpi.RFMOptions{
		"defaults":                   nil,
		"quarters of groups":         {Zone: vienna, Groups: 4, AsOf: mid},
		"ranks":                      {Zone: apia, Method: kpi.ByRank},
		"mean money in seven":        {Groups: 7, MeanMoney: true},
		"ranks by mean money in two": {Method: kpi.ByRank, Groups: 2, MeanMoney: true, AsOf: mid},
	} {
		t.Run("rfm, "+name, func(t *testing.T) {
			want, err := columns.RFM(o)
			require.NoError(t, err)
			got, err := table.RFM(t.Context(), db, o)
			require.NoError(t, err)
			assert.Equal(t, want.Customers, got)
			assert.NotEmpty(t, got)
		})
	}
}

func TestAnEmptyTableHasNobody(t *testing.T) {
	db := filled(t, nil)
	summaries, err := table.Summaries(t.Context(), db, nil)
	require.NoError(t, err)
	assert.Empty(t, summaries)
	cohorts, err := table.Cohorts(t.Context(), db, nil)
	require.NoError(t, err)
	assert.Empty(t, cohorts)
	scores, err := table.RFM(t.Context(), db, nil)
	require.NoError(t, err)
	assert.Empty(t, scores)
}

func TestWhatHasNoSQLFormIsRefused(t *testing.T) {
	_, err := table.RFMQuery(&kpi.RFMOptions{Method: kpi.LikeRPackage})
	require.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = table.CohortQuery(&kpi.CohortOptions{Bucket: "decade"})
	require.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = table.SummaryQuery(&kpi.SummaryOptions{Zone: time.Local})
	require.ErrorIs(t, err, kpi.ErrInvalid)
}

func TestAZoneThatPostgreSQLReadsOtherwiseIsRefused(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	central, err := time.LoadLocation("CET")
	require.NoError(t, err)
	for _, zone := range []*time.Location{time.FixedZone("UTC+2", 2*3600), time.FixedZone("Europe/Vienna", 3600), time.FixedZone("UTC", 3600), central} {
		_, err := table.RFMQuery(&kpi.RFMOptions{Zone: zone})
		require.ErrorIs(t, err, kpi.ErrInvalid, zone.String())
		assert.ErrorContains(t, err, "zone")
	}
	for _, zone := range []*time.Location{nil, time.UTC, vienna} {
		_, err := table.RFMQuery(&kpi.RFMOptions{Zone: zone})
		require.NoError(t, err)
	}
}

func TestNamesCannotLeaveTheirQuotes(t *testing.T) {
	hostile := sqlkpi.Table{Name: `log"; DROP TABLE members; --`, Member: `m"`}
	q, err := hostile.SummaryQuery(nil)
	require.NoError(t, err)
	assert.Contains(t, q.Text, `FROM "log""; DROP TABLE members; --"`)
	assert.Contains(t, q.Text, `SELECT "m""" AS member`)
}
