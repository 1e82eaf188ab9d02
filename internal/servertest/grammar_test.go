package servertest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pingcap/tidb/pkg/parser"
	_ "github.com/pingcap/tidb/pkg/parser/test_driver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// statementsOnFile are all that the store sends to MySQL; a test of sqlstore keeps
// the file true.
func statementsOnFile(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "storage", "sqlstore", "testdata", "mysql.sql"))
	require.NoError(t, err)
	return strings.Split(strings.TrimSuffix(string(text), ";\n"), ";\n")
}

func TestTiDBParsesWhatMySQLGets(t *testing.T) {
	statements := statementsOnFile(t)
	require.Greater(t, len(statements), 60)
	for _, text := range append(statements, upStatements(t, mariadb)...) {
		nodes, _, err := parser.New().Parse(text, "", "")
		if assert.NoError(t, err, text) {
			assert.Len(t, nodes, 1)
		}
	}
}

func TestTiDBsParserRefusesWhatTiDBCannotDo(t *testing.T) {
	for _, text := range []string{
		"INSERT INTO loyalty_claims (program) VALUES (?) RETURNING holder",
		"INSERT INTO loyalty_claims (program) VALUES (?) AS new ON DUPLICATE KEY UPDATE program = new.program",
		"CREATE TABLE loyalty_more (id UUID)",
	} {
		_, _, err := parser.New().Parse(text, "", "")
		assert.Error(t, err, text)
	}
}
