package rowcodec

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// metricDays holds the counts of a run of days of one metric, as pairs of date
// and amount.
type metricDays struct {
	Metric string     `json:"metric"`
	Days   [][2]int64 `json:"days"`
}

// EncodeDays writes counts of days as JSON, each metric once, none as no text.
func EncodeDays(days []storage.DayCount) (string, error) {
	if len(days) == 0 {
		return "", nil
	}
	text := append(make([]byte, 0, 40+18*len(days)), '[')
	for i := range days {
		d := &days[i]
		switch {
		case i > 0 && days[i-1].Metric == d.Metric:
			text = append(text, ',')
		default:
			if i > 0 {
				text = append(text, "]},"...)
			}
			metric, err := json.Marshal(d.Metric)
			if err != nil {
				return "", err
			}
			text = append(append(append(text, `{"metric":`...), metric...), `,"days":[`...)
		}
		text = strconv.AppendInt(append(text, '['), int64(d.Day), 10)
		text = strconv.AppendInt(append(text, ','), int64(d.Amount), 10)
		text = append(text, ']')
	}
	return string(append(text, "]}]"...)), nil
}

// DecodeDays reads what EncodeDays wrote.
func DecodeDays(text string) ([]storage.DayCount, error) {
	if days, ok := readDays(text); ok {
		return days, nil
	}
	runs, err := decodeList[metricDays](text)
	var out []storage.DayCount
	for _, run := range runs {
		for _, d := range run.Days {
			out = append(out, storage.DayCount{Metric: run.Metric, Day: int(d[0]), Amount: points.Amount(d[1])})
		}
	}
	return out, err
}

// readDays reads a text that is written as EncodeDays does; whatever else is JSON too
// is left to encoding/json.
func readDays(text string) ([]storage.DayCount, bool) {
	r := reader{rest: text}
	if text == "" || !r.take("[") {
		return nil, text == ""
	}
	days := make([]storage.DayCount, 0, strings.Count(text, "[")-1)
	for {
		if !r.take(`{"metric":"`) {
			return nil, false
		}
		name, ok := r.plain()
		if !ok || !r.take(`,"days":[`) {
			return nil, false
		}
		metric := strings.Clone(name)
		for {
			day, ok := r.pair(metric)
			if !ok {
				return nil, false
			}
			if days = append(days, day); !r.take(",") {
				break
			}
		}
		if !r.take("]}") {
			return nil, false
		}
		if !r.take(",") {
			break
		}
	}
	return days, r.take("]") && r.rest == ""
}

// reader takes JSON apart that was written without white space.
type reader struct{ rest string }

func (r *reader) take(prefix string) (found bool) {
	r.rest, found = strings.CutPrefix(r.rest, prefix)
	return found
}

// plain takes the rest of a string that has no escapes.
func (r *reader) plain() (string, bool) {
	for i := range len(r.rest) {
		switch c := r.rest[i]; {
		case c == '"':
			text := r.rest[:i]
			r.rest = r.rest[i+1:]
			return text, true
		case c < ' ' || c >= 0x80 || c == '\\':
			return "", false
		}
	}
	return "", false
}

func (r *reader) pair(metric string) (storage.DayCount, bool) {
	if !r.take("[") {
		return storage.DayCount{}, false
	}
	day, ok := r.number()
	if !ok || !r.take(",") {
		return storage.DayCount{}, false
	}
	amount, ok := r.number()
	return storage.DayCount{Metric: metric, Day: int(day), Amount: points.Amount(amount)}, ok && r.take("]")
}

// number takes a whole number of at most 18 digits.
func (r *reader) number() (int64, bool) {
	i, n := 0, int64(0)
	negative := r.rest != "" && r.rest[0] == '-'
	if negative {
		i = 1
	}
	first := i
	for ; i < len(r.rest) && r.rest[i] >= '0' && r.rest[i] <= '9'; i++ {
		if i-first >= 18 {
			return 0, false
		}
		n = 10*n + int64(r.rest[i]-'0')
	}
	if i == first || r.rest[first] == '0' && i > first+1 {
		return 0, false
	}
	if r.rest = r.rest[i:]; negative {
		n = -n
	}
	return n, true
}
