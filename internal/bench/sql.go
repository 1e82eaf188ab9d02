package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// sqlGround races the engine on database/sql with the engine on pgx, in the place of
// the same-rows limit, on PostgreSQL.
type sqlGround struct{ *postgresGround }

func (g *sqlGround) explain(out io.Writer) {
	fmt.Fprintf(out, "minimal limit on PostgreSQL: one prepared statement through pgx\n\n  %s;\n\n  %s;\n\n", barePostgres, bareEarn)
	fmt.Fprintln(out, "in the place of the same-rows limit: the engine on storage/postgres")
}

func (g *sqlGround) engine(ctx context.Context, s *scenario, callers int, t timing) (w window, err error) {
	database, finish, err := g.copyOf(ctx, s)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, finish()) }()
	db, err := sql.Open("pgx", database)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	store := sqlstore.New(db, sqlstore.PostgreSQL, nil)
	defer func() { err = errors.Join(err, store.Close()) }()
	t.server = serverTime(g.pid)
	return s.onEngine(ctx, store, callers, t)
}

func (g *sqlGround) limit(ctx context.Context, s *scenario, which limit, callers, connections int, t timing) (window, error) {
	if which == sameRows {
		return g.postgresGround.engine(ctx, s, callers, t)
	}
	return g.postgresGround.limit(ctx, s, which, callers, connections, t)
}
