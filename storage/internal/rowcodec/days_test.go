package rowcodec_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/rowcodec"
)

// daysByJSON is what encoding/json reads and writes in the place of the package.
type daysByJSON []struct {
	Metric string     `json:"metric"`
	Days   [][2]int64 `json:"days"`
}

func decodedByJSON(text string) ([]storage.DayCount, error) {
	var runs daysByJSON
	if text == "" {
		return nil, nil
	}
	err := json.Unmarshal([]byte(text), &runs)
	var days []storage.DayCount
	for _, run := range runs {
		for _, d := range run.Days {
			days = append(days, storage.DayCount{Metric: run.Metric, Day: int(d[0]), Amount: points.Amount(d[1])})
		}
	}
	return days, err
}

func TestDaysAreTheJSONThatTheyWereFromTheStart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.Custom(func(t *rapid.T) storage.DayCount {
			return storage.DayCount{
				Metric: rapid.SampledFrom([]string{"spend", "visits", "Nächte", `a"b\<c>`, ""}).Draw(t, "metric"),
				Day:    rapid.IntRange(19700101, 99991231).Draw(t, "day"),
				Amount: points.Amount(rapid.Int64().Draw(t, "amount")),
			}
		})
		days := rapid.SliceOfN(day, 0, 20).Draw(t, "days")
		text, err := rowcodec.EncodeDays(days)
		require.NoError(t, err)

		var runs daysByJSON
		for i, d := range days {
			if i == 0 || days[i-1].Metric != d.Metric {
				runs = append(runs, struct {
					Metric string     `json:"metric"`
					Days   [][2]int64 `json:"days"`
				}{Metric: d.Metric})
			}
			run := &runs[len(runs)-1]
			run.Days = append(run.Days, [2]int64{int64(d.Day), int64(d.Amount)})
		}
		want := ""
		if len(runs) > 0 {
			raw, err := json.Marshal(runs)
			require.NoError(t, err)
			want = string(raw)
		}
		require.Equal(t, want, text)
		again, err := rowcodec.DecodeDays(text)
		require.NoError(t, err)
		require.Equal(t, days, append([]storage.DayCount{}, again...))
	})
}

func TestDaysThatAreWrittenOtherwiseReadAsJSONDoes(t *testing.T) {
	written := `[{"metric":"spend","days":[[20270308,450],[20270309,-12]]},{"metric":"visits","days":[[20270309,1]]}]`
	texts := []string{
		`[]`, `null`, ` ` + written, written + ` `, written + `x`, `[{"days":[[20270308,450]],"metric":"spend"}]`,
		`[{"metric":"spend","days":[]}]`, `[{"metric":"sp\u0065nd","days":[[20270308,450]]}]`, `[{"metric":"spend","days":[[020270308,450]]}]`,
		`[{"metric":"spend","days":[[20270308,-0]]}]`, `[{"metric":"spend","days":[[20270308,-]]}]`, `[{"metric":"spend","days":[[20270308,1e3]]}]`,
		`[{"metric":"spend","days":[[20270308,9223372036854775807],[20270309,-9223372036854775808]]}]`,
		`[{"metric":"spend","days":[[20270308,9223372036854775808]]}]`, `[{"metric":"spend","days":[[20270308]]}]`,
		`[{"metric":"spend","days":[[20270308,1,2]]}]`, `[{"metric":"spend","days":[[20270308,450],]}]`, `[{"metric":"spend","days":[[20270308,450]]},]`,
	}
	for i := range written {
		texts = append(texts, written[:i], written[:i]+written[i+1:], written[:i]+"7"+written[i+1:], written[:i]+","+written[i:])
	}
	for _, text := range texts {
		want, wantErr := decodedByJSON(text)
		got, err := rowcodec.DecodeDays(text)
		require.Equal(t, wantErr != nil, err != nil, "%q: %v, %v", text, err, wantErr)
		if err == nil {
			require.Equal(t, fmt.Sprint(want), fmt.Sprint(got), text)
		}
	}
}

// BenchmarkDays reads and writes the days of a member who bought on every fourth day of
// a year.
func BenchmarkDays(b *testing.B) {
	var days []storage.DayCount
	for i := range 91 {
		days = append(days, storage.DayCount{Metric: "spend", Day: 20270101 + i, Amount: points.Amount(450 + i)})
	}
	b.ReportAllocs()
	for b.Loop() {
		text, err := rowcodec.EncodeDays(days)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := rowcodec.DecodeDays(text); err != nil {
			b.Fatal(err)
		}
	}
}
