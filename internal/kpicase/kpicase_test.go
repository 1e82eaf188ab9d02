package kpicase

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEveryReferenceValueIsTestedBySomebody(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Load(t) {
		assert.NotEmpty(t, Owner(c.ID), "nobody tests %s: give it an owner", c.ID)
		assert.False(t, seen[c.ID], "two cases are named %s", c.ID)
		seen[c.ID] = true
		assert.NotZero(t, c.Tol, "%s has no tolerance", c.ID)
	}
	assert.NotEmpty(t, seen)
}

func TestTheLongestStartOfAnIDDecides(t *testing.T) {
	assert.Equal(t, Figures, Owner("clv.simple"))
	assert.Equal(t, Models, Owner("clv.cdnow.bgnbd_gg"))
	assert.Empty(t, Owner("weather.vienna"))
	assert.Equal(t, "a.b", longest(map[string]Check{"a.": nil, "a.b": nil, "c": nil}, "a.bc"))
}

func TestATolerance(t *testing.T) {
	assert.True(t, Tolerance{Rel: 1e-9}.within(100, 100.00000009))
	assert.False(t, Tolerance{Rel: 1e-9}.within(100, 100.0000002))
	assert.True(t, Tolerance{Abs: 0.5}.within(91324, 91324.2))
	assert.False(t, Tolerance{Abs: 0.5}.within(91324, 91324.6))
	assert.False(t, Tolerance{Exact: true}.within(1, 1+1e-15))
	assert.False(t, Tolerance{Rel: 1}.within(1, math.NaN()), "no number is near NaN")
}
