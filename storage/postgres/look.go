package postgres

import (
	"context"
	"math"

	"github.com/loyaltykit/loyaltykit/storage"
)

// accountID names an account.
type accountID struct{ program, member string }

type keyID struct{ program, member, key string }

type claimID struct {
	program string
	storage.ClaimKey
}

type counterID struct {
	program string
	storage.CounterKey
}

// sight is what a look saw of the rows that decide about batches.
type sight struct {
	versions map[accountID]int64
	keys     map[keyID]bool
	holders  map[claimID]string
	used     map[counterID]int64
}

var (
	findVersion = lookup("loyalty_accounts", "program text, member text", "version")
	findKey     = lookup("loyalty_operations", "program text, member text, idem_key text", "version")
	findClaim   = lookup("loyalty_claims", "program text, space text, claim_key text", "holder")
	findCounter = lookup("loyalty_counters", "program text, counter_key text, shard integer", "used")
)

// look finds out which of some batches cannot be stored, gives those their outcome,
// and returns the others.
func (c *committing) look(ctx context.Context, open []int) ([]int, error) {
	s := sight{}
	if err := c.engine.database.read(ctx, s.trip(c.batches, open, c.engine.spread)); err != nil {
		return nil, err
	}
	chains := c.chains(open[0])
	var rest []int
	for at := open[0]; at <= open[len(open)-1]; at++ {
		batch := &c.batches[at]
		if status := c.outcomes[at].Status; status != 0 {
			chains.Ended(batch, status)
			continue
		}
		outcome := s.outcome(batch, chains.Broken(batch))
		chains.Ended(batch, outcome.Status)
		if outcome.Status == storage.OK {
			s.apply(batch)
			rest = append(rest, at)
			continue
		}
		c.outcomes[at] = outcome
	}
	return rest, nil
}

// chains knows how the batches before one ended.
func (c *committing) chains(before int) *storage.Chains {
	var chains storage.Chains
	for i := range before {
		chains.Ended(&c.batches[i], c.outcomes[i].Status)
	}
	return &chains
}

// broken reports whether one of some batches builds on one that failed.
func (c *committing) broken(open []int) bool {
	if len(open) == 0 {
		return false
	}
	chains := c.chains(open[0])
	for _, i := range open {
		if chains.Broken(&c.batches[i]) {
			return true
		}
	}
	return false
}

// trip asks for all that the batches depend on. Keys come after versions: a key
// that is seen may be newer than the version, but none is missed.
func (s *sight) trip(batches []storage.Batch, open []int, spread bool) *trip {
	versions, keys := &arguments{shape: findVersion}, &arguments{shape: findKey}
	claims, counters := &arguments{shape: findClaim}, &arguments{shape: findCounter}
	var accountIDs []accountID
	var keyIDs []keyID
	var claimIDs []claimID
	var counterIDs []counterID
	for _, i := range open {
		batch := &batches[i]
		for j := range batch.Legs {
			op := &batch.Legs[j].Operation
			versions.add(op.Program, op.Member)
			accountIDs = append(accountIDs, accountID{op.Program, op.Member})
			keys.add(op.Program, op.Member, op.Key)
			keyIDs = append(keyIDs, keyID{op.Program, op.Member, op.Key})
		}
		for _, claim := range batch.Claims {
			claims.add(batch.Program, claim.Space, claim.Key)
			claimIDs = append(claimIDs, claimID{batch.Program, claim.ClaimKey})
		}
		for _, counter := range batch.Counters {
			counters.add(batch.Program, counter.Key, int64(counter.Shard))
			counterIDs = append(counterIDs, counterID{batch.Program, counter.CounterKey})
		}
	}
	t := &trip{spread: spread}
	t.forget(func() {
		*s = sight{map[accountID]int64{}, map[keyID]bool{}, map[claimID]string{}, map[counterID]int64{}}
	})
	t.find(versions, func(r *row, i int) { s.versions[accountIDs[i]] = r.integer() })
	t.find(keys, func(_ *row, i int) { s.keys[keyIDs[i]] = true })
	t.find(claims, func(r *row, i int) { s.holders[claimIDs[i]] = r.text() })
	t.find(counters, func(r *row, i int) { s.used[counterIDs[i]] = r.integer() })
	return t
}

// outcome says how a batch would end. One that builds on a failed one is broken.
func (s *sight) outcome(batch *storage.Batch, broken bool) storage.Outcome {
	conflict := broken
	for i := range batch.Legs {
		leg := &batch.Legs[i]
		id := accountID{batch.Program, leg.Account.Member}
		if s.keys[keyID{id.program, id.member, leg.Operation.Key}] {
			return storage.Outcome{Status: storage.DuplicateKey}
		}
		conflict = conflict || s.versions[id] != leg.Expect
	}
	if conflict {
		return storage.Outcome{Status: storage.Conflict}
	}
	for _, c := range batch.Claims {
		holder, held := s.holders[claimID{batch.Program, c.ClaimKey}]
		if held != c.Release || held && holder != c.Holder {
			claim := storage.Claim{Program: batch.Program, Space: c.Space, Key: c.Key, Holder: holder}
			return storage.Outcome{Status: storage.Claimed, Claim: claim}
		}
	}
	for i := range batch.Counters {
		c := &batch.Counters[i]
		counter := storage.Counter{Program: batch.Program, Key: c.Key, Shard: c.Shard}
		counter.Used = s.used[counterID{batch.Program, c.CounterKey}]
		if !roomOf(c).has(counter.Used) {
			return storage.Outcome{Status: storage.BoundExceeded, Counter: counter}
		}
	}
	return storage.Outcome{Status: storage.OK}
}

// apply makes the batch's changes in what was seen, for the batches after it.
func (s *sight) apply(batch *storage.Batch) {
	for i := range batch.Legs {
		leg := &batch.Legs[i]
		s.versions[accountID{batch.Program, leg.Account.Member}] = leg.Account.Version
		s.keys[keyID{batch.Program, leg.Account.Member, leg.Operation.Key}] = true
	}
	for _, c := range batch.Claims {
		if id := (claimID{batch.Program, c.ClaimKey}); c.Release {
			delete(s.holders, id)
		} else {
			s.holders[id] = c.Holder
		}
	}
	for _, c := range batch.Counters {
		s.used[counterID{batch.Program, c.CounterKey}] += c.Delta
	}
}

// room says what a counter may show before a change: from least to most, and nothing
// where most is below least.
type room struct{ least, most int64 }

func (r room) has(used int64) bool { return used >= r.least && used <= r.most }

func roomOf(c *storage.CounterChange) room {
	switch {
	case c.Delta == math.MinInt64 || c.Delta > c.Bound && c.Delta > 0:
		return room{0, -1}
	case c.Delta > 0:
		return room{0, c.Bound - c.Delta}
	default:
		return room{-c.Delta, math.MaxInt64}
	}
}
