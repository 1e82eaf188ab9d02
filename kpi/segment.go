package kpi

import "fmt"

// RFMSegment names the members whose scores lie in its bounds, which belong to it.
type RFMSegment struct {
	Name       string
	MinR, MaxR uint8
	MinF, MaxF uint8
	MinM, MaxM uint8
}

// has reports whether scores lie in the bounds.
func (s *RFMSegment) has(c *RFMCustomer) bool {
	return c.R >= s.MinR && c.R <= s.MaxR && c.F >= s.MinF && c.F <= s.MaxF && c.M >= s.MinM && c.M <= s.MaxM
}

// findSegment returns the place of the first segment that has a customer's scores,
// or −1, as [RFMCustomer] holds it.
func findSegment(segments []RFMSegment, c *RFMCustomer) int16 {
	for i := range segments {
		if segments[i].has(c) {
			return int16(i)
		}
	}
	return -1
}

// DefaultSegments are the names that the trade uses for five scores, in the order in
// which they are tried; members in none of them are "Others".
func DefaultSegments() []RFMSegment {
	return []RFMSegment{
		{Name: "Champions", MinR: 4, MaxR: 5, MinF: 4, MaxF: 5, MinM: 4, MaxM: 5},
		{Name: "Loyal", MinR: 2, MaxR: 5, MinF: 3, MaxF: 5, MinM: 3, MaxM: 5},
		{Name: "Potential loyalists", MinR: 3, MaxR: 5, MinF: 1, MaxF: 3, MinM: 1, MaxM: 3},
		{Name: "New", MinR: 4, MaxR: 5, MinF: 1, MaxF: 1, MinM: 1, MaxM: 5},
		{Name: "Promising", MinR: 3, MaxR: 4, MinF: 1, MaxF: 1, MinM: 1, MaxM: 5},
		{Name: "Need attention", MinR: 2, MaxR: 3, MinF: 2, MaxF: 3, MinM: 2, MaxM: 3},
		{Name: "At risk", MinR: 1, MaxR: 2, MinF: 2, MaxF: 5, MinM: 2, MaxM: 5},
		{Name: "About to sleep", MinR: 2, MaxR: 3, MinF: 1, MaxF: 2, MinM: 1, MaxM: 2},
		{Name: "Lost", MinR: 1, MaxR: 1, MinF: 1, MaxF: 5, MinM: 1, MaxM: 5},
	}
}

func checkSegments(problems *Problems, segments []RFMSegment, groups int) {
	if len(segments) > 100 {
		problems.Add("segments", "must be 100 at most, are %d", len(segments))
		return
	}
	for i := range segments {
		s, path := &segments[i], fmt.Sprintf("segments[%d]", i)
		if s.Name == "" {
			problems.Add(path+".name", "must not be empty")
		}
		for _, bound := range []struct {
			name     string
			min, max uint8
		}{{"r", s.MinR, s.MaxR}, {"f", s.MinF, s.MaxF}, {"m", s.MinM, s.MaxM}} {
			if bound.min < 1 || bound.max < bound.min || int(bound.max) > groups {
				problems.Add(path+"."+bound.name, "must be within 1 to %d, from the least to the most, is %d to %d", groups, bound.min, bound.max)
			}
		}
	}
}
