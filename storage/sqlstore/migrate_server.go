package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// migrateServer runs steps that the database has not seen. Their last statement
// notes the step, so that a migration tool that runs the file notes it as well.
func migrateServer(ctx context.Context, db *sql.DB, g *grammar, steps []step) error {
	p := newPool(db, g, true)
	s := &session{grammar: g, on: db}
	// Without the table there is no version, and that is an error here.
	current, err := s.schemaVersion(ctx)
	if err != nil {
		current = 0
	}
	for _, step := range steps {
		if step.version <= current {
			continue
		}
		for _, statement := range step.up {
			if err := p.define(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", step.name, err)
			}
		}
	}
	return nil
}

// define runs a statement that may run again, once more where another process ran
// it at the same moment.
func (p *pool) define(ctx context.Context, statement string) error {
	for n := 1; ; n++ {
		_, err := p.db.ExecContext(ctx, statement)
		if err == nil || n == tries || !meanwhile(err) && p.grammar.fails(err) == final {
			return err
		}
		if stopped := p.pause(ctx, n); stopped != nil {
			return fmt.Errorf("%w after %w", stopped, err)
		}
	}
}

// meanwhile reports that another process has made what a statement wanted to
// make: run again, it finds that there is nothing to do.
func meanwhile(err error) bool {
	if state := sqlState(err); state != "" {
		return slices.Contains([]string{"42P07", "42710", "XX000"}, state)
	}
	return slices.Contains([]string{"1050", "1061", "1684", "1412"}, mysqlCode(err))
}
