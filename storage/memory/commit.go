package memory

import (
	"context"
	"fmt"
	"math"

	"github.com/loyaltykit/loyaltykit/storage"
)

// Commit stores batches, each with its own outcome.
func (s *Store) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for i := range batches {
		if err := batches[i].Validate(); err != nil {
			return nil, fmt.Errorf("memory: commit batch %d of %d: %w", i+1, len(batches), err)
		}
	}
	outcomes := make([]storage.Outcome, len(batches))
	s.mu.Lock()
	defer s.mu.Unlock()
	var chains storage.Chains
	for i := range batches {
		outcomes[i] = s.commit(&batches[i], chains.Broken(&batches[i]))
		chains.Ended(&batches[i], outcomes[i].Status)
	}
	return outcomes, nil
}

// commit stores a batch. One that builds on a failed one is broken.
func (s *Store) commit(batch *storage.Batch, broken bool) storage.Outcome {
	if batch.Rows() > maxRows || batch.Bytes() > maxBytes {
		return storage.Outcome{Status: storage.TooLarge}
	}
	p := s.program(batch.Program)
	status := p.checkLegs(batch.Legs)
	if status == storage.OK && broken {
		status = storage.Conflict
	}
	if status != storage.OK {
		return storage.Outcome{Status: status}
	}
	if claim, ok := p.checkClaims(batch.Claims); !ok {
		return storage.Outcome{Status: storage.Claimed, Claim: claim}
	}
	if counter, ok := p.checkCounters(batch.Counters); !ok {
		return storage.Outcome{Status: storage.BoundExceeded, Counter: counter}
	}
	p.apply(batch)
	return storage.Outcome{Status: storage.OK}
}

func (p *program) checkLegs(legs []storage.Leg) storage.Status {
	status := storage.OK
	for i := range legs {
		leg := &legs[i]
		var version int64
		if a := p.accounts[leg.Account.Member]; a != nil {
			if _, used := a.keys[leg.Operation.Key]; used {
				return storage.DuplicateKey
			}
			version = a.row.Version
		}
		if version != leg.Expect {
			status = storage.Conflict
		}
	}
	return status
}

func (p *program) checkClaims(changes []storage.ClaimChange) (storage.Claim, bool) {
	for i := range changes {
		c := &changes[i]
		holder, held := p.claims[c.ClaimKey]
		if held != c.Release || held && holder != c.Holder {
			return storage.Claim{Program: p.id, Space: c.Space, Key: c.Key, Holder: holder}, false
		}
	}
	return storage.Claim{}, true
}

func (p *program) checkCounters(changes []storage.CounterChange) (storage.Counter, bool) {
	for i := range changes {
		c := &changes[i]
		used := p.counters[c.CounterKey]
		overflows := c.Delta > 0 && used > math.MaxInt64-c.Delta
		if overflows || used+c.Delta < 0 || c.Delta > 0 && used+c.Delta > c.Bound {
			return storage.Counter{Program: p.id, Key: c.Key, Shard: c.Shard, Used: used}, false
		}
	}
	return storage.Counter{}, true
}

func (p *program) apply(batch *storage.Batch) {
	for i := range batch.Legs {
		p.applyLeg(&batch.Legs[i])
	}
	for i := range batch.Claims {
		if c := &batch.Claims[i]; c.Release {
			delete(p.claims, c.ClaimKey)
		} else {
			p.claims[c.ClaimKey] = c.Holder
		}
	}
	for i := range batch.Counters {
		p.counters[batch.Counters[i].CounterKey] += batch.Counters[i].Delta
	}
}

func (p *program) applyLeg(leg *storage.Leg) {
	a := p.accounts[leg.Account.Member]
	if a == nil {
		a = newAccount(p, leg.Account.Member)
		p.accounts[a.row.Member] = a
		p.members.put(a)
	}
	if len(leg.Events) > 0 && a.pending.empty() {
		p.buckets[a.bucket].put(a)
	}
	a.scrub(&leg.Scrub)
	p.putAccount(a, &leg.Account)
	a.addVersion(leg)
	for i := range leg.Entries {
		p.count(&leg.Entries[i].Entry)
	}
	for i := range leg.Lots {
		a.putLot(&leg.Lots[i])
	}
	for i := range leg.Records {
		p.putRecord(a, &leg.Records[i])
	}
}

func (p *program) putAccount(a *account, row *storage.Account) {
	isNew := a.row.Version == 0
	moves := isNew || !a.row.DueAt.Equal(instant(row.DueAt))
	if moves && !isNew {
		p.due.remove(a)
	}
	keepAccount(&a.row, row)
	if moves {
		p.due.put(a)
	}
}

func (p *program) putRecord(a *account, row *storage.Record) {
	list := p.records[row.Kind]
	if list == nil {
		list = &sorted[*record]{compare: byReference}
		p.records[row.Kind] = list
	}
	stored, old := a.putRecord(row)
	if old != nil && byReference(old, stored) != 0 {
		list.remove(old)
	}
	list.put(stored)
}
