package warehouse_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/sqlkpi"
)

// kinds are the column types of an engine.
type kinds struct{ text, instant, fine, whole, float, engine string }

func kindsOf(d sqlkpi.Dialect) kinds {
	switch d {
	case sqlkpi.DuckDB:
		return kinds{"VARCHAR", "TIMESTAMPTZ", "DECIMAL(38, 12)", "BIGINT", "DOUBLE", ""}
	case sqlkpi.ClickHouse:
		return kinds{"Nullable(String)", "Nullable(DateTime64(6, 'UTC'))", "Nullable(Decimal(38, 12))", "Nullable(Int64)", "Float64", " ENGINE = Memory"}
	default:
		return kinds{"text", "timestamptz", "numeric", "bigint", "float8", ""}
	}
}

// hostTable makes a table of a host's own and returns what reads it.
func hostTable(t *testing.T, e *engine, db *sql.DB, name, amount string, rows ...string) *sqlkpi.Table {
	t.Helper()
	k := kindsOf(e.dialect)
	quote := func(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
	if e.dialect == sqlkpi.ClickHouse {
		quote = func(name string) string {
			return `"` + strings.ReplaceAll(strings.ReplaceAll(name, `\`, `\\`), `"`, `""`) + `"`
		}
	}
	exec(t, db, "DROP TABLE IF EXISTS "+quote(name))
	exec(t, db, fmt.Sprintf("CREATE TABLE %s (%s %s, %s %s, %s %s, %s %s)%s", quote(name), quote(`who"; --`), k.text, quote(`paid\at`), k.instant, quote("ÖRE"), amount, quote("cur'rency"), k.text, k.engine))
	if len(rows) > 0 {
		exec(t, db, fmt.Sprintf("INSERT INTO %s VALUES %s", quote(name), strings.Join(rows, ", ")))
	}
	return &sqlkpi.Table{Dialect: e.dialect, Name: name, Member: `who"; --`, At: `paid\at`, Amount: "ÖRE"}
}

func TestAHostsOwnTableIsReadWhateverItsNames(t *testing.T) {
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			db := e.open(t)
			table := hostTable(t, &e, db, `orders"; DROP TABLE x; \ --`, kindsOf(e.dialect).whole,
				`('anna', '2027-03-01 10:00:00', 1250, 'EUR')`, `('anna', '2027-03-05 10:00:00', 5, 'EUR')`, `('ben', '2027-03-02 10:00:00', -250, 'EUR')`,
				`('anna', '2027-03-03 10:00:00', 777, 'O''\\"')`)
			table.Decimals = 2
			table.Where = map[string]string{"cur'rency": "EUR"}
			got, err := table.Purchases(t.Context(), db, kpi.CalendarMonth(2027, time.March, nil), "")
			require.NoError(t, err)
			revenue, err := kpi.ParseAmount("10.05")
			require.NoError(t, err)
			assert.Equal(t, &kpi.Purchases{Period: got.Period, Customers: 1, Repeating: 1, Orders: 2, Refunds: 1, Revenue: revenue}, got)

			scores, err := table.RFM(t.Context(), db, nil)
			require.NoError(t, err)
			require.Len(t, scores.Customers, 1)
			assert.Equal(t, "12.55", scores.Customers[0].Spent.String())
			assert.Equal(t, []float64{12.55, 12.55, 12.55, 12.55}, scores.MonetaryCuts)
			assert.Equal(t, 1, scores.WithoutPurchase)
		})
	}
}

func TestATextInQuotesIsTheTextItself(t *testing.T) {
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			db := e.open(t)
			for _, text := range []string{`EUR`, `O'Neill`, `a\`, `\' OR 1=1 --`, `''; DROP TABLE x`, "tab\tand\nline", `E'\x41'`} {
				table := hostTable(t, &e, db, "orders", kindsOf(e.dialect).whole)
				table.Where = map[string]string{"cur'rency": text}
				escaped := strings.ReplaceAll(text, "'", "''")
				if e.dialect == sqlkpi.ClickHouse {
					escaped = strings.ReplaceAll(escaped, `\`, `\\`)
				}
				exec(t, db, fmt.Sprintf(`INSERT INTO "orders" VALUES ('anna', '2027-03-01 10:00:00', 1, '%s'), ('ben', '2027-03-01 10:00:00', 1, 'other')`, escaped))
				got, err := table.Purchases(t.Context(), db, kpi.CalendarMonth(2027, time.March, nil), "")
				require.NoError(t, err, text)
				assert.Equal(t, 1, got.Orders, text)
			}
		})
	}
}

func TestRowsThatAreNoOrdersAreRefused(t *testing.T) {
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			db := e.open(t)
			k := kindsOf(e.dialect)
			for _, c := range []struct {
				name, row string
				want      error
			}{
				{"no member", `(NULL, '2027-03-01 10:00:00', 1, 'EUR')`, kpi.ErrOrder},
				{"an empty member", `('', '2027-03-01 10:00:00', 1, 'EUR')`, kpi.ErrOrder},
				{"no time", `('anna', NULL, 1, 'EUR')`, kpi.ErrOrder},
				{"no amount", `('anna', '2027-03-01 10:00:00', NULL, 'EUR')`, kpi.ErrAmount},
				{"an amount that is too large", `('anna', '2027-03-01 10:00:00', 1000000000000000, 'EUR')`, kpi.ErrAmount},
			} {
				table := hostTable(t, &e, db, "orders", k.fine, `('anna', '2027-03-01 10:00:00', 1, 'EUR')`, c.row)
				_, err := table.RFM(t.Context(), db, nil)
				require.ErrorIs(t, err, c.want, c.name)
			}
			table := hostTable(t, &e, db, "orders", k.float, `('anna', '2027-03-01 10:00:00', 1, 'EUR')`)
			_, err := table.Cohorts(t.Context(), db, nil)
			require.ErrorIs(t, err, kpi.ErrInvalid, "floats")
			require.ErrorContains(t, err, "amount: is ")
			table.At = table.Member
			table.Amount = "cur'rency"
			_, err = table.Summaries(t.Context(), db, nil)
			require.ErrorContains(t, err, "at: is ")
			require.ErrorContains(t, err, "amount: is ")
		})
	}
}

func TestMoneyOfTwelveDecimalsIsExact(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var orders []kpi.Order
	var rows []string
	start := time.Date(2027, time.March, 1, 10, 0, 0, 0, time.UTC)
	for range 2_000 {
		amount, err := kpi.ParseAmount(fmt.Sprintf("%d.%012d", random.Int64N(1_000_000_000_000), random.Int64N(1_000_000_000_000)))
		require.NoError(t, err)
		o := kpi.Order{Member: fmt.Sprint(random.IntN(900)), At: start.Add(time.Duration(random.IntN(2_000)) * time.Hour), Amount: amount}
		orders = append(orders, o)
		rows = append(rows, fmt.Sprintf("('%s', '%s', %s, 'EUR')", o.Member, o.At.Format("2006-01-02 15:04:05"), o.Amount))
	}
	score, err := kpi.NewRFMAccumulator(&kpi.RFMOptions{MeanMoney: true})
	require.NoError(t, err)
	summarize, err := kpi.NewSummaryAccumulator(nil)
	require.NoError(t, err)
	for _, o := range orders {
		require.NoError(t, score.Add(o))
		require.NoError(t, summarize.Add(o))
	}
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			db := e.open(t)
			table := hostTable(t, &e, db, "orders", kindsOf(e.dialect).fine, rows...)
			scores, err := table.RFM(t.Context(), db, &kpi.RFMOptions{MeanMoney: true})
			require.NoError(t, err)
			want := score.Result()
			equalRows(t, want.Customers, scores.Customers)
			assert.Equal(t, want, scores)
			summaries, err := table.Summaries(t.Context(), db, nil)
			require.NoError(t, err)
			equalRows(t, summarize.Result().Customers, summaries.Customers)
		})
	}
}

func TestALogOfThreeCenturiesIsToldByTheSameCalendar(t *testing.T) {
	vienna := zone(t, "Europe/Vienna")
	var rows []string
	var orders []kpi.Order
	add := func(member string, at time.Time) {
		amount, err := kpi.NewAmount(1, 0)
		require.NoError(t, err)
		orders = append(orders, kpi.Order{Member: member, At: at, Amount: amount})
		rows = append(rows, fmt.Sprintf("('%s', '%s', 1, 'EUR')", member, at.UTC().Format("2006-01-02 15:04:05.000000")))
	}
	for year := 1901; year < 2199; year += 7 {
		midnight := time.Date(year, time.Month(1+year%12), 1, 0, 0, 0, 0, vienna)
		add(fmt.Sprint(year%5), midnight)
		add(fmt.Sprint(year%3), midnight.Add(-time.Microsecond))
	}
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			db := e.open(t)
			table := hostTable(t, &e, db, "orders", kindsOf(e.dialect).fine, rows...)
			for _, bucket := range []kpi.Bucket{kpi.Weekly, kpi.Monthly, kpi.Quarterly, kpi.Yearly} {
				o := kpi.CohortOptions{Zone: vienna, Bucket: bucket}
				a, err := kpi.NewCohortAccumulator(&o)
				require.NoError(t, err)
				require.NoError(t, kpi.Feed(a, kpi.Orders(slices.Values(orders))))
				got, err := table.Cohorts(t.Context(), db, &o)
				require.NoError(t, err, bucket)
				equalRows(t, a.Result().Cohorts, got.Cohorts)
			}
		})
	}
}
