package main

import (
	"context"
	"fmt"
	"strings"
)

// crowdTables hold what an import leaves under a member.
var crowdTables = []string{"accounts", "operations", "entries", "lots", "records", "events"}

// copyMembers makes the members from the imported on of copies of their rows, under ids
// of their own, since the engine takes hours for ten million on a small machine. What
// it measures does not look at the hash chain, which covers the ids and which a
// verification would find broken, nor at the buckets of events.
func (c *crowdOf) copyMembers(ctx context.Context, imported int) error {
	for _, table := range crowdTables {
		rows, err := c.pool.Query(ctx, "SELECT column_name FROM information_schema.columns"+
			" WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position", "loyalty_"+table)
		if err != nil {
			return err
		}
		var columns, values []string
		for rows.Next() {
			var column string
			if err := rows.Scan(&column); err != nil {
				rows.Close()
				return err
			}
			value := "t." + column
			if column == "member" {
				value = "'" + crowdPrefix + "' || lpad((t.number + copy.n * $1)::text, 9, '0')"
			}
			columns, values = append(columns, column), append(values, value)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		text := fmt.Sprintf("INSERT INTO loyalty_%[1]s (%[2]s) SELECT %[3]s"+
			" FROM generate_series(1, ($2 - 1) / $1) AS copy (n) CROSS JOIN"+
			" (SELECT *, substr(member, %[4]d)::bigint AS number FROM loyalty_%[1]s WHERE member LIKE '%[5]s%%') AS t"+
			" WHERE t.number + copy.n * $1 < $2",
			table, strings.Join(columns, ", "), strings.Join(values, ", "), len(crowdPrefix)+1, crowdPrefix)
		if _, err := c.pool.Exec(ctx, text, int64(imported), int64(c.members)); err != nil {
			return fmt.Errorf("copy rows of loyalty_%s: %w", table, err)
		}
	}
	return nil
}
