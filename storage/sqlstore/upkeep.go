package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/loyaltykit/loyaltykit/storage"
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
		keys = append(keys, id.Member, id.Version, id.Ordinal)
	}
	return keys
}

// pruning is how far Prune came with rows that no index finds, by program, so that
// a call that reaches its limit does not make the next start again.
type pruning struct {
	mu     sync.Mutex
	places map[string]place
}

// place is what was asked, but for the limit, and the last operation and event
// looked at.
type place struct {
	request storage.PruneRequest
	member  string
	version int64
	bucket  int
	event   storage.EventID
}

func (p *pruning) resume(request storage.PruneRequest) place {
	p.mu.Lock()
	defer p.mu.Unlock()
	request.Limit = 0
	if at, ok := p.places[request.Program]; ok && at.request == request {
		return at
	}
	return place{request: request, bucket: -1}
}

func (p *pruning) keep(at place, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !more {
		delete(p.places, at.request.Program)
		return
	}
	if p.places == nil {
		p.places = map[string]place{}
	}
	p.places[at.request.Program] = at
}

// looked is how many operations one statement looks at.
const looked = 1000

// Prune drops what is no longer needed: first events, then bodies and keys of
// operations in order of member and version. A call that reaches the limit goes
// on where the one before stopped, if that asked for the same.
func (e *engine) Prune(ctx context.Context, request storage.PruneRequest) (storage.Pruned, error) {
	limit := request.Limit
	if limit <= 0 {
		limit = 1000
	}
	p := prune{at: e.pruning.resume(request), left: int64(limit)}
	for more := !request.EventsBefore.IsZero(); more; {
		if err := e.step(ctx, &p, func(ctx context.Context, p *prune, s *session) (err error) {
			more, err = p.events(ctx, s)
			return err
		}); err != nil {
			return storage.Pruned{}, fmt.Errorf("sqlstore: prune events: %w", err)
		}
	}
	for more := p.operationsWanted(); more && !p.done.More; {
		if err := e.step(ctx, &p, func(ctx context.Context, p *prune, s *session) (err error) {
			more, err = p.operations(ctx, s)
			return err
		}); err != nil {
			return storage.Pruned{}, fmt.Errorf("sqlstore: prune operations: %w", err)
		}
	}
	e.pruning.keep(p.at, p.done.More)
	return p.done, nil
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
type prune struct {
	at   place
	left int64
	done storage.Pruned
}

// events prunes events, and reports whether there are more to look at.
func (p *prune) events(ctx context.Context, s *session) (more bool, err error) {
	if s.server {
		return p.nextEvents(ctx, s)
	}
	request := &p.at.request
	before := micros(request.EventsBefore)
	n, err := s.exec(ctx, pruneEvents, request.Program, before, p.left)
	p.done.Events = n
	p.left -= n
	if err != nil || p.left > 0 {
		return false, err
	}
	var one int64
	p.done.More, err = s.one(ctx, hasPrunableEvent, []any{&one}, request.Program, before)
	return false, err
}

// nextEvents prunes among the next events that are acknowledged, which servers
// keep in order of their bucket.
func (p *prune) nextEvents(ctx context.Context, s *session) (more bool, err error) {
	request, at := &p.at.request, &p.at
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
			if !p.take() {
				return false, nil
			}
			old = append(old, id)
		}
		at.bucket, at.event = bucket, id
		return true, nil
	}, request.Program, at.bucket, at.event.Member, at.event.Version, at.event.Ordinal, looked)
	if err != nil || len(old) == 0 {
		return looks == looked && !p.done.More, err
	}
	slices.SortFunc(old, inOrderOfKey)
	n, err := s.do(ctx, dropEvents, request.Program, eventKeys(old))
	p.done.Events += n
	return looks == looked && !p.done.More, err
}

func (p *prune) operationsWanted() bool {
	return !p.at.request.BodiesBefore.IsZero() || !p.at.request.KeysBefore.IsZero()
}

// prunable is what an operation could lose.
type prunable struct {
	member    string
	version   int64
	body, key bool
}

// operations prunes among the next operations, and reports whether there are
// more to look at.
func (p *prune) operations(ctx context.Context, s *session) (more bool, err error) {
	request := &p.at.request
	var found []prunable
	n := 0
	err = s.query(ctx, findPrunable, func(rows *sql.Rows) (bool, error) {
		var o prunable
		var recorded int64
		var key string
		if err := rows.Scan(&o.member, &o.version, &recorded, &key, &o.body); err != nil {
			return false, err
		}
		n++
		at := instant(recorded)
		o.body = o.body && at.Before(request.BodiesBefore)
		o.key = at.Before(request.KeysBefore) && !strings.HasPrefix(key, storage.ReservedPrefix)
		if o.body || o.key || n == looked {
			found = append(found, o)
		}
		return true, nil
	}, request.Program, p.at.member, p.at.version, looked)
	if err != nil {
		return false, err
	}
	for _, o := range found {
		if err := p.one(ctx, s, o); err != nil || p.done.More {
			return false, err
		}
		p.at.member, p.at.version = o.member, o.version
	}
	return n == looked, nil
}

func (p *prune) one(ctx context.Context, s *session, o prunable) error {
	if o.body && p.take() {
		if _, err := s.exec(ctx, pruneBody, p.at.request.Program, o.member, o.version); err != nil {
			return err
		}
		p.done.Bodies++
	}
	if o.key && p.take() {
		_, err := s.exec(ctx, pruneKey, storage.FreedKey(o.version), p.at.request.Program, o.member, o.version)
		if err != nil {
			return err
		}
		p.done.Keys++
	}
	return nil
}

// take reports whether one more row may change, and notes that there is more if
// not.
func (p *prune) take() bool {
	if p.left == 0 {
		p.done.More = true
		return false
	}
	p.left--
	return true
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
		return nil, wrap("revisions", err)
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
		return fmt.Errorf("sqlstore: put revision %d of program %q: %w", revision.Number, revision.Program, err)
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
