package rowcodec

import (
	"fmt"
	"strconv"

	"github.com/loyaltykit/loyaltykit/storage"
)

// Position is where a listing goes on: the values of its order columns, texts
// and int64s, in the last item that was handed out.
type Position []any

// DecodePosition reads a cursor into a position of the same types as start, which
// is where the listing begins.
func DecodePosition(scope, cursor string, start Position) (Position, error) {
	fields, err := storage.DecodeCursor(scope, cursor, len(start))
	if err != nil || fields == nil {
		return start, err
	}
	at := make(Position, len(start))
	for i, field := range fields {
		if _, text := start[i].(string); text {
			at[i] = field
			continue
		}
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: field %d is no number", storage.ErrBadCursor, i+1)
		}
		at[i] = n
	}
	return at, nil
}

// Encode returns the cursor of the position.
func (p Position) Encode(scope string) string {
	fields := make([]string, len(p))
	for i, value := range p {
		switch value := value.(type) {
		case string:
			fields[i] = value
		case int64:
			fields[i] = strconv.FormatInt(value, 10)
		}
	}
	return storage.EncodeCursor(scope, fields...)
}
