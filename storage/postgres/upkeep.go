package postgres

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/pruning"
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
		if err == nil || e.bound || !hopeful(err, try) || e.database.wait(ctx, try) != nil {
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
	events = slices.SortedFunc(slices.Values(events), inOrderOfKey) // so that two calls do not wait for each other
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

func inOrderOfKey(a, b storage.EventID) int {
	return cmp.Or(cmp.Compare(a.Member, b.Member), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Ordinal, b.Ordinal))
}

// looked is how many operations one statement looks at.
const looked = 500

// Prune drops what is no longer needed: first events, then bodies and keys of
// operations in order of member and version. A call that reaches the limit goes
// on where the one before stopped, if that asked for the same.
func (e *engine) Prune(ctx context.Context, request storage.PruneRequest) (storage.Pruned, error) {
	p := prune{engine: e, Call: e.pruning.Begin(request)}
	err := p.events(ctx)
	for more := p.Operations(); err == nil && more && !p.Done.More; {
		more, err = p.operations(ctx)
	}
	if err != nil {
		return storage.Pruned{}, fmt.Errorf("postgres: prune: %w", err)
	}
	e.pruning.End(&p.Call)
	return p.Done, nil
}

// prune is one call of Prune at work.
type prune struct {
	pruning.Call
	engine *engine
}

// eventsAtOnce is how many events one transaction drops.
const eventsAtOnce = 500

func (p *prune) events(ctx context.Context) error {
	request := &p.Request
	if request.EventsBefore.IsZero() {
		return nil
	}
	before := rowcodec.Micros(request.EventsBefore)
	for {
		// One more is looked for than may go, to know whether there is more.
		var found, dropped int64
		most := min(p.Left(), eventsAtOnce)
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
		if !p.DroppedEvents(dropped, found > 0) {
			return nil
		}
	}
}

// operations prunes among the next operations, and reports whether there are
// more to look at.
func (p *prune) operations(ctx context.Context) (more bool, err error) {
	var found []pruning.Operation
	n := 0
	look := &trip{}
	look.forget(func() { found, n = nil, 0 })
	look.query(func(r *row) error {
		o := pruning.Operation{Member: r.text(), Version: r.integer()}
		recorded := r.instant()
		o.Key = r.text()
		o.Body = r.integer() != 0
		n++
		if p.Look(&o, recorded) || n == looked {
			found = append(found, o)
		}
		return nil
	}, findPrunable, p.Request.Program, p.Member, p.Version, int64(looked))
	if err := p.engine.database.read(ctx, look); err != nil {
		return false, err
	}
	before := p.Call
	t := &trip{}
	for i := range found {
		if p.one(t, &found[i]); p.Done.More {
			break
		}
	}
	if len(t.statements) > 0 {
		if err := p.engine.store(ctx, t); err != nil {
			p.Call = before
			return false, err
		}
	}
	return n == looked, nil
}

func (p *prune) one(t *trip, o *pruning.Operation) {
	program := p.Request.Program
	_ = p.Strip(o, func() error {
		t.exec(pruneBody, program, o.Member, o.Version)
		return nil
	}, func() error {
		t.exec(pruneKey, program, o.Member, o.Version, storage.FreedKey(o.Version), o.Key)
		return nil
	}) // which only adds statements
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
		return nil, wrap("revisions", unmigrated(err))
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
		return fmt.Errorf("postgres: put revision %d of program %q: %w", revision.Number, revision.Program, unmigrated(err))
	}
	return nil
}
