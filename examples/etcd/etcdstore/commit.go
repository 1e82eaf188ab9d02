package etcdstore

import (
	"context"
	"errors"
	"strings"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/loyaltykit/loyaltykit/storage"
)

// Commit stores as many consecutive batches in one transaction as fit. Whether a
// batch can be stored is decided here, in order, from what the keys held; that
// they still do is the condition under which etcd stores it.
func (s *Store) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return nil, failed(ctx, "commit", err)
	}
	for i := range batches {
		if err := batches[i].Validate(); err != nil {
			return nil, err
		}
	}
	outcomes := make([]storage.Outcome, 0, len(batches))
	for len(outcomes) < len(batches) {
		n := s.together(batches[len(outcomes):])
		more, err := s.commit(ctx, batches, outcomes, n)
		if err != nil && (ctx.Err() != nil || len(outcomes) == 0 && !errors.Is(err, errUnknown)) {
			return nil, failed(ctx, "commit", err)
		}
		if err != nil {
			return unknown(outcomes, len(batches), err), nil
		}
		outcomes = append(outcomes, more...)
	}
	return outcomes, nil
}

// commit decides the next n batches and stores those that can be.
func (s *Store) commit(ctx context.Context, batches []storage.Batch, before []storage.Outcome, n int) ([]storage.Outcome, error) {
	next := batches[len(before) : len(before)+n]
	var keys []key
	for i := range next {
		if !s.tooLarge(&next[i]) {
			keys = s.appendRead(keys, &next[i])
		}
	}
	var outcomes []storage.Outcome
	err := s.update(ctx, keys, func(d *draft) error {
		outcomes = outcomes[:0]
		chains := chainsOf(batches, before)
		for i := range next {
			outcome, err := d.decide(&next[i], chains)
			if err != nil {
				return err
			}
			chains.Ended(&next[i], outcome.Status)
			outcomes = append(outcomes, outcome)
		}
		return nil
	})
	switch {
	case !errors.Is(err, rpctypes.ErrTooManyOps) && !errors.Is(err, rpctypes.ErrRequestTooLarge):
		return outcomes, err
	case n > 1:
		return s.commit(ctx, batches, before, 1)
	default:
		return []storage.Outcome{{Status: storage.TooLarge, Err: err}}, nil
	}
}

func chainsOf(batches []storage.Batch, ended []storage.Outcome) *storage.Chains {
	chains := &storage.Chains{}
	for i := range ended {
		chains.Ended(&batches[i], ended[i].Status)
	}
	return chains
}

// unknown adds the outcome of the batches whose answer was lost, and of those
// that were to follow.
func unknown(outcomes []storage.Outcome, n int, err error) []storage.Outcome {
	for len(outcomes) < n {
		outcomes = append(outcomes, storage.Outcome{Status: storage.Unknown, Err: err})
	}
	return outcomes
}

// together is how many batches from the first on fit into one transaction.
func (s *Store) together(batches []storage.Batch) int {
	ops, bytes := 0, 0
	for i := range batches {
		b := &batches[i]
		if s.tooLarge(b) {
			continue // nothing of it is sent
		}
		ops, bytes = ops+opsOf(b), bytes+bytesOf(b)
		if i > 0 && (ops > s.ops || bytes > maxRequest) {
			return i
		}
	}
	return len(batches)
}

func (s *Store) tooLarge(b *storage.Batch) bool { return opsOf(b) > s.ops || bytesOf(b) > maxRequest }

// opsOf is how many keys a batch changes at most.
func opsOf(b *storage.Batch) int {
	ops := len(b.Claims) + len(b.Counters)
	for i := range b.Legs {
		leg := &b.Legs[i]
		ops += 7 + len(leg.Entries) + len(leg.Events) + rowOps*(len(leg.Lots)+len(leg.Records))
		ops += rowOps*len(leg.Scrub.Operations) + len(leg.Scrub.Records) + len(leg.Scrub.Events)
	}
	return ops
}

func bytesOf(b *storage.Batch) int { return b.Bytes() + opBytes*opsOf(b) }

// appendRead appends the keys on which it depends whether the batch is stored,
// and the rows that it replaces.
func (s *Store) appendRead(keys []key, b *storage.Batch) []key {
	for i := range b.Legs {
		leg := &b.Legs[i]
		member := leg.Account.Member
		keys = append(keys, s.accountKey(b.Program, member), s.usedKey(b.Program, member, leg.Operation.Key))
		for j := range leg.Lots {
			keys = append(keys, s.lotKey(b.Program, member, leg.Lots[j].ID))
		}
		for j := range leg.Records {
			keys = append(keys, s.recordKey(b.Program, member, storage.RecordKey{Kind: leg.Records[j].Kind, ID: leg.Records[j].ID}))
		}
		for _, version := range leg.Scrub.Operations {
			keys = append(keys, s.operationKey(b.Program, member, version))
		}
		for _, id := range leg.Scrub.Records {
			keys = append(keys, s.recordKey(b.Program, member, id))
		}
		for _, id := range leg.Scrub.Events {
			keys = append(keys, s.eventKey(b.Program, id))
		}
	}
	for i := range b.Claims {
		keys = append(keys, s.claimKey(b.Program, b.Claims[i].ClaimKey))
	}
	for i := range b.Counters {
		keys = append(keys, s.counterKey(b.Program, b.Counters[i].CounterKey))
	}
	return keys
}

// reserved reports whether only the library makes such a key.
func reserved(used string) bool { return strings.HasPrefix(used, storage.ReservedPrefix) }
