package giftlist

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Status is where a list is in its life.
type Status string

// The statuses of a list. Only an open one takes gifts.
const (
	Open   Status = "open"
	Full   Status = "full"
	Closed Status = "closed"
	Lapsed Status = "lapsed"
)

// List is a gift list as a page shows it.
type List struct {
	Owner string `json:"owner"`
	// Code is empty once the owner was erased.
	Code  string `json:"code"`
	Title string `json:"title,omitempty"`
	Unit  string `json:"unit"`
	// Wanted is how many points the list is for, Given how many there are, in
	// Gifts gifts.
	Wanted   points.Amount `json:"wanted"`
	Given    points.Amount `json:"given"`
	Gifts    int64         `json:"gifts"`
	Status   Status        `json:"status"`
	Deadline time.Time     `json:"deadline"`
}

// Missing is how many points the list still takes.
func (l List) Missing() points.Amount { return l.Wanted - l.Given }

// Gift is what one member gave to one list, in one gift or several.
type Gift struct {
	Giver  string        `json:"giver"`
	Points points.Amount `json:"points"`
	// Note is the giver's last word on it.
	Note string `json:"note,omitempty"`
	// At is when the last of it was given.
	At time.Time `json:"at"`
}

// Find returns the live list under a code, or [ErrNoList]: one that is open, or
// that is full and whose deadline has not come, of an owner who was not erased. A list may be
// found a little after its deadline, until the owner's account is settled.
func Find(ctx context.Context, store storage.Store, program, code string) (List, error) {
	query := storage.RecordQuery{Program: program, Kind: listKind, Reference: listID(code)}
	for record, err := range loyalty.Records(ctx, store, query) {
		if err != nil {
			return List{}, fmt.Errorf("giftlist: find %q: %w", code, err)
		}
		if status := Status(record.Status); points.IsNever(record.DueAt) || status != Open && status != Full {
			continue
		}
		return newList(record)
	}
	return List{}, fmt.Errorf("giftlist: find %q: %w", code, ErrNoList)
}

// Lists iterates over all lists of a member; their order means nothing. Those of who was
// merged are the survivor's. It stops at the first error, which it yields: loyalty.ErrErased for
// an owner who was erased.
func Lists(ctx context.Context, store storage.Store, program, owner string) iter.Seq2[List, error] {
	query := storage.RecordQuery{Program: program, Member: owner, Kind: listKind}
	return func(yield func(List, error) bool) {
		for record, err := range loyalty.Records(ctx, store, query) {
			list, bad := List{}, err
			if bad == nil {
				list, bad = newList(record)
			}
			if !yield(list, bad) || bad != nil {
				return
			}
		}
	}
}

// Gifts iterates over the gifts to a list, the oldest first, without those of who was erased,
// which still count for the list. It stops at the first error, which it yields.
func Gifts(ctx context.Context, store storage.Store, program, owner, code string) iter.Seq2[Gift, error] {
	query := storage.RecordQuery{Program: program, Kind: giftKind, Reference: listID(code)}
	return func(yield func(Gift, error) bool) {
		for record, err := range loyalty.Records(ctx, store, query) {
			doc, bad := giftDocument{}, err
			if bad == nil {
				doc, bad = decodeGift(record)
			}
			if bad == nil && doc.Owner != owner {
				continue
			}
			if !yield(Gift{Giver: record.Member, Points: doc.Points, Note: doc.Note, At: doc.At}, bad) || bad != nil {
				return
			}
		}
	}
}

// listID names the record of a list in the owner's account, and gifts to it. Owners choose
// codes, which may name them, and the key of a record stays for good: it is a digest of the
// code, which itself is in the documents.
func listID(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:16])
}

// listDocument is what a record of a list holds. The status is the record's.
type listDocument struct {
	Code     string        `json:"code,omitempty"`
	Title    string        `json:"title,omitempty"`
	Unit     string        `json:"unit"`
	Wanted   points.Amount `json:"wanted"`
	Given    points.Amount `json:"given,omitempty"`
	Gifts    int64         `json:"gifts,omitempty"`
	Deadline time.Time     `json:"deadline"`
	// Coded is set while this account holds the claim of the code, and Counted
	// while the list has a place among the open ones.
	Coded   bool `json:"coded,omitempty"`
	Counted bool `json:"counted,omitempty"`
}

// giftDocument is what a record of a gift holds.
type giftDocument struct {
	Code   string        `json:"code,omitempty"`
	Owner  string        `json:"owner"`
	Points points.Amount `json:"points"`
	Note   string        `json:"note,omitempty"`
	At     time.Time     `json:"at"`
}

func newList(record storage.Record) (List, error) {
	doc, err := decodeList(record)
	if err != nil {
		return List{}, err
	}
	return List{
		Owner: record.Member, Code: doc.Code, Title: doc.Title, Unit: doc.Unit, Wanted: doc.Wanted, Given: doc.Given,
		Gifts: doc.Gifts, Status: Status(record.Status), Deadline: doc.Deadline,
	}, nil
}

func decodeList(record storage.Record) (listDocument, error) {
	var doc listDocument
	if err := json.Unmarshal(record.Data, &doc); err != nil {
		return doc, fmt.Errorf("giftlist: list %q of member %q: %w", record.ID, record.Member, err)
	}
	return doc, nil
}

func decodeGift(record storage.Record) (giftDocument, error) {
	var doc giftDocument
	if err := json.Unmarshal(record.Data, &doc); err != nil {
		return doc, fmt.Errorf("giftlist: gift %q of member %q: %w", record.ID, record.Member, err)
	}
	return doc, nil
}

func putList(owner *loyalty.Party, record storage.Record, doc listDocument) error {
	return put(owner, record, doc)
}

func put(party *loyalty.Party, record storage.Record, doc any) error {
	data, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("giftlist: record %q: %w", record.ID, err)
	}
	record.Data = data
	return party.PutRecord(record)
}

// free gives up the code, and the place among the open lists. The command's member
// is the owner.
func (doc *listDocument) free(tx *loyalty.Tx) error {
	if doc.Coded {
		if err := tx.Release(codeSpace, doc.Code); err != nil {
			return err
		}
		doc.Coded = false
	}
	return doc.uncount(tx)
}

// uncount gives up the place among the open lists.
func (doc *listDocument) uncount(tx *loyalty.Tx) error {
	if !doc.Counted {
		return nil
	}
	doc.Counted = false
	return tx.Use(openCounter, -1, 0)
}

// listEvent is the data of the events of a list.
type listEvent struct {
	Code   string        `json:"code"`
	Unit   string        `json:"unit"`
	Wanted points.Amount `json:"wanted"`
	Given  points.Amount `json:"given"`
}

func (doc *listDocument) event() listEvent {
	return listEvent{Code: doc.Code, Unit: doc.Unit, Wanted: doc.Wanted, Given: doc.Given}
}
