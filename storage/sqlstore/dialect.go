package sqlstore

import (
	"fmt"
	"strconv"
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
	default:
		return "dialect(" + strconv.Itoa(int(d)) + ")"
	}
}

// grammar is what sets a dialect apart, as data.
type grammar struct {
	name string
	// server is set where others write at the same time and every statement is a
	// trip; without it the database is a file.
	server bool
	// beginWrite starts a transaction that nothing can make fail later because of
	// others: what it has read stays true until it ends. beginRead starts one that
	// sees one state of the database. Servers leave both to database/sql.
	beginWrite, beginRead, commit, rollback string
	// savepoint, release and undo do the same inside a host's transaction.
	savepoint, release, undo string
	// statements holds the text of every statement of one row, rowsets those of
	// many rows, lookups those that change rows by many keys and unions those that
	// load, for servers.
	statements [statementCount]compiled
	rowsets    [rowsetCount]rowset
	lookups    [lookupCount]lookup
	unions     *unions
	// singles holds the statements that store batches by themselves; nil where a
	// statement writes one table.
	singles *byShape[singleShape]
	// blocks holds blocks of statements, which some servers of the dialect take.
	blocks *byShape[blockShape]
	// namesLots is set where a union can bring the lots that a record names.
	namesLots bool
	// compile puts a statement's marks into the form of the dialect.
	compile func(text string) compiled
	// prepares is set where statements are prepared by this package; elsewhere
	// the driver decides.
	prepares bool
	// insertsAfterRaise is set where a counter that does not exist yet takes a
	// statement of its own.
	insertsAfterRaise bool
	// widest is how many bytes a text may have by the width of its column; nil
	// where columns have none.
	widest *widths
	// fails tells what an error of the database means, and commitFails what one
	// of COMMIT does.
	fails       func(error) failure
	commitFails func(error) failure
}

func (d Dialect) grammar() (*grammar, error) {
	switch d {
	case SQLite:
		return sqliteGrammar(), nil
	case PostgreSQL:
		return postgresGrammar(), nil
	case MySQL:
		return mysqlGrammar(), nil
	default:
		return nil, fmt.Errorf("sqlstore: unknown %s: use SQLite, PostgreSQL or MySQL", d)
	}
}

// limits is how much one commit takes.
func (g *grammar) limits() (rows, bytes int) {
	if g.server {
		return serverRows, serverBytes
	}
	return fileRows, fileBytes
}

// The limits of one commit. One transaction of a file pays for the disk once, so
// large commits are worth their while, and SQLite holds what it changes in memory
// until then. Servers that replicate or spread what is written ask for small ones.
const (
	fileRows    = 5000
	fileBytes   = 8 << 20
	serverRows  = 2000
	serverBytes = 4 << 20
)
