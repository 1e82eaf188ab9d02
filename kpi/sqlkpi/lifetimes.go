package sqlkpi

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// Lifetimes names a table or view with one lifetime a row: how long somebody was observed,
// and whether they left.
type Lifetimes struct {
	// Dialect is that of the engine; empty is [PostgreSQL].
	Dialect Dialect
	// Schema may be empty: the connection decides.
	Schema, Name string
	// Exit and Event are columns; empty is exited and left_at_exit. An exit is a number, in
	// any unit of time; an event is a boolean, or 0 or 1.
	Exit, Event string
	// Entry is the column of the age at which observation began; empty is 0 for all.
	Entry string
	// Group is the column that parts lifetimes into groups; empty is one group, "".
	Group string
}

// Query is the statement of [Lifetimes.Groups]: how many have the same group, entry, exit
// and event. An error wraps [kpi.ErrInvalid].
func (l *Lifetimes) Query() (string, error) {
	var problems kpi.Problems
	t := Table{Dialect: l.Dialect, Schema: l.Schema, Name: l.Name, Member: l.Exit, At: l.Event, Amount: l.Entry}
	d := t.validate(&problems)
	if strings.ContainsRune(l.Group, 0) || len(l.Group) > 255 {
		problems.Add("group", "must be a name of at most 255 bytes without a zero byte")
	}
	if err := problems.Err(); err != nil {
		return "", err
	}
	group, entry := "''", d.double("0")
	if l.Group != "" {
		group = d.text(d.name(l.Group))
	}
	if l.Entry != "" {
		entry = d.double(d.name(l.Entry))
	}
	return fmt.Sprintf(`WITH lifetimes AS (SELECT %s AS part, %s AS entered, %s AS exited, CAST(%s AS INTEGER) AS event FROM %s)
SELECT part, entered, exited, event, count(*) AS n FROM lifetimes GROUP BY part, entered, exited, event%s`,
		group, entry, d.double(d.name(cmp.Or(l.Exit, "exited"))), d.name(cmp.Or(l.Event, "left_at_exit")), t.from(d), d.settings), nil
}

// Groups are the lifetimes of the table by group, in order of the groups' names, for
// [kpi.LogRank] and for the curve of each. A group that is null is left out. The error
// wraps [kpi.ErrLifetime] where a row is no lifetime.
//
// Source of what is counted: E. Kaplan, P. Meier, Nonparametric estimation from incomplete
// observations (1958); N. Mantel, Evaluation of survival data and two new rank order
// statistics (1966).
func (l *Lifetimes) Groups(ctx context.Context, db Querier) (names []string, groups []*kpi.SurvivalAccumulator, err error) {
	query, err := l.Query()
	if err != nil {
		return nil, nil, err
	}
	byName := lifetimeGroups{}
	for rows, err := range read(ctx, db, query) {
		var name *string
		var life kpi.Lifetime
		var event, n int
		if err == nil {
			err = rows.Scan(&name, &life.Entry, &life.Exit, &event, &n)
		}
		if err == nil && name != nil {
			life.Event = event != 0
			err = byName.add(*name, life, n)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("sqlkpi: lifetimes: %w", err)
		}
	}
	names, groups = byName.sorted()
	return names, groups, nil
}
