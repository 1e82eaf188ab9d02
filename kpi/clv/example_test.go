package clv_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/loyaltykit/loyaltykit/kpi/clv"
)

// The models of the papers on CDNOW, in weeks.
var (
	paperBG     = clv.BGNBD{R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426}
	paperPareto = clv.ParetoNBD{R: 0.553, Alpha: 10.578, S: 0.606, Beta: 11.669}
	paperSpend  = clv.GammaGamma{P: 6.25, Q: 3.74, V: 15.44}
	// regular bought twice after the first purchase, in week 30 of 39.
	regular = clv.Customer{ID: "regular", Frequency: 2, Recency: 30.43, Age: 38.86, Monetary: 22.35}
)

// exampleCustomers come from a model, so that the examples need no file.
func exampleCustomers(m clv.Model) []clv.Customer {
	customers, err := clv.Simulate(m, 1, slices.Values(slices.Repeat([]float64{52, 48, 44, 40}, 1000)))
	if err != nil {
		return nil
	}
	return slices.Collect(customers)
}

func show[M any](f clv.Fit[M], err error) {
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range f.Estimates {
		fmt.Printf("%s %.2f (%.2f to %.2f)\n", e.Name, e.Value, e.Lower, e.Upper)
	}
}

// A shop fits its customers, and asks what one of them will do.
func Example() {
	fit, err := clv.FitBGNBD(slices.Values(exampleCustomers(paperBG)), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	alive, _ := clv.Alive(fit.Model, regular, 0)
	purchases, _ := clv.ConditionalExpected(fit.Model, regular, 39)
	fmt.Printf("alive %.0f %%, %.1f purchases in 39 weeks\n", 100*alive, purchases)
	// Output:
	// alive 73 %, 1.2 purchases in 39 weeks
}

func ExampleFitNBD() {
	show(clv.FitNBD(slices.Values(exampleCustomers(clv.NBD{R: 0.4, Alpha: 12})), nil))
	// Output:
	// r 0.40 (0.37 to 0.43)
	// alpha 11.81 (10.78 to 12.93)
}

func ExampleFitBGNBD() {
	show(clv.FitBGNBD(slices.Values(exampleCustomers(paperBG)), nil))
	// Output:
	// r 0.24 (0.22 to 0.26)
	// alpha 4.57 (4.05 to 5.15)
	// a 0.68 (0.52 to 0.90)
	// b 2.06 (1.43 to 2.96)
}

func ExampleFitMBGNBD() {
	show(clv.FitMBGNBD(slices.Values(exampleCustomers(clv.MBGNBD{R: 0.525, Alpha: 6.183, A: 0.891, B: 1.614})), nil))
	// Output:
	// r 0.59 (0.46 to 0.77)
	// alpha 6.78 (5.63 to 8.17)
	// a 0.83 (0.68 to 1.01)
	// b 1.31 (0.87 to 1.97)
}

func ExampleFitParetoNBD() {
	show(clv.FitParetoNBD(slices.Values(exampleCustomers(paperPareto)), nil))
	// Output:
	// r 0.54 (0.47 to 0.62)
	// alpha 10.91 (9.68 to 12.30)
	// s 0.51 (0.36 to 0.71)
	// beta 9.02 (4.40 to 18.48)
}

func ExampleFitGammaGamma() {
	rng := rand.New(rand.NewPCG(1, 1))
	var customers []clv.Customer
	for i := range 2000 {
		c := clv.Customer{Frequency: 1 + i%4}
		c.Monetary, _ = clv.SimulateSpend(paperSpend, rng, c.Frequency)
		customers = append(customers, c)
	}
	fit, err := clv.FitGammaGamma(slices.Values(customers), nil)
	show(fit.Fit, err)
	fmt.Printf("depends on frequency: %t\n", fit.Dependent)
	// Output:
	// p 7.19 (5.11 to 10.12)
	// q 3.73 (3.37 to 4.12)
	// v 13.09 (8.44 to 20.32)
	// depends on frequency: false
}

// The high-end customers of Fader and Hardie (2007), over seven renewals.
func ExampleFitSBG() {
	cohort := clv.Cohort{ID: "high end", Survivors: []float64{1000, 869, 743, 653, 593, 551, 517, 491}}
	show(clv.FitSBG(slices.Values([]clv.Cohort{cohort}), nil))
	// Output:
	// alpha 0.67 (0.49 to 0.91)
	// beta 3.81 (2.54 to 5.70)
}

func ExampleAlive() {
	now, _ := clv.Alive(paperPareto, regular, 0)
	inAYear, _ := clv.Alive(paperPareto, regular, 52)
	fmt.Printf("%.2f now, %.2f in a year\n", now, inAYear)
	// Output:
	// 0.87 now, 0.57 in a year
}

func ExampleAlivePath() {
	path, _ := clv.AlivePath(paperPareto, []float64{3, 7, 11}, []float64{11, 20, 40, 60})
	fmt.Printf("%.2f\n", path)
	// Output:
	// [1.00 0.69 0.18 0.05]
}

func ExampleLogLikelihood() {
	ll, _ := clv.LogLikelihood(paperBG, regular)
	fmt.Printf("%.3f\n", ll)
	// Output:
	// -9.459
}

func ExampleExpected() {
	year, _ := clv.Expected(paperBG, 52)
	fmt.Printf("a new customer buys %.2f times more in a year\n", year)
	// Output:
	// a new customer buys 1.45 times more in a year
}

func ExampleConditionalExpected() {
	purchases, _ := clv.ConditionalExpected(paperBG, regular, 39)
	fmt.Printf("%.3f\n", purchases) // the example of the paper
	// Output:
	// 1.226
}

func ExampleProbability() {
	none, _ := clv.Probability(paperBG, 0, 39)
	fmt.Printf("%.4f never come again in 39 weeks\n", none)
	// Output:
	// 0.5738 never come again in 39 weeks
}

func ExampleConditionalProbability() {
	none, _ := clv.ConditionalProbability(paperPareto, regular, 0, 13)
	fmt.Printf("%.2f do not come in the next quarter\n", none)
	// Output:
	// 0.63 do not come in the next quarter
}

func ExampleDERT() {
	weekly := math.Log(1.15) / 52.18 // 15 % a year
	dert, _ := clv.DERT(paperPareto, regular, weekly)
	fmt.Printf("%.2f discounted purchases to come\n", dert)
	// Output:
	// 6.52 discounted purchases to come
}

func ExampleGammaGamma_MeanOf() {
	all, _ := paperSpend.Mean()
	own, _ := paperSpend.MeanOf(regular)
	fmt.Printf("%.2f, for all %.2f\n", own, all)
	// Output:
	// 24.66, for all 35.22
}

// Twelve months of 30.4375 days, in a model in weeks, at 1 % a month.
func ExampleLifetimeValue() {
	year := clv.Horizon{Step: 30.4375 / 7, Steps: 12, Discount: 0.01}
	value, _ := clv.LifetimeValue(paperBG, paperSpend, regular, year)
	fmt.Printf("%.2f from %.2f purchases of %.2f\n", value.Expected, value.Purchases, value.Spend)
	// Output:
	// 36.31 from 1.56 purchases of 24.66
}

func ExamplePredict() {
	purchases, _ := clv.FitBGNBD(slices.Values(exampleCustomers(paperBG)), nil)
	rng := rand.New(rand.NewPCG(1, 1))
	spends, _ := clv.FitGammaGamma(func(yield func(clv.Customer) bool) {
		for i := range 2000 {
			c := clv.Customer{Frequency: 1 + i%4}
			c.Monetary, _ = clv.SimulateSpend(paperSpend, rng, c.Frequency)
			if !yield(c) {
				return
			}
		}
	}, nil)
	f, err := clv.Predict(purchases, spends, regular, clv.Horizon{Step: 52, Steps: 1}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("expected %.2f (%.2f to %.2f), will spend %.0f to %.0f\n", f.Expected, f.Lower, f.Upper, f.Low, f.High)
	// Output:
	// expected 38.62 (36.43 to 40.95), will spend 0 to 200
}

func ExampleEvaluate() {
	seen := slices.Values([]clv.Observed{
		{Customer: regular, Holdout: 1},
		{Customer: clv.Customer{Age: 38.86}},
		{Customer: clv.Customer{Age: 30}, Holdout: 1},
	})
	h, _ := clv.Evaluate(paperBG, seen, 39, 7)
	fmt.Printf("%.0f came, %.2f expected, error %.2f per customer\n", h.Actual, h.Expected, h.MAE)
	// Output:
	// 2 came, 1.66 expected, error 0.39 per customer
}

func ExampleTrack() {
	customers := slices.Values([]clv.Customer{{Age: 39, Weight: 700}, {Age: 35, Weight: 900}})
	track, _ := clv.Track(paperBG, customers, 13, 4)
	fmt.Printf("%.0f\n", track)
	// Output:
	// [731 1351 1838 2248]
}

func ExampleSimulate() {
	customers, _ := clv.Simulate(clv.NBD{R: 2, Alpha: 20}, 1, slices.Values([]float64{52, 52, 52}))
	for c := range customers {
		fmt.Printf("%d to week %.1f\n", c.Frequency, c.Recency)
	}
	// Output:
	// 1 to week 35.1
	// 5 to week 51.9
	// 0 to week 0.0
}

func ExamplePurchases() {
	times, _ := clv.Purchases(clv.NBD{R: 2, Alpha: 10}, rand.New(rand.NewPCG(1, 1)), 20)
	fmt.Printf("%.1f\n", times)
	// Output:
	// [3.6 5.4 14.5 18.6]
}

func ExampleSummarize() {
	fmt.Printf("%+v\n", clv.Summarize("anna", []float64{3, 7, 11}, 10))
	// Output:
	// {ID:anna Frequency:2 Recency:7 Age:10 Monetary:0 MonetaryFrequency:0 Weight:0}
}

func ExampleSBG_Survival() {
	m := clv.SBG{Alpha: 0.668, Beta: 3.806}
	stay, _ := m.Survival(2)
	renew, _ := m.Retention(2)
	lost, _ := m.Lost(2)
	fmt.Printf("%.3f are left, of %.3f who renew, %.3f were lost\n", stay, renew, lost)
	// Output:
	// 0.747 are left, of 0.878 who renew, 0.104 were lost
}

func ExampleSBG_Retention() {
	renew, _ := clv.SBG{Alpha: 0.668, Beta: 3.806}.Retention(1)
	later, _ := clv.SBG{Alpha: 0.668, Beta: 3.806}.Retention(5)
	fmt.Printf("%.3f renew the first time, %.3f of those who are left the fifth\n", renew, later)
	// Output:
	// 0.851 renew the first time, 0.921 of those who are left the fifth
}

func ExampleSBG_Lost() {
	lost, _ := clv.SBG{Alpha: 0.668, Beta: 3.806}.Lost(1)
	fmt.Printf("%.3f are lost at the first renewal\n", lost)
	// Output:
	// 0.149 are lost at the first renewal
}

func ExampleSBG_DEL() {
	whole, _ := clv.SBG{Alpha: 0.668, Beta: 3.806}.DEL(0.10)
	fmt.Printf("a new customer pays for %.2f discounted years\n", whole)
	// Output:
	// a new customer pays for 5.92 discounted years
}

func ExampleSBG_DERL() {
	m := clv.SBG{Alpha: 0.668, Beta: 3.806}
	whole, _ := m.DEL(0.10)
	left, _ := m.DERL(3, 0.10)
	fmt.Printf("%.2f years of a new customer, %.2f before the third renewal\n", whole, left)
	// Output:
	// 5.92 years of a new customer, 6.29 before the third renewal
}

func ExampleSimulateSpend() {
	mean, _ := clv.SimulateSpend(paperSpend, rand.New(rand.NewPCG(1, 1)), 3)
	fmt.Printf("%.2f\n", mean)
	// Output:
	// 14.63
}

func ExampleSimulateCohort() {
	c, _ := clv.SimulateCohort(clv.SBG{Alpha: 0.668, Beta: 3.806}, rand.New(rand.NewPCG(1, 1)), 1000, 3)
	fmt.Println(c.Survivors)
	// Output:
	// [1000 855 738 666]
}
