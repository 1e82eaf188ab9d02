// Package faults proves what callers may rely on when a database server is killed, an
// answer is lost, or everybody wants the same rows. Its tests are the proofs: an account
// book outside the database keeps what was sent and what was answered, and an auditor
// compares it with what the database holds afterwards.
package faults
