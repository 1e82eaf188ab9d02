package loyalty

import (
	"cmp"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/tiers"
)

// anniversarySet is an anniversary that was set: Day counts from the day From on, and At is
// when that was recorded.
type anniversarySet struct {
	Day  tiers.Day `json:"d"`
	From tiers.Day `json:"f"`
	At   time.Time `json:"t"`
}

// maxAnniversaries bounds how many anniversaries a member keeps that count no more.
const maxAnniversaries = 20

// setAnniversary lets a day be the member's anniversary from another one on.
func (s *standingState) setAnniversary(day, from tiers.Day, at time.Time) {
	if s.Set == nil && s.Anniversary != 0 {
		s.Set = []anniversarySet{{Day: s.Anniversary}}
	}
	s.Anniversary = day
	s.Set = append(s.Set, anniversarySet{Day: day, From: from, At: at})
	if n := len(s.Set) - maxAnniversaries; n > 0 {
		s.Set = slices.Delete(s.Set, 0, n)
	}
}

// anniversariesThen lists the anniversaries that counted, by what was known at an instant,
// from the day of enrollment on.
func (s *standingState) anniversariesThen(at time.Time) []anniversarySet {
	then := []anniversarySet{{Day: s.Enrolled}}
	if s.Set == nil {
		then[0].Day = cmp.Or(s.Anniversary, s.Enrolled)
	}
	for _, set := range s.Set {
		if set.At.After(at) {
			continue
		}
		then = slices.DeleteFunc(then, func(before anniversarySet) bool { return before.From >= set.From })
		then = append(then, set)
	}
	return then
}
