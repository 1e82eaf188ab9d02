package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// sender sends statements together: a connection, or the host's transaction.
type sender interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// asker sends statements together, or one by itself.
type asker interface {
	sender
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// trip is what goes to the server and back at once. It may be made again.
type trip struct {
	statements []statement
	// resets forget what an earlier try has read.
	resets []func()
	// spread is set where each lookup names one account, claim or counter.
	spread bool
}

type statement struct {
	sql  string
	args []any
	// read takes the rows; it is nil for a statement without.
	read func(*row) error
	// tag is the command tag that the statement must have, "" for any.
	tag string
}

// exec adds a statement without rows.
func (t *trip) exec(sql string, args ...any) {
	t.statements = append(t.statements, statement{sql: sql, args: args})
}

// query adds a statement whose rows read takes.
func (t *trip) query(read func(*row) error, sql string, args ...any) {
	t.statements = append(t.statements, statement{sql: sql, args: args, read: read})
}

// forget has something forgotten before each try.
func (t *trip) forget(reset func()) { t.resets = append(t.resets, reset) }

// within returns a trip with a statement before and one after. A COMMIT that was a
// rollback in truth says so by its tag.
func (t *trip) within(before, after, tag string) *trip {
	all := make([]statement, 0, len(t.statements)+2)
	all = append(all, statement{sql: before})
	all = append(all, t.statements...)
	return &trip{statements: append(all, statement{sql: after, tag: tag}), resets: t.resets}
}

// put adds the insertion of rows, if there are any.
func (t *trip) put(a *arguments) {
	if len(a.args) > 0 {
		sql, args := a.statement()
		t.exec(sql, args...)
	}
}

// find adds a lookup of keys, if there are any: one for all, or on a spread database one
// for each key, since a join with a list of keys names no place. The read gets the place
// of the key in a, from 0.
func (t *trip) find(a *arguments, read func(r *row, place int)) {
	switch {
	case len(a.args) == 0:
	case t.spread && a.rows() > 1:
		width := len(a.shape.columns)
		for place := range a.rows() {
			one := &arguments{shape: a.shape, args: a.args[place*width : (place+1)*width]}
			t.findAll(one, func(r *row, _ int) { read(r, place) })
		}
	default:
		t.findAll(a, read)
	}
}

func (t *trip) findAll(a *arguments, read func(r *row, place int)) {
	sql, args := a.statement()
	t.query(func(r *row) error {
		place := int(r.integer()) - 1
		if place < 0 || place >= a.rows() {
			return fmt.Errorf("the server answers key %d of %d", place+1, a.rows())
		}
		read(r, place)
		return nil
	}, sql, args...)
}

// errTag reports a COMMIT that was none.
var errTag = errors.New("the server ended the transaction in another way")

// send makes the trip. It returns how many statements were answered well.
func (t *trip) send(ctx context.Context, on sender) (done int, err error) {
	for _, reset := range t.resets {
		reset()
	}
	queued := make([]pgx.QueuedQuery, len(t.statements))
	batch := &pgx.Batch{QueuedQueries: make([]*pgx.QueuedQuery, len(queued))}
	for i := range queued {
		queued[i].SQL, queued[i].Arguments = t.statements[i].sql, t.statements[i].args
		batch.QueuedQueries[i] = &queued[i]
	}
	results := on.SendBatch(ctx, batch)
	for i := range t.statements {
		if err := t.statements[i].finish(results); err != nil {
			if expected(err) {
				// Nothing is wrong with the statements: without their names pgx
				// does not prepare all of them again.
				batch.QueuedQueries = nil
			}
			_ = results.Close()
			return i, err
		}
	}
	return len(t.statements), results.Close()
}

// ask makes a trip that only reads. A statement that is alone needs no pipeline.
func (t *trip) ask(ctx context.Context, on asker) error {
	if len(t.statements) != 1 || t.statements[0].read == nil {
		_, err := t.send(ctx, on)
		return err
	}
	for _, reset := range t.resets {
		reset()
	}
	only := &t.statements[0]
	rows, err := on.Query(ctx, only.sql, only.args...)
	if err != nil {
		return err
	}
	return only.take(rows)
}

func (s *statement) finish(results pgx.BatchResults) error {
	if s.read == nil {
		tag, err := results.Exec()
		if err == nil && s.tag != "" && tag.String() != s.tag {
			return fmt.Errorf("%w: %q", errTag, tag)
		}
		return err
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	return s.take(rows)
}

// take reads all rows of an answer, one after the other into the same row.
func (s *statement) take(rows pgx.Rows) error {
	defer rows.Close()
	r := row{fields: rows.FieldDescriptions()}
	for rows.Next() {
		r.values, r.next = rows.RawValues(), 0
		if err := s.read(&r); err != nil {
			return err
		}
		if r.err != nil {
			return r.err
		}
	}
	rows.Close()
	return rows.Err()
}
