package sqlstore

import (
	"database/sql"
	"time"

	"github.com/loyaltykit/loyaltykit/storage/internal/rowcodec"
)

// Instants are stored as microseconds since 1970.

func micros(t time.Time) int64 { return rowcodec.Micros(t) }

func instant(micros int64) time.Time { return rowcodec.Instant(micros) }

func optionalMicros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

func optionalInstant(micros sql.NullInt64) time.Time {
	if !micros.Valid {
		return time.Time{}
	}
	return instant(micros.Int64)
}

// blob is a document or digest as an argument: an empty one is NULL.
func blob(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
