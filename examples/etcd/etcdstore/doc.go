// Package etcdstore keeps a loyalty program's books in etcd. It is an example of
// a storage adapter that its author wrote from the documentation of package
// storage alone, on a database that has neither SQL nor transactions in which one
// can read: docs/adapter.md tells how it came about, step by step.
//
// [Open] takes a client and gives a [Store]. A Store has no state and takes no
// locks: any number of processes use one prefix at once. Every call reads at one
// revision of the cluster, and every write is one transaction on the condition
// that what it was decided from has not changed; see update.go. Commits on
// different members touch different keys and do not disturb each other.
//
// The servers have to be started with --max-txn-ops=1024: the contract has
// batches of 100 rows committed at once, and a row has up to two indexes.
// Let them compact with --auto-compaction-retention too: an earn leaves about
// 4.4 KB, the old versions of what it changed among them, and old versions hold
// what was scrubbed.
//
// keys.go lists the keys, codec.go says what is in a value.
package etcdstore
