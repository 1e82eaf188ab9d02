package points

import "slices"

// IsZero reports whether the match is empty.
func (m Match) IsZero() bool {
	return len(m.Items) == 0 && len(m.Categories) == 0 && len(m.Tags) == 0
}

// Line reports whether the match, as a condition, takes the line.
func (m Match) Line(l Line) bool { return m.specificity(&l) >= 0 }

// How narrowly a match took a line; the narrowest base rate wins.
const (
	noMatch = iota - 1
	everyLine
	byTag
	byCategory
	byItem
)

// specificity says how m takes l. A nil line is a charge of the order, which has
// no item, category or tags.
func (m *Match) specificity(l *Line) int {
	switch {
	case m.IsZero():
		return everyLine
	case l == nil:
		return noMatch
	case l.Item != "" && slices.Contains(m.Items, l.Item):
		return byItem
	case l.Category != "" && slices.Contains(m.Categories, l.Category):
		return byCategory
	}
	for _, tag := range m.Tags {
		if slices.Contains(l.Tags, tag) {
			return byTag
		}
	}
	return noMatch
}
