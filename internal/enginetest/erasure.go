package enginetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Erasure writes a mark into every text of every command of a member that is not kept,
// which it finds by reflection, erases the member, and looks for the mark in every row
// of the store. Books and chains must be as before.
func Erasure(t *testing.T, store storage.Store) {
	t.Helper()
	ctx, clock := t.Context(), start
	program := cafe("cafe-erased", loyalty.RefuseDebt, false)
	program.Guests = true
	program.Pools = []loyalty.PoolKind{{Code: "home", Roles: []loyalty.PoolRole{{Code: "owner", Manages: true, Contributes: true, Draws: true}}}}
	held := NewClaims(store)
	engine := newEngine(t, program, held, &loyalty.Options{Clock: func() time.Time { return clock }, Features: []loyalty.Feature{notes{}}})
	marked := 0
	for i, cmd := range life() {
		filled, n := cmd, 0
		if cmd.Plan().Member != "ben" {
			filled, n, _ = Marked(ctx, engine, cmd)
		}
		marked += n
		if _, err := engine.Do(ctx, filled); err != nil {
			t.Fatalf("%s: %v", show(filled), err)
		}
		if clock = clock.Add(time.Hour); i == len(life())/2 {
			if _, err := engine.Deliver(ctx, func(context.Context, loyalty.Event) error { return nil }, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if marked < 40 {
		t.Fatalf("only %d texts were marked", marked)
	}
	var export bytes.Buffer
	if err := engine.Export(ctx, "old", &export); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(export.Bytes()) || strings.Count(export.String(), Mark) < marked {
		t.Fatalf("the export of %d bytes is no JSON with all %d marks:\n%s", export.Len(), marked, export.String())
	}
	before, err := engine.Totals(ctx)
	if err != nil {
		t.Fatal(err)
	}
	erase := loyalty.Erase{Member: "anna", Key: "erase" + Mark, Reason: Mark, Actor: Mark}
	for range 2 {
		if _, err := engine.Do(ctx, erase); err != nil {
			t.Fatal(err)
		}
	}
	checkErased(t, engine, before)
	found, err := Traces(ctx, held, program.ID, Mark)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range found {
		t.Errorf("the mark is still in %s", row)
	}
}

func checkErased(t *testing.T, engine *loyalty.Engine, before []storage.Total) {
	t.Helper()
	ctx := t.Context()
	for _, member := range []string{"anna", "old", "guest"} {
		if _, err := engine.Member(ctx, member); told(err) != told(loyalty.ErrErased) {
			t.Errorf("a read of %s says %v", member, err)
		}
		_, err := engine.Do(ctx, loyalty.Spend{Member: member, Key: "late", Unit: "crumb", Points: 1})
		if told(err) != told(loyalty.ErrErased) {
			t.Errorf("a command on %s says %v", member, err)
		}
		if err := engine.Export(ctx, member, &bytes.Buffer{}); told(err) != told(loyalty.ErrErased) {
			t.Errorf("an export of %s says %v", member, err)
		}
		for _, err := range engine.History(ctx, member) {
			if told(err) != told(loyalty.ErrErased) {
				t.Errorf("the history of %s says %v", member, err)
			}
		}
	}
	report, err := engine.Verify(ctx, nil)
	if err != nil || !report.OK() {
		t.Fatalf("after an erasure the audit says %v %v", report.Problems, err)
	}
	after, err := engine.Totals(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, had := range before {
		if !slices.ContainsFunc(after, func(has storage.Total) bool {
			return had.Unit == has.Unit && had.Kind == has.Kind && had.From == has.From && had.To == has.To && has.Amount >= had.Amount
		}) {
			t.Errorf("of the books %+v is gone", had)
		}
	}
	if due, err := engine.RunDue(ctx, nil); err != nil || len(due.Failed) > 0 {
		t.Errorf("settling says %v %v", due.Failed, err)
	}
}

// life is everything that a member may do, with those whom it takes.
func life() []loyalty.Command {
	order := func(id string) points.Order {
		return points.Order{ID: id, Currency: "EUR", Lines: []points.Line{{
			ID: "line", Item: "latte", Category: "coffee", Tags: []string{"hot"}, Amount: money("12.40"), Quantity: 2,
		}}}
	}
	until := start.AddDate(1, 0, 0)
	who := func(member string) []loyalty.Command {
		return []loyalty.Command{
			loyalty.Earn{Member: member, Key: "earn", Order: order("o1 " + member), Reason: "r", Actor: "a"},
			loyalty.Earn{Member: member, Key: "earn 2", Order: order("o2 " + member), Reason: "r", Actor: "a"},
			loyalty.Adjust{Member: member, Key: "gift", Unit: "crumb", Points: 100, Reason: "r", Actor: "a"},
			loyalty.Confirm{Member: member, Key: "confirm", Order: "o1 " + member, Reason: "r", Actor: "a"},
			loyalty.Refund{Member: member, Key: "refund", Order: "o2 " + member, Full: true, Reason: "r", Actor: "a"},
			loyalty.Fact{Member: member, Key: "fact", Activity: "birthday", Reason: "r", Actor: "a"},
			note{Member: member, Key: "note", Text: "t"},
		}
	}
	cmds := []loyalty.Command{
		loyalty.Enroll{Member: "anna", Key: "enroll", Attributes: map[string]string{"city": "Wien"}, Reason: "r", Actor: "a"},
		loyalty.Enroll{Member: "old", Key: "enroll", Attributes: map[string]string{"city": "Linz"}, Reason: "r", Actor: "a"},
		loyalty.EnrollGuest{Member: "guest", Key: "enroll", Reason: "r", Actor: "a"},
		loyalty.Enroll{Member: "ben", Key: "enroll"},
	}
	cmds = append(cmds, slices.Concat(who("anna"), who("old"), who("guest"))...)
	return append(cmds,
		loyalty.Hold{Member: "anna", Key: "hold", ID: "h1", Unit: "crumb", Points: 5, Until: until, Reason: "r", Actor: "a"},
		loyalty.Hold{Member: "anna", Key: "hold 2", ID: "h2", Unit: "crumb", Points: 5, Until: until, Reason: "r", Actor: "a"},
		loyalty.Hold{Member: "anna", Key: "hold 3", ID: "h3", Unit: "crumb", Points: 5, Until: until, Reason: "r", Actor: "a"},
		loyalty.Capture{Member: "anna", Key: "capture", Hold: "h1", Reason: "r", Actor: "a"},
		loyalty.Void{Member: "anna", Key: "void", Hold: "h2", Reason: "r", Actor: "a"},
		loyalty.Spend{Member: "anna", Key: "spend", Unit: "crumb", Points: 5, Reason: "r", Actor: "a"},
		loyalty.Transfer{Member: "anna", Key: "transfer", To: "ben", Unit: "crumb", Points: 5, Reason: "r", Actor: "a"},
		loyalty.Suspend{Member: "anna", Key: "suspend", Reason: "r", Actor: "a"},
		loyalty.Resume{Member: "anna", Key: "resume", Reason: "r", Actor: "a"},
		loyalty.Merge{Member: "anna", Key: "merge", From: "old", Reason: "r", Actor: "a"},
		loyalty.UnMerge{Member: "anna", Key: "unmerge", From: "old", Reason: "r", Actor: "a"},
		loyalty.Merge{Member: "anna", Key: "merge 2", From: "old", Reason: "r", Actor: "a"},
		loyalty.Spend{Member: "old", Key: "spend later", Unit: "crumb", Points: 5, Reason: "r", Actor: "a"},
		loyalty.ClaimAward{Member: "anna", Key: "claim", Guest: "guest", Verified: "v", Reason: "r", Actor: "a"},
		loyalty.FoundPool{Member: "anna", Key: "found", Pool: "home-1", Kind: "home", Reason: "r", Actor: "a"},
		loyalty.ContributeToPool{Member: "anna", Key: "put", Pool: "home-1", Unit: "crumb", Points: 5, Reason: "r", Actor: "a"},
		loyalty.DrawFromPool{Member: "anna", Key: "draw", Pool: "home-1", Unit: "crumb", Points: 1, Reason: "r", Actor: "a"},
		loyalty.InviteToPool{Member: "anna", Key: "invite", Pool: "home-1", Who: "ben", Role: "owner", Reason: "r", Actor: "a"},
	)
}

// notes is a feature that keeps text wherever a feature can.
type notes struct{}

func (notes) Name() string                { return "notes" }
func (notes) Kinds() []string             { return []string{"note"} }
func (notes) Commands() []loyalty.Command { return []loyalty.Command{note{}} }

// Merge implements loyalty.Merger.
func (notes) Merge(_ context.Context, _ *loyalty.Tx, into *loyalty.Party, record storage.Record) error {
	record.ID += "/" + record.Member
	return into.PutRecord(record)
}

// Erase implements loyalty.Eraser.
func (notes) Erase(_ context.Context, tx *loyalty.Tx, record storage.Record) error {
	if len(record.Data) > 0 {
		if err := tx.Release("note", string(record.Data)); err != nil {
			return err
		}
	}
	return tx.PutRecord(storage.Record{Kind: "note", ID: record.ID})
}

// note writes a note, claims its text and tells of it.
type note struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Text   string `json:"text"`
}

// Plan implements loyalty.Command.
func (c note) Plan() loyalty.Plan { return loyalty.Plan{Member: c.Member, Key: c.Key} }

// Apply implements loyalty.Command.
func (c note) Apply(_ context.Context, tx *loyalty.Tx) error {
	text := fmt.Sprintf("%s of %s", c.Text, c.Member)
	if err := tx.Claim("note", text); err != nil {
		return err
	}
	if err := tx.Emit("noted", map[string]string{"text": text}); err != nil {
		return err
	}
	return tx.PutRecord(storage.Record{Kind: "note", ID: "n1", Status: text, Sort: text, Reference: text, Data: []byte(text)})
}
