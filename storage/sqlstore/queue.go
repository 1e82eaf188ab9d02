package sqlstore

import (
	"context"
	"strings"
)

// chunk is how many rows one statement inserts where many are queued.
const chunk = 16

// queue holds rows that wait to be inserted together.
type queue struct {
	// args holds the arguments of rows, one row after the other.
	args []any
	rows int
}

// put inserts a row, at once or, while the session queues, with others. If a row
// stands in its way it returns errRefused, then or from flush.
func (s *session) put(ctx context.Context, id statement, args ...any) error {
	if !s.queueing {
		n, err := s.exec(ctx, id, args...)
		return refusedUnless(n == 1, err)
	}
	q := &s.queues[id]
	q.args = append(q.args, args...)
	q.rows++
	if q.rows < chunk {
		return nil
	}
	n, err := s.exec(ctx, id+many, q.args...)
	rows := int64(q.rows)
	q.empty()
	return refusedUnless(n == rows, err)
}

// flush inserts what is queued.
func (s *session) flush(ctx context.Context) error {
	if !s.queueing {
		return nil
	}
	for id := range s.queues {
		q := &s.queues[id]
		for row := range q.rows {
			width := len(q.args) / q.rows
			n, err := s.exec(ctx, statement(id), q.args[row*width:(row+1)*width]...)
			if err := refusedUnless(n == 1, err); err != nil {
				return err
			}
		}
		q.empty()
	}
	return nil
}

// queue makes put collect rows, or not any more. What is queued is forgotten.
func (s *session) queue(on bool) {
	s.queueing = on
	for id := range s.queues {
		s.queues[id].empty()
	}
}

func (q *queue) empty() {
	clear(q.args)
	q.args, q.rows = q.args[:0], 0
}

// times makes an INSERT of one row into one of n rows. If it fails, the whole
// transaction is rolled back: OR FAIL spares SQLite the means to undo the
// statement alone.
func times(insert string, n int) string {
	insert = strings.Replace(insert, "INSERT INTO", "INSERT OR FAIL INTO", 1)
	head, rest, _ := strings.Cut(insert, " VALUES ")
	row, tail, _ := strings.Cut(rest, ")")
	row += ")"
	return head + " VALUES " + strings.Repeat(row+", ", n-1) + row + tail
}
