package loyalty

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Head is the end of an account's hash chain: what to keep outside the database,
// so that a chain that was rewritten whole shows.
type Head struct {
	Member  string `json:"member"`
	Version int64  `json:"version"`
	Hash    []byte `json:"hash"`
}

// Heads iterates over the heads of all accounts, by member.
func (e *Engine) Heads(ctx context.Context) iter.Seq2[Head, error] {
	return func(yield func(Head, error) bool) {
		for a, err := range storage.AllAccounts(ctx, e.store, storage.AccountQuery{Program: e.program}) {
			if err != nil {
				yield(Head{}, fmt.Errorf("loyalty: heads: %w", err))
				return
			}
			if !yield(Head{Member: a.Member, Version: a.Version, Hash: a.Hash}, nil) {
				return
			}
		}
	}
}

// VerifyOptions says what Verify looks at; nil and the zero value are good
// defaults.
type VerifyOptions struct {
	// Member, if not empty, verifies one account only.
	Member string
	// Heads are heads that were exported before and must still be part of their
	// chains.
	Heads []Head
	// Progress, if not nil, is called after every account.
	Progress func(VerifyReport)
}

// VerifyReport says what Verify found.
type VerifyReport struct {
	Accounts   int64 `json:"accounts"`
	Operations int64 `json:"operations"`
	Entries    int64 `json:"entries"`
	Lots       int64 `json:"lots"`
	// Blank counts operations whose bodies were pruned or erased, so that only
	// their digests are there.
	Blank int64 `json:"blank,omitempty"`
	// Problems holds, of each account that does not fit, the first row that does
	// not.
	Problems []Problem `json:"problems,omitempty"`
}

// Problem names a row that does not fit.
type Problem struct {
	Member string `json:"member"`
	// Row names the row: "operation 17", "entry 17.0", "lot 170000", "account".
	Row string `json:"row"`
	// What says what does not fit.
	What string `json:"what"`
}

// Error names the row and what does not fit.
func (p Problem) Error() string {
	return fmt.Sprintf("%s: %s: %s", AccountName(p.Member), p.Row, p.What)
}

// OK reports whether everything fits.
func (r VerifyReport) OK() bool { return len(r.Problems) == 0 }

// Verify audits accounts: it walks each hash chain, recomputes balances and lots
// from the entries, and compares them with the rows. An error means that the
// audit could not be made; what it found is in the report.
func (e *Engine) Verify(ctx context.Context, options *VerifyOptions) (VerifyReport, error) {
	var o VerifyOptions
	if options != nil {
		o = *options
	}
	heads := map[string][]Head{}
	for _, head := range o.Heads {
		heads[head.Member] = append(heads[head.Member], head)
	}
	var report VerifyReport
	check := func(member string) error {
		if err := e.verifyMember(ctx, member, heads[member], &report); err != nil {
			return fmt.Errorf("loyalty: verify %s: %w", AccountName(member), err)
		}
		delete(heads, member)
		if o.Progress != nil {
			o.Progress(report)
		}
		return nil
	}
	if o.Member != "" {
		if err := check(o.Member); err != nil {
			return report, err
		}
		return report, nil
	}
	for a, err := range storage.AllAccounts(ctx, e.store, storage.AccountQuery{Program: e.program}) {
		if err != nil {
			return report, fmt.Errorf("loyalty: verify: %w", err)
		}
		if err := check(a.Member); err != nil {
			return report, err
		}
	}
	for _, head := range o.Heads {
		if _, missing := heads[head.Member]; missing {
			report.Problems = append(report.Problems, Problem{Member: head.Member, Row: "account", What: "is missing, but its head was exported"})
			delete(heads, head.Member)
		}
	}
	return report, nil
}

// verifyMember audits one account at one version, again where it changes
// meanwhile.
func (e *Engine) verifyMember(ctx context.Context, member string, heads []Head, report *VerifyReport) error {
	for range e.options.Attempts {
		snaps, err := e.store.Load(ctx, []storage.LoadRequest{{Program: e.program, Member: member, Records: e.standingRefs()}})
		if err != nil {
			return err
		}
		audit := &audit{heads: heads, days: e.newDaysAudit(), lots: map[points.LotID]points.Lot{}, stored: map[points.LotID]points.Lot{}}
		if snaps[0].Account != nil {
			audit.account = *snaps[0].Account
		}
		if len(snaps[0].Records) > 0 {
			audit.standing = &snaps[0].Records[0]
		}
		problem, err := e.audit(ctx, member, audit)
		if isConflict(err) {
			continue
		}
		if err != nil {
			return err
		}
		report.Accounts++
		report.Operations += audit.operations
		report.Entries += audit.entries
		report.Lots += int64(len(audit.stored))
		report.Blank += audit.blank
		if problem != nil {
			report.Problems = append(report.Problems, *problem)
		}
		return nil
	}
	return ErrContention
}

// audit is the state of verifying one account.
type audit struct {
	account  storage.Account
	heads    []Head
	previous storage.Operation
	balances []points.Balance
	// stored holds the lots as they are, lots as the entries make them.
	stored map[points.LotID]points.Lot
	lots   map[points.LotID]points.Lot
	made   map[int64][]points.Lot
	// standing is the record of how the member stands, if there is one, and days what
	// the entries count.
	standing *storage.Record
	days     *daysAudit

	operations, entries, blank int64
	buffer                     encoder
}

// errFound carries a problem out of an iteration.
type errFound struct{ Problem }

func (e *Engine) audit(ctx context.Context, member string, a *audit) (*Problem, error) {
	query := storage.MemberQuery{Program: e.program, Member: member, AtVersion: a.account.Version, Limit: 1000}
	if a.account.Version == 0 {
		return &Problem{Member: member, Row: "account", What: "is missing"}, nil
	}
	a.made = map[int64][]points.Lot{}
	for lot, err := range storage.AllLots(ctx, e.store, query) {
		if err != nil {
			return nil, err
		}
		a.stored[lot.ID], a.lots[lot.ID] = lot.Lot, unused(lot.Lot)
		version := int64(lot.ID) / lotsPerVersion
		a.made[version] = append(a.made[version], lot.Lot)
	}
	err := e.walk(ctx, query, a)
	if found, ok := errors.AsType[errFound](err); ok {
		found.Member = member
		return &found.Problem, nil
	}
	if err != nil {
		return nil, err
	}
	problem := a.finish(e)
	if problem == nil {
		problem, err = e.auditHolds(ctx, member, a)
	}
	if problem == nil && err == nil {
		problem, err = e.auditOrders(ctx, member, a)
	}
	if problem != nil {
		problem.Member = member
	}
	return problem, err
}

// auditHolds compares what lots have on hold with the holds that are open. It
// reads records only where anything is on hold.
func (e *Engine) auditHolds(ctx context.Context, member string, a *audit) (*Problem, error) {
	held := map[points.LotID]points.Amount{}
	for id, lot := range a.stored {
		if lot.Held > 0 {
			held[id] = lot.Held
		}
	}
	life, err := (&account{id: member, row: a.account}).life()
	if err != nil || len(held) == 0 || life.unfinished() || life != nil && life.Into != "" {
		// Lots of a merge go before the holds on them.
		return nil, err
	}
	for row, err := range storage.AllRecords(ctx, e.store, storage.RecordQuery{Program: e.program, Member: member, Kind: holdKind}) {
		if err != nil {
			return nil, err
		}
		if row.Status != holdOpen {
			continue
		}
		var state holdState
		if err := json.Unmarshal(row.Data, &state); err != nil {
			return &Problem{Row: fmt.Sprintf("record %s %q", row.Kind, row.ID), What: "its document cannot be read"}, nil
		}
		for _, part := range state.Parts {
			held[heldIn(a.stored, part.Lot)] -= part.Amount
		}
	}
	for row, err := range storage.AllRecords(ctx, e.store, storage.RecordQuery{Program: e.program, Member: member, Kind: redemptionKind}) {
		if err != nil {
			return nil, err
		}
		if err := heldByRedemption(row, a.stored, held); err != nil {
			return &Problem{Row: fmt.Sprintf("record %s %q", row.Kind, row.ID), What: "its document cannot be read"}, nil
		}
	}
	// Records are listed without a version: what changed meanwhile is audited again.
	snaps, err := e.store.Load(ctx, []storage.LoadRequest{{Program: e.program, Member: member}})
	if err != nil {
		return nil, err
	}
	if snaps[0].Account == nil || snaps[0].Account.Version != a.account.Version {
		return nil, storage.ErrConflict
	}
	for _, id := range slices.Sorted(maps.Keys(held)) {
		if held[id] != 0 {
			return &Problem{Row: fmt.Sprintf("lot %d", id), What: fmt.Sprintf("has %d on hold that no open hold has", held[id])}, nil
		}
	}
	return nil, nil
}

// Error implements error.
func (e errFound) Error() string { return e.Problem.Error() }

func found(row, format string, args ...any) error {
	return errFound{Problem{Row: row, What: fmt.Sprintf(format, args...)}}
}

// walk goes through operations and entries side by side.
func (e *Engine) walk(ctx context.Context, query storage.MemberQuery, a *audit) error {
	next, stop := iter.Pull2(storage.AllEntries(ctx, e.store, query))
	defer stop()
	entry, err, more := next()
	for op, opErr := range storage.AllOperations(ctx, e.store, query) {
		if opErr != nil {
			return opErr
		}
		var entries []points.Entry
		for more && err == nil && entry.Version <= op.Version {
			if entry.Version < op.Version || entry.Ordinal != len(entries) {
				return found(fmt.Sprintf("entry %d.%d", entry.Version, entry.Ordinal), "is not where an entry belongs")
			}
			entries = append(entries, entry.Entry)
			entry, err, more = next()
		}
		if err != nil {
			return err
		}
		if err := a.operation(&op, entries); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	if more {
		return found(fmt.Sprintf("entry %d.%d", entry.Version, entry.Ordinal), "has no operation")
	}
	return nil
}

// operation checks one link of the chain and books its entries.
func (a *audit) operation(op *storage.Operation, entries []points.Entry) error {
	row := fmt.Sprintf("operation %d", op.Version)
	if op.Version != a.previous.Version+1 {
		return found(fmt.Sprintf("operation %d", a.previous.Version+1), "is missing")
	}
	if op.Format != chainFormat {
		return found(row, "is in format %d, which this library does not know", op.Format)
	}
	made := a.made[op.Version]
	slices.SortFunc(made, func(x, y points.Lot) int { return int(x.ID - y.ID) })
	a.buffer = veilAll(a.buffer, op.Salt, made)
	if err := a.digests(op, entries, made); err != nil {
		return err
	}
	if !bytes.Equal(hashOf(a.buffer, op, a.previous.Hash, entries, made), op.Hash) {
		return found(row, "its hash does not fit what it covers")
	}
	for _, head := range a.heads {
		if head.Version == op.Version && !bytes.Equal(head.Hash, op.Hash) {
			return found(row, "its hash is not that of the head exported before")
		}
	}
	for i, entry := range entries {
		var err error
		if a.balances, err = applyEntry(a.balances, entry); err != nil {
			return found(fmt.Sprintf("entry %d.%d", op.Version, i), "%v", err)
		}
		if err := replayLot(a.lots, entry); err != nil {
			return found(fmt.Sprintf("entry %d.%d", op.Version, i), "%v", err)
		}
		if err := a.days.add(&storage.Entry{Version: op.Version, Ordinal: i, Entry: entry}); err != nil {
			return found(fmt.Sprintf("entry %d.%d", op.Version, i), "%v", err)
		}
	}
	a.operations++
	a.entries += int64(len(entries))
	a.previous = *op
	delete(a.made, op.Version)
	return nil
}

// digests compares what an operation's row says of its bodies, entries and lots.
func (a *audit) digests(op *storage.Operation, entries []points.Entry, made []points.Lot) error {
	row := fmt.Sprintf("operation %d", op.Version)
	want := bodyDigest + noteDigest + keyDigest + accountDigest
	if len(op.Digests) < want || (len(op.Digests)-want)%rowDigest != 0 {
		return found(row, "its digests are cut")
	}
	if err := a.bodies(op); err != nil {
		return err
	}
	rest := op.Digests[want:]
	for i := range entries {
		if a.buffer = a.buffer[:0].entry(op.Version, i, &entries[i]); !a.next(&rest) {
			return found(fmt.Sprintf("entry %d.%d", op.Version, i), "is not what was written")
		}
	}
	for i := range made {
		if a.buffer = a.buffer[:0].lot(&made[i]); !a.next(&rest) {
			return found(fmt.Sprintf("lot %d", made[i].ID), "is not what was written, or another of version %d is missing", op.Version)
		}
	}
	if len(rest) > 0 {
		return found(fmt.Sprintf("operation %d", op.Version), "made more entries or lots than there are")
	}
	return nil
}

// next compares the digest of the buffer with the first of the rest.
func (a *audit) next(rest *[]byte) bool {
	if len(*rest) < rowDigest {
		return false
	}
	sum := sha256.Sum256(a.buffer)
	same := bytes.Equal(sum[:rowDigest], (*rest)[:rowDigest])
	*rest = (*rest)[rowDigest:]
	return same
}

// bodies compares the bodies with their digests, as far as they are there.
func (a *audit) bodies(op *storage.Operation) error {
	row := fmt.Sprintf("operation %d", op.Version)
	bare := len(op.Command) == 0 && len(op.Receipt) == 0
	if op.Key == storage.ScrubbedKey(op.Version) {
		if !bare || len(op.Salt) > 0 || op.Reason != "" || op.Actor != "" || op.Reference != "" {
			return found(row, "it was erased, and has a body again")
		}
		a.blank++
		return nil
	}
	body, note, key := op.Digests[:bodyDigest], op.Digests[bodyDigest:][:noteDigest], op.Digests[bodyDigest+noteDigest:][:keyDigest]
	buffer, sum := digestBody(a.buffer, op)
	pruned := bare && !bytes.Equal(sum[:], body)
	if !bare && !bytes.Equal(sum[:], body) {
		return found(row, "its command or receipt is not what was written")
	}
	buffer, sum = digestNote(buffer, op)
	if !bytes.Equal(sum[:], note) {
		return found(row, "its salt, reason, actor or reference is not what was written")
	}
	a.buffer, sum = digestKey(buffer, op)
	if freed := op.Key == storage.FreedKey(op.Version); freed || pruned {
		a.blank++
		if freed {
			return nil
		}
	}
	if !bytes.Equal(sum[:keyDigest], key) {
		return found(row, "its key is not what was written")
	}
	return nil
}

// finish compares the account row and the lots with what the chain makes them.
func (a *audit) finish(e *Engine) *Problem {
	account := &a.account
	for _, head := range a.heads {
		if head.Version > a.previous.Version {
			return &Problem{Row: fmt.Sprintf("operation %d", head.Version), What: "is missing, but its head was exported"}
		}
	}
	if a.previous.Version != account.Version {
		return &Problem{Row: "account", What: fmt.Sprintf("is at version %d, its last operation is %d", account.Version, a.previous.Version)}
	}
	if len(a.made) > 0 {
		lots := a.made[slices.Min(slices.Collect(maps.Keys(a.made)))]
		return &Problem{Row: fmt.Sprintf("lot %d", lots[0].ID), What: "was made by no operation"}
	}
	if !slices.Equal(account.Balances, a.balances) {
		return &Problem{Row: "account", What: fmt.Sprintf("its balances are %+v, its entries make %+v", account.Balances, a.balances)}
	}
	if problem := a.compareLots(); problem != nil {
		return problem
	}
	if problem := a.compareDays(e); problem != nil {
		return problem
	}
	if !bytes.Equal(account.Hash, a.previous.Hash) {
		return &Problem{Row: "account", What: "its hash is not that of its last operation"}
	}
	sum := sha256.Sum256(a.buffer[:0].account(account))
	if from := bodyDigest + noteDigest + keyDigest; !bytes.Equal(sum[:accountDigest], a.previous.Digests[from:from+accountDigest]) {
		return &Problem{Row: "account", What: "is not what its last operation wrote"}
	}
	return nil
}

func (a *audit) compareLots() *Problem {
	ids := make([]points.LotID, 0, len(a.stored))
	for id := range a.stored {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	sums := map[string]points.Balance{}
	for _, id := range ids {
		have, want := a.stored[id], a.lots[id]
		if have != want {
			return &Problem{Row: fmt.Sprintf("lot %d", id), What: fmt.Sprintf("has %d remaining and %d held, its entries make %d and %d", have.Remaining, have.Held, want.Remaining, want.Held)}
		}
		b := sums[have.Unit]
		b.Held += have.Held
		if have.State == points.LotPending {
			b.Pending += have.Remaining
		} else {
			b.Available += have.Remaining
		}
		sums[have.Unit] = b
	}
	for _, b := range a.account.Balances {
		if sum := sums[b.Unit]; sum.Pending != b.Pending || sum.Available != b.Available || sum.Held != b.Held {
			return &Problem{Row: "account", What: fmt.Sprintf("its lots of %q do not add up to its balance", b.Unit)}
		}
	}
	return nil
}
