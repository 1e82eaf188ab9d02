package loyalty

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Export writes everything that the program keeps about a member to w, as one JSON
// object, in memory that does not grow with it: the account, lots, operations with
// their commands, receipts and entries, records (those of features as their
// [Exporter] renders them), pending events, claims of orders and voucher codes, and under
// "merged" the same of every member who was merged into this one. An id that was merged exports
// its survivor; an erased member is [ErrErased].
//
// Under "standing" it has how the member stands on ladders as [OpeningStanding] values, each
// for the Standing of one [Import], in order: more than one only where a member counts on
// very many days. It names only what the program of today has, so that a store whose program
// never was another takes it, but for members who are owed what entering a tier gives, or on
// the day on which a program begins: they may stand by the one before.
//
// What is written while the export runs may be in it or not. After an error what w
// has got is no JSON.
func (e *Engine) Export(ctx context.Context, member string, w io.Writer) error {
	member, err := e.survivor(ctx, member)
	if err != nil {
		return fmt.Errorf("loyalty: export of %s: %w", AccountName(member), err)
	}
	x := &exporting{engine: e, ctx: ctx, w: bufio.NewWriter(w)}
	x.member(member)
	x.text("\n")
	if x.err == nil {
		x.err = x.w.Flush()
	}
	if x.err != nil {
		return fmt.Errorf("loyalty: export of %s: %w", AccountName(member), x.err)
	}
	return nil
}

// exporting writes JSON piece by piece, up to the first error.
type exporting struct {
	engine *Engine
	ctx    context.Context //nolint:containedctx // it lives within one call of Export
	w      *bufio.Writer
	err    error
}

func (x *exporting) text(s string) {
	if x.err == nil {
		_, x.err = x.w.WriteString(s)
	}
}

func (x *exporting) value(v any) {
	if x.err != nil {
		return
	}
	data, err := json.Marshal(v)
	if x.err = err; err == nil {
		_, x.err = x.w.Write(data)
	}
}

func (x *exporting) field(name string, v any) {
	x.value(name)
	x.text(":")
	x.value(v)
}

// list writes a field with a list, an item a line.
func list[T any](x *exporting, name string, items iter.Seq2[T, error], render func(T) (any, error)) {
	x.text(",\n")
	x.value(name)
	x.text(":[")
	separator := "\n"
	for item, err := range items {
		var shown any
		if err == nil {
			shown, err = render(item)
		}
		if x.err == nil {
			x.err = err
		}
		if x.err != nil {
			return
		}
		if shown == nil {
			continue
		}
		x.text(separator)
		x.value(shown)
		separator = ",\n"
	}
	x.text("]")
}

func (x *exporting) member(member string) {
	snaps, err := x.engine.store.Load(x.ctx, []storage.LoadRequest{{Program: x.engine.program, Member: member}})
	if err != nil || snaps[0].Account == nil {
		x.err = cmp.Or(err, ErrNotEnrolled)
		return
	}
	row := *snaps[0].Account
	if life, err := (&account{id: member, row: row}).life(); err != nil || life.erased() {
		x.err = cmp.Or(err, ErrErased)
		return
	}
	query := storage.MemberQuery{Program: row.Program, Member: member}
	x.text("{")
	x.field("program", row.Program)
	x.text(",\n")
	x.field("member", member)
	x.text(",\n")
	x.field("account", newExportedAccount(row))
	x.standing(member)
	list(x, "lots", storage.AllLots(x.ctx, x.engine.store, query), func(l storage.Lot) (any, error) { return l.Lot, nil })
	x.operations(query)
	records := storage.RecordQuery{Program: row.Program, Member: member}
	list(x, "records", storage.AllRecords(x.ctx, x.engine.store, records), x.record)
	list(x, "events", x.events(member), func(e storage.Event) (any, error) { return cloudEvent(e), nil })
	list(x, "claims", x.claims(member), func(c storage.Claim) (any, error) {
		return exportedClaim{Space: c.Space, Key: c.Key, Holder: c.Holder}, nil
	})
	x.merged(member)
	x.text("}")
}

// standing writes how the member stands on ladders.
func (x *exporting) standing(member string) {
	if x.err != nil {
		return
	}
	pages, err := x.engine.openingOf(x.ctx, member)
	if x.err = err; err != nil || len(pages) == 0 {
		return
	}
	x.text(",\n")
	x.field("standing", pages)
}

// merged writes the members who were merged into one.
func (x *exporting) merged(member string) {
	query := storage.RecordQuery{Program: x.engine.program, Member: member, Kind: mergeKind}
	separator := ",\n\"merged\":[\n"
	for row, err := range storage.AllRecords(x.ctx, x.engine.store, query) {
		if x.err == nil {
			x.err = err
		}
		if x.err != nil {
			return
		}
		if row.Status != mergeMoving && row.Status != mergeDone {
			continue
		}
		x.text(separator)
		x.member(row.ID)
		separator = ",\n"
	}
	if separator == ",\n" {
		x.text("]")
	}
}

type exportedAccount struct {
	Kind       string             `json:"kind"`
	Status     string             `json:"status"`
	Version    int64              `json:"version"`
	EnrolledAt time.Time          `json:"enrolledAt"`
	RecordedAt time.Time          `json:"recordedAt"`
	DueAt      time.Time          `json:"dueAt"`
	Balances   []points.Balance   `json:"balances,omitempty"`
	Standing   []storage.Standing `json:"standing,omitempty"`
	Days       []storage.DayCount `json:"days,omitempty"`
	Document   json.RawMessage    `json:"document,omitempty"`
	Hash       []byte             `json:"hash"`
}

func newExportedAccount(a storage.Account) exportedAccount {
	kinds := map[storage.AccountKind]string{storage.Person: "person", storage.Pool: "pool", storage.House: "house"}
	return exportedAccount{
		Kind: kinds[a.Kind], Status: statusName(a.Status), Version: a.Version, EnrolledAt: a.EnrolledAt, RecordedAt: a.RecordedAt,
		DueAt: a.DueAt, Balances: a.Balances, Standing: a.Standing, Days: a.Days, Document: a.Data, Hash: a.Hash,
	}
}

type exportedOperation struct {
	Version    int64           `json:"version"`
	Type       string          `json:"type"`
	Key        string          `json:"key,omitempty"`
	Reason     string          `json:"reason,omitempty"`
	Actor      string          `json:"actor,omitempty"`
	Reference  string          `json:"reference,omitempty"`
	OccurredAt time.Time       `json:"occurredAt"`
	RecordedAt time.Time       `json:"recordedAt"`
	Command    json.RawMessage `json:"command,omitempty"`
	Receipt    json.RawMessage `json:"receipt,omitempty"`
	Entries    []points.Entry  `json:"entries,omitempty"`
	Hash       []byte          `json:"hash"`
}

// operations writes operations, each with its entries.
func (x *exporting) operations(query storage.MemberQuery) {
	list(x, "operations", x.engine.recount(x.ctx, query), func(op recounted) (any, error) {
		shown := exportedOperation{
			Version: op.Version, Type: op.Type, Reason: op.Reason, Actor: op.Actor, Reference: op.Reference,
			OccurredAt: op.OccurredAt, RecordedAt: op.RecordedAt, Command: op.Command, Receipt: op.Receipt, Entries: op.entries, Hash: op.Hash,
		}
		if !reserved(op.Key) {
			shown.Key = op.Key
		}
		return shown, nil
	})
}

type exportedRecord struct {
	Kind      string          `json:"kind"`
	ID        string          `json:"id"`
	Status    string          `json:"status,omitempty"`
	Reference string          `json:"reference,omitempty"`
	Sort      string          `json:"sort,omitempty"`
	DueAt     time.Time       `json:"dueAt"`
	Lots      []points.LotID  `json:"lots,omitempty"`
	Data      json.RawMessage `json:"data,omitempty"`
}

func (x *exporting) record(row storage.Record) (any, error) {
	if Moved(row) && !leftPlace(row) {
		return nil, nil
	}
	shown := exportedRecord{
		Kind: row.Kind, ID: row.ID, Status: row.Status, Reference: row.Reference, Sort: row.Sort, DueAt: row.DueAt, Lots: row.Lots,
	}
	switch feature, ok := x.engine.features[x.engine.kinds[row.Kind]].(Exporter); {
	case ok:
		var err error
		if shown.Data, err = feature.Export(row); err != nil {
			return nil, fmt.Errorf("record %s %q: %w", row.Kind, row.ID, err)
		}
	case json.Valid(row.Data):
		shown.Data = row.Data
	case len(row.Data) > 0:
		data, err := json.Marshal(row.Data)
		if err != nil {
			return nil, err
		}
		shown.Data = data
	}
	return shown, nil
}

// events iterates over the pending events of a member.
func (x *exporting) events(member string) iter.Seq2[storage.Event, error] {
	return func(yield func(storage.Event, error) bool) {
		query := storage.EventQuery{Program: x.engine.program, Bucket: storage.Bucket(member), Limit: 1000}
		for {
			page, err := x.engine.store.Events(x.ctx, query)
			if err != nil {
				yield(storage.Event{}, err)
				return
			}
			for _, event := range page.Items {
				if event.Member == member && !yield(event, nil) {
					return
				}
			}
			if page.Next == "" || len(page.Items) > 0 && page.Items[len(page.Items)-1].Member > member {
				return
			}
			query.After = page.Next
		}
	}
}

type exportedClaim struct {
	Space  string `json:"space"`
	Key    string `json:"key"`
	Holder string `json:"holder"`
}

// claims iterates over the claims of a member's orders and vouchers, a hundred to a Load.
// Those that a member who was merged into this one has made are in that one's name.
func (x *exporting) claims(member string) iter.Seq2[storage.Claim, error] {
	return func(yield func(storage.Claim, error) bool) {
		var keys []storage.ClaimKey
		holders := map[string]bool{member: true}
		tell := func() bool {
			if len(keys) == 0 {
				return true
			}
			snaps, err := x.engine.store.Load(x.ctx, []storage.LoadRequest{{Program: x.engine.program, Member: member, Claims: keys}})
			if err != nil {
				yield(storage.Claim{}, err)
				return false
			}
			keys = keys[:0]
			for _, claim := range snaps[0].Claims {
				if holders[claim.Holder] && !yield(claim, nil) {
					return false
				}
			}
			return true
		}
		for _, kind := range []string{mergeKind, orderKind, redemptionKind} {
			query := storage.RecordQuery{Program: x.engine.program, Member: member, Kind: kind}
			for row, err := range storage.AllRecords(x.ctx, x.engine.store, query) {
				var key storage.ClaimKey
				if err == nil {
					key, err = claimOf(row)
				}
				if err != nil {
					yield(storage.Claim{}, err)
					return
				}
				if kind == mergeKind {
					holders[row.ID] = true
				}
				if key == (storage.ClaimKey{}) {
					continue
				}
				if keys = append(keys, key); len(keys) == recountedOperations && !tell() {
					return
				}
			}
			if !tell() {
				return
			}
		}
	}
}

// claimOf names what the order or redemption of a record has claimed, if anything.
func claimOf(row storage.Record) (storage.ClaimKey, error) {
	switch {
	case Moved(row), row.Kind == mergeKind:
		return storage.ClaimKey{}, nil
	case row.Kind == orderKind:
		return storage.ClaimKey{Space: orderSpace, Key: row.ID}, nil
	}
	state, err := redemptionOf(row)
	if err != nil || state.Code == "" {
		return storage.ClaimKey{}, err
	}
	return storage.ClaimKey{Space: voucherSpace, Key: state.Code}, nil
}
