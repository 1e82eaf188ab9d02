// Package powercut cuts the power of a SQLite database. [Watch] puts a layer under
// the SQLite of this process that takes down each write, truncation and sync of
// the files in one folder. From that [Log] the files can be put together as a disk
// would hold them had the power gone at any of those moments: what was synced is
// there, and what was not is gone, or there in part.
//
// The layer is a VFS of SQLite's own kind, over the one of the system, in the
// driver that package storage/sqlite uses. What is under test is opened as ever:
// the same driver, adapter and settings, with real files, locks and shared memory.
// Only syncs do not reach the disk, since nothing depends on it.
package powercut
