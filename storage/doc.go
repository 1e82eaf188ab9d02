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
// adapter against every one of them.
package storage
