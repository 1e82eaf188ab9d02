package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/pruning"
)

// Ack marks events as delivered.
func (e *engine) Ack(ctx context.Context, program string, events []storage.EventID) error {
	err := e.sessions.write(ctx, func(ctx context.Context, s *session) error {
		if s.server {
			return s.ack(ctx, program, events)
		}
		for _, id := range events {
			_, err := s.exec(ctx, ackEvent, program, storage.Bucket(id.Member), id.Member, id.Version, id.Ordinal)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sqlstore: acknowledge events: %w", err)
	}
	return nil
}

// ack marks events with few statements, in order of their keys.
func (s *session) ack(ctx context.Context, program string, events []storage.EventID) error {
	events = slices.Clone(events)
	slices.SortFunc(events, inOrderOfKey)
	_, err := s.do(ctx, ackEvents, program, eventKeys(events))
	return err
}

func inOrderOfKey(a, b storage.EventID) int {
	return cmp.Or(cmp.Compare(a.Member, b.Member), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Ordinal, b.Ordinal))
}

func eventKeys(events []storage.EventID) []any {
	var keys []any
	for _, id := range events {
		keys = append(keys, storage.Bucket(id.Member), id.Member, id.Version, id.Ordinal)
	}
	return keys
}

// looked is how many operations one statement looks at.
const looked = 1000

// Prune drops what is no longer needed: first events, then bodies and keys of
// operations in order of member and version. A call that reaches the limit goes
// on where the one before stopped, if that asked for the same.
func (e *engine) Prune(ctx context.Context, request storage.PruneRequest) (storage.Pruned, error) {
	p := prune{e.pruning.Begin(request)}
	for more := !request.EventsBefore.IsZero(); more; {
		if err := e.step(ctx, &p, func(ctx context.Context, p *prune, s *session) (err error) {
			more, err = p.events(ctx, s)
			return err
		}); err != nil {
			return storage.Pruned{}, fmt.Errorf("sqlstore: prune events: %w", err)
		}
	}
	for more := p.Operations(); more && !p.Done.More; {
		if err := e.step(ctx, &p, func(ctx context.Context, p *prune, s *session) (err error) {
			more, err = p.operations(ctx, s)
			return err
		}); err != nil {
			return storage.Pruned{}, fmt.Errorf("sqlstore: prune operations: %w", err)
		}
	}
	e.pruning.End(&p.Call)
	return p.Done, nil
}

// step is one transaction of a call of Prune, so that commits get between. If the
// transaction is undone, so is what the call knows of it.
func (e *engine) step(ctx context.Context, p *prune, do func(context.Context, *prune, *session) error) error {
	var next prune
	err := e.sessions.write(ctx, func(ctx context.Context, s *session) error {
		next = *p
		return do(ctx, &next, s)
	})
	if err == nil {
		*p = next
	}
	return err
}

// prune is one call of Prune at work.
type prune struct{ pruning.Call }

// events prunes events, and reports whether there are more to look at.
func (p *prune) events(ctx context.Context, s *session) (more bool, err error) {
	if s.server {
		return p.nextEvents(ctx, s)
	}
	request := &p.Request
	before := micros(request.EventsBefore)
	n, err := s.exec(ctx, pruneEvents, request.Program, before, p.Left())
	if err != nil || n < p.Left() {
		p.DroppedEvents(n, false)
		return false, err
	}
	var one int64
	left, err := s.one(ctx, hasPrunableEvent, []any{&one}, request.Program, before)
	return p.DroppedEvents(n, left), err
}

// nextEvents prunes among the next events that are acknowledged, which servers
// keep in order of their bucket.
func (p *prune) nextEvents(ctx context.Context, s *session) (more bool, err error) {
	request := &p.Request
	var old []storage.EventID
	looks := 0
	err = s.query(ctx, findPrunableEvents, func(rows *sql.Rows) (bool, error) {
		var bucket int
		var id storage.EventID
		var recorded int64
		if err := rows.Scan(&bucket, &id.Member, &id.Version, &id.Ordinal, &recorded); err != nil {
			return false, err
		}
		looks++
		if instant(recorded).Before(request.EventsBefore) {
			if !p.Take() {
				return false, nil
			}
			old = append(old, id)
		}
		p.Bucket, p.Event = bucket, id
		return true, nil
	}, request.Program, p.Bucket, p.Event.Member, p.Event.Version, p.Event.Ordinal, looked)
	if err != nil || len(old) == 0 {
		return looks == looked && !p.Done.More, err
	}
	slices.SortFunc(old, inOrderOfKey)
	n, err := s.do(ctx, dropEvents, request.Program, eventKeys(old))
	p.Done.Events += n
	return looks == looked && !p.Done.More, err
}

// operations prunes among the next operations, and reports whether there are
// more to look at.
func (p *prune) operations(ctx context.Context, s *session) (more bool, err error) {
	var found []pruning.Operation
	n := 0
	err = s.query(ctx, findPrunable, func(rows *sql.Rows) (bool, error) {
		var o pruning.Operation
		var recorded int64
		if err := rows.Scan(&o.Member, &o.Version, &recorded, &o.Key, &o.Body); err != nil {
			return false, err
		}
		n++
		if p.Look(&o, instant(recorded)) || n == looked {
			found = append(found, o)
		}
		return true, nil
	}, p.Request.Program, p.Member, p.Version, looked)
	if err != nil {
		return false, err
	}
	for i := range found {
		if err := p.one(ctx, s, &found[i]); err != nil || p.Done.More {
			return false, err
		}
	}
	return n == looked, nil
}

func (p *prune) one(ctx context.Context, s *session, o *pruning.Operation) error {
	program := p.Request.Program
	return p.Strip(o, func() error {
		_, err := s.exec(ctx, pruneBody, program, o.Member, o.Version)
		return err
	}, func() error {
		_, err := s.exec(ctx, pruneKey, storage.FreedKey(o.Version), program, o.Member, o.Version)
		return err
	})
}

// Revisions lists a program's revisions in order of number.
func (e *engine) Revisions(ctx context.Context, program string) ([]storage.Revision, error) {
	var revisions []storage.Revision
	err := e.sessions.read(ctx, func(ctx context.Context, s *session) error {
		revisions = nil
		return s.query(ctx, listRevisions, func(rows *sql.Rows) (bool, error) {
			revision, err := scanRevision(rows, program)
			revisions = append(revisions, revision)
			return true, err
		}, program)
	})
	if err != nil {
		return nil, wrap("revisions", unmigrated(err))
	}
	return revisions, nil
}

// PutRevision writes a revision once.
func (e *engine) PutRevision(ctx context.Context, revision storage.Revision) error {
	err := e.sessions.write(ctx, func(ctx context.Context, s *session) error {
		if s.widest != nil && len(revision.Program) > s.widest.program {
			return fitsIn(s.widest.program, "program", revision.Program)
		}
		n, err := s.exec(ctx, addRevision, revision.Program, revision.Number, micros(revision.EffectiveAt),
			blob(revision.Digest), blob(revision.Text))
		return refusedUnless(n == 1, err)
	})
	if errors.Is(err, errRefused) {
		err = e.sessions.read(ctx, func(ctx context.Context, s *session) error { return s.same(ctx, &revision) })
	}
	if err != nil {
		return fmt.Errorf("sqlstore: put revision %d of program %q: %w", revision.Number, revision.Program, unmigrated(err))
	}
	return nil
}

// same reports storage.ErrRevisionExists unless the number has this text.
func (s *session) same(ctx context.Context, revision *storage.Revision) error {
	var text []byte
	found, err := s.one(ctx, getRevision, []any{&text}, revision.Program, revision.Number)
	switch {
	case err != nil:
		return err
	case !found:
		// It came after the state that the host's transaction sees.
		return storage.ErrRetryTransaction
	case !bytes.Equal(text, revision.Text):
		return storage.ErrRevisionExists
	default:
		return nil
	}
}
