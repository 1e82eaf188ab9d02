package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/loyaltykit/loyaltykit/storage"
)

// errRefused ends a transaction in which a row stood in the way of a batch.
var errRefused = errors.New("a batch was refused")

// embedded is the ledger in a file.
type embedded struct{ sessions sessions }

// Commit stores batches in one transaction, each with its own outcome.
//
// Batches nearly always succeed, so they are first written without a look; each
// statement tells whether it found what it expected. If one did not, all is
// rolled back, and written once more with a look before each batch: what a look
// finds stays true until the transaction ends.
func (e *embedded) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	outcomes := make([]storage.Outcome, len(batches))
	refused := error(nil)
	for i := range batches {
		if err := batches[i].Validate(); err != nil {
			return nil, fmt.Errorf("sqlstore: commit batch %d of %d: %w", i+1, len(batches), err)
		}
		outcomes[i].Status = storage.OK
		if batches[i].Rows() > fileRows || batches[i].Bytes() > fileBytes {
			outcomes[i].Status, refused = storage.TooLarge, errRefused
		}
	}
	err := refused
	if err == nil {
		err = e.sessions.write(ctx, func(ctx context.Context, s *session) error {
			return s.writeAll(ctx, batches)
		})
	}
	if errors.Is(err, errRefused) {
		err = e.sessions.write(ctx, func(ctx context.Context, s *session) error {
			return s.writeEach(ctx, batches, outcomes)
		})
	}
	if err != nil {
		return nil, fmt.Errorf("sqlstore: commit: %w", err)
	}
	return outcomes, nil
}

// writeAll writes all batches together. An account that several change is
// written once, as the last leaves it.
func (s *session) writeAll(ctx context.Context, batches []storage.Batch) error {
	s.queue(len(batches) > 1)
	defer s.queue(false)
	heads := headsOf(batches)
	for i := range batches {
		if err := s.writeBatch(ctx, &batches[i], heads); err != nil {
			return err
		}
	}
	return s.flush(ctx)
}

// accountID names an account.
type accountID struct{ program, member string }

func idOf(a *storage.Account) accountID { return accountID{a.Program, a.Member} }

// head is how several batches leave an account.
type head struct {
	last *storage.Account
	// version is that of the batches so far, and 0 before the first.
	version int64
}

// headsOf returns nil for a single batch, which needs none.
func headsOf(batches []storage.Batch) map[accountID]*head {
	if len(batches) == 1 {
		return nil
	}
	heads := make(map[accountID]*head, len(batches))
	for i := range batches {
		for j := range batches[i].Legs {
			account := &batches[i].Legs[j].Account
			h := heads[idOf(account)]
			if h == nil {
				h = &head{}
				heads[idOf(account)] = h
			}
			h.last = account
		}
	}
	return heads
}

// writeHead writes the account of a leg, unless an earlier leg has done it.
func (s *session) writeHead(ctx context.Context, leg *storage.Leg, heads map[accountID]*head) error {
	h := heads[idOf(&leg.Account)]
	if h == nil {
		return s.putAccount(ctx, &leg.Account, leg.Expect)
	}
	before := h.version
	h.version = leg.Account.Version
	if before == 0 {
		return s.putAccount(ctx, h.last, leg.Expect)
	}
	return refusedUnless(before == leg.Expect, nil)
}

func (s *session) writeEach(ctx context.Context, batches []storage.Batch, outcomes []storage.Outcome) error {
	var chains storage.Chains
	for i := range batches {
		batch := &batches[i]
		if outcomes[i].Status != storage.TooLarge {
			outcome, err := s.look(ctx, batch, chains.Broken(batch))
			if err != nil {
				return err
			}
			outcomes[i] = outcome
		}
		chains.Ended(batch, outcomes[i].Status)
		if outcomes[i].Status != storage.OK {
			continue
		}
		if err := s.writeBatch(ctx, batch, nil); err != nil {
			return err
		}
	}
	return nil
}

// look tells how a batch would end. One that builds on a failed one is broken.
func (s *session) look(ctx context.Context, batch *storage.Batch, broken bool) (storage.Outcome, error) {
	status, err := s.lookAtLegs(ctx, batch.Legs)
	if status == storage.OK && broken {
		status = storage.Conflict
	}
	if err != nil || status != storage.OK {
		return storage.Outcome{Status: status}, err
	}
	for i := range batch.Claims {
		c := &batch.Claims[i]
		claim := storage.Claim{Program: batch.Program, Space: c.Space, Key: c.Key}
		held, err := s.one(ctx, getClaim, []any{&claim.Holder}, batch.Program, c.Space, c.Key)
		if err != nil {
			return storage.Outcome{}, err
		}
		if held != c.Release || held && claim.Holder != c.Holder {
			return storage.Outcome{Status: storage.Claimed, Claim: claim}, nil
		}
	}
	for i := range batch.Counters {
		c := &batch.Counters[i]
		counter := storage.Counter{Program: batch.Program, Key: c.Key, Shard: c.Shard}
		if _, err := s.one(ctx, getCounter, []any{&counter.Used}, batch.Program, c.Key, c.Shard); err != nil {
			return storage.Outcome{}, err
		}
		if !fits(c, counter.Used) {
			return storage.Outcome{Status: storage.BoundExceeded, Counter: counter}, nil
		}
	}
	return storage.Outcome{Status: storage.OK}, nil
}

func (s *session) lookAtLegs(ctx context.Context, legs []storage.Leg) (storage.Status, error) {
	status := storage.OK
	for i := range legs {
		leg := &legs[i]
		var version int64
		used, err := s.one(ctx, hasKey, []any{&version}, leg.Account.Program, leg.Account.Member, leg.Operation.Key)
		if err != nil {
			return 0, err
		}
		if used {
			return storage.DuplicateKey, nil
		}
		version = 0
		if _, err := s.one(ctx, getVersion, []any{&version}, leg.Account.Program, leg.Account.Member); err != nil {
			return 0, err
		}
		if version != leg.Expect {
			status = storage.Conflict
		}
	}
	return status, nil
}

// fits reports whether a counter may change.
func fits(c *storage.CounterChange, used int64) bool {
	switch {
	case c.Delta > 0:
		return used <= room(c)
	case c.Delta == math.MinInt64:
		return false
	default:
		return used >= -c.Delta
	}
}

// room is the most that a counter may show before a change that raises it, below
// 0 where no counter may.
func room(c *storage.CounterChange) int64 {
	if c.Bound < c.Delta {
		return -1
	}
	return c.Bound - c.Delta
}

// writeBatch writes a batch, or returns errRefused where a row stands in its way.
func (s *session) writeBatch(ctx context.Context, batch *storage.Batch, heads map[accountID]*head) error {
	for i := range batch.Legs {
		if err := s.writeHead(ctx, &batch.Legs[i], heads); err != nil {
			return err
		}
		if err := s.writeLeg(ctx, &batch.Legs[i]); err != nil {
			return err
		}
	}
	for i := range batch.Claims {
		if err := s.writeClaim(ctx, batch.Program, &batch.Claims[i]); err != nil {
			return err
		}
	}
	for i := range batch.Counters {
		if err := s.writeCounter(ctx, batch.Program, &batch.Counters[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) writeLeg(ctx context.Context, leg *storage.Leg) error {
	if err := s.addOperation(ctx, &leg.Operation); err != nil {
		return err
	}
	if err := s.scrub(ctx, leg); err != nil {
		return err
	}
	for i := range leg.Entries {
		if err := s.addEntry(ctx, &leg.Entries[i]); err != nil {
			return err
		}
	}
	for i := range leg.Lots {
		if err := s.putLot(ctx, &leg.Lots[i]); err != nil {
			return err
		}
	}
	for i := range leg.Records {
		if err := s.putRecord(ctx, &leg.Records[i]); err != nil {
			return err
		}
	}
	for i := range leg.Events {
		if err := s.addEvent(ctx, &leg.Events[i]); err != nil {
			return err
		}
	}
	return nil
}

func refusedUnless(done bool, err error) error {
	if err == nil && !done {
		return errRefused
	}
	return err
}

func (s *session) writeClaim(ctx context.Context, program string, c *storage.ClaimChange) error {
	if !c.Release {
		return s.put(ctx, addClaim, program, c.Space, c.Key, c.Holder)
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	n, err := s.exec(ctx, dropClaim, program, c.Space, c.Key, c.Holder)
	return refusedUnless(n == 1, err)
}

func (s *session) writeCounter(ctx context.Context, program string, c *storage.CounterChange) error {
	var n int64
	var err error
	switch {
	case c.Delta > 0 && room(c) >= 0:
		n, err = s.exec(ctx, raiseCounter, program, c.Key, c.Shard, c.Delta, room(c))
	case c.Delta < 0 && c.Delta > math.MinInt64:
		n, err = s.exec(ctx, lowerCounter, -c.Delta, program, c.Key, c.Shard, -c.Delta)
	case c.Delta == 0:
		return nil
	}
	return refusedUnless(n == 1, err)
}

func (s *session) scrub(ctx context.Context, leg *storage.Leg) error {
	program, member := leg.Account.Program, leg.Account.Member
	if len(leg.Scrub.Operations)+len(leg.Scrub.Records)+len(leg.Scrub.Events) == 0 {
		return nil
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	for _, version := range leg.Scrub.Operations {
		if version == leg.Account.Version {
			continue
		}
		if _, err := s.exec(ctx, scrubOperation, storage.ScrubbedKey(version), program, member, version); err != nil {
			return err
		}
	}
	for _, key := range leg.Scrub.Records {
		if _, err := s.exec(ctx, scrubRecord, program, member, key.Kind, key.ID); err != nil {
			return err
		}
	}
	for _, id := range leg.Scrub.Events {
		_, err := s.exec(ctx, scrubEvent, program, storage.Bucket(member), member, id.Version, id.Ordinal)
		if err != nil {
			return err
		}
	}
	return nil
}
