package keyfigures

import "github.com/loyaltykit/loyaltykit/kpi"

// Key is a figure's place in the JSON, which never changes its meaning.
type Key struct {
	Name    string
	Unit    kpi.Unit
	Section string
	// Text says what it is.
	Text string
	// NoQuotient says why it has no numerator and denominator, and NoInterval why it has no
	// interval; empty where it can have them. One that can may still have none, where the
	// input allows none: a fit tells no standard error, a curve is at 0 or 1, or a sample
	// is too small, such as a single answer.
	NoQuotient, NoInterval string
}

// The sections of the report.
const (
	sectionCustomers = "Customers and orders"
	sectionModels    = "What models expect"
	sectionSurveys   = "What customers say"
	sectionCosts     = "What it costs"
	sectionMembers   = "Members"
	sectionPoints    = "Points"
)

func sections() []string {
	return []string{sectionCustomers, sectionModels, sectionSurveys, sectionCosts, sectionMembers, sectionPoints}
}

// Keys lists all keys, in the order of the report.
func Keys() []Key {
	keys := named()
	for i := range keys {
		keys[i].NoQuotient, keys[i].NoInterval = lacks(keys[i].Name)
	}
	return keys
}

func named() []Key {
	key := func(name string, unit kpi.Unit, section, text string) Key {
		return Key{Name: name, Unit: unit, Section: section, Text: text}
	}
	return []Key{
		key("customers", kpi.Count, sectionCustomers, "customers with a purchase"),
		key("orders", kpi.Count, sectionCustomers, "purchases"),
		key("refunds", kpi.Count, sectionCustomers, "orders with an amount below 0"),
		key("revenue", kpi.Money, sectionCustomers, "purchases less refunds"),
		key("average_order_value", kpi.Money, sectionCustomers, "revenue / purchases"),
		key("purchase_frequency", kpi.Count, sectionCustomers, "purchases / customers"),
		key("repeat_purchase_rate", kpi.Fraction, sectionCustomers, "customers who bought on 2 days or more / customers"),
		key("inactive_rate", kpi.Fraction, sectionCustomers, "customers without a purchase for -inactive-days / customers"),
		key("window_retention_rate", kpi.Fraction, sectionCustomers, "customers of -inactive-days before the last -inactive-days who bought in these too"),
		key("cohort_retention_month_1", kpi.Fraction, sectionCustomers, "who bought in the calendar month after that of the first purchase"),
		key("cohort_retention_month_3", kpi.Fraction, sectionCustomers, "the same, 3 months after"),
		key("cohort_retention_month_6", kpi.Fraction, sectionCustomers, "the same, 6 months after"),
		key("cohort_retention_month_12", kpi.Fraction, sectionCustomers, "the same, 12 months after"),
		key("second_purchase_median_days", kpi.Days, sectionCustomers, "median time from the first purchase to the next"),
		key("second_purchase_within_90_days", kpi.Fraction, sectionCustomers, "who buys again within 90 days of the first purchase"),
		key("second_purchase_restricted_mean_days", kpi.Days, sectionCustomers, "mean days to the second purchase, at most 90"),
		key("second_purchase_cohorts_p_value", kpi.Fraction, sectionCustomers, "log-rank test of whether customers of all months of first purchase come again at one rate"),
		key("groups_second_purchase_p_value", kpi.Fraction, sectionCustomers, "the same test of the groups of the costs"),
		key("groups_second_purchase_ratio", kpi.Multiple, sectionCustomers, "how many times as fast the first of two groups comes again as the second"),
		key("expected_active_customers", kpi.Count, sectionModels, "sum of P(alive)"),
		key("churn_risk_mean", kpi.Fraction, sectionModels, "mean of 1 − P(alive)"),
		key("expected_purchases_12_months", kpi.Count, sectionModels, "purchases that today's customers are expected to make"),
		key("expected_revenue_12_months", kpi.Money, sectionModels, "what they are expected to spend, discounted as the costs say"),
		key("expected_value_12_months_mean", kpi.Money, sectionModels, "the same for each customer"),
		key("new_customer_revenue_12_months", kpi.Money, sectionModels, "what a new customer is expected to spend, the first order too"),
		key("bgbb_active_customers", kpi.Count, sectionModels, "customers who are expected to be active in the next month, quarter or year, by BG/BB"),
		key("bgbb_purchase_periods_12_months", kpi.Count, sectionModels, "months, quarters or years with a purchase that they are expected to have in 12 months"),
		key("holdout_purchases", kpi.Count, sectionModels, "purchases after -calibration-end by the customers of before"),
		key("holdout_purchases_expected", kpi.Count, sectionModels, "what the model of the calibration expected of them"),
		key("holdout_error", kpi.Fraction, sectionModels, "expected / actual − 1"),
		key("nps", kpi.Score, sectionSurveys, "Net Promoter Score"),
		key("nps_wald", kpi.Score, sectionSurveys, "the same with the interval of Wald"),
		key("nps_score_test", kpi.Score, sectionSurveys, "the same with the interval of the score test"),
		key("nps_bootstrap", kpi.Score, sectionSurveys, "the same with the interval of 10,000 seeded resamples"),
		key("nps_change", kpi.Score, sectionSurveys, "the score of the last -inactive-days less that of as many before"),
		key("nps_change_p_value", kpi.Fraction, sectionSurveys, "of its test, two-sided"),
		key("csat_5", kpi.Fraction, sectionSurveys, "satisfied, 4 and 5 of 5"),
		key("csat_mean_5", kpi.Answer, sectionSurveys, "mean answer from 1 to 5"),
		key("csat_7", kpi.Fraction, sectionSurveys, "satisfied, 6 and 7 of 7"),
		key("csat_mean_7", kpi.Answer, sectionSurveys, "mean answer from 1 to 7"),
		key("ces_mean", kpi.Answer, sectionSurveys, "Customer Effort Score 2.0, mean"),
		key("ces_agreeing", kpi.Fraction, sectionSurveys, "the same, share of 5 to 7"),
		key("ces_index", kpi.Score, sectionSurveys, "the same, 6 and 7 less 1 to 3"),
		key("ces1_mean", kpi.Answer, sectionSurveys, "Customer Effort Score 1.0, mean, less is better"),
		key("period_return_rate", kpi.Fraction, sectionCosts, "customers from before the period of the costs who bought in it"),
		key("acquisition_cost", kpi.Money, sectionCosts, "acquisition spending / new customers"),
		key("retention_cost", kpi.Money, sectionCosts, "retention spending / those who bought again"),
		key("retention_cost_per_start", kpi.Money, sectionCosts, "retention spending / customers from before"),
		key("acquisition_to_retention_cost", kpi.Multiple, sectionCosts, "the one over the other"),
		key("new_customer_margin_12_months", kpi.Money, sectionCosts, "what a new customer is expected to bring × gross margin"),
		key("value_to_acquisition_cost", kpi.Multiple, sectionCosts, "that over the acquisition cost"),
		key("retention_rate", kpi.Fraction, sectionMembers, "contract customers at the start who are there at the end"),
		key("churn_rate", kpi.Fraction, sectionMembers, "1 less that"),
		key("churn_rate_over_average", kpi.Fraction, sectionMembers, "all who left / mean of start and end"),
		key("churn_rate_over_start_plus_new", kpi.Fraction, sectionMembers, "all who left / start and new"),
		key("churn_rate_net_of_totals", kpi.Fraction, sectionMembers, "1 − (end − new) / start"),
		key("annual_churn_rate", kpi.Fraction, sectionMembers, "churn compounded over the periods of a year"),
		key("gross_revenue_churn_rate", kpi.Fraction, sectionMembers, "recurring revenue lost / at the start"),
		key("net_revenue_churn_rate", kpi.Fraction, sectionMembers, "the same less expansion"),
		key("customer_lifespan_periods", kpi.Periods, sectionMembers, "1 / churn, in periods of the costs"),
		key("simple_lifetime_revenue", kpi.Money, sectionMembers, "average order value × purchase frequency × lifespan, of the period of the costs"),
		key("simple_lifetime_margin", kpi.Money, sectionMembers, "the same × gross margin"),
		key("perpetuity_first_payment_at_start", kpi.Money, sectionMembers, "value of a contract that goes on, the first payment at once"),
		key("perpetuity_first_payment_excluded", kpi.Money, sectionMembers, "the same without the first payment"),
		key("perpetuity_paid_at_period_end", kpi.Money, sectionMembers, "the same with each payment at the end of its period"),
		key("sbg_next_renewal_rate", kpi.Fraction, sectionMembers, "contracts of today that are expected to be renewed next time, by sBG"),
		key("sbg_retention_12_periods", kpi.Fraction, sectionMembers, "new contracts that are expected to be there after 12 renewals"),
		key("sbg_expected_lifetime_periods", kpi.Periods, sectionMembers, "discounted expected lifetime of a new contract"),
		key("sbg_residual_lifetime_periods", kpi.Periods, sectionMembers, "the same of a contract of today, from the next renewal on, mean"),
		key("sbg_contract_value", kpi.Money, sectionMembers, "what a new contract is expected to bring: its lifetime × what it brings in a period"),
		key("tier_upgrade_rate", kpi.Fraction, sectionMembers, "members of a tier who are in a higher one at the end"),
		key("tier_downgrade_rate", kpi.Fraction, sectionMembers, "in a lower one"),
		key("tier_stay_rate", kpi.Fraction, sectionMembers, "in the same"),
		key("tier_exit_rate", kpi.Fraction, sectionMembers, "in none"),
		key("lift_treated_rate", kpi.Fraction, sectionMembers, "share of those with the program"),
		key("lift_control_rate", kpi.Fraction, sectionMembers, "share of those without"),
		key("lift_difference", kpi.Fraction, sectionMembers, "their difference; its note says whether it is causal"),
		key("relative_lift", kpi.Fraction, sectionMembers, "the one over the other, less 1"),
		key("incremental_hits", kpi.Count, sectionMembers, "what those with the program did beyond the share of those without"),
		key("lift_p_value", kpi.Fraction, sectionMembers, "of the pooled z test, two-sided"),
		key("spend_treated_mean", kpi.Money, sectionMembers, "mean spend of those with the program"),
		key("spend_control_mean", kpi.Money, sectionMembers, "of those without"),
		key("spend_lift_difference", kpi.Money, sectionMembers, "their difference, by Welch"),
		key("spend_lift_p_value", kpi.Fraction, sectionMembers, "of Welch’s test, two-sided"),
		key("redemption_rate_of_issued", kpi.Fraction, sectionPoints, "points redeemed / issued"),
		key("redemption_rate_of_matured", kpi.Fraction, sectionPoints, "points redeemed / redeemable until now"),
		key("breakage_rate", kpi.Fraction, sectionPoints, "points expired / issued"),
		key("redemption_rate_period_flow", kpi.Fraction, sectionPoints, "points redeemed in a month / issued in it; may exceed 1"),
		key("breakage_rate_period_flow", kpi.Fraction, sectionPoints, "points expired in a month / issued in it; may exceed 1"),
		key("ultimate_redemption_rate", kpi.Fraction, sectionPoints, "points that will be redeemed in the end / issued"),
		key("ultimate_breakage_rate", kpi.Fraction, sectionPoints, "1 less that"),
		key("expected_future_redemptions", kpi.Count, sectionPoints, "points still expected to be redeemed"),
		key("expected_redemption_of_outstanding", kpi.Fraction, sectionPoints, "those / outstanding points"),
		key("points_cost_liability", kpi.Money, sectionPoints, "those × cost of a point; a cost accrual, not IFRS 15"),
		key("points_liability", kpi.Money, sectionPoints, "contract liability by IFRS 15, from the real lots of an engine or the books of the costs"),
		key("points_revenue", kpi.Money, sectionPoints, "revenue of points in the last period of that"),
		key("points_breakage_revenue", kpi.Money, sectionPoints, "of that, for points that are not redeemed"),
		key("points_share_of_price", kpi.Fraction, sectionPoints, "stand-alone price of the points of a sale / of goods and points"),
		key("allocated_to_points", kpi.Money, sectionPoints, "the points' part of the price of the sale, which is deferred"),
		key("allocated_to_goods", kpi.Money, sectionPoints, "the goods' part, which is revenue at once"),
		key("gift_card_redemption_rate", kpi.Fraction, sectionPoints, "redeemed of gift cards / paid in or issued"),
		key("gift_card_breakage_rate", kpi.Fraction, sectionPoints, "expired on gift cards / paid in or issued"),
		key("gift_card_revenue", kpi.Money, sectionPoints, "revenue of gift cards until now, by IFRS 15"),
		key("gift_card_breakage_revenue", kpi.Money, sectionPoints, "of that, for value that is not redeemed"),
		key("gift_card_liability", kpi.Money, sectionPoints, "what is owed on gift cards"),
	}
}
