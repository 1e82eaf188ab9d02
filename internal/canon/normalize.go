package canon

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// appendCanonical checks one JSON text and appends its canonical form: members
// in order of name, numbers and strings in their shortest form. Members with
// zero values stay. Unlike encoding/json it refuses repeated names and text that
// is no valid Unicode.
func appendCanonical(dst, data []byte) ([]byte, error) {
	s := scanner{data: data}
	s.space()
	dst, err := s.value(dst, 0)
	if err != nil {
		return dst, err
	}
	if s.space(); s.pos < len(data) {
		return dst, s.fail("text after the end of the value")
	}
	return dst, nil
}

// scanner reads JSON text from pos on.
type scanner struct {
	data []byte
	pos  int
}

func (s *scanner) fail(format string, args ...any) error {
	return fmt.Errorf("JSON at byte %d: "+format, append([]any{s.pos}, args...)...)
}

func (s *scanner) space() {
	for s.pos < len(s.data) && strings.IndexByte(" \t\r\n", s.data[s.pos]) >= 0 {
		s.pos++
	}
}

// peek returns the next byte, or 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *scanner) value(dst []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, s.fail("values nest deeper than %d", maxDepth)
	}
	switch c := s.peek(); {
	case c == '{':
		return s.object(dst, depth)
	case c == '[':
		return s.array(dst, depth)
	case c == '"':
		text, err := s.text()
		if err != nil {
			return dst, err
		}
		return appendString(dst, text)
	case c == '-' || digit(c):
		return s.number(dst)
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if bytes.HasPrefix(s.data[s.pos:], []byte(word)) {
			s.pos += len(word)
			return append(dst, word...), nil
		}
	}
	return dst, s.fail("no value")
}

// member is where a member of an object stands in the output.
type member struct {
	name     string
	from, to int
}

func (s *scanner) object(dst []byte, depth int) ([]byte, error) {
	s.pos++
	dst = append(dst, '{')
	start := len(dst)
	var space [8]member
	members := space[:0]
	for {
		s.space()
		if s.peek() == '}' && len(members) == 0 {
			s.pos++
			return append(dst, '}'), nil
		}
		if s.peek() != '"' {
			return dst, s.fail("the name of a member is missing")
		}
		name, err := s.text()
		if err != nil {
			return dst, err
		}
		if s.space(); s.peek() != ':' {
			return dst, s.fail("a colon is missing after %q", name)
		}
		s.pos++
		s.space()
		from := len(dst)
		if dst, err = appendString(dst, name); err != nil {
			return dst, err
		}
		dst = append(dst, ':')
		if dst, err = s.value(dst, depth+1); err != nil {
			return dst, err
		}
		members = append(members, member{string(name), from, len(dst)})
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
			dst = append(dst, ',')
		case '}':
			s.pos++
			dst, err = sortMembers(dst, start, members)
			return append(dst, '}'), err
		default:
			return dst, s.fail("an object is not closed")
		}
	}
}

// sortMembers puts the members that dst has from start on in order of name.
func sortMembers(dst []byte, start int, members []member) ([]byte, error) {
	byName := func(a, b member) int { return strings.Compare(a.name, b.name) }
	inOrder := slices.IsSortedFunc(members, byName)
	if !inOrder {
		slices.SortStableFunc(members, byName)
	}
	for i := 1; i < len(members); i++ {
		if members[i].name == members[i-1].name {
			return dst, fmt.Errorf("JSON has the name %q twice in one object", members[i].name)
		}
	}
	if inOrder {
		return dst, nil
	}
	was := bytes.Clone(dst[start:])
	dst = dst[:start]
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, was[m.from-start:m.to-start]...)
	}
	return dst, nil
}

func (s *scanner) array(dst []byte, depth int) ([]byte, error) {
	s.pos++
	dst = append(dst, '[')
	for first := true; ; first = false {
		s.space()
		if first && s.peek() == ']' {
			s.pos++
			return append(dst, ']'), nil
		}
		var err error
		if dst, err = s.value(dst, depth+1); err != nil {
			return dst, err
		}
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
			dst = append(dst, ',')
		case ']':
			s.pos++
			return append(dst, ']'), nil
		default:
			return dst, s.fail("an array is not closed")
		}
	}
}

// text reads a string and returns it without escapes: part of the data where it
// has none.
func (s *scanner) text() ([]byte, error) {
	s.pos++
	from := s.pos
	var own []byte
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		switch {
		case c == '"':
			text := s.data[from:s.pos]
			if own != nil {
				text = append(own, text...)
			}
			s.pos++
			if !utf8.Valid(text) {
				return nil, s.fail("a string has invalid UTF-8")
			}
			return text, nil
		case c == '\\':
			own = append(own, s.data[from:s.pos]...)
			s.pos++
			r, err := s.escape()
			if err != nil {
				return nil, err
			}
			own = utf8.AppendRune(own, r)
			from = s.pos
		case c < ' ':
			return nil, s.fail("a control character in a string")
		default:
			s.pos++
		}
	}
	return nil, s.fail("a string is not closed")
}

const (
	escapes = `"\/bfnrt`
	escaped = "\"\\/\b\f\n\r\t"
)

// escape reads what follows a backslash.
func (s *scanner) escape() (rune, error) {
	c := s.peek()
	if i := strings.IndexByte(escapes, c); i >= 0 && c != 0 {
		s.pos++
		return rune(escaped[i]), nil
	}
	if c != 'u' {
		return 0, s.fail("an unknown escape")
	}
	r, err := s.unit()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if !bytes.HasPrefix(s.data[s.pos:], []byte(`\u`)) {
		return 0, s.fail("half of a surrogate pair")
	}
	s.pos++
	low, err := s.unit()
	if err != nil {
		return 0, err
	}
	if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
		return 0, s.fail("half of a surrogate pair")
	}
	return r, nil
}

// unit reads the u and four hexadecimal digits.
func (s *scanner) unit() (rune, error) {
	if s.pos+5 > len(s.data) {
		return 0, s.fail("an escape is cut off")
	}
	n, err := strconv.ParseUint(string(s.data[s.pos+1:s.pos+5]), 16, 16)
	if err != nil {
		return 0, s.fail("an escape without four hexadecimal digits")
	}
	s.pos += 5
	return rune(n), nil
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// number reads a number and writes it without exponent.
func (s *scanner) number(dst []byte) ([]byte, error) {
	negative := s.peek() == '-'
	if negative {
		s.pos++
	}
	whole := s.digits()
	if len(whole) == 0 || len(whole) > 1 && whole[0] == '0' {
		return dst, s.fail("it is no number")
	}
	var fraction []byte
	if s.peek() == '.' {
		s.pos++
		if fraction = s.digits(); len(fraction) == 0 {
			return dst, s.fail("digits are missing after the point")
		}
	}
	exponent, err := s.exponent()
	if err != nil {
		return dst, err
	}
	var space [64]byte
	digits := append(append(space[:0], whole...), fraction...)
	if dst, err = appendNumber(dst, negative, digits, exponent-int64(len(fraction))); err != nil {
		return dst, s.fail("number: %w", err)
	}
	return dst, nil
}

// digits reads as many digits as there are.
func (s *scanner) digits() []byte {
	from := s.pos
	for digit(s.peek()) {
		s.pos++
	}
	return s.data[from:s.pos]
}

// exponent reads an exponent, or returns 0 where there is none.
func (s *scanner) exponent() (int64, error) {
	if c := s.peek(); c != 'e' && c != 'E' {
		return 0, nil
	}
	s.pos++
	negative := s.peek() == '-'
	if c := s.peek(); c == '-' || c == '+' {
		s.pos++
	}
	digits := s.digits()
	if len(digits) == 0 {
		return 0, s.fail("digits are missing in the exponent")
	}
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil || n > math.MaxInt32 {
		n = math.MaxInt32 // more than any number of digits makes up for
	}
	if negative {
		n = -n
	}
	return n, nil
}
