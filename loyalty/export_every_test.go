package loyalty_test

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
)

// scribbles is a feature whose records are no JSON.
type scribbles struct{}

func (scribbles) Name() string                { return "scribbles" }
func (scribbles) Kinds() []string             { return []string{"scribble"} }
func (scribbles) Commands() []loyalty.Command { return []loyalty.Command{scribble{}} }
func (scribbles) Settle(context.Context, *loyalty.Tx, storage.Record) error {
	return nil
}

type scribble struct {
	Member string `json:"member"`
	Key    string `json:"key"`
}

func (c scribble) Plan() loyalty.Plan {
	return loyalty.Plan{Member: c.Member, Key: c.Key, Records: []loyalty.RecordRef{{Kind: "scribble", ID: "s"}}}
}

func (c scribble) Apply(_ context.Context, tx *loyalty.Tx) error {
	return tx.PutRecord(storage.Record{Kind: "scribble", ID: "s", Status: "new", Reference: "ref", Sort: "a", DueAt: tx.Now().AddDate(1, 0, 0), Data: []byte("\x00no JSON")})
}

// untold lists the fields of rows that an export leaves out, and why.
var untold = map[string]string{
	"Program": "the export's own", "Member": "the export's own",
	"Operation.Salt": "guards the chain", "Operation.Digests": "in the hash", "Operation.Fingerprint": "of the command, which is told",
	"Operation.Library": "is about the program that wrote it", "Operation.Format": "is about the program that wrote it",
	"Account.RetryAt": "is about the sweep", "Account.Kind": "told by name", "Account.Status": "told by name",
	"Entry.Version": "the operation's", "Entry.Ordinal": "its place in the operation", "Entry.Reference": "told where the row only points",
	"Event.Version": "in the id", "Event.Ordinal": "in the id", "Event.RecordedAt": "the time",
	"Event.Type": "told with what CloudEvents put before it",
}

// toldOf says which fields of a row an export's object does not have, or has otherwise.
func toldOf(t *testing.T, row any, object map[string]any) (missing []string) {
	t.Helper()
	v := reflect.ValueOf(row)
	for i := range v.NumField() {
		field, name := v.Type().Field(i), v.Type().Field(i).Name
		if field.Anonymous {
			missing = append(missing, toldOf(t, v.Field(i).Interface(), object)...)
			continue
		}
		if untold[name] != "" || untold[v.Type().Name()+"."+name] != "" || v.Field(i).IsZero() {
			continue
		}
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "ID" {
			key = "id"
		} else if key == "" {
			key = string(unicode.ToLower(rune(name[0]))) + name[1:]
		}
		if key == "data" && v.Type().Name() == "Account" {
			key = "document"
		}
		want := v.Field(i).Interface()
		if text, ok := want.([]byte); ok && json.Valid(text) {
			want = json.RawMessage(text)
		}
		data, err := json.Marshal(want)
		require.NoError(t, err)
		var value any
		require.NoError(t, json.Unmarshal(data, &value))
		if !reflect.DeepEqual(value, object[key]) {
			missing = append(missing, v.Type().Name()+"."+name)
		}
	}
	return missing
}

// wholeExport is an export, read as whoever asked for it may read it.
type wholeExport struct {
	Program, Member                   string
	Account                           map[string]any
	Lots, Operations, Records, Events []map[string]any
	Claims                            []storage.Claim
	Merged                            []wholeExport
}

// TestAnExportTellsEveryFieldOfEveryRow walks the rows that a store has of a member, and the
// fields of each by reflection.
func TestAnExportTellsEveryFieldOfEveryRow(t *testing.T) {
	s := badShop(t)
	var err error
	s.Engine, err = loyalty.New(loyalty.Revisions{s.Program(s.now)}, s.store, &loyalty.Options{Clock: s.clock, Features: []loyalty.Feature{scribbles{}}})
	require.NoError(t, err)
	s.must(loyalty.Enroll{Member: "mia", Key: "enroll", Attributes: map[string]string{"shirt": "M"}})
	s.must(loyalty.Merge{Member: "anna", Key: "mia", From: "mia", Reason: "two cards", Actor: "ada"})
	s.must(loyalty.SetJurisdiction{Member: "anna", Key: "law", Jurisdiction: "CA-QC"})
	s.must(loyalty.Fact{Member: "anna", Key: "visits", Activity: "visits", Amount: 20, Reference: "door"})
	s.must(scribble{Member: "anna", Key: "scribble"})
	for i := range 1100 { // More than a page of events of whoever comes before her in the bucket.
		s.must(loyalty.Adjust{Member: "anna", Key: "n" + strings.Repeat("x", i%90) + string(rune('a'+i/90)), Unit: "bean", Points: 1, Reason: "r", Actor: "ada", Reference: "case"})
	}
	var out bytes.Buffer
	require.NoError(t, s.Export(t.Context(), "mia", &out))
	var x wholeExport
	require.NoError(t, json.Unmarshal(out.Bytes(), &x))
	require.Equal(t, []storage.Claim{
		{Space: "order", Key: "paid", Holder: "anna"}, {Space: "voucher", Key: "CARD-1", Holder: "anna"},
	}, x.Claims)
	s.toldWhole(x, "anna")
	require.Len(t, x.Merged, 2)
	for _, member := range x.Merged {
		s.toldWhole(member, member.Member)
	}
}

// toldWhole compares an export with the rows of the member.
func (s *shop) toldWhole(x wholeExport, member string) {
	t, ctx := s.t, s.t.Context()
	t.Helper()
	require.Equal(t, []string{"beans", member}, []string{x.Program, x.Member})
	row := s.raw(member)
	require.Empty(t, toldOf(t, row, x.Account))
	query := storage.MemberQuery{Program: "beans", Member: member}
	i := 0
	for lot, err := range storage.AllLots(ctx, s.store, query) {
		require.NoError(t, err)
		require.Empty(t, toldOf(t, lot, x.Lots[i]))
		i++
	}
	require.Len(t, x.Lots, i)
	i = 0
	entries := map[int64][]any{}
	for op, err := range storage.AllOperations(ctx, s.store, query) {
		require.NoError(t, err)
		if strings.HasPrefix(op.Key, storage.ReservedPrefix) {
			op.Key = ""
		}
		require.Empty(t, toldOf(t, op, x.Operations[i]))
		entries[op.Version], _ = x.Operations[i]["entries"].([]any)
		i++
	}
	require.Len(t, x.Operations, i)
	for entry, err := range storage.AllEntries(ctx, s.store, query) {
		require.NoError(t, err)
		require.Empty(t, toldOf(t, entry, entries[entry.Version][entry.Ordinal].(map[string]any)))
	}
	i = 0
	for record, err := range storage.AllRecords(ctx, s.store, storage.RecordQuery{Program: "beans", Member: member}) {
		require.NoError(t, err)
		if loyalty.Moved(record) {
			continue
		}
		told := x.Records[i]
		i++
		var inside map[string]any
		if json.Unmarshal(record.Data, &inside) == nil && inside["#"] != nil {
			// The id of an order, a hold or a redemption is in its document.
			require.Equal(t, inside["#"], told["id"])
			told["id"] = record.ID
			delete(inside, "#")
			record.Data = nil
			if len(inside) > 0 {
				require.Equal(t, inside, told["data"])
			}
		}
		require.Empty(t, toldOf(t, record, told), "%s %s", record.Kind, record.ID)
	}
	require.Len(t, x.Records, i)
	events := 0
	for after, more := "", true; more; {
		page, err := s.store.Events(ctx, storage.EventQuery{Program: "beans", Bucket: storage.Bucket(member), Limit: 1000, After: after})
		require.NoError(t, err)
		for _, event := range page.Items {
			if event.Member == member {
				require.Empty(t, toldOf(t, event, x.Events[events]))
				require.Contains(t, x.Events[events]["type"], event.Type)
				events++
			}
		}
		after, more = page.Next, page.Next != ""
	}
	require.Len(t, x.Events, events)
}
