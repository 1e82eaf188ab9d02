package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/rowcodec"
)

// scanner reads one row into variables: *sql.Rows.
type scanner interface {
	Scan(dest ...any) error
}

// after reads a first column of its own before the others.
type after struct {
	scanner
	first any
}

func (a after) Scan(dest ...any) error {
	return a.scanner.Scan(append([]any{a.first}, dest...)...)
}

func scanAccount(row scanner, program, member string) (storage.Account, error) {
	a := storage.Account{Program: program, Member: member}
	var due, enrolled, recorded int64
	var retry sql.NullInt64
	var balances, standing, days string
	if err := row.Scan(&a.Kind, &a.Version, &a.Status, &due, &retry, &enrolled, &recorded,
		&balances, &standing, &days, &a.Hash, &a.Data); err != nil {
		return a, err
	}
	a.DueAt, a.RetryAt = instant(due), optionalInstant(retry)
	a.EnrolledAt, a.RecordedAt = instant(enrolled), instant(recorded)
	var errs [3]error
	a.Balances, errs[0] = rowcodec.DecodeBalances(balances)
	a.Standing, errs[1] = rowcodec.DecodeStanding(standing)
	a.Days, errs[2] = rowcodec.DecodeDays(days)
	return a, errors.Join(errs[:]...)
}

func scanOperation(row scanner, program, member string) (storage.Operation, error) {
	op := storage.Operation{Program: program, Member: member}
	var occurred, recorded int64
	err := row.Scan(&op.Version, &op.Key, &op.Type, &op.Reason, &op.Actor, &op.Reference, &op.Library, &op.Format,
		&occurred, &recorded, &op.Fingerprint, &op.Salt, &op.Digests, &op.Hash, &op.Command, &op.Receipt)
	op.OccurredAt, op.RecordedAt = instant(occurred), instant(recorded)
	return op, err
}

func scanEntry(row scanner, program, member string) (storage.Entry, error) {
	e := storage.Entry{Program: program, Member: member}
	var occurred, recorded int64
	err := row.Scan(&e.Version, &e.Ordinal, &e.Unit, &e.Kind, &e.From, &e.To, &e.Amount, &e.Lot, &e.Into, &e.Rule,
		&e.Revision, &e.Reference, &e.Corrects.Version, &e.Corrects.Ordinal, &occurred, &recorded)
	e.OccurredAt, e.RecordedAt = instant(occurred), instant(recorded)
	return e, err
}

func scanLot(row scanner, program, member string) (storage.Lot, error) {
	l := storage.Lot{Program: program, Member: member}
	var earned, available, expires int64
	err := row.Scan(&l.ID, &l.Unit, &l.State, &l.Original, &l.Remaining, &l.Held, &earned, &available, &expires,
		&l.Source, &l.Origin, &l.Qualifies, &l.MergedInto, &l.Merged)
	l.EarnedAt, l.AvailableFrom, l.ExpiresAt = instant(earned), instant(available), instant(expires)
	return l, err
}

func scanRecord(row scanner, program, member string) (storage.Record, error) {
	r := storage.Record{Program: program, Member: member}
	var due int64
	var lots string
	if err := row.Scan(&r.Kind, &r.ID, &r.Status, &r.Reference, &r.Sort, &due, &lots, &r.Data); err != nil {
		return r, err
	}
	r.DueAt = instant(due)
	var err error
	r.Lots, err = rowcodec.DecodeLots(lots)
	return r, err
}

func scanEvent(row scanner, program string) (storage.Event, error) {
	e := storage.Event{Program: program}
	var recorded int64
	err := row.Scan(&e.Member, &e.Version, &e.Ordinal, &e.Type, &recorded, &e.Data)
	e.RecordedAt = instant(recorded)
	return e, err
}

func scanRevision(row scanner, program string) (storage.Revision, error) {
	r := storage.Revision{Program: program}
	var effective int64
	err := row.Scan(&r.Number, &effective, &r.Digest, &r.Text)
	r.EffectiveAt = instant(effective)
	return r, err
}

// addOperation and the others write a row; see put for what stands in its way.

func (s *session) addOperation(ctx context.Context, op *storage.Operation) error {
	return s.put(ctx, addOperation, operationArgs(op)...)
}

func (s *session) addEntry(ctx context.Context, e *storage.Entry) error {
	return s.put(ctx, addEntry, entryArgs(e)...)
}

func (s *session) putLot(ctx context.Context, l *storage.Lot) error {
	open := l.Remaining > 0 || l.Held > 0
	_, err := s.exec(ctx, putLot, append(lotArgs(l), flag(open))...)
	return err
}

func (s *session) putRecord(ctx context.Context, r *storage.Record) error {
	listed := r.Reference != "" || r.Status != "" || r.Sort != ""
	_, err := s.exec(ctx, putRecord, append(recordArgs(r), flag(listed))...)
	return err
}

func (s *session) addEvent(ctx context.Context, e *storage.Event) error {
	return s.put(ctx, addEvent, eventArgs(e)...)
}

// putAccount writes the account if the stored one has the expected version.
func (s *session) putAccount(ctx context.Context, a *storage.Account, expect int64) error {
	var errs [3]error
	var balances, standing, days string
	balances, errs[0] = rowcodec.EncodeBalances(a.Balances)
	standing, errs[1] = rowcodec.EncodeStanding(a.Standing)
	days, errs[2] = rowcodec.EncodeDays(a.Days)
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	retry, enrolled, recorded := optionalMicros(a.RetryAt), micros(a.EnrolledAt), micros(a.RecordedAt)
	due := micros(a.DueAt)
	if expect == 0 {
		return s.put(ctx, addAccount, a.Program, a.Member, int64(a.Kind), a.Version, int64(a.Status), due, retry,
			enrolled, recorded, balances, standing, days, blob(a.Hash), blob(a.Data))
	}
	// Most commits leave the due time alone, and with it the index.
	n, err := s.exec(ctx, setAccount, a.Version, int64(a.Status), int64(a.Kind), retry, enrolled, recorded,
		balances, standing, days, blob(a.Hash), blob(a.Data), a.Program, a.Member, expect, due)
	if err != nil || n == 1 {
		return err
	}
	n, err = s.exec(ctx, setAccountAndDue, a.Version, int64(a.Status), int64(a.Kind), retry, enrolled, recorded,
		balances, standing, days, blob(a.Hash), blob(a.Data), due, a.Program, a.Member, expect)
	return refusedUnless(n == 1, err)
}
