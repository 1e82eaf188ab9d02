package keyfigures

import "github.com/loyaltykit/loyaltykit/kpi"

// Key is a figure's place in the JSON, which never changes its meaning.
type Key struct {
	Name    string
	Unit    kpi.Unit
	Section string
	// Text says what it is.
	Text string
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
	return []Key{
		{"customers", kpi.Count, sectionCustomers, "customers with a purchase"},
		{"orders", kpi.Count, sectionCustomers, "purchases"},
		{"refunds", kpi.Count, sectionCustomers, "orders with an amount below 0"},
		{"revenue", kpi.Money, sectionCustomers, "purchases less refunds"},
		{"average_order_value", kpi.Money, sectionCustomers, "revenue / purchases"},
		{"purchase_frequency", kpi.Count, sectionCustomers, "purchases / customers"},
		{"repeat_purchase_rate", kpi.Fraction, sectionCustomers, "customers who bought on 2 days or more / customers"},
		{"inactive_rate", kpi.Fraction, sectionCustomers, "customers without a purchase for -inactive-days / customers"},
		{"window_retention_rate", kpi.Fraction, sectionCustomers, "customers of -inactive-days before the last -inactive-days who bought in these too"},
		{"cohort_retention_month_1", kpi.Fraction, sectionCustomers, "who bought in the calendar month after that of the first purchase"},
		{"cohort_retention_month_3", kpi.Fraction, sectionCustomers, "the same, 3 months after"},
		{"cohort_retention_month_6", kpi.Fraction, sectionCustomers, "the same, 6 months after"},
		{"cohort_retention_month_12", kpi.Fraction, sectionCustomers, "the same, 12 months after"},
		{"second_purchase_median_days", kpi.Days, sectionCustomers, "median time from the first purchase to the next"},
		{"second_purchase_within_90_days", kpi.Fraction, sectionCustomers, "who buys again within 90 days of the first purchase"},
		{"second_purchase_restricted_mean_days", kpi.Days, sectionCustomers, "mean days to the second purchase, at most 90"},
		{"second_purchase_cohorts_p_value", kpi.Fraction, sectionCustomers, "log-rank test of whether customers of all months of first purchase come again at one rate"},
		{"groups_second_purchase_p_value", kpi.Fraction, sectionCustomers, "the same test of the groups of the costs"},
		{"groups_second_purchase_ratio", kpi.Multiple, sectionCustomers, "how many times as fast the first of two groups comes again as the second"},
		{"expected_active_customers", kpi.Count, sectionModels, "sum of P(alive)"},
		{"churn_risk_mean", kpi.Fraction, sectionModels, "mean of 1 − P(alive)"},
		{"expected_purchases_12_months", kpi.Count, sectionModels, "purchases that today's customers are expected to make"},
		{"expected_revenue_12_months", kpi.Money, sectionModels, "what they are expected to spend, discounted as the costs say"},
		{"expected_value_12_months_mean", kpi.Money, sectionModels, "the same for each customer"},
		{"new_customer_revenue_12_months", kpi.Money, sectionModels, "what a new customer is expected to spend, the first order too"},
		{"bgbb_active_customers", kpi.Count, sectionModels, "customers who are expected to be active in the next month, quarter or year, by BG/BB"},
		{"bgbb_purchase_periods_12_months", kpi.Count, sectionModels, "months, quarters or years with a purchase that they are expected to have in 12 months"},
		{"holdout_purchases", kpi.Count, sectionModels, "purchases after -calibration-end by the customers of before"},
		{"holdout_purchases_expected", kpi.Count, sectionModels, "what the model of the calibration expected of them"},
		{"holdout_error", kpi.Fraction, sectionModels, "expected / actual − 1"},
		{"nps", kpi.Score, sectionSurveys, "Net Promoter Score"},
		{"nps_wald", kpi.Score, sectionSurveys, "the same with the interval of Wald"},
		{"nps_score_test", kpi.Score, sectionSurveys, "the same with the interval of the score test"},
		{"nps_bootstrap", kpi.Score, sectionSurveys, "the same with the interval of 10,000 seeded resamples"},
		{"nps_change", kpi.Score, sectionSurveys, "the score of the last -inactive-days less that of as many before"},
		{"nps_change_p_value", kpi.Fraction, sectionSurveys, "of its test, two-sided"},
		{"csat_5", kpi.Fraction, sectionSurveys, "satisfied, 4 and 5 of 5"},
		{"csat_mean_5", kpi.Answer, sectionSurveys, "mean answer from 1 to 5"},
		{"csat_7", kpi.Fraction, sectionSurveys, "satisfied, 6 and 7 of 7"},
		{"csat_mean_7", kpi.Answer, sectionSurveys, "mean answer from 1 to 7"},
		{"ces_mean", kpi.Answer, sectionSurveys, "Customer Effort Score 2.0, mean"},
		{"ces_agreeing", kpi.Fraction, sectionSurveys, "the same, share of 5 to 7"},
		{"ces_index", kpi.Score, sectionSurveys, "the same, 6 and 7 less 1 to 3"},
		{"ces1_mean", kpi.Answer, sectionSurveys, "Customer Effort Score 1.0, mean, less is better"},
		{"period_return_rate", kpi.Fraction, sectionCosts, "customers from before the period of the costs who bought in it"},
		{"acquisition_cost", kpi.Money, sectionCosts, "acquisition spending / new customers"},
		{"retention_cost", kpi.Money, sectionCosts, "retention spending / those who bought again"},
		{"retention_cost_per_start", kpi.Money, sectionCosts, "retention spending / customers from before"},
		{"acquisition_to_retention_cost", kpi.Multiple, sectionCosts, "the one over the other"},
		{"new_customer_margin_12_months", kpi.Money, sectionCosts, "what a new customer is expected to bring × gross margin"},
		{"value_to_acquisition_cost", kpi.Multiple, sectionCosts, "that over the acquisition cost"},
		{"retention_rate", kpi.Fraction, sectionMembers, "contract customers at the start who are there at the end"},
		{"churn_rate", kpi.Fraction, sectionMembers, "1 less that"},
		{"churn_rate_over_average", kpi.Fraction, sectionMembers, "all who left / mean of start and end"},
		{"churn_rate_over_start_plus_new", kpi.Fraction, sectionMembers, "all who left / start and new"},
		{"churn_rate_net_of_totals", kpi.Fraction, sectionMembers, "1 − (end − new) / start"},
		{"annual_churn_rate", kpi.Fraction, sectionMembers, "churn compounded over the periods of a year"},
		{"gross_revenue_churn_rate", kpi.Fraction, sectionMembers, "recurring revenue lost / at the start"},
		{"net_revenue_churn_rate", kpi.Fraction, sectionMembers, "the same less expansion"},
		{"customer_lifespan_periods", kpi.Periods, sectionMembers, "1 / churn, in periods of the costs"},
		{"simple_lifetime_revenue", kpi.Money, sectionMembers, "average order value × purchase frequency × lifespan, of the period of the costs"},
		{"simple_lifetime_margin", kpi.Money, sectionMembers, "the same × gross margin"},
		{"perpetuity_first_payment_at_start", kpi.Money, sectionMembers, "value of a contract that goes on, the first payment at once"},
		{"perpetuity_first_payment_excluded", kpi.Money, sectionMembers, "the same without the first payment"},
		{"perpetuity_paid_at_period_end", kpi.Money, sectionMembers, "the same with each payment at the end of its period"},
		{"sbg_next_renewal_rate", kpi.Fraction, sectionMembers, "contracts of today that are expected to be renewed next time, by sBG"},
		{"sbg_retention_12_periods", kpi.Fraction, sectionMembers, "new contracts that are expected to be there after 12 renewals"},
		{"sbg_expected_lifetime_periods", kpi.Periods, sectionMembers, "discounted expected lifetime of a new contract"},
		{"sbg_residual_lifetime_periods", kpi.Periods, sectionMembers, "the same of a contract of today, from the next renewal on, mean"},
		{"sbg_contract_value", kpi.Money, sectionMembers, "what a new contract is expected to bring: its lifetime × what it brings in a period"},
		{"tier_upgrade_rate", kpi.Fraction, sectionMembers, "members of a tier who are in a higher one at the end"},
		{"tier_downgrade_rate", kpi.Fraction, sectionMembers, "in a lower one"},
		{"tier_stay_rate", kpi.Fraction, sectionMembers, "in the same"},
		{"tier_exit_rate", kpi.Fraction, sectionMembers, "in none"},
		{"lift_treated_rate", kpi.Fraction, sectionMembers, "share of those with the program"},
		{"lift_control_rate", kpi.Fraction, sectionMembers, "share of those without"},
		{"lift_difference", kpi.Fraction, sectionMembers, "their difference; its note says whether it is causal"},
		{"relative_lift", kpi.Fraction, sectionMembers, "the one over the other, less 1"},
		{"incremental_hits", kpi.Count, sectionMembers, "what those with the program did beyond the share of those without"},
		{"lift_p_value", kpi.Fraction, sectionMembers, "of the pooled z test, two-sided"},
		{"spend_treated_mean", kpi.Money, sectionMembers, "mean spend of those with the program"},
		{"spend_control_mean", kpi.Money, sectionMembers, "of those without"},
		{"spend_lift_difference", kpi.Money, sectionMembers, "their difference, by Welch"},
		{"spend_lift_p_value", kpi.Fraction, sectionMembers, "of Welch’s test, two-sided"},
		{"redemption_rate_of_issued", kpi.Fraction, sectionPoints, "points redeemed / issued"},
		{"redemption_rate_of_matured", kpi.Fraction, sectionPoints, "points redeemed / redeemable until now"},
		{"breakage_rate", kpi.Fraction, sectionPoints, "points expired / issued"},
		{"redemption_rate_period_flow", kpi.Fraction, sectionPoints, "points redeemed in a month / issued in it; may exceed 1"},
		{"breakage_rate_period_flow", kpi.Fraction, sectionPoints, "points expired in a month / issued in it; may exceed 1"},
		{"ultimate_redemption_rate", kpi.Fraction, sectionPoints, "points that will be redeemed in the end / issued"},
		{"ultimate_breakage_rate", kpi.Fraction, sectionPoints, "1 less that"},
		{"expected_future_redemptions", kpi.Count, sectionPoints, "points still expected to be redeemed"},
		{"expected_redemption_of_outstanding", kpi.Fraction, sectionPoints, "those / outstanding points"},
		{"points_cost_liability", kpi.Money, sectionPoints, "those × cost of a point; a cost accrual, not IFRS 15"},
		{"points_liability", kpi.Money, sectionPoints, "contract liability by IFRS 15, from the real lots of an engine or the books of the costs"},
		{"points_revenue", kpi.Money, sectionPoints, "revenue of points in the last period of that"},
		{"points_breakage_revenue", kpi.Money, sectionPoints, "of that, for points that are not redeemed"},
		{"points_share_of_price", kpi.Fraction, sectionPoints, "stand-alone price of the points of a sale / of goods and points"},
		{"allocated_to_points", kpi.Money, sectionPoints, "the points' part of the price of the sale, which is deferred"},
		{"allocated_to_goods", kpi.Money, sectionPoints, "the goods' part, which is revenue at once"},
		{"gift_card_redemption_rate", kpi.Fraction, sectionPoints, "redeemed of gift cards / paid in"},
		{"gift_card_revenue", kpi.Money, sectionPoints, "revenue of gift cards until now, by IFRS 15"},
		{"gift_card_breakage_revenue", kpi.Money, sectionPoints, "of that, for value that is not redeemed"},
		{"gift_card_liability", kpi.Money, sectionPoints, "what is owed on gift cards"},
	}
}
