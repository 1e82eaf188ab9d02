package calendar

import "time"

// Offset is how far a zone's clocks are ahead of UTC, in seconds, from an instant on.
type Offset struct {
	From    time.Time
	Seconds int
}

// Offsets returns the offsets of a zone that are in force between two instants; the
// first of them begins with from.
func Offsets(from, to time.Time, zone *time.Location) []Offset {
	var all []Offset
	for at := from; at.Before(to); {
		local := at.In(zone)
		if _, seconds := local.Zone(); len(all) == 0 || all[len(all)-1].Seconds != seconds {
			all = append(all, Offset{From: at.UTC(), Seconds: seconds})
		}
		_, end := local.ZoneBounds()
		if end.IsZero() {
			break
		}
		if !end.After(at) { // see search
			end = at.Add(15 * time.Minute)
		}
		at = end
	}
	return all
}
