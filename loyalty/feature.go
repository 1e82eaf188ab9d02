package loyalty

import (
	"context"
	"encoding/json"

	"github.com/loyaltykit/loyaltykit/storage"
)

// Feature is a package of commands with records of their own: what it is called,
// which kinds of records it keeps, and its commands, so that stored ones can be
// read again. List features in [Options]; there is no registry.
//
// A feature that has deadlines implements [Settler], one whose records hold
// anything about a person [Eraser] and [Exporter], one whose records follow a
// member into another account [Merger].
type Feature interface {
	// Name names the feature, such as "giftlist".
	Name() string
	// Kinds lists the kinds of records that are this feature's.
	Kinds() []string
	// Commands lists a zero value of each command.
	Commands() []Command
}

// Settler is a feature whose records fall due.
type Settler interface {
	// Settle acts on a record whose DueAt has come. It must put the record with a
	// later DueAt, or points.Never. tx.Now is at or after it, and tx.OccurredAt the
	// instant itself. Others than the record's own account cannot change here. What it counts
	// by [Party.Count] decides the member's tiers in the same commit, as of that instant,
	// however late it is settled.
	Settle(ctx context.Context, tx *Tx, record storage.Record) error
}

// TierWatcher is a feature that acts when a member's tier changes, such as one that
// gives something for entering a tier and takes it back where that is undone.
//
// A feature counts for the ladders of the program by [Party.Count], and reads what a member
// has by [Party.Standing], [Party.Tier], [Party.AtLeast] and [Party.Benefits]. Three things of
// tiers it has not. It brings no ladder, since all that decide a member are in one record, by
// one text of the program for each day. It grants no tier: [MatchTier] and [OverrideTier]
// are commands by themselves, with the limits and reasons that they ask for. And it does not
// read the counts of days, which are put together as soon as no window needs them: a
// feature that wants to know days keeps a record of its own.
type TierWatcher interface {
	// TierChanged is called within the commit of the change, after the command's own
	// Apply or at the settle step that ends a period. An error refuses the command.
	// Changes of other members than the command's own are not told. What it counts by
	// [Party.Count] decides the tiers again, and may change more: where that finds no end,
	// the command is refused.
	TierChanged(ctx context.Context, tx *Tx, change TierChange) error
}

// Merger is a feature whose records move when two members become one. The
// records of a feature that is none stay under the old id, where nobody finds them.
type Merger interface {
	// Merge puts what becomes of a record into the survivor's account. The Tx is that
	// of the member who goes; the engine then puts a mark in the record's place, see
	// [Moved]. Claims of who goes may stay: the survivor can release them.
	Merge(ctx context.Context, tx *Tx, into *Party, record storage.Record) error
}

// Exporter is a feature that shows a person what is kept about them. The records
// of a feature that is none are exported as they are stored.
type Exporter interface {
	// Export renders a record for the member whose it is.
	Export(record storage.Record) (json.RawMessage, error)
}

// Eraser is a feature whose records name persons. Of a feature that is none an
// erasure leaves the keys of records, and nothing else of them. Records are never deleted:
// an id that may name a person belongs into the document, and a digest of it into the key.
type Eraser interface {
	// Erase puts the record without anything that identifies a person, and releases
	// the claims that the member gives up with it. It may be called again for a
	// record that it has erased.
	Erase(ctx context.Context, tx *Tx, record storage.Record) error
}
