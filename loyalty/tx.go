package loyalty

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// Tx is what a command decides on: the accounts, records, claims and counters
// that were loaded, and primitives that change them in memory. The engine
// commits what a Tx collected, all or nothing, after Apply returned nil.
//
// The embedded Party is the member that the command is about. A Tx must not be
// used after Apply has returned, nor by several goroutines.
type Tx struct {
	*Party
	deciding *deciding
	call     *call
	plan     *Plan
	rev      *revision
	now      time.Time
	occurred time.Time
	parties  []*Party
	claims   []storage.ClaimChange
	counters []storage.CounterChange
	receipt  Receipt
	reason   string
	system   string
	settling bool
	// balances are what the receipt says, where the commits that follow change them.
	balances []points.Balance
	retryAt  time.Time
	quote    bool
	draws    uint64
	sold     sold
	// whole is all that the command books, where what lots do follows in later commits;
	// booked is how much of it is not of lots.
	whole  []points.Entry
	booked int
	// countsOn is the day from which a refund takes metrics back.
	countsOn tiers.Day
	// countsOf is the path of the order that it refunds, where a merge brought it.
	countsOf []string
	// countsIn are the versions from which on those of the path, and the member, had it.
	countsIn []int64
	// failed keeps the first error of a primitive, so that a command that
	// overlooks it is refused all the same.
	failed error
	// refusal is why the command is refused where nothing else refuses it: a claim may be
	// known before the commit or not, and the answer is the same.
	refusal error
}

// sold is what a gathered spend takes out of what its chunks hold.
type sold struct {
	unit   string
	amount points.Amount
}

// Party is one account inside a Tx.
type Party struct {
	tx      *Tx
	base    *account
	row     storage.Account
	data    *accountData
	lots    []points.Lot
	written []points.LotID
	records []record
	put     []storage.RecordKey
	entries []points.Entry
	events  []event
	newLots int64
	// lotsOwned and recordsOwned are set once the slices are this party's own.
	lotsOwned    bool
	recordsOwned bool
	balanceOwned bool
	dataChanged  bool
	// aliases holds the ids of merged accounts by which the command named this one.
	aliases []string
	scrub   storage.Scrub
	// stand is how the member stands on ladders, once it is read. standChanged is set
	// where a command changed it; facts is what was counted, changes what came of it, and
	// endings what ends soon.
	stand        *standingState
	standChanged bool
	daysOwned    bool
	facts        []fact
	changes      []TierChange
	endings      []TierReminder
	// opened names the ladders to which the command brings the member from elsewhere.
	opened []string
}

type event struct {
	kind string
	data json.RawMessage
}

// errAlone unwinds a command that reads what it did not declare while it shares
// a round trip with others; it is then decided alone.
var errAlone = errors.New("loyalty: undeclared read")

func (d *deciding) newTx(c *call, plan *Plan, now, occurred time.Time) (*Tx, error) {
	tx := &Tx{
		deciding: d, call: c, plan: plan, now: now, occurred: occurred,
		rev: revisionAt(d.engine.revisions, now), reason: plan.Reason, quote: d.quote,
	}
	tx.receipt.Scales = tx.rev.scales()
	tx.parties = make([]*Party, 0, 1+len(plan.Others))
	for i := range 1 + len(plan.Others) {
		id := plan.Member
		if i > 0 {
			id = plan.Others[i-1]
		}
		base := d.accounts[id]
		if base == nil {
			return nil, fmt.Errorf("loyalty: account of %s was not loaded", AccountName(id))
		}
		tx.parties = append(tx.parties, newParty(tx, base))
		tx.parties[i].aliases = c.aliases[id]
	}
	tx.Party = tx.parties[0]
	return tx, nil
}

func newParty(tx *Tx, base *account) *Party {
	return &Party{tx: tx, base: base, row: base.row, lots: base.lots, records: base.records}
}

// Now is the recorded time of the command: the engine's clock, but never before
// the account's last recorded time. Debits are decided at it.
func (tx *Tx) Now() time.Time { return tx.now }

// reached is the instant that the account has come to: now, or where time is still
// being settled, that of the step.
func (tx *Tx) reached() time.Time {
	if tx.settling {
		return tx.occurred
	}
	return tx.now
}

// OccurredAt is when the command happened, by the caller. Earning is decided at
// it.
func (tx *Tx) OccurredAt() time.Time { return tx.occurred }

// Zone is the program's time zone.
func (tx *Tx) Zone() *time.Location { return tx.rev.zone }

// Program is the revision of the program in force now. It must not be changed.
func (tx *Tx) Program() Program { return tx.rev.Program }

// Feature returns the feature of the name that the engine lists, or nil: how a
// command finds the settings of its feature.
func (tx *Tx) Feature(name string) Feature { return tx.deciding.engine.features[name] }

// Key is the caller's key of the command.
func (tx *Tx) Key() string { return tx.call.named().Key }

// Other returns another account that the plan names.
func (tx *Tx) Other(member string) (*Party, error) {
	for _, p := range tx.parties[1:] {
		if p.row.Member == member || slices.Contains(p.aliases, member) {
			return p, nil
		}
	}
	return nil, tx.fail(fmt.Errorf("loyalty: %s is not in the plan's Others", AccountName(member)))
}

// Answer puts a value into the receipt's Result, as JSON.
func (tx *Tx) Answer(value any) error {
	data, err := canon.Append(nil, value)
	if err != nil {
		return tx.fail(fmt.Errorf("loyalty: answer: %w", err))
	}
	tx.receipt.Result = data
	return nil
}

func (tx *Tx) fail(err error) error {
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}

// Member is the id of the account.
func (p *Party) Member() string { return p.row.Member }

// Enrolled reports whether the member has an account.
func (p *Party) Enrolled() bool { return p.base.exists || p.row.Kind != 0 }

// Balance is what the account has of a unit now.
func (p *Party) Balance(unit string) points.Balance {
	for _, b := range p.row.Balances {
		if b.Unit == unit {
			return b
		}
	}
	return points.Balance{Unit: unit}
}

// Record returns the record of the kind and id, and whether it exists.
func (p *Party) Record(kind, id string) (storage.Record, bool, error) {
	for _, alias := range p.aliases {
		row, exists, err := p.record(kind, movedID(alias, id))
		if err != nil || exists {
			return row, exists, err
		}
	}
	return p.record(kind, id)
}

// record is Record under the id as it is stored.
func (p *Party) record(kind, id string) (storage.Record, bool, error) {
	i := p.recordAt(kind, id)
	if i < 0 {
		request := storage.LoadRequest{Records: []storage.RecordKey{{Kind: kind, ID: id}}}
		if err := p.load(request); err != nil {
			return storage.Record{}, false, err
		}
		i = p.recordAt(kind, id)
	}
	return p.records[i].row, p.records[i].exists && !Moved(p.records[i].row), nil
}

// storedID is the id of a record as it is stored: another than the command names
// where the account was merged and the id was taken.
func (p *Party) storedID(kind, id string) string {
	for _, alias := range p.aliases {
		moved := movedID(alias, id)
		if i := p.recordAt(kind, moved); i >= 0 && p.records[i].exists && !Moved(p.records[i].row) {
			return moved
		}
	}
	return id
}

func (p *Party) recordAt(kind, id string) int {
	for i := range p.records {
		if p.records[i].row.ID == id && p.records[i].row.Kind == kind {
			return i
		}
	}
	return -1
}

// PutRecord stores a record under the account. Program and Member are filled in;
// a zero DueAt is points.Never. The kind must be one of a feature of the engine.
func (p *Party) PutRecord(r storage.Record) error {
	if err := points.CheckID(r.Kind, maxID); err != nil {
		return p.tx.fail(invalid("record.kind", "%v", err))
	}
	if err := points.CheckID(r.ID, 2*maxID); err != nil {
		return p.tx.fail(invalid("record.id", "%v", err))
	}
	if _, listed := p.tx.deciding.engine.kinds[r.Kind]; !listed {
		return p.tx.fail(invalid("record.kind", "%q belongs to no feature of this engine: list the feature in Options.Features", r.Kind))
	}
	return p.putOwn(r)
}

// putOwn stores a record, also one with an id that only the library makes.
func (p *Party) putOwn(r storage.Record) error {
	if r.DueAt.IsZero() {
		r.DueAt = points.Never
	}
	r.ID = p.storedID(r.Kind, r.ID)
	r.Program, r.Member, r.DueAt = p.row.Program, p.row.Member, instant(r.DueAt)
	if !p.recordsOwned {
		p.records, p.recordsOwned = slices.Clone(p.records), true
	}
	if i := p.recordAt(r.Kind, r.ID); i >= 0 {
		p.records[i] = record{row: r, exists: true}
	} else {
		p.records = append(p.records, record{row: r, exists: true})
	}
	key := storage.RecordKey{Kind: r.Kind, ID: r.ID}
	if !slices.Contains(p.put, key) {
		p.put = append(p.put, key)
	}
	return nil
}

// Emit adds a domain event to the outbox, beside the one that every command
// emits: at most 7 for a member. Data is written as JSON.
func (p *Party) Emit(kind string, data any) error {
	if err := points.CheckID(kind, maxID); err != nil {
		return p.tx.fail(invalid("event", "%v", err))
	}
	if len(p.events) >= maxEmits {
		return p.tx.fail(invalid("event", "one command emits at most %d events for a member", maxEmits))
	}
	text, err := canon.Append(nil, data)
	if err != nil {
		return p.tx.fail(fmt.Errorf("loyalty: event %q: %w", kind, err))
	}
	p.events = append(p.events, event{kind: kind, data: text})
	return nil
}

// load reads what the plan did not name. In a group it makes the command leave
// and run alone.
func (p *Party) load(request storage.LoadRequest) error {
	d := p.tx.deciding
	if !d.alone {
		d.wantsAlone = true
		return p.tx.fail(errAlone)
	}
	request.Program, request.Member = p.row.Program, p.row.Member
	snaps, err := d.load(d.ctx, []storage.LoadRequest{request})
	if err != nil {
		return p.tx.fail(err)
	}
	d.engine.observer.UndeclaredRead(p.tx.call.typ)
	if snaps[0].Mixed || snaps[0].Account == nil || snaps[0].Account.Version != p.base.loaded {
		return p.tx.fail(errStale)
	}
	p.learn(request, &snaps[0])
	return nil
}

// learn adds what was loaded late to the base and to the party's own view,
// leaving what the party has already changed.
func (p *Party) learn(request storage.LoadRequest, snap *storage.Snapshot) {
	fresh := *p.base
	fresh.row.Version = p.base.loaded
	fresh.lots, fresh.records = slices.Clone(p.base.lots), slices.Clone(p.base.records)
	fresh.merge(request, snap, false)
	fresh.row.Version = p.base.row.Version
	*p.base = fresh
	p.own()
	for _, lot := range p.base.lots {
		if p.lotAt(lot.ID) < 0 {
			i, _ := slices.BinarySearchFunc(p.lots, lot, points.ConsumptionOrder)
			p.lots = slices.Insert(p.lots, i, lot)
		}
	}
	for _, r := range p.base.records {
		if p.recordAt(r.row.Kind, r.row.ID) < 0 {
			p.records = append(p.records, r)
		}
	}
}

func (p *Party) own() {
	if !p.lotsOwned {
		p.lots, p.lotsOwned = slices.Clone(p.lots), true
	}
	if !p.recordsOwned {
		p.records, p.recordsOwned = slices.Clone(p.records), true
	}
}

// accountData is the engine's own document on an account.
type accountData struct {
	NoEarn     bool              `json:"noEarn,omitempty"`
	NoRedeem   bool              `json:"noRedeem,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
	// Jurisdiction is the code of the one that the member is under.
	Jurisdiction string    `json:"jurisdiction,omitempty"`
	Life         *lifeData `json:"life,omitempty"`
	// Came are the gates that are shut by merges alone.
	Came []cameShut `json:"came,omitempty"`
}

func (p *Party) document() (*accountData, error) {
	if p.data == nil {
		data, err := decodeData(p.row.Data)
		if err != nil {
			return nil, p.tx.fail(fmt.Errorf("loyalty: account of %s: %w", AccountName(p.row.Member), err))
		}
		p.data = data
	}
	return p.data, nil
}

func decodeData(text []byte) (*accountData, error) {
	data := &accountData{}
	if len(text) == 0 {
		return data, nil
	}
	if err := json.Unmarshal(text, data); err != nil {
		return nil, fmt.Errorf("document of the account: %w", err)
	}
	return data, nil
}
