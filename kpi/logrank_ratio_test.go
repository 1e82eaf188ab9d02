package kpi_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func TestTheRatioOfTwoGroupsIsThatOfTheirObservedToExpected(t *testing.T) {
	// The remissions of leukemia by Freireich and others, placebo against 6-MP: 21 of an
	// expected 10.75 against 9 of an expected 19.25.
	r := &kpi.LogRankResult{DF: 1, Observed: []float64{21, 9}, Expected: []float64{10.7495, 19.2505}}
	f, err := r.Ratio(0)
	require.NoError(t, err)
	value, ok := f.Value()
	require.True(t, ok)
	assert.InDelta(t, 4.1786, value, 5e-4)
	half := 1.959963984540054 * math.Sqrt(1/10.7495+1/19.2505)
	assert.InEpsilon(t, value*math.Exp(-half), f.Interval.Lower, 1e-12)
	assert.InEpsilon(t, value*math.Exp(half), f.Interval.Upper, 1e-12)
	other := &kpi.LogRankResult{DF: 1, Observed: []float64{9, 21}, Expected: []float64{19.2505, 10.7495}}
	inverse, err := other.Ratio(0)
	require.NoError(t, err)
	one, _ := inverse.Value()
	assert.InEpsilon(t, 1, one*value, 1e-12, "turned around it is the inverse")
	assert.InEpsilon(t, 1, inverse.Interval.Lower*f.Interval.Upper, 1e-12)
}

func TestTheRatioIsUndefinedWhereNobodyLeftOrGroupsAreNotTwo(t *testing.T) {
	for name, r := range map[string]*kpi.LogRankResult{
		"nobody left":  {Observed: []float64{0, 9}, Expected: []float64{4, 5}},
		"three groups": {Observed: []float64{1, 9, 3}, Expected: []float64{4, 5, 4}},
		"none":         {},
		"no numbers":   {Observed: []float64{math.NaN(), 2}, Expected: []float64{1, math.Inf(1)}},
	} {
		f, err := r.Ratio(0.9)
		require.NoError(t, err, name)
		_, ok := f.Value()
		assert.False(t, ok, name)
		assert.Nil(t, f.Interval, name)
	}
	_, err := (&kpi.LogRankResult{}).Ratio(95)
	require.ErrorIs(t, err, kpi.ErrInvalid)
}
