package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loyaltykit/loyaltykit/storage/postgres"
)

// The minimal limit on PostgreSQL: one prepared statement.
const (
	barePostgres = `CREATE TABLE bare_keys (member text, key text, PRIMARY KEY (member, key));
  CREATE TABLE bare_ledger (member text, key text, points bigint, recorded_at bigint);
  CREATE TABLE bare_balances (member text PRIMARY KEY, points bigint)`
	bareEarn = `WITH k AS (INSERT INTO bare_keys VALUES ($1, $2)), l AS (INSERT INTO bare_ledger VALUES ($1, $2, $3, $4))
  UPDATE bare_balances SET points = points + $3 WHERE member = $1`
	bareAccount = "SELECT version, balances FROM loyalty_accounts WHERE program = $1 AND member = $2"
)

// postgresGround races on databases of a PostgreSQL server.
type postgresGround struct{ databases }

func (g *postgresGround) explain(out io.Writer) {
	fmt.Fprintf(out, "minimal limit on PostgreSQL: one prepared statement\n\n  %s;\n\n  %s;\n\n", barePostgres, bareEarn)
	fmt.Fprintf(out, "minimal limit of case member: %s\n\n", bareAccount)
	var rows []string
	for _, text := range writerSQL {
		rows = append(rows, numbered(unlisted(text)))
	}
	fmt.Fprintf(out, "same-rows limit, in the engine's own tables: one pipelined transaction of those that the engine's rows ask for\n\n%s\n\n", indented(rows...))
	fmt.Fprintf(out, "same-rows limit of case replay-key:\n\n%s\n\nsame-rows limit of case member: a pipeline of\n\n%s\n",
		indented(numbered(readOperation)), indented(numbered(readAccount), numbered(readLots)))
}

// numbered writes $1, $2 … for question marks.
func numbered(text string) string {
	var b strings.Builder
	n := 0
	for part := range strings.SplitSeq(text, "?") {
		if n > 0 {
			b.WriteString("$" + strconv.Itoa(n))
		}
		b.WriteString(part)
		n++
	}
	return b.String()
}

// unlisted leaves out the column that only SQLite's table of records has.
func unlisted(text string) string {
	if !strings.Contains(text, ", listed)") {
		return text
	}
	return strings.Replace(strings.Replace(text, ", listed)", ")", 1), ", ?)", ")", 1)
}

func (g *postgresGround) copyOf(ctx context.Context, s *scenario) (string, func() error, error) {
	return g.open(ctx, s, plantPostgres, func(ctx context.Context, from, to string) error {
		_, err := g.server.Query(ctx, g.server.URL, "CREATE DATABASE "+to+" TEMPLATE "+from)
		return err
	})
}

func plantPostgres(ctx context.Context, database string, s *scenario) error {
	pool, err := pgxpool.New(ctx, database)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := postgres.Migrate(ctx, pool); err != nil {
		return err
	}
	if err := s.seed.writeTo(ctx, postgres.New(pool, nil)); err != nil {
		return err
	}
	return analyze(ctx, pool)
}

// analyze lets the server count the rows of the tables that have any. A shop's server
// never counts those of an empty table; where it is made to, it plans to read the whole
// of it, and keeps to that while the rows come in.
func analyze(ctx context.Context, pool *pgxpool.Pool) error {
	rows, err := pool.Query(ctx, "SELECT oid::regclass::text FROM pg_class"+
		" WHERE relkind = 'r' AND relname LIKE 'loyalty%' AND pg_relation_size(oid) > 0")
	if err != nil {
		return err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	_, err = pool.Exec(ctx, "VACUUM ANALYZE "+strings.Join(tables, ", "))
	return err
}

func (g *postgresGround) engine(ctx context.Context, s *scenario, callers int, t timing) (w window, err error) {
	database, finish, err := g.copyOf(ctx, s)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, finish()) }()
	config, err := pgxpool.ParseConfig(database)
	if err != nil {
		return w, err
	}
	// As many connections as the engines would have if each had a pool of its own.
	config.MaxConns *= int32(max(s.engines, 1)) //nolint:gosec // there are few engines
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return w, err
	}
	defer pool.Close()
	t.server = serverTime(g.pid)
	return s.onEngine(ctx, postgres.New(pool, nil), callers, t)
}

func (g *postgresGround) limit(ctx context.Context, s *scenario, which limit, callers, connections int, t timing) (w window, err error) {
	database, finish, err := g.copyOf(ctx, s)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, finish()) }()
	idle := make(chan *pgx.Conn, connections)
	defer func() {
		for len(idle) > 0 {
			err = errors.Join(err, (<-idle).Close(ctx))
		}
	}()
	for range connections {
		conn, err := pgx.Connect(ctx, database)
		if err != nil {
			return w, err
		}
		idle <- conn
	}
	use := func(work func(*pgx.Conn) error) error {
		conn := <-idle
		defer func() { idle <- conn }()
		return work(conn)
	}
	work, err := pipelined(ctx, s, which, use)
	if err != nil {
		return w, err
	}
	operations := s.operations()
	if which == minimal {
		operations = len(s.commands)
	}
	t.server = serverTime(g.pid)
	return measure(callers, operations, t, func(i int) error { return work(i % len(s.commands)) })
}

// pipelined is the hand-written code of a limit, made ready.
func pipelined(ctx context.Context, s *scenario, which limit, use func(func(*pgx.Conn) error) error) (func(int) error, error) {
	read := func(columns []int, want []int, texts ...string) func(int) error {
		return func(i int) error {
			plan := s.commands[i].Plan()
			args := []any{programID, plan.Member, plan.Key}
			var batch pgx.Batch
			for _, text := range texts {
				batch.Queue(numbered(text), args[:strings.Count(text, "?")]...)
			}
			return use(func(c *pgx.Conn) error { return readAll(ctx, c, &batch, columns, want) })
		}
	}
	switch {
	case which == minimal && s.page > 0:
		text := strings.NewReplacer("$1", "?", "$2", "?").Replace(bareAccount)
		return read([]int{2}, []int{1}, text), nil
	case which == minimal:
		return bareStatement(ctx, s, use)
	case s.page > 0:
		return read([]int{8, 14}, []int{1, s.page}, readAccount, readLots), nil
	case s.replay:
		return read([]int{4}, []int{1}, readOperation), nil
	}
	ready, err := s.rowsOf(false)
	if err != nil {
		return nil, err
	}
	turns := newTurns(s.batches)
	return func(i int) error {
		return turns.take(i, func() error {
			return use(func(c *pgx.Conn) error { return writeAll(ctx, c, ready[i]) })
		})
	}, nil
}

func bareStatement(ctx context.Context, s *scenario, use func(func(*pgx.Conn) error) error) (func(int) error, error) {
	err := use(func(c *pgx.Conn) error {
		if _, err := c.Exec(ctx, barePostgres); err != nil {
			return err
		}
		_, err := c.Exec(ctx, "INSERT INTO bare_balances SELECT unnest($1::text[]), 0", s.members())
		return err
	})
	return func(i int) error {
		member, key := s.keyed(i)
		return use(func(c *pgx.Conn) error {
			tag, err := c.Exec(ctx, bareEarn, member, key, int64(lotSize), time.Now().UnixMicro())
			if err != nil {
				return err
			}
			return found(int(tag.RowsAffected()), 1)
		})
	}, err
}

// writeAll commits writes in one round trip. Each must change one row.
func writeAll(ctx context.Context, c *pgx.Conn, writes []write) error {
	var batch pgx.Batch
	for _, w := range writes {
		text, args := numbered(unlisted(w.sql)), w.args
		batch.Queue(text, args[:strings.Count(text, "$")]...)
	}
	results := c.SendBatch(ctx, &batch)
	for range writes {
		tag, err := results.Exec()
		if err == nil {
			err = found(int(tag.RowsAffected()), 1)
		}
		if err != nil {
			return errors.Join(err, results.Close())
		}
	}
	return results.Close()
}

// readAll scans every row of every statement in one round trip.
func readAll(ctx context.Context, c *pgx.Conn, batch *pgx.Batch, columns, want []int) error {
	results := c.SendBatch(ctx, batch)
	for i := range batch.Len() {
		rows, err := results.Query()
		if err != nil {
			return errors.Join(err, results.Close())
		}
		n := 0
		for ; rows.Next(); n++ {
			if len(rows.RawValues()) != columns[i] {
				err = fmt.Errorf("%d columns", len(rows.RawValues()))
			}
		}
		if err := errors.Join(err, rows.Err(), found(n, want[i])); err != nil {
			return errors.Join(err, results.Close())
		}
	}
	return results.Close()
}
