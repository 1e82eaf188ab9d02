package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// Migrations returns the migrations as numbered SQL files in the layout of goose, for
// hosts that run all their migrations with a tool of their own. They are those of
// package sqlstore: a database serves both. Hosts that have no tool call [Migrate].
func Migrations() fs.FS {
	files, _ := sqlstore.Migrations(sqlstore.PostgreSQL) // it fails for unknown dialects
	return files
}

// Migrate brings the tables of a database up to date. It may run any number of times
// and in several processes at once: a database that is up to date is only read.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	db := stdlib.OpenDBFromPool(pool)
	if err := errors.Join(sqlstore.Migrate(ctx, db, sqlstore.PostgreSQL), db.Close()); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	return nil
}
