package postgres

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/loyaltykit/loyaltykit/storage/internal/sqlstate"
)

// mark begins the text of errors that this package's own statements raise.
const mark = "loyaltykit:"

// verdict is what an error of the server means for a transaction.
type verdict int

const (
	// failed: trying again does not help.
	failed verdict = iota
	// refused: a row stands in the way of a batch; nothing is stored.
	refused
	// again: the server gave up because of others; nothing is stored.
	again
	// lost: it is not known how far the server came.
	lost
)

// patience is how often what failed is tried again where the server or the connection is
// to blame, for a fifth of a second in all; persistence, where other transactions are, for
// about a second. Where transactions are serializable, small tables make those of
// different members meet again and again.
const (
	patience    = 8
	persistence = 20
)

// hopeful reports whether it is worth trying again after an error, of what may be done
// twice.
func hopeful(err error, try int) bool {
	if meaning(err) == sqlstate.Undone {
		return try < persistence
	}
	return try < patience && (judge(err) == again || judge(err) == lost)
}

// meaning is what the server's code says, Final where it has given none.
func meaning(err error) sqlstate.Meaning {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok {
		return sqlstate.Of(refusal.Code)
	}
	return sqlstate.Final
}

// unmigrated says what to do where an error is that a table is missing.
func unmigrated(err error) error {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && refusal.Code == sqlstate.NoTable {
		return sqlstate.Unmigrated(err)
	}
	return err
}

// judge says what an error means.
func judge(err error) verdict {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case errors.Is(err, errRefused), errors.Is(err, errStale):
		return refused
	case !ok && neverSent(err):
		return again
	case !ok && errors.Is(err, errTag):
		return again
	case !ok && errors.As(err, new(pgx.ErrPreprocessingBatch)):
		return failed
	case !ok:
		return lost
	}
	switch meaning(err) {
	case sqlstate.Lost:
		return lost
	case sqlstate.Undone, sqlstate.Unserved, sqlstate.Ended:
		return again
	case sqlstate.Taken:
		return refused
	}
	switch {
	case refusal.Code == "26000", refusal.Code == "0A000" && strings.Contains(refusal.Message, "cached plan"):
		return again // pgx prepares the statement anew
	case refusal.Code == "23502" && (refusal.ColumnName == "used" || refusal.ColumnName == ""), refusal.Code == "22P02" && strings.Contains(refusal.Message, mark):
		return refused
	}
	return failed
}

// foreign reports that a value or key is refused by a constraint that is not of this
// package's tables, such as one that a trigger of the host's met. Constraints, and
// partitions, may have any name that begins with loyalty_: databases that spread a table
// put numbers behind.
func foreign(err error) bool {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || refusal.TableName == "" && refusal.ConstraintName == "" {
		return false
	}
	return !strings.HasPrefix(refusal.TableName, "loyalty_") && !strings.HasPrefix(refusal.ConstraintName, "loyalty_")
}

// neverSent reports an error before anything reached the server. pgx says so of a
// connection that it finds closed, too, even where all was sent and the answers
// were being read.
func neverSent(err error) bool {
	return errors.As(err, new(*unsent)) || pgconn.SafeToRetry(err) && !strings.Contains(err.Error(), "conn closed")
}

// expected reports an error that says nothing against the statements.
func expected(err error) bool {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (judge(err) == refused || meaning(err) == sqlstate.Undone && strings.HasPrefix(refusal.Code, "40"))
}

// fatal reports an error after which the connection is gone.
func fatal(err error) bool {
	_, ok := errors.AsType[*pgconn.PgError](err)
	return !ok || cutOff(err)
}

// cutOff reports that the server ended the connection.
func cutOff(err error) bool {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (refusal.Severity == "FATAL" || refusal.Severity == "PANIC")
}

// readOnly reports a server that takes no writes.
func readOnly(err error) bool {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refusal.Code == sqlstate.ReadOnly
}
