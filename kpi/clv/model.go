package clv

import (
	"math"
	"math/rand/v2"
)

// Param is a parameter of a model. All of them are above 0.
type Param struct {
	Name  string
	Value float64
}

// Model is a model of how often customers buy: [NBD], [BGNBD], [MBGNBD] or
// [ParetoNBD], each of which names its paper. Its parameters describe all customers;
// the functions that take a Model and a [Customer] say what it expects of that one.
type Model interface {
	// Name is the model's usual name, such as "BG/NBD".
	Name() string
	// Params are the parameters in the order of the papers.
	Params() []Param

	logLikelihood(c Customer) float64
	// posterior is the chance that the customer is alive, and the process of one
	// who is, given what was seen.
	posterior(c Customer) (alive float64, next process)
	// start is the same right after a first purchase.
	start() (alive float64, next process)
	with(values []float64) Model
}

// process is the buying of a customer who is alive now, with rates that are known
// as distributions.
type process interface {
	expected(t float64) float64
	survival(t float64) float64
	probability(n int, t float64) float64
	discounted(rate float64) float64
	// walk draws one life and visits its purchases up to t in order.
	walk(rng *rand.Rand, t float64, visit func(at float64))
}

func checkParams(params []Param) error {
	var p problems
	for _, param := range params {
		if !isFinite(param.Value) || param.Value <= 0 {
			p.add(-1, "", param.Name, param.Value, "a parameter is above 0 and finite")
		}
	}
	return p.err()
}

func checkBoth(m Model, c Customer) error {
	if err := checkParams(m.Params()); err != nil {
		return err
	}
	return c.check()
}

// LogLikelihood returns the logarithm of the probability density of what was seen
// of one customer, not multiplied by the weight. Densities of [NBD], [BGNBD],
// [MBGNBD] and [ParetoNBD] are of the times of the purchases, so that their sums
// over the same customers may be compared.
func LogLikelihood(m Model, c Customer) (float64, error) {
	if err := checkBoth(m, c); err != nil {
		return 0, err
	}
	return finite(m.logLikelihood(c), "the log-likelihood")
}

// Alive returns the probability that the customer is still a customer at the time
// after from the end of the observation; after is 0 for now. One minus it is the
// risk of churn.
//
// With [BGNBD] it is 1 for every customer without a repeat purchase, a property of
// that model, in which customers leave only right after a repeat purchase; choose
// [MBGNBD] or [ParetoNBD] where one-time buyers matter. With [NBD] nobody leaves.
func Alive(m Model, c Customer, after float64) (float64, error) {
	if err := checkBoth(m, c); err != nil {
		return 0, err
	}
	if err := checkTime("after", after); err != nil {
		return 0, err
	}
	alive, next := m.posterior(c)
	return finite(alive*next.survival(after), "the probability of being alive")
}

// Expected returns the mean number of repeat purchases of a new customer in the
// time t after the first purchase: E[X(t)] of the [Model]'s paper.
func Expected(m Model, t float64) (float64, error) {
	if err := checkParams(m.Params()); err != nil {
		return 0, err
	}
	if err := checkTime("t", t); err != nil {
		return 0, err
	}
	alive, next := m.start()
	return finite(alive*next.expected(t), "the expected number of purchases")
}

// ConditionalExpected returns the mean number of purchases of this customer in the
// time t after the end of the observation. It is an expected count, which may
// exceed 1, not a probability, and includes the chance that the customer has left. It
// is E[X(t) | x, t_x, T] of the [Model]'s paper.
func ConditionalExpected(m Model, c Customer, t float64) (float64, error) {
	if err := checkBoth(m, c); err != nil {
		return 0, err
	}
	if err := checkTime("t", t); err != nil {
		return 0, err
	}
	alive, next := m.posterior(c)
	return finite(alive*next.expected(t), "the expected number of purchases")
}

// Probability returns the probability that a new customer makes n repeat purchases
// in the time t after the first purchase: P(X(t) = n) of the [Model]'s paper.
func Probability(m Model, n int, t float64) (float64, error) {
	if err := checkParams(m.Params()); err != nil {
		return 0, err
	}
	if err := checkCount(n, t); err != nil {
		return 0, err
	}
	alive, next := m.start()
	return finite(counts(alive, next, n, t), "the probability")
}

// ConditionalProbability returns the probability that this customer makes n
// purchases in the time t after the end of the observation: [Probability] with what is
// known of the customer's rates in place of those of all, and the chance of [Alive].
func ConditionalProbability(m Model, c Customer, n int, t float64) (float64, error) {
	if err := checkBoth(m, c); err != nil {
		return 0, err
	}
	if err := checkCount(n, t); err != nil {
		return 0, err
	}
	alive, next := m.posterior(c)
	return finite(counts(alive, next, n, t), "the probability")
}

func counts(alive float64, next process, n int, t float64) float64 {
	if n == 0 {
		return min(1, 1-alive+alive*next.probability(0, t))
	}
	return alive * next.probability(n, t)
}

func checkCount(n int, t float64) error {
	var p problems
	if n < 0 {
		p.add(-1, "", "n", float64(n), "a count is 0 or more")
	}
	if !isFinite(t) || t < 0 {
		p.add(-1, "", "t", t, "a time is 0 or more, in the unit of the model")
	}
	return p.err()
}

// DERT returns the discounted expected residual transactions of this customer: the
// number of all future purchases, each multiplied by e^(−rate·t) for its time t
// after the end of the observation. The rate is continuous and per unit of the
// model's time: an interest of 15 % a year is ln(1.15)/52.18 a week.
//
// For [ParetoNBD] it is the closed form of Fader, Hardie and Lee, "RFM and CLV:
// Using Iso-Value Curves for Customer Base Analysis" (2005); for [BGNBD] and
// [MBGNBD] the mean of λ/(rate + λp) over what is known of λ and p. Multiplied by
// the mean spend and a margin it is a residual lifetime value.
func DERT(m Model, c Customer, rate float64) (float64, error) {
	if err := checkBoth(m, c); err != nil {
		return 0, err
	}
	var p problems
	if !isFinite(rate) || rate <= 0 {
		p.add(-1, "", "rate", rate, "a continuous discount rate is above 0, per unit of the model's time")
	}
	if err := p.err(); err != nil {
		return 0, err
	}
	alive, next := m.posterior(c)
	return finite(alive*next.discounted(rate), "the discounted number of purchases")
}

// AlivePath returns [Alive] as it would have been seen at each time of at, from
// the times of the repeat purchases known then. All times count from the first
// purchase; purchases are in order.
func AlivePath(m Model, purchases, at []float64) ([]float64, error) {
	if err := checkPath(purchases, at); err != nil {
		return nil, err
	}
	path := make([]float64, len(at))
	for i, t := range at {
		alive, err := Alive(m, Summarize("", purchases, t), 0)
		if err != nil {
			return nil, err
		}
		path[i] = alive
	}
	return path, nil
}

func checkPath(purchases, at []float64) error {
	var p problems
	before := 0.0
	for i, t := range purchases {
		if !isFinite(t) || t < before {
			p.add(i, "purchases", "time", t, "purchases are in order, and none is before the first one at 0")
		} else {
			before = t
		}
	}
	for i, t := range at {
		if !isFinite(t) || t < 0 {
			p.add(i, "at", "time", t, "a time is 0 or more, from the first purchase")
		}
	}
	return p.err()
}

// Summarize returns what was seen of a customer up to age, from the times of the
// repeat purchases in order, counted from the first purchase: x, t_x and T of the
// papers of [Model].
func Summarize(id string, purchases []float64, age float64) Customer {
	c := Customer{ID: id, Age: age}
	for _, t := range purchases {
		if t > age {
			break
		}
		c.Frequency++
		c.Recency = t
	}
	return c
}

// logNegativeBinomial is ln P(n) of a Poisson count in time t whose rate has a
// gamma distribution with r and alpha.
func logNegativeBinomial(r, alpha float64, n int, t float64) float64 {
	x := float64(n)
	v := -r * math.Log1p(t/alpha)
	if n == 0 {
		return v
	}
	if t == 0 {
		return math.Inf(-1)
	}
	return v - x*math.Log1p(alpha/t) + lgammaDelta(r, x) - lgamma(x+1)
}
