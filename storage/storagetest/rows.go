package storagetest

import (
	"fmt"
	"reflect"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// full is a leg with one or two rows of every kind, in which no field is zero,
// so that a column that is forgotten or swapped shows.
func (e *Env) full(member string, expect int64, key string) storage.Leg {
	leg := e.bare(member, expect, key)
	version := leg.Account.Version
	at := leg.Account.RecordedAt
	a := &leg.Account
	a.Balances = []points.Balance{
		{Unit: "bean", Pending: 11, Available: 120, Held: 13, Debt: 14, Counted: 15},
		{Unit: "cup", Available: 3},
	}
	a.Standing = []storage.Standing{
		{Ladder: "regulars", Tier: "gold", Since: day(-30), Until: day(335)},
		{Ladder: "tasters", Tier: "novice", Since: day(-1), Until: points.Never},
	}
	a.Days = []storage.DayCount{
		{Metric: "spend", Day: 20270221, Amount: 450},
		{Metric: "spend", Day: 20270222, Amount: 1240},
		{Metric: "visits", Day: 20270222, Amount: 1},
	}
	a.DueAt, a.RetryAt, a.EnrolledAt = day(30), day(31), day(-40)
	a.Data = []byte(`{"name": "Anna",  "gates":[]}`)

	o := &leg.Operation
	o.Reason, o.Actor, o.Reference = "order of a regular", "till 2", "order-1001"
	o.Salt, o.Digests = []byte("salt and pepper"), []byte("digests of bodies")
	o.OccurredAt, o.RecordedAt = at.Add(-time.Hour), at

	leg.Lots = []storage.Lot{e.fullLot(member, points.LotID(version))}
	leg.Entries = []storage.Entry{e.fullEntry(member, version)}
	leg.Records = []storage.Record{{
		Program: e.Program, Member: member, Kind: "hold", ID: fmt.Sprintf("h-%d", version), Status: "open",
		Reference: "order-1001", Sort: "2027-02-22", DueAt: day(29), Lots: []points.LotID{points.LotID(version), 99, 7},
		Data: []byte(`{"amount":13}`),
	}}
	leg.Events = []storage.Event{e.event(member, version, 0)}
	return leg
}

func (e *Env) fullLot(member string, id points.LotID) storage.Lot {
	return storage.Lot{Program: e.Program, Member: member, Lot: points.Lot{
		ID: id, Unit: "bean", State: points.LotOpen, Original: 150, Remaining: 120, Held: 13,
		EarnedAt: day(-3), AvailableFrom: day(-2), ExpiresAt: day(30), Source: "order-1001", Origin: "ben",
		Qualifies: true, MergedInto: 44, Merged: 17,
	}}
}

func (e *Env) fullEntry(member string, version int64) storage.Entry {
	return storage.Entry{Program: e.Program, Member: member, Version: version, Ordinal: 3, Entry: points.Entry{
		Unit: "bean", Kind: points.EntryReverse, From: points.Available, To: points.Reversed, Amount: 120,
		Lot: points.LotID(version), Into: 45, Rule: "monday", Revision: 6, Reference: "order-1001",
		Corrects: points.EntryRef{Version: 8, Ordinal: 2}, OccurredAt: day(-3), RecordedAt: day(-2),
	}}
}

// scribble writes over everything that a value leads to through pointers and
// slices, as a careless caller might.
func scribble(v any) { scribbleOn(reflect.ValueOf(v)) }

func scribbleOn(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			scribbleOn(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			scribbleOn(v.Index(i))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			if v.CanSet() {
				v.Set(reflect.ValueOf(day(-999)))
			}
			return
		}
		for _, field := range v.Fields() {
			scribbleOn(field)
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString("scribbled")
		}
	case reflect.Bool:
		if v.CanSet() {
			v.SetBool(!v.Bool())
		}
	default:
		if v.CanSet() && v.CanInt() {
			v.SetInt(-999)
		} else if v.CanSet() && v.CanUint() {
			v.SetUint(99)
		}
	}
}
