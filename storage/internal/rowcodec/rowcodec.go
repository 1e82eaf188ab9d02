// Package rowcodec writes what the tables of a loyalty program hold inside one
// column: instants, and the lists of an account and a record. Every adapter that
// works on those tables uses it, so that they read each other's rows.
package rowcodec

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Micros is how an instant is stored: microseconds since 1970.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// Instant is the instant of stored microseconds, in UTC.
func Instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// standing is a storage.Standing with its instants in microseconds.
type standing struct {
	Ladder string `json:"ladder"`
	Tier   string `json:"tier"`
	Since  int64  `json:"since"`
	Until  int64  `json:"until"`
}

// EncodeBalances writes balances as JSON, none as no text.
func EncodeBalances(balances []points.Balance) (string, error) { return encodeList(balances) }

// DecodeBalances reads what EncodeBalances wrote.
func DecodeBalances(text string) ([]points.Balance, error) { return decodeList[points.Balance](text) }

// EncodeStanding writes tiers as JSON, none as no text.
func EncodeStanding(rows []storage.Standing) (string, error) {
	var out []standing
	for _, r := range rows {
		out = append(out, standing{r.Ladder, r.Tier, Micros(r.Since), Micros(r.Until)})
	}
	return encodeList(out)
}

// DecodeStanding reads what EncodeStanding wrote.
func DecodeStanding(text string) ([]storage.Standing, error) {
	rows, err := decodeList[standing](text)
	var out []storage.Standing
	for _, r := range rows {
		out = append(out, storage.Standing{Ladder: r.Ladder, Tier: r.Tier, Since: Instant(r.Since), Until: Instant(r.Until)})
	}
	return out, err
}

func encodeList[T any](items []T) (string, error) {
	if len(items) == 0 {
		return "", nil
	}
	text, err := json.Marshal(items)
	return string(text), err
}

func decodeList[T any](text string) ([]T, error) {
	if text == "" {
		return nil, nil
	}
	var items []T
	if err := json.Unmarshal([]byte(text), &items); err != nil {
		return nil, fmt.Errorf("decode %q: %w", text, err)
	}
	return items, nil
}

// EncodeLots writes lot ids as numbers with commas between.
func EncodeLots(ids []points.LotID) string {
	var text []byte
	for i, id := range ids {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(text, int64(id), 10)
	}
	return string(text)
}

// DecodeLots reads what EncodeLots wrote.
func DecodeLots(text string) ([]points.LotID, error) {
	if text == "" {
		return nil, nil
	}
	var ids []points.LotID
	for part := range strings.SplitSeq(text, ",") {
		id, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("decode lots %q: %w", text, err)
		}
		ids = append(ids, points.LotID(id))
	}
	return ids, nil
}
