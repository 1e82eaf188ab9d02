package kpi

import (
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
)

// checkZone reports a zone that its name does not tell, for states and parts that
// are merged are told apart by it: what [time.FixedZone] makes, and [time.Local].
func checkZone(problems *Problems, path string, zone *time.Location) {
	name := orUTC(zone).String()
	if zone == time.Local {
		name = "Local" // it has the name that the environment gives it, where it gives one
	}
	known, err := time.LoadLocation(name)
	switch {
	case name == "" || name == "Local" || err != nil:
		problems.Add(path, "%q is no zone of the IANA database; load one by its name, such as Europe/Vienna, or use UTC", name)
	case !calendar.SameOffsets(orUTC(zone), known):
		problems.Add(path, "is not the zone of the IANA database that is named %q; load it by its name", name)
	}
}
