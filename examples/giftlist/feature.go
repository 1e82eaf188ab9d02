package giftlist

import (
	"context"
	"math"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Name is the name of the feature.
const Name = "giftlist"

// What the feature keeps in the store.
const (
	listKind    = "giftlist"
	giftKind    = "giftlist-gift"
	codeSpace   = "giftlist"
	openCounter = "giftlist/open"
)

// Feature is the feature with its settings: list it in loyalty.Options.Features.
type Feature struct {
	// MaxOpen bounds the lists that are open at once in the program; 0 is no bound.
	MaxOpen int64
}

var (
	_ loyalty.Feature  = Feature{}
	_ loyalty.Settler  = Feature{}
	_ loyalty.Merger   = Feature{}
	_ loyalty.Exporter = Feature{}
	_ loyalty.Eraser   = Feature{}
)

// Name implements loyalty.Feature.
func (Feature) Name() string { return Name }

// Kinds implements loyalty.Feature.
func (Feature) Kinds() []string { return []string{listKind, giftKind} }

// Commands implements loyalty.Feature.
func (Feature) Commands() []loyalty.Command { return []loyalty.Command{Create{}, Give{}, Close{}} }

func (f Feature) maxOpen() int64 {
	if f.MaxOpen == 0 {
		return math.MaxInt64
	}
	return f.MaxOpen
}

// Settle ends a list whose deadline has come: what was given stays the owner's,
// the code and the place among the open lists become free. A list that was not
// full has lapsed.
func (Feature) Settle(_ context.Context, tx *loyalty.Tx, record storage.Record) error {
	doc, err := decodeList(record)
	if err != nil {
		return err
	}
	if record.Status == string(Open) {
		record.Status = string(Lapsed)
		if err := tx.Emit("giftlist-lapsed", doc.event()); err != nil {
			return err
		}
	}
	if err := doc.free(tx); err != nil {
		return err
	}
	record.DueAt = points.Never
	return putList(tx.Party, record, doc)
}
