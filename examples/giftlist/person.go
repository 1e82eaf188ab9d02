package giftlist

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// exportedGift is a gift as its giver's export shows it. It leaves out whose the
// list was: that is the owner's to tell.
type exportedGift struct {
	Code   string        `json:"code"`
	Points points.Amount `json:"points"`
	Note   string        `json:"note,omitempty"`
	At     time.Time     `json:"at"`
}

// Export renders a list for its owner, or a gift for its giver.
func (Feature) Export(record storage.Record) (json.RawMessage, error) {
	if record.Kind == giftKind {
		doc, err := decodeGift(record)
		if err != nil {
			return nil, err
		}
		return json.Marshal(exportedGift{Code: doc.Code, Points: doc.Points, Note: doc.Note, At: doc.At})
	}
	list, err := newList(record)
	if err != nil {
		return nil, err
	}
	return json.Marshal(list)
}

// Erase takes out codes, titles and notes. A list that is erased takes no more gifts, and
// gives up its code and its place among the open lists.
func (Feature) Erase(_ context.Context, tx *loyalty.Tx, record storage.Record) error {
	if record.Kind == giftKind {
		doc, err := decodeGift(record)
		if err != nil {
			return err
		}
		doc.Code, doc.Note = "", ""
		return put(tx.Party, record, doc)
	}
	doc, err := decodeList(record)
	if err != nil {
		return err
	}
	if err := doc.free(tx); err != nil {
		return err
	}
	if record.Status == string(Open) {
		record.Status = string(Closed)
	}
	doc.Code, doc.Title, record.DueAt = "", "", points.Never
	return putList(tx.Party, record, doc)
}

// Merge moves a list or a gift to the survivor. A list goes on under its code,
// which stays claimed in the name of the member who went until the survivor gives
// it up.
func (Feature) Merge(_ context.Context, _ *loyalty.Tx, into *loyalty.Party, record storage.Record) error {
	if record.Kind == giftKind {
		return mergeGift(into, record)
	}
	doc, err := decodeList(record)
	if err != nil {
		return err
	}
	other, taken, err := into.Record(listKind, record.ID)
	if err != nil {
		return err
	}
	if taken {
		// One code was used by both, one after the other: the list that has ended
		// makes room.
		ended := &record
		if record.Status == string(Open) {
			ended = &other
		}
		if ended.ID, err = freeID(into, record.ID); err != nil {
			return err
		}
		if ended == &other {
			if err := into.PutRecord(other); err != nil {
				return err
			}
		}
	}
	return putList(into, record, doc)
}

// freeID finds an id for a list whose code another list of the account has.
func freeID(into *loyalty.Party, id string) (string, error) {
	for n := 2; ; n++ {
		next := fmt.Sprintf("%s/%d", id, n)
		_, taken, err := into.Record(listKind, next)
		if err != nil || !taken {
			return next, err
		}
	}
}

// mergeGift adds a gift to what the survivor gave to the same list.
func mergeGift(into *loyalty.Party, record storage.Record) error {
	doc, err := decodeGift(record)
	if err != nil {
		return err
	}
	other, taken, err := into.Record(giftKind, record.ID)
	if err != nil {
		return err
	}
	if !taken {
		return into.PutRecord(record)
	}
	have, err := decodeGift(other)
	if err != nil {
		return err
	}
	if doc.Points, err = doc.Points.Add(have.Points); err != nil {
		return err
	}
	if have.At.After(doc.At) {
		doc.At, record.Sort = have.At, other.Sort
	}
	if have.Note != "" {
		doc.Note = have.Note
	}
	return put(into, record, doc)
}
