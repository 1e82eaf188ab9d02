package kpi

import "time"

// checkZone reports a zone that its name does not tell, for states and parts that
// are merged are told apart by it: what [time.FixedZone] makes, and [time.Local].
func checkZone(problems *Problems, path string, zone *time.Location) {
	name := orUTC(zone).String()
	known, err := time.LoadLocation(name)
	switch {
	case name == "" || name == "Local" || err != nil:
		problems.Add(path, "%q is no zone of the IANA database; load one by its name, such as Europe/Vienna, or use UTC", name)
	case !sameOffsets(orUTC(zone), known):
		problems.Add(path, "is not the zone of the IANA database that is named %q; load it by its name", name)
	}
}

// sameOffsets compares the zones each winter and summer of the years of orders.
func sameOffsets(a, b *time.Location) bool {
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
