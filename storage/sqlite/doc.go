// Package sqlite keeps a loyalty program in one SQLite file: the embedded default
// for a shop on one machine. The driver is pure Go; there is nothing to install.
//
// [Open] makes the file and its tables where needed, and sets it up so that an
// acknowledged commit survives a power cut. Other processes may open the same
// file at the same time, on the same machine.
//
// For the tables, and for a store in a database or a transaction of one's own,
// see package sqlstore.
package sqlite
