// Package servers gives tests, proofs and benchmarks a database server: the one
// that the environment names, or a throwaway one made from installed programs.
//
//	LOYALTYKIT_POSTGRES         postgres://user:password@host:port/database
//	LOYALTYKIT_MYSQL            mysql://user:password@host:port/database
//	LOYALTYKIT_SERVER_PROGRAMS  the only folders to look for programs in, listed as in PATH
//	LOYALTYKIT_REQUIRE_SERVERS  1: a test fails, rather than skips, without a server
//
// In a test
//
//	db := servers.Postgres(t).NewDatabase(t) // a postgres:// URL, dropped after the test
//
// and in a program
//
//	server, err := servers.Start(ctx, servers.PostgreSQL, nil)
//	if err != nil { … }
//	defer server.Stop()
//
// Programs are found in PATH and where distributions put them. A throwaway server
// listens on a port of 127.0.0.1 below those that systems give to clients, keeps its
// data in a temporary folder, and loses nothing that it has acknowledged: fsync and
// synchronous_commit are on, and innodb_flush_log_at_trx_commit is 1. As root it runs
// as an unprivileged user. It has a random password.
//
// Each server is the child of a shell that waits for this process: when the process
// ends, however it ends, the shell ends the server and deletes its folder. A test
// binary needs no TestMain, and one that is killed leaves nothing behind.
package servers
