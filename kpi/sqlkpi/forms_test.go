package sqlkpi_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi/sqlkpi"
)

var (
	merges  = regexp.MustCompile(`(?m)^func \(\w+ \*([A-Z]\w*)\) Merge\(`)
	listed  = regexp.MustCompile(`(?m)^//   - \[kpi\.(\w+)\]: (.+)$`)
	methods = regexp.MustCompile(`\[(Table|Ledger|Lifetimes)\.(\w+)\]`)
)

// Whatever can be merged is an accumulator.
func TestEveryAccumulatorIsListedWithItsSQLForm(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "*.go"))
	require.NoError(t, err)
	var accumulators []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, found := range merges.FindAllStringSubmatch(string(text), -1) {
			accumulators = append(accumulators, found[1])
		}
	}
	require.Contains(t, accumulators, "SummaryAccumulator")
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	var named []string
	answered := 0
	for _, line := range listed.FindAllStringSubmatch(string(doc), -1) {
		named = append(named, line[1])
		for _, m := range methods.FindAllStringSubmatch(line[2], -1) {
			on := map[string]reflect.Type{"Table": reflect.TypeFor[*sqlkpi.Table](), "Ledger": reflect.TypeFor[*sqlkpi.Ledger](), "Lifetimes": reflect.TypeFor[*sqlkpi.Lifetimes]()}[m[1]]
			_, ok := on.MethodByName(m[2])
			assert.True(t, ok, "%s has no method %s", m[1], m[2])
			answered++
		}
	}
	slices.Sort(accumulators)
	slices.Sort(named)
	assert.Equal(t, accumulators, named, "name each in the package's comment, with its SQL form or with why it has none")
	assert.Greater(t, answered, 11)
}
