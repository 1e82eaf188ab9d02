package sqlstore

import (
	"strings"
	"sync"
)

var postgresGrammar = sync.OnceValue(func() *grammar {
	g := &grammar{
		name:        "postgres",
		server:      true,
		savepoint:   "SAVEPOINT " + savepoint,
		release:     "RELEASE SAVEPOINT " + savepoint,
		undo:        "ROLLBACK TO SAVEPOINT " + savepoint,
		compile:     dollars,
		fails:       postgresFailure,
		commitFails: postgresCommitFailure,
		lookups:     lookups(),
		unions:      &unions{nulls: [3]string{"CAST(NULL AS bigint)", "CAST(NULL AS text)", "CAST(NULL AS bytea)"}},
		namesLots:   true,
		singles:     &byShape[singleShape]{write: spell},
		rowsets: rowsets(func(key, columns string) string {
			return " ON CONFLICT (" + key + ") DO UPDATE SET " + eachColumn(columns, func(c string) string { return c + " = excluded." + c })
		}),
	}
	values := newRowset("loyalty_accounts", accountRow+", expected")
	changed := without(accountRow, "program, member")
	values.head = "UPDATE loyalty_accounts AS a SET " + eachColumn(changed, func(c string) string { return c + " = v." + c }) +
		" FROM (VALUES "
	values.tail = ") AS v (" + values.columns + ")" +
		" WHERE a.program = v.program AND a.member = v.member AND a.version = v.expected"
	values.casts = strings.Split("text, text, smallint, bigint, smallint, bigint, bigint, bigint, bigint, "+
		"text, text, text, bytea, bytea, bigint", ", ")
	g.rowsets[setAccounts] = values
	g.compileAll(serverStatements())
	return g
})

var mysqlGrammar = sync.OnceValue(func() *grammar {
	g := &grammar{
		name:              "mysql",
		server:            true,
		savepoint:         "SAVEPOINT " + savepoint,
		release:           "RELEASE SAVEPOINT " + savepoint,
		undo:              "ROLLBACK TO SAVEPOINT " + savepoint,
		compile:           plainMarks,
		prepares:          true,
		insertsAfterRaise: true,
		blocks:            &byShape[blockShape]{write: blockOf},
		widest:            &widths{program: 64, name: 255, id: 320},
		fails:             mysqlFailure,
		commitFails:       mysqlCommitFailure,
		lookups:           lookups(),
		unions:            &unions{nulls: [3]string{"NULL", "NULL", "NULL"}},
		rowsets: rowsets(func(_, columns string) string {
			return " ON DUPLICATE KEY UPDATE " + eachColumn(columns, func(c string) string { return c + " = VALUES(" + c + ")" })
		}),
	}
	// An account is replaced only at the version before. Assignments see those to
	// their left, so that the version comes last.
	replaced := insertion("loyalty_accounts", accountRow)
	replaced.tail = " ON DUPLICATE KEY UPDATE " +
		eachColumn(without(accountRow, "program, member, version")+", version", func(c string) string {
			return c + " = IF(version = VALUES(version) - 1, VALUES(" + c + "), " + c + ")"
		})
	g.rowsets[setAccounts] = replaced
	texts := serverStatements()
	texts[addRevision] = insert("loyalty_revisions", "program, number, effective_at, digest, text")
	texts[raiseCounter] = "UPDATE loyalty_counters SET used = used + ?4" +
		" WHERE program = ?1 AND counter_key = ?2 AND shard = ?3 AND used <= ?5"
	texts[sumEntries] = "SELECT unit, kind, from_bucket, to_bucket, SUM(amount DIV 4294967296), SUM(amount MOD 4294967296), COUNT(*)" +
		" FROM loyalty_entries WHERE program = ? GROUP BY unit, kind, from_bucket, to_bucket"
	g.compileAll(texts)
	return g
})

func eachColumn(columns string, of func(column string) string) string {
	var parts []string
	for column := range strings.SplitSeq(columns, ", ") {
		parts = append(parts, of(column))
	}
	return strings.Join(parts, ", ")
}

// compileAll sets the statements of one row. Texts that are empty belong to
// SQLite alone.
func (g *grammar) compileAll(texts [statementCount]string) {
	for id, text := range texts {
		g.statements[id] = g.compile(text)
	}
}

// serverStatements returns the statements in the common grammar of servers. Their
// indexes hold all rows: there are no columns that say which to leave out.
func serverStatements() [statementCount]string {
	s := statements()
	for id := range many {
		s[id], s[id+many] = "", ""
	}
	for _, id := range []statement{
		findAccounts, findOperations, findRecords, findClaims, getAccount, getAccountAndKey, getOperation, getRecord, getLot, getDebit, getOpenLots,
		setAccountAndDue, putLot, putRecord, ackEvent, pruneEvents, hasPrunableEvent, listUnlisted,
	} {
		s[id] = ""
	}
	for _, id := range []statement{listListed, listOfReference, listOfStatus} {
		s[id] = strings.Replace(s[id], " AND listed = 1", "", 1)
	}
	// A lot is in the index of open ones as long as it is pending, too.
	s[listOpenLots] = strings.Replace(s[listOpenLots], " AND open = 1", " AND open = 1"+hasPoints, 1)
	s[getPendingLots] = strings.Replace(s[getPendingLots], " AND state = 1", " AND open = 1 AND state = 1", 1)
	s[setAccount] = "UPDATE loyalty_accounts SET " +
		eachColumn(accountColumns, func(c string) string { return c + " = ?" }) + ofAccount + " AND version = ?"
	s[addRevision] = insert("loyalty_revisions", "program, number, effective_at, digest, text")
	s[addCounter] = insert("loyalty_counters", "program, counter_key, shard, used")
	s[findPrunableEvents] = "SELECT bucket, member, version, ordinal, recorded_at FROM loyalty_events" +
		" WHERE program = ? AND acked = 1 AND (bucket, member, version, ordinal) > (?, ?, ?, ?)" +
		" ORDER BY bucket, member, version, ordinal LIMIT ?"
	return s
}
