package loyalty

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// TrialBalance is what a program's ledger came to as of an instant.
type TrialBalance struct {
	Program string `json:"program"`
	// At is the instant, inclusive, and Zone the zone of months and of String.
	At   time.Time `json:"at"`
	Zone string    `json:"zone"`
	// Accounts counts the accounts that existed.
	Accounts int64         `json:"accounts"`
	Units    []UnitBalance `json:"units"`
	// Due counts the accounts on which something that was due by then is not booked
	// to this day: RunDue books it, at the time at which it runs.
	Due int64 `json:"due,omitempty"`
	// ComparedWithRows says that nothing was recorded since, so that the balances
	// were compared with those of the account rows.
	ComparedWithRows bool `json:"comparedWithRows,omitempty"`
	// Problems says what does not add up; it is empty on a sound ledger.
	Problems []string `json:"problems,omitempty"`
	// Since is the closing that was started from, zero for the beginning of the
	// ledger, and Cost what was read.
	Since time.Time `json:"since,omitzero"`
	Cost  TrialCost `json:"cost"`
}

// TrialCost is what a trial balance read: account rows, entries, and operations
// looked at to find an instant in an account's history.
type TrialCost struct {
	Accounts int64 `json:"accounts"`
	Entries  int64 `json:"entries"`
	Looks    int64 `json:"looks"`
}

// UnitBalance is a unit's part of a trial balance.
type UnitBalance struct {
	Unit  string `json:"unit"`
	Scale int    `json:"scale,omitempty"`
	// Totals sums the entries by kind and buckets, sorted.
	Totals []EntryTotal `json:"totals"`
	// Buckets has a line for each bucket that was ever used, in order of bucket.
	Buckets []BucketBalance `json:"buckets"`
	// Months says what is outstanding by the month in which it was earned, in
	// order; months of which nothing is left are not in it.
	Months []MonthBalance `json:"months,omitempty"`
}

// EntryTotal is the sum of entries of one kind between two buckets.
type EntryTotal struct {
	Kind    points.EntryKind `json:"kind"`
	From    points.Bucket    `json:"from"`
	To      points.Bucket    `json:"to"`
	Amount  points.Amount    `json:"amount"`
	Entries int64            `json:"entries"`
}

// BucketBalance is what moved into and out of a bucket, and what that leaves. A
// program's own buckets, such as issued, and debt are below zero where members
// have or owe points.
type BucketBalance struct {
	Bucket  points.Bucket `json:"bucket"`
	In      points.Amount `json:"in"`
	Out     points.Amount `json:"out"`
	Balance points.Amount `json:"balance"`
}

// MonthBalance is what members have of the points that were earned in a month.
type MonthBalance struct {
	// Month is the month in the program's zone, such as "2027-03".
	Month     string        `json:"month"`
	Pending   points.Amount `json:"pending,omitempty"`
	Available points.Amount `json:"available,omitempty"`
	Held      points.Amount `json:"held,omitempty"`
}

// Outstanding is all that members have of the month.
func (m MonthBalance) Outstanding() points.Amount { return m.Pending + m.Available + m.Held }

// OK reports whether everything adds up.
func (t TrialBalance) OK() bool { return len(t.Problems) == 0 }

// TrialOptions says how TrialBalance works; nil and the zero value are good
// defaults.
type TrialOptions struct {
	// Progress, if not nil, is called after every page of accounts.
	Progress func(TrialCost)
}

// TrialBalance sums the ledger as of an instant: what moved into and out of every
// bucket of every unit, and what is outstanding by the month in which it was earned.
// A zero instant is now.
//
// It is exact: an entry counts from the instant at which the ledger recorded it, so
// that the balance of a day that is over never changes. What fell due and was booked
// later counts from when it was booked; let RunDue run before a period ends.
//
// It reads every account row, and of the accounts that changed since the last month
// that [Engine.CloseBooks] closed the entries recorded since, besides a few
// operations to find them. Without closings it reads every entry. A closing is used
// only if every account still was at the version then that it was at when it was closed.
func (e *Engine) TrialBalance(ctx context.Context, at time.Time, options *TrialOptions) (TrialBalance, error) {
	var o TrialOptions
	if options != nil {
		o = *options
	}
	now := instant(e.options.Clock())
	if at.IsZero() {
		at = now
	}
	zone := revisionAt(e.revisions, now).zone
	t, err := e.trialBalance(ctx, instant(at), zone, &o)
	if err != nil {
		return t, fmt.Errorf("loyalty: trial balance: %w", err)
	}
	return t, nil
}

// trialAttempts is how often a trial balance is made again that met commands on
// their way: a transfer's one side is read before, its other after it was stored.
const trialAttempts = 3

func (e *Engine) trialBalance(ctx context.Context, at time.Time, zone *time.Location, o *TrialOptions) (TrialBalance, error) {
	closings, _, err := e.closings(ctx, zone)
	if err != nil {
		return TrialBalance{}, err
	}
	for len(closings) > 0 && closings[len(closings)-1].At.After(at) {
		closings = closings[:len(closings)-1]
	}
	for attempt := 1; ; {
		from := closing{}
		if len(closings) > 0 {
			from = closings[len(closings)-1]
		}
		s := e.newSweep(zone, from.At, at)
		if err := s.all(ctx, o); err != nil {
			return TrialBalance{}, err
		}
		if len(closings) > 0 && (s.base.Print != from.Print || s.base.Accounts != from.Accounts) {
			closings = closings[:len(closings)-1]
			continue
		}
		sums := from.copy()
		if err := sums.follow(s.changed[0]); err != nil {
			return TrialBalance{}, err
		}
		t, err := e.balance(s, sums, at)
		if err != nil || t.OK() || attempt == trialAttempts {
			t.Since = from.At
			return t, err
		}
		attempt++
	}
}

func (s *sweep) all(ctx context.Context, o *TrialOptions) error {
	query := storage.AccountQuery{Program: s.engine.program, Limit: sweepPage}
	for {
		page, err := s.engine.store.Accounts(ctx, query)
		if err != nil {
			return err
		}
		if err := s.page(ctx, page.Items); err != nil {
			return err
		}
		if o.Progress != nil {
			o.Progress(s.read)
		}
		if page.Next == "" {
			return nil
		}
		query.After = page.Next
	}
}

// balance turns sums into a trial balance, and checks it.
func (e *Engine) balance(s *sweep, sums *books, at time.Time) (TrialBalance, error) {
	t := TrialBalance{
		Program: e.program, At: at, Zone: s.zone.String(), Accounts: sums.Accounts, Due: s.due, Cost: s.read,
		ComparedWithRows: s.later == 0,
	}
	rev := e.present()
	for _, f := range sums.Sums {
		u := t.unit(f.Unit, rev)
		u.Totals = append(u.Totals, EntryTotal{Kind: f.Kind, From: f.From, To: f.To, Amount: f.Amount, Entries: f.Entries})
		if err := u.move(f); err != nil {
			return t, err
		}
	}
	for _, m := range sums.Months {
		if m.Pending == 0 && m.Available == 0 && m.Held == 0 {
			continue
		}
		u := t.unit(m.Unit, rev)
		u.Months = append(u.Months, MonthBalance{Month: m.Month, Pending: m.Pending, Available: m.Available, Held: m.Held})
	}
	for i := range t.Units {
		if err := t.check(&t.Units[i], s); err != nil {
			return t, err
		}
	}
	return t, nil
}

func (t *TrialBalance) unit(code string, rev *revision) *UnitBalance {
	if n := len(t.Units); n > 0 && t.Units[n-1].Unit == code {
		return &t.Units[n-1]
	}
	for i := range t.Units {
		if t.Units[i].Unit == code {
			return &t.Units[i]
		}
	}
	unit, _ := rev.Unit(code)
	t.Units = append(t.Units, UnitBalance{Unit: code, Scale: unit.Scale})
	return &t.Units[len(t.Units)-1]
}

// move books a sum on both of its buckets.
func (u *UnitBalance) move(f flow) error {
	from := u.bucket(f.From)
	var err error
	if from.Out, err = from.Out.Add(f.Amount); err != nil {
		return err
	}
	if from.Balance, err = from.In.Sub(from.Out); err != nil {
		return err
	}
	to := u.bucket(f.To)
	if to.In, err = to.In.Add(f.Amount); err != nil {
		return err
	}
	to.Balance, err = to.In.Sub(to.Out)
	return err
}

func (u *UnitBalance) bucket(b points.Bucket) *BucketBalance {
	i := 0
	for i < len(u.Buckets) && u.Buckets[i].Bucket < b {
		i++
	}
	if i == len(u.Buckets) || u.Buckets[i].Bucket != b {
		u.Buckets = slices.Insert(u.Buckets, i, BucketBalance{Bucket: b})
	}
	return &u.Buckets[i]
}

// Balance is what a bucket has, 0 where it was never used.
func (u UnitBalance) Balance(b points.Bucket) points.Amount {
	for _, bucket := range u.Buckets {
		if bucket.Bucket == b {
			return bucket.Balance
		}
	}
	return 0
}

// check compares the figures of a unit with one another: over all buckets they add
// up to zero, what is outstanding by month is what the buckets have, transfers took as
// much as they gave, and where nothing was recorded since, the account rows agree.
func (t *TrialBalance) check(u *UnitBalance, s *sweep) error {
	problem := func(format string, args ...any) {
		t.Problems = append(t.Problems, u.Unit+": "+fmt.Sprintf(format, args...))
	}
	var sum points.Amount
	var lots MonthBalance
	var err error
	for _, b := range u.Buckets {
		if sum, err = sum.Add(b.Balance); err != nil {
			return err
		}
		if b.Bucket.Member() && b.Bucket != points.Debt && b.Balance < 0 || b.Bucket == points.Debt && b.Balance > 0 {
			problem("%s has %d", b.Bucket, b.Balance)
		}
	}
	for _, m := range u.Months {
		if _, err := points.Sum(lots.Pending, lots.Available, lots.Held, m.Pending, m.Available, m.Held); err != nil {
			return err
		}
		lots.Pending += m.Pending
		lots.Available += m.Available
		lots.Held += m.Held
	}
	if sum != 0 {
		problem("the buckets add up to %d, not to zero", sum)
	}
	if in := u.Balance(points.Transferred); in != 0 {
		problem("transfers gave %d more than they took", -in)
	}
	have := points.Balance{
		Unit: u.Unit, Pending: u.Balance(points.Pending), Available: u.Balance(points.Available), Held: u.Balance(points.Held),
		Debt: -u.Balance(points.Debt), Counted: u.Balance(points.Counted),
	}
	if lots.Pending != have.Pending || lots.Available != have.Available || lots.Held != have.Held {
		problem("by month %d are pending, %d available, %d held, but by bucket %d, %d and %d",
			lots.Pending, lots.Available, lots.Held, have.Pending, have.Available, have.Held)
	}
	rows := s.rows[u.Unit]
	if rows.Unit = u.Unit; t.ComparedWithRows && rows != have {
		problem("the account rows have %+v, the entries %+v", rows, have)
	}
	return nil
}

// String renders the trial balance in English, for an accountant to read.
func (t TrialBalance) String() string {
	var b strings.Builder
	zone, err := loadZone(t.Zone)
	if err != nil {
		zone = time.UTC
	}
	fmt.Fprintf(&b, "trial balance of %q as of %s, %d accounts\n", t.Program, t.At.In(zone).Format("2 Jan 2006 15:04:05 MST"), t.Accounts)
	for i := range t.Units {
		t.Units[i].render(&b)
	}
	if t.Due > 0 {
		fmt.Fprintf(&b, "\nnot booked yet: what was due on %d accounts\n", t.Due)
	}
	if len(t.Problems) == 0 {
		b.WriteString("\nin balance\n")
	}
	for _, problem := range t.Problems {
		fmt.Fprintf(&b, "\nNOT IN BALANCE: %s\n", problem)
	}
	return b.String()
}

func (u *UnitBalance) render(b *strings.Builder) {
	unit := points.Unit{Scale: u.Scale}
	line := func(label string, columns ...points.Amount) {
		fmt.Fprintf(b, "%-14s", label)
		for _, amount := range columns {
			fmt.Fprintf(b, "%16s", unit.Format(amount))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(b, "\n%-14s%16s%16s%16s\n", u.Unit, "in", "out", "balance")
	var in, out, balance points.Amount
	for _, bucket := range u.Buckets {
		line("  "+bucket.Bucket.String(), bucket.In, bucket.Out, bucket.Balance)
		in, out, balance = in+bucket.In, out+bucket.Out, balance+bucket.Balance
	}
	line("  total", in, out, balance)
	if len(u.Months) == 0 {
		return
	}
	fmt.Fprintf(b, "%-14s%16s%16s%16s%16s\n", "earned in", "pending", "available", "held", "outstanding")
	var all MonthBalance
	for _, m := range u.Months {
		line("  "+m.Month, m.Pending, m.Available, m.Held, m.Outstanding())
		all.Pending, all.Available, all.Held = all.Pending+m.Pending, all.Available+m.Available, all.Held+m.Held
	}
	line("  total", all.Pending, all.Available, all.Held, all.Outstanding())
}
