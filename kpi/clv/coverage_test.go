package clv_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/loyaltykit/loyaltykit/kpi/clv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// trial simulates from the truth with a seed, fits, and returns the estimates.
type trial func(seed uint64) ([]clv.Estimate, error)

func transactionTrial[M clv.Model](truth M, fit fitter[M], customers int) trial {
	return func(seed uint64) ([]clv.Estimate, error) {
		drawn, err := clv.Simulate(truth, seed, func(yield func(float64) bool) {
			for i := range customers {
				if !yield(52 + 26*float64(i%183)/183) {
					return
				}
			}
		})
		if err != nil {
			return nil, err
		}
		f, err := fit(drawn, nil)
		if err == nil && len(f.Boundaries) > 0 {
			err = clv.ErrNoOptimum
		}
		return f.Estimates, err
	}
}

func spendTrial(truth clv.GammaGamma, customers int) trial {
	return func(seed uint64) ([]clv.Estimate, error) {
		rng := rand.New(rand.NewPCG(seed, 1))
		f, err := clv.FitGammaGamma(func(yield func(clv.Customer) bool) {
			for i := range customers {
				c := clv.Customer{Frequency: 1 + i%5}
				c.Monetary, _ = clv.SimulateSpend(truth, rng, c.Frequency)
				if !yield(c) {
					return
				}
			}
		}, nil)
		return f.Estimates, err
	}
}

func contractTrial(truth clv.SBG, customers int) trial {
	return func(seed uint64) ([]clv.Estimate, error) {
		c, err := clv.SimulateCohort(truth, rand.New(rand.NewPCG(seed, 2)), customers, 8)
		if err != nil {
			return nil, err
		}
		f, err := clv.FitSBG(slices.Values([]clv.Cohort{c}), nil)
		return f.Estimates, err
	}
}

// TestIntervalsCoverTheTruth fits simulated customers and counts how often the 95 %
// intervals hold the parameters that made them: at least 0.935 of 2,000 times, where
// LOYALTYKIT_PROVE_FULL is set, as by night. The small default allows for the chance in
// its few trials. In the control the intervals have half their width, and hold too few.
func TestIntervalsCoverTheTruth(t *testing.T) {
	whole := os.Getenv("LOYALTYKIT_PROVE_FULL") != ""
	bg := clv.BGNBD{R: 0.5, Alpha: 5, A: 0.8, B: 2.4}
	mbg := clv.MBGNBD{R: 0.8, Alpha: 6, A: 0.9, B: 1.6}
	pareto := clv.ParetoNBD{R: 0.8, Alpha: 8, S: 0.7, Beta: 12}
	for _, truth := range []struct {
		params []clv.Param
		name   string
		run    trial
		few    int
	}{
		{clv.NBD{R: 0.4, Alpha: 12}.Params(), "NBD", transactionTrial(clv.NBD{R: 0.4, Alpha: 12}, clv.FitNBD, 1000), 100},
		{bg.Params(), bg.Name(), transactionTrial(bg, clv.FitBGNBD, 3000), 40},
		{mbg.Params(), mbg.Name(), transactionTrial(mbg, clv.FitMBGNBD, 3000), 40},
		{pareto.Params(), pareto.Name(), transactionTrial(pareto, clv.FitParetoNBD, 3000), 20},
		{clv.GammaGamma{P: 6, Q: 4, V: 15}.Params(), "Gamma-Gamma", spendTrial(clv.GammaGamma{P: 6, Q: 4, V: 15}, 2000), 40},
		{clv.SBG{Alpha: 0.7, Beta: 3.8}.Params(), "sBG", contractTrial(clv.SBG{Alpha: 0.7, Beta: 3.8}, 2000), 100},
	} {
		t.Run(truth.name, func(t *testing.T) {
			t.Parallel()
			trials, least := truth.few, 0.95-3*math.Sqrt(0.95*0.05/float64(truth.few))
			if whole {
				trials, least = 2000, 0.935
			}
			covered, control, failed := cover(t, truth.params, truth.run, trials)
			assert.LessOrEqual(t, failed, trials/100, "fits without a finite maximum")
			for i, p := range truth.params {
				share := float64(covered[i]) / float64(trials)
				t.Logf("figure K1 %s: %s is in %.4f of %d intervals; %d without a fit", truth.name, p.Name, share, trials, failed)
				assert.GreaterOrEqual(t, share, least, "%s of %s", p.Name, truth.name)
				assert.True(t, !whole || share < 0.965, "an interval that holds too often is too wide")
				assert.Less(t, float64(control[i])/float64(trials), least, "the control: intervals of half the width hold %s of %s too seldom", p.Name, truth.name)
			}
		})
	}
}

// cover counts the intervals that hold each parameter, and for the control those that
// still hold it with half of their width.
func cover(t *testing.T, params []clv.Param, run trial, trials int) (covered, control []int, failed int) {
	t.Helper()
	found := make([][]clv.Estimate, trials)
	failures := make([]error, trials)
	var running sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		running.Go(func() {
			for i := w; i < trials; i += workers {
				found[i], failures[i] = run(uint64(i + 1))
			}
		})
	}
	running.Wait()
	covered, control = make([]int, len(params)), make([]int, len(params))
	for i, all := range found {
		if errors.Is(failures[i], clv.ErrNoOptimum) {
			failed++
			continue
		}
		require.NoError(t, failures[i], fmt.Sprint("seed ", i+1))
		for k, e := range all {
			require.True(t, e.Known)
			truth := params[k].Value
			if e.Lower <= truth && truth <= e.Upper {
				covered[k]++
			}
			if math.Sqrt(e.Lower*e.Value) <= truth && truth <= math.Sqrt(e.Upper*e.Value) {
				control[k]++
			}
		}
	}
	return covered, control, failed
}
