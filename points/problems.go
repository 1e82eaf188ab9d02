package points

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Problem is one thing that is wrong with a value, and where.
type Problem struct {
	// Path leads to the field, in JSON names: "lines[2].amount".
	Path string `json:"path"`
	// Message says what is wrong and what would be right.
	Message string `json:"message"`
}

// Problems is everything that is wrong with a value, as one error.
type Problems []Problem

// Add appends a problem. Long texts are cut, so that an error never repeats a
// hostile input.
func (p *Problems) Add(path, format string, args ...any) {
	*p = append(*p, Problem{Path: Clip(path), Message: Clip(fmt.Sprintf(format, args...))})
}

// Clip cuts a text for an error message after about 200 bytes.
func Clip(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// Err returns p as an error, or nil where there is no problem.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// Error lists every problem with its path.
func (p Problems) Error() string {
	var text strings.Builder
	for i, problem := range p {
		if i > 0 {
			text.WriteString("; ")
		}
		if problem.Path != "" {
			text.WriteString(problem.Path)
			text.WriteString(": ")
		}
		text.WriteString(problem.Message)
	}
	return text.String()
}

// CheckID reports why text cannot be a caller's id or key: it must be 1 to
// maxBytes bytes of UTF-8 without NUL, and not start with the byte 0x01, which
// marks the library's own ids. Ids are compared byte by byte.
func CheckID(id string, maxBytes int) error {
	switch {
	case id == "":
		return fmt.Errorf("must not be empty")
	case len(id) > maxBytes:
		return fmt.Errorf("must have at most %d bytes, has %d", maxBytes, len(id))
	case id[0] == '\x01':
		return fmt.Errorf("must not start with the byte 0x01")
	case strings.IndexByte(id, 0) >= 0:
		return fmt.Errorf("must not contain NUL")
	case !utf8.ValidString(id):
		return fmt.Errorf("must be valid UTF-8")
	}
	return nil
}

const (
	maxIDBytes   = 128
	maxCodeBytes = 32
)

// codeProblem says what is wrong with a code, or "".
func codeProblem(code string) string {
	if code == "" {
		return "must not be empty"
	}
	if len(code) > maxCodeBytes {
		return fmt.Sprintf("must have at most %d bytes, has %d", maxCodeBytes, len(code))
	}
	if code[0] < 'a' || code[0] > 'z' {
		return fmt.Sprintf("%q must start with a lower-case letter", code)
	}
	for _, c := range []byte(code) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return fmt.Sprintf("%q may have only lower-case letters, digits, '-' and '_'", code)
		}
	}
	return ""
}

func currencyProblem(code string) string {
	if len(code) == 3 && upper(code[0]) && upper(code[1]) && upper(code[2]) {
		return ""
	}
	return fmt.Sprintf("%q is not an ISO 4217 code: three upper-case letters, such as \"EUR\"", code)
}

func upper(c byte) bool { return c >= 'A' && c <= 'Z' }
