package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/loyaltykit/loyaltykit/kpi/clv"
)

// modelCases time the fits of package clv: to the customers of CDNOW's sample, where
// LOYALTYKIT_DATA names the folder that has them, and to a million who are drawn from
// their fit, seen by whole days over the same 27 to 39 weeks.
func modelCases(say io.Writer) ([]kpiCase, error) {
	bg := clv.BGNBD{R: 0.2426, Alpha: 4.4136, A: 0.7929, B: 2.4259}
	many, err := drawnCustomers(bg, 1_000_000)
	if err != nil {
		return nil, err
	}
	cases := []kpiCase{{"fit-bgnbd-million", "customers", 2, func() (int, error) {
		_, err := clv.FitBGNBD(slices.Values(many), nil)
		return len(many), err
	}}}
	dir := os.Getenv("LOYALTYKIT_DATA")
	if dir == "" {
		fmt.Fprintln(say, "left out: fit-bgnbd and fit-paretonbd, since LOYALTYKIT_DATA names no folder with "+cdnowFile)
		return cases, nil
	}
	few, err := cdnowCustomers(filepath.Join(dir, cdnowFile))
	if err != nil {
		return nil, err
	}
	return append([]kpiCase{
		{"fit-bgnbd", "customers", 0.010, func() (int, error) {
			_, err := clv.FitBGNBD(slices.Values(few), nil)
			return len(few), err
		}},
		{"fit-paretonbd", "customers", 0.060, func() (int, error) {
			_, err := clv.FitParetoNBD(slices.Values(few), nil)
			return len(few), err
		}},
	}, cases...), nil
}

// cdnowFile has the 2,357 customers of CDNOW's sample over 39 weeks.
const cdnowFile = "cdnow_btyd_summary.csv"

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
