package clv

import (
	"cmp"
	"iter"
	"math"
	"slices"
)

// group is all customers with the same figures, and the sum of their weights.
type group struct {
	x, recency, age, weight float64
}

// count is all customers with the same number of purchases.
type count struct{ x, weight float64 }

// sample is what a fit of a transaction model reads. Groups are in an order that
// the order of the customers does not change; times are divided by unit.
type sample struct {
	groups        []group
	counts        []count
	rows          int
	weight, unit  float64
	repeats, ages float64 // weighted sums of frequencies and ages
	recent        bool    // every customer's last purchase is at the end
}

func readSample(customers iter.Seq[Customer]) (*sample, error) {
	type key struct {
		x            int
		recency, age uint64
	}
	s := &sample{}
	var p problems
	at := map[key]int{}
	for c := range customers {
		before := p.found.Total
		c.problems(s.rows, &p)
		s.rows++
		if p.found.Total > before {
			continue
		}
		k := key{c.Frequency, math.Float64bits(c.Recency + 0), math.Float64bits(c.Age + 0)}
		if i, ok := at[k]; ok {
			s.groups[i].weight += c.weight()
			continue
		}
		at[k] = len(s.groups)
		s.groups = append(s.groups, group{float64(c.Frequency), c.Recency, c.Age, c.weight()})
		s.unit = max(s.unit, c.Age)
	}
	if s.rows == 0 {
		p.add(-1, "", "customers", 0, "a fit needs customers")
	} else if s.unit == 0 && p.found.Total == 0 {
		p.add(-1, "", "Age", 0, "at least one customer has been observed for longer than no time")
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	s.prepare()
	return s, nil
}

func (s *sample) prepare() {
	slices.SortFunc(s.groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.age, b.age), cmp.Compare(a.recency, b.recency))
	})
	s.recent = true
	for i := range s.groups {
		g := &s.groups[i]
		g.age /= s.unit
		g.recency /= s.unit
		s.recent = s.recent && g.age == g.recency
	}
	s.total()
}

func (s *sample) total() {
	for _, g := range s.groups {
		if last := len(s.counts) - 1; last >= 0 && s.counts[last].x == g.x {
			s.counts[last].weight += g.weight
		} else {
			s.counts = append(s.counts, count{g.x, g.weight})
		}
		s.weight += g.weight
		s.repeats += g.weight * g.x
		s.ages += g.weight * g.age
	}
}

// coarse joins neighbors, so that at most about most groups are left: the middle
// one of each row of neighbors stands for all of them.
func (s *sample) coarse(most int) *sample {
	if len(s.groups) <= most {
		return s
	}
	stride := (len(s.groups) + most - 1) / most
	c := &sample{rows: s.rows, unit: s.unit}
	for near := range slices.Chunk(s.groups, stride) {
		middle := near[len(near)/2]
		middle.weight = 0
		for _, g := range near {
			middle.weight += g.weight
		}
		c.groups = append(c.groups, middle)
	}
	c.total()
	return c
}
