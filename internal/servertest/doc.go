// Package servertest proves package sqlstore on servers: the contract, the engine's
// own proofs, and what spread databases ask of the tables and statements.
//
// The servers are those of package servers: the ones that the environment names,
// or throwaway ones. Each test has a database of its own.
package servertest
