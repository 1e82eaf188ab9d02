package sqlstore

import (
	goflag "flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = goflag.Bool("update", false, "write the files under testdata")

var dialects = []Dialect{SQLite, PostgreSQL, MySQL}

// These words would tie the statements to one kind of server, or to sessions
// that poolers in between do not keep. Savepoints are for Bind alone.
var forbidden = regexp.MustCompile(`\b(SAVEPOINT|LISTEN|NOTIFY|SERIAL|BIGSERIAL|IDENTITY|NEXTVAL|SEQUENCE|DEFERRABLE|TRUNCATE|LOCK TABLES?|TRIGGER|COPY|` +
	`PG_ADVISORY\w*|GET_LOCK|AUTOINCREMENT|AUTO_INCREMENT|RETURNING|MERGE|FOREIGN KEY|REFERENCES|FOR UPDATE|FOR SHARE|SKIP LOCKED|` +
	`PROCEDURE|FUNCTION|TEMPORARY|NOW|CURRENT_TIMESTAMP|UUID|EXCLUDE|SET SESSION|SET GLOBAL|SET LOCAL)\b`)

// texts returns every statement of a dialect as the database gets it: those that
// write or find many rows with one row and with two.
func texts(t *testing.T, d Dialect) []string {
	t.Helper()
	g, err := d.grammar()
	require.NoError(t, err)
	var all []string
	for _, s := range g.statements {
		all = append(all, s.text)
	}
	if g.server {
		for n := 1; n <= 2; n++ {
			for i := range g.rowsets {
				all = append(all, g.rowsets[i].text(g, n))
			}
			for i := range g.lookups {
				all = append(all, g.lookups[i].text(g, n))
			}
			all = append(all, unionsOf(g, n)...)
		}
	}
	if g.singles != nil {
		all = append(all, singlesOf(g)...)
	}
	all = slices.DeleteFunc(all, func(text string) bool { return text == "" })
	slices.Sort(all)
	return slices.Compact(all)
}

// unionsOf returns unions of n rows of each sort alone and of all sorts together.
func unionsOf(g *grammar, rows int) []string {
	n := uint8(rows) //nolint:gosec // one or two
	var together shape
	var all []string
	for sort := range together {
		if sort == namedRows && !g.namesLots {
			continue
		}
		var alone shape
		alone[sort], together[sort] = n, n
		all = append(all, g.unions.of(g, alone).text)
	}
	return append(all, g.unions.of(g, together).text)
}

// singlesOf returns the statements that store an account, new or not, with one, two or
// many rows of each table, and those that store several.
func singlesOf(g *grammar) []string {
	var all []string
	for _, one := range []uint8{0, 1} {
		for rows := uint8(1); rows <= spelled+1; rows++ {
			if one == 0 && rows <= spelled {
				continue
			}
			shape := singleShape{rowsetCount: one}
			for id := range rowsetCount {
				shape[id] = rows
			}
			fresh, changed := shape, shape
			fresh[setAccounts], changed[addAccounts] = 0, 0
			if one == 1 {
				fresh[addAccounts], changed[setAccounts] = 1, 1
			}
			all = append(all, g.singles.text(g, fresh), g.singles.text(g, changed))
		}
	}
	return all
}

func TestStatementsUseWhatEveryDatabaseHas(t *testing.T) {
	for _, d := range dialects {
		for _, text := range texts(t, d) {
			// What stores by itself counts the accounts that it has changed; a database
			// that does not take it is Spread.
			assert.NotRegexp(t, forbidden, strings.Replace(strings.ToUpper(text), " RETURNING 1)", ")", 1), d)
			assert.NotContains(t, text, "::", d)
		}
		steps, err := readSteps(d)
		require.NoError(t, err)
		for _, step := range steps {
			assert.NotEmpty(t, step.up, step.name)
			for _, text := range step.up {
				assert.NotRegexp(t, forbidden, strings.ToUpper(text), step.name)
				if d != SQLite {
					assert.NotContains(t, strings.ToUpper(text), "WHERE", "no partial index on a server")
				}
			}
		}
	}
}

// The statements are kept as files, so that a change of one is seen in review and
// the databases' own parsers can be asked about all of them.
func TestStatementsAreThoseOnFile(t *testing.T) {
	for _, d := range dialects {
		file := filepath.Join("testdata", d.String()+".sql")
		want := strings.Join(texts(t, d), ";\n") + ";\n"
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(want), 0o600))
		}
		got, err := os.ReadFile(file) //nolint:gosec // a name from here
		require.NoError(t, err)
		assert.Equal(t, want, string(got), "run go test ./storage/sqlstore -update after a change")
	}
}

func TestRowsUnderAMemberAreFoundByProgramAndMember(t *testing.T) {
	byProgram := regexp.MustCompile(`program = (\?1?|\$1|\$\d+|v\.program)( |\)|$)`)
	byMember := regexp.MustCompile(`member (=|IN) \(?(\?\d?|\$\d+|v\.member)`)
	for _, d := range dialects {
		for _, text := range texts(t, d) {
			if strings.HasPrefix(text, "INSERT") || strings.HasPrefix(text, "WITH w") { // of new rows alone
				continue
			}
			assert.Regexp(t, byProgram, text, d)
			for _, table := range []string{"accounts", "operations", "entries", "lots", "records", "events"} {
				if strings.HasPrefix(text, "UPDATE loyalty_"+table) {
					assert.Regexp(t, byMember, text, d)
				}
			}
		}
	}
}

func TestAnInsertOfManyRowsHasTheMarksOfEach(t *testing.T) {
	one := insert("t", "a, b") + " ON CONFLICT (a) DO NOTHING"
	assert.Equal(t, "INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT (a) DO NOTHING", one)
	assert.Equal(t, "INSERT OR FAIL INTO t (a, b) VALUES (?, ?), (?, ?), (?, ?) ON CONFLICT (a) DO NOTHING", times(one, 3))

	g, err := PostgreSQL.grammar()
	require.NoError(t, err)
	assert.Equal(t, "INSERT INTO loyalty_claims (program, space, claim_key, holder) VALUES ($1, $2, $3, $4), ($5, $6, $7, $8)",
		g.rowsets[addClaims].text(g, 2))
}

func TestMarksAreThoseOfTheDialect(t *testing.T) {
	const text = "SELECT a FROM t WHERE p = ? AND (a, b) > (?, ?) LIMIT ?"
	assert.Equal(t, compiled{text: "SELECT a FROM t WHERE p = $1 AND (a, b) > ($2, $3) LIMIT $4"}, dollars(text))
	assert.Equal(t, compiled{
		text: "SELECT a FROM t WHERE p = ? AND (a > ? OR (a = ? AND b > ?)) LIMIT ?", order: []int{0, 1, 1, 2, 3},
	}, plainMarks(text))

	again := plainMarks("SELECT EXISTS (SELECT 1 FROM u WHERE p = ?1 AND k = ?2) FROM t WHERE p = ?1")
	assert.Equal(t, []any{"beans", "order-1001", "beans"}, again.in([]any{"beans", "order-1001"}))
}

func TestStatementsOfManyRowsComeInFewSizes(t *testing.T) {
	for n, want := range map[int]int{1: 1, 7: 7, 8: 8, 9: 8, 37: 32, 63: 56, 64: 64, 200: 64} {
		assert.Equal(t, want, portion(n), "%d rows", n)
	}
	for n, want := range map[int]int{1: 1, 2: 2, 3: 4, 8: 8, 9: 16, 64: 64} {
		assert.Equal(t, want, roomFor(n), "%d keys", n)
	}
	assert.Equal(t, []any{"beans", "a", 1, "b", 2, "c", 3, "c", 3}, filled("beans", []any{"a", 1, "b", 2, "c", 3}, 2))
}

func TestOnlyTheUpPartOfAMigrationIsRun(t *testing.T) {
	const file = "-- a note\n-- +goose Up\nCREATE TABLE a (\n  b TEXT\n);\n\nCREATE TABLE c (d TEXT);\n-- +goose Down\nDROP TABLE a;\n"
	assert.Equal(t, []string{"CREATE TABLE a (\n  b TEXT\n)", "CREATE TABLE c (d TEXT)"}, upStatements(file))
}
