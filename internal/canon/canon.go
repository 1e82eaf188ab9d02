// Package canon writes Go values as canonical JSON, so that equal values have
// equal bytes: across runs, across releases that add fields, and whether money
// was given as 1.0 or 1.00. Commands, programs and fingerprints use it.
//
// [Append] writes and [Decode] reads. The canonical form is
//
//   - object keys in byte order, no white space, the least escapes;
//   - names and embedded structs as encoding/json has them;
//   - struct fields that are zero left out, always: a pointer that is not nil is
//     written even where it points to zero, and elements of slices, arrays and
//     maps are written even where they are zero;
//   - decimals as strings without exponent and trailing zeros, instants as
//     RFC 3339 in UTC with microseconds without trailing zeros, []byte in base64;
//   - types with MarshalJSON or MarshalText by what these give, the former made
//     canonical in turn.
//
// Floating point is refused, as is all that would not survive the way back.
package canon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

// ValueError reports a value that has no canonical form.
type ValueError struct {
	// Path leads to the value, in JSON names: "order.lines[2].amount". It is empty
	// for the value itself.
	Path string
	// Message says what is wrong.
	Message string
	// Err is the error of a type's own marshaling, or nil.
	Err error
}

// Error returns the path and the message.
func (e *ValueError) Error() string {
	text := e.Message
	if e.Path != "" {
		text = e.Path + ": " + text
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return "canon: " + text
}

// Unwrap returns Err.
func (e *ValueError) Unwrap() error { return e.Err }

// Append appends the canonical JSON of v to dst. On error dst is returned as it
// was, and the error is a [*ValueError].
func Append(dst []byte, v any) ([]byte, error) {
	length := len(dst)
	if dst == nil {
		dst = make([]byte, 0, 512)
	}
	out, err := appendValue(dst, reflect.ValueOf(v), 0)
	if err != nil {
		return dst[:length], err
	}
	return out, nil
}

// Decode reads one JSON value into v, which is a pointer. It is strict: unknown
// fields, repeated names, text after the value, invalid UTF-8 and numbers of
// more than 400 digits are errors. Decimals may be strings or numbers; numbers
// in an any become a [json.Number].
func Decode(data []byte, v any) error {
	if _, err := appendCanonical(make([]byte, 0, len(data)), data); err != nil {
		return fmt.Errorf("canon: decode: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	if err := decoder.Decode(v); err != nil {
		return fmt.Errorf("canon: decode: %w", err)
	}
	return nil
}

// maxDepth is how deep values nest at most.
const maxDepth = 500

func refuse(format string, args ...any) error {
	return &ValueError{Message: fmt.Sprintf(format, args...)}
}

// under puts the path of an error under that of a field.
func under(name string, err error) error {
	failure, ok := errors.AsType[*ValueError](err)
	if !ok {
		return err
	}
	if failure.Path != "" && failure.Path[0] != '[' {
		name += "."
	}
	failure.Path = name + failure.Path
	return failure
}

func at(index int, err error) error { return under("["+strconv.Itoa(index)+"]", err) }
