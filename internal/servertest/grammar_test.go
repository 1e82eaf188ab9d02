package servertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pingcap/tidb/pkg/parser"
	_ "github.com/pingcap/tidb/pkg/parser/test_driver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
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

// What the suite and a member's year make the store send, written down by the driver and
// not by the store, is what TiDB understands.
func TestTiDBParsesWhatIsSent(t *testing.T) {
	database := mariadb.database(t)
	require.NoError(t, sqlstore.Migrate(t.Context(), mariadb.connect(t, database), mariadb.dialect))
	store, tap := mariadb.tappedStore(t, database)
	statements := tap.during(func() {
		for i, c := range storagetest.Cases() {
			if c.Group != storagetest.BoundTransaction && c.Group != storagetest.Concurrency {
				env := &storagetest.Env{Store: store, Program: fmt.Sprintf("case-%d", i)}
				require.NoError(t, c.Run(t.Context(), env), c.Name)
			}
		}
		livesAYear(t, store)
	})
	assert.Greater(t, len(statements), 100)
	for _, s := range statements {
		nodes, _, err := parser.New().Parse(s.text, "", "")
		if assert.NoError(t, err, s.text) {
			assert.Len(t, nodes, 1)
		}
	}
}

func TestTiDBsParserRefusesWhatTiDBCannotDo(t *testing.T) {
	for _, text := range []string{
		"INSERT INTO loyalty_claims (program) VALUES (?) RETURNING holder",
		"INSERT INTO loyalty_claims (program) VALUES (?) AS new ON DUPLICATE KEY UPDATE program = new.program",
		"CREATE TABLE loyalty_more (id UUID)",
		"BEGIN NOT ATOMIC DO ?; END", // by which the store asks a server whether it takes blocks
	} {
		_, _, err := parser.New().Parse(text, "", "")
		assert.Error(t, err, text)
	}
}
