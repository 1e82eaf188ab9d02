package keyfigures

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// without is what the page says that a key does not have, and why.
func without(k Key) string {
	var parts []string
	if k.NoQuotient != "" {
		parts = append(parts, "no quotient: "+k.NoQuotient)
	}
	if k.NoInterval != "" {
		parts = append(parts, "no interval: "+k.NoInterval)
	}
	return strings.Join(parts, "; ")
}

func TestTheReasonsForWhatIsLackingNameKeys(t *testing.T) {
	names := map[string]bool{}
	for _, k := range Keys() {
		names[k.Name] = true
	}
	quotients, intervals := lacking()
	for _, of := range []map[string][]string{quotients, intervals} {
		seen := map[string]bool{}
		for _, keys := range of {
			for _, key := range keys {
				assert.True(t, names[key], "%s is no key", key)
				assert.False(t, seen[key], "%s has two reasons", key)
				seen[key] = true
			}
		}
	}
}

func TestTheDocumentationListsEveryKeyAndNoOther(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "kpis.md"))
	require.NoError(t, err)
	lines, seen := strings.SplitAfter(string(text), "\n"), map[string]bool{}
	for _, k := range Keys() {
		assert.False(t, seen[k.Name], "%s is there twice", k.Name)
		seen[k.Name] = true
		row := fmt.Sprintf("| `%s` | %s | %s | %s |\n", k.Name, k.Unit, k.Text, without(k))
		assert.Contains(t, lines, row)
	}
	rows := regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| [a-z]+ \\|").FindAllStringSubmatch(string(text), -1)
	assert.Len(t, rows, len(seen))
	for _, row := range rows {
		assert.True(t, seen[row[1]], "%s is no key any more", row[1])
	}
}
