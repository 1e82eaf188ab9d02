package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"

	_ "github.com/go-sql-driver/mysql"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// The minimal limit on MySQL: three prepared statements in a transaction.
var (
	bareMySQL = []string{
		"CREATE TABLE bare_keys (member VARBINARY(128), `key` VARBINARY(128), PRIMARY KEY (member, `key`))",
		"CREATE TABLE bare_ledger (id BIGINT AUTO_INCREMENT PRIMARY KEY, member VARBINARY(128), `key` VARBINARY(128), points BIGINT, recorded_at BIGINT)",
		"CREATE TABLE bare_balances (member VARBINARY(128) PRIMARY KEY, points BIGINT)",
	}
	bareMySQLEntry = "INSERT INTO bare_ledger (member, `key`, points, recorded_at) VALUES (?, ?, ?, ?)"
)

const beginMySQL = "START TRANSACTION"

// mysqlGround races on databases of a MariaDB or MySQL server.
type mysqlGround struct{ databases }

func (g *mysqlGround) explain(out io.Writer) {
	fmt.Fprintf(out, "minimal limit on MySQL: a transaction of prepared statements\n\n%s\n\n%s\n\n",
		indented(bareMySQL...), indented(beginMySQL, bareKey, bareMySQLEntry, bareBalance, commitSQL))
	var rows []string
	for _, text := range writerSQL {
		rows = append(rows, unlisted(text))
	}
	fmt.Fprintf(out, "same-rows limit, in the engine's own tables: a transaction of those that the engine's rows ask for\n\n%s\n\n", indented(rows...))
	fmt.Fprintf(out, "same-rows limit of case replay-key:\n\n%s\n\nsame-rows limit of case member:\n\n%s\n",
		indented(readOperation), indented(readAccount, readLots))
}

func (g *mysqlGround) copyOf(ctx context.Context, s *scenario) (string, func() error, error) {
	return g.open(ctx, s, plantMySQL, func(ctx context.Context, from, to string) error {
		if err := g.make(ctx, to); err != nil {
			return err
		}
		tables, err := g.server.Query(ctx, g.server.URL, "SELECT table_name FROM information_schema.tables WHERE table_schema = '"+from+"'")
		if err != nil {
			return err
		}
		for table := range strings.FieldsSeq(tables) {
			for _, text := range []string{
				fmt.Sprintf("CREATE TABLE %s.%s LIKE %s.%s", to, table, from, table),
				fmt.Sprintf("INSERT INTO %s.%s SELECT * FROM %s.%s", to, table, from, table),
			} {
				if _, err := g.server.Query(ctx, g.server.URL, text); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func openMySQL(database string) (*sql.DB, error) {
	dsn, err := servers.DSN(database)
	if err != nil {
		return nil, err
	}
	return sql.Open("mysql", dsn)
}

func plantMySQL(ctx context.Context, database string, s *scenario) (err error) {
	db, err := openMySQL(database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := sqlstore.Migrate(ctx, db, sqlstore.MySQL); err != nil {
		return err
	}
	store := sqlstore.New(db, sqlstore.MySQL, nil)
	return errors.Join(s.seed.writeTo(ctx, store), store.Close())
}

func (g *mysqlGround) engine(ctx context.Context, s *scenario, callers int, t timing) (w window, err error) {
	database, finish, err := g.copyOf(ctx, s)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, finish()) }()
	db, err := openMySQL(database)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	store := sqlstore.New(db, sqlstore.MySQL, nil)
	defer func() { err = errors.Join(err, store.Close()) }()
	t.server = serverTime(g.pid)
	return s.onEngine(ctx, store, callers, t)
}

func (g *mysqlGround) limit(ctx context.Context, s *scenario, which limit, callers, connections int, t timing) (w window, err error) {
	database, finish, err := g.copyOf(ctx, s)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, finish()) }()
	db, err := openMySQL(database)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	pool, err := connect(ctx, db, connections)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, pool.close()) }()
	pool.begin = beginMySQL
	work, err := pool.onMySQL(ctx, s, which)
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

// onMySQL is the hand-written code of a limit, made ready.
func (p *pool) onMySQL(ctx context.Context, s *scenario, which limit) (func(int) error, error) {
	var read func(*connection, int) error
	var err error
	switch {
	case which == minimal && s.page > 0:
		read = func(c *connection, i int) error {
			n, err := c.read(ctx, "SELECT version, balances FROM loyalty_accounts WHERE program = ? AND member = ?",
				[]any{programID, s.commands[i].Plan().Member}, make([]any, 2))
			return errors.Join(err, found(n, 1))
		}
	case which == minimal:
		return p.bareOnMySQL(ctx, s)
	case s.page > 0:
		read, err = p.readPages(ctx, s)
	case s.replay:
		read, err = p.readOperations(ctx, s)
	}
	if read != nil || err != nil {
		return func(i int) error { return p.use(func(c *connection) error { return read(c, i) }) }, err
	}
	ready, err := s.rowsOf(false)
	if err != nil {
		return nil, err
	}
	for i := range ready {
		for j := range ready[i] {
			ready[i][j].sql = unlisted(ready[i][j].sql)
		}
	}
	turns := newTurns(s.batches)
	return func(i int) error {
		return turns.take(i, func() error {
			return p.use(func(c *connection) error { return c.transact(ctx, func() []write { return ready[i] }) })
		})
	}, nil
}

func (p *pool) bareOnMySQL(ctx context.Context, s *scenario) (func(int) error, error) {
	for _, text := range bareMySQL {
		if err := p.on(ctx, text); err != nil {
			return nil, err
		}
	}
	err := p.use(func(c *connection) error {
		return c.transact(ctx, func() []write {
			var writes []write
			for _, id := range s.members() {
				writes = append(writes, write{"INSERT INTO bare_balances VALUES (?, 0)", []any{id}})
			}
			return writes
		})
	})
	return func(i int) error {
		member, key := s.keyed(i)
		writes := []write{
			{bareKey, []any{member, key}},
			{bareMySQLEntry, []any{member, key, int64(lotSize), int64(i)}},
			{bareBalance, []any{int64(lotSize), member}},
		}
		return p.use(func(c *connection) error { return c.transact(ctx, func() []write { return writes }) })
	}, err
}
