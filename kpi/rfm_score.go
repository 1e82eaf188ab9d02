package kpi

import (
	"cmp"
	"slices"
	"strings"
)

// score gives scores and segments to the customers of a result, on all cores.
func (r *rfmRule) score(result *RFM) {
	o := &r.options
	days := func(c *RFMCustomer) float64 { return float64(c.Days) }
	orders := func(c *RFMCustomer) float64 { return float64(c.Orders) }
	money := func(c *RFMCustomer) float64 { return c.Spent.Float64() }
	if o.MeanMoney {
		money = func(c *RFMCustomer) float64 { return c.Spent.Float64() / float64(c.Orders) }
	}
	r.scoreBy(result, &result.RecencyCuts, o.RecencyCuts, days, true, func(c *RFMCustomer) *uint8 { return &c.R })
	r.scoreBy(result, &result.FrequencyCuts, o.FrequencyCuts, orders, false, func(c *RFMCustomer) *uint8 { return &c.F })
	r.scoreBy(result, &result.MonetaryCuts, o.MonetaryCuts, money, false, func(c *RFMCustomer) *uint8 { return &c.M })
	result.Count()
}

// Count puts customers that have scores into segments and counts both, for results that were
// scored elsewhere, as by SQL: from 1 to Groups.
func (r *RFM) Count() {
	parts := partsOf(len(r.Customers))
	scores, segments := make([][3][256]int, parts), make([][]int, parts)
	inParts(parts, len(r.Customers), func(part, from, to int) {
		var count [3][256]int
		in := make([]int, len(r.Segments)+1)
		for i := range r.Customers[from:to] {
			c := &r.Customers[from+i]
			count[0][c.R]++
			count[1][c.F]++
			count[2][c.M]++
			c.Segment = findSegment(r.Segments, c)
			in[c.Segment+1]++
		}
		scores[part], segments[part] = count, in
	})
	r.RecencyCounts, r.FrequencyCounts, r.MonetaryCounts = make([]int, r.Groups), make([]int, r.Groups), make([]int, r.Groups)
	r.SegmentCounts, r.Others = make([]int, len(r.Segments)), 0
	for part := range parts {
		for i := range r.Groups {
			r.RecencyCounts[i] += scores[part][0][i+1]
			r.FrequencyCounts[i] += scores[part][1][i+1]
			r.MonetaryCounts[i] += scores[part][2][i+1]
		}
		r.Others += segments[part][0]
		for i := range r.Segments {
			r.SegmentCounts[i] += segments[part][i+1]
		}
	}
}

func (r *rfmRule) scoreBy(result *RFM, cuts *[]float64, given []float64, value func(*RFMCustomer) float64, reversed bool, score func(*RFMCustomer) *uint8) {
	o, customers := &r.options, result.Customers
	if o.Method == ByRank {
		rankScores(customers, o.Groups, value, reversed, score)
		return
	}
	if *cuts = slices.Clone(given); o.Method != ByCuts {
		values := make([]float64, len(customers))
		inParts(partsOf(len(values)), len(values), func(_, from, to int) {
			for i := from; i < to; i++ {
				values[i] = value(&customers[i])
			}
		})
		*cuts = quantilesOf(values, o.Groups)
	}
	inParts(partsOf(len(customers)), len(customers), func(_, from, to int) {
		for i := from; i < to; i++ {
			at, v := uint8(1), value(&customers[i])
			for _, cut := range *cuts {
				if o.Method == LikeRPackage && v >= cut+1 || o.Method != LikeRPackage && v > cut {
					at++
				}
			}
			if reversed {
				at = uint8(o.Groups) + 1 - at
			}
			*score(&customers[i]) = at
		}
	})
}

// quantilesOf are the quantiles of values that need not be sorted; it moves them.
func quantilesOf(values []float64, k int) []float64 {
	var places []int
	for j := 1; j < k; j++ {
		place := (len(values) - 1) * j
		places = append(places, place/k)
		if place%k > 0 {
			places = append(places, place/k+1)
		}
	}
	slices.Sort(places)
	if len(values) > 0 {
		selectPlaces(values, places)
	}
	return Quantiles(values, k)
}

// Quantiles are the k − 1 quantiles of type 7 that part sorted values into k, as
// [ByQuantile] cuts scores. No values have none.
//
// Source: R. Hyndman, Y. Fan, Sample quantiles in statistical packages (1996).
func Quantiles(sorted []float64, k int) []float64 {
	if len(sorted) == 0 || k < 2 {
		return nil
	}
	cuts := make([]float64, 0, k-1)
	for j := 1; j < k; j++ {
		place := (len(sorted) - 1) * j
		below, part := sorted[place/k], float64(place%k)/float64(k)
		cut := below
		if place%k > 0 {
			cut += part * (sorted[place/k+1] - below)
		}
		cuts = append(cuts, cut)
	}
	return cuts
}

// rankScores makes groups of equal size. The member's id decides between equal
// values.
func rankScores(customers []RFMCustomer, groups int, value func(*RFMCustomer) float64, reversed bool, score func(*RFMCustomer) *uint8) {
	type ranked struct {
		value float64
		place int
	}
	order := make([]ranked, len(customers))
	for i := range customers {
		order[i] = ranked{value(&customers[i]), i}
		if reversed {
			order[i].value = -order[i].value
		}
	}
	// Customers are in order of their ids, and so their places are too.
	slices.SortFunc(order, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.place, b.place))
	})
	size, greater := len(order)/groups, len(order)%groups
	for rank, one := range order {
		group := 0
		if split := greater * (size + 1); rank < split {
			group = rank / (size + 1)
		} else {
			group = greater + (rank-split)/size
		}
		*score(&customers[one.place]) = uint8(group + 1)
	}
}

// Top returns the members with the best codes, at most n: by code, then money
// spent, then id.
func (r *RFM) Top(n int) []RFMCustomer {
	return r.best(n, func(a, b *RFMCustomer) int {
		return cmp.Or(cmp.Compare(b.Code(), a.Code()), b.Spent.Cmp(a.Spent), strings.Compare(a.Member, b.Member))
	})
}

func (r *RFM) best(n int, compare func(a, b *RFMCustomer) int) []RFMCustomer {
	sorted := slices.Clone(r.Customers)
	slices.SortFunc(sorted, func(a, b RFMCustomer) int { return compare(&a, &b) })
	return sorted[:max(0, min(n, len(sorted)))]
}
