package giftlist

import (
	"context"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Give moves points from a member to the owner of an open list. Both accounts
// change in one commit. The points keep their expiry, and are the owner's at once.
// Its receipt's Result is a [Given].
type Give struct {
	// Member gives; Owner has the list under Code. See [Find].
	Member string `json:"member"`
	Key    string `json:"key"`
	Owner  string `json:"owner"`
	Code   string `json:"code"`
	// Unit is the list's unit, Points how many are given: above 0, and no more than
	// are missing.
	Unit   string        `json:"unit"`
	Points points.Amount `json:"points"`
	// Note is up to 500 bytes. It stays with the giver's account.
	Note string `json:"note,omitempty"`
}

// Given is what a Give answers.
type Given struct {
	// Missing is how many points the list still takes after the gift.
	Missing points.Amount `json:"missing"`
}

// CommandType implements loyalty.Typed.
func (Give) CommandType() string { return "giftlist-give" }

// Plan implements loyalty.Command.
func (c Give) Plan() loyalty.Plan {
	return loyalty.Plan{
		Member: c.Member, Key: c.Key, Reference: c.Code, Others: []string{c.Owner},
		Records: []loyalty.RecordRef{{Kind: giftKind, ID: c.giftID()}, {Member: c.Owner, Kind: listKind, ID: listID(c.Code)}},
		Debits:  []loyalty.Debit{{Unit: c.Unit, Amount: c.Points}},
	}
}

// giftID names the record of what this member gave to this list. Codes are used
// again once a list has ended, but not by one owner.
func (c Give) giftID() string { return listID(c.Code) + "/" + c.Owner }

// Validate reports every problem of the gift.
func (c Give) Validate() error {
	var problems points.Problems
	if !validCode(c.Code) {
		problems.Add("code", "must be 3 to 32 capital letters, digits and '-'")
	}
	if err := points.CheckID(c.Unit, 32); err != nil {
		problems.Add("unit", "%v", err)
	}
	if c.Points <= 0 {
		problems.Add("points", "%d: must be above 0", c.Points)
	}
	if err := checkText(c.Note, 500); err != nil {
		problems.Add("note", "%v", err)
	}
	return problems.Err()
}

// Apply implements loyalty.Command.
func (c Give) Apply(ctx context.Context, tx *loyalty.Tx) error {
	owner, err := tx.Other(c.Owner)
	if err != nil {
		return err
	}
	record, doc, err := openList(owner, c.Code)
	if err != nil {
		return err
	}
	if c.Unit != doc.Unit {
		return bad("unit", "gift list %s takes %s", c.Code, doc.Unit)
	}
	missing := doc.Wanted - doc.Given
	if c.Points > missing {
		return &TooMuchError{Code: c.Code, Unit: doc.Unit, Missing: missing}
	}
	// The kernel's own transfer, applied as a part of this command.
	transfer := loyalty.Transfer{Member: c.Member, Key: c.Key, To: c.Owner, Unit: c.Unit, Points: c.Points}
	if err := transfer.Apply(ctx, tx); err != nil {
		return err
	}
	doc.Given += c.Points
	doc.Gifts++
	if missing -= c.Points; missing == 0 {
		record.Status = string(Full)
		if err := doc.uncount(tx); err != nil {
			return err
		}
		if err := owner.Emit("giftlist-full", doc.event()); err != nil {
			return err
		}
	}
	if err := putList(owner, record, doc); err != nil {
		return err
	}
	if err := c.remember(tx); err != nil {
		return err
	}
	return tx.Answer(Given{Missing: missing})
}

// remember adds the gift to what the giver gave to this list.
func (c Give) remember(tx *loyalty.Tx) error {
	record, exists, err := tx.Record(giftKind, c.giftID())
	if err != nil {
		return err
	}
	doc := giftDocument{Code: c.Code, Owner: c.Owner}
	if exists {
		if doc, err = decodeGift(record); err != nil {
			return err
		}
	}
	if doc.Points, err = doc.Points.Add(c.Points); err != nil {
		return err
	}
	doc.At = tx.Now()
	if c.Note != "" {
		doc.Note = c.Note
	}
	return put(tx.Party, storage.Record{
		Kind: giftKind, ID: c.giftID(), Reference: listID(c.Code), Status: "given", Sort: doc.At.Format(sortable),
	}, doc)
}

// sortable writes instants in UTC so that their order is that of the text.
const sortable = "2006-01-02T15:04:05.000000Z"

// openList returns an owner's open list. The owner's account is settled, so one
// whose deadline has come is not open any more.
func openList(owner *loyalty.Party, code string) (storage.Record, listDocument, error) {
	record, exists, err := owner.Record(listKind, listID(code))
	if err != nil {
		return record, listDocument{}, err
	}
	if !exists {
		return record, listDocument{}, fmt.Errorf("%w: %q of member %q", ErrNoList, code, owner.Member())
	}
	doc, err := decodeList(record)
	if err != nil {
		return record, doc, err
	}
	if record.Status != string(Open) {
		return record, doc, fmt.Errorf("%w: %q is %s, its deadline %s", ErrEnded, code, record.Status, doc.Deadline.Format(time.RFC3339))
	}
	return record, doc, nil
}
