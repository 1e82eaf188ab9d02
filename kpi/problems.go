package kpi

import (
	"errors"
	"fmt"
	"strings"
)

// ErrInvalid is wrapped by every error about input that a calculator cannot use.
var ErrInvalid = errors.New("invalid input")

// Problem is one thing that is wrong with an input, and where.
type Problem struct {
	// Path leads to the field: "answers[2]".
	Path string `json:"path"`
	// Message says what is wrong and what would be right.
	Message string `json:"message"`
}

// Problems is everything that is wrong with an input, as one error that wraps
// [ErrInvalid].
type Problems []Problem

// Add appends a problem. Long texts are cut, so that an error never repeats a
// hostile input.
func (p *Problems) Add(path, format string, args ...any) {
	*p = append(*p, Problem{Path: clip(path), Message: clip(fmt.Sprintf(format, args...))})
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
	texts := make([]string, len(p))
	for i, problem := range p {
		texts[i] = problem.Path + ": " + problem.Message
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns [ErrInvalid].
func (p Problems) Unwrap() error { return ErrInvalid }

func clip(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// checkCount reports a count below 0.
func checkCount(problems *Problems, path string, n int64) {
	if n < 0 {
		problems.Add(path, "must not be negative, is %d", n)
	}
}

// checkShare reports a part that is below 0 or above its whole.
func checkShare(problems *Problems, partPath string, part int64, wholePath string, whole int64) {
	checkCount(problems, partPath, part)
	checkCount(problems, wholePath, whole)
	if part >= 0 && whole >= 0 && part > whole {
		problems.Add(partPath, "must be at most %s %d, is %d", wholePath, whole, part)
	}
}
