package kpi

import (
	"cmp"
	"slices"
	"strings"
)

// score gives scores and segments to the customers of a result.
func (r *rfmRule) score(result *RFM) {
	o, customers := &r.options, result.Customers
	days := func(c *RFMCustomer) float64 { return float64(c.Days) }
	orders := func(c *RFMCustomer) float64 { return float64(c.Orders) }
	money := func(c *RFMCustomer) float64 { return c.Spent.Float64() }
	if o.MeanMoney {
		money = func(c *RFMCustomer) float64 { return c.Spent.Float64() / float64(c.Orders) }
	}
	r.scoreBy(result, &result.RecencyCuts, o.RecencyCuts, days, true, func(c *RFMCustomer) *uint8 { return &c.R })
	r.scoreBy(result, &result.FrequencyCuts, o.FrequencyCuts, orders, false, func(c *RFMCustomer) *uint8 { return &c.F })
	r.scoreBy(result, &result.MonetaryCuts, o.MonetaryCuts, money, false, func(c *RFMCustomer) *uint8 { return &c.M })
	result.RecencyCounts, result.FrequencyCounts, result.MonetaryCounts = make([]int, o.Groups), make([]int, o.Groups), make([]int, o.Groups)
	result.SegmentCounts = make([]int, len(result.Segments))
	for i := range customers {
		c := &customers[i]
		result.RecencyCounts[c.R-1]++
		result.FrequencyCounts[c.F-1]++
		result.MonetaryCounts[c.M-1]++
		c.Segment = FindSegment(result.Segments, c)
		if c.Segment < 0 {
			result.Others++
		} else {
			result.SegmentCounts[c.Segment]++
		}
	}
}

func (r *rfmRule) scoreBy(result *RFM, cuts *[]float64, given []float64, value func(*RFMCustomer) float64, reversed bool, score func(*RFMCustomer) *uint8) {
	o, customers := &r.options, result.Customers
	if o.Method == ByRank {
		rankScores(customers, o.Groups, value, reversed, score)
		return
	}
	values := make([]float64, len(customers))
	for i := range customers {
		values[i] = value(&customers[i])
	}
	if *cuts = slices.Clone(given); o.Method != ByCuts {
		*cuts = quantilesOf(slices.Clone(values), o.Groups)
	}
	for i := range customers {
		at := uint8(1)
		for _, cut := range *cuts {
			if o.Method == LikeRPackage && values[i] >= cut+1 || o.Method != LikeRPackage && values[i] > cut {
				at++
			}
		}
		if reversed {
			at = uint8(o.Groups) + 1 - at
		}
		*score(&customers[i]) = at
	}
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
