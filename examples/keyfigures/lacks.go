package keyfigures

import "slices"

// Why a key has no numerator and denominator.
const (
	byModel   = "of a model or a curve"
	byFigures = "of other figures"
	byTest    = "of a test"
)

// Why a key has no interval.
const (
	whole  = "all are counted"
	given  = "the costs give no errors"
	unsure = "an estimate without an error"
	tested = "of a test"
)

// lacking are the keys that have no quotient, or no interval, by the reason.
func lacking() (quotient, interval map[string][]string) {
	tests := []string{"second_purchase_cohorts_p_value", "groups_second_purchase_p_value", "nps_change_p_value", "lift_p_value", "spend_lift_p_value"}
	quotient = map[string][]string{
		byTest: tests,
		byModel: {
			"second_purchase_median_days", "second_purchase_within_90_days", "second_purchase_restricted_mean_days",
			"expected_active_customers", "churn_risk_mean", "expected_purchases_12_months", "expected_revenue_12_months",
			"expected_value_12_months_mean", "new_customer_revenue_12_months", "bgbb_active_customers", "bgbb_purchase_periods_12_months",
			"holdout_purchases_expected", "holdout_error", "new_customer_margin_12_months", "value_to_acquisition_cost",
			"sbg_next_renewal_rate", "sbg_retention_12_periods", "sbg_expected_lifetime_periods", "sbg_residual_lifetime_periods", "sbg_contract_value",
		},
		byFigures: {
			"nps_change", "acquisition_to_retention_cost", "annual_churn_rate", "customer_lifespan_periods", "simple_lifetime_revenue", "simple_lifetime_margin",
			"perpetuity_first_payment_at_start", "perpetuity_first_payment_excluded", "perpetuity_paid_at_period_end", "lift_difference",
			"incremental_hits", "spend_lift_difference",
		},
	}
	interval = map[string][]string{
		tested: tests,
		whole: {
			"customers", "orders", "refunds", "revenue", "average_order_value", "purchase_frequency", "holdout_purchases",
			"acquisition_cost", "retention_cost", "retention_cost_per_start", "acquisition_to_retention_cost",
			"churn_rate_over_average", "gross_revenue_churn_rate", "net_revenue_churn_rate",
			"redemption_rate_of_issued", "redemption_rate_of_matured", "breakage_rate", "redemption_rate_period_flow", "breakage_rate_period_flow",
			"gift_card_redemption_rate", "gift_card_breakage_rate",
		},
		given: {
			"customer_lifespan_periods", "simple_lifetime_revenue", "simple_lifetime_margin",
			"perpetuity_first_payment_at_start", "perpetuity_first_payment_excluded", "perpetuity_paid_at_period_end",
		},
		unsure: {
			"ultimate_redemption_rate", "ultimate_breakage_rate", "expected_future_redemptions", "expected_redemption_of_outstanding", "points_cost_liability",
			"points_liability", "points_revenue", "points_breakage_revenue", "points_share_of_price", "allocated_to_points", "allocated_to_goods",
			"gift_card_revenue", "gift_card_breakage_revenue", "gift_card_liability",
		},
	}
	return quotient, interval
}

// lacks tells why a key has no quotient and why it has no interval, empty where it has.
func lacks(key string) (quotient, interval string) {
	reason := func(of map[string][]string) string {
		for why, keys := range of {
			if slices.Contains(keys, key) {
				return why
			}
		}
		return ""
	}
	quotients, intervals := lacking()
	return reason(quotients), reason(intervals)
}
