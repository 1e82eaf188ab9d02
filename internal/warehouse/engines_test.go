package warehouse_test

import (
	"context"
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/internal/warehouse/orderlog"
	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/sqlkpi"
)

// engine is a database in which a log can be put.
type engine struct {
	name    string
	dialect sqlkpi.Dialect
	open    func(t *testing.T) *sql.DB
	// create makes the table "the log" of the file of a log.
	create func(t *testing.T, db *sql.DB, file string)
}

func engines() []engine { return append([]engine{postgres}, inProcess...) }

var postgres = engine{
	name: "PostgreSQL", dialect: sqlkpi.PostgreSQL,
	open: func(t *testing.T) *sql.DB {
		t.Helper()
		db, err := sql.Open("pgx", servers.Postgres(t).NewDatabase(t))
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, db.Close()) })
		return db
	},
	create: func(t *testing.T, db *sql.DB, file string) {
		t.Helper()
		exec(t, db, `CREATE TABLE "the log" (member text, "when" timestamptz, amount numeric)`)
		in, err := os.Open(file)
		require.NoError(t, err)
		defer in.Close()
		connection, err := db.Conn(t.Context())
		require.NoError(t, err)
		defer connection.Close()
		require.NoError(t, connection.Raw(func(driver any) error {
			pg := driver.(*stdlib.Conn).Conn().PgConn()
			if _, err := pg.Exec(context.Background(), "SET timezone = 'UTC'").ReadAll(); err != nil {
				return err
			}
			_, err := pg.CopyFrom(context.Background(), in, `COPY "the log" FROM STDIN (FORMAT csv)`)
			return err
		}))
		exec(t, db, `ANALYZE "the log"`)
	},
}

func exec(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), statement)
	require.NoError(t, err, statement)
}

// filled is a database of an engine with a log.
func (e *engine) filled(t *testing.T, columns *kpi.Columns) (*sql.DB, *sqlkpi.Table) {
	t.Helper()
	db := e.open(t)
	file, err := orderlog.WriteCSV(t.TempDir(), columns)
	require.NoError(t, err)
	e.create(t, db, file)
	return db, &sqlkpi.Table{Dialect: e.dialect, Name: "the log", At: "when"}
}

// largeSize is how many orders a large log has, if one was asked for.
func largeSize(t *testing.T) int {
	t.Helper()
	if os.Getenv("LOYALTYKIT_PROVE_FULL") == "1" {
		return 10_000_000
	}
	text := os.Getenv("LOYALTYKIT_WAREHOUSE_ORDERS")
	if text == "" {
		t.Skip("LOYALTYKIT_WAREHOUSE_ORDERS names no number of orders")
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, "LOYALTYKIT_WAREHOUSE_ORDERS")
	return n
}

// missing skips a test for want of something, or fails it where servers are required.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("LOYALTYKIT_REQUIRE_SERVERS") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// asFile writes something to a file of that name.
func asFile(t *testing.T, dir, name string, write func(io.Writer) error) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, write(file))
	require.NoError(t, file.Close())
	return path
}
