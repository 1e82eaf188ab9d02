package sqlstore

import "strings"

// Grants returns the statements that let a role do what the engine does, and no
// more: it cannot delete or change entries, delete operations or change what the
// chain of hashes is about, or rewrite a revision. The tables belong to another
// role, the one that runs [Migrate]. Each statement ends with a semicolon and a line
// break; role stands in them as it is given, quoted where the database asks for it.
//
// Deliveries and Prune need no more than that. One who lists and reports needs SELECT
// alone, and package sqlkpi only that of loyalty_entries and loyalty_lots.
//
// On PostgreSQL the role needs USAGE on the schema as well, which every role has on
// the schema public. On MySQL run them in the database of the tables.
func Grants(dialect Dialect, role string) (string, error) {
	if _, err := dialect.grammar(); err != nil {
		return "", err
	}
	if dialect == SQLite {
		return "", nil
	}
	var text strings.Builder
	for _, grant := range []struct{ table, may string }{
		{"loyalty_accounts", "SELECT, INSERT, UPDATE"},
		// Erasing and pruning empty bodies and free keys.
		{"loyalty_operations", "SELECT, INSERT, UPDATE (idem_key, command, receipt, salt, reason, actor, reference)"},
		{"loyalty_entries", "SELECT, INSERT"},
		{"loyalty_lots", "SELECT, INSERT, UPDATE"},
		{"loyalty_records", "SELECT, INSERT, UPDATE"},
		{"loyalty_events", "SELECT, INSERT, UPDATE (acked, data), DELETE"},
		{"loyalty_claims", "SELECT, INSERT, DELETE"},
		{"loyalty_counters", "SELECT, INSERT, UPDATE"},
		{"loyalty_revisions", "SELECT, INSERT"},
		{"loyalty_schema", "SELECT"},
	} {
		text.WriteString("GRANT " + grant.may + " ON " + grant.table + " TO " + role + ";\n")
	}
	return text.String(), nil
}
