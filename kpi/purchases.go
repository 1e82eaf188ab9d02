package kpi

import "github.com/shopspring/decimal"

// RepeatPurchaseRate is the share of customers with at least two purchase periods
// in a window, of those with at least one. At the grain of days, several purchases
// of a day are one: counting rows instead makes the rate too high.
//
// Source: the share of repeat buyers of A. S. C. Ehrenberg, Repeat-Buying (1988).
func RepeatPurchaseRate(repeating, customers int64) (Figure, error) {
	f, err := share("repeat_purchase_rate", "repeating", repeating, "customers", customers)
	return f.As("customers with 2 purchase periods or more / customers with 1 or more"), err
}

// AverageOrderValue is revenue over orders, by the convention of the trade.
func AverageOrderValue(revenue decimal.Decimal, orders int64, currency string) (Figure, error) {
	var problems Problems
	checkCount(&problems, "orders", orders)
	if !inRange(revenue) {
		problems.Add("revenue", "must be an amount of at most %d digits", maxExponent)
	}
	if err := problems.Err(); err != nil {
		return Figure{}, err
	}
	return Quotient("average_order_value", Money, revenue, count(orders)).As("revenue / orders").Priced(currency), nil
}

// PurchaseFrequency is orders over customers, in one period. Whether customers
// without an order count is the caller's choice, and changes the figure: the
// frequency that multiplies with an average order value is over all customers whose
// value is asked for.
//
// Source: purchases per buyer, as A. S. C. Ehrenberg, Repeat-Buying (1988), counts them.
func PurchaseFrequency(orders, customers int64) (Figure, error) {
	var problems Problems
	checkCount(&problems, "orders", orders)
	checkCount(&problems, "customers", customers)
	if err := problems.Err(); err != nil {
		return Figure{}, err
	}
	return Quotient("purchase_frequency", Count, count(orders), count(customers)).As("orders / customers"), nil
}
