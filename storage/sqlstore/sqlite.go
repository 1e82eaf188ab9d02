package sqlstore

import (
	"errors"
	"strings"
	"sync"
)

var sqliteGrammar = sync.OnceValue(func() *grammar {
	g := &grammar{
		name:       "sqlite",
		beginWrite: "BEGIN IMMEDIATE",
		beginRead:  "BEGIN",
		commit:     "COMMIT",
		rollback:   "ROLLBACK",
		savepoint:  "SAVEPOINT " + savepoint,
		release:    "RELEASE " + savepoint,
		undo:       "ROLLBACK TO " + savepoint,
		compile:    func(text string) compiled { return compiled{text: text} },
		fails:      sqliteFailure,
	}
	for id, text := range statements() {
		g.statements[id] = g.compile(text)
	}
	return g
})

// sqliteFailure tells that another connection has the lock, or has written since
// this transaction first read: primary result codes SQLITE_BUSY and
// SQLITE_LOCKED. Drivers tell the code by a method or in the text.
func sqliteFailure(err error) failure {
	if coded, ok := errors.AsType[interface {
		error
		Code() int
	}](err); ok {
		if code := coded.Code() & 0xff; code == 5 || code == 6 {
			return again
		}
		return final
	}
	text := err.Error()
	if strings.Contains(text, "database is locked") || strings.Contains(text, "database table is locked") {
		return again
	}
	return final
}
