//go:build warehouse && cgo

package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// duckDB holds a log in a table in memory. It gets what suits it: members as integers,
// money as integers, days of UTC, its own quantiles, and SQL for it alone; its result
// stays in a table.
type duckDB struct{ db *sql.DB }

// openRival fills a table with the orders.
func openRival(ctx context.Context, columns *kpi.Columns) (rival, error) {
	connector, err := duckdb.NewConnector("", func(connection driver.ExecerContext) error {
		_, err := connection.ExecContext(context.Background(), "SET autoinstall_known_extensions = false; SET autoload_known_extensions = false", nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	d := &duckDB{sql.OpenDB(connector)}
	if err := d.fill(ctx, connector, columns); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *duckDB) Close() error { return d.db.Close() }

func (d *duckDB) fill(ctx context.Context, connector *duckdb.Connector, columns *kpi.Columns) error {
	if _, err := d.db.ExecContext(ctx, "CREATE TABLE rows (member UINTEGER, micros BIGINT, amount BIGINT)"); err != nil {
		return err
	}
	if err := appendOrders(ctx, connector, columns); err != nil {
		return err
	}
	_, err := d.db.ExecContext(ctx, "CREATE TABLE orders AS SELECT member, make_timestamp(micros) AS ordered_at, amount FROM rows; DROP TABLE rows")
	return err
}

func appendOrders(ctx context.Context, connector *duckdb.Connector, columns *kpi.Columns) (err error) {
	connection, err := connector.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	appender, err := duckdb.NewAppenderFromConn(connection, "", "rows")
	if err != nil {
		return err
	}
	members := map[string]uint32{}
	for o := range columns.All() {
		member, ok := members[o.Member]
		if !ok {
			member = uint32(len(members))
			members[o.Member] = member
		}
		_, units := o.Amount.Units() // one amount of the log fits in 64 bits
		if err := appender.AppendRow(member, o.At.UnixMicro(), int64(units)/10_000_000_000); err != nil {
			return errors.Join(err, appender.Close())
		}
	}
	return appender.Close()
}

// count makes the result anew, and only then looks at it.
func (d *duckDB) count(ctx context.Context, figure string) (found []int64, took time.Duration, err error) {
	of, known := map[string]struct{ statement, found string }{
		"summaries": {summariesSQL, "SELECT count(*), sum(repeats)::BIGINT, sum(recency)::BIGINT, sum(age)::BIGINT FROM result"},
		"cohorts":   {cohortsSQL, "SELECT (sum(active) FILTER (WHERE place = 0))::BIGINT, sum(active)::BIGINT, sum(purchases)::BIGINT, sum(revenue)::BIGINT FROM result"},
		"rfm":       {rfmSQL, "SELECT count(*), sum(days)::BIGINT, sum(purchases)::BIGINT, sum(cents)::BIGINT FROM result"},
	}[figure]
	if !known {
		return nil, 0, fmt.Errorf("no statement for %q", figure)
	}
	start := time.Now()
	if _, err := d.db.ExecContext(ctx, "CREATE OR REPLACE TABLE result AS "+of.statement); err != nil {
		return nil, 0, err
	}
	took = time.Since(start)
	found = make([]int64, 4)
	err = d.db.QueryRowContext(ctx, of.found).Scan(&found[0], &found[1], &found[2], &found[3])
	return found, took, err
}
