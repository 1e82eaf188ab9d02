package kpi_test

import (
	"bufio"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/kpicase"
	"github.com/loyaltykit/loyaltykit/kpi"
)

func answers(t *testing.T, scale kpi.Scale, counts map[int]int64) *kpi.Answers {
	t.Helper()
	a, err := kpi.NewAnswers(scale)
	require.NoError(t, err)
	for answer, n := range counts {
		require.NoError(t, a.AddN(answer, n))
	}
	return a
}

// scoreStatistic is the statistic of the score test that the score is at, with the
// shares under it found by halving their likelihood's slope.
func scoreStatistic(o kpi.Opinions, seen, at float64) float64 {
	n := float64(o.Answered())
	slope := func(down float64) float64 {
		return float64(o.Promoters)/(down+at) + float64(o.Detractors)/down - 2*float64(o.Passives)/(1-2*down-at)
	}
	low, high := max(0, -at), (1-at)/2
	for range 200 {
		if mid := (low + high) / 2; slope(mid) > 0 {
			low = mid
		} else {
			high = mid
		}
	}
	return math.Abs(seen-at) / math.Sqrt((2*low+at-at*at)/n)
}

func checkRepeat(t *testing.T, c *kpicase.Case) {
	var input struct {
		Data string `json:"data"`
		End  string `json:"window_end"`
	}
	var expect map[string]float64
	c.Decode(t, &input, &expect)
	file, err := os.Open(filepath.Join(c.Dir, input.Data))
	require.NoError(t, err)
	defer file.Close()
	days, rows := map[string]map[string]bool{}, map[string]int{}
	last := strings.ReplaceAll(input.End, "-", "")
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if fields[2] > last {
			continue
		}
		if days[fields[1]] == nil {
			days[fields[1]] = map[string]bool{}
		}
		days[fields[1]][fields[2]] = true
		rows[fields[1]]++
	}
	var repeating, rowsRepeating int64
	for customer, of := range days {
		if len(of) > 1 {
			repeating++
		}
		if rows[customer] > 1 {
			rowsRepeating++
		}
	}
	for name, n := range map[string]int64{"repeat_rate": repeating, "rate_if_rows_not_merged": rowsRepeating} {
		f, err := kpi.RepeatPurchaseRate(n, int64(len(days)))
		require.NoError(t, err)
		c.Near(t, expect[name], defined(t, f), name)
	}
}
