package orderlog

import "fmt"

// RowError is a row of an order log that is no order: it names the row's line,
// the column where it is one column's fault, and the reason.
type RowError struct {
	// Line counts from 1, the header included.
	Line int
	// Column is a name from the header, or empty.
	Column string
	Err    error
}

// Error names line, column and reason.
func (e *RowError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("line %d: %v", e.Line, e.Err)
	}
	return fmt.Sprintf("line %d, column %s: %v", e.Line, e.Column, e.Err)
}

// Unwrap returns the reason.
func (e *RowError) Unwrap() error { return e.Err }
