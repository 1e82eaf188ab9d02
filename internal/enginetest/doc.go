// Package enginetest proves the engine on any store: the same properties run on
// memory, on SQLite, and on whatever an adapter opens.
//
// Every function takes a testing.T and a function that opens an empty store. A
// checker returns an error rather than failing, so that a control, such as a store
// that forgets to check versions, can show that the checker fails where it must.
package enginetest
