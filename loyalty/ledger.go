package loyalty

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// lotsPerVersion is how many lots one version of an account can create: lot ids
// are version × lotsPerVersion + ordinal.
const lotsPerVersion = 10000

// maxLotsPerCommit bounds the lots that one commit of a spend or hold takes
// from; more are gathered first.
const maxLotsPerCommit = 100

// quotedLots bounds the lots that a quote, which commits nothing, looks at.
const quotedLots = 1 << 20

// errGather reports a debit over more lots than one commit takes.
var errGather = errors.New("loyalty: the debit needs more lots than one commit takes")

// errCrowded is what the caller is told of one that is not a spend.
var errCrowded = fmt.Errorf("%w: its points lie in more lots than one commit can change; do it in parts", ErrTooLarge)

// errStale reports a read inside Apply that met another version.
var errStale = errors.New("loyalty: the account changed while the command was decided")

// CreditOption says more about a credit.
type CreditOption func(*creditTerms)

type creditTerms struct {
	reason        string
	source        string
	rule          string
	from          points.Bucket
	kind          points.EntryKind
	at            time.Time
	earnedAt      time.Time
	availableFrom time.Time
	expiresAt     time.Time
	// grace is set where expiresAt ends the grace of points that were lost already.
	grace  bool
	origin string
	// cameFrom is the lot of the account that source names.
	cameFrom  points.LotID
	qualifies bool
	revision  int64
	corrects  points.EntryRef
	shares    []points.Share
}

// Reason notes why points are credited, in the operation's reason.
func Reason(text string) CreditOption { return func(t *creditTerms) { t.reason = text } }

// From names the order, activity or code that the points came from; it is kept
// on the lot and in the entries.
func From(reference string) CreditOption { return func(t *creditTerms) { t.source = reference } }

// AvailableFrom makes points pending until t.
func AvailableFrom(t time.Time) CreditOption {
	return func(terms *creditTerms) { terms.availableFrom = instant(t) }
}

// ExpiresAt sets the expiry instead of the unit's own, or points.Never.
func ExpiresAt(t time.Time) CreditOption {
	return func(terms *creditTerms) { terms.expiresAt = instant(t) }
}

// check reports what a host's options cannot be.
func (t *creditTerms) check() error {
	var problems points.Problems
	if err := checkText(t.reason); err != nil {
		problems.Add("reason", "%v", err)
	}
	if t.source != "" {
		if err := points.CheckID(t.source, maxID); err != nil {
			problems.Add("from", "%v", err)
		}
	}
	if !dated(t.availableFrom) {
		problems.Add("availableFrom", "the year must be 1970 to 9999")
	}
	if !dated(t.expiresAt) {
		problems.Add("expiresAt", "the year must be 1970 to 9999")
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrInvalid, problems)
}

// dated reports whether a time is not set, or one that the ledger can keep.
func dated(t time.Time) bool {
	return t.IsZero() || (t.Year() >= 1970 && !t.After(points.Never))
}

// Credit issues points in a new lot. Debt is repaid first. A credit of 0 does
// nothing; a metric unit is counted instead.
func (p *Party) Credit(unit string, amount points.Amount, options ...CreditOption) error {
	u, err := p.tx.rev.unit("unit", unit)
	if err != nil {
		return p.tx.fail(err)
	}
	if u.Kind == points.Metric {
		return p.Count(unit, amount, "")
	}
	terms := creditTerms{
		source: p.tx.plan.Reference, from: points.Issued, kind: points.EntryEarn,
		at: p.tx.occurred, qualifies: true,
	}
	for _, option := range options {
		option(&terms)
	}
	if err := terms.check(); err != nil {
		return p.tx.fail(err)
	}
	if terms.reason != "" {
		p.tx.reason = terms.reason
	}
	_, err = p.credit(u, amount, terms)
	return err
}

// credit makes a lot with one entry per share, activates it where its time has
// come, and expires it where that has passed as well. It returns the lot.
func (p *Party) credit(u points.Unit, amount points.Amount, terms creditTerms) (points.Lot, error) {
	if amount < 0 {
		return points.Lot{}, p.tx.fail(invalid("amount", "%d is negative", amount))
	}
	if amount == 0 {
		return points.Lot{}, nil
	}
	lot := p.newLot(u, amount, terms)
	bucket := points.Available
	if lot.State == points.LotPending {
		bucket = points.Pending
	}
	shares := terms.shares
	if len(shares) == 0 {
		shares = []points.Share{{Rule: terms.rule, Points: amount}}
	}
	for _, share := range shares {
		if share.Points == 0 {
			continue
		}
		err := p.book(points.Entry{
			Unit: u.Code, Kind: terms.kind, From: terms.from, To: bucket, Amount: share.Points, Lot: lot.ID,
			Rule: share.Rule, Into: -terms.cameFrom, Reference: terms.source, OccurredAt: terms.at, Revision: terms.revision, Corrects: terms.corrects,
		})
		if err != nil {
			return points.Lot{}, err
		}
	}
	p.putLot(lot)
	if lot.State == points.LotOpen {
		return p.arrive(lot, terms.at)
	}
	return lot, nil
}

// firstNewLot is the id of the first lot that the command makes in the account; the others
// follow.
func (p *Party) firstNewLot() points.LotID { return points.LotID((p.row.Version + 1) * lotsPerVersion) }

func (p *Party) newLot(u points.Unit, amount points.Amount, terms creditTerms) points.Lot {
	zone := p.tx.rev.zone
	lot := points.Lot{
		ID:   p.firstNewLot() + points.LotID(p.newLots),
		Unit: u.Code, State: points.LotPending, Original: amount, Remaining: amount,
		EarnedAt: terms.earnedAt, AvailableFrom: terms.availableFrom, ExpiresAt: terms.expiresAt,
		Source: terms.source, Origin: terms.origin, Qualifies: terms.qualifies,
	}
	p.newLots++
	if lot.EarnedAt.IsZero() {
		lot.EarnedAt = terms.at
	}
	if lot.AvailableFrom.IsZero() {
		lot.AvailableFrom = lot.EarnedAt
	}
	switch {
	case !terms.grace && p.neverByTime(u.Code):
		lot.ExpiresAt = points.Never
	case lot.ExpiresAt.IsZero():
		lot.ExpiresAt = p.expiry(p.tx.rev, &u, terms.rule).From(lot.AvailableFrom, zone)
	}
	if !lot.AvailableFrom.After(p.tx.reached()) {
		lot.State = points.LotOpen
	}
	return lot
}

// repay lets points that became available repay debt.
func (p *Party) repay(lot points.Lot, at time.Time) (points.Lot, error) {
	amount := min(p.Balance(lot.Unit).Debt, lot.Remaining)
	if amount == 0 {
		return lot, nil
	}
	lot.Remaining -= amount
	lot = p.putLot(lot)
	return lot, p.book(points.Entry{
		Unit: lot.Unit, Kind: points.EntryRepay, From: points.Available, To: points.Debt, Amount: amount,
		Lot: lot.ID, Reference: lot.Source, OccurredAt: at,
	})
}

// arrive does what follows when points become available at an instant: they
// repay debt, and expire where that time has passed too.
func (p *Party) arrive(lot points.Lot, at time.Time) (points.Lot, error) {
	lot, err := p.repay(lot, at)
	if err != nil || lot.Remaining == 0 {
		return lot, err
	}
	if fired, lost := p.lost(&lot); lost {
		return p.expire(lot, later(at, fired))
	}
	if lot.ExpiresAt.After(p.tx.reached()) {
		return lot, nil
	}
	return p.expire(lot, later(at, lot.ExpiresAt))
}

func (p *Party) activate(lot points.Lot) (points.Lot, error) {
	lot.State = points.LotOpen
	lot = p.putLot(lot)
	err := p.book(points.Entry{
		Unit: lot.Unit, Kind: points.EntryActivate, From: points.Pending, To: points.Available,
		Amount: lot.Remaining, Lot: lot.ID, Reference: lot.Source, OccurredAt: lot.AvailableFrom,
	})
	if err != nil {
		return lot, err
	}
	return p.repay(lot, lot.AvailableFrom)
}

func (p *Party) expire(lot points.Lot, at time.Time) (points.Lot, error) {
	amount := lot.Remaining
	lot.Remaining = 0
	lot = p.putLot(lot)
	return lot, p.book(points.Entry{
		Unit: lot.Unit, Kind: points.EntryExpire, From: points.Available, To: points.Expired,
		Amount: amount, Lot: lot.ID, Reference: lot.Source, OccurredAt: at,
	})
}

// Debit takes available points, soonest expiry first, and books them as redeemed.
// It returns an [InsufficientPointsError] where they do not suffice.
func (p *Party) Debit(unit string, amount points.Amount) error {
	_, err := p.debit(unit, amount, points.Entry{Kind: points.EntrySpend, To: points.Redeemed})
	return err
}

// debit is the one path by which points leave the available balance. The entry
// is the pattern for one entry per lot.
func (p *Party) debit(unit string, amount points.Amount, pattern points.Entry) ([]points.Part, error) {
	if _, err := p.tx.rev.spendable("unit", unit); err != nil {
		return nil, p.tx.fail(err)
	}
	if amount <= 0 {
		return nil, p.tx.fail(invalid("points", "%d: must be above 0", amount))
	}
	if err := p.sufficient(unit, amount); err != nil {
		return nil, err
	}
	limit, looks := p.debitLots(pattern.Kind)
	parts, err := p.choose(unit, amount, looks)
	if err != nil {
		return nil, err
	}
	if len(parts) > limit && !p.mergeable(len(parts)-limit) {
		return nil, p.tx.fail(errCrowded)
	}
	return parts, p.take(unit, parts, pattern)
}

// debitLots is from how many lots a debit may take, and at how many it looks. What one
// commit does not take of a spend is gathered before or booked later.
func (p *Party) debitLots(kind points.EntryKind) (takes, looks int) {
	e := p.tx.deciding.engine
	_, gathers := p.tx.call.gathers()
	later := kind == points.EntryReverse || kind == points.EntrySpend && p == p.tx.Party && p.tx.system == ""
	switch {
	case gathers && !p.tx.quote && kind != points.EntryReverse:
		return quotedLots, e.spendLots()
	case gathers || later:
		return quotedLots, quotedLots
	}
	if takes = e.moveLots(len(p.tx.parties)); kind == points.EntryHold {
		takes = e.moveLots(1) // what is on hold stays in its account
	}
	if p.tx.quote {
		return takes, quotedLots
	}
	return takes, takes
}

// mergeable reports whether the open lots would be that many fewer, once those that are
// alike are merged.
func (p *Party) mergeable(fewer int) bool {
	for _, merge := range points.Consolidate(p.lots, p.tx.rev.zone, 0) {
		fewer -= len(merge.From) - 1
	}
	return fewer <= 0
}

// choose picks the lots that a debit takes from, at most as many as a limit, loading more
// where the known ones do not reach.
func (p *Party) choose(unit string, amount points.Amount, limit int) ([]points.Part, error) {
	for range 3 {
		known, complete := p.spendable(unit)
		parts, missing, err := points.Consume(known, amount, p.tx.reached())
		if err != nil {
			return nil, p.tx.fail(err)
		}
		if missing == 0 {
			if len(parts) > limit {
				return nil, p.tx.fail(errGather)
			}
			return parts, nil
		}
		if len(parts) > limit && p.tx.deciding.alone {
			return nil, p.tx.fail(errGather)
		}
		if complete {
			return nil, p.tx.fail(fmt.Errorf("loyalty: lots of %q do not add up to the balance of %s: verify the ledger", unit, AccountName(p.row.Member)))
		}
		// Without an amount: the stored lots may have points that this command took.
		err = p.load(storage.LoadRequest{Debits: []storage.Debit{{
			Unit: unit, After: p.tx.reached(), Limit: limit + 1,
		}}})
		if err != nil {
			return nil, err
		}
	}
	return nil, p.tx.fail(errGather)
}

// spendable returns the unit's known open lots up to where others may come in
// between, and whether they are all there are.
func (p *Party) spendable(unit string) ([]points.Lot, bool) {
	var sum points.Amount
	lots := make([]points.Lot, 0, min(len(p.lots), 16))
	for _, lot := range p.lots {
		if lot.Unit == unit && lot.Spendable(p.tx.reached()) > 0 {
			lots = append(lots, lot)
			sum += lot.Remaining
		}
	}
	if sum == p.Balance(unit).Available {
		return lots, true
	}
	for i, lot := range lots {
		if !p.base.covered(lot) {
			return lots[:i], false
		}
	}
	return lots, false
}

func (p *Party) sufficient(unit string, amount points.Amount) error {
	b := p.Balance(unit)
	if b.Available >= amount {
		return nil
	}
	scale := p.tx.rev.scales()[unit]
	short := &InsufficientPointsError{Unit: unit, Scale: scale, Needed: amount, Available: b.Available, Pending: b.Pending, NextAvailable: points.Never}
	if b.Pending > 0 {
		if err := p.load(storage.LoadRequest{Debits: []storage.Debit{{Limit: quotedLots}}}); err != nil {
			return err
		}
	}
	for _, lot := range p.lots {
		if lot.Unit == unit && lot.State == points.LotPending && lot.AvailableFrom.Before(short.NextAvailable) {
			short.NextAvailable = lot.AvailableFrom
		}
	}
	return short
}

func (p *Party) take(unit string, parts []points.Part, pattern points.Entry) error {
	for _, part := range parts {
		lot := p.lots[p.lotAt(part.Lot)]
		lot.Remaining -= part.Amount
		if pattern.To == points.Held {
			lot.Held += part.Amount
		}
		p.putLot(lot)
		entry := pattern
		entry.Unit, entry.From, entry.Amount, entry.Lot = unit, points.Available, part.Amount, lot.ID
		if err := p.book(entry); err != nil {
			return err
		}
	}
	return nil
}

// Count adds to a metric unit, on the day of the command in the program's zone.
// A negative amount takes back, but never below 0.
func (p *Party) Count(metric string, amount points.Amount, rule string) error {
	u, err := p.tx.rev.unit("unit", metric)
	if err != nil {
		return p.tx.fail(err)
	}
	if u.Kind != points.Metric {
		return p.tx.fail(invalid("unit", "%q is spendable: credit it instead", metric))
	}
	entry := points.Entry{
		Unit: metric, Kind: points.EntryCount, From: points.Source, To: points.Counted, Amount: amount,
		Rule: rule, Reference: p.tx.plan.Reference, OccurredAt: p.tx.occurred,
	}
	if amount < 0 {
		entry.From, entry.To, entry.Amount = points.Counted, points.Source, -amount
		entry.Kind = points.EntryReverse
	}
	if amount == 0 {
		return nil
	}
	return p.book(entry)
}

// book adds an entry and its effect on the balance, and counts it on its day.
func (p *Party) book(e points.Entry) error { return p.bookOn(e, 0) }

// bookOn books an entry that counts on a day; 0 is that of the entry.
func (p *Party) bookOn(e points.Entry, day tiers.Day) error {
	if e.OccurredAt.IsZero() {
		e.OccurredAt = p.tx.occurred
	}
	e.RecordedAt = p.tx.now
	if e.Revision == 0 {
		e.Revision = p.tx.rev.number
	}
	if !p.balanceOwned {
		p.row.Balances, p.balanceOwned = slices.Clone(p.row.Balances), true
	}
	var err error
	if p.row.Balances, err = applyEntry(p.row.Balances, e); err != nil {
		return p.tx.fail(err)
	}
	p.entries = append(p.entries, e)
	if e.From == points.Counted || e.To == points.Counted {
		return p.countedOn(&e, day)
	}
	return nil
}

// putLot stores a lot in the party's view, with its state set from what is left.
func (p *Party) putLot(lot points.Lot) points.Lot {
	switch {
	case lot.Remaining == 0:
		lot.State = points.LotUsed
	case lot.State == points.LotUsed:
		lot.State = points.LotOpen
	}
	if !p.lotsOwned {
		p.lots, p.lotsOwned = slices.Clone(p.lots), true
	}
	if i, known := slices.BinarySearchFunc(p.lots, lot, points.ConsumptionOrder); known {
		p.lots[i] = lot
	} else {
		p.lots = slices.Insert(p.lots, i, lot)
	}
	if !slices.Contains(p.written, lot.ID) {
		p.written = append(p.written, lot.ID)
	}
	return lot
}

func (p *Party) lotAt(id points.LotID) int {
	for i := range p.lots {
		if p.lots[i].ID == id {
			return i
		}
	}
	return -1
}

// lot returns a lot by id, loading it where it is not known.
func (p *Party) lot(id points.LotID) (points.Lot, error) {
	if i := p.lotAt(id); i >= 0 {
		return p.lots[i], nil
	}
	if err := p.load(storage.LoadRequest{Lots: []points.LotID{id}}); err != nil {
		return points.Lot{}, err
	}
	if i := p.lotAt(id); i >= 0 {
		return p.lots[i], nil
	}
	return points.Lot{}, p.tx.fail(fmt.Errorf("loyalty: lot %d of %s is missing: verify the ledger", id, AccountName(p.row.Member)))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// instant is a time as the ledger keeps it: UTC, cut to the microsecond.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
