package main

import (
	"math"
	"slices"

	"github.com/loyaltykit/loyaltykit/kpi/clv"
)

// modelCases time the fits of package clv: to as many customers as CDNOW's sample
// has, and to a million. Customers are drawn from the fits of CDNOW, and seen by
// whole days over CDNOW's 27 to 39 weeks.
func modelCases() ([]kpiCase, error) {
	bg := clv.BGNBD{R: 0.2426, Alpha: 4.4136, A: 0.7929, B: 2.4259}
	few, err := drawnCustomers(bg, 2357)
	if err != nil {
		return nil, err
	}
	fewPareto, err := drawnCustomers(clv.ParetoNBD{R: 0.5533, Alpha: 10.578, S: 0.6062, Beta: 11.669}, 2357)
	if err != nil {
		return nil, err
	}
	many, err := drawnCustomers(bg, 1_000_000)
	if err != nil {
		return nil, err
	}
	return []kpiCase{
		{"fit-bgnbd", "customers", 0.010, func() (int, error) {
			_, err := clv.FitBGNBD(slices.Values(few), nil)
			return len(few), err
		}},
		{"fit-paretonbd", "customers", 0.060, func() (int, error) {
			_, err := clv.FitParetoNBD(slices.Values(fewPareto), nil)
			return len(fewPareto), err
		}},
		{"fit-bgnbd-million", "customers", 2, func() (int, error) {
			_, err := clv.FitBGNBD(slices.Values(many), nil)
			return len(many), err
		}},
	}, nil
}

func drawnCustomers(m clv.Model, n int) ([]clv.Customer, error) {
	drawn, err := clv.Simulate(m, 1, func(yield func(float64) bool) {
		for i := range n {
			if !yield(float64(188+i%85) / 7) {
				return
			}
		}
	})
	if err != nil {
		return nil, err
	}
	customers := slices.Collect(drawn)
	for i := range customers {
		customers[i].Recency = math.Floor(customers[i].Recency*7) / 7
	}
	return customers, nil
}
