package storagetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func scrubCases() []Case {
	return []Case{
		{Name: "scrub-empties-what-it-names-and-nothing-else", Clause: "K10", Run: scrubsOnly},
		{Name: "scrub-belongs-to-its-batch", Clause: "K10", Run: scrubWithBatch},
		{Name: "scrub-comes-before-the-rows-of-its-leg", Clause: "K10", Run: scrubFirst},
	}
}

// diary stores three operations of anna and one of ben, with bodies in all rows.
func (e *Env) diary(ctx context.Context) error {
	var batches []storage.Batch
	for version := range int64(3) {
		leg := e.full("anna", version, fmt.Sprintf("order-%d", version))
		leg.Records = leg.Records[:0]
		for _, kind := range []string{"hold", "gift"} {
			record := e.record("anna", kind, fmt.Sprintf("h-%d", version))
			record.Lots = []points.LotID{1}
			leg.Records = append(leg.Records, record)
		}
		leg.Events = append(leg.Events, e.event("anna", version+1, 1))
		batches = append(batches, e.batch(leg))
	}
	ben := e.full("ben", 0, "order-1")
	ben.Records = []storage.Record{e.record("ben", "hold", "h-1")}
	return e.ok(ctx, append(batches, e.batch(ben))...)
}

func scrubsOnly(ctx context.Context, env *Env) error {
	if err := env.diary(ctx); err != nil {
		return err
	}
	of := scope{members: []string{"anna", "ben"}}
	want, err := env.read(ctx, of)
	if err != nil {
		return err
	}
	leg := env.bare("anna", 3, "erase")
	leg.Scrub = storage.Scrub{
		Operations: []int64{2, 77},
		Records:    []storage.RecordKey{{Kind: "hold", ID: "h-1"}, {Kind: "hold", ID: "h-9"}},
		Events:     []storage.EventID{{Member: "anna", Version: 2, Ordinal: 1}, {Member: "anna", Version: 2, Ordinal: 9}},
	}
	if err := env.ok(ctx, env.batch(leg)); err != nil {
		return err
	}
	op := &want.Operations[1]
	op.Command, op.Receipt, op.Salt, op.Reason, op.Actor, op.Reference = nil, nil, nil, "", "", ""
	op.Key = storage.ScrubbedKey(2)
	want.Accounts[0] = leg.Account
	ben := want.Operations[3]
	want.Operations = append(want.Operations[:3:3], leg.Operation, ben)
	for i := range want.Records {
		if r := &want.Records[i]; r.Member == "anna" && r.Kind == "hold" && r.ID == "h-1" {
			r.Data = nil
		}
	}
	for i := range want.Events {
		if ev := &want.Events[i]; ev.Member == "anna" && ev.Version == 2 && ev.Ordinal == 1 {
			ev.Data = nil
		}
	}
	got, err := env.read(ctx, of)
	if err != nil {
		return err
	}
	if err := same("books", want.plain(), got.plain()); err != nil {
		return err
	}
	s, err := env.load(ctx, storage.LoadRequest{Member: "anna", Key: "order-1"})
	if err != nil {
		return err
	}
	if s.Operation != nil {
		return errors.New("a scrubbed operation is still found by the caller's key")
	}
	return nil
}

func scrubWithBatch(ctx context.Context, env *Env) error {
	if err := env.diary(ctx); err != nil {
		return err
	}
	return env.unchanged(ctx, scope{members: []string{"anna", "ben"}}, func() error {
		leg := env.bare("anna", 3, "erase")
		leg.Scrub = storage.Scrub{
			Operations: []int64{1, 2, 3},
			Records:    []storage.RecordKey{{Kind: "hold", ID: "h-1"}},
			Events:     []storage.EventID{{Member: "anna", Version: 1}},
		}
		_, err := env.fails(ctx, storage.Conflict, env.batch(leg, env.bare("ben", 0, "erase")))
		return err
	})
}

func scrubFirst(ctx context.Context, env *Env) error {
	if err := env.diary(ctx); err != nil {
		return err
	}
	leg := env.bare("anna", 3, "erase")
	leg.Records = []storage.Record{env.record("anna", "hold", "h-1")}
	leg.Records[0].Status, leg.Records[0].Data = "erased", []byte(`{"erased":true}`)
	leg.Scrub.Records = []storage.RecordKey{{Kind: "hold", ID: "h-1"}}
	if err := env.ok(ctx, env.batch(leg)); err != nil {
		return err
	}
	s, err := env.load(ctx, storage.LoadRequest{Member: "anna", Records: leg.Scrub.Records})
	if err != nil {
		return err
	}
	return same("records", leg.Records, s.Records)
}
