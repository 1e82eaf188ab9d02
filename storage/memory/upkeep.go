package memory

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/storage"
)

// Ack marks events as delivered.
func (s *Store) Ack(ctx context.Context, program string, events []storage.EventID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.programs[program]
	if p == nil {
		return nil
	}
	for _, id := range events {
		if a := p.accounts[id.Member]; a != nil {
			p.ack(a, id)
		}
	}
	return nil
}

func (p *program) ack(a *account, id storage.EventID) {
	e, ok := a.pending.remove(eventRef{version: id.Version, ordinal: id.Ordinal})
	if !ok {
		return
	}
	a.acked.put(e)
	if a.pending.empty() {
		p.buckets[a.bucket].remove(a)
	}
}

// pruning is how far a Prune came: what it was asked, but for the limit, and the
// member it had not finished.
type pruning struct {
	request storage.PruneRequest
	member  string
}

// Prune drops what is no longer needed. A call that reaches the limit goes on
// where the one before stopped, if that asked for the same.
func (s *Store) Prune(ctx context.Context, request storage.PruneRequest) (storage.Pruned, error) {
	if err := ctx.Err(); err != nil {
		return storage.Pruned{}, err
	}
	limit := int64(request.Limit)
	if limit <= 0 {
		limit = 1000
	}
	request.Limit = 0
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.programs[request.Program]
	if p == nil {
		return storage.Pruned{}, nil
	}
	var start string
	if p.pruning.request == request {
		start = p.pruning.member
	}
	p.pruning = pruning{}
	step := prune{request: request, left: limit}
	for a := range p.members.from(func(a *account) bool { return a.row.Member < start }) {
		step.account(a)
		if step.done.More {
			p.pruning = pruning{request: request, member: a.row.Member}
			break
		}
	}
	return step.done, nil
}

// prune is one call of Prune at work.
type prune struct {
	request storage.PruneRequest
	left    int64
	done    storage.Pruned
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

func (p *prune) account(a *account) {
	p.events(a)
	for i := range a.history {
		if p.done.More {
			return
		}
		p.operation(a, int64(i+1))
	}
}

func (p *prune) events(a *account) {
	var drop []eventRef
	for e := range a.acked.all() {
		if !time.UnixMicro(e.recorded).Before(p.request.EventsBefore) {
			continue
		}
		if !p.take() {
			break
		}
		drop = append(drop, e)
	}
	for _, e := range drop {
		a.acked.remove(e)
		a.editEvents(e.version, func(events []storage.Event) []storage.Event {
			return slices.DeleteFunc(events, func(x storage.Event) bool { return x.Ordinal == e.ordinal })
		})
	}
	p.done.Events += int64(len(drop))
}

func (p *prune) operation(a *account, number int64) {
	recorded, own, hasBody := a.version(number).peek()
	reserved := strings.HasPrefix(own, storage.ReservedPrefix)
	body := hasBody && recorded.Before(p.request.BodiesBefore) && p.take()
	key := !reserved && recorded.Before(p.request.KeysBefore) && p.take()
	if !body && !key {
		return
	}
	a.editOperation(number, func(op *storage.Operation) {
		if body {
			op.Command, op.Receipt = nil, nil
			p.done.Bodies++
		}
		if key {
			op.Key = storage.FreedKey(number)
			p.done.Keys++
		}
	})
}

// Revisions lists a program's revisions in order of number.
func (s *Store) Revisions(ctx context.Context, program string) ([]storage.Revision, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.programs[program]
	if p == nil {
		return nil, nil
	}
	var revisions []storage.Revision
	for r := range p.revisions.all() {
		revisions = append(revisions, copyRevision(r))
	}
	return revisions, nil
}

// PutRevision writes a revision once.
func (s *Store) PutRevision(ctx context.Context, revision storage.Revision) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.program(revision.Program)
	row := copyRevision(&revision)
	stored, found := p.revisions.first(func(r *storage.Revision) bool { return r.Number < row.Number })
	if !found || stored.Number != row.Number {
		p.revisions.put(&row)
		return nil
	}
	if !bytes.Equal(stored.Text, row.Text) {
		return fmt.Errorf("%w: revision %d of program %q", storage.ErrRevisionExists, row.Number, row.Program)
	}
	return nil
}
