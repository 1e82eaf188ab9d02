package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

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
	if err := migrate(ctx, pool, Migrations()); err != nil {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	return nil
}

func migrate(ctx context.Context, pool *pgxpool.Pool, files fs.FS) error {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return err
	}
	slices.Sort(names)
	current, err := schemaVersion(ctx, pool)
	if err != nil {
		return err
	}
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return fmt.Errorf("migration %s has no number: %w", name, err)
		}
		if version <= current {
			continue
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		for _, statement := range upStatements(string(text)) {
			if err := define(ctx, pool, statement); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// schemaVersion returns the number of the last migration, 0 for none.
func schemaVersion(ctx context.Context, pool *pgxpool.Pool) (version int64, err error) {
	err = pool.QueryRow(ctx, "SELECT COALESCE(MAX(version), 0)::bigint FROM loyalty_schema", pgx.QueryExecModeSimpleProtocol).Scan(&version)
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && refusal.Code == "42P01" {
		return 0, nil // there is no such table yet
	}
	return version, err
}

// define runs a statement that may run again. Two processes that make one table at
// once get in each other's way: the second finds it there when it tries again.
func define(ctx context.Context, pool *pgxpool.Pool, statement string) (err error) {
	for range 3 {
		_, err = pool.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol)
		refusal, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || refusal.Code != "23505" && refusal.Code != "42P07" && judge(err) != again {
			return err
		}
	}
	return err
}

// upStatements returns the statements between "+goose Up" and "+goose Down". A
// statement ends with a semicolon at the end of a line.
func upStatements(text string) []string {
	_, text, _ = strings.Cut(text, "-- +goose Up\n")
	text, _, _ = strings.Cut(text, "-- +goose Down\n")
	var statements []string
	for statement := range strings.SplitSeq(text, ";\n") {
		if statement = strings.TrimSpace(statement); statement != "" {
			statements = append(statements, statement)
		}
	}
	return statements
}
