package clv

import (
	"cmp"
	"iter"
	"math"
	"slices"
)

// BGBB is the beta-geometric/beta-Bernoulli model of Fader, Hardie and Shang,
// "Customer-Base Analysis in a Discrete-Time Noncontractual Setting", Marketing
// Science 29 (2010), for purchases that happen or not at given occasions, such as a
// yearly donation. At each occasion a customer who is alive buys with probability p
// and leaves before it with probability θ; p has a beta distribution with Alpha and
// Beta, θ one with Gamma and Delta.
type BGBB struct {
	Alpha, Beta, Gamma, Delta float64
}

// Occasions is what [BGBB] knows of a customer.
type Occasions struct {
	// ID names the customer in errors.
	ID string
	// Frequency counts the occasions with a purchase, Last is the number of the last
	// one, from 1, or 0 if there was none, and Number counts all occasions so far. The
	// first purchase, by which the customer was won, is not an occasion.
	Frequency, Last, Number int
	// Weight is how many customers with these figures there are. Zero means one.
	Weight float64
}

// Name returns "BG/BB".
func (BGBB) Name() string { return "BG/BB" }

// Params returns alpha, beta, gamma and delta.
func (m BGBB) Params() []Param {
	return []Param{{"alpha", m.Alpha}, {"beta", m.Beta}, {"gamma", m.Gamma}, {"delta", m.Delta}}
}

func (o Occasions) problems(row int, p *problems) {
	if o.Number < 1 {
		p.add(row, o.ID, "Number", float64(o.Number), "there was at least one occasion")
	}
	if o.Frequency < 0 || o.Frequency > o.Last {
		p.add(row, o.ID, "Frequency", float64(o.Frequency), "a count of occasions with a purchase, no more than up to the last one")
	}
	if o.Last < 0 || o.Last > o.Number || o.Frequency == 0 && o.Last > 0 {
		p.add(row, o.ID, "Last", float64(o.Last), "the number of the last occasion with a purchase, 0 without one")
	}
	if !isFinite(o.Weight) || o.Weight < 0 {
		p.add(row, o.ID, "Weight", o.Weight, "a weight is above 0, and 0 means 1")
	}
}

func (m BGBB) check(o Occasions) error {
	if err := checkParams(m.Params()); err != nil {
		return err
	}
	var p problems
	o.problems(-1, &p)
	return p.err()
}

// LogLikelihood returns the logarithm of the probability of what was seen.
func (m BGBB) LogLikelihood(o Occasions) (float64, error) {
	if err := m.check(o); err != nil {
		return 0, err
	}
	return finite(m.log(o, 0, nil), "the log-likelihood")
}

// Alive returns the probability that the customer will be alive at the occasion
// that many after the last one so far: 1 for the next one.
func (m BGBB) Alive(o Occasions, ahead int) (float64, error) {
	if err := m.checkAhead(o, ahead); err != nil {
		return 0, err
	}
	return finite(math.Exp(m.logAlive(o, float64(ahead))-m.log(o, 0, nil)), "the probability of being alive")
}

// ConditionalExpected returns the mean number of purchases at the next so many
// occasions.
func (m BGBB) ConditionalExpected(o Occasions, ahead int) (float64, error) {
	if err := m.checkAhead(o, ahead); err != nil {
		return 0, err
	}
	x, n := float64(o.Frequency), float64(o.Number)
	ll, sum := m.log(o, 0, nil), 0.0
	for i := range ahead {
		sum += math.Exp(m.logAlive(o, float64(i+1)) - ll)
	}
	return finite(sum*(m.Alpha+x)/(m.Alpha+m.Beta+n), "the expected number of purchases")
}

func (m BGBB) checkAhead(o Occasions, ahead int) error {
	if err := m.check(o); err != nil {
		return err
	}
	var p problems
	if ahead < 0 {
		p.add(-1, "", "ahead", float64(ahead), "a number of occasions is 0 or more")
	}
	return p.err()
}

func (m BGBB) logAlive(o Occasions, ahead float64) float64 {
	bought := branch{x: float64(o.Frequency), misses: float64(o.Number - o.Frequency), stays: float64(o.Number) + ahead}
	return bought.log(m)
}

// branch is one way in which what was seen can have come about: x purchases and so
// many misses while alive, after so many stays, and then leaving or not.
type branch struct {
	x, misses, stays float64
	leaves           bool
}

func (b branch) log(m BGBB) float64 {
	v := lgammaDelta(m.Alpha, b.x) + lgammaDelta(m.Beta, b.misses) - lgammaDelta(m.Alpha+m.Beta, b.x+b.misses) +
		lgammaDelta(m.Delta, b.stays) - lgammaDelta(m.Gamma+m.Delta, b.stays)
	if b.leaves {
		v -= math.Log1p((m.Delta + b.stays) / m.Gamma)
	}
	return v
}

func (b branch) derive(m BGBB, order int) (g [dims]float64, h [dims][dims]float64) {
	buys, leaves := digammaDelta(m.Alpha+m.Beta, b.x+b.misses), digammaDelta(m.Gamma+m.Delta, b.stays)
	g = [dims]float64{digammaDelta(m.Alpha, b.x) - buys, digammaDelta(m.Beta, b.misses) - buys, -leaves, digammaDelta(m.Delta, b.stays) - leaves}
	both := m.Gamma + m.Delta + b.stays
	if b.leaves {
		g[2] += 1/m.Gamma - 1/both
		g[3] -= 1 / both
	}
	if order < 2 {
		return g, h
	}
	buys, leaves = trigammaDelta(m.Alpha+m.Beta, b.x+b.misses), trigammaDelta(m.Gamma+m.Delta, b.stays)
	if b.leaves {
		leaves -= 1 / (both * both)
		h[2][2] = -1 / (m.Gamma * m.Gamma)
	}
	h[0][0] = trigammaDelta(m.Alpha, b.x) - buys
	h[1][0] = -buys
	h[1][1] = trigammaDelta(m.Beta, b.misses) - buys
	h[2][2] -= leaves
	h[3][2] = -leaves
	h[3][3] = trigammaDelta(m.Delta, b.stays) - leaves
	return g, h
}

// branches yields all ways: still alive, or gone after the last purchase or any
// miss since.
func (o Occasions) branches(yield func(branch) bool) {
	x := float64(o.Frequency)
	if !yield(branch{x: x, misses: float64(o.Number - o.Frequency), stays: float64(o.Number)}) {
		return
	}
	for stays := o.Last; stays < o.Number; stays++ {
		if !yield(branch{x: x, misses: float64(stays - o.Frequency), stays: float64(stays), leaves: true}) {
			return
		}
	}
}

// log returns the log-likelihood, and adds its derivatives to s.
func (m BGBB) log(o Occasions, order int, s *sums) float64 {
	highest := math.Inf(-1)
	for b := range o.branches {
		highest = max(highest, b.log(m))
	}
	total := 0.0
	for b := range o.branches {
		total += math.Exp(b.log(m) - highest)
	}
	ll := highest + math.Log(total)
	if order == 0 {
		return ll
	}
	var mean sums
	for b := range o.branches {
		share := math.Exp(b.log(m) - ll)
		g, h := b.derive(m, order)
		for i := range g {
			mean.g[i] += share * g[i]
			for j := range i + 1 {
				mean.h[i][j] += share * (h[i][j] + g[i]*g[j])
			}
		}
	}
	for i := range mean.g {
		s.g[i] += o.Weight * mean.g[i]
		for j := range i + 1 {
			s.h[i][j] += o.Weight * (mean.h[i][j] - mean.g[i]*mean.g[j])
		}
	}
	return ll
}

type occasionLikelihood struct{ all []Occasions }

func (l occasionLikelihood) rows() int { return len(l.all) }

func (occasionLikelihood) whole([dims]float64, int, *sums) {}

func (l occasionLikelihood) part(lo, hi int, p [dims]float64, order int, s *sums) {
	m := BGBB{p[0], p[1], p[2], p[3]}
	for _, o := range l.all[lo:hi] {
		s.ll += o.Weight * m.log(o, order, s)
	}
}

const neverLeave = "customers show no sign of leaving, or all the same, so gamma and delta have no finite estimate: take in customers who were observed for longer"

// FitBGBB fits a [BGBB] by maximum likelihood. Equal customers are taken together.
func FitBGBB(customers iter.Seq[Occasions], o *FitOptions) (Fit[BGBB], error) {
	level, err := o.level()
	if err != nil {
		return Fit[BGBB]{}, err
	}
	l, rows, err := readOccasions(customers)
	if err != nil {
		return Fit[BGBB]{}, err
	}
	build := func(v []float64) BGBB { return BGBB{v[0], v[1], v[2], v[3]} }
	weight, bought := 0.0, 0
	for _, o := range l.all {
		weight += o.Weight
		bought += o.Frequency
	}
	starts := logsOf([]float64{1, 1, 1, 3}, []float64{0.5, 1, 0.3, 0.5}, []float64{2, 1, 1, 20})
	var p peak
	reason := neverLeave
	if bought == 0 {
		reason = noRepeats
		p = peak{logs: starts[0], at: evaluate(l, starts[0], 1), climbs: true}
	} else {
		p = maximize(l, l, starts, float64(rows)/weight)
	}
	f, err := finish(p, []string{"alpha", "beta", "gamma", "delta"}, []float64{1, 1, 1, 1}, 0, level, build,
		func([]float64) verdict { return verdict{reason: reason} })
	f.Rows, f.Groups, f.Weight = rows, len(l.all), weight
	f.Gradient /= weight
	return f, err
}

func readOccasions(customers iter.Seq[Occasions]) (occasionLikelihood, int, error) {
	weights := map[Occasions]float64{}
	var p problems
	rows := 0
	for o := range customers {
		o.problems(rows, &p)
		rows++
		weight := o.Weight
		if weight == 0 {
			weight = 1
		}
		weights[Occasions{Frequency: o.Frequency, Last: o.Last, Number: o.Number}] += weight
	}
	if rows == 0 {
		p.add(-1, "", "customers", 0, "a fit needs customers")
	}
	var l occasionLikelihood
	for o, weight := range weights {
		o.Weight = weight
		l.all = append(l.all, o)
	}
	slices.SortFunc(l.all, func(a, b Occasions) int {
		return cmp.Or(cmp.Compare(a.Frequency, b.Frequency), cmp.Compare(a.Last, b.Last), cmp.Compare(a.Number, b.Number))
	})
	return l, rows, p.err()
}
