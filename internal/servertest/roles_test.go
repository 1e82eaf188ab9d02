package servertest

import (
	"crypto/rand"
	"database/sql"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// newRole makes a user with the grants and nothing else, and returns the URL by
// which it connects to the database of db. In a grant {role} and {schema} stand
// for the user and, on MySQL, the database with a dot.
func newRole(t testing.TB, p place, db *sql.DB, grants ...string) string {
	t.Helper()
	name := "loyalty_" + strings.ToLower(rand.Text()[:10])
	role, schema, current, create, server := name, "", "current_database()", "CREATE ROLE "+name+" LOGIN PASSWORD 'beans'", servers.Postgres
	if p.dialect == sqlstore.MySQL {
		role, current, server = "'"+name+"'@'%'", "DATABASE()", servers.MariaDB
		create = "CREATE USER " + role + " IDENTIFIED BY 'beans'"
	}
	var database string
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT "+current).Scan(&database))
	if p.dialect == sqlstore.MySQL {
		schema = database + "."
	}
	run := func(statement string) {
		statement = strings.NewReplacer("{role}", role, "{schema}", schema).Replace(statement)
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	run(create)
	for _, grant := range grants {
		run(grant)
	}
	u, err := url.Parse(server(t).URL)
	require.NoError(t, err)
	t.Cleanup(func() { dropRole(t, p, db, name) })
	u.User, u.Path = url.UserPassword(name, "beans"), "/"+database
	return u.String()
}

func dropRole(t testing.TB, p place, db *sql.DB, name string) {
	t.Helper()
	statements := []string{"DROP OWNED BY " + name, "DROP ROLE " + name}
	if p.dialect == sqlstore.MySQL {
		statements = []string{"DROP USER '" + name + "'@'%'"}
	}
	for _, statement := range statements {
		_, err := db.Exec(statement)
		assert.NoError(t, err, statement)
	}
}

// engineGrants are those that the package's documentation gives, for any role.
func engineGrants(t testing.TB, p place) []string {
	t.Helper()
	text, err := sqlstore.Grants(p.dialect, "{role}")
	require.NoError(t, err)
	if p.dialect == sqlstore.MySQL {
		text = strings.ReplaceAll(text, " ON loyalty_", " ON {schema}loyalty_")
	}
	var grants []string
	for grant := range strings.SplitSeq(text, ";\n") {
		if grant != "" {
			grants = append(grants, grant)
		}
	}
	return grants
}

// roled opens a store whose user may do what the engine needs, on tables that
// another user made.
func roled(p place) func(t testing.TB) storage.Store {
	return func(t testing.TB) storage.Store {
		t.Helper()
		owner := p.connect(t, p.database(t))
		require.NoError(t, sqlstore.Migrate(t.Context(), owner, p.dialect))
		return p.storeOn(t, p.connect(t, newRole(t, p, owner, engineGrants(t, p)...)))
	}
}

func TestTheEnginesRoleCannotRewriteTheLedger(t *testing.T) {
	eachServer(t, func(t *testing.T, p place) {
		s := roled(p)(t).(*store)
		works(t, s)
		for _, statement := range []string{
			"UPDATE loyalty_entries SET amount = 1000000",
			"DELETE FROM loyalty_entries",
			"DELETE FROM loyalty_operations",
			"UPDATE loyalty_operations SET hash = NULL",
			"UPDATE loyalty_operations SET fingerprint = NULL",
			"DELETE FROM loyalty_accounts",
			"DELETE FROM loyalty_lots",
			"DELETE FROM loyalty_records",
			"DELETE FROM loyalty_revisions",
			"UPDATE loyalty_revisions SET text = NULL",
			"UPDATE loyalty_claims SET holder = 'm-1'",
			"DELETE FROM loyalty_counters",
			"DROP TABLE loyalty_entries",
			"TRUNCATE TABLE loyalty_entries",
			"ALTER TABLE loyalty_entries ADD COLUMN note integer",
			"CREATE TABLE loyalty_more (a integer)",
		} {
			_, err := s.db.ExecContext(t.Context(), statement)
			require.Error(t, err, statement)
			assert.Regexp(t, "denied|must be owner", err.Error(), statement)
		}
	})
}

func TestTheEnginesRoleKeepsTheContract(t *testing.T) {
	eachServer(t, func(t *testing.T, p place) {
		if testing.Short() {
			contract(t, roled(p)(t))
			return
		}
		storagetest.Run(t, roled(p), options(p))
	})
}
