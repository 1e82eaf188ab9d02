package sqlstore

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// These words would tie the statements to one kind of server, or to sessions
// that poolers in between do not keep.
var forbidden = regexp.MustCompile(`\b(SAVEPOINT|LISTEN|NOTIFY|SERIAL|NEXTVAL|DEFERRABLE|TRUNCATE|LOCK TABLE|TRIGGER|COPY|` +
	`PG_ADVISORY\w*|AUTOINCREMENT|AUTO_INCREMENT|RETURNING|MERGE|FOREIGN KEY|REFERENCES)\b`)

func TestStatementsUseWhatEveryDatabaseHas(t *testing.T) {
	for id, text := range statements() {
		assert.NotEmpty(t, text, "statement %d", id)
		assert.NotRegexp(t, forbidden, strings.ToUpper(text), "statement %d", id)
	}
	steps, err := readSteps(SQLite)
	assert.NoError(t, err)
	for _, step := range steps {
		assert.NotEmpty(t, step.up, step.name)
		for _, text := range step.up {
			assert.NotRegexp(t, forbidden, strings.ToUpper(text), step.name)
		}
	}
}

func TestRowsUnderAMemberAreFoundByProgramAndMember(t *testing.T) {
	for id, text := range statements() {
		for _, table := range []string{"accounts", "operations", "entries", "lots", "records", "events"} {
			if strings.HasPrefix(text, "UPDATE loyalty_"+table) {
				assert.Contains(t, text, "program = ?", "statement %d", id)
				assert.Contains(t, text, "member = ?", "statement %d", id)
			}
		}
		if !strings.HasPrefix(text, "INSERT") {
			assert.Contains(t, text, "program = ?", "statement %d", id)
		}
	}
}

func TestAnInsertOfManyRowsHasTheMarksOfEach(t *testing.T) {
	one := insert("t", "a, b") + " ON CONFLICT (a) DO NOTHING"
	assert.Equal(t, "INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT (a) DO NOTHING", one)
	assert.Equal(t, "INSERT OR FAIL INTO t (a, b) VALUES (?, ?), (?, ?), (?, ?) ON CONFLICT (a) DO NOTHING", times(one, 3))
}

func TestOnlyTheUpPartOfAMigrationIsRun(t *testing.T) {
	const file = "-- a note\n-- +goose Up\nCREATE TABLE a (\n  b TEXT\n);\n\nCREATE TABLE c (d TEXT);\n-- +goose Down\nDROP TABLE a;\n"
	assert.Equal(t, []string{"CREATE TABLE a (\n  b TEXT\n)", "CREATE TABLE c (d TEXT)"}, upStatements(file))
}
