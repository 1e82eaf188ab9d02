package storage

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"strconv"
)

var cursorEncoding = base64.RawURLEncoding.Strict()

// EncodeCursor makes the cursor of a position in a listing: fields are what the
// listing orders by, scope is the Scope of the query. Cursors are URL-safe text
// and hold no secret; a caller may hand them to a browser and take them back.
func EncodeCursor(scope string, fields ...string) string {
	payload := appendFields(nil, fields)
	return cursorEncoding.EncodeToString(append(cursorSum(scope, payload), payload...))
}

// DecodeCursor returns the n fields of a cursor that [EncodeCursor] made for the
// same scope, and [ErrBadCursor] for any other text. The empty cursor, which
// starts a listing, gives no fields and no error.
func DecodeCursor(scope, cursor string, n int) ([]string, error) {
	if cursor == "" {
		return nil, nil
	}
	raw, err := cursorEncoding.DecodeString(cursor)
	if err != nil || len(raw) < 8 {
		return nil, fmt.Errorf("%w: it is not a cursor", ErrBadCursor)
	}
	sum, payload := raw[:8], raw[8:]
	if string(sum) != string(cursorSum(scope, payload)) {
		return nil, fmt.Errorf("%w: start again without one", ErrBadCursor)
	}
	fields := make([]string, n)
	for i := range fields {
		size, skip := binary.Uvarint(payload)
		if skip <= 0 || size > uint64(len(payload)-skip) {
			return nil, fmt.Errorf("%w: it has fewer than %d fields", ErrBadCursor, n)
		}
		payload = payload[skip:]
		fields[i], payload = string(payload[:size]), payload[size:]
	}
	if len(payload) > 0 {
		return nil, fmt.Errorf("%w: it has more than %d fields", ErrBadCursor, n)
	}
	return fields, nil
}

func cursorSum(scope string, payload []byte) []byte {
	h := fnv.New64a()
	_, _ = h.Write(appendFields(nil, []string{scope})) // a hash never fails to write
	_, _ = h.Write(payload)
	return h.Sum(nil)
}

func appendFields(to []byte, fields []string) []byte {
	for _, field := range fields {
		to = binary.AppendUvarint(to, uint64(len(field)))
		to = append(to, field...)
	}
	return to
}

func scope(parts ...string) string { return string(appendFields(nil, parts)) }

// Scope names the listing for [EncodeCursor]: accounts of the program, by member
// or by due time. Queries with other instants in DueBy share cursors.
func (q AccountQuery) Scope() string {
	if q.DueBy.IsZero() {
		return scope("accounts", q.Program)
	}
	return scope("accounts by due time", q.Program)
}

// Scope names the listing for [EncodeCursor]; listing is the method: "lots",
// "entries" or "operations". From and AtVersion are no part of it.
func (q MemberQuery) Scope(listing string) string {
	if q.Open {
		listing = "open " + listing
	}
	return scope(listing, q.Program, q.Member)
}

// Scope names the listing for [EncodeCursor].
func (q RecordQuery) Scope() string {
	return scope("records", q.Program, q.Member, q.Kind, q.Reference, q.Status)
}

// Scope names the listing for [EncodeCursor].
func (q EventQuery) Scope() string {
	return scope("events", q.Program, strconv.Itoa(q.Bucket))
}
