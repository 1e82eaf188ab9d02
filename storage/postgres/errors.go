package postgres

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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

// Codes of errors after which the same may work: serialization failures and
// deadlocks of PostgreSQL and its relatives, locks that were not got in time, servers
// that start, stop, or only read.
var againCodes = map[string]bool{
	"40001": true, "40P01": true, "55P03": true, "25006": true,
	"57P01": true, "57P02": true, "57P03": true, "53300": true, "OC000": true, "OC001": true,
}

// Codes of errors by which a server takes turns between transactions that meet: nothing is
// wrong with it, and one of them is through.
var turnCodes = map[string]bool{"40001": true, "40P01": true, "55P03": true, "OC000": true, "OC001": true}

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
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && turnCodes[refusal.Code] {
		return try < persistence
	}
	return try < patience && (judge(err) == again || judge(err) == lost)
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
	case refusal.Code == "40003" || strings.HasPrefix(refusal.Code, "08"):
		return lost
	case againCodes[refusal.Code]:
		return again
	case refusal.Code == "26000", refusal.Code == "0A000" && strings.Contains(refusal.Message, "cached plan"):
		return again // pgx prepares the statement anew
	case refusal.Code == "23505" || refusal.Code == "23502":
		return refused
	case refusal.Code == "22P02" && strings.Contains(refusal.Message, mark):
		return refused
	}
	return failed
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
	return ok && (judge(err) == refused || refusal.Code == "40001" || refusal.Code == "40P01")
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
	return ok && refusal.Code == "25006"
}
