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

// The names of the fits.
const (
	fitBGNBD     = "fit-bgnbd"
	fitParetoNBD = "fit-paretonbd"
	fitMillion   = "fit-bgnbd-million"
)

// modelCases time the fits of package clv that are wanted: to the customers of CDNOW's
// sample, where LOYALTYKIT_DATA names the folder that has them, and to a million who are
// drawn from their fit, seen by whole days over the same 27 to 39 weeks.
func modelCases(wanted func(string) bool, say io.Writer) (cases []kpiCase, err error) {
	if wanted(fitBGNBD) || wanted(fitParetoNBD) {
		if cases, err = cdnowCases(say); err != nil {
			return nil, err
		}
	}
	if !wanted(fitMillion) {
		return cases, nil
	}
	many, err := drawnCustomers(clv.BGNBD{R: 0.2426, Alpha: 4.4136, A: 0.7929, B: 2.4259}, 1_000_000)
	if err != nil {
		return nil, err
	}
	return append(cases, kpiCase{fitMillion, "customers", 2, 0, func() (int, error) {
		_, err := clv.FitBGNBD(slices.Values(many), nil)
		return len(many), err
	}}), nil
}

func cdnowCases(say io.Writer) ([]kpiCase, error) {
	dir := os.Getenv("LOYALTYKIT_DATA")
	if dir == "" {
		_, err := fmt.Fprintf(say, "left out: %s and %s, since LOYALTYKIT_DATA names no folder with %s\n", fitBGNBD, fitParetoNBD, cdnowFile)
		return nil, err
	}
	few, err := cdnowCustomers(filepath.Join(dir, cdnowFile))
	if err != nil {
		return nil, err
	}
	return []kpiCase{
		{fitBGNBD, "customers", 0.010, 0, func() (int, error) {
			_, err := clv.FitBGNBD(slices.Values(few), nil)
			return len(few), err
		}},
		{fitParetoNBD, "customers", 0.060, 0, func() (int, error) {
			_, err := clv.FitParetoNBD(slices.Values(few), nil)
			return len(few), err
		}},
	}, nil
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
