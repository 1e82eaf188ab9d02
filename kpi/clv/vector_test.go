package clv_test

import (
	"bufio"
	"bytes"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/kpicase"
	"github.com/loyaltykit/loyaltykit/kpi/clv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestVector runs every reference case of these models by its id.
func TestVector(t *testing.T) {
	run := map[string]func(*testing.T, vector){
		"bgnbd.points.cdnow":   points[bgParams],
		"mbgnbd.points.cdnow":  points[mbgParams],
		"pnbd.points.cdnow":    points[paretoParams],
		"bgnbd.note027":        points[bgParams],
		"mbgnbd.note027":       points[mbgParams],
		"bgnbd.expectation":    expectation[bgParams],
		"pnbd.expectation":     expectation[paretoParams],
		"bgnbd.pmf":            pmf[bgParams],
		"pnbd.pmf":             pmf[paretoParams],
		"gg.points.cdnow":      spendPoints,
		"bgnbd.fit.cdnow":      transactionFit(clv.FitBGNBD, 1),
		"bgnbd.fit.cdnow_2dp":  transactionFit(clv.FitBGNBD, 1),
		"bgnbd.fit.cdnow_days": transactionFit(clv.FitBGNBD, 7),
		"mbgnbd.fit.cdnow":     transactionFit(clv.FitMBGNBD, 1),
		"pnbd.fit.cdnow":       transactionFit(clv.FitParetoNBD, 1),
		"nbd.fit.cdnow":        countFit,
		"gg.fit.cdnow":         spendFit,
		"sbg.fit.highend":      contractFit,
		"sbg.fit.regular":      contractFit,
		"sbg.predict.highend":  contractPrediction,
		"clv.cdnow.bgnbd_gg":   lifetimeValues,
	}
	checks := map[string]kpicase.Check{}
	for id, check := range run {
		checks[id] = func(t *testing.T, c *kpicase.Case) { check(t, vectorOf(c)) }
	}
	kpicase.Run(t, kpicase.Models, checks)
}

// The summaries are those of package kpi; here they feed a model.
func TestTheHoldoutOfTheSampleIsThatOfItsReferenceValue(t *testing.T) {
	cases := kpicase.Load(t)
	i := slices.IndexFunc(cases, func(c kpicase.Case) bool { return c.ID == "summary.cdnow_sample.holdout" })
	require.GreaterOrEqual(t, i, 0, "the case is in the file")
	holdout(t, vectorOf(&cases[i]))
}

// close asserts a value within the tolerance that the case states.
func (v vector) close(t *testing.T, want, got float64, what string) {
	t.Helper()
	assert.InDelta(t, want, got, v.Tol.Rel*math.Abs(want)+v.Tol.Abs, what)
}

type (
	bgParams     struct{ R, Alpha, A, B float64 }
	mbgParams    struct{ R, Alpha, A, B float64 }
	paretoParams struct{ R, Alpha, S, Beta float64 }
)

func (p bgParams) model() clv.Model     { return clv.BGNBD(p) }
func (p mbgParams) model() clv.Model    { return clv.MBGNBD(p) }
func (p paretoParams) model() clv.Model { return clv.ParetoNBD(p) }

type params interface{ model() clv.Model }

func points[P params](t *testing.T, v vector) {
	var input struct {
		Points []struct {
			Params   P
			X        int       `json:"x"`
			Recency  float64   `json:"t_x"`
			Age      float64   `json:"T"`
			Times    []float64 `json:"t"`
			Discount float64   `json:"discount_continuous"`
			Expect   struct {
				LL    float64   `json:"ll"`
				Alive float64   `json:"p_alive"`
				CET   []float64 `json:"cet"`
				DERT  float64   `json:"dert"`
			}
		}
	}
	v.input(t, &input)
	require.NotEmpty(t, input.Points)
	for _, p := range input.Points {
		m, c := p.Params.model(), clv.Customer{Frequency: p.X, Recency: p.Recency, Age: p.Age}
		ll, err := clv.LogLikelihood(m, c)
		require.NoError(t, err)
		v.close(t, p.Expect.LL, ll, "log-likelihood")
		alive, err := clv.Alive(m, c, 0)
		require.NoError(t, err)
		v.close(t, p.Expect.Alive, alive, "P(alive)")
		for i, at := range p.Times {
			expected, err := clv.ConditionalExpected(m, c, at)
			require.NoError(t, err)
			v.close(t, p.Expect.CET[i], expected, "expected purchases")
		}
		if p.Discount > 0 {
			dert, err := clv.DERT(m, c, p.Discount)
			require.NoError(t, err)
			v.close(t, p.Expect.DERT, dert, "DERT")
		}
	}
}

func expectation[P params](t *testing.T, v vector) {
	var input struct {
		Params P
		T      []float64
	}
	var expect struct{ Value []float64 }
	v.input(t, &input)
	v.expect(t, &expect)
	require.NotEmpty(t, input.T)
	for i, at := range input.T {
		got, err := clv.Expected(input.Params.model(), at)
		require.NoError(t, err)
		v.close(t, expect.Value[i], got, "E[X(t)]")
	}
}

func pmf[P params](t *testing.T, v vector) {
	var input struct {
		Params P
		T      float64
		N      []int
	}
	var expect struct {
		Value  []float64
		Beyond []float64 `json:"t30_n11_to_20"`
	}
	v.input(t, &input)
	v.expect(t, &expect)
	require.NotEmpty(t, input.N)
	for i, n := range input.N {
		got, err := clv.Probability(input.Params.model(), n, input.T)
		require.NoError(t, err)
		v.close(t, expect.Value[i], got, "P(X(t)=n)")
	}
	for i, want := range expect.Beyond {
		got, err := clv.Probability(input.Params.model(), 11+i, 30)
		require.NoError(t, err)
		v.close(t, want, got, "P(X(30)=n)")
	}
}

func spendPoints(t *testing.T, v vector) {
	var input struct {
		Params struct{ P, Q, V float64 }
		X      []int
		M      []float64
	}
	var expect struct {
		Mean       []float64  `json:"mean_spend"`
		Population float64    `json:"population_mean"`
		LL         []*float64 `json:"ll"`
	}
	v.input(t, &input)
	v.expect(t, &expect)
	m := clv.GammaGamma(input.Params)
	all, err := m.Mean()
	require.NoError(t, err)
	v.close(t, expect.Population, all, "mean of all")
	require.Len(t, input.X, 10)
	for i, x := range input.X {
		c := clv.Customer{Frequency: x, Monetary: input.M[i]}
		got, err := m.MeanOf(c)
		require.NoError(t, err)
		v.close(t, expect.Mean[i], got, "E[M|x,m]")
		ll, err := m.LogLikelihood(c)
		if expect.LL[i] == nil {
			require.ErrorIs(t, err, clv.ErrUndefined)
			continue
		}
		require.NoError(t, err)
		v.close(t, *expect.LL[i], ll, "log-likelihood")
	}
}

// fitted is what a case states of a fit.
type fitted struct {
	Params map[string]float64
	SE     map[string]float64
	LL     float64
}

func (v vector) fit(t *testing.T, want fitted, estimates []clv.Estimate, ll float64) {
	t.Helper()
	require.Len(t, want.Params, len(estimates))
	assert.GreaterOrEqual(t, ll, want.LL-v.Tol.LL)
	assert.InDelta(t, want.LL, ll, v.Tol.LL)
	for _, e := range estimates {
		require.Contains(t, want.SE, e.Name)
		require.True(t, e.Known)
		assert.InDelta(t, want.Params[e.Name], e.Value, v.Tol.InSEs*want.SE[e.Name], e.Name)
		assert.InEpsilon(t, want.SE[e.Name], e.SE, 1e-3, "standard error of %s", e.Name)
	}
}

func (v vector) customers(t *testing.T) []clv.Customer {
	t.Helper()
	var input struct {
		Data    string
		Columns struct {
			X       string `json:"x"`
			Recency string `json:"t_x"`
			Age     string `json:"T"`
			Money   string `json:"m"`
		}
	}
	v.input(t, &input)
	if input.Columns.Recency == "" {
		input.Columns.Recency, input.Columns.Age = "t.x", "T.cal"
	}
	return customersOf(t, input.Data, input.Columns.X, input.Columns.Recency, input.Columns.Age, input.Columns.Money)
}

func transactionFit[M clv.Model](fit fitter[M], scale float64) func(*testing.T, vector) {
	return func(t *testing.T, v vector) {
		customers := v.customers(t)
		for i := range customers {
			customers[i].Recency *= scale
			customers[i].Age *= scale
		}
		var want fitted
		v.expect(t, &want)
		f, err := fit(slices.Values(customers), nil)
		require.NoError(t, err)
		assert.True(t, f.Converged)
		assert.Empty(t, f.Boundaries)
		v.fit(t, want, f.Estimates, f.LogLikelihood)
	}
}

func countFit(t *testing.T, v vector) {
	customers := v.customers(t)
	var want struct {
		Params     map[string]float64
		Factorials float64 `json:"ll_with_factorials"`
	}
	v.expect(t, &want)
	f, err := clv.FitNBD(slices.Values(customers), nil)
	require.NoError(t, err)
	for _, e := range f.Estimates {
		assert.InDelta(t, want.Params[e.Name], e.Value, v.Tol.InSEs*e.SE, e.Name)
	}
	sum := 0.0
	for _, c := range customers {
		p, err := clv.Probability(f.Model, c.Frequency, c.Age)
		require.NoError(t, err)
		sum += math.Log(p)
	}
	assert.InDelta(t, want.Factorials, sum, v.Tol.LL)
	assert.InDelta(t, -9763.65761467, f.LogLikelihood, v.Tol.LL, "the timing likelihood that BTYDplus reports")
}

func spendFit(t *testing.T, v vector) {
	var want fitted
	v.expect(t, &want)
	f, err := clv.FitGammaGamma(slices.Values(v.customers(t)), nil)
	require.NoError(t, err)
	assert.Equal(t, 2357-946, f.Skipped)
	v.fit(t, want, f.Estimates, f.LogLikelihood)
	assert.True(t, f.CorrelationKnown)
	assert.False(t, f.Dependent)
}

func contractFit(t *testing.T, v vector) {
	var input struct{ Survivors []float64 }
	var expect struct {
		Params map[string]float64
		LL     float64
		SE     [2]float64
	}
	v.input(t, &input)
	v.expect(t, &expect)
	f, err := clv.FitSBG(slices.Values([]clv.Cohort{{ID: "2001", Survivors: input.Survivors}}), nil)
	require.NoError(t, err)
	want := fitted{Params: expect.Params, LL: expect.LL, SE: map[string]float64{"alpha": expect.SE[0], "beta": expect.SE[1]}}
	v.fit(t, want, f.Estimates, f.LogLikelihood)
}

func contractPrediction(t *testing.T, v vector) {
	var input struct {
		Alpha, Beta, Discount float64
		Periods               int
	}
	var expect struct {
		Survival, Retention []float64
		DEL                 float64
		DERL                map[int]float64 `json:"DERL_by_renewal_period_n"`
	}
	v.input(t, &input)
	v.expect(t, &expect)
	m := clv.SBG{Alpha: input.Alpha, Beta: input.Beta}
	for i := range input.Periods + 1 {
		s, err := m.Survival(i)
		require.NoError(t, err)
		v.close(t, expect.Survival[i], s, "S(t)")
	}
	for i := range input.Periods {
		r, err := m.Retention(i + 1)
		require.NoError(t, err)
		v.close(t, expect.Retention[i], r, "r(t)")
	}
	del, err := m.DEL(input.Discount)
	require.NoError(t, err)
	v.close(t, expect.DEL, del, "DEL")
	require.NotEmpty(t, expect.DERL)
	for n, want := range expect.DERL {
		derl, err := m.DERL(n, input.Discount)
		require.NoError(t, err)
		v.close(t, want, derl, "DERL")
	}
}

func lifetimeValues(t *testing.T, v vector) {
	var input struct {
		BGNBD    bgParams
		GG       struct{ P, Q, V float64 }
		Data     string
		Months   int
		Discount float64 `json:"monthly_discount"`
	}
	var expect struct {
		Weeks []float64 `json:"weeks_per_month_4_345"`
		Wrong []float64 `json:"wrong_days_per_month_30"`
	}
	v.input(t, &input)
	v.expect(t, &expect)
	file, _, _ := strings.Cut(input.Data, " ")
	customers := customersOf(t, file, "x", "t_x", "T", "zbar")
	h := clv.Horizon{Step: 4.345, Steps: input.Months, Discount: input.Discount}
	require.Len(t, expect.Weeks, 10)
	for i, want := range expect.Weeks {
		value, err := clv.LifetimeValue(input.BGNBD.model(), clv.GammaGamma(input.GG), customers[i], h)
		require.NoError(t, err)
		v.close(t, want, value.Expected, "lifetime value")
		assert.Equal(t, h, value.Horizon)
		assert.Less(t, value.Expected, expect.Wrong[i]/2, "weeks are not taken for days")
	}
}

// holdout reads the transactions themselves: day grain, weeks of 7 days.
func holdout(t *testing.T, v vector) {
	var expect struct {
		Customers int
		Cal       float64 `json:"sum_frequency_cal"`
		Holdout   float64 `json:"sum_frequency_holdout"`
		Days      float64 `json:"duration_holdout"`
	}
	v.expect(t, &expect)
	seen := observed(t)
	require.Len(t, seen, expect.Customers)
	repeats := 0
	for _, c := range seen {
		repeats += c.Frequency
	}
	assert.InDelta(t, expect.Cal, repeats, 0)
	for _, known := range []struct {
		model clv.Model
		want  float64
	}{
		{clv.BGNBD{R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426}, 1653.94},
		{clv.ParetoNBD{R: 0.5533971, Alpha: 10.5801985, S: 0.6060625, Beta: 11.6562237}, 1665.43},
	} {
		h, err := clv.Evaluate(known.model, slices.Values(seen), expect.Days/7, 7)
		require.NoError(t, err)
		assert.InDelta(t, expect.Holdout, h.Actual, 0)
		assert.InDelta(t, known.want, h.Expected, 0.01, "the sum that other packages get")
	}
}

// observed reads CDNOW's transactions into calibration and holdout.
func observed(t testing.TB) []clv.Observed {
	day := func(year int, month time.Month, day int) time.Time {
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	}
	end := day(1997, 9, 30)
	days := map[string][]time.Time{}
	lines := bufio.NewScanner(bytes.NewReader(dataFile(t, "CDNOW_sample.txt")))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 {
			continue
		}
		at, err := time.Parse("20060102", fields[2])
		require.NoError(t, err)
		days[fields[1]] = append(days[fields[1]], at)
	}
	require.NoError(t, lines.Err())
	var all []clv.Observed
	for _, id := range slices.Sorted(maps.Keys(days)) {
		bought := slices.SortedFunc(slices.Values(days[id]), time.Time.Compare)
		bought = slices.Compact(bought)
		var times []float64
		later := 0
		for _, at := range bought[1:] {
			if at.After(end) {
				later++
				continue
			}
			times = append(times, at.Sub(bought[0]).Hours()/24/7)
		}
		c := clv.Summarize(id, times, end.Sub(bought[0]).Hours()/24/7)
		all = append(all, clv.Observed{Customer: c, Holdout: later})
	}
	return all
}
