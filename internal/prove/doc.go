// Command prove runs the project's proofs and prints the scorecard: a line per
// row with the figure, and the command that made it. Rows that are not built yet
// say so. The short lane, the default, is what CI runs; -full is the nightly one.
//
// The proofs themselves are tests, here and in other packages. A test reports a
// figure by logging a line that starts with "figure" and the row's id.
package main
