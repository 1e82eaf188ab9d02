package sqlstore

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Instants are stored as microseconds since 1970.

func micros(t time.Time) int64 { return t.UnixMicro() }

func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

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

// Lists inside a row are stored as JSON, empty ones as no text.

// standing is a storage.Standing with its instants in microseconds.
type standing struct {
	Ladder string `json:"ladder"`
	Tier   string `json:"tier"`
	Since  int64  `json:"since"`
	Until  int64  `json:"until"`
}

// metricDays holds the counts of a run of days of one metric, as pairs of date
// and amount.
type metricDays struct {
	Metric string     `json:"metric"`
	Days   [][2]int64 `json:"days"`
}

func encodeBalances(balances []points.Balance) (string, error) { return encodeList(balances) }

func decodeBalances(text string) ([]points.Balance, error) { return decodeList[points.Balance](text) }

func encodeStanding(rows []storage.Standing) (string, error) {
	var out []standing
	for _, r := range rows {
		out = append(out, standing{r.Ladder, r.Tier, micros(r.Since), micros(r.Until)})
	}
	return encodeList(out)
}

func decodeStanding(text string) ([]storage.Standing, error) {
	rows, err := decodeList[standing](text)
	var out []storage.Standing
	for _, r := range rows {
		out = append(out, storage.Standing{Ladder: r.Ladder, Tier: r.Tier, Since: instant(r.Since), Until: instant(r.Until)})
	}
	return out, err
}

func encodeDays(days []storage.DayCount) (string, error) {
	var runs []metricDays
	for _, d := range days {
		if len(runs) == 0 || runs[len(runs)-1].Metric != d.Metric {
			runs = append(runs, metricDays{Metric: d.Metric})
		}
		run := &runs[len(runs)-1]
		run.Days = append(run.Days, [2]int64{int64(d.Day), int64(d.Amount)})
	}
	return encodeList(runs)
}

func decodeDays(text string) ([]storage.DayCount, error) {
	runs, err := decodeList[metricDays](text)
	var out []storage.DayCount
	for _, run := range runs {
		for _, d := range run.Days {
			out = append(out, storage.DayCount{Metric: run.Metric, Day: int(d[0]), Amount: points.Amount(d[1])})
		}
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

// Lot ids in a record are stored as numbers with commas between.

func encodeLots(ids []points.LotID) string {
	var text []byte
	for i, id := range ids {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(text, int64(id), 10)
	}
	return string(text)
}

func decodeLots(text string) ([]points.LotID, error) {
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
