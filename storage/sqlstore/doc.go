// Package sqlstore keeps a loyalty program in a SQL database, through
// database/sql and any driver: it imports none.
//
// [New] makes a store in a database of the host, [Bind] one inside a transaction
// of the host, and [Migrate] makes the tables. For an embedded database in a file
// take package sqlite, which opens it right.
//
// # Tables
//
// All begin with loyalty_. Instants are whole microseconds since 1970, and
// points.Never is 253402300799999999; absent texts are empty, absent documents
// NULL. Nothing is stored as a floating-point number.
//
//	accounts    program, member                     head of a member's data: version, status, due and retry times,
//	                                                balances, standing and day counts as JSON
//	operations  program, member, version            what made a version: command, receipt, hash;
//	            unique program, member, idem_key    never deleted
//	entries     program, member, version, ordinal   the ledger; never changed
//	lots        program, member, lot                open = 1 while points remain or are held
//	records     program, member, kind, id           documents of features; lots as numbers with commas
//	events      program, member, version, ordinal   outbox; acked = 1 once delivered, bucket by member
//	claims      program, space, claim_key           holder of what is unique across members
//	counters    program, counter_key, shard         how much of something shared is used
//	revisions   program, number                     texts of the program
//	schema      version                             migrations that [Migrate] ran
//
// Every key of rows under a member begins with program and member, so that a
// database can be spread by either, and there are no triggers, sequences or
// foreign keys. A SQLite file is never spread, so its migrations differ in three
// things: indexes leave out rows that no query looks for there (lots used up,
// records and accounts that are never due, records without reference, status and
// sort); the key of events begins with program, acked and bucket, which saves an
// index; and tables with large documents are in order of arrival.
//
// # Commits
//
// One Commit is one transaction, whatever the number of its batches. They are
// written without a look first; if a row stands in the way of one, everything is
// rolled back and each batch is looked at and then written or passed over.
package sqlstore
