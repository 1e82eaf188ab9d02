package sqlstore

import "strings"

// statement numbers a statement of the store: each is prepared once on a
// connection.
type statement int

const (
	// The first ones insert a row, and can insert many; see session.put.
	addOperation statement = iota
	addAccount
	addEntry
	addEvent
	addClaim

	// many, added to one of them, is the same for a chunk of rows.
	many
)

// The others.
const (
	findAccounts = 2*many + iota
	findOperations
	findRecords
	findClaims
	getAccount
	getAccountAndKey
	getVersion
	getOperation
	hasKey
	getRecord
	getLot
	getDebit
	getOpenLots
	getDueLots
	getPendingLots
	getDueRecords
	getClaim
	getCounter

	setAccount
	setAccountAndDue
	putLot
	putRecord
	dropClaim
	addCounter
	raiseCounter
	lowerCounter
	scrubOperation
	scrubRecord
	scrubEvent

	listAccounts
	listDueAccounts
	listLots
	listOpenLots
	listEntries
	listOperations
	listRecords
	listRecordsOfKind
	listUnlisted
	listListed
	listOfReference
	listOfStatus
	listEvents

	ackEvent
	pruneEvents
	hasPrunableEvent
	findPrunableEvents
	findPrunable
	pruneBody
	pruneKey
	getRevision
	listRevisions
	addRevision
	sumEntries

	statementCount
)

const (
	accountColumns = "kind, version, status, due_at, retry_at, enrolled_at, recorded_at, " +
		"balances, standing, days, hash, data"
	operationColumns = "version, idem_key, type, reason, actor, reference, library, format, " +
		"occurred_at, recorded_at, fingerprint, salt, digests, hash, command, receipt"
	entryColumns = "version, ordinal, unit, kind, from_bucket, to_bucket, amount, lot, into_lot, rule, " +
		"revision, reference, corrects_version, corrects_ordinal, occurred_at, recorded_at"
	lotColumns = "lot, unit, state, original, remaining, held, earned_at, available_from, expires_at, " +
		"source, origin, qualifies, merged_into, merged"
	recordColumns = "kind, id, status, reference, sort, due_at, lots, data"

	ofAccount = " WHERE program = ? AND member = ?"
	// consumption is the order in which lots are taken, spendable what a debit takes.
	consumption = " ORDER BY expires_at, earned_at, lot LIMIT ?"
	spendable   = " AND open = 1 AND expires_at > ? AND unit = ? AND state = 2 AND remaining > 0"
	// hasPoints tells an open lot from one that is only pending, on servers.
	hasPoints = " AND (remaining > 0 OR held > 0)"
	// never is points.Never in microseconds: what is due then is never due.
	never = "253402300799999999"
)

// statements returns the text of every statement as SQLite has it, nearly all in
// the common part of the grammars: rows under an account are found by (program,
// member), and ON CONFLICT names the whole key. See serverStatements for the rest.
func statements() [statementCount]string {
	var s [statementCount]string
	snapshotStatements(&s)
	commitStatements(&s)
	listingStatements(&s)
	upkeepStatements(&s)
	for id := range many {
		s[id+many] = times(s[id], chunk)
	}
	return s
}

func snapshotStatements(s *[statementCount]string) {
	// Texts by the hundred come as a JSON list.
	const of = ", '' FROM json_each(?2) AS asked CROSS JOIN "
	s[findAccounts] = "SELECT member, " + accountColumns + " FROM loyalty_accounts" +
		" WHERE program = ? AND member IN (SELECT value FROM json_each(?))"
	s[findOperations] = "SELECT member, idem_key" + of + "loyalty_operations WHERE program = ?1" +
		" AND member = asked.value ->> 0 AND idem_key = asked.value ->> 1"
	s[findRecords] = "SELECT member, kind, loyalty_records.id FROM json_each(?2) AS asked CROSS JOIN loyalty_records WHERE program = ?1" +
		" AND member = asked.value ->> 0 AND kind = asked.value ->> 1 AND loyalty_records.id = asked.value ->> 2"
	s[findClaims] = "SELECT space, claim_key" + of + "loyalty_claims WHERE program = ?1" +
		" AND space = asked.value ->> 0 AND claim_key = asked.value ->> 1"
	s[getAccount] = "SELECT " + accountColumns + " FROM loyalty_accounts" + ofAccount
	s[getAccountAndKey] = "SELECT EXISTS (SELECT 1 FROM loyalty_operations" +
		" WHERE program = ?1 AND member = ?2 AND idem_key = ?3), " + accountColumns +
		" FROM loyalty_accounts WHERE program = ?1 AND member = ?2"
	s[getVersion] = "SELECT version FROM loyalty_accounts" + ofAccount
	s[getOperation] = "SELECT " + operationColumns + " FROM loyalty_operations" + ofAccount + " AND idem_key = ?"
	s[hasKey] = "SELECT version FROM loyalty_operations" + ofAccount + " AND idem_key = ?"
	s[getRecord] = "SELECT " + recordColumns + " FROM loyalty_records" + ofAccount + " AND kind = ? AND id = ?"
	s[getLot] = "SELECT " + lotColumns + " FROM loyalty_lots" + ofAccount + " AND lot = ?"
	s[getDebit] = "SELECT " + lotColumns + " FROM loyalty_lots" + ofAccount + spendable + consumption
	s[getOpenLots] = "SELECT " + lotColumns + " FROM loyalty_lots" + ofAccount + " AND open = 1" + consumption
	s[getDueLots] = "SELECT " + lotColumns + " FROM loyalty_lots" + ofAccount +
		" AND open = 1 AND expires_at > ? AND expires_at < " + never + " AND state = 2 AND remaining > 0" + consumption
	s[getPendingLots] = "SELECT " + lotColumns + " FROM loyalty_lots" + ofAccount +
		" AND state = 1 AND available_from > ? AND available_from < " + never + " ORDER BY available_from, lot LIMIT ?"
	s[getDueRecords] = "SELECT " + recordColumns + " FROM loyalty_records" + ofAccount +
		" AND due_at > ? AND due_at < " + never + " ORDER BY due_at, kind, id LIMIT ?"
	s[getClaim] = "SELECT holder FROM loyalty_claims WHERE program = ? AND space = ? AND claim_key = ?"
	s[getCounter] = "SELECT used FROM loyalty_counters WHERE program = ? AND counter_key = ? AND shard = ?"
}

func commitStatements(s *[statementCount]string) {
	const accountChange = "version = ?, status = ?, kind = ?, retry_at = ?, enrolled_at = ?, recorded_at = ?, " +
		"balances = ?, standing = ?, days = ?, hash = ?, data = ?"
	s[addOperation] = insert("loyalty_operations", "program, member, "+operationColumns) + " ON CONFLICT DO NOTHING"
	s[addAccount] = insert("loyalty_accounts", "program, member, "+accountColumns) + " ON CONFLICT (program, member) DO NOTHING"
	s[setAccount] = "UPDATE loyalty_accounts SET " + accountChange + ofAccount + " AND version = ? AND due_at = ?"
	s[setAccountAndDue] = "UPDATE loyalty_accounts SET " + accountChange + ", due_at = ?" + ofAccount + " AND version = ?"
	s[addEntry] = insert("loyalty_entries", "program, member, "+entryColumns)
	s[putLot] = upsert("loyalty_lots", "program, member, lot", strings.TrimPrefix(lotColumns, "lot, ")+", open")
	s[putRecord] = upsert("loyalty_records", "program, member, kind, id", strings.TrimPrefix(recordColumns, "kind, id, ")+", listed")
	s[addEvent] = insert("loyalty_events", "program, member, version, ordinal, bucket, acked, type, recorded_at, data")
	s[addClaim] = insert("loyalty_claims", "program, space, claim_key, holder") + " ON CONFLICT (program, space, claim_key) DO NOTHING"
	s[dropClaim] = "DELETE FROM loyalty_claims WHERE program = ? AND space = ? AND claim_key = ? AND holder = ?"
	s[raiseCounter] = insert("loyalty_counters", "program, counter_key, shard, used") +
		" ON CONFLICT (program, counter_key, shard) DO UPDATE SET used = loyalty_counters.used + excluded.used" +
		" WHERE loyalty_counters.used <= ?"
	s[lowerCounter] = "UPDATE loyalty_counters SET used = used - ?" +
		" WHERE program = ? AND counter_key = ? AND shard = ? AND used >= ?"
	s[scrubOperation] = "UPDATE loyalty_operations SET idem_key = ?, command = NULL, receipt = NULL, salt = NULL," +
		" reason = '', actor = '', reference = ''" + ofAccount + " AND version = ?"
	s[scrubRecord] = "UPDATE loyalty_records SET data = NULL" + ofAccount + " AND kind = ? AND id = ?"
	s[scrubEvent] = "UPDATE loyalty_events SET data = NULL" +
		" WHERE program = ? AND acked IN (0, 1) AND bucket = ? AND member = ? AND version = ? AND ordinal = ?"
}

func listingStatements(s *[statementCount]string) {
	const ofKind = " FROM loyalty_records WHERE program = ? AND kind = ?"
	s[listAccounts] = "SELECT member, " + accountColumns + " FROM loyalty_accounts" +
		" WHERE program = ? AND member > ? ORDER BY member LIMIT ?"
	s[listDueAccounts] = "SELECT member, " + accountColumns + " FROM loyalty_accounts" +
		" WHERE program = ? AND due_at < " + never + " AND due_at <= ? AND (due_at, member) > (?, ?)" +
		" AND (retry_at IS NULL OR retry_at <= ?) ORDER BY due_at, member LIMIT ?"
	s[listLots] = "SELECT " + lotColumns + " FROM loyalty_lots" + ofAccount + " AND lot > ? ORDER BY lot LIMIT ?"
	s[listOpenLots] = "SELECT " + lotColumns + " FROM loyalty_lots" + ofAccount +
		" AND open = 1 AND (expires_at, earned_at, lot) > (?, ?, ?) ORDER BY expires_at, earned_at, lot LIMIT ?"
	s[listEntries] = "SELECT " + entryColumns + " FROM loyalty_entries" + ofAccount +
		" AND (version, ordinal) > (?, ?) ORDER BY version, ordinal LIMIT ?"
	s[listOperations] = "SELECT " + operationColumns + " FROM loyalty_operations" + ofAccount +
		" AND version > ? ORDER BY version LIMIT ?"
	s[listRecords] = "SELECT " + recordColumns + " FROM loyalty_records" + ofAccount +
		" AND (kind, id) > (?, ?) ORDER BY kind, id LIMIT ?"
	s[listRecordsOfKind] = "SELECT " + recordColumns + " FROM loyalty_records" + ofAccount +
		" AND kind = ? AND id > ? ORDER BY id LIMIT ?"
	s[listUnlisted] = "SELECT member, " + recordColumns + ofKind +
		" AND listed = 0 AND (member, id) > (?, ?) ORDER BY member, id LIMIT ?"
	s[listListed] = "SELECT member, " + recordColumns + ofKind +
		" AND listed = 1 AND (reference, status, sort, member, id) > (?, ?, ?, ?, ?)" +
		" ORDER BY reference, status, sort, member, id LIMIT ?"
	s[listOfReference] = "SELECT member, " + recordColumns + ofKind +
		" AND listed = 1 AND reference = ? AND (status, sort, member, id) > (?, ?, ?, ?)" +
		" ORDER BY status, sort, member, id LIMIT ?"
	s[listOfStatus] = "SELECT member, " + recordColumns + ofKind +
		" AND listed = 1 AND reference = ? AND status = ? AND (sort, member, id) > (?, ?, ?)" +
		" ORDER BY sort, member, id LIMIT ?"
	s[listEvents] = "SELECT member, version, ordinal, type, recorded_at, data FROM loyalty_events" +
		" WHERE program = ? AND acked = 0 AND bucket = ? AND (member, version, ordinal) > (?, ?, ?)" +
		" ORDER BY member, version, ordinal LIMIT ?"
}

func upkeepStatements(s *[statementCount]string) {
	s[ackEvent] = "UPDATE loyalty_events SET acked = 1" +
		" WHERE program = ? AND acked = 0 AND bucket = ? AND member = ? AND version = ? AND ordinal = ?"
	s[pruneEvents] = "DELETE FROM loyalty_events WHERE rowid IN (SELECT rowid FROM loyalty_events" +
		" WHERE program = ? AND acked = 1 AND recorded_at < ? LIMIT ?)"
	s[hasPrunableEvent] = "SELECT 1 FROM loyalty_events WHERE program = ? AND acked = 1 AND recorded_at < ? LIMIT 1"
	s[findPrunable] = "SELECT member, version, recorded_at, idem_key, command IS NOT NULL OR receipt IS NOT NULL" +
		" FROM loyalty_operations WHERE program = ? AND (member, version) > (?, ?) ORDER BY member, version LIMIT ?"
	s[pruneBody] = "UPDATE loyalty_operations SET command = NULL, receipt = NULL" + ofAccount + " AND version = ?"
	s[pruneKey] = "UPDATE loyalty_operations SET idem_key = ?" + ofAccount + " AND version = ?"
	s[getRevision] = "SELECT text FROM loyalty_revisions WHERE program = ? AND number = ?"
	s[listRevisions] = "SELECT number, effective_at, digest, text FROM loyalty_revisions WHERE program = ? ORDER BY number"
	s[addRevision] = insert("loyalty_revisions", "program, number, effective_at, digest, text") +
		" ON CONFLICT (program, number) DO NOTHING"
	s[sumEntries] = "SELECT unit, kind, from_bucket, to_bucket, SUM(amount >> 32), SUM(amount & 4294967295), COUNT(*)" +
		" FROM loyalty_entries WHERE program = ? GROUP BY unit, kind, from_bucket, to_bucket"
}

func insert(table, columns string) string {
	marks := strings.Repeat("?, ", strings.Count(columns, ",")) + "?"
	return "INSERT INTO " + table + " (" + columns + ") VALUES (" + marks + ")"
}

func upsert(table, key, columns string) string {
	var set []string
	for column := range strings.SplitSeq(columns, ", ") {
		set = append(set, column+" = excluded."+column)
	}
	return insert(table, key+", "+columns) + " ON CONFLICT (" + key + ") DO UPDATE SET " + strings.Join(set, ", ")
}
