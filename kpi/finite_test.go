package kpi_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func TestTheLevelNextToOneHasAnInterval(t *testing.T) {
	level := math.Nextafter(1, 0)
	got, err := kpi.Wilson(1, 2, level)
	require.NoError(t, err)
	// z = 8.2924 for a tail of 2^-54, so that the bounds are 1/2 ± z/(2 sqrt(2+z²)).
	assert.InDelta(t, 0.5-8.2924/(2*math.Sqrt(2+8.2924*8.2924)), got.Lower, 1e-6)
	assert.InDelta(t, 1-got.Lower, got.Upper, 1e-12)
}

func TestAFigureOfNoFiniteNumbersIsShownAndMarshaled(t *testing.T) {
	share := kpi.Estimate("rate", kpi.Fraction, 0.5)
	for _, bound := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		with := share.With(kpi.Interval{Lower: bound, Upper: 1, Level: 0.95, Method: "wilson"})
		assert.Nil(t, with.Interval)
		assert.Contains(t, with.String(), "no interval")

		set := share
		set.Interval = &kpi.Interval{Lower: bound, Upper: 1, Level: 0.95, Method: "wilson"}
		assert.Contains(t, set.String(), "undefined to 100 %")
		text, err := json.Marshal(set)
		require.NoError(t, err)
		assert.Contains(t, string(text), `"interval":null`)
	}
	huge := kpi.Estimate("rate", kpi.Fraction, math.MaxFloat64)
	assert.Contains(t, huge.String(), "undefined")
}
