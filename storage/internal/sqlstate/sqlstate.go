// Package sqlstate says what the codes of PostgreSQL's errors, and of those who speak its
// language, mean for a transaction. Adapters decide by it what to try again.
package sqlstate

import (
	"fmt"
	"strings"
)

// Meaning is what an error means for the transaction in which it comes.
type Meaning uint8

// The meanings.
const (
	// Final errors come again however often one tries.
	Final Meaning = iota
	// Taken says that there is a row with one of the keys.
	Taken
	// Undone says that the server has undone the transaction because of others. Nothing
	// is wrong with the server, and one of those who met is through.
	Undone
	// Unserved says that the server takes nobody in, or no writes, for now: it starts,
	// has no connection left, or only reads. Nothing was stored.
	Unserved
	// Ended says that the server has ended the connection. It has undone what was not
	// about to commit.
	Ended
	// Lost says that it is not known how far the server came.
	Lost
)

// ReadOnly is the code by which a server refuses writes, as a replica does.
const ReadOnly = "25006"

// NoTable is the code of a statement about a table that is missing.
const NoTable = "42P01"

// Unmigrated says what to do where the error is that a table of the ledger is missing.
func Unmigrated(err error) error {
	return fmt.Errorf("the tables of the ledger are not there, or not in this schema: call Migrate first: %w", err)
}

var meanings = map[string]Meaning{
	"23505": Taken,

	"40001": Undone, // serialization failure
	"40P01": Undone, // deadlock
	"55P03": Undone, // a lock was not got in time
	"OC000": Undone, // Aurora DSQL: conflict of rows
	"OC001": Undone, // Aurora DSQL: the schema has changed

	ReadOnly: Unserved,
	"53300":  Unserved, // too many connections
	"57P03":  Unserved, // starting, or shutting down

	"57P01": Ended, // by an administrator, or as the server stops
	"57P02": Ended, // another of the server's processes has crashed
	"57P05": Ended, // idle for too long

	"40003": Lost, // statement completion unknown
}

// Of returns what a code of five letters means; those that are not known are Final.
func Of(code string) Meaning {
	if strings.HasPrefix(code, "08") { // of connections
		return Lost
	}
	return meanings[code]
}
