package sqlstore

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Dialect names the database that a store speaks to.
type Dialect uint8

// The dialects.
const (
	// SQLite is SQLite 3.38 or later.
	SQLite Dialect = 1
	// PostgreSQL is PostgreSQL 13 or later, and what speaks its language.
	PostgreSQL Dialect = 2
	// MySQL is MySQL 8.0, MariaDB 10.6, TiDB or later.
	MySQL Dialect = 3
)

// String returns the dialect's name in lower case, such as "sqlite". Migrations
// of the dialect are in a folder of that name.
func (d Dialect) String() string {
	switch d {
	case SQLite:
		return "sqlite"
	case PostgreSQL:
		return "postgres"
	case MySQL:
		return "mysql"
	}
	return "dialect(" + strconv.Itoa(int(d)) + ")"
}

// grammar is what sets a dialect apart, as data.
type grammar struct {
	name string
	// beginWrite starts a transaction that nothing can make fail later because of
	// others: what it has read stays true until it ends. beginRead starts one that
	// sees one state of the database.
	beginWrite, beginRead, commit, rollback string
	// savepoint, release and undo do the same inside a host's transaction.
	savepoint, release, undo string
	// statements holds the text of every statement.
	statements [statementCount]string
	// doomed reports an error after which the host must run its whole transaction
	// again.
	doomed func(error) bool
}

func (d Dialect) grammar() (*grammar, error) {
	if d != SQLite {
		return nil, fmt.Errorf("sqlstore: unknown %s: use SQLite", d)
	}
	return &grammar{
		name:       "sqlite",
		beginWrite: "BEGIN IMMEDIATE",
		beginRead:  "BEGIN",
		commit:     "COMMIT",
		rollback:   "ROLLBACK",
		savepoint:  "SAVEPOINT loyaltykit",
		release:    "RELEASE loyaltykit",
		undo:       "ROLLBACK TO loyaltykit",
		statements: statements(),
		doomed:     sqliteBusy,
	}, nil
}

// sqliteBusy reports that another connection has the lock, or has written since
// this transaction first read: primary result codes SQLITE_BUSY and
// SQLITE_LOCKED. Drivers tell the code by a method or in the text.
func sqliteBusy(err error) bool {
	if coded, ok := errors.AsType[interface {
		error
		Code() int
	}](err); ok {
		code := coded.Code() & 0xff
		return code == 5 || code == 6
	}
	text := err.Error()
	return strings.Contains(text, "database is locked") || strings.Contains(text, "database table is locked")
}
