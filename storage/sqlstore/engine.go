package sqlstore

import (
	"context"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/pruning"
)

// engine is what all stores share: listings and upkeep, on top of sessions.
type engine struct {
	sessions sessions
	pruning  pruning.Places
}

// ledger is what differs: in a file a statement costs little and a transaction is
// alone, on a server each statement is a trip and others write at the same time.
type ledger interface {
	Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error)
	Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error)
}

// work is done in one session. It may be done again from its start where the
// database undid it.
type work = func(context.Context, *session) error

// sessions runs work on a connection, inside a transaction.
type sessions interface {
	// write gives work a transaction of which all is stored or, where work fails,
	// nothing; read one that sees one state of the database, unless the session is
	// unsteady.
	write(ctx context.Context, do work) error
	read(ctx context.Context, do work) error
	// load is read for what a commit is likely to follow.
	load(ctx context.Context, do work) error
	// glance is load without a transaction: each statement sees a state of its own.
	glance(ctx context.Context, do work) error
}
