package postgres

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/rowcodec"
)

const (
	ackEvent = "UPDATE loyalty_events SET acked = 1" + ofAccount + " AND version = $3 AND ordinal = $4 AND acked = 0"

	pruneEvents = "DELETE FROM loyalty_events WHERE program = $1 AND acked = 1 AND recorded_at < $2 AND (member, version, ordinal) IN" +
		" (SELECT member, version, ordinal FROM loyalty_events WHERE program = $1 AND acked = 1 AND recorded_at < $2 LIMIT $3)"
	findPrunable = "SELECT member, version, recorded_at, idem_key," +
		" CASE WHEN command IS NOT NULL OR receipt IS NOT NULL THEN 1 ELSE 0 END" +
		" FROM loyalty_operations WHERE program = $1 AND (member, version) > ($2, $3) ORDER BY member, version LIMIT $4"
	pruneBody = "UPDATE loyalty_operations SET command = NULL, receipt = NULL" + ofAccount + " AND version = $3"
	pruneKey  = "UPDATE loyalty_operations SET idem_key = $4" + ofAccount + " AND version = $3 AND idem_key = $5"

	addRevision = "INSERT INTO loyalty_revisions (program, number, effective_at, digest, text) VALUES ($1, $2, $3, $4, $5)" +
		" ON CONFLICT (program, number) DO NOTHING"
	getRevision   = "SELECT text FROM loyalty_revisions WHERE program = $1 AND number = $2"
	listRevisions = "SELECT number, effective_at, digest, text FROM loyalty_revisions WHERE program = $1 ORDER BY number"
)

// store makes a trip that writes the same however often it is made, and repeats it
// where the server gave up.
func (e *engine) store(ctx context.Context, t *trip) error {
	for try := 0; ; try++ {
		err := e.database.commit(ctx, t)
		if err == nil || e.bound || try == e.database.retries() || judge(err) != again && judge(err) != lost {
			return err
		}
		if e.database.wait(ctx, try) != nil {
			return err
		}
	}
}

// acked is how many events one transaction marks.
const acked = 500

// Ack marks events as delivered.
func (e *engine) Ack(ctx context.Context, program string, events []storage.EventID) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("postgres: acknowledge events: %w", err)
	}
	for from := 0; from < len(events); from += acked {
		t := &trip{}
		for _, id := range events[from:min(from+acked, len(events))] {
			t.exec(ackEvent, program, id.Member, id.Version, int64(id.Ordinal))
		}
		if err := e.store(ctx, t); err != nil {
			return fmt.Errorf("postgres: acknowledge events: %w", err)
		}
	}
	return nil
}

// pruning is how far Prune came with operations, by program, so that a call that
// reaches its limit does not make the next start again.
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
const looked = 500

// Prune drops what is no longer needed: first events, then bodies and keys of
// operations in order of member and version. A call that reaches the limit goes
// on where the one before stopped, if that asked for the same.
func (e *engine) Prune(ctx context.Context, request storage.PruneRequest) (storage.Pruned, error) {
	limit := request.Limit
	if limit <= 0 {
		limit = 1000
	}
	p := prune{engine: e, at: e.pruning.resume(request), left: int64(limit)}
	err := p.events(ctx)
	for more := p.operationsWanted(); err == nil && more && !p.done.More; {
		more, err = p.operations(ctx)
	}
	if err != nil {
		return storage.Pruned{}, fmt.Errorf("postgres: prune: %w", err)
	}
	e.pruning.keep(p.at, p.done.More)
	return p.done, nil
}

// prune is one call of Prune at work.
type prune struct {
	engine *engine
	at     place
	left   int64
	done   storage.Pruned
}

// eventsAtOnce is how many events one transaction drops.
const eventsAtOnce = 500

func (p *prune) events(ctx context.Context) error {
	request := &p.at.request
	if request.EventsBefore.IsZero() {
		return nil
	}
	before := rowcodec.Micros(request.EventsBefore)
	for {
		// One more is looked for than may go, to know whether there is more.
		var found, dropped int64
		most := min(p.left, eventsAtOnce)
		t := &trip{}
		t.query(func(r *row) error {
			dropped = r.integer()
			return nil
		}, "WITH done AS ("+pruneEvents+" RETURNING 1) SELECT count(*) FROM done", request.Program, before, most)
		t.query(func(r *row) error {
			found = r.integer()
			return nil
		}, "SELECT count(*) FROM (SELECT 1 FROM loyalty_events WHERE program = $1 AND acked = 1 AND recorded_at < $2 LIMIT 1) AS one",
			request.Program, before)
		if err := p.engine.store(ctx, t); err != nil {
			return err
		}
		p.done.Events += dropped
		p.left -= dropped
		if p.done.More = found > 0 && p.left == 0; p.done.More || found == 0 {
			return nil
		}
	}
}

func (p *prune) operationsWanted() bool {
	return !p.at.request.BodiesBefore.IsZero() || !p.at.request.KeysBefore.IsZero()
}

// prunable is what an operation could lose.
type prunable struct {
	member    string
	version   int64
	key       string
	body, own bool
}

// operations prunes among the next operations, and reports whether there are
// more to look at.
func (p *prune) operations(ctx context.Context) (more bool, err error) {
	request := &p.at.request
	var found []prunable
	n := 0
	look := &trip{}
	look.forget(func() { found, n = nil, 0 })
	look.query(func(r *row) error {
		o := prunable{member: r.text(), version: r.integer()}
		at := r.instant()
		o.key = r.text()
		n++
		o.body = r.integer() != 0 && at.Before(request.BodiesBefore)
		o.own = at.Before(request.KeysBefore) && !strings.HasPrefix(o.key, storage.ReservedPrefix)
		if o.body || o.own || n == looked {
			found = append(found, o)
		}
		return nil
	}, findPrunable, request.Program, p.at.member, p.at.version, int64(looked))
	if err := p.engine.database.read(ctx, look); err != nil {
		return false, err
	}
	before := *p
	t := &trip{}
	for _, o := range found {
		if p.one(t, o); p.done.More {
			break
		}
		p.at.member, p.at.version = o.member, o.version
	}
	if len(t.statements) > 0 {
		if err := p.engine.store(ctx, t); err != nil {
			*p = before
			return false, err
		}
	}
	return n == looked, nil
}

func (p *prune) one(t *trip, o prunable) {
	if o.body && p.take() {
		t.exec(pruneBody, p.at.request.Program, o.member, o.version)
		p.done.Bodies++
	}
	if o.own && p.take() {
		t.exec(pruneKey, p.at.request.Program, o.member, o.version, storage.FreedKey(o.version), o.key)
		p.done.Keys++
	}
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
	t := &trip{}
	t.forget(func() { revisions = nil })
	t.query(func(r *row) error {
		revisions = append(revisions, readRevision(r, program))
		return nil
	}, listRevisions, program)
	if err := e.database.read(ctx, t); err != nil {
		return nil, wrap("revisions", err)
	}
	return revisions, nil
}

// PutRevision writes a revision once.
func (e *engine) PutRevision(ctx context.Context, revision storage.Revision) error {
	var text []byte
	t := &trip{}
	t.exec(addRevision, revision.Program, revision.Number, rowcodec.Micros(revision.EffectiveAt), blob(revision.Digest),
		blob(revision.Text))
	t.query(func(r *row) error {
		text = r.bytes()
		return nil
	}, getRevision, revision.Program, revision.Number)
	err := e.store(ctx, t)
	if err == nil && !bytes.Equal(text, revision.Text) {
		err = storage.ErrRevisionExists
	}
	if err != nil {
		return fmt.Errorf("postgres: put revision %d of program %q: %w", revision.Number, revision.Program, err)
	}
	return nil
}
