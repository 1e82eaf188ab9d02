package postgres

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/rowcodec"
)

// row reads the columns of a result from the first to the last, in the binary and
// the text format. It keeps the first error.
type row struct {
	fields []pgconn.FieldDescription
	values [][]byte
	next   int
	err    error
	// last holds what was read by repeated.
	last [3]string
}

var errFewColumns = errors.New("the result has too few columns")

func (r *row) value() (value []byte, format int16) {
	if r.next >= len(r.values) {
		r.err = errors.Join(r.err, errFewColumns)
		return nil, pgx.TextFormatCode
	}
	value, format = r.values[r.next], r.fields[r.next].Format
	r.next++
	return value, format
}

func (r *row) bad(value []byte) {
	if r.err == nil {
		r.err = fmt.Errorf("column %q holds %q", r.fields[r.next-1].Name, value)
	}
}

// null reports whether the next column is NULL, and passes it if so.
func (r *row) null() bool {
	if r.next < len(r.values) && r.values[r.next] == nil {
		r.next++
		return true
	}
	return false
}

func (r *row) text() string {
	value, _ := r.value()
	return string(value)
}

// repeated is text that most rows have in common, of the i-th such column: where it is
// what it was in the row before, it is the same string.
func (r *row) repeated(i int) string {
	value, _ := r.value()
	if string(value) != r.last[i] {
		r.last[i] = string(value)
	}
	return r.last[i]
}

func (r *row) integer() int64 {
	value, format := r.value()
	if format == pgx.TextFormatCode {
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil {
			r.bad(value)
		}
		return n
	}
	var n uint64
	for _, b := range value {
		n = n<<8 | uint64(b)
	}
	switch len(value) {
	case 8:
		return int64(n)
	case 4:
		return int64(int32(uint32(n)))
	case 2:
		return int64(int16(uint16(n)))
	}
	r.bad(value)
	return 0
}

func (r *row) bytes() []byte {
	value, format := r.value()
	if len(value) == 0 {
		return nil
	}
	if format != pgx.TextFormatCode {
		return append([]byte(nil), value...)
	}
	digits, ok := strings.CutPrefix(string(value), `\x`)
	out, err := hex.DecodeString(digits)
	if !ok || err != nil {
		r.bad(value)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func (r *row) instant() time.Time { return rowcodec.Instant(r.integer()) }

const (
	accountColumns = "kind, version, status, due_at, retry_at, enrolled_at, recorded_at, " +
		"balances, standing, days, hash, data"
	operationColumns = "version, idem_key, type, reason, actor, reference, library, format, " +
		"occurred_at, recorded_at, fingerprint, salt, digests, hash, command, receipt"
	entryColumns = "version, ordinal, unit, kind, from_bucket, to_bucket, amount, lot, into_lot, rule, " +
		"revision, reference, corrects_version, corrects_ordinal, occurred_at, recorded_at"
	lotColumns = "lot, unit, state, original, remaining, held, earned_at, available_from, expires_at, " +
		"source, origin, qualifies, merged_into, merged"
	recordColumns = "kind, id, status, reference, sort, due_at, lots, data"
	eventColumns  = "member, version, ordinal, type, recorded_at, data"
)

// readAccount and the others read the columns above.
func readAccount(r *row, program, member string) storage.Account {
	a := storage.Account{Program: program, Member: member}
	a.Kind, a.Version, a.Status = storage.AccountKind(r.integer()), r.integer(), storage.AccountStatus(r.integer())
	a.DueAt = r.instant()
	if !r.null() {
		a.RetryAt = r.instant()
	}
	a.EnrolledAt, a.RecordedAt = r.instant(), r.instant()
	var errs [4]error
	a.Balances, errs[0] = rowcodec.DecodeBalances(r.text())
	a.Standing, errs[1] = rowcodec.DecodeStanding(r.text())
	a.Days, errs[2] = rowcodec.DecodeDays(r.text())
	a.Hash, a.Data = r.bytes(), r.bytes()
	errs[3] = r.err
	r.err = errors.Join(errs[:]...)
	return a
}

func readOperation(r *row, program, member string) storage.Operation {
	return storage.Operation{
		Program: program, Member: member, Version: r.integer(), Key: r.text(), Type: r.repeated(0), Reason: r.text(),
		Actor: r.repeated(1), Reference: r.text(), Library: r.repeated(2), Format: int(r.integer()),
		OccurredAt: r.instant(), RecordedAt: r.instant(), Fingerprint: r.bytes(), Salt: r.bytes(),
		Digests: r.bytes(), Hash: r.bytes(), Command: r.bytes(), Receipt: r.bytes(),
	}
}

func readEntry(r *row, program, member string) storage.Entry {
	e := storage.Entry{Program: program, Member: member, Version: r.integer(), Ordinal: int(r.integer())}
	e.Unit, e.Kind = r.repeated(0), points.EntryKind(r.repeated(1))
	e.From, e.To, e.Amount = points.Bucket(r.integer()), points.Bucket(r.integer()), points.Amount(r.integer())
	e.Lot, e.Into, e.Rule = points.LotID(r.integer()), points.LotID(r.integer()), r.repeated(2)
	e.Revision, e.Reference = r.integer(), r.text()
	e.Corrects.Version, e.Corrects.Ordinal = r.integer(), int(r.integer())
	e.OccurredAt, e.RecordedAt = r.instant(), r.instant()
	return e
}

func readLot(r *row, program, member string) storage.Lot {
	l := storage.Lot{Program: program, Member: member}
	l.ID, l.Unit, l.State = points.LotID(r.integer()), r.repeated(0), points.LotState(r.integer())
	l.Original, l.Remaining, l.Held = points.Amount(r.integer()), points.Amount(r.integer()), points.Amount(r.integer())
	l.EarnedAt, l.AvailableFrom, l.ExpiresAt = r.instant(), r.instant(), r.instant()
	l.Source, l.Origin, l.Qualifies = r.repeated(1), r.repeated(2), r.integer() != 0
	l.MergedInto, l.Merged = points.LotID(r.integer()), points.Amount(r.integer())
	return l
}

func readRecord(r *row, program, member string) storage.Record {
	record := storage.Record{
		Program: program, Member: member, Kind: r.text(), ID: r.text(), Status: r.text(), Reference: r.text(),
		Sort: r.text(), DueAt: r.instant(),
	}
	lots, err := rowcodec.DecodeLots(r.text())
	record.Lots, record.Data = lots, r.bytes()
	r.err = errors.Join(r.err, err)
	return record
}

func readEvent(r *row, program string) storage.Event {
	return storage.Event{
		Program: program, Member: r.text(), Version: r.integer(), Ordinal: int(r.integer()), Type: r.text(),
		RecordedAt: r.instant(), Data: r.bytes(),
	}
}

func readRevision(r *row, program string) storage.Revision {
	return storage.Revision{
		Program: program, Number: r.integer(), EffectiveAt: r.instant(), Digest: r.bytes(), Text: r.bytes(),
	}
}
