// Package house has no code: its tests hold the house together. They check who
// imports whom, what the core depends on, that every package explains itself with
// a comment and a runnable example, that every module is in the workspace, and
// that the README shows code that runs.
package house
