package sqlstore

import "context"

// engine is what a store of its own and one in a host's transaction share: every
// method of storage.Store, on top of sessions.
type engine struct {
	sessions sessions
	pruning  pruning
}

// sessions runs work on a connection, inside a transaction.
type sessions interface {
	// write gives work a transaction of which all is stored or, where work fails,
	// nothing; read one that sees one state of the database.
	write(ctx context.Context, work func(context.Context, *session) error) error
	read(ctx context.Context, work func(context.Context, *session) error) error
	// load is read for what a commit is likely to follow.
	load(ctx context.Context, work func(context.Context, *session) error) error
	// glance is load without a transaction: each statement sees a state of its own.
	glance(ctx context.Context, work func(context.Context, *session) error) error
}
