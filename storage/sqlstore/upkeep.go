package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"

	"github.com/loyaltykit/loyaltykit/storage"
)

// Ack marks events as delivered.
func (e *engine) Ack(ctx context.Context, program string, events []storage.EventID) error {
	err := e.sessions.write(ctx, func(ctx context.Context, s *session) error {
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

// pruning is how far Prune came with operations that no index finds, by program,
// so that a call that reaches its limit does not make the next start again.
type pruning struct {
	mu     sync.Mutex
	places map[string]place
}

// place is what was asked, but for the limit, and the last operation looked at.
type place struct {
	request storage.PruneRequest
	member  string
	version int64
}

func (p *pruning) resume(request storage.PruneRequest) place {
	p.mu.Lock()
	defer p.mu.Unlock()
	request.Limit = 0
	if at, ok := p.places[request.Program]; ok && at.request == request {
		return at
	}
	return place{request: request}
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
	if err := e.sessions.write(ctx, p.events); err != nil {
		return storage.Pruned{}, fmt.Errorf("sqlstore: prune events: %w", err)
	}
	for more := p.operationsWanted(); more && !p.done.More; {
		// Each round is a transaction, so that commits get between.
		if err := e.sessions.write(ctx, func(ctx context.Context, s *session) (err error) {
			more, err = p.operations(ctx, s)
			return err
		}); err != nil {
			return storage.Pruned{}, fmt.Errorf("sqlstore: prune operations: %w", err)
		}
	}
	e.pruning.keep(p.at, p.done.More)
	return p.done, nil
}

// prune is one call of Prune at work.
type prune struct {
	at   place
	left int64
	done storage.Pruned
}

func (p *prune) events(ctx context.Context, s *session) error {
	request := &p.at.request
	if request.EventsBefore.IsZero() {
		return nil
	}
	before := micros(request.EventsBefore)
	n, err := s.exec(ctx, pruneEvents, request.Program, before, p.left)
	p.done.Events = n
	p.left -= n
	if err != nil || p.left > 0 {
		return err
	}
	var one int64
	p.done.More, err = s.one(ctx, hasPrunableEvent, []any{&one}, request.Program, before)
	return err
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
		n, err := s.exec(ctx, addRevision, revision.Program, revision.Number, micros(revision.EffectiveAt),
			blob(revision.Digest), blob(revision.Text))
		if err != nil || n == 1 {
			return err
		}
		var text []byte
		if _, err := s.one(ctx, getRevision, []any{&text}, revision.Program, revision.Number); err != nil {
			return err
		}
		if !bytes.Equal(text, revision.Text) {
			return storage.ErrRevisionExists
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sqlstore: put revision %d of program %q: %w", revision.Number, revision.Program, err)
	}
	return nil
}
