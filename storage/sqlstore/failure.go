package sqlstore

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"regexp"
	"strings"
	"syscall"
	"unicode"

	"github.com/loyaltykit/loyaltykit/storage/internal/sqlstate"
)

// failure is what an error means for a transaction.
type failure uint8

const (
	// final errors come again however often one tries.
	final failure = iota
	// taken says that a row with one of the keys exists.
	taken
	// again says that the database has undone the transaction because of others.
	again
	// lost says that the connection is gone, or was not to be had, and the transaction
	// with it unless it was committing.
	lost
)

// sqlState returns the code of an error of PostgreSQL, "" if it has none. Drivers
// agree on the method.
func sqlState(err error) string {
	if coded, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err); ok {
		return coded.SQLState()
	}
	return ""
}

// unmigrated says what to do where an error is that a table is missing.
func unmigrated(err error) error {
	if sqlState(err) == sqlstate.NoTable || mysqlCode(err) == "1146" || strings.Contains(err.Error(), "no such table: loyalty_") {
		return sqlstate.Unmigrated(err)
	}
	return err
}

func postgresFailure(err error) failure {
	code := sqlState(err)
	if code == "" {
		return withoutCode(err)
	}
	switch sqlstate.Of(code) {
	case sqlstate.Taken:
		return taken
	case sqlstate.Undone:
		return again
	case sqlstate.Unserved, sqlstate.Ended, sqlstate.Lost:
		return lost
	}
	if code == "22P02" && strings.Contains(err.Error(), refusal) {
		return taken
	}
	return final
}

// postgresCommitFailure knows an outcome only where the server has said that it
// undid the transaction: one that is shut down may have committed before.
func postgresCommitFailure(err error) failure {
	code := sqlState(err)
	switch sqlstate.Of(code) {
	case sqlstate.Undone:
		return again
	case sqlstate.Unserved, sqlstate.Ended, sqlstate.Lost:
		return lost
	}
	if strings.HasPrefix(code, "23") || strings.HasPrefix(code, "40") { // a rule was broken
		return final
	}
	return lost
}

// In the text of an error the last name in quotes is that of the constraint, in every
// language and with every driver. Some languages put a space inside their quotes.
var (
	quotedLast = regexp.MustCompile("[\"«»“”„'‘’`][ \u00a0\u202f]*([^\"«»“”„'‘’`]*[^\"«»“”„'‘’` \u00a0\u202f])[ \u00a0\u202f]*[\"«»“”'‘’`][^\"«»“”„'‘’`]*$")
	ownName    = regexp.MustCompile(`^(?:.*\.)?loyalty_|^` + refusal)
)

// foreign reports that a key which is taken is of a constraint that is not of this
// package's tables, such as one that a trigger of the host's met. Constraints, and
// partitions, may have any name that begins with loyalty_: databases that spread a table
// put numbers behind.
//
// MySQL's primary keys have no name of their own, and MariaDB does not say of which table
// they are. All of this package's begin with the program, and what is taken is told by
// its values, with dashes between them. Bytes that are not ASCII are told in digits: a key
// of a program with such a name is taken for this package's.
func foreign(err error, program string) bool {
	text := err.Error()
	name := quotedLast.FindStringSubmatch(text)
	switch {
	case name == nil:
		return false
	case name[1] == "PRIMARY":
		ascii := !strings.ContainsFunc(program, func(r rune) bool { return r > unicode.MaxASCII })
		return ascii && !strings.Contains(text, "'"+program+"-")
	default:
		return !ownName.MatchString(name[1])
	}
}

// mysqlNumber finds the number of an error of MySQL in its text: drivers keep it
// in a field, which only those who import them can read.
var mysqlNumber = regexp.MustCompile(`^Error (\d{4,5})(?: \([0-9A-Z]{5}\))?: `)

// mysqlCode returns the number of an error of MySQL, "" if it has none.
func mysqlCode(err error) string {
	if found := mysqlNumber.FindStringSubmatch(err.Error()); found != nil {
		return found[1]
	}
	switch wrapper := err.(type) { //nolint:errorlint // walks the tree itself
	case interface{ Unwrap() error }:
		if inner := wrapper.Unwrap(); inner != nil {
			return mysqlCode(inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range wrapper.Unwrap() {
			if code := mysqlCode(inner); code != "" {
				return code
			}
		}
	}
	return ""
}

func mysqlFailure(err error) failure {
	switch mysqlCode(err) {
	case "":
		return withoutCode(err)
	case "1062":
		return taken
	case "1644": // raised by a block, or by a trigger of the host's
		if strings.Contains(err.Error(), refusal) {
			return taken
		}
		return final
	case "1213", "1205", "1020", "3572", // deadlock, lock wait, changed since read, lock not free
		"8002", "8005", "8022", "8028", "9007": // TiDB: conflicts, and a schema that changed
		return again
	case "1040", "1203", // no connection left
		"1047", "1053", "1152", "1158", "1159", "1160", "1161", "1184", "1290", "1317", "1836", "1927",
		"9001", "9002", "9003", "9005", "8501":
		return lost
	default:
		return final
	}
}

// unserved reports a server that takes nobody in, or no writes, for now: what came
// before stays as it was.
func unserved(err error) bool {
	switch mysqlCode(err) {
	case "1040", "1203":
		return true
	}
	return readOnly(err) || sqlstate.Of(sqlState(err)) == sqlstate.Unserved
}

// readOnly reports a server that takes no writes, as a replica does.
func readOnly(err error) bool {
	switch mysqlCode(err) {
	case "1290", "1836":
		return true
	}
	return sqlState(err) == sqlstate.ReadOnly
}

// mysqlCommitFailure knows an outcome only where the server has said that it undid
// the transaction.
func mysqlCommitFailure(err error) failure {
	if f := mysqlFailure(err); f == again {
		return again
	}
	return lost
}

// withoutCode tells whether an error that is not of the server's making says that
// the connection is gone.
func withoutCode(err error) failure {
	for _, gone := range []error{
		driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
		syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.EPIPE,
	} {
		if errors.Is(err, gone) {
			return lost
		}
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return lost
	}
	text := err.Error()
	for _, gone := range []string{"invalid connection", "conn closed", "busy buffer", "failed to connect"} {
		if strings.Contains(text, gone) {
			return lost
		}
	}
	return final
}
