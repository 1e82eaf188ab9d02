package clv_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi/clv"
)

// highEnd are the contracts of the paper's high end, over seven renewals.
var highEnd = clv.Cohort{ID: "high end", Survivors: []float64{1000, 869, 743, 653, 593, 551, 517, 491}}

// around checks that the interval of each parameter, as a figure, is the fit's own.
func around[M interface{ Params() []clv.Param }](t *testing.T, f clv.Fit[M]) {
	t.Helper()
	for i, e := range f.Estimates {
		lower, upper, known := f.Around(func(m M) (float64, error) { return m.Params()[i].Value, nil })
		require.True(t, known)
		assert.InEpsilon(t, e.Lower, lower, 1e-6, e.Name)
		assert.InEpsilon(t, e.Upper, upper, 1e-6, e.Name)
	}
}

func TestTheIntervalOfAParameterAsAFigureIsItsOwn(t *testing.T) {
	customers := exampleCustomers(paperBG)
	bg, err := clv.FitBGNBD(slices.Values(customers), nil)
	require.NoError(t, err)
	around(t, bg)
	nbd, err := clv.FitNBD(slices.Values(customers), &clv.FitOptions{Level: 0.8})
	require.NoError(t, err)
	around(t, nbd)
	sbg, err := clv.FitSBG(slices.Values([]clv.Cohort{highEnd}), nil)
	require.NoError(t, err)
	around(t, sbg)
	bgbb, err := clv.FitBGBB(slices.Values(donors()), nil)
	require.NoError(t, err)
	around(t, bgbb)
}

func TestTheIntervalOfAProductAddsUpInLogarithms(t *testing.T) {
	f, err := clv.FitSBG(slices.Values([]clv.Cohort{highEnd}), nil)
	require.NoError(t, err)
	lower, upper, known := f.Around(func(m clv.SBG) (float64, error) { return m.Alpha * m.Beta * m.Beta, nil })
	require.True(t, known)
	c := f.Covariance
	width := 1.959963984540054 * math.Sqrt(c[0][0]+4*c[0][1]+4*c[1][1])
	product := f.Model.Alpha * f.Model.Beta * f.Model.Beta
	assert.InEpsilon(t, product*math.Exp(-width), lower, 1e-6)
	assert.InEpsilon(t, product*math.Exp(width), upper, 1e-6)
}

func TestWhatHasNoIntervalSaysSo(t *testing.T) {
	f, err := clv.FitSBG(slices.Values([]clv.Cohort{highEnd}), nil)
	require.NoError(t, err)
	for name, figure := range map[string]func(clv.SBG) (float64, error){
		"a figure that is undefined": func(clv.SBG) (float64, error) { return 0, clv.ErrUndefined },
		"a figure of 0":              func(clv.SBG) (float64, error) { return 0, nil },
		"a figure that is no number": func(clv.SBG) (float64, error) { return math.NaN(), nil },
		"a figure that is undefined nearby": func(m clv.SBG) (float64, error) {
			if m != f.Model {
				return 0, clv.ErrUndefined
			}
			return 1, nil
		},
	} {
		_, _, known := f.Around(figure)
		assert.False(t, known, name)
	}
	f.Covariance = nil
	_, _, known := f.Around(func(m clv.SBG) (float64, error) { return m.Alpha, nil })
	assert.False(t, known)
}

// A shop asks how sure it is of what new customers will do.
func ExampleFit_Around() {
	fit, err := clv.FitBGNBD(slices.Values(exampleCustomers(paperBG)), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	year := func(m clv.BGNBD) (float64, error) { return clv.Expected(m, 52) }
	purchases, _ := year(fit.Model)
	lower, upper, _ := fit.Around(year)
	fmt.Printf("%.2f purchases in a year (%.2f to %.2f)\n", purchases, lower, upper)
	// Output: 1.43 purchases in a year (1.34 to 1.53)
}
