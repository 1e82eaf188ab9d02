//go:build warehouse && cgo && linux

package warehouse_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"sync"
	"testing"

	duckdb "github.com/duckdb/duckdb-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/warehouse/chdb"
	"github.com/loyaltykit/loyaltykit/kpi/sqlkpi"
)

// inProcess are the engines that run in the process of the tests.
var inProcess = []engine{
	{
		name: "DuckDB", dialect: sqlkpi.DuckDB, open: openDuckDB,
		create: func(t *testing.T, db *sql.DB, file string) {
			t.Helper()
			exec(t, db, `CREATE TABLE "the log" (member VARCHAR, "when" TIMESTAMPTZ, amount DECIMAL(18, 4))`)
			exec(t, db, fmt.Sprintf(`INSERT INTO "the log" SELECT member, "when" AT TIME ZONE 'UTC', amount FROM
				read_csv('%s', auto_detect = false, delim = ',', header = false, columns = {member: 'VARCHAR', "when": 'TIMESTAMP', amount: 'DECIMAL(18, 4)'})`, file))
		},
	},
	{
		name: "ClickHouse", dialect: sqlkpi.ClickHouse, open: openClickHouse,
		create: func(t *testing.T, db *sql.DB, file string) {
			t.Helper()
			exec(t, db, `DROP TABLE IF EXISTS "the log"`)
			exec(t, db, `CREATE TABLE "the log" (member String, "when" DateTime64(6, 'UTC'), amount Decimal(18, 4)) ENGINE = MergeTree ORDER BY member`)
			exec(t, db, fmt.Sprintf(`INSERT INTO "the log" SELECT * FROM file('%s', 'CSV', 'member String, "when" DateTime64(6, \'UTC\'), amount Decimal(18, 4)')`, file))
		},
	},
}

func openDuckDB(t *testing.T) *sql.DB {
	t.Helper()
	connector, err := duckdb.NewConnector("", func(connection driver.ExecerContext) error {
		for _, setting := range []string{
			"SET autoinstall_known_extensions = false", "SET autoload_known_extensions = false", "SET TimeZone = 'UTC'", "SET memory_limit = '4GB'",
		} {
			if _, err := connection.ExecContext(context.Background(), setting, nil); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, err)
	db := sql.OpenDB(connector)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

// The engine is one a process.
var theClickHouse = sync.OnceValues(func() (*sql.DB, error) {
	dir, err := os.MkdirTemp("", "loyaltykit-chdb-")
	if err != nil {
		return nil, err
	}
	clickHouseFolder = dir
	return chdb.Open(os.Getenv("LOYALTYKIT_CHDB"), dir)
})

var clickHouseFolder string

func openClickHouse(t *testing.T) *sql.DB {
	t.Helper()
	if os.Getenv("LOYALTYKIT_CHDB") == "" {
		missing(t, "LOYALTYKIT_CHDB does not name libchdb.so: npm install @chdb/lib-linux-x64-gnu, and name the file in it")
	}
	db, err := theClickHouse()
	require.NoError(t, err)
	return db
}

func TestMain(m *testing.M) {
	code := m.Run()
	if clickHouseFolder != "" {
		if db, err := theClickHouse(); err == nil {
			_ = db.Close()
		}
		_ = os.RemoveAll(clickHouseFolder)
	}
	os.Exit(code)
}
