package parquet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// entryRow is a line of the ledger.
type entryRow struct {
	Program         string `parquet:"program,dict"`
	Member          string `parquet:"member,dict"`
	Version         int64  `parquet:"version"`
	Ordinal         int64  `parquet:"ordinal"`
	Unit            string `parquet:"unit,dict"`
	Kind            string `parquet:"kind,dict"`
	From            string `parquet:"from_bucket,dict"`
	To              string `parquet:"to_bucket,dict"`
	Amount          int64  `parquet:"amount"`
	Lot             int64  `parquet:"lot"`
	Into            int64  `parquet:"into_lot"`
	Rule            string `parquet:"rule,dict"`
	Revision        int64  `parquet:"revision"`
	Reference       string `parquet:"reference"`
	CorrectsVersion int64  `parquet:"corrects_version"`
	CorrectsOrdinal int64  `parquet:"corrects_ordinal"`
	OccurredAt      int64  `parquet:"occurred_at,timestamp(microsecond)"`
	RecordedAt      int64  `parquet:"recorded_at,timestamp(microsecond)"`
}

var entryColumns = []string{
	"program", "member", "version", "ordinal", "unit", "kind", "from_bucket", "to_bucket", "amount", "lot", "into_lot", "rule", "revision",
	"reference", "corrects_version", "corrects_ordinal", "occurred_at", "recorded_at",
}

// LedgerOptions say which ledger is written, and how it is parted.
type LedgerOptions struct {
	// Program is required.
	Program string
	// Buckets is into how many parts accounts are put, by a hash of the member: a power
	// of 2 up to 256; 0 is 16.
	Buckets int
	// Zone is that of the months in which entries occurred; nil is UTC.
	Zone *time.Location
	// Open bounds the files that are open at once, for each holds some thousand rows: a
	// month that comes back after its file was closed gets a further one. 0 is 24.
	Open int
}

// Part is a file of a ledger.
type Part struct {
	// Name is a path such as bucket=003/month=2027-03/part-0.parquet, in the form that
	// engines take columns from.
	Name   string
	Bucket int
	// Month is the first instant of the month.
	Month time.Time
	Rows  int64
}

func (o *LedgerOptions) check() error {
	var problems kpi.Problems
	o.Buckets = cmp.Or(o.Buckets, 16)
	o.Open = cmp.Or(o.Open, 24)
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Program == "" {
		problems.Add("program", "must name the program whose ledger is written")
	}
	if o.Buckets < 1 || o.Buckets > storage.Buckets || storage.Buckets%o.Buckets != 0 {
		problems.Add("buckets", "must be a power of 2 up to %d, is %d", storage.Buckets, o.Buckets)
	}
	if o.Open < 1 {
		problems.Add("open", "must be at least 1, is %d", o.Open)
	}
	return problems.Err()
}

// WriteLedger writes all entries of a program, each into the file of its account's
// bucket and its month. Accounts are listed once for each bucket and their entries read
// once. create opens a file by its name, such as in a folder or a store of objects;
// each is closed once, also after an error, and the parts are then those that were
// completed. The files hold members' ids and references.
func WriteLedger(ctx context.Context, store storage.Store, o LedgerOptions, create func(name string) (io.WriteCloser, error)) ([]Part, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("parquet: %w", err)
	}
	w := ledgerWriter{options: &o, create: create, next: map[string]int{}}
	for bucket := range o.Buckets {
		if err := w.bucket(ctx, store, bucket); err != nil {
			w.abandon()
			return w.done, fmt.Errorf("parquet: %w", err)
		}
	}
	slices.SortFunc(w.done, func(a, b Part) int { return cmp.Compare(a.Name, b.Name) })
	return w.done, nil
}

type ledgerWriter struct {
	options *LedgerOptions
	create  func(name string) (io.WriteCloser, error)
	// open are the files of the bucket that is written, the latest used last.
	open []*openPart
	done []Part
	// next is the number of a month's next file, by its folder.
	next map[string]int
}

type openPart struct {
	Part
	folder string
	file   io.WriteCloser
	rows   *rowWriter[entryRow]
}

func (w *ledgerWriter) bucket(ctx context.Context, store storage.Store, bucket int) error {
	for account, err := range storage.AllAccounts(ctx, store, storage.AccountQuery{Program: w.options.Program, Limit: 1000}) {
		if err != nil {
			return err
		}
		if storage.Bucket(account.Member)%w.options.Buckets != bucket {
			continue
		}
		for entry, err := range storage.AllEntries(ctx, store, storage.MemberQuery{Program: account.Program, Member: account.Member, Limit: 1000}) {
			if err != nil {
				return err
			}
			part, err := w.part(bucket, entry.OccurredAt)
			if err == nil {
				err = part.rows.write(rowOf(&entry))
			}
			if err != nil {
				return err
			}
		}
	}
	for len(w.open) > 0 {
		if err := w.closeFirst(); err != nil {
			return err
		}
	}
	return nil
}

// part returns the open file of a month.
func (w *ledgerWriter) part(bucket int, at time.Time) (*openPart, error) {
	month := kpi.CalendarMonth(at.In(w.options.Zone).Year(), at.In(w.options.Zone).Month(), w.options.Zone).Start
	if last := len(w.open) - 1; last >= 0 && w.open[last].Month.Equal(month) {
		return w.open[last], nil
	}
	if i := slices.IndexFunc(w.open, func(p *openPart) bool { return p.Month.Equal(month) }); i >= 0 {
		part := w.open[i]
		w.open = append(slices.Delete(w.open, i, i+1), part)
		return part, nil
	}
	if len(w.open) == w.options.Open {
		if err := w.closeFirst(); err != nil {
			return nil, err
		}
	}
	folder := fmt.Sprintf("bucket=%03d/month=%s", bucket, month.Format("2006-01"))
	part := &openPart{folder: folder, Part: Part{Name: fmt.Sprintf("%s/part-%d.parquet", folder, w.next[folder]), Bucket: bucket, Month: month}}
	file, err := w.create(part.Name)
	if err != nil {
		return nil, err
	}
	w.next[folder]++
	const group = 8 << 10
	part.file, part.rows = file, newRowWriter[entryRow](file, group)
	w.open = append(w.open, part)
	return part, nil
}

// closeFirst completes the file that was not used for longest.
func (w *ledgerWriter) closeFirst() error {
	part := w.open[0]
	w.open = w.open[1:]
	err := part.rows.close()
	if closed := part.file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("%s: %w", part.Name, err)
	}
	part.Rows = part.rows.written
	w.done = append(w.done, part.Part)
	return nil
}

func (w *ledgerWriter) abandon() {
	for _, part := range w.open {
		_ = part.file.Close()
	}
}

func rowOf(e *storage.Entry) entryRow {
	return entryRow{
		Program: e.Program, Member: e.Member, Version: e.Version, Ordinal: int64(e.Ordinal), Unit: e.Unit, Kind: string(e.Kind),
		From: e.From.String(), To: e.To.String(), Amount: int64(e.Amount), Lot: int64(e.Lot), Into: int64(e.Into), Rule: e.Rule,
		Revision: e.Revision, Reference: e.Reference, CorrectsVersion: e.Corrects.Version, CorrectsOrdinal: int64(e.Corrects.Ordinal),
		OccurredAt: e.OccurredAt.UnixMicro(), RecordedAt: e.RecordedAt.UnixMicro(),
	}
}

// ReadLedger reads a file that [WriteLedger] wrote, in the order written: by member,
// each one's entries in order. An error, which wraps [ErrFile] where the file is at
// fault, ends the sequence.
func ReadLedger(r io.ReaderAt, size int64) iter.Seq2[storage.Entry, error] {
	return readRows(r, size, entryColumns, func(row *entryRow) (storage.Entry, error) {
		e := storage.Entry{
			Program: row.Program, Member: row.Member, Version: row.Version, Ordinal: int(row.Ordinal),
			Entry: points.Entry{
				Unit: row.Unit, Kind: points.EntryKind(row.Kind), Amount: points.Amount(row.Amount), Lot: points.LotID(row.Lot),
				Into: points.LotID(row.Into), Rule: row.Rule, Revision: row.Revision, Reference: row.Reference,
				Corrects:   points.EntryRef{Version: row.CorrectsVersion, Ordinal: int(row.CorrectsOrdinal)},
				OccurredAt: time.UnixMicro(row.OccurredAt).UTC(), RecordedAt: time.UnixMicro(row.RecordedAt).UTC(),
			},
		}
		return e, errors.Join(e.From.UnmarshalText([]byte(row.From)), e.To.UnmarshalText([]byte(row.To)))
	})
}
