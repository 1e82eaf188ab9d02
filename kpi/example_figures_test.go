package kpi_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// must is how an example passes over errors that its input cannot have.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func eur(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func ExampleRetention() {
	month := kpi.Customers{Start: 1000, New: 200, End: 1050}
	fmt.Println(must(kpi.Retention(month)))
	month.LostFromStart = new(int64(130))
	fmt.Println(must(kpi.Retention(month)))
	// Output:
	// retention rate 85 %, 850 of 1000; totals: (end − new) / start
	// retention rate 87 %, 870 of 1000; set-based: of those at the start, who are there at the end
}

func ExampleCustomersOf() {
	month := must(kpi.CustomersOf(
		slices.Values([]string{"ann", "bob", "cem"}), // at the start
		slices.Values([]string{"dia", "eve"}),        // joined
		slices.Values([]string{"ann", "bob", "dia"}), // at the end
	))
	fmt.Println(must(kpi.Retention(month)))
	// Output: retention rate 66.67 %, 2 of 3; set-based: of those at the start, who are there at the end
}

func ExampleCohortRetention() {
	fmt.Println(must(kpi.CohortRetention(124, 781)))
	// Output: cohort retention rate 15.88 %, 124 of 781; members of the cohort who are active / its size
}

func ExampleChurn() {
	month := kpi.Customers{Start: 1000, New: 200, End: 1050, LostFromStart: new(int64(130))}
	for _, basis := range []kpi.ChurnBasis{kpi.LostFromStart, kpi.OverAverage, kpi.OverStartPlusNew, kpi.NetOfTotals} {
		fmt.Println(must(kpi.Churn(month, basis)))
	}
	// Output:
	// churn rate 13 %, 130 of 1000; lost from start: of those at the start, who are gone at the end
	// churn rate 14.63 %, 150 of 1025; over average: all who left / ((start + end) / 2)
	// churn rate 12.5 %, 150 of 1200; over start plus new: all who left / (start + new)
	// churn rate 15 %, 150 of 1000; net of totals: 1 − (end − new) / start
}

func ExampleCompoundChurn() {
	monthly := must(kpi.Churn(kpi.Customers{Start: 1000, End: 950, LostFromStart: new(int64(50))}, ""))
	yearly := must(kpi.CompoundChurn(monthly, 12))
	value, _ := yearly.Value()
	fmt.Printf("%.4f\n", value)
	// Output: 0.4596
}

func ExampleRevenueChurn() {
	churn := must(kpi.RevenueChurn(kpi.RecurringRevenue{Start: eur("20000"), Lost: eur("900"), Expansion: eur("1100")}))
	fmt.Println(churn.Gross)
	fmt.Println(churn.Net)
	// Output:
	// gross revenue churn rate 4.5 %, 900 of 20000; lost / start
	// net revenue churn rate -1 %, -200 of 20000; (lost − expansion) / start
}

func ExampleInactiveRate() {
	fmt.Println(must(kpi.InactiveRate(412, 2357, 90)))
	// Output: inactive rate 17.48 %, 412 of 2357; no purchase for 90 days
}

func ExampleInactivity() {
	asOf := time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC)
	inactive := must(kpi.NewInactivity(asOf, 90, time.UTC))
	for _, daysAgo := range []int{3, 40, 90, 91, 200} {
		inactive.Add(asOf.AddDate(0, 0, -daysAgo))
	}
	fmt.Println(inactive.Figure())
	// Output: inactive rate 40 %, 2 of 5, from 2027-01-01 until before 2027-04-01 UTC; no purchase for 90 days
}

func ExampleRepeatPurchaseRate() {
	fmt.Println(must(kpi.RepeatPurchaseRate(946, 2357)))
	// Output: repeat purchase rate 40.14 %, 946 of 2357; customers with 2 purchase periods or more / customers with 1 or more
}

func ExampleAverageOrderValue() {
	fmt.Println(must(kpi.AverageOrderValue(eur("104518.90"), 3291, "EUR")))
	// Output: average order value 31.76 EUR, 104518.9 of 3291; revenue / orders
}

func ExamplePurchaseFrequency() {
	fmt.Println(must(kpi.PurchaseFrequency(3291, 1200)))
	// Output: purchase frequency 2.7425, 3291 of 1200; orders / customers
}

func ExampleSimpleLifetimeValue() {
	value := must(kpi.SimpleLifetimeValue(kpi.Value{OrderValue: 60, Frequency: 4, Churn: 0.25, Margin: new(0.3), Currency: "EUR"}))
	fmt.Println(value.Revenue)
	fmt.Println(value.Margin)
	// Output:
	// lifetime revenue 960.00 EUR; order value × frequency × lifespan; lifespan is 1 / churn
	// lifetime margin 288.00 EUR; order value × frequency × lifespan × gross margin; lifespan is 1 / churn
}

func ExamplePerpetuity() {
	for _, form := range []kpi.PerpetuityForm{kpi.FirstPaymentAtStart, kpi.FirstPaymentExcluded, kpi.PaidAtPeriodEnd} {
		value, _ := must(kpi.Perpetuity(form, 72, 0.8, 0.1)).Value()
		fmt.Printf("%-22s %.2f\n", form, value)
	}
	// Output:
	// first_payment_at_start 264.00
	// first_payment_excluded 192.00
	// paid_at_period_end     240.00
}

func ExampleNPS() {
	scores := slices.Concat(slices.Repeat([]int{10}, 50), slices.Repeat([]int{7}, 30), slices.Repeat([]int{3}, 20))
	fmt.Println(must(kpi.NPS(scores, nil)))
	// Output: NPS 30 (95 % 14.1 to 44.2), 50 promoters, 30 passives, 20 detractors of 100
}

func ExampleNPSOf() {
	store, web := must(kpi.NewAnswers(kpi.Recommend)), must(kpi.NewAnswers(kpi.Recommend))
	for _, score := range []int{9, 10, 6} {
		if err := store.Add(score); err != nil {
			panic(err)
		}
	}
	if err := web.AddN(8, 2); err != nil {
		panic(err)
	}
	if err := store.Merge(web); err != nil {
		panic(err)
	}
	fmt.Println(must(kpi.NPSOf(store, nil)))
	// Output: NPS 20 (95 % -38.7 to 63.7), 2 promoters, 2 passives, 1 detractors of 5
}

func ExampleNPSOfOpinions() {
	opinions := kpi.Opinions{Detractors: 20, Passives: 30, Promoters: 50}
	for _, method := range []kpi.NPSMethod{kpi.AdjustedWald, kpi.Wald, kpi.ScoreTest, kpi.Bootstrap} {
		i := must(kpi.NPSOfOpinions(opinions, &kpi.NPSOptions{Method: method, Seed: 1})).Score.Interval
		fmt.Printf("%-13s %.1f to %.1f\n", method, i.Lower, i.Upper)
	}
	// Output:
	// adjusted_wald 14.1 to 44.2
	// wald          14.7 to 45.3
	// score_test    14.0 to 44.3
	// bootstrap     14.0 to 45.0
}

func ExampleCompareNPS() {
	before := kpi.Opinions{Detractors: 35, Passives: 30, Promoters: 35}
	after := kpi.Opinions{Detractors: 20, Passives: 30, Promoters: 50}
	change := must(kpi.CompareNPS(after, before, nil))
	p, _ := change.PValue.Value()
	fmt.Println(change.Difference)
	fmt.Printf("p = %.4f\n", p)
	// Output:
	// nps difference 30 (95 % 7.1 to 51.2); first minus second, adjusted_wald
	// p = 0.0096
}

func ExampleCSAT() {
	answers := must(kpi.NewAnswers(kpi.Satisfaction5))
	for i, n := range []int64{4, 6, 20, 45, 25} {
		if err := answers.AddN(i+1, n); err != nil {
			panic(err)
		}
	}
	csat := must(kpi.CSAT(answers, nil))
	fmt.Println(csat.Satisfied)
	fmt.Println(csat.Mean)
	// Output:
	// csat 70 % (95 % 60.42 % to 78.11 %), 70 of 100; top 2 boxes / answers, scale satisfaction_1_5
	// csat mean 3.81 (95 % 3.6092 to 4.0108), 381 of 100; mean answer, scale satisfaction_1_5
}

func ExampleCES() {
	answers := must(kpi.NewAnswers(kpi.Ease7))
	for i, n := range []int64{80, 210, 140, 110, 160, 180, 120} {
		if err := answers.AddN(i+1, n); err != nil {
			panic(err)
		}
	}
	ces := must(kpi.CES(answers, nil))
	fmt.Println(ces.Mean)
	fmt.Println(ces.Agreeing)
	fmt.Println(ces.Index)
	// Output:
	// ces mean 4.08 (95 % 3.9613 to 4.1987), 4080 of 1000; CES 2.0: mean agreement from 1 to 7, more is better
	// ces agreeing 46 % (95 % 42.93 % to 49.1 %), 460 of 1000; CES 2.0: answers 5 to 7 / answers
	// ces index -13 (95 % -18.2 to -7.7), -130 of 1000; CES 2.0: 100 × (answers 6 to 7 − answers 1 to 3) / answers
}

func ExampleCustomerEffort1() {
	answers := must(kpi.NewAnswers(kpi.Effort5))
	for i, n := range []int64{40, 30, 15, 10, 5} {
		if err := answers.AddN(i+1, n); err != nil {
			panic(err)
		}
	}
	fmt.Println(must(kpi.CustomerEffort1(answers, nil)))
	// Output: ces1 mean 2.1 (95 % 1.8649 to 2.3351), 210 of 100; CES 1.0: mean effort from 1 to 5, less is better
}

func ExampleRedemption() {
	cohorts := kpi.PointCounts{Issued: 100_000, Matured: 80_000, Redeemed: 45_000, Expired: 5_000}
	fmt.Println(must(kpi.Redemption(cohorts, kpi.OfIssued)))
	fmt.Println(must(kpi.Redemption(cohorts, kpi.OfMatured)))
	// Output:
	// redemption rate 45 %, 45000 of 100000; of issued: redeemed / issued, same cohorts
	// redemption rate 56.25 %, 45000 of 80000; of matured: redeemed / (issued − not yet redeemable), same cohorts
}

func ExampleBreakage() {
	fmt.Println(must(kpi.Breakage(kpi.PointCounts{Issued: 100_000, Redeemed: 45_000, Expired: 5_000})))
	// Output: breakage rate 5 %, 5000 of 100000; realized: expired / issued to date, same cohorts
}

func ExampleUltimate() {
	cohorts := kpi.PointCounts{Issued: 100_000, Redeemed: 45_000, Expired: 5_000}
	ultimate := must(kpi.Ultimate(cohorts, eur("0.75")))
	fmt.Println(ultimate.Breakage)
	fmt.Println(ultimate.OfOutstanding)
	// Output:
	// ultimate breakage rate 25 %, 25000 of 100000; 1 − ultimate redemption rate
	// expected redemption of outstanding 60 %, 30000 of 50000; (ultimate rate × issued − redeemed) / outstanding
}

func ExampleTierMoves() {
	moves := must(kpi.NewTierMoves("base", "gold"))
	for _, move := range [][2]string{
		{"base", "base"}, {"base", "base"}, {"base", "gold"}, {"gold", "gold"}, {"gold", "base"}, {"gold", kpi.NoTier}, {kpi.NoTier, "base"},
	} {
		if err := moves.Add(move[0], move[1]); err != nil {
			panic(err)
		}
	}
	migration := moves.Migration(kpi.Period{})
	fmt.Println(migration.Upgrade)
	fmt.Println(migration.Exit)
	// Output:
	// tier upgrade rate 16.67 %, 1 of 6; to a higher tier / members with a tier at the start
	// tier exit rate 16.67 %, 1 of 6; left with no tier / members with a tier at the start
}

func ExampleAcquisitionCost() {
	fmt.Println(must(kpi.AcquisitionCost(kpi.Spending{Amount: eur("50000"), Customers: 400, Currency: "EUR"})))
	// Output: acquisition cost 125.00 EUR, 50000 of 400; acquisition spending / new customers
}

func ExampleRetentionCost() {
	cost := must(kpi.RetentionCost(kpi.Spending{Amount: eur("18000"), Customers: 1700, Currency: "EUR"}, 2000))
	fmt.Println(cost.PerRetained)
	fmt.Println(cost.PerStart)
	// Output:
	// retention cost 10.59 EUR, 18000 of 1700; retention spending / retained customers
	// retention cost per start 9.00 EUR, 18000 of 2000; retention spending / customers at the start
}

func ExampleCostRatio() {
	won := must(kpi.AcquisitionCost(kpi.Spending{Amount: eur("50000"), Customers: 400}))
	kept := must(kpi.RetentionCost(kpi.Spending{Amount: eur("18000"), Customers: 1700}, 2000))
	fmt.Println(must(kpi.CostRatio(won, kept.PerRetained)))
	// Output: acquisition to retention cost 11.8056; acquisition_cost / retention_cost
}

func ExampleValueToCost() {
	value := must(kpi.SimpleLifetimeValue(kpi.Value{OrderValue: 60, Frequency: 4, Lifespan: 5, Margin: new(0.3)}))
	cost := must(kpi.AcquisitionCost(kpi.Spending{Amount: eur("50000"), Customers: 400}))
	fmt.Println(must(kpi.ValueToCost(value.Margin, cost)))
	// Output: lifetime value to acquisition cost 2.88; lifetime_margin / acquisition_cost
}

func ExampleProportionLift() {
	lift := must(kpi.ProportionLift(kpi.Arm{Hits: 320, Total: 2000}, kpi.Arm{Hits: 250, Total: 2000}, &kpi.LiftOptions{Design: kpi.Holdout}))
	fmt.Println(lift.Difference)
	fmt.Println(lift.Relative)
	p, _ := lift.PValue.Value()
	fmt.Printf("p = %.4f\n", p)
	// Output:
	// lift difference 3.5 % (95 % 1.33 % to 5.67 %); treated − control, Newcombe interval; causal estimate: holdout control
	// relative lift 28 % (95 % 9.8 % to 49.22 %), 140000 of 500000; treated rate / control rate − 1; causal estimate: holdout control
	// p = 0.0015
}

func ExampleSpendLift() {
	var members, others kpi.Spend
	for _, amount := range []string{"31.50", "12.00", "58.20", "40.00", "22.90"} {
		if err := members.Add(eur(amount)); err != nil {
			panic(err)
		}
	}
	for _, amount := range []string{"18.00", "25.40", "9.90", "30.00"} {
		if err := others.Add(eur(amount)); err != nil {
			panic(err)
		}
	}
	fmt.Println(must(kpi.SpendLift(&members, &others, nil)).Difference)
	// Output: spend difference 12.10 (95 % -9.81 to 34.00); treated mean − control mean, Welch interval; not causal: members and others differ in more than the program
}

func ExampleGoal() {
	start := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	goal := kpi.Goal{Key: "repeat_purchase_rate", Baseline: 0.40, Target: 0.45, Start: start, Due: start.AddDate(1, 0, 0)}
	today := must(kpi.RepeatPurchaseRate(1008, 2400))
	standing := must(goal.Standing(today, time.Date(2027, 7, 1, 0, 0, 0, 0, time.UTC)))
	fmt.Println(standing.State)
	fmt.Println(standing.Reason)
	// Output:
	// behind
	// 42 % is short of the 42.48 % expected on 2027-07-01, on the way to 45 % by 2028-01-01
}
