package loyalty

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// ReconcileReport compares a file of opening balances with what the ledger holds of
// imports.
type ReconcileReport struct {
	// Units compares totals, sorted by unit.
	Units []Reconciled `json:"units,omitempty"`
	// Differences holds the first 1000 members of whom file and ledger differ, sorted by
	// member and unit, and Different counts all.
	Differences []Reconciled `json:"differences,omitempty"`
	Different   int          `json:"different"`
	// Dates holds the first 1000 dates of which file and ledger have different points,
	// sorted by member, unit, date and instant, and Misdated counts all.
	Dates    []ReconciledDate `json:"dates,omitempty"`
	Misdated int              `json:"misdated,omitempty"`
	// Missing holds the first 1000 members of the file who have no account, sorted, and
	// Absent counts all.
	Missing []string `json:"missing,omitempty"`
	Absent  int      `json:"absent,omitempty"`
	// Tiers holds the first 1000 ladders of members on which the file and the store have
	// different opening standings, sorted by member and ladder, and DifferentTiers counts all.
	Tiers          []ReconciledTier `json:"tiers,omitempty"`
	DifferentTiers int              `json:"differentTiers,omitempty"`
	// Unfinished holds the first 1000 members of the store of whose opening standing a page
	// is wanted still, sorted, and Waiting counts all.
	Unfinished []UnfinishedStanding `json:"unfinished,omitempty"`
	Waiting    int                  `json:"waiting,omitempty"`
}

// Reconciled is what the file and the ledger say of a unit, of one member or of all.
type Reconciled struct {
	Member string        `json:"member,omitempty"`
	Unit   string        `json:"unit"`
	File   points.Amount `json:"file"`
	Ledger points.Amount `json:"ledger"`
}

// ReconciledDate is how many points the file and the ledger have of one date of a member.
type ReconciledDate struct {
	Member string `json:"member"`
	Unit   string `json:"unit"`
	// Date is "earnedAt", "availableFrom" or "expiresAt", as a row of the file names it. Of a
	// metric it is "earnedAt", and At the start of the day that counted it.
	Date   string        `json:"date"`
	At     time.Time     `json:"at"`
	File   points.Amount `json:"file"`
	Ledger points.Amount `json:"ledger"`
}

// Reconcile compares a file of opening balances with the entries of imports that the
// ledger holds, also of members whom the file does not name: points by member and unit,
// and the dates that they were earned, can be spent and expire, of metrics the days on which
// they were counted, and opening standings. What members did since makes no difference. A
// row that leaves a date out fits any, and so do the dates of points that wait for a
// confirmation, but for when they were earned. It says who of the file has no account, also
// of rows without points. It reads every account's ledger, and keeps about 100 bytes in
// memory of each row, and of each count of a standing. Rows that could not be read are left
// out.
func (e *Engine) Reconcile(ctx context.Context, rows iter.Seq[ImportRow]) (ReconcileReport, error) {
	r, standings := reconciling{file: map[string][]broughtRow{}, units: map[string]Reconciled{}}, newReconciledStandings()
	for row := range rows {
		if row.Err == nil {
			r.file[row.Import.Member] = r.take(e, &row.Import)
			standings.file(&row.Import)
		}
	}
	for account, err := range storage.AllAccounts(ctx, e.store, storage.AccountQuery{Program: e.program}) {
		if err != nil {
			return ReconcileReport{}, fmt.Errorf("loyalty: reconcile: %w", err)
		}
		brought, err := e.brought(ctx, account.Member)
		if err == nil {
			err = r.compare(account.Member, brought)
		}
		if err == nil {
			err = standings.ledger(ctx, e, account.Member)
		}
		if err != nil {
			return ReconcileReport{}, fmt.Errorf("loyalty: reconcile: %s: %w", AccountName(account.Member), err)
		}
		delete(r.file, account.Member)
	}
	missing := slices.Sorted(maps.Keys(r.file))
	for _, member := range missing {
		if err := r.compare(member, nil); err != nil {
			return ReconcileReport{}, fmt.Errorf("loyalty: reconcile: %s: %w", AccountName(member), err)
		}
	}
	report := r.report(missing)
	report.Tiers, report.DifferentTiers = standings.differences()
	report.Unfinished, report.Waiting = standings.unfinished.first(), len(standings.unfinished)
	return report, nil
}

// broughtRow is what a row of the file, or an entry of an import, has of a unit. A date
// that is zero fits any.
type broughtRow struct {
	unit   string
	points points.Amount
	dates  [3]time.Time
}

// importDates names the dates of a row as the file does.
var importDates = [3]string{"earnedAt", "availableFrom", "expiresAt"}

// reconciling is one comparison. It has the rows of the file by member, until the member
// was compared.
type reconciling struct {
	file    map[string][]broughtRow
	units   map[string]Reconciled
	differ  []Reconciled
	dates   []ReconciledDate
	differN int
	datesN  int
}

func (r *reconciling) take(e *Engine, row *Import) []broughtRow {
	rows := r.file[row.Member]
	if row.Standing != nil {
		for _, count := range row.Standing.Counts {
			rows = append(rows, broughtRow{unit: count.Metric, points: count.Amount, dates: [3]time.Time{e.dayShown(count.Day)}})
		}
	}
	if row.Points <= 0 {
		return rows
	}
	b := broughtRow{unit: row.Unit, points: row.Points, dates: [3]time.Time{
		instant0(row.EarnedAt), instant0(row.AvailableFrom), instant0(row.ExpiresAt),
	}}
	if b.dates[1].Equal(points.Never) {
		b.dates[1], b.dates[2] = time.Time{}, time.Time{}
	}
	if unit, known := e.present().Unit(row.Unit); known && unit.Kind == points.Metric {
		b.dates = [3]time.Time{e.countedDay(b.dates[0])}
	}
	return append(rows, b)
}

// dayShown is a day on which something was counted, as a report shows it.
func (e *Engine) dayShown(day tiers.Day) time.Time { return day.Start(e.present().zone) }

// countedDay is the day on which a metric counts what happened at an instant.
func (e *Engine) countedDay(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	return e.dayShown(tiers.DayOf(at, revisionAt(e.revisions, at).zone))
}

// brought returns what imports brought to an account.
func (e *Engine) brought(ctx context.Context, member string) ([]broughtRow, error) {
	var rows []broughtRow
	lots := map[points.LotID]int{}
	query := storage.MemberQuery{Program: e.program, Member: member, Limit: 1000}
	for entry, err := range storage.AllEntries(ctx, e.store, query) {
		if err != nil {
			return nil, err
		}
		if entry.Kind != points.EntryImport {
			continue
		}
		if entry.Lot != 0 {
			lots[entry.Lot] = len(rows)
		}
		earned := entry.OccurredAt
		if entry.To == points.Counted {
			earned = e.countedDay(earned)
		}
		rows = append(rows, broughtRow{unit: entry.Unit, points: entry.Amount, dates: [3]time.Time{earned}})
	}
	if len(lots) == 0 {
		return rows, nil
	}
	for lot, err := range storage.AllLots(ctx, e.store, query) {
		if err != nil {
			return nil, err
		}
		if at, imported := lots[lot.ID]; imported {
			rows[at].dates = [3]time.Time{lot.EarnedAt, lot.AvailableFrom, lot.ExpiresAt}
		}
	}
	return rows, nil
}

// compare compares what the file and the ledger have of a member.
func (r *reconciling) compare(member string, ledger []broughtRow) error {
	file := r.file[member]
	var units []string
	for _, row := range slices.Concat(file, ledger) {
		units = append(units, row.unit)
	}
	slices.Sort(units)
	for _, unit := range slices.Compact(units) {
		mine, theirs := of(file, unit), of(ledger, unit)
		sum := Reconciled{Member: member, Unit: unit}
		var err error
		if sum.File, err = total(mine); err != nil {
			return err
		}
		if sum.Ledger, err = total(theirs); err != nil {
			return err
		}
		all := r.units[unit]
		all.Unit = unit
		if all.File, err = all.File.Add(sum.File); err != nil {
			return err
		}
		if all.Ledger, err = all.Ledger.Add(sum.Ledger); err != nil {
			return err
		}
		r.units[unit] = all
		if sum.File != sum.Ledger {
			r.differN++
			r.differ = firstOnes(append(r.differ, sum), compareUnits)
		}
		for date := range importDates {
			for _, found := range misdated(mine, theirs, date) {
				found.Member, found.Unit, found.Date = member, unit, importDates[date]
				r.datesN++
				r.dates = firstOnes(append(r.dates, found), compareDates)
			}
		}
	}
	return nil
}

func of(rows []broughtRow, unit string) []broughtRow {
	var some []broughtRow
	for _, row := range rows {
		if row.unit == unit {
			some = append(some, row)
		}
	}
	return some
}

func total(rows []broughtRow) (sum points.Amount, err error) {
	for _, row := range rows {
		if sum, err = sum.Add(row.points); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

// misdated lists the instants of a date of which the file has more points than the
// ledger, and, where that is not explained by rows of the file without the date, those
// of which it has fewer. Amounts were added up before, without overflow.
func misdated(file, ledger []broughtRow, date int) []ReconciledDate {
	var undated, more points.Amount
	at := map[int64]ReconciledDate{}
	for _, row := range file {
		if row.dates[date].IsZero() {
			undated += row.points
			continue
		}
		d := at[row.dates[date].UnixMicro()]
		d.At, d.File = row.dates[date], d.File+row.points
		at[d.At.UnixMicro()] = d
	}
	if len(at) == 0 {
		return nil // the file says nothing of it
	}
	for _, row := range ledger {
		if row.dates[date].IsZero() {
			return nil // a metric has no such date
		}
		d := at[row.dates[date].UnixMicro()]
		d.At, d.Ledger = row.dates[date], d.Ledger+row.points
		at[d.At.UnixMicro()] = d
	}
	var found []ReconciledDate
	for _, d := range at {
		if d.File != d.Ledger {
			found = append(found, d)
			more += max(0, d.Ledger-d.File)
		}
	}
	if undated > 0 && more <= undated {
		found = slices.DeleteFunc(found, func(d ReconciledDate) bool { return d.Ledger > d.File })
	}
	return found
}

func compareUnits(a, b Reconciled) int {
	return cmp.Or(cmp.Compare(a.Member, b.Member), cmp.Compare(a.Unit, b.Unit))
}

func compareDates(a, b ReconciledDate) int {
	return cmp.Or(cmp.Compare(a.Member, b.Member), cmp.Compare(a.Unit, b.Unit),
		cmp.Compare(slices.Index(importDates[:], a.Date), slices.Index(importDates[:], b.Date)), a.At.Compare(b.At))
}

// firstOnes keeps the first of a list that may become long.
func firstOnes[T any](list []T, compare func(a, b T) int) []T {
	if len(list) < 2*maxImportProblems {
		return list
	}
	slices.SortFunc(list, compare)
	return list[:maxImportProblems]
}

func (r *reconciling) report(missing []string) ReconcileReport {
	slices.SortFunc(r.differ, compareUnits)
	slices.SortFunc(r.dates, compareDates)
	report := ReconcileReport{
		Differences: r.differ[:min(len(r.differ), maxImportProblems)], Different: r.differN,
		Dates: r.dates[:min(len(r.dates), maxImportProblems)], Misdated: r.datesN, Absent: len(missing),
	}
	if len(missing) > 0 {
		report.Missing = missing[:min(len(missing), maxImportProblems)]
	}
	for _, unit := range slices.Sorted(maps.Keys(r.units)) {
		report.Units = append(report.Units, r.units[unit])
	}
	return report
}
