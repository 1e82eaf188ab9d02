//go:build warehouse && cgo

package main

const summariesSQL = `WITH spells AS (
  SELECT member, epoch_us(ordered_at) // 86400000000 AS day, sum(amount) AS total, count(*) FILTER (WHERE amount >= 0) AS bought
  FROM orders GROUP BY ALL
),
members AS (
  SELECT member, count(*) - 1 AS repeats, min(day) AS first_day, max(day) AS last_day,
    count(*) FILTER (WHERE total >= 0) AS paid, sum(total) FILTER (WHERE total >= 0) AS spent, arg_min(total, day) AS first_total
  FROM spells WHERE bought > 0 GROUP BY member
)
SELECT member, repeats, last_day - first_day AS recency, (SELECT max(epoch_us(ordered_at)) // 86400000000 FROM orders) - first_day AS age,
  (spent - greatest(first_total, 0)) / 100.0 / nullif(paid - (first_total >= 0)::INTEGER, 0) AS monetary
FROM members`

const cohortsSQL = `WITH spells AS (
  SELECT member, year(ordered_at) * 12 + month(ordered_at) AS bucket, sum(amount) AS total, count(*) FILTER (WHERE amount >= 0) AS bought
  FROM orders GROUP BY ALL
),
members AS (SELECT member, min(bucket) AS cohort FROM spells WHERE bought > 0 GROUP BY member)
SELECT cohort, bucket - cohort AS place, count(*) FILTER (WHERE bought > 0) AS active, sum(bought) AS purchases, sum(total) AS revenue
FROM spells JOIN members USING (member) WHERE bucket >= cohort GROUP BY ALL`

const rfmSQL = `WITH members AS (
  SELECT member, (SELECT max(ordered_at)::DATE FROM orders) - max(ordered_at) FILTER (WHERE amount >= 0)::DATE AS days,
    count(*) FILTER (WHERE amount >= 0) AS purchases, sum(amount) AS cents, sum(amount) / 100.0 AS money
  FROM orders GROUP BY member HAVING count(*) FILTER (WHERE amount >= 0) > 0
),
cuts AS (
  SELECT quantile_cont(days, [0.2, 0.4, 0.6, 0.8]) AS r, quantile_cont(purchases, [0.2, 0.4, 0.6, 0.8]) AS f,
    quantile_cont(money, [0.2, 0.4, 0.6, 0.8]) AS m
  FROM members
)
SELECT member, days, purchases, cents, money,
  5 - (days > r[1])::INTEGER - (days > r[2])::INTEGER - (days > r[3])::INTEGER - (days > r[4])::INTEGER AS recency,
  1 + (purchases > f[1])::INTEGER + (purchases > f[2])::INTEGER + (purchases > f[3])::INTEGER + (purchases > f[4])::INTEGER AS frequency,
  1 + (money > m[1])::INTEGER + (money > m[2])::INTEGER + (money > m[3])::INTEGER + (money > m[4])::INTEGER AS monetary
FROM members, cuts`
