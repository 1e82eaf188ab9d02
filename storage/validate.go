package storage

import (
	"errors"
	"fmt"

	"github.com/loyaltykit/loyaltykit/points"
)

// Validate reports the first thing for which clause K14 of [Store] refuses the
// batch, or nil. Every adapter calls it for all batches of a Commit before it
// stores any. An error here is a mistake of the program that built the batch:
// trying again does not help.
func (b Batch) Validate() error {
	if len(b.Legs) > MaxLegs {
		return b.bad("%d legs: at most %d accounts change together", len(b.Legs), MaxLegs)
	}
	for i := range b.Legs {
		leg := &b.Legs[i]
		for j := range i {
			if b.Legs[j].Account.Member == leg.Account.Member {
				return b.bad("member %q has two legs: put all that changes into one", leg.Account.Member)
			}
		}
		if err := b.validateLeg(leg); err != nil {
			return err
		}
	}
	if i := repeated(b.Claims, func(c *ClaimChange) ClaimKey { return c.ClaimKey }); i >= 0 {
		return b.bad("claim %q in space %q changes twice", b.Claims[i].Key, b.Claims[i].Space)
	}
	if i := repeated(b.Counters, func(c *CounterChange) CounterKey { return c.CounterKey }); i >= 0 {
		return b.bad("counter %q shard %d changes twice: add the changes up", b.Counters[i].Key, b.Counters[i].Shard)
	}
	return nil
}

func (b Batch) validateLeg(leg *Leg) error {
	account := &leg.Account
	if account.Program != b.Program {
		return b.bad("account %q is of program %q", account.Member, account.Program)
	}
	if leg.Expect < 0 || account.Version != leg.Expect+1 || account.Version <= 0 {
		return b.bad("account %q has version %d where %d is expected: it must be one more", account.Member, account.Version, leg.Expect)
	}
	if op := &leg.Operation; !account.owns(op.Program, op.Member) || op.Version != account.Version {
		return b.stray(account, "operation", op.Program, op.Member, op.Version)
	}
	for i := range leg.Entries {
		if e := &leg.Entries[i]; !account.owns(e.Program, e.Member) || e.Version != account.Version {
			return b.stray(account, "entry", e.Program, e.Member, e.Version)
		}
	}
	for i := range leg.Events {
		if e := &leg.Events[i]; !account.owns(e.Program, e.Member) || e.Version != account.Version {
			return b.stray(account, "event", e.Program, e.Member, e.Version)
		}
	}
	for i := range leg.Lots {
		if l := &leg.Lots[i]; !account.owns(l.Program, l.Member) {
			return b.stray(account, "lot", l.Program, l.Member, account.Version)
		}
	}
	for i := range leg.Records {
		if r := &leg.Records[i]; !account.owns(r.Program, r.Member) {
			return b.stray(account, "record", r.Program, r.Member, account.Version)
		}
	}
	for i := range leg.Scrub.Events {
		if e := &leg.Scrub.Events[i]; e.Member != account.Member {
			return b.stray(account, "scrubbed event", b.Program, e.Member, e.Version)
		}
	}
	return b.validateRepeats(leg)
}

func (b Batch) validateRepeats(leg *Leg) error {
	member := leg.Account.Member
	if i := repeated(leg.Entries, func(e *Entry) int { return e.Ordinal }); i >= 0 {
		return b.bad("account %q has two entries with ordinal %d", member, leg.Entries[i].Ordinal)
	}
	if i := repeated(leg.Events, func(e *Event) int { return e.Ordinal }); i >= 0 {
		return b.bad("account %q has two events with ordinal %d", member, leg.Events[i].Ordinal)
	}
	if i := repeated(leg.Lots, func(l *Lot) points.LotID { return l.ID }); i >= 0 {
		return b.bad("account %q has lot %d twice", member, leg.Lots[i].ID)
	}
	if i := repeated(leg.Records, func(r *Record) RecordKey { return RecordKey{r.Kind, r.ID} }); i >= 0 {
		return b.bad("account %q has record %q of kind %q twice", member, leg.Records[i].ID, leg.Records[i].Kind)
	}
	return nil
}

func (a *Account) owns(program, member string) bool {
	return a.Program == program && a.Member == member
}

func (b Batch) bad(format string, args ...any) error {
	return fmt.Errorf("storage: batch of program %q: "+format, append([]any{b.Program}, args...)...)
}

func (b Batch) stray(account *Account, row, program, member string, version int64) error {
	return b.bad("%s of account (%q, %q) version %d in the leg of (%q, %q) version %d",
		row, program, member, version, account.Program, account.Member, account.Version)
}

// repeated returns the index of the first item whose key an earlier item has, or
// -1. Short lists, which nearly all are, are compared pairwise.
func repeated[T any, K comparable](items []T, key func(*T) K) int {
	if len(items) > 16 {
		return repeatedInMany(items, key)
	}
	for i := 1; i < len(items); i++ {
		k := key(&items[i])
		for j := range i {
			if key(&items[j]) == k {
				return i
			}
		}
	}
	return -1
}

func repeatedInMany[T any, K comparable](items []T, key func(*T) K) int {
	seen := make(map[K]struct{}, len(items))
	for i := range items {
		k := key(&items[i])
		if _, again := seen[k]; again {
			return i
		}
		seen[k] = struct{}{}
	}
	return -1
}

// Validate refuses a query that names no listing: every adapter calls it first.
func (q RecordQuery) Validate() error {
	switch {
	case q.Member == "" && q.Kind == "":
		return errors.New("storage: records across members are listed by kind: set Kind, or Member")
	case q.Member == "" && q.Status != "" && q.Reference == "":
		return errors.New("storage: records are listed by status under a reference: set Reference")
	case q.Member != "" && (q.Status != "" || q.Reference != ""):
		return errors.New("storage: Reference and Status narrow listings across members: leave them out with Member")
	}
	return nil
}

// Rows is how many rows the batch writes: accounts, operations, entries, lots,
// records, events, claims, counters and scrubbed rows.
func (b Batch) Rows() int {
	rows := len(b.Claims) + len(b.Counters)
	for i := range b.Legs {
		leg := &b.Legs[i]
		rows += 2 + len(leg.Entries) + len(leg.Lots) + len(leg.Records) + len(leg.Events)
		rows += len(leg.Scrub.Operations) + len(leg.Scrub.Records) + len(leg.Scrub.Events)
	}
	return rows
}

// rowBytes stands for what a row holds besides documents and texts: numbers,
// instants and the keys of its account.
const rowBytes = 64

// Bytes estimates the size of the batch: its documents and longer texts, and a
// flat amount for each row.
func (b Batch) Bytes() int {
	n := b.Rows() * rowBytes
	for i := range b.Legs {
		n += b.Legs[i].bytes()
	}
	for i := range b.Claims {
		n += len(b.Claims[i].Space) + len(b.Claims[i].Key) + len(b.Claims[i].Holder)
	}
	for i := range b.Counters {
		n += len(b.Counters[i].Key)
	}
	return n
}

func (leg *Leg) bytes() int {
	account, op := &leg.Account, &leg.Operation
	n := len(account.Hash) + len(account.Data) +
		rowBytes*(len(account.Balances)+len(account.Standing)) + rowBytes/2*len(account.Days)
	n += len(op.Key) + len(op.Command) + len(op.Receipt) + len(op.Fingerprint) + len(op.Reason) +
		len(op.Actor) + len(op.Reference) + len(op.Salt) + len(op.Digests) + len(op.Hash)
	for i := range leg.Entries {
		n += len(leg.Entries[i].Rule) + len(leg.Entries[i].Reference)
	}
	for i := range leg.Lots {
		n += len(leg.Lots[i].Source) + len(leg.Lots[i].Origin)
	}
	for i := range leg.Records {
		r := &leg.Records[i]
		n += len(r.ID) + len(r.Reference) + len(r.Sort) + len(r.Data) + 8*len(r.Lots)
	}
	for i := range leg.Events {
		n += len(leg.Events[i].Data)
	}
	return n
}
