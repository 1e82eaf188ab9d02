package sqlstore

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// compiled is the text of a statement as the database gets it.
type compiled struct {
	text string
	// order holds, for each mark, the index of its argument; nil is 0, 1, 2, …
	order []int
}

// in returns the arguments in the order of the marks.
func (c *compiled) in(args []any) []any {
	if c.order == nil {
		return args
	}
	ordered := make([]any, len(c.order))
	for i, at := range c.order {
		ordered[i] = args[at]
	}
	return ordered
}

var (
	mark = regexp.MustCompile(`\?\d*`)
	seek = regexp.MustCompile(`\(([a-z_]+(?:, [a-z_]+)+)\) > \((\?\d+(?:, \?\d+)+)\)`)
)

// numbered gives every mark the number of its argument: ?1, ?2, …
func numbered(text string) string {
	n := 0
	return mark.ReplaceAllStringFunc(text, func(m string) string {
		if m != "?" {
			return m
		}
		n++
		return "?" + strconv.Itoa(n)
	})
}

// dollars writes marks as PostgreSQL does: $1, $2, …
func dollars(text string) compiled {
	return compiled{text: strings.ReplaceAll(numbered(text), "?", "$")}
}

// plainMarks writes marks as MySQL does, all as ?. Rows are compared column by
// column there, or no index would be used.
func plainMarks(text string) compiled {
	c := compiled{}
	text = seek.ReplaceAllStringFunc(numbered(text), func(comparison string) string {
		parts := seek.FindStringSubmatch(comparison)
		return beyond(strings.Split(parts[1], ", "), strings.Split(parts[2], ", "))
	})
	c.text = mark.ReplaceAllStringFunc(text, func(m string) string {
		at, _ := strconv.Atoi(m[1:]) // numbered made it
		c.order = append(c.order, at-1)
		return "?"
	})
	return c
}

// beyond says that columns together are greater than marks.
func beyond(columns, marks []string) string {
	rest := ""
	for i, column := range slices.Backward(columns) {
		greater := column + " > " + marks[i]
		if rest == "" {
			rest = greater
			continue
		}
		rest = "(" + greater + " OR (" + column + " = " + marks[i] + " AND " + rest + "))"
	}
	return rest
}
