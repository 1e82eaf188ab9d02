package etcdstore

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// The tables: the first part of a key below the prefix of the store. A row lives
// under one key; the other keys of it are indexes, written in the same
// transaction, that hold a copy of it or its key.
const (
	accounts   = "account/"     // program, member
	accountDue = "account-due/" // program, due, member → retry instant
	operations = "operation/"   // program, member, version
	usedKeys   = "key/"         // program, member, key → key of the operation
	withBody   = "prune-body/"  // program, recorded, member, version → key of the operation
	withKey    = "prune-key/"   // program, recorded, member, version → key of the operation
	entries    = "entry/"       // program, member, version, ordinal
	lots       = "lot/"         // program, member, id
	liveLots   = "lot-live/"    // program, member, expires, earned, id → the lot
	dueLots    = "lot-due/"     // program, member, due, id → the lot
	records    = "record/"      // program, member, kind, id
	recordList = "record-list/" // program, kind, reference, status, sort, member, id → key of the record
	dueRecords = "record-due/"  // program, member, due, kind, id → key of the record
	events     = "event/"       // program, bucket, member, version, ordinal
	acked      = "event-acked/" // program, recorded, member, version, ordinal → nothing
	claims     = "claim/"       // program, space, key → holder
	counters   = "counter/"     // program, key, shard
	revisions  = "revision/"    // program, number
)

// key is a key of etcd, made of fields whose order byte by byte is the order of
// their values, whatever bytes they have.
type key string

// text appends a text. It ends with 00 01, and a 00 inside becomes 00 FF, so that
// no text is the beginning of another and "a" sorts before "a\x00" and "a\x01".
func (k key) text(text string) key {
	return k + key(strings.ReplaceAll(text, "\x00", "\x00\xff")) + "\x00\x01"
}

// number appends a number: 8 bytes, big end first, with the sign turned.
func (k key) number(n int64) key {
	return k + key(binary.BigEndian.AppendUint64(nil, uint64(n)^1<<63))
}

func (k key) instant(t time.Time) key { return k.number(t.UnixMicro()) }

// through is the first key after those with an instant up to and with t.
func (k key) through(t time.Time) key { return k.number(t.UnixMicro() + 1) }

// next is the first key after k.
func (k key) next() key { return k + "\x00" }

// end is the first key after all that begin with k. A key that other fields
// follow ends in 00 01, a number or '/', so that counting up never runs out.
func (k key) end() key {
	b := []byte(k)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0xff {
			b[i]++
			return key(b[:i+1])
		}
	}
	return "\x00" // all keys, as etcd writes it
}

// instantIn reads the instant that follows a prefix.
func instantIn(k []byte, prefix key) time.Time {
	return time.UnixMicro(int64(binary.BigEndian.Uint64(k[len(prefix):]) ^ 1<<63)).UTC()
}

func (s *Store) table(name, program string) key { return (s.prefix + key(name)).text(program) }

func (s *Store) accountKey(program, member string) key {
	return s.table(accounts, program).text(member)
}

func (s *Store) accountDueKey(a *storage.Account) key {
	return s.table(accountDue, a.Program).instant(a.DueAt).text(a.Member)
}

func (s *Store) operationKey(program, member string, version int64) key {
	return s.table(operations, program).text(member).number(version)
}

func (s *Store) usedKey(program, member, used string) key {
	return s.table(usedKeys, program).text(member).text(used)
}

func (s *Store) pruneKey(table string, o *storage.Operation) key {
	return s.table(table, o.Program).instant(o.RecordedAt).text(o.Member).number(o.Version)
}

func (s *Store) entryKey(e *storage.Entry) key {
	return s.table(entries, e.Program).text(e.Member).number(e.Version).number(int64(e.Ordinal))
}

func (s *Store) lotKey(program, member string, id points.LotID) key {
	return s.table(lots, program).text(member).number(int64(id))
}

func (s *Store) liveLotKey(l *storage.Lot) key {
	return s.table(liveLots, l.Program).text(l.Member).instant(l.ExpiresAt).instant(l.EarnedAt).number(int64(l.ID))
}

func (s *Store) dueLotKey(l *storage.Lot) key {
	return s.table(dueLots, l.Program).text(l.Member).instant(l.DueAt()).number(int64(l.ID))
}

func (s *Store) recordKey(program, member string, id storage.RecordKey) key {
	return s.table(records, program).text(member).text(id.Kind).text(id.ID)
}

func (s *Store) recordListKey(r *storage.Record) key {
	return s.table(recordList, r.Program).text(r.Kind).text(r.Reference).text(r.Status).text(r.Sort).text(r.Member).text(r.ID)
}

func (s *Store) dueRecordKey(r *storage.Record) key {
	return s.table(dueRecords, r.Program).text(r.Member).instant(r.DueAt).text(r.Kind).text(r.ID)
}

func (s *Store) eventKey(program string, id storage.EventID) key {
	return s.table(events, program).number(int64(storage.Bucket(id.Member))).text(id.Member).number(id.Version).number(int64(id.Ordinal))
}

func (s *Store) ackedKey(e *storage.Event) key {
	return s.table(acked, e.Program).instant(e.RecordedAt).text(e.Member).number(e.Version).number(int64(e.Ordinal))
}

func (s *Store) claimKey(program string, id storage.ClaimKey) key {
	return s.table(claims, program).text(id.Space).text(id.Key)
}

func (s *Store) counterKey(program string, id storage.CounterKey) key {
	return s.table(counters, program).text(id.Key).number(int64(id.Shard))
}

func (s *Store) revisionKey(program string, number int64) key {
	return s.table(revisions, program).number(number)
}
