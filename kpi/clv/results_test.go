package clv_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi/clv"
)

// signatures are the types that exported functions and methods of exported types return,
// by "Func" or "Type.Method".
func signatures(t *testing.T) map[string][]string {
	t.Helper()
	returns := map[string][]string{}
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range parsed.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || !ast.IsExported(f.Name.Name) || f.Type.Results == nil {
				continue
			}
			name := f.Name.Name
			if f.Recv != nil {
				name = plainName(f.Recv.List[0].Type) + "." + name
			}
			if !ast.IsExported(name) {
				continue
			}
			for _, result := range f.Type.Results.List {
				for range max(1, len(result.Names)) {
					returns[name] = append(returns[name], plainName(result.Type))
				}
			}
		}
	}
	return returns
}

// plainName is the name of a type without pointers, slices, packages and type arguments.
func plainName(of ast.Expr) string {
	switch of := of.(type) {
	case *ast.StarExpr:
		return plainName(of.X)
	case *ast.ArrayType:
		return plainName(of.Elt)
	case *ast.IndexExpr:
		return plainName(of.X)
	case *ast.SelectorExpr:
		return plainName(of.X) + "." + of.Sel.Name
	case *ast.Ident:
		return of.Name
	}
	return ""
}

// always are numbers that there are for every value of their type.
var always = map[string]string{
	"Fit.AIC": "it is of the log-likelihood and the number of parameters, which each fit has",
}

func TestEveryNumberComesWithAWayToSayThatThereIsNone(t *testing.T) {
	numbers := 0
	for name, returns := range signatures(t) {
		if !slices.Contains(returns, "float64") {
			continue
		}
		numbers++
		last := returns[len(returns)-1]
		assert.Equal(t, always[name] == "", last == "error" || last == "bool", "%s returns %v", name, returns)
	}
	assert.Greater(t, numbers, 15)
}

// notFigures are types that functions return besides results: what they are given, or
// draw or read for others.
var notFigures = []string{"Customer", "Observed", "Occasions", "Cohort", "Param", "iter.Seq", "error", "bool", "float64", "string"}

func TestEveryResultSaysOfWhatItIsAndWhatOfItIsUnknown(t *testing.T) {
	walked := []string{"Fit", "SpendFit", "Value", "Forecast", "Holdout"}
	for name, returns := range signatures(t) {
		for _, of := range returns {
			assert.True(t, slices.Contains(walked, of) || slices.Contains(notFigures, of), "%s returns %s, which this test does not walk", name, of)
		}
	}
	purchases, spends, customers := fits(t)
	for _, f := range everyFit(t, purchases, spends, customers) {
		name := f.name
		require.NotEmpty(t, f.estimates, name)
		assert.InDelta(t, 0.95, f.level, 0, name)
		assert.Negative(t, f.logLikelihood, name)
		for _, e := range f.estimates {
			if !e.Known {
				assert.Equal(t, clv.Estimate{Name: e.Name, Value: e.Value}, e, name)
				assert.False(t, f.converged && len(f.boundaries) == 0, "%s of %s is not known, and nothing says why", e.Name, name)
				continue
			}
			assert.True(t, 0 < e.Lower && e.Lower < e.Value && e.Value < e.Upper && e.SE > 0, "%s of %s: %+v", e.Name, name, e)
		}
	}
	value, err := clv.LifetimeValue(purchases.Model, spends.Model, regular, year)
	require.NoError(t, err)
	assert.Equal(t, "BG/NBD and Gamma-Gamma, each step discounted at its end", value.Convention)
	assert.Equal(t, year, value.Horizon)
	for _, known := range []bool{true, false} {
		fit := purchases
		if !known {
			fit.Covariance = nil
		}
		forecast, err := clv.Predict(fit, spends, regular, year, nil)
		require.NoError(t, err)
		assert.Equal(t, value, forecast.Value)
		assert.InDelta(t, 0.95, forecast.Level, 0)
		assert.Equal(t, known, forecast.MeanKnown)
		assert.Equal(t, known, forecast.Lower > 0 && forecast.Lower < forecast.Expected && forecast.Expected < forecast.Upper)
		assert.Equal(t, known, forecast.Lower+forecast.Upper != 0)
		assert.Less(t, forecast.Low, forecast.High)
	}
	observed := []clv.Observed{
		{Customer: clv.Customer{ID: "a", Frequency: 1, Recency: 10, Age: 30}, Holdout: 1},
		{Customer: clv.Customer{ID: "b", Frequency: 3, Recency: 20, Age: 30}, Holdout: 1},
	}
	holdout, err := clv.Evaluate(purchases.Model, slices.Values(observed), 20, 4)
	require.NoError(t, err)
	assert.Equal(t, "BG/NBD, purchases expected of each customer after the calibration", holdout.Convention)
	assert.InDelta(t, 20, holdout.Duration, 0)
	assert.False(t, holdout.CorrelationKnown, "both bought as often")
	for _, r := range holdout.ByFrequency {
		some := r.Frequency == 1 || r.Frequency == 3
		assert.Equal(t, some, r.Known, "customers with %d", r.Frequency)
		assert.Equal(t, some, r.Expected > 0, "customers with %d", r.Frequency)
	}
}

// anyFit is a fit without its model's type.
type anyFit struct {
	name          string
	estimates     []clv.Estimate
	level         float64
	logLikelihood float64
	converged     bool
	boundaries    []string
}

func plain[M any](name string, f clv.Fit[M], err error) anyFit {
	if err != nil {
		name += ": " + err.Error()
	}
	return anyFit{name, f.Estimates, f.Level, f.LogLikelihood, f.Converged, f.Boundaries}
}

// everyFit has a fit of each model, one at a boundary and one without an optimum.
func everyFit(t *testing.T, purchases clv.Fit[clv.BGNBD], spends clv.SpendFit, customers []clv.Customer) []anyFit {
	t.Helper()
	all := slices.Values(customers)
	nbd, err := clv.FitNBD(all, nil)
	fits := []anyFit{plain("BG/NBD", purchases, nil), plain("Gamma-Gamma", spends.Fit, nil), plain("NBD", nbd, err)}
	mbg, err := clv.FitMBGNBD(all, nil)
	fits = append(fits, plain("MBG/NBD", mbg, err))
	pareto, err := clv.FitParetoNBD(all, nil)
	fits = append(fits, plain("Pareto/NBD", pareto, err))
	sbg, err := clv.FitSBG(slices.Values([]clv.Cohort{{ID: "high end", Survivors: []float64{1000, 869, 743, 653, 593, 551, 517, 491}}}), nil)
	fits = append(fits, plain("sBG", sbg, err))
	bgbb, err := clv.FitBGBB(slices.Values([]clv.Occasions{
		{Frequency: 0, Last: 0, Number: 6, Weight: 300},
		{Frequency: 1, Last: 1, Number: 6, Weight: 90},
		{Frequency: 2, Last: 2, Number: 6, Weight: 60},
		{Frequency: 1, Last: 4, Number: 6, Weight: 30},
		{Frequency: 3, Last: 3, Number: 6, Weight: 30},
		{Frequency: 2, Last: 5, Number: 6, Weight: 40},
		{Frequency: 4, Last: 6, Number: 6, Weight: 50},
		{Frequency: 6, Last: 6, Number: 6, Weight: 40},
		{Frequency: 5, Last: 6, Number: 6, Weight: 30},
	}), nil)
	fits = append(fits, plain("BG/BB", bgbb, err))
	for _, f := range fits {
		require.NotContains(t, f.name, ":")
	}
	loyal, once := slices.Clone(customers), slices.Clone(customers)
	for i := range loyal {
		loyal[i].Age = max(loyal[i].Recency, 1)
		once[i].Frequency, once[i].Recency, once[i].Monetary = 0, 0, 0
	}
	edge, err := clv.FitBGNBD(slices.Values(loyal), nil)
	fits = append(fits, plain("BG/NBD of customers who bought on their last day", edge, err))
	none, err := clv.FitBGNBD(slices.Values(once), nil)
	require.ErrorIs(t, err, clv.ErrNoOptimum)
	fits = append(fits, plain("BG/NBD of customers who never came again", none, err))
	assert.False(t, none.Converged)
	return fits
}

// Where a value is too large for a float64 there is an error, and no part of a result.
func TestNoPartOfAResultLeavesWithAnError(t *testing.T) {
	purchases, spends, _ := fits(t)
	huge := spends
	huge.Model = clv.GammaGamma{P: 1e300, Q: 1.5, V: 1e300}
	rich := clv.Customer{ID: "rich", Frequency: 3, Recency: 20, Age: 30, Monetary: 1e308}
	value, err := clv.LifetimeValue(purchases.Model, huge.Model, rich, clv.Horizon{Step: 1e308, Steps: 3})
	require.Error(t, err)
	assert.Zero(t, value)
	forecast, err := clv.Predict(purchases, huge, rich, year, nil)
	require.Error(t, err)
	assert.Zero(t, forecast)
	many := []clv.Observed{{Customer: clv.Customer{ID: "a", Age: 1, Weight: math.MaxFloat64}, Holdout: math.MaxInt}, {Customer: clv.Customer{ID: "b", Age: 1, Weight: math.MaxFloat64}, Holdout: math.MaxInt}}
	holdout, err := clv.Evaluate(purchases.Model, slices.Values(many), 1, 1)
	require.ErrorIs(t, err, clv.ErrUndefined)
	assert.True(t, reflect.ValueOf(holdout).IsZero())
}
