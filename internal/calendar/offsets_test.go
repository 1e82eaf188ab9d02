package calendar_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
)

func TestOffsetsAreThoseOfEveryHour(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Vienna", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe", "Africa/Casablanca"} {
		z := zone(t, name)
		for _, years := range [][2]int{{1900, 1902}, {1945, 1950}, {2009, 2013}, {2026, 2028}, {2087, 2089}} {
			from := time.Date(years[0], time.January, 1, 0, 0, 0, 0, time.UTC)
			to := time.Date(years[1], time.January, 1, 0, 0, 0, 0, time.UTC)
			offsets := calendar.Offsets(from, to, z)
			assert.True(t, offsets[0].From.Equal(from))
			at := 0
			for hour := from; hour.Before(to); hour = hour.Add(15 * time.Minute) {
				for at+1 < len(offsets) && !offsets[at+1].From.After(hour) {
					at++
				}
				if _, want := hour.In(z).Zone(); want != offsets[at].Seconds {
					t.Fatalf("%s at %s: %d, want %d", name, hour, offsets[at].Seconds, want)
				}
			}
			assert.Equal(t, len(offsets)-1, at, "%s from %d: the last offset is in force", name, years[0])
		}
	}
}
