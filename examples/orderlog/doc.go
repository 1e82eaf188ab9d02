// Package orderlog holds the logs that the examples live through: those in a CSV file,
// one order a line, and that of a coffee shop that never was. It also has the programs
// that ship with the examples.
package orderlog
