package loyalty

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Member is what a member page shows, as of an instant.
type Member struct {
	ID string `json:"id"`
	// At is the instant that everything here is as of.
	At time.Time `json:"at"`
	// Zone is the program's IANA time zone, in which a page shows days. All times are UTC.
	Zone       string            `json:"zone,omitempty"`
	Version    int64             `json:"version"`
	Status     string            `json:"status"`
	EnrolledAt time.Time         `json:"enrolledAt"`
	Attributes map[string]string `json:"attributes,omitempty"`
	// Jurisdiction is the code of the one that the member is under, if any.
	Jurisdiction string `json:"jurisdiction,omitempty"`
	// Shut names the gates that are closed.
	Shut []Gate `json:"shut,omitempty"`
	// Balances has an entry for each unit that was ever used, sorted by unit.
	Balances []points.Balance `json:"balances"`
	// Maturing lists when pending points become available, soonest first; points
	// that wait for a confirmation have points.Never. Expiring is the whole
	// schedule of available points that expire, where inactivity takes its part unless
	// the member is active before. In the past only the lots' own expiry shows.
	Maturing []Scheduled `json:"maturing,omitempty"`
	Expiring []Scheduled `json:"expiring,omitempty"`
	// Progress is how far the member has come with rules that count, sorted by rule;
	// none is told of the past.
	Progress []points.Progress `json:"progress,omitempty"`
	// Tiers is how the member stands on each ladder of the program, in its order.
	Tiers []MemberTier `json:"tiers,omitempty"`
	// Benefits is what the member's tiers give.
	Benefits Benefits `json:"benefits,omitempty"`
	// Lots are the lots behind it, in the order in which they are spent.
	Lots []points.Lot `json:"lots,omitempty"`
}

// Scheduled is an amount of a unit to which something happens at an instant.
type Scheduled struct {
	Unit   string        `json:"unit"`
	At     time.Time     `json:"at"`
	Points points.Amount `json:"points"`
	// Inactivity is set where it happens unless the member is active before.
	Inactivity bool `json:"inactivity,omitempty"`
}

// Balance returns the balance of a unit, zero where there is none.
func (m Member) Balance(unit string) points.Balance {
	for _, b := range m.Balances {
		if b.Unit == unit {
			return b
		}
	}
	return points.Balance{Unit: unit}
}

// memberLots is how many open lots the one load of a Member brings; members with
// more cost further pages.
const memberLots = 300

// Member returns what a member has now; the id in it is the survivor's where the
// member was merged into another. It is as of now: by the engine's clock, but never before
// the account's last recorded time. It stores nothing: what is due is computed. A
// member without an account is [ErrNotEnrolled]. An engine whose program is no longer in
// force cannot tell: that is [ErrOldProgram].
func (e *Engine) Member(ctx context.Context, member string) (Member, error) {
	return e.readMember(ctx, member, e.options.Clock(), true)
}

// MemberAt returns what a member had, or will have if nothing happens until then, at an
// instant of the years 1900 to 9000; before the enrollment that is [ErrNotEnrolled].
// The past is rebuilt from the ledger, at a cost that grows with it; an instant
// after the account's last operation costs one load. What counts is when entries
// were recorded. Status, gates and attributes are always those of now. Tiers of the past
// are decided from the day of enrollment by what was recorded by then: where something
// was told later than the program's horizon they may differ from what was said then, and a
// tier that a merge brought is not shown any more once that is undone.
func (e *Engine) MemberAt(ctx context.Context, member string, at time.Time) (Member, error) {
	return e.readMember(ctx, member, at, false)
}

func (e *Engine) readMember(ctx context.Context, member string, at time.Time, now bool) (Member, error) {
	err := e.inForce(ctx)
	if err != nil {
		return Member{}, fmt.Errorf("loyalty: %s: %w", AccountName(member), err)
	}
	m, err := e.memberAt(ctx, member, instant(at), now)
	if err != nil {
		return Member{}, fmt.Errorf("loyalty: %s: %w", AccountName(member), err)
	}
	m.Zone = e.present().Zone
	return m, nil
}

// memberAt reads a member as of an instant, which moves on to the account's last
// recorded time where now is meant.
func (e *Engine) memberAt(ctx context.Context, member string, at time.Time, now bool) (Member, error) {
	if err := points.CheckID(member, maxID); err != nil {
		return Member{}, invalid("member", "%v", err)
	}
	if year := at.Year(); !now && (year < 1900 || year > 9000) {
		return Member{}, invalid("at", "the year must be 1900 to 9000, is %d", year)
	}
	for range e.options.Attempts {
		d := &deciding{
			engine: e, ctx: ctx, store: e.store, quote: true, alone: true, accounts: map[string]*account{},
			claims: map[storage.ClaimKey]claimed{}, counters: map[storage.CounterKey]counted{},
		}
		request := storage.LoadRequest{
			Program: e.program, Member: member, DueBy: at, DueLimit: memberLots,
			Debits: []storage.Debit{{Limit: memberLots}}, Records: slices.Concat(e.usageRefs(), e.kept.records),
		}
		snaps, err := d.load(ctx, []storage.LoadRequest{request})
		if err != nil {
			return Member{}, err
		}
		if snaps[0].Account == nil {
			return Member{}, ErrNotEnrolled
		}
		if d.learn([]storage.LoadRequest{request}, snaps) != nil {
			continue
		}
		a := d.accounts[member]
		life, err := a.life()
		if err != nil {
			return Member{}, err
		}
		if life.erased() {
			return Member{}, ErrErased
		}
		if life != nil && life.Into != "" && (now || !at.Before(life.At)) {
			return e.memberAt(ctx, life.Into, at, now)
		}
		if at.Before(a.row.RecordedAt) {
			if !now {
				return e.memberThen(ctx, a.row, at)
			}
			if at = a.row.RecordedAt; !a.row.DueAt.After(at) {
				continue
			}
		}
		if len(snaps[0].Lots) >= memberLots || snaps[0].MoreDue {
			whole, err := e.learnAll(ctx, a)
			if err != nil {
				return Member{}, err
			}
			if !whole {
				continue
			}
		}
		c := e.dueCall(member, at)
		if err = d.settle(c, a, at); err == nil {
			err = d.restand(c, a, at)
		}
		if errors.Is(err, errStale) {
			continue
		}
		if err != nil {
			return Member{}, err
		}
		if life != nil && len(life.Moving) > 0 {
			same, err := e.learnMoving(ctx, a, life.Moving, at)
			if err != nil {
				return Member{}, err
			}
			if !same {
				continue
			}
		}
		m, err := newMember(a.row, a.lots, idleDue(a.records), at)
		if err != nil {
			return Member{}, err
		}
		m.Benefits = revisionAt(e.revisions, at).benefits(a.row.Standing)
		if m.Tiers, err = d.memberTiers(c, a, at); err != nil {
			return Member{}, err
		}
		m.Progress, err = e.progress(a, at)
		return m, err
	}
	return Member{}, ErrContention
}

// learnMoving adds to a survivor what has not arrived yet of members who were
// merged into it. It reports whether nothing moved meanwhile.
func (e *Engine) learnMoving(ctx context.Context, a *account, moving []string, at time.Time) (bool, error) {
	for _, other := range moving {
		row, lots, err := e.notMoved(ctx, other, a.id, at)
		if err != nil {
			return false, err
		}
		if a.row.Balances, err = together(a.row.Balances, row.Balances); err != nil {
			return false, err
		}
		a.lots = append(slices.Clip(a.lots), lots...)
	}
	slices.SortFunc(a.lots, points.ConsumptionOrder)
	version, err := e.lastVersion(ctx, a.id)
	return version == a.loaded, err
}

// notMoved returns what is still under an account that was merged into another.
func (e *Engine) notMoved(ctx context.Context, member, into string, at time.Time) (storage.Account, []points.Lot, error) {
	for range e.options.Attempts {
		d := &deciding{engine: e, ctx: ctx, store: e.store, quote: true, alone: true, accounts: map[string]*account{}}
		request := storage.LoadRequest{Program: e.program, Member: member, DueBy: at, DueLimit: maxDueLimit, Debits: []storage.Debit{{Limit: quotedLots}}}
		snaps, err := d.load(ctx, []storage.LoadRequest{request})
		if err != nil {
			return storage.Account{}, nil, err
		}
		if d.learn([]storage.LoadRequest{request}, snaps) != nil {
			continue
		}
		a := d.accounts[member]
		if life, err := a.life(); err != nil || life == nil || life.Into != into {
			return storage.Account{}, nil, err
		}
		err = d.settle(e.dueCall(member, at), a, at)
		if errors.Is(err, errStale) {
			continue
		}
		return a.row, a.lots, err
	}
	return storage.Account{}, nil, ErrContention
}

// learnAll loads every open lot and every due record of an account, and reports
// whether they are all of the version that is there.
func (e *Engine) learnAll(ctx context.Context, a *account) (bool, error) {
	query := storage.MemberQuery{Program: e.program, Member: a.id, Open: true, Limit: 1000, AtVersion: a.loaded}
	for lot, err := range storage.AllLots(ctx, e.store, query) {
		if isConflict(err) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		a.learnLot(lot.Lot)
	}
	for after, more := "", true; more; {
		page, err := e.store.Records(ctx, storage.RecordQuery{Program: e.program, Member: a.id, After: after, Limit: 1000})
		if err != nil || page.Version != a.loaded {
			return false, err
		}
		for _, row := range page.Items {
			if !points.IsNever(row.DueAt) {
				a.learnRecord(row, true)
			}
		}
		after, more = page.Next, page.Next != ""
	}
	a.moreDue, a.bound, a.boundExact, a.boundKnown = false, points.Never, true, false
	return true, nil
}

func newMember(row storage.Account, lots []points.Lot, idle map[string]time.Time, at time.Time) (Member, error) {
	m := Member{
		ID: row.Member, At: at, Version: row.Version, Status: statusName(row.Status), EnrolledAt: row.EnrolledAt,
		Balances: slices.Clone(row.Balances),
	}
	data, err := decodeData(row.Data)
	if err != nil {
		return Member{}, err
	}
	m.Attributes, m.Jurisdiction = data.Attributes, data.Jurisdiction
	if data.NoEarn {
		m.Shut = append(m.Shut, EarnGate)
	}
	if data.NoRedeem {
		m.Shut = append(m.Shut, RedeemGate)
	}
	for _, lot := range lots {
		if lot.Remaining == 0 && lot.Held == 0 {
			continue
		}
		if m.Lots == nil {
			m.Lots = make([]points.Lot, 0, len(lots))
		}
		m.Lots = append(m.Lots, lot)
		switch {
		case lot.Remaining == 0:
		case lot.State == points.LotPending:
			m.Maturing = schedule(m.Maturing, lot.Unit, lot.AvailableFrom, lot.Remaining)
		default:
			m.expires(lot, idle)
		}
	}
	slices.SortStableFunc(m.Expiring, func(a, b Scheduled) int { return a.At.Compare(b.At) })
	slices.SortStableFunc(m.Maturing, func(a, b Scheduled) int { return a.At.Compare(b.At) })
	return m, nil
}

// expires adds a lot to the schedule: at its own expiry, or when inactivity takes the
// unit's points where that is sooner.
func (m *Member) expires(lot points.Lot, idle map[string]time.Time) {
	at, inactive := lot.ExpiresAt, false
	if due, ok := idle[lot.Unit]; ok && due.Before(at) {
		at, inactive = due, true
	}
	if points.IsNever(at) {
		return
	}
	m.Expiring = schedule(m.Expiring, lot.Unit, at, lot.Remaining)
	if inactive {
		i := slices.IndexFunc(m.Expiring, func(s Scheduled) bool { return s.Unit == lot.Unit && s.At.Equal(at) })
		m.Expiring[i].Inactivity = true
	}
}

// schedule adds an amount to the line of its unit and instant.
func schedule(list []Scheduled, unit string, at time.Time, amount points.Amount) []Scheduled {
	for i := range slices.Backward(list) {
		if list[i].Unit == unit && list[i].At.Equal(at) {
			list[i].Points += amount
			return list
		}
	}
	return append(list, Scheduled{Unit: unit, At: at, Points: amount})
}

func statusName(status storage.AccountStatus) string {
	switch status {
	case storage.Active:
		return "active"
	case storage.Suspended:
		return "suspended"
	case storage.Closed:
		return "closed"
	default:
		return "unknown"
	}
}
