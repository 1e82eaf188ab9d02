// Package faults proves what callers may rely on when a database server is killed, an
// answer is lost, or everybody wants the same rows. Its tests are the proofs: an account
// book outside the database keeps what was sent and what was answered, and an auditor
// compares it with what the database holds afterwards.
//
// A soak serves half of what the machine can do for an hour, with the same kind of book, and
// looks every minute whether it still agrees and whether anything grows. LOYALTYKIT_SOAK, such
// as 20m, gives it another length. LOYALTYKIT_CALLS gives the kills of a PostgreSQL server
// another number of calls, and LOYALTYKIT_WITHIN, such as 30m, ends their load after a while.
package faults
