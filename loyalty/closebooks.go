package loyalty

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

const (
	// booksAccount is the house account under which closings are kept.
	booksAccount  = storage.ReservedPrefix + "books"
	closingKind   = "closing"
	closeType     = "close-books"
	underWay      = storage.ReservedPrefix + "under-way"
	accountsAStep = 20_000
)

// CloseOptions says how CloseBooks works; nil and the zero value are good
// defaults.
type CloseOptions struct {
	// Limit bounds the accounts that one call visits, rounded up to whole pages; 0
	// is no bound. The next call goes on where this one ended.
	Limit int64
	// Progress, if not nil, is called after every page of accounts.
	Progress func(CloseReport)
}

// CloseReport says what one CloseBooks did.
type CloseReport struct {
	// Closed names the months that were closed, such as "2027-03".
	Closed []string `json:"closed,omitempty"`
	// Accounts counts the account rows that were read, Entries the entries.
	Accounts int64 `json:"accounts"`
	Entries  int64 `json:"entries"`
	// More is set where Limit stopped the call.
	More bool `json:"more,omitempty"`
}

// CloseBooks keeps the sums of the ledger at the end of every month that has passed,
// in the program's zone, so that [Engine.TrialBalance] reads only the entries recorded
// since. Call it once a month or every day: where nothing is to be closed it costs
// a load. It never changes a figure, only what it costs.
//
// A call that is stopped, by its context or by Limit, is taken up by the next one; a
// call that is killed loses at most the last twenty thousand accounts. A month that
// was closed counts no longer, and is closed again, where history was recorded before
// its end afterwards, as DoAll with FollowLog does.
func (e *Engine) CloseBooks(ctx context.Context, options *CloseOptions) (CloseReport, error) {
	var o CloseOptions
	if options != nil {
		o = *options
	}
	var report CloseReport
	if err := e.closeBooks(ctx, &o, &report); err != nil {
		return report, fmt.Errorf("loyalty: close books: %w", err)
	}
	return report, nil
}

// closing is the books as of an instant, the last before a month ended.
type closing struct {
	At   time.Time `json:"at"`
	Zone string    `json:"zone"`
	books
}

// closingUnderWay is a pass that has not seen all accounts.
type closingUnderWay struct {
	Zone  string      `json:"zone"`
	Since time.Time   `json:"since,omitzero"`
	Until []time.Time `json:"until"`
	// After is the cursor of the page to go on with.
	After   string  `json:"after"`
	Base    books   `json:"base"`
	Changed []books `json:"changed"`
}

func (e *Engine) closeBooks(ctx context.Context, o *CloseOptions, report *CloseReport) error {
	if err := e.writeRevisions(ctx); err != nil {
		return err
	}
	now := instant(e.options.Clock())
	zone := revisionAt(e.revisions, now).zone
	closings, pass, err := e.closings(ctx, zone)
	if err != nil {
		return err
	}
	from := closing{}
	if len(closings) > 0 {
		from = closings[len(closings)-1]
	}
	if pass == nil || !pass.Since.Equal(from.At) {
		pass = &closingUnderWay{Zone: zone.String(), Since: from.At}
		if pass.Until, err = e.monthsToClose(ctx, from.At, now.Add(-e.options.Skew), zone); err != nil || len(pass.Until) == 0 {
			return err
		}
	}
	s := e.newSweep(zone, pass.Since, pass.Until...)
	s.resume(pass)
	done, err := e.sweepOn(ctx, s, pass, o, report)
	if err != nil || !done {
		return err
	}
	if s.base.Print != from.Print || s.base.Accounts != from.Accounts {
		// History was recorded before the last closing: all of them are made again.
		if err := e.putBooks(ctx, staleClosings(closings, zone)); err != nil {
			return err
		}
		return e.closeBooks(ctx, o, report)
	}
	return e.putClosings(ctx, s, &from, report)
}

// monthsToClose lists the last instants of the months that ended after one instant
// and before another.
func (e *Engine) monthsToClose(ctx context.Context, since, before time.Time, zone *time.Location) ([]time.Time, error) {
	if since.IsZero() {
		first, err := e.firstRecorded(ctx)
		if err != nil || first.IsZero() {
			return nil, err
		}
		since = first
	} else {
		since = since.Add(time.Microsecond)
	}
	var ends []time.Time
	for end := calendar.EndOfMonths(since, 1, zone); end.Before(before); end = calendar.EndOfMonths(end, 1, zone) {
		ends = append(ends, instant(end.Add(-time.Microsecond)))
	}
	return ends, nil
}

// firstRecorded is when the first operation of any account was recorded.
func (e *Engine) firstRecorded(ctx context.Context) (time.Time, error) {
	var first time.Time
	for account, err := range storage.AllAccounts(ctx, e.store, storage.AccountQuery{Program: e.program, Limit: sweepPage}) {
		if err != nil {
			return first, err
		}
		if account.Member == booksAccount || !first.IsZero() && account.EnrolledAt.After(first) {
			continue
		}
		page, err := e.store.Operations(ctx, storage.MemberQuery{Program: e.program, Member: account.Member, Limit: 1})
		if err != nil {
			return first, err
		}
		if len(page.Items) > 0 && (first.IsZero() || page.Items[0].RecordedAt.Before(first)) {
			first = page.Items[0].RecordedAt
		}
	}
	return first, nil
}

// sweepOn takes a pass on to its end, or as far as the options let it, and keeps
// where it is. It reports whether it ended.
func (e *Engine) sweepOn(ctx context.Context, s *sweep, pass *closingUnderWay, o *CloseOptions, report *CloseReport) (bool, error) {
	seen, kept := int64(0), int64(0)
	for {
		page, err := e.store.Accounts(ctx, storage.AccountQuery{Program: e.program, After: pass.After, Limit: sweepPage})
		if err == nil {
			before := s.read
			err = s.page(ctx, page.Items)
			report.Accounts += s.read.Accounts - before.Accounts
			report.Entries += s.read.Entries - before.Entries
		}
		if err != nil {
			return false, err
		}
		seen += int64(len(page.Items))
		if pass.After = page.Next; o.Progress != nil {
			o.Progress(*report)
		}
		if page.Next == "" {
			return true, nil
		}
		report.More = o.Limit > 0 && seen >= o.Limit
		stopped := ctx.Err()
		if !report.More && stopped == nil && seen-kept < accountsAStep {
			continue
		}
		kept = seen
		row, err := s.underWay(pass)
		if err == nil {
			err = e.putBooks(context.WithoutCancel(ctx), []storage.Record{row})
		}
		if err != nil || stopped != nil || report.More {
			if err == nil {
				err = stopped
			}
			return false, err
		}
	}
}

// resume takes over what a pass has seen before.
func (s *sweep) resume(pass *closingUnderWay) {
	if len(pass.Changed) != len(s.changed) {
		return
	}
	s.base = pass.Base
	for i := range pass.Changed {
		s.changed[i] = pass.Changed[i].copy()
	}
}

func (s *sweep) underWay(pass *closingUnderWay) (storage.Record, error) {
	pass.Base, pass.Changed = s.base, make([]books, len(s.changed))
	for i := range s.changed {
		pass.Changed[i] = *s.changed[i]
	}
	return closingRecord(underWay, pass)
}

func closingRecord(id string, document any) (storage.Record, error) {
	data, err := canon.Append(nil, document)
	if err != nil {
		return storage.Record{}, err
	}
	return storage.Record{Kind: closingKind, ID: id, Data: data}, nil
}

// putClosings keeps the months of a pass that has seen all accounts.
func (e *Engine) putClosings(ctx context.Context, s *sweep, from *closing, report *CloseReport) error {
	rows := []storage.Record{{Kind: closingKind, ID: underWay}}
	sums := from.copy()
	for i, until := range s.until {
		if err := sums.follow(s.changed[i]); err != nil {
			return err
		}
		month := monthOf(until, s.zone)
		row, err := closingRecord(month, closing{At: until, Zone: s.zone.String(), books: *sums})
		if err != nil {
			return err
		}
		rows = append(rows, row)
		report.Closed = append(report.Closed, month)
	}
	return e.putBooks(ctx, rows)
}

// follow adds what was recorded since, up to an instant at which the accounts are
// counted anew.
func (b *books) follow(changed *books) error {
	b.Accounts, b.Print = 0, 0
	return b.add(changed)
}

// staleClosings empties closings.
func staleClosings(closings []closing, zone *time.Location) []storage.Record {
	rows := []storage.Record{{Kind: closingKind, ID: underWay}}
	for _, c := range closings {
		rows = append(rows, storage.Record{Kind: closingKind, ID: monthOf(c.At, zone)})
	}
	return rows
}

// closings reads the closings of a zone, in order, and the pass that is under way.
func (e *Engine) closings(ctx context.Context, zone *time.Location) ([]closing, *closingUnderWay, error) {
	var all []closing
	var pass *closingUnderWay
	query := storage.RecordQuery{Program: e.program, Member: booksAccount, Kind: closingKind}
	for row, err := range storage.AllRecords(ctx, e.store, query) {
		if err != nil {
			return nil, nil, err
		}
		if len(row.Data) == 0 {
			continue
		}
		if row.ID == underWay {
			pass = &closingUnderWay{}
			if err := json.Unmarshal(row.Data, pass); err != nil {
				return nil, nil, fmt.Errorf("closing under way: %w", err)
			}
			continue
		}
		var c closing
		if err := json.Unmarshal(row.Data, &c); err != nil {
			return nil, nil, fmt.Errorf("closing %s: %w", row.ID, err)
		}
		if c.Zone == zone.String() {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b closing) int { return a.At.Compare(b.At) })
	if pass != nil && pass.Zone != zone.String() {
		pass = nil
	}
	return all, pass, nil
}

// keepBooks writes records of the house account that holds the closings. It is no
// command of a caller.
type keepBooks struct{ rows []storage.Record }

// Plan implements Command; the engine makes the plan itself.
func (k *keepBooks) Plan() Plan { return Plan{} }

// Apply implements Command; the engine writes without it.
func (k *keepBooks) Apply(context.Context, *Tx) error { return nil }

// answer implements stepper.
func (k *keepBooks) answer(d *deciding, c *call, a *account, now time.Time) (*Receipt, error) {
	tx, err := d.systemTx(c, a, closeType, now)
	if err != nil {
		return nil, err
	}
	if !a.exists {
		tx.row.Kind, tx.row.Status, tx.row.EnrolledAt, tx.row.DueAt = storage.House, storage.Active, now, points.Never
	}
	for _, row := range k.rows {
		if err := tx.putOwn(row); err != nil {
			return nil, err
		}
	}
	return d.seal(c, tx)
}

// putBooks stores records of the house account, a few to a commit.
func (e *Engine) putBooks(ctx context.Context, rows []storage.Record) error {
	for part := range slices.Chunk(rows, 12) {
		c := &call{cmd: &keepBooks{rows: part}, typ: closeType, now: e.options.Clock()}
		c.plan = Plan{Member: booksAccount, Key: storage.ReservedPrefix + closeType + "/" + strconv.Itoa(len(part))}
		e.run(ctx, []*call{c})
		if c.err != nil {
			return c.err
		}
	}
	return nil
}
