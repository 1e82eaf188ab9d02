// Package postgres keeps a loyalty program in PostgreSQL, through pgx: a commit is
// one round trip, whatever the number of its batches, and so is nearly every load.
//
// [New] makes a store on a pool of the host, [Bind] one inside a transaction of the
// host, and [Migrate] makes the tables. The tables are those of package sqlstore,
// column by column: a host may use both on one database at the same time, such as
// sqlstore inside a transaction of database/sql and this package for everything else.
//
// # Commits
//
// One Commit is one transaction of plain statements between BEGIN and COMMIT, sent
// together. Each account is written by one statement and every other table by one,
// however many rows there are. A statement that does not find what it expects fails,
// and with it the transaction: a key, a version or a claim that exists violates a
// unique constraint; an account at another version, a claim of another holder and a
// counter out of bounds fail by a value that cannot be stored, which the server's log
// shows as "loyaltykit: …" or as a violated NOT NULL. Nothing is ever committed
// after an error. The store then looks why, in a trip of its own, and commits what
// can be stored; after a few tries each batch by itself.
//
// Serialization failures, deadlocks and the like are tried again a few times. They
// end as storage.Conflict when they go on, and a connection that was lost around a
// COMMIT as storage.Unknown: ask for the key.
//
// Constraints and partitions may have other names, which had best begin with loyalty_: a
// key that is taken in another constraint, as by a trigger of the host's, is the server's
// own error.
//
// Accounts are locked in order of program and member, then claims and counters in
// order of key, so that commits do not deadlock.
//
// # Imports
//
// There is no ability of its own for many rows, since a Commit has it: the rows of a table
// travel as one array for each column and are inserted by one statement from unnest,
// however many batches they come from, and Engine.DoAll commits up to 256 commands so. COPY
// is not used. It cannot replace a row, so that lots and records would need tables to copy
// into; it takes part in no pipeline, so that each table would be trips of its own; some of
// PostgreSQL's family have none. By hand and at the same 256 orders it took the server 82 to
// 102 µs an order where these statements take 121 to 157; docs/scaling.md has the trial.
//
// # Loads
//
// A load of one account is one statement, which sees one state of the database; a page of
// lots with records beside it, and loads of several accounts, are a transaction that is
// REPEATABLE READ and READ ONLY, sent together too. What is due is read in a second trip, where the first has seen
// that the account is due. So are all lots of a debit, where the first twelve do not cover it.
//
// # Isolation, pools and modes
//
// The store is right under every default_transaction_isolation; READ COMMITTED is the
// fastest. It prepares nothing by name, sets nothing in the session and locks nothing
// beyond a transaction, so that pgx's own mode decides how statements travel. Behind
// PgBouncer in transaction pooling take default_query_exec_mode=cache_describe or exec.
// In describe_exec a trip becomes two: one asks for the types.
//
// A connection whose server refuses a write because it only reads, as one that was
// demoted does, is closed, and the write tried on another. Reads are not refused there,
// and would be of before: name all servers in the connection string with
// target_session_attrs=read-write, and set MaxConnLifetime to a minute or less.
//
// The engine keeps two calls in flight; each takes a connection. A pool of four is
// enough for any number of callers that share an engine.
//
// # Least privilege
//
// The user of the pool needs no ownership and no DDL. Migrate as another user, then
//
//	GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA loyalty TO shop;
//	GRANT DELETE ON loyalty.loyalty_claims, loyalty.loyalty_events TO shop;
//	REVOKE UPDATE ON loyalty.loyalty_entries, loyalty.loyalty_revisions FROM shop;
//	REVOKE INSERT, UPDATE ON loyalty.loyalty_schema FROM shop;
//
// with search_path=loyalty in the connection string, or without the schema where the
// tables are in public.
// These are few statements; sqlstore.Grants writes narrower ones, by column, under which
// the user cannot change what the chain of hashes is about either. Deliveries and Prune
// need no more. Reports and listings need SELECT alone: see package sqlkpi.
package postgres
