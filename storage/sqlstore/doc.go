// Package sqlstore keeps a loyalty program in a SQL database, through
// database/sql and any driver: it imports none.
//
// [New] makes a store in a database of the host, [Bind] one inside a transaction
// of the host, and [Migrate] makes the tables. For an embedded database in a file
// take package sqlite, which opens it right; for PostgreSQL with pgx take package
// postgres, which works on the same tables with fewer trips.
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
//	schema      version                             migrations that ran
//
// Every key of rows under a member begins with program and member, and claims and
// counters have keys of their own, so that a database can be spread by either, and
// there are no triggers, sequences, foreign keys or stored code. Texts are compared
// byte by byte, whatever the collation of the database.
//
// On MySQL and in SQLite the key of events begins with program, acked and bucket, which
// saves an index. A SQLite file is never spread, so its migrations differ in two things
// more: indexes leave out rows that no query looks for there (lots used up, records and
// accounts that are never due, records without reference, status and sort); and tables
// with large documents are in order of arrival.
//
// The tables belong to whoever runs [Migrate], or a migration tool with the files of
// [Migrations]. The engine needs less: [Grants] returns what its role may do, which
// is not to delete or change an entry, nor an operation's hash.
//
// # Commits
//
// In a file one Commit is one transaction, whatever the number of its batches. They
// are written without a look first; if a row stands in the way of one, everything is
// rolled back and each batch is looked at and then written or passed over.
//
// On a server one transaction takes up to 2,000 rows and 4 MiB of batches. It writes
// accounts in order of their key, each on condition of its version, then the rows
// under them, claims and counters, many rows a statement. If one is refused, all of
// it is rolled back and its batches are committed one by one. A transaction that the
// server undoes because of others, or loses before COMMIT, is run again a few times;
// one that is lost during COMMIT ends as storage.Unknown. Constraints and partitions may
// have other names, which had best begin with loyalty_: a key that is taken in another
// constraint, as by a trigger of the host's, is the database's own error.
//
// On PostgreSQL batches that change no counter, release no claim and scrub nothing, as
// nearly all, are one statement without a transaction around it: one trip in place of
// nine. Where accounts are at other versions it fails, which the server's log shows as
// "loyaltykit: accounts at the expected version: …". Databases that spread tables over
// machines have such a statement planned in several places: set [Options.Spread] there.
//
// # Servers
//
// Every isolation level will do for commits. READ COMMITTED is the cheapest and, on
// MySQL, the one with the fewest deadlocks. A load is a single statement, or two:
// where a debit takes more than a few lots, and on MySQL where a record names lots,
// the second asks again. What is due, more than 64 keys of a sort, and listings of one
// account are read in transactions of their own with REPEATABLE READ. Neither the
// time zone nor the sql_mode or character set of a connection matters, and no state
// is left on one: a pooler may stand in between. Drivers send less with
//
//	PostgreSQL  pgx: nothing to set; with PgBouncer default_query_exec_mode=cache_describe
//	MySQL       interpolateParams=true, where the host's own rules allow it
//
// A connection whose server refuses a write because it only reads, as one that was
// demoted does, is closed after the call, and the write tried on another: where the
// address leads to the server that took over, the store goes on by itself, however many
// connections the pool had. Reads are not
// refused there, and would be of before: set sql.DB.SetConnMaxLifetime to a minute or
// less, or have the driver look (target_session_attrs=read-write with pgx,
// rejectReadOnly=true with MySQL).
//
// On Galera set wsrep_sync_wait=1 where nodes are read and written in turn, or an
// account may seem older than it is.
package sqlstore
