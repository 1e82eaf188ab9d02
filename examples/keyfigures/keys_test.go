package keyfigures

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheDocumentationListsEveryKeyAndNoOther(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "kpis.md"))
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, k := range Keys() {
		assert.False(t, seen[k.Name], "%s is there twice", k.Name)
		seen[k.Name] = true
		assert.Contains(t, string(text), fmt.Sprintf("| `%s` | %s | %s |\n", k.Name, k.Unit, k.Text))
	}
	rows := regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| [a-z]+ \\|").FindAllStringSubmatch(string(text), -1)
	assert.Len(t, rows, len(seen))
	for _, row := range rows {
		assert.True(t, seen[row[1]], "%s is no key any more", row[1])
	}
}
