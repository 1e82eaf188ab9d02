package etcdstore

import (
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// decide checks a batch in the order of clause K5 and drafts what it writes. A
// batch that is not OK drafts nothing.
func (d *draft) decide(b *storage.Batch, chains *storage.Chains) (storage.Outcome, error) {
	s := d.store
	if s.tooLarge(b) {
		return storage.Outcome{Status: storage.TooLarge}, nil
	}
	for i := range b.Legs {
		op := &b.Legs[i].Operation
		if d.get(s.usedKey(op.Program, op.Member, op.Key)) != nil {
			return storage.Outcome{Status: storage.DuplicateKey}, nil
		}
	}
	if chains.Broken(b) {
		return storage.Outcome{Status: storage.Conflict}, nil
	}
	before := make([]*storage.Account, len(b.Legs))
	for i := range b.Legs {
		account, err := row[storage.Account](d, s.accountKey(b.Program, b.Legs[i].Account.Member))
		if err != nil {
			return storage.Outcome{}, err
		}
		version := int64(0)
		if account != nil {
			version = account.Version
		}
		if version != b.Legs[i].Expect {
			return storage.Outcome{Status: storage.Conflict}, nil
		}
		before[i] = account
	}
	if outcome, err := d.checkClaims(b); err != nil || outcome.Status != storage.OK {
		return outcome, err
	}
	used, outcome, err := d.checkCounters(b)
	if err != nil || outcome.Status != storage.OK {
		return outcome, err
	}
	for i := range b.Legs {
		if err := d.writeLeg(&b.Legs[i], before[i]); err != nil {
			return storage.Outcome{}, err
		}
	}
	d.writeClaims(b)
	for i := range used {
		d.put(s.counterKey(b.Program, b.Counters[i].CounterKey), marshal(used[i]))
	}
	return storage.Outcome{Status: storage.OK}, nil
}

func (d *draft) checkClaims(b *storage.Batch) (storage.Outcome, error) {
	for _, change := range b.Claims {
		held, err := row[storage.Claim](d, d.store.claimKey(b.Program, change.ClaimKey))
		if err != nil {
			return storage.Outcome{}, err
		}
		if change.Release && held != nil && held.Holder == change.Holder || !change.Release && held == nil {
			continue
		}
		if held == nil {
			held = &storage.Claim{Program: b.Program, Space: change.Space, Key: change.Key}
		}
		return storage.Outcome{Status: storage.Claimed, Claim: *held}, nil
	}
	return storage.Outcome{Status: storage.OK}, nil
}

func (d *draft) writeClaims(b *storage.Batch) {
	for _, change := range b.Claims {
		k := d.store.claimKey(b.Program, change.ClaimKey)
		if change.Release {
			d.delete(k)
			continue
		}
		d.put(k, marshal(storage.Claim{Program: b.Program, Space: change.Space, Key: change.Key, Holder: change.Holder}))
	}
}

// checkCounters returns what the counters come to.
func (d *draft) checkCounters(b *storage.Batch) ([]storage.Counter, storage.Outcome, error) {
	used := make([]storage.Counter, len(b.Counters))
	for i, change := range b.Counters {
		found, err := row[storage.Counter](d, d.store.counterKey(b.Program, change.CounterKey))
		if err != nil {
			return nil, storage.Outcome{}, err
		}
		counter := storage.Counter{Program: b.Program, Key: change.Key, Shard: change.Shard}
		if found != nil {
			counter.Used = found.Used
		}
		// Used is not negative, so that neither difference wraps.
		above := change.Delta > 0 && (change.Bound < counter.Used || change.Delta > change.Bound-counter.Used)
		if above || change.Delta < 0 && counter.Used+change.Delta < 0 {
			return nil, storage.Outcome{Status: storage.BoundExceeded, Counter: counter}, nil
		}
		used[i] = counter
		used[i].Used += change.Delta
	}
	return used, storage.Outcome{Status: storage.OK}, nil
}

// writeLeg drafts the rows of a leg; before is the account that was there.
func (d *draft) writeLeg(leg *storage.Leg, before *storage.Account) error {
	if err := d.scrub(leg); err != nil {
		return err
	}
	s, account := d.store, &leg.Account
	if before != nil {
		d.delete(s.accountDueKey(before))
	}
	d.put(s.accountKey(account.Program, account.Member), marshal(*account))
	d.put(s.accountDueKey(account), marshal(storage.Account{RetryAt: account.RetryAt}))
	d.writeOperation(&leg.Operation)
	for i := range leg.Entries {
		d.put(s.entryKey(&leg.Entries[i]), marshal(leg.Entries[i]))
	}
	for i := range leg.Events {
		event := &leg.Events[i]
		d.put(s.eventKey(event.Program, storage.EventID{Member: event.Member, Version: event.Version, Ordinal: event.Ordinal}), marshal(*event))
	}
	for i := range leg.Lots {
		if err := d.writeLot(&leg.Lots[i]); err != nil {
			return err
		}
	}
	for i := range leg.Records {
		if err := d.writeRecord(&leg.Records[i]); err != nil {
			return err
		}
	}
	return nil
}

// writeOperation drafts a new operation, or one that was emptied.
func (d *draft) writeOperation(op *storage.Operation) {
	s := d.store
	pointer := s.operationKey(op.Program, op.Member, op.Version)
	d.put(pointer, marshal(*op))
	d.put(s.usedKey(op.Program, op.Member, op.Key), string(pointer))
	if len(op.Command)+len(op.Receipt) > 0 {
		d.put(s.pruneKey(withBody, op), string(pointer))
	}
	if !reserved(op.Key) {
		d.put(s.pruneKey(withKey, op), string(pointer))
	}
}

// dropOperation drafts the end of the keys that lead to an operation.
func (d *draft) dropOperation(op *storage.Operation) {
	d.delete(d.store.usedKey(op.Program, op.Member, op.Key))
	d.delete(d.store.pruneKey(withBody, op))
	d.delete(d.store.pruneKey(withKey, op))
}

func (d *draft) writeLot(lot *storage.Lot) error {
	s := d.store
	k := s.lotKey(lot.Program, lot.Member, lot.ID)
	before, err := row[storage.Lot](d, k)
	if err != nil {
		return err
	}
	if before != nil {
		d.delete(s.liveLotKey(before))
		d.delete(s.dueLotKey(before))
	}
	value := marshal(*lot)
	d.put(k, value)
	if lot.Remaining > 0 || lot.Held > 0 {
		d.put(s.liveLotKey(lot), value)
	}
	if !points.IsNever(lot.DueAt()) {
		d.put(s.dueLotKey(lot), value)
	}
	return nil
}

func (d *draft) writeRecord(record *storage.Record) error {
	s := d.store
	k := s.recordKey(record.Program, record.Member, storage.RecordKey{Kind: record.Kind, ID: record.ID})
	before, err := row[storage.Record](d, k)
	if err != nil {
		return err
	}
	if before != nil {
		d.delete(s.recordListKey(before))
		d.delete(s.dueRecordKey(before))
	}
	d.put(k, marshal(*record))
	d.put(s.recordListKey(record), string(k))
	if !points.IsNever(record.DueAt) {
		d.put(s.dueRecordKey(record), string(k))
	}
	return nil
}

// scrub drafts what clause K10 asks for.
func (d *draft) scrub(leg *storage.Leg) error {
	s, account := d.store, &leg.Account
	for _, version := range leg.Scrub.Operations {
		op, err := row[storage.Operation](d, s.operationKey(account.Program, account.Member, version))
		if err != nil {
			return err
		}
		if op == nil {
			continue
		}
		d.dropOperation(op)
		op.Key = storage.ScrubbedKey(version)
		op.Command, op.Receipt, op.Salt = nil, nil, nil
		op.Reason, op.Actor, op.Reference = "", "", ""
		d.writeOperation(op)
	}
	for _, id := range leg.Scrub.Records {
		k := s.recordKey(account.Program, account.Member, id)
		record, err := row[storage.Record](d, k)
		if err != nil {
			return err
		}
		if record != nil {
			record.Data = nil
			d.put(k, marshal(*record))
		}
	}
	for _, id := range leg.Scrub.Events {
		k := s.eventKey(account.Program, id)
		event, err := row[storage.Event](d, k)
		if err != nil {
			return err
		}
		if event != nil {
			event.Data = nil
			d.put(k, marshal(*event))
		}
	}
	return nil
}
