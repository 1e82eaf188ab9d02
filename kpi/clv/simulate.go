package clv

import (
	"iter"
	"math"
	"math/rand/v2"
	"strconv"
)

// Purchases draws one customer from the model and returns the times of the repeat
// purchases up to age, counted from the first purchase, as the paper of the [Model]
// tells their story. The same generator state gives the same times.
func Purchases(m Model, rng *rand.Rand, age float64) ([]float64, error) {
	if err := checkParams(m.Params()); err != nil {
		return nil, err
	}
	if err := checkTime("age", age); err != nil {
		return nil, err
	}
	var times []float64
	draw(m, rng, age, func(at float64) { times = append(times, at) })
	return times, nil
}

func draw(m Model, rng *rand.Rand, age float64, visit func(float64)) {
	alive, next := m.start()
	if alive < 1 && rng.Float64() >= alive {
		return
	}
	next.walk(rng, age, visit)
}

// Simulate draws a customer by [Purchases] for each age and yields what would be seen
// of it. Its ID is its position, from 0. The same seed gives the same customers.
func Simulate(m Model, seed uint64, ages iter.Seq[float64]) (iter.Seq[Customer], error) {
	if err := checkParams(m.Params()); err != nil {
		return nil, err
	}
	return func(yield func(Customer) bool) {
		rng := rand.New(rand.NewPCG(seed, 0))
		row := 0
		for age := range ages {
			c := Customer{ID: strconv.Itoa(row), Age: age}
			draw(m, rng, age, func(at float64) {
				c.Frequency++
				c.Recency = at
			})
			if !yield(c) {
				return
			}
			row++
		}
	}, nil
}

// drawGamma draws from a gamma distribution with the given shape and rate 1, by
// the method of Marsaglia and Tsang, "A Simple Method for Generating Gamma
// Variables" (2000).
func drawGamma(rng *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return drawGamma(rng, shape+1) * math.Exp(-rng.ExpFloat64()/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := rng.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(1-rng.Float64()) < 0.5*x*x+d*(1-v+math.Log(v)) {
			return d * v
		}
	}
}

// drawBeta draws from a beta distribution. The smaller of two tiny shapes may
// make both gamma draws vanish: then one side gets all.
func drawBeta(rng *rand.Rand, a, b float64) float64 {
	x, y := drawGamma(rng, a), drawGamma(rng, b)
	if x+y == 0 {
		return indicator(rng.Float64() < a/(a+b))
	}
	return x / (x + y)
}

// SimulateSpend draws the mean spend of a customer's n purchases, n ≥ 1, by the
// [GammaGamma] model.
func SimulateSpend(m GammaGamma, rng *rand.Rand, n int) (float64, error) {
	if err := checkParams(m.Params()); err != nil {
		return 0, err
	}
	var p problems
	if n < 1 {
		p.add(-1, "", "n", float64(n), "a mean is of at least one purchase")
	}
	if err := p.err(); err != nil {
		return 0, err
	}
	scale := m.V / drawGamma(rng, m.Q)
	return finite(drawGamma(rng, m.P*float64(n))*scale/float64(n), "the mean spend")
}

// SimulateCohort draws the survivors of a cohort of the given size after each of so
// many renewals, the start first, by the [SBG] model.
func SimulateCohort(m SBG, rng *rand.Rand, size, renewals int) (Cohort, error) {
	if err := checkParams(m.Params()); err != nil {
		return Cohort{}, err
	}
	var p problems
	if size < 1 {
		p.add(-1, "", "size", float64(size), "a cohort has at least one customer")
	}
	if renewals < 1 {
		p.add(-1, "", "renewals", float64(renewals), "a cohort has at least one renewal")
	}
	if err := p.err(); err != nil {
		return Cohort{}, err
	}
	c := Cohort{Survivors: make([]float64, renewals+1)}
	for range size {
		leaves := drawBeta(rng, m.Alpha, m.Beta)
		c.Survivors[0]++
		for t := 1; t <= renewals && rng.Float64() >= leaves; t++ {
			c.Survivors[t]++
		}
	}
	return c, nil
}
