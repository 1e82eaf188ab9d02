package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

//go:embed migrations
var migrations embed.FS

// Migrations returns the dialect's migrations as numbered SQL files in the layout
// of goose, for hosts that run all their migrations with a tool of their own.
// Hosts that do not, call [Migrate].
func Migrations(dialect Dialect) (fs.FS, error) {
	if _, err := dialect.grammar(); err != nil {
		return nil, err
	}
	return fs.Sub(migrations, "migrations/"+dialect.String())
}

const versionTable = "CREATE TABLE IF NOT EXISTS loyalty_schema (version INTEGER NOT NULL PRIMARY KEY)"

// Migrate brings the tables of a database up to date. It may run any number of
// times and in several processes at once: a database that is up to date is only
// read, also where goose has run the files of [Migrations].
//
// In SQLite it is one transaction. Servers commit every statement by itself, and
// each may run again, so that a run that was cut off is resumed by the next.
func Migrate(ctx context.Context, db *sql.DB, dialect Dialect) (err error) {
	g, err := dialect.grammar()
	if err != nil {
		return err
	}
	steps, err := readSteps(dialect)
	if err != nil {
		return err
	}
	if g.server {
		if err := migrateServer(ctx, db, g, steps); err != nil {
			return fmt.Errorf("sqlstore: migrate: %w", err)
		}
		return nil
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("sqlstore: migrate: %w", err)
	}
	s := newSession(g, conn)
	defer func() { err = errors.Join(err, s.close()) }()
	if version, err := s.schemaVersion(ctx); err == nil && version >= steps[len(steps)-1].version {
		return nil
	}
	if err := transact(ctx, s, g.beginWrite, func(ctx context.Context, s *session) error {
		return s.migrate(ctx, steps)
	}); err != nil {
		return fmt.Errorf("sqlstore: migrate: %w", err)
	}
	return nil
}

func (s *session) migrate(ctx context.Context, steps []step) error {
	if _, err := s.on.ExecContext(ctx, versionTable); err != nil {
		return err
	}
	current, err := s.schemaVersion(ctx)
	if err != nil {
		return err
	}
	for _, step := range steps {
		if step.version <= current {
			continue
		}
		for _, statement := range step.up {
			if _, err := s.on.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", step.name, err)
			}
		}
		if _, err := s.on.ExecContext(ctx, "INSERT INTO loyalty_schema (version) VALUES (?)", step.version); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// schemaVersion returns the number of the last migration, 0 for none.
func (s *session) schemaVersion(ctx context.Context) (version int64, err error) {
	rows, err := s.on.QueryContext(ctx, "SELECT COALESCE(MAX(version), 0) FROM loyalty_schema")
	if err != nil {
		return 0, err
	}
	for rows.Next() {
		if err := rows.Scan(&version); err != nil {
			return 0, errors.Join(err, rows.Close())
		}
	}
	return version, errors.Join(rows.Err(), rows.Close())
}

// step is one migration.
type step struct {
	name    string
	version int64
	up      []string
}

func readSteps(dialect Dialect) ([]step, error) {
	files, err := Migrations(dialect)
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	steps := make([]step, len(names))
	for i, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("sqlstore: migration %s has no number: %w", name, err)
		}
		steps[i] = step{name: name, version: version, up: upStatements(string(text))}
	}
	return steps, nil
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
