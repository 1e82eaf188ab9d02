package loyalty

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// chainFormat numbers the encoding under an operation's hash. A row keeps the
// number it was written with, and Verify reads each by its own.
//
// Format 1: Digests is a SHA-256 of the bodies, one of the notes, 16 bytes of one of
// the key, 16 bytes of one of the account row, and 8 bytes of one of each entry and
// then of each lot that the operation made. Hash is the SHA-256 of the header, the hash
// before, Digests, and the entries and lots in full: entries as their rows have them, lots
// with a salted digest of their source in its place.
const chainFormat = 1

const (
	bodyDigest    = 32
	noteDigest    = 32
	keyDigest     = 16
	accountDigest = 16
	rowDigest     = 8
	saltSize      = 16
)

// encoder builds the bytes under a digest: every field with its length, so that
// no two rows encode alike.
type encoder []byte

func (e encoder) text(s string) encoder {
	return append(binary.AppendUvarint(e, uint64(len(s))), s...)
}

func (e encoder) bytes(b []byte) encoder {
	return append(binary.AppendUvarint(e, uint64(len(b))), b...)
}

func (e encoder) int(n int64) encoder { return binary.BigEndian.AppendUint64(e, uint64(n)) }

func (e encoder) bool(b bool) encoder {
	if b {
		return append(e, 1)
	}
	return append(e, 0)
}

func (e encoder) time(t time.Time) encoder {
	if t.IsZero() {
		return e.int(math.MinInt64)
	}
	return e.int(t.UnixMicro())
}

func (e encoder) entry(version int64, ordinal int, entry *points.Entry) encoder {
	return e.int(version).int(int64(ordinal)).text(entry.Unit).text(string(entry.Kind)).
		int(int64(entry.From)).int(int64(entry.To)).int(int64(entry.Amount)).
		int(int64(entry.Lot)).int(int64(entry.Into)).text(entry.Rule).int(entry.Revision).text(entry.Reference).
		int(entry.Corrects.Version).int(int64(entry.Corrects.Ordinal)).time(entry.OccurredAt).time(entry.RecordedAt)
}

// lot encodes what of a lot never changes; its source is veiled.
func (e encoder) lot(lot *points.Lot) encoder {
	return e.int(int64(lot.ID)).text(lot.Unit).int(int64(lot.Original)).
		time(lot.EarnedAt).time(lot.AvailableFrom).time(lot.ExpiresAt).
		text(lot.Source).text(lot.Origin).bool(lot.Qualifies)
}

// account encodes an account row, except for its hash.
func (e encoder) account(a *storage.Account) encoder {
	e = e.text(a.Program).text(a.Member).int(int64(a.Kind)).int(a.Version).int(int64(a.Status)).
		time(a.DueAt).time(a.RetryAt).time(a.EnrolledAt).time(a.RecordedAt).bytes(a.Data)
	e = e.int(int64(len(a.Balances)))
	for i := range a.Balances {
		b := &a.Balances[i]
		e = e.text(b.Unit).int(int64(b.Pending)).int(int64(b.Available)).int(int64(b.Held)).
			int(int64(b.Debt)).int(int64(b.Counted))
	}
	e = e.int(int64(len(a.Standing)))
	for _, s := range a.Standing {
		e = e.text(s.Ladder).text(s.Tier).time(s.Since).time(s.Until)
	}
	e = e.int(int64(len(a.Days)))
	for _, d := range a.Days {
		e = e.text(d.Metric).int(int64(d.Day)).int(int64(d.Amount))
	}
	return e
}

func (e encoder) header(op *storage.Operation, previous []byte) encoder {
	return e.int(int64(op.Format)).text(op.Program).text(op.Member).int(op.Version).bytes(previous).
		text(op.Type).bytes(op.Fingerprint).time(op.OccurredAt).time(op.RecordedAt).text(op.Library).bytes(op.Digests)
}

func digestBody(buffer encoder, op *storage.Operation) (encoder, [32]byte) {
	buffer = buffer[:0].bytes(op.Salt).bytes(op.Command).bytes(op.Receipt)
	return buffer, sha256.Sum256(buffer)
}

func digestKey(buffer encoder, op *storage.Operation) (encoder, [32]byte) {
	buffer = buffer[:0].bytes(op.Salt).text(op.Key)
	return buffer, sha256.Sum256(buffer)
}

func digestNote(buffer encoder, op *storage.Operation) (encoder, [32]byte) {
	buffer = buffer[:0].bytes(op.Salt).text(op.Reason).text(op.Actor).text(op.Reference)
	return buffer, sha256.Sum256(buffer)
}

// sealer is what sealing an operation needs each time: room to encode in, and the
// hash that is keyed by the engine's secret.
type sealer struct {
	buffer encoder
	made   []points.Lot
	keyed  hash.Hash
}

// newSealers returns a pool of sealers of a secret.
func newSealers(secret []byte) *sync.Pool {
	return &sync.Pool{New: func() any {
		return &sealer{buffer: make(encoder, 0, 4096), keyed: hmac.New(sha256.New, secret)}
	}}
}

// link fills in an operation's Digests and Hash.
func (s *sealer) link(op *storage.Operation, previous []byte, account *storage.Account, entries []points.Entry, made []points.Lot) {
	buffer := s.buffer
	digests := make([]byte, 0, bodyDigest+noteDigest+keyDigest+accountDigest+rowDigest*(len(entries)+len(made)))
	buffer, sum := digestBody(buffer, op)
	digests = append(digests, sum[:]...)
	buffer, sum = digestNote(buffer, op)
	digests = append(digests, sum[:]...)
	buffer, sum = digestKey(buffer, op)
	digests = append(digests, sum[:keyDigest]...)
	buffer = buffer[:0].account(account)
	sum = sha256.Sum256(buffer)
	digests = append(digests, sum[:accountDigest]...)
	for i := range entries {
		buffer = buffer[:0].entry(op.Version, i, &entries[i])
		sum = sha256.Sum256(buffer)
		digests = append(digests, sum[:rowDigest]...)
	}
	for i := range made {
		buffer = buffer[:0].lot(&made[i])
		sum = sha256.Sum256(buffer)
		digests = append(digests, sum[:rowDigest]...)
	}
	op.Digests, s.buffer = digests, buffer
	op.Hash = hashOf(buffer, op, previous, entries, made)
}

func hashOf(buffer encoder, op *storage.Operation, previous []byte, entries []points.Entry, made []points.Lot) []byte {
	buffer = buffer[:0].header(op, previous)
	for i := range entries {
		buffer = buffer.entry(op.Version, i, &entries[i])
	}
	for i := range made {
		buffer = buffer.lot(&made[i])
	}
	sum := sha256.Sum256(buffer)
	return sum[:]
}

// derive returns n bytes, at most 32, that depend on the engine's secret and the
// given parts, and on nothing else.
func (s *sealer) derive(n int, parts ...string) []byte {
	s.buffer = s.buffer[:0]
	for _, part := range parts {
		s.buffer = s.buffer.text(part)
	}
	s.keyed.Reset()
	s.keyed.Write(s.buffer)
	var sum [sha256.Size]byte
	return slices.Clone(s.keyed.Sum(sum[:0])[:n])
}
