package kpi_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/kpicase"
	"github.com/loyaltykit/loyaltykit/kpi"
)

func TestVectorsOfLogs(t *testing.T) {
	kpicase.Run(t, kpicase.Log, map[string]kpicase.Check{
		"summary.": checkSummary, "cohort.": checkCohort, "rfm.": checkRFM, "km.": checkSurvival, "logrank.": checkLogRank,
	})
}

func dataFile(t testing.TB, name string) []byte {
	t.Helper()
	dir := os.Getenv("LOYALTYKIT_DATA")
	if dir == "" {
		t.Skip("LOYALTYKIT_DATA names no folder with the public data sets")
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return data
}

// decode reads what a case holds.
func decode[T any](t *testing.T, raw json.RawMessage) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal(raw, &v))
	return v
}

// rows calls visit for the fields of each line that has them.
func rows(t testing.TB, data []byte, visit func(fields []string)) {
	t.Helper()
	lines := bufio.NewScanner(strings.NewReader(string(data)))
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) > 0 {
			visit(fields)
		}
	}
	require.NoError(t, lines.Err())
}

func amount(t testing.TB, text string) kpi.Amount {
	t.Helper()
	a, err := kpi.ParseAmount(text)
	require.NoError(t, err)
	return a
}

func date(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, text)
	require.NoError(t, err)
	return at
}

// cdnowSample is the sample of one customer in ten, by the sample's ids.
func cdnowSample(t testing.TB) []kpi.Order {
	t.Helper()
	return cdnow(t, "CDNOW_sample.txt", 1, 2, 4)
}

func cdnowMaster(t testing.TB) []kpi.Order {
	t.Helper()
	return cdnow(t, "CDNOW_master.txt", 0, 1, 3)
}

func cdnow(t testing.TB, name string, member, day, usd int) []kpi.Order {
	t.Helper()
	var orders []kpi.Order
	rows(t, dataFile(t, name), func(f []string) {
		at, err := time.Parse("20060102", f[day])
		if err != nil {
			require.Empty(t, orders, "only the first line is a header")
			return
		}
		orders = append(orders, kpi.Order{Member: f[member], At: at, Amount: amount(t, f[usd])})
	})
	return orders
}

// fed is an accumulator with orders.
func fed[A kpi.Adder](t testing.TB, orders []kpi.Order) func(a A, err error) A {
	t.Helper()
	return func(a A, err error) A {
		t.Helper()
		require.NoError(t, err)
		for _, o := range orders {
			require.NoError(t, a.Add(o))
		}
		return a
	}
}

func checkSummary(t *testing.T, c *kpicase.Case) {
	orders := cdnowSample(t)
	in := decode[struct {
		End            string
		CalibrationEnd string `json:"calibration_end"`
		ObservationEnd string `json:"observation_end"`
	}](t, c.Input)
	want := decode[map[string]any](t, c.Expect)
	o := kpi.SummaryOptions{}
	if in.End != "" {
		o.AsOf = date(t, in.End)
	} else {
		o.AsOf, o.HoldoutEnd = date(t, in.CalibrationEnd), date(t, in.ObservationEnd)
	}
	s := fed[*kpi.SummaryAccumulator](t, orders)(kpi.NewSummaryAccumulator(&o)).Result()
	got := map[string]float64{"customers": float64(len(s.Customers)), "duration_holdout": s.HoldoutLength}
	for _, customer := range s.Customers {
		got["sum_frequency"] += float64(customer.Repeats)
		got["sum_frequency_cal"] += float64(customer.Repeats)
		got["sum_recency"] += customer.Recency
		got["sum_T"] += customer.Age
		got["sum_monetary"] += customer.Monetary
		got["max_frequency"] = max(got["max_frequency"], float64(customer.Repeats))
		got["sum_frequency_holdout"] += float64(customer.HoldoutRepeats)
		if customer.HoldoutOrders > 0 { // the reference averages orders that were not merged
			got["sum_monetary_holdout"] += customer.HoldoutSpend.Float64() / float64(customer.HoldoutOrders)
		}
		if customer.Repeats == 0 {
			got["zero_repeat"]++
		}
		if customer.HoldoutRepeats > 0 {
			got["customers_active_in_holdout"]++
		}
	}
	for key, value := range want {
		if number, ok := value.(float64); ok {
			assert.InEpsilon(t, number, got[key], 1e-12, key)
		}
	}
	first10, _ := want["first10"].([]any)
	for i, row := range first10 {
		customer, values := s.Customers[i], row.([]any)
		for j, have := range []float64{number(t, customer.Member), float64(customer.Repeats), customer.Recency, customer.Age, customer.Monetary} {
			assert.InDelta(t, values[j], have, 1e-12*max(1, have), "%s", customer.Member)
		}
	}
}

func checkCohort(t *testing.T, c *kpicase.Case) {
	want := decode[struct {
		Rows []struct {
			Cohort string
			Size   int
			Active []int
		}
	}](t, c.Expect)
	orders := cdnowSample(t)
	if c.ID == "cohort.cdnow_master.monthly" {
		orders = cdnowMaster(t)
	}
	m := fed[*kpi.CohortAccumulator](t, orders)(kpi.NewCohortAccumulator(nil)).Result()
	require.Len(t, m.Cohorts, len(want.Rows))
	for i, row := range want.Rows {
		cohort := m.Cohorts[i]
		assert.Equal(t, row.Cohort, cohort.Start.Format("2006-01"))
		assert.Equal(t, row.Size, cohort.Size)
		var active []int
		for _, cell := range cohort.Cells {
			active = append(active, cell.Active)
		}
		assert.Equal(t, row.Active, active)
	}
}

func checkRFM(t *testing.T, c *kpicase.Case) {
	var orders []kpi.Order
	for _, line := range strings.Split(strings.TrimSpace(string(dataFile(t, "rfm_orders.csv"))), "\n")[1:] {
		f := strings.Split(strings.TrimSpace(line), ",")
		id, err := strconv.Atoi(f[0])
		require.NoError(t, err)
		// Ids of equal length, so that their order is that of the numbers.
		orders = append(orders, kpi.Order{Member: fmt.Sprintf("%04d", id), At: date(t, f[1]), Amount: amount(t, f[2])})
	}
	type scores struct {
		Hist          struct{ R, F, M []int }
		SumCode       int `json:"sum_code"`
		DistinctCodes int `json:"distinct_codes"`
		N555          int `json:"n_555"`
		N111          int `json:"n_111"`
		First10       [][2]int
	}
	in := decode[struct {
		AnalysisDate string `json:"analysis_date"`
	}](t, c.Input)
	want := decode[struct {
		Cuts                 struct{ R, F, M []float64 }
		Default, Rpkg, Ntile scores
	}](t, c.Expect)
	for _, m := range []struct {
		method kpi.RFMMethod
		want   scores
	}{{kpi.ByQuantile, want.Default}, {kpi.LikeRPackage, want.Rpkg}, {kpi.ByRank, want.Ntile}} {
		t.Run(string(m.method), func(t *testing.T) {
			r := fed[*kpi.RFMAccumulator](t, orders)(kpi.NewRFMAccumulator(&kpi.RFMOptions{AsOf: date(t, in.AnalysisDate), Method: m.method})).Result()
			var got scores
			got.Hist.R, got.Hist.F, got.Hist.M = r.RecencyCounts, r.FrequencyCounts, r.MonetaryCounts
			codes := map[int]int{}
			for i := range r.Customers {
				customer := &r.Customers[i]
				codes[customer.Code()]++
				got.SumCode += customer.Code()
				if i < 10 {
					got.First10 = append(got.First10, [2]int{i + 1, customer.Code()})
				}
			}
			got.DistinctCodes, got.N555, got.N111 = len(codes), codes[555], codes[111]
			assert.Equal(t, m.want, got)
			if m.method != kpi.ByRank {
				assert.InEpsilonSlice(t, want.Cuts.R, r.RecencyCuts, 1e-14)
				assert.InEpsilonSlice(t, want.Cuts.F, r.FrequencyCuts, 1e-14)
				assert.InEpsilonSlice(t, want.Cuts.M, r.MonetaryCuts, 1e-14)
			}
		})
	}
}

func gehan(t *testing.T, group string) *kpi.SurvivalAccumulator {
	t.Helper()
	var a kpi.SurvivalAccumulator
	rows(t, dataFile(t, "gehan.dat"), func(f []string) {
		if f[0] == group {
			require.NoError(t, a.Add(kpi.Lifetime{Exit: number(t, f[1]), Event: f[2] == "1"}))
		}
	})
	return &a
}

func waltons(t *testing.T, group string) *kpi.SurvivalAccumulator {
	t.Helper()
	var a kpi.SurvivalAccumulator
	rows(t, []byte(strings.ReplaceAll(string(dataFile(t, "waltons.csv")), ",", " ")), func(f []string) {
		if f[2] == group {
			require.NoError(t, a.Add(kpi.Lifetime{Exit: number(t, f[0]), Event: f[1] == "1"}))
		}
	})
	return &a
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err)
	return n
}

func checkSurvival(t *testing.T, c *kpicase.Case) {
	type bounds struct{ Lower, Upper []*float64 }
	want := decode[struct {
		N        int
		Time     []float64
		AtRisk   []int             `json:"n_risk"`
		Events   []int             `json:"n_event"`
		Censored []int             `json:"n_censor"`
		Surv     []float64         `json:"surv"`
		SE       []*float64        `json:"greenwood_se_S"`
		Hazard   []float64         `json:"cumhaz_nelson_aalen"`
		CI       map[string]bounds `json:"ci95"`
		Median   float64           `json:"median_first_t_with_S_le_half"`
		Midpoint float64           `json:"median_R_midpoint_convention"`
		RMST     float64           `json:"rmst_to_max_time"`
	}](t, c.Expect)
	a := map[string]func() *kpi.SurvivalAccumulator{
		"km.leukemia_6mp":     func() *kpi.SurvivalAccumulator { return gehan(t, "2") },
		"km.leukemia_placebo": func() *kpi.SurvivalAccumulator { return gehan(t, "1") },
		"km.waltons_miR137":   func() *kpi.SurvivalAccumulator { return waltons(t, "miR-137") },
		"km.waltons_control":  func() *kpi.SurvivalAccumulator { return waltons(t, "control") },
	}[c.ID]()
	require.Len(t, want.CI, 3)
	for name, ci := range want.CI {
		s, err := a.Result(&kpi.SurvivalOptions{Interval: kpi.SurvivalInterval(name)})
		require.NoError(t, err)
		require.Len(t, s.Points, len(want.Time))
		assert.Equal(t, want.N, s.N)
		for i := range s.Points {
			p := &s.Points[i]
			assert.Equal(t, []int{want.AtRisk[i], want.Events[i], want.Censored[i]}, []int{p.AtRisk, p.Events, p.Censored})
			near(t, want.Time[i], p.Time)
			near(t, want.Surv[i], p.Survival)
			near(t, want.Hazard[i], p.CumulativeHazard)
			nearOr(t, want.SE[i], 0, p.StdErr)
			nearOr(t, ci.Lower[i], p.Survival, p.Lower)
			nearOr(t, ci.Upper[i], p.Survival, p.Upper)
		}
		median, ok := s.Median()
		assert.True(t, ok)
		near(t, want.Median, median)
		mean, _, ok := s.RestrictedMean(want.Time[len(want.Time)-1])
		assert.True(t, ok)
		near(t, want.RMST, mean)
	}
	s, err := a.Result(&kpi.SurvivalOptions{MidpointMedian: true})
	require.NoError(t, err)
	median, _ := s.Median()
	near(t, want.Midpoint, median)
}

func near(t *testing.T, want, got float64) {
	t.Helper()
	assert.InDelta(t, want, got, 1e-9*max(want, 1e-6))
}

// nearOr compares with a value that the reference may leave open.
func nearOr(t *testing.T, want *float64, otherwise, got float64) {
	t.Helper()
	if want == nil {
		want = &otherwise
	}
	near(t, *want, got)
}

func checkLogRank(t *testing.T, c *kpicase.Case) {
	want := decode[struct {
		ChiSq, P float64
		DF       int
		Obs, Exp []float64
	}](t, c.Expect)
	r, err := kpi.LogRank(gehan(t, "1"), gehan(t, "2"))
	require.NoError(t, err)
	near(t, want.ChiSq, r.ChiSquare)
	assert.InEpsilon(t, want.P, r.P, 1e-9)
	assert.Equal(t, want.DF, r.DF)
	assert.InEpsilonSlice(t, want.Obs, r.Observed, 1e-9)
	assert.InEpsilonSlice(t, want.Exp, r.Expected, 1e-9)
	r, err = kpi.LogRank(waltons(t, "miR-137"), waltons(t, "control"))
	require.NoError(t, err)
	assert.InDelta(t, 122.2491, r.ChiSquare, 5e-5, "the reference value for Waltons")
}
