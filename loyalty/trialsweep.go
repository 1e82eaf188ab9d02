package loyalty

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// sweep is one pass over a program's accounts that adds up what was recorded after
// one instant and by others.
type sweep struct {
	engine *Engine
	zone   *time.Location
	// since is where the pass begins; zero is the beginning of the ledger.
	since time.Time
	// until holds the instants that are asked for, in order; changed has what
	// was recorded since the one before each.
	until   []time.Time
	changed []*books
	// base is the print of the ledger at since, as it is found now.
	base books
	// rows holds the balances of the account rows, as long as none was recorded
	// after the last instant.
	rows  map[string]points.Balance
	later int64
	due   int64

	read    TrialCost
	waiting []sweptLots
	lots    int
	buffer  []storage.LoadRequest
}

// sweptLots is what one account's entries changed of its lots, for each of the
// instants that are asked for.
type sweptLots struct {
	member string
	slot   int
	flows  perLot
}

const (
	sweepPage = 1000
	// sweepLots bounds the lots whose months are looked up together.
	sweepLots = 1000
	// loadLots bounds the lots of one load request.
	loadLots = 100
)

func (e *Engine) newSweep(zone *time.Location, since time.Time, until ...time.Time) *sweep {
	s := &sweep{engine: e, zone: zone, since: since, until: until, rows: map[string]points.Balance{}}
	for range until {
		s.changed = append(s.changed, &books{})
	}
	return s
}

// page adds a page of accounts.
func (s *sweep) page(ctx context.Context, accounts []storage.Account) error {
	for i := range accounts {
		if accounts[i].Member == booksAccount {
			continue
		}
		if err := s.account(ctx, &accounts[i]); err != nil {
			return fmt.Errorf("%s: %w", AccountName(accounts[i].Member), err)
		}
	}
	return s.flush(ctx)
}

func (s *sweep) account(ctx context.Context, row *storage.Account) error {
	s.read.Accounts++
	version := row.Version
	if s.since.IsZero() {
		version = 0
	} else if row.RecordedAt.After(s.since) {
		var err error
		if version, err = s.versionAt(ctx, row, s.since, 0); err != nil {
			return err
		}
	}
	s.base.count(row.Member, version)
	last := s.until[len(s.until)-1]
	if row.RecordedAt.After(last) {
		s.later++
	}
	if !row.DueAt.After(last) {
		s.due++
	}
	if err := s.addRow(row); err != nil {
		return err
	}
	ends := make([]int64, len(s.until))
	from := version
	for i, until := range s.until {
		if from < row.Version {
			var err error
			if from, err = s.versionAt(ctx, row, until, from); err != nil {
				return err
			}
		}
		ends[i] = from
		s.changed[i].count(row.Member, from)
	}
	return s.entries(ctx, row.Member, version, ends)
}

func (s *sweep) addRow(row *storage.Account) error {
	for _, b := range row.Balances {
		sum := s.rows[b.Unit]
		for _, side := range []struct {
			sum *points.Amount
			of  points.Amount
		}{
			{&sum.Pending, b.Pending},
			{&sum.Available, b.Available},
			{&sum.Held, b.Held},
			{&sum.Debt, b.Debt},
			{&sum.Counted, b.Counted},
		} {
			var err error
			if *side.sum, err = side.sum.Add(side.of); err != nil {
				return err
			}
		}
		s.rows[b.Unit] = sum
	}
	return nil
}

// versionAt finds the last version of an account that was recorded by t, knowing
// that low was. It looks from the end in steps that double, then halves: recent
// instants take few looks, however long the history.
func (s *sweep) versionAt(ctx context.Context, row *storage.Account, t time.Time, low int64) (int64, error) {
	if !row.RecordedAt.After(t) {
		return row.Version, nil
	}
	high := row.Version
	for step := int64(1); high-step > low; step *= 2 {
		at := high - step
		by, err := s.recordedBy(ctx, row.Member, at, t)
		if err != nil {
			return 0, err
		}
		if by {
			low = at
			break
		}
		high = at
	}
	for high-low > 1 {
		middle := low + (high-low)/2
		by, err := s.recordedBy(ctx, row.Member, middle, t)
		if err != nil {
			return 0, err
		}
		if by {
			low = middle
		} else {
			high = middle
		}
	}
	return low, nil
}

func (s *sweep) recordedBy(ctx context.Context, member string, version int64, t time.Time) (bool, error) {
	s.read.Looks++
	page, err := s.engine.store.Operations(ctx, storage.MemberQuery{Program: s.engine.program, Member: member, From: version, Limit: 1})
	if err != nil {
		return false, err
	}
	if len(page.Items) == 0 || page.Items[0].Version != version {
		return false, fmt.Errorf("operation %d is missing: verify the ledger", version)
	}
	return !page.Items[0].RecordedAt.After(t), nil
}

// entries adds an account's entries after a version to the slots that end with
// the given versions.
func (s *sweep) entries(ctx context.Context, member string, after int64, ends []int64) error {
	last := ends[len(ends)-1]
	if last == after {
		return nil
	}
	slot, flows := 0, perLot{}
	query := storage.MemberQuery{Program: s.engine.program, Member: member, From: after + 1, Limit: int(min(sweepPage, 4*(last-after)+4))}
	for entry, err := range storage.AllEntries(ctx, s.engine.store, query) {
		if err != nil {
			return err
		}
		if entry.Version > last {
			break
		}
		for entry.Version > ends[slot] {
			if err := s.keep(ctx, member, slot, flows); err != nil {
				return err
			}
			slot, flows = slot+1, perLot{}
		}
		s.read.Entries++
		if err := s.changed[slot].addFlow(flow{Unit: entry.Unit, Kind: entry.Kind, From: entry.From, To: entry.To, Amount: entry.Amount, Entries: 1}); err != nil {
			return err
		}
		if err := flows.book(&entry.Entry); err != nil {
			return err
		}
		if len(flows) >= sweepLots {
			if err := s.keep(ctx, member, slot, flows); err != nil {
				return err
			}
			flows = perLot{}
		}
	}
	return s.keep(ctx, member, slot, flows)
}

// keep notes what an account's entries changed of its lots, until their months are
// looked up.
func (s *sweep) keep(ctx context.Context, member string, slot int, flows perLot) error {
	if len(flows) == 0 {
		return nil
	}
	s.waiting = append(s.waiting, sweptLots{member: member, slot: slot, flows: flows})
	if s.lots += len(flows); s.lots < sweepLots {
		return nil
	}
	return s.flush(ctx)
}

// flush looks up when the lots that wait were earned, and adds them to the months.
func (s *sweep) flush(ctx context.Context) error {
	if len(s.waiting) == 0 {
		return nil
	}
	requests, owners := s.buffer[:0], make([]int, 0, len(s.waiting))
	for i, swept := range s.waiting {
		ids := make([]points.LotID, 0, len(swept.flows))
		for id := range swept.flows {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		for part := range slices.Chunk(ids, loadLots) {
			requests = append(requests, storage.LoadRequest{Program: s.engine.program, Member: swept.member, Lots: part})
			owners = append(owners, i)
		}
	}
	snaps, err := s.engine.store.Load(ctx, requests)
	if err != nil {
		return err
	}
	if len(snaps) != len(requests) {
		return fmt.Errorf("the store answered %d of %d requests", len(snaps), len(requests))
	}
	for i := range snaps {
		swept := &s.waiting[owners[i]]
		if len(snaps[i].Lots) != len(requests[i].Lots) {
			return fmt.Errorf("%s: %d of %d lots are missing: verify the ledger", AccountName(swept.member), len(requests[i].Lots)-len(snaps[i].Lots), len(requests[i].Lots))
		}
		for _, lot := range snaps[i].Lots {
			f := swept.flows[lot.ID]
			err := s.changed[swept.slot].addMonth(monthFlow{
				Unit: f.unit, Month: monthOf(lot.EarnedAt, s.zone), Pending: f.pending, Available: f.available, Held: f.held,
			})
			if err != nil {
				return err
			}
		}
	}
	s.buffer, s.waiting, s.lots = requests[:0], s.waiting[:0], 0
	return nil
}
