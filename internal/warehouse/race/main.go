//go:build warehouse && cgo

// Command race runs the figures of package kpi over columns in memory beside DuckDB
// over its own table in memory, on the same orders, turn by turn:
//
//	go run -tags warehouse ./internal/warehouse/race -orders 10000000
//
// DuckDB gets what suits it: members as integers, money as integers, days of UTC, its
// own quantiles, and SQL for it alone; its result stays in a table. Each time is the
// median of three turns; what counts are the ratios.
package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/loyaltykit/loyaltykit/internal/warehouse/orderlog"
	"github.com/loyaltykit/loyaltykit/kpi"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "race:", err)
		os.Exit(1)
	}
}

// result is a line of the race.
type result struct {
	Case          string  `json:"case"`
	Orders        int     `json:"orders"`
	Seconds       float64 `json:"seconds"`
	DuckDBSeconds float64 `json:"duckdb_seconds"`
	// Ratio is of package kpi's time to DuckDB's; the goal is 2 at most.
	Ratio float64 `json:"ratio"`
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("race", flag.ContinueOnError)
	orders := flags.Int("orders", 10_000_000, "how many orders the log has")
	asJSON := flags.Bool("json", false, "print one JSON object a line")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *orders < 1 || flags.NArg() > 0 {
		return errors.New("-orders must be at least 1, and nothing may follow the flags")
	}
	columns, err := orderlog.New(*orders)
	if err != nil {
		return err
	}
	db, err := filled(ctx, columns)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, c := range cases(columns) {
		r, err := c.race(ctx, db)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		r.Orders = *orders
		if *asJSON {
			err = json.NewEncoder(out).Encode(r)
		} else {
			_, err = fmt.Fprintf(out, "%-10s %8.3f s, DuckDB %8.3f s, ratio %.2f\n", r.Case, r.Seconds, r.DuckDBSeconds, r.Ratio)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// filled is a DuckDB in memory with the orders.
func filled(ctx context.Context, columns *kpi.Columns) (*sql.DB, error) {
	connector, err := duckdb.NewConnector("", func(connection driver.ExecerContext) error {
		_, err := connection.ExecContext(context.Background(), "SET autoinstall_known_extensions = false; SET autoload_known_extensions = false", nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	if _, err := db.ExecContext(ctx, "CREATE TABLE rows (member UINTEGER, micros BIGINT, amount BIGINT)"); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := appendOrders(ctx, connector, columns); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	_, err = db.ExecContext(ctx, "CREATE TABLE orders AS SELECT member, make_timestamp(micros) AS ordered_at, amount FROM rows; DROP TABLE rows")
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
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
		hi, lo := o.Amount.Units()
		_ = hi // the log's amounts fit in 64 bits
		if err := appender.AppendRow(member, o.At.UnixMicro(), int64(lo)/100_000_000); err != nil {
			return errors.Join(err, appender.Close())
		}
	}
	return appender.Close()
}

// contest is one figure, computed here and there; each tells how many members it has.
type contest struct {
	name      string
	here      func() (members int, err error)
	statement string
	members   string
}

func cases(columns *kpi.Columns) []contest {
	return []contest{
		{"summaries", func() (int, error) {
			s, err := columns.Summaries(nil)
			if err != nil {
				return 0, err
			}
			return len(s.Customers), nil
		}, summariesSQL, "SELECT count(*) FROM result"},
		{"cohorts", func() (int, error) {
			m, err := columns.Cohorts(nil)
			if err != nil {
				return 0, err
			}
			n := 0
			for i := range m.Cohorts {
				n += m.Cohorts[i].Size
			}
			return n, nil
		}, cohortsSQL, "SELECT sum(active)::BIGINT FROM result WHERE place = 0"},
		{"rfm", func() (int, error) {
			r, err := columns.RFM(nil)
			if err != nil {
				return 0, err
			}
			return len(r.Customers), nil
		}, rfmSQL, "SELECT count(*) FROM result"},
	}
}

// race lets both run in turn.
func (c *contest) race(ctx context.Context, db *sql.DB) (result, error) {
	var here, there []float64
	for range 3 {
		start := time.Now()
		members, err := c.here()
		if err != nil {
			return result{}, err
		}
		here = append(here, time.Since(start).Seconds())
		start = time.Now()
		if _, err := db.ExecContext(ctx, "CREATE OR REPLACE TABLE result AS "+c.statement); err != nil {
			return result{}, err
		}
		there = append(there, time.Since(start).Seconds())
		var found int
		if err := db.QueryRowContext(ctx, c.members).Scan(&found); err != nil {
			return result{}, err
		}
		if found != members {
			return result{}, fmt.Errorf("%d members here, %d in DuckDB", members, found)
		}
	}
	slices.Sort(here)
	slices.Sort(there)
	return result{Case: c.name, Seconds: here[1], DuckDBSeconds: there[1], Ratio: here[1] / there[1]}, nil
}
