package clv_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/loyaltykit/loyaltykit/kpi/clv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// donors are the 11,104 donors over six years of Fader, Hardie and Shang (2010),
// table 1: frequency, last, number.
func donors() []clv.Occasions {
	counts := []struct{ x, last, donors int }{
		{6, 6, 1203},
		{5, 6, 728},
		{4, 6, 512},
		{3, 6, 357},
		{2, 6, 234},
		{1, 6, 129},
		{5, 5, 335},
		{4, 5, 284},
		{3, 5, 225},
		{2, 5, 173},
		{1, 5, 119},
		{4, 4, 240},
		{3, 4, 181},
		{2, 4, 155},
		{1, 4, 78},
		{3, 3, 322},
		{2, 3, 255},
		{1, 3, 129},
		{2, 2, 613},
		{1, 2, 277},
		{1, 1, 1091},
		{0, 0, 3464},
	}
	var all []clv.Occasions
	for _, c := range counts {
		all = append(all, clv.Occasions{Frequency: c.x, Last: c.last, Number: 6, Weight: float64(c.donors)})
	}
	return all
}

func TestBGBBFitsTheDonationsOfThePaper(t *testing.T) {
	f, err := clv.FitBGBB(slices.Values(donors()), nil)
	require.NoError(t, err)
	assert.InDelta(t, -33225.581274, f.LogLikelihood, 1e-3)
	for i, want := range []float64{1.20352235, 0.74971636, 0.65671821, 2.78344225} {
		e := f.Estimates[i]
		assert.InDelta(t, want, e.Value, 0.02*e.SE, e.Name)
	}
	assert.InDelta(t, 11104, f.Weight, 0)
}

func TestBGBBAgreesWithIntegrationOverIndividuals(t *testing.T) {
	m := clv.BGBB{Alpha: 1.2, Beta: 0.75, Gamma: 0.66, Delta: 2.8}
	buys, leaves := leaving(m.Alpha, m.Beta), leaving(m.Gamma, m.Delta)
	for i, o := range donors() {
		if i%4 > 0 && o.Frequency > 0 {
			continue
		}
		o.Weight = 0
		var all, alive, next float64
		const step = 0.25
		for i := range 320 {
			for j := range 320 {
				u, v := -40+step*float64(i), -40+step*float64(j)
				w := buys(u) + leaves(v)
				if w < -30 {
					continue
				}
				p, q := 1/(1+math.Exp(-u)), 1/(1+math.Exp(u))
				leave, stay := 1/(1+math.Exp(-v)), 1/(1+math.Exp(v))
				w = math.Exp(w) * step * step
				x, n := float64(o.Frequency), float64(o.Number)
				here := w * math.Pow(p, x) * math.Pow(q, n-x) * math.Pow(stay, n)
				all += here
				alive += here * stay
				next += here * p * (stay + stay*stay)
				for k := o.Last; k < o.Number; k++ {
					all += w * math.Pow(p, x) * math.Pow(q, float64(k)-x) * math.Pow(stay, float64(k)) * leave
				}
			}
		}
		ll, err := m.LogLikelihood(o)
		require.NoError(t, err)
		assert.InDelta(t, math.Log(all), ll, 1e-9, "%+v", o)
		got, err := m.Alive(o, 1)
		require.NoError(t, err)
		assert.InDelta(t, alive/all, got, 1e-9, "%+v", o)
		got, err = m.ConditionalExpected(o, 2)
		require.NoError(t, err)
		assert.InDelta(t, next/all, got, 1e-9, "%+v", o)
	}
}

func TestOccasionsThatMakeNoSenseAreRefused(t *testing.T) {
	m := clv.BGBB{Alpha: 1, Beta: 1, Gamma: 1, Delta: 1}
	for _, o := range []clv.Occasions{{}, {Frequency: 2, Last: 1, Number: 6}, {Last: 2, Number: 6}, {Frequency: 1, Last: 7, Number: 6}} {
		_, err := m.Alive(o, 1)
		require.ErrorIs(t, err, clv.ErrInvalid, "%+v", o)
		_, err = clv.FitBGBB(slices.Values([]clv.Occasions{o}), nil)
		require.ErrorIs(t, err, clv.ErrInvalid)
	}
	_, err := clv.FitBGBB(slices.Values([]clv.Occasions{{Number: 3, Weight: 9}}), nil)
	require.ErrorIs(t, err, clv.ErrNoOptimum)
}

func ExampleFitBGBB() {
	f, err := clv.FitBGBB(slices.Values(donors()), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	everyYear := clv.Occasions{Frequency: 6, Last: 6, Number: 6}
	alive, _ := f.Model.Alive(everyYear, 1)
	gifts, _ := f.Model.ConditionalExpected(everyYear, 5)
	fmt.Printf("%.2f, %.2f gifts in five years\n", alive, gifts)
	// Output:
	// 0.93, 3.75 gifts in five years
}

// The paper's fit of yearly donations.
var donations = clv.BGBB{Alpha: 1.204, Beta: 0.750, Gamma: 0.657, Delta: 2.783}

func ExampleBGBB_Alive() {
	alive, _ := donations.Alive(clv.Occasions{Frequency: 3, Last: 4, Number: 6}, 1)
	fmt.Printf("%.2f\n", alive)
	// Output:
	// 0.44
}

func ExampleBGBB_ConditionalExpected() {
	gifts, _ := donations.ConditionalExpected(clv.Occasions{Frequency: 3, Last: 4, Number: 6}, 5)
	fmt.Printf("%.2f gifts in five years\n", gifts)
	// Output:
	// 1.03 gifts in five years
}

func ExampleBGBB_LogLikelihood() {
	log, _ := donations.LogLikelihood(clv.Occasions{Frequency: 3, Last: 4, Number: 6})
	fmt.Printf("%.3f\n", log)
	// Output:
	// -5.059
}
