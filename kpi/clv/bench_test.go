package clv_test

import (
	"slices"
	"testing"

	"github.com/loyaltykit/loyaltykit/kpi/clv"
	"github.com/stretchr/testify/require"
)

func benchmarkFit[M clv.Model](b *testing.B, customers []clv.Customer, fit fitter[M]) {
	b.ReportAllocs()
	for b.Loop() {
		_, err := fit(slices.Values(customers), nil)
		require.NoError(b, err)
	}
}

func BenchmarkFitBGNBDOfCDNOW(b *testing.B)     { benchmarkFit(b, cdnow(b), clv.FitBGNBD) }
func BenchmarkFitMBGNBDOfCDNOW(b *testing.B)    { benchmarkFit(b, cdnow(b), clv.FitMBGNBD) }
func BenchmarkFitParetoNBDOfCDNOW(b *testing.B) { benchmarkFit(b, cdnow(b), clv.FitParetoNBD) }

// A million customers whose times are whole days, as from a log of orders, and a
// million of whom no two are alike.
func BenchmarkFitBGNBDOfAMillion(b *testing.B) {
	customers := drawn(b, models()[1], 1, 1_000_000)
	days := slices.Clone(customers)
	for i := range days {
		days[i].Recency = float64(int(days[i].Recency*7)) / 7
		days[i].Age = float64(int(days[i].Age*7)) / 7
	}
	b.Run("in days", func(b *testing.B) { benchmarkFit(b, days, clv.FitBGNBD) })
	b.Run("all different", func(b *testing.B) {
		for i := range customers {
			customers[i].Age += float64(i) * 1e-9
		}
		benchmarkFit(b, customers, clv.FitBGNBD)
	})
}

func BenchmarkConditionalExpected(b *testing.B) {
	c := clv.Customer{Frequency: 3, Recency: 20, Age: 39}
	for _, m := range models() {
		b.Run(m.Name(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := clv.ConditionalExpected(m, c, 52)
				require.NoError(b, err)
			}
		})
	}
}
