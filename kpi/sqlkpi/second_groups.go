package sqlkpi

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// SecondPurchaseGroupQuery is the statement of [Table.SecondPurchaseGroups] over a log of
// that extent. A row has a label, the date of a first purchase in days since 1970, and the
// columns of [Table.SecondPurchaseQuery]. An error wraps [kpi.ErrInvalid].
func (t *Table) SecondPurchaseGroupQuery(until time.Time, zone *time.Location, column string, e Extent) (string, error) {
	if err := checkGroups(until, zone, column); err != nil {
		return "", err
	}
	c, err := t.prepare(zone, e)
	if err != nil {
		return "", err
	}
	return t.secondPurchaseGroupQuery(until, column, &c), nil
}

func checkGroups(until time.Time, zone *time.Location, column string) error {
	var problems kpi.Problems
	if strings.ContainsRune(column, 0) || len(column) > 255 {
		problems.Add("column", "must be a name of at most 255 bytes without a zero byte")
	}
	if err := problems.Err(); err != nil {
		return err
	}
	_, err := kpi.NewSecondPurchaseAccumulator(until, zone)
	return err
}

func (t *Table) secondPurchaseGroupQuery(until time.Time, column string, c *calendarOf) string {
	d, labels, from, label := c.dialect, "", "waits", "''"
	if column != "" {
		labels = fmt.Sprintf(`,
labels AS (
  SELECT raw_member AS member, min(raw_label%s) AS label
  FROM (SELECT %s AS raw_member, %s AS raw_label FROM %s) AS raw GROUP BY raw_member
)`, d.collation, d.text(d.name(cmp.Or(t.Member, "member"))), d.text(d.name(column)), t.rows(d))
		from, label = "waits JOIN labels ON waits.member = labels.member", "coalesce(label, '')"
	}
	return fmt.Sprintf(`WITH %s%s,
parts AS (SELECT %s AS part, first_day, waited, again FROM %s)
SELECT part, first_day, waited, again, count(*) AS n FROM parts GROUP BY part, first_day, waited, again%s`, t.waits(until, c), labels, label, from, d.settings)
}

// SecondPurchaseGroups parts the customers of a table into groups for [kpi.LogRank], as
// [kpi.SecondPurchaseAccumulator.Groups] does: of names the group of those who first bought
// on the date that starts at first, and leaves who is in none, "", out. In place of
// members' ids it gets their label, which is the least text that the column has in their
// rows, such as a segment; without a column it is "". The groups come in order of their
// names.
//
// Source of what is counted: N. Mantel, Evaluation of survival data and two new rank order
// statistics (1966).
func (t *Table) SecondPurchaseGroups(
	ctx context.Context, db Querier, until time.Time, zone *time.Location, column string, of func(label string, first time.Time) string,
) (names []string, groups []*kpi.SurvivalAccumulator, err error) {
	if err := checkGroups(until, zone, column); err != nil {
		return nil, nil, err
	}
	_, c, err := t.begin(ctx, db, zone)
	if err != nil {
		return nil, nil, err
	}
	byName := lifetimeGroups{}
	for rows, err := range read(ctx, db, t.secondPurchaseGroupQuery(until, column, &c)) {
		var label string
		var first, days int64
		var again, n int
		if err == nil {
			err = rows.Scan(&label, &first, &days, &again, &n)
		}
		if err == nil {
			if name := of(label, c.start(string(kpi.ByDay), first)); name != "" {
				err = byName.add(name, kpi.Lifetime{Exit: float64(days), Event: again == 1}, n)
			}
		}
		if err != nil {
			return nil, nil, fmt.Errorf("sqlkpi: groups of second purchases: %w", err)
		}
	}
	names, groups = byName.sorted()
	return names, groups, nil
}

// lifetimeGroups are lifetimes by the name of a group.
type lifetimeGroups map[string]*kpi.SurvivalAccumulator

func (g lifetimeGroups) add(name string, l kpi.Lifetime, n int) error {
	if g[name] == nil {
		g[name] = &kpi.SurvivalAccumulator{}
	}
	return g[name].AddN(l, n)
}

func (g lifetimeGroups) sorted() (names []string, groups []*kpi.SurvivalAccumulator) {
	names = slices.Sorted(maps.Keys(g))
	for _, name := range names {
		groups = append(groups, g[name])
	}
	return names, groups
}
