package giftlist

import (
	"context"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// Close ends an open list before its deadline. What was given stays the owner's,
// and the code is free again for other members.
type Close struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Code   string `json:"code"`
}

// CommandType implements loyalty.Typed.
func (Close) CommandType() string { return "giftlist-close" }

// Plan implements loyalty.Command.
func (c Close) Plan() loyalty.Plan {
	return loyalty.Plan{
		Member: c.Member, Key: c.Key, Reference: c.Code,
		Records: []loyalty.RecordRef{{Kind: listKind, ID: listID(c.Code)}},
	}
}

// Validate reports a bad code.
func (c Close) Validate() error {
	if !validCode(c.Code) {
		return points.Problems{{Path: "code", Message: "must be 3 to 32 capital letters, digits and '-'"}}
	}
	return nil
}

// Apply implements loyalty.Command.
func (c Close) Apply(_ context.Context, tx *loyalty.Tx) error {
	record, doc, err := openList(tx.Party, c.Code)
	if err != nil {
		return err
	}
	if err := doc.free(tx); err != nil {
		return err
	}
	record.Status, record.DueAt = string(Closed), points.Never
	return putList(tx.Party, record, doc)
}
