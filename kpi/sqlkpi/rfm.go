package sqlkpi

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// rfmOptions are the options with what package kpi puts where nothing was said.
func rfmOptions(o *kpi.RFMOptions) (kpi.RFMOptions, error) {
	a, err := kpi.NewRFMAccumulator(o)
	if err != nil {
		return kpi.RFMOptions{}, err
	}
	return a.Options(), nil
}

// RFMQuery is the statement of [Table.RFM] over a log of that extent: for each member
// with a purchase the days since the last, the number of purchases, the money, the three
// scores, and how many members there are, those without a purchase included. An error
// wraps [kpi.ErrInvalid].
func (t *Table) RFMQuery(o *kpi.RFMOptions, e Extent) (string, error) {
	options, err := rfmOptions(o)
	if err != nil {
		return "", err
	}
	c, err := t.prepare(options.Zone, e)
	if err != nil {
		return "", err
	}
	asOf := options.AsOf
	if asOf.IsZero() {
		asOf = e.Last
	}
	return t.rfmQuery(&options, &c, c.number(string(kpi.ByDay), asOf)), nil
}

func (t *Table) rfmQuery(o *kpi.RFMOptions, c *calendarOf, asOf int64) string {
	d := c.dialect
	money := t.float(d, "spent")
	if o.MeanMoney {
		money += " / purchases"
	}
	bought := fmt.Sprintf("amount >= 0 AND day <= %d", asOf)
	text := fmt.Sprintf(`WITH orders AS (%s),
dated AS (SELECT member, %s AS day, amount FROM orders),
members AS (
  SELECT member, %[3]d - max(CASE WHEN %[4]s THEN day END) AS days, count(CASE WHEN %[4]s THEN 1 END) AS purchases,
    sum(CASE WHEN day <= %[3]d THEN amount END) AS spent, count(*) OVER () AS everybody
  FROM dated GROUP BY member
),
measured AS (SELECT member, days, purchases, spent, %[5]s AS money, everybody FROM members WHERE purchases > 0)`,
		t.orders(d), c.period(string(kpi.ByDay)), asOf, bought, money)
	rest := fmt.Sprintf("%s AS spent_text", d.text("spent"))
	switch o.Method {
	case kpi.ByRank:
		text += fmt.Sprintf(`
SELECT member, days, purchases, %[1]s,
  ntile(%[2]d) OVER (ORDER BY days DESC, member%[3]s) AS r,
  ntile(%[2]d) OVER (ORDER BY purchases, member%[3]s) AS f,
  ntile(%[2]d) OVER (ORDER BY money, member%[3]s) AS m,
  everybody
FROM measured`, rest, o.Groups, d.collation)
	case kpi.ByCuts:
		text += fmt.Sprintf("\nSELECT member, days, purchases, %s, %d - (%s) AS r, 1 + %s AS f, 1 + %s AS m, everybody\nFROM measured", rest, o.Groups,
			above(d, "days", o.RecencyCuts), above(d, "purchases", o.FrequencyCuts), above(d, "money", o.MonetaryCuts))
	default:
		text += quantileScores(o, d, rest)
	}
	return text + fmt.Sprintf("\nORDER BY member%s%s", d.collation, d.settings)
}

// above counts the cuts that a value is above.
func above(d *dialect, value string, cuts []float64) string {
	terms := []string{"0"}
	for _, cut := range cuts {
		terms = append(terms, fmt.Sprintf("CASE WHEN %s > %s THEN 1 ELSE 0 END", value, d.float("'"+strconv.FormatFloat(cut, 'g', -1, 64)+"'")))
	}
	return strings.Join(terms, " + ")
}

// quantileScores finds the quantiles of type 7 by the places of sorted values, and
// scores by them.
func quantileScores(o *kpi.RFMOptions, d *dialect, rest string) string {
	var picked []string
	var scores [3]string
	for i, value := range []string{"days", "purchases", "money"} {
		terms := []string{"0"}
		for j := 1; j < o.Groups; j++ {
			pick := func(next int) string {
				at := fmt.Sprintf("%s + %d", d.divide(fmt.Sprintf("(n - 1) * %d", j), strconv.Itoa(o.Groups)), 1+next)
				return d.double(fmt.Sprintf("max(CASE WHEN by_%[1]s = least(%[2]s, n) THEN %[1]s END)", value, at))
			}
			part := fmt.Sprintf("%s / %d", d.double(fmt.Sprintf("max((n - 1) * %d %% %d)", j, o.Groups)), o.Groups)
			cut := fmt.Sprintf("%s_%d", value, j)
			picked = append(picked, fmt.Sprintf("%[1]s + %[2]s * (%[3]s - %[1]s) AS %[4]s", pick(0), part, pick(1), cut))
			condition := value + " > " + cut
			if o.Method == kpi.LikeRPackage {
				condition = value + " >= " + cut + " + 1"
			}
			terms = append(terms, fmt.Sprintf("CASE WHEN %s THEN 1 ELSE 0 END", condition))
		}
		scores[i] = strings.Join(terms, " + ")
	}
	return fmt.Sprintf(`,
ranked AS (
  SELECT days, purchases, money, count(*) OVER () AS n,
    row_number() OVER (ORDER BY days) AS by_days, row_number() OVER (ORDER BY purchases) AS by_purchases, row_number() OVER (ORDER BY money) AS by_money
  FROM measured
),
cuts AS (
  SELECT %s
  FROM ranked
)
SELECT member, days, purchases, %s, %d - (%s) AS r, 1 + %s AS f, 1 + %s AS m, everybody
FROM measured CROSS JOIN cuts`, strings.Join(picked, ",\n    "), rest, o.Groups, scores[0], scores[1], scores[2])
}

// RFM is what [kpi.RFMAccumulator] makes of the table's orders.
func (t *Table) RFM(ctx context.Context, db Querier, o *kpi.RFMOptions) (*kpi.RFM, error) {
	options, err := rfmOptions(o)
	if err != nil {
		return nil, err
	}
	_, c, err := t.begin(ctx, db, options.Zone)
	if err != nil {
		return nil, err
	}
	day, end, asOf := string(kpi.ByDay), "", int64(0)
	if !options.AsOf.IsZero() {
		asOf = c.number(day, options.AsOf)
		end = fmt.Sprintf("period <= %d", asOf)
	}
	counts, err := t.tally(ctx, db, &c, day, end)
	if err != nil {
		return nil, err
	}
	result := &kpi.RFM{
		Zone: options.Zone, Method: options.Method, Groups: options.Groups, Segments: slices.Clone(options.Segments),
		Orders: counts.orders, Refunds: counts.refunds, Late: counts.late,
	}
	if end == "" {
		asOf = counts.newest
	}
	if end != "" || counts.orders > 0 {
		result.AsOf = c.start(day, asOf)
	}
	everybody := 0
	result.Customers = make([]kpi.RFMCustomer, 0)
	for rows, err := range read(ctx, db, t.rfmQuery(&options, &c, asOf)) {
		var one kpi.RFMCustomer
		var spent string
		if err == nil {
			err = rows.Scan(&one.Member, &one.Days, &one.Orders, &spent, &one.R, &one.F, &one.M, &everybody)
		}
		if err == nil {
			one.Spent, err = t.money(spent)
		}
		if err != nil {
			return nil, fmt.Errorf("sqlkpi: rfm: %w", err)
		}
		result.Customers = append(result.Customers, one)
	}
	if everybody == 0 && counts.orders+counts.late > 0 {
		if everybody, err = t.members(ctx, db, c.dialect); err != nil {
			return nil, err
		}
	}
	result.WithoutPurchase = everybody - len(result.Customers)
	result.Count()
	setCuts(result, &options)
	return result, nil
}

// members counts the members of the log.
func (t *Table) members(ctx context.Context, db Querier, d *dialect) (n int, err error) {
	for rows, err := range read(ctx, db, fmt.Sprintf("WITH orders AS (%s) SELECT count(DISTINCT member) FROM orders", t.orders(d))) {
		if err == nil {
			err = rows.Scan(&n)
		}
		if err != nil {
			return 0, fmt.Errorf("sqlkpi: members: %w", err)
		}
	}
	return n, nil
}

// setCuts tells the cuts that the statement scored by.
func setCuts(r *kpi.RFM, o *kpi.RFMOptions) {
	switch o.Method {
	case kpi.ByRank:
		return
	case kpi.ByCuts:
		r.RecencyCuts, r.FrequencyCuts, r.MonetaryCuts = slices.Clone(o.RecencyCuts), slices.Clone(o.FrequencyCuts), slices.Clone(o.MonetaryCuts)
		return
	}
	values := make([]float64, len(r.Customers))
	cuts := func(value func(c *kpi.RFMCustomer) float64) []float64 {
		for i := range r.Customers {
			values[i] = value(&r.Customers[i])
		}
		slices.Sort(values)
		return kpi.Quantiles(values, o.Groups)
	}
	r.RecencyCuts = cuts(func(c *kpi.RFMCustomer) float64 { return float64(c.Days) })
	r.FrequencyCuts = cuts(func(c *kpi.RFMCustomer) float64 { return float64(c.Orders) })
	r.MonetaryCuts = cuts(func(c *kpi.RFMCustomer) float64 {
		if o.MeanMoney {
			return c.Spent.Float64() / float64(c.Orders)
		}
		return c.Spent.Float64()
	})
}
