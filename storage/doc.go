// Package storage is the port between the engine and a database: the [Store]
// interface that an adapter implements, and the rows that it keeps.
//
// An adapter writes about a dozen methods. [Store.Load] brings all that a command
// needs in one consistent [Snapshot]; [Store.Commit] stores batches, each all or
// nothing and conditional on the versions of its accounts; the rest are listings
// with key cursors and upkeep. The interface does not grow when the library
// does: what a feature keeps is a [Record], a [Claim] or a [Counter].
//
// The clauses on [Store] are the contract, and package storagetest proves an
// adapter against every one of them. docs/adapter.md in the repository tells how
// to write one.
//
// # What the engine hands to a store
//
// Texts are UTF-8 without NUL, and only documents ([]byte) hold other bytes.
// Programs have at most 64 bytes; members, keys of operations, types, units, rules,
// kinds, statuses, references of records, spaces and holders 255; ids and sorts of
// records, keys of claims and counters, references of entries and sources of lots
// 320. A store need not check this. No key is empty. Instants are whole
// microseconds, and lie between the years 1 and 9999.
//
// # Errors and what may still come
//
// A store may repeat what only reads. It never repeats a write whose answer was
// lost, unless a repetition cannot be stored twice. After an error of Commit, or
// [Unknown], a batch may still be on its way: it arrives whole, and only if none
// of its accounts has changed since, so that a caller who looks and then commits
// the same key again has it stored once.
package storage
