package calendar

import "time"

// Logs of orders are of the years 1900 to 2199 of UTC. FirstSecond starts them and
// LastSecond ends them, both in seconds since 1970.
const (
	FirstSecond = -2208988800
	LastSecond  = 7258118399
)

// SameOffsets reports whether two zones tell the same time, each winter and summer from
// 1900 to 2199.
func SameOffsets(a, b *time.Location) bool {
	if a == b {
		return true
	}
	for half := range 2 * 300 {
		at := time.Date(1900, time.Month(1+6*half), 1, 0, 0, 0, 0, time.UTC)
		_, one := at.In(a).Zone()
		_, other := at.In(b).Zone()
		if one != other {
			return false
		}
	}
	return true
}
