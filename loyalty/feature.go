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
	// instant itself. Others than the record's own account cannot change here.
	Settle(ctx context.Context, tx *Tx, record storage.Record) error
}

// Merger is a feature whose records move when two members become one. This
// version of the engine has no command that merges members: a host calls it.
type Merger interface {
	// Merge puts what becomes of a record into the survivor's account.
	Merge(ctx context.Context, into *Party, record storage.Record) error
}

// Exporter is a feature that shows a person what is kept about them. This version
// of the engine has no export of its own: a host calls it.
type Exporter interface {
	// Export renders a record for the member whose it is.
	Export(record storage.Record) (json.RawMessage, error)
}

// Eraser is a feature whose records name persons. This version of the engine has
// no command that erases members: a host calls it.
type Eraser interface {
	// Erase returns the record without anything that identifies a person, and
	// the claims that the member gives up with it.
	Erase(record storage.Record) (storage.Record, []storage.ClaimKey, error)
}
