package memory

import (
	"time"

	"github.com/loyaltykit/loyaltykit/storage"
)

// The functions in this file make rows that share nothing with the ones they
// are given, as a database would hand them out: instants in UTC with
// microseconds, empty lists and documents nil.

func instant(t time.Time) time.Time { return time.UnixMicro(t.UnixMicro()).UTC() }

func list[T any](items []T) []T { return append([]T(nil), items...) }

// unshare gives documents memory of their own, all in one piece.
func unshare(documents ...*[]byte) {
	size := 0
	for _, d := range documents {
		size += len(*d)
	}
	memory := make([]byte, 0, size)
	for _, d := range documents {
		if len(*d) == 0 {
			*d = nil
			continue
		}
		start := len(memory)
		memory = append(memory, *d...)
		*d = memory[start:len(memory):len(memory)]
	}
}

// keepAccount overwrites the stored row, in the memory that it has.
func keepAccount(stored *storage.Account, row *storage.Account) {
	old := *stored
	*stored = *row
	stored.Program, stored.Member = old.Program, old.Member
	stored.Balances = append(old.Balances[:0], row.Balances...)
	stored.Standing = append(old.Standing[:0], row.Standing...)
	stored.Days = append(old.Days[:0], row.Days...)
	stored.Hash = append(old.Hash[:0], row.Hash...)
	stored.Data = append(old.Data[:0], row.Data...)
	stored.DueAt, stored.RetryAt = instant(row.DueAt), instant(row.RetryAt)
	stored.EnrolledAt, stored.RecordedAt = instant(row.EnrolledAt), instant(row.RecordedAt)
	for i := range stored.Standing {
		s := &stored.Standing[i]
		s.Since, s.Until = instant(s.Since), instant(s.Until)
	}
}

func copyAccount(row *storage.Account) storage.Account {
	out := *row
	out.Balances, out.Standing, out.Days = list(row.Balances), list(row.Standing), list(row.Days)
	unshare(&out.Hash, &out.Data)
	return out
}

func copyOperation(row *storage.Operation) storage.Operation {
	out := *row
	out.OccurredAt, out.RecordedAt = instant(row.OccurredAt), instant(row.RecordedAt)
	unshareOperation(&out)
	return out
}

func unshareOperation(op *storage.Operation) {
	unshare(&op.Command, &op.Receipt, &op.Fingerprint, &op.Salt, &op.Digests, &op.Hash)
}

func copyEntry(row *storage.Entry) storage.Entry {
	out := *row
	out.OccurredAt, out.RecordedAt = instant(row.OccurredAt), instant(row.RecordedAt)
	return out
}

func copyLot(row *storage.Lot) storage.Lot {
	out := *row
	out.EarnedAt, out.AvailableFrom = instant(row.EarnedAt), instant(row.AvailableFrom)
	out.ExpiresAt = instant(row.ExpiresAt)
	return out
}

func copyRecord(row *storage.Record) storage.Record {
	out := *row
	out.DueAt = instant(row.DueAt)
	out.Lots = list(row.Lots)
	unshare(&out.Data)
	return out
}

func copyEvent(row *storage.Event) storage.Event {
	out := *row
	out.RecordedAt = instant(row.RecordedAt)
	unshare(&out.Data)
	return out
}

func copyRevision(row *storage.Revision) storage.Revision {
	out := *row
	out.EffectiveAt = instant(row.EffectiveAt)
	unshare(&out.Digest, &out.Text)
	return out
}
