package house_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who opens the repository sees what the library is made of and nothing else.
func TestTheTopHasTheFoldersOfTheLibrary(t *testing.T) {
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	var folders []string
	for _, entry := range entries {
		if entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") {
			folders = append(folders, entry.Name())
		}
	}
	assert.Equal(t, []string{"docs", "examples", "internal", "kpi", "loyalty", "points", "rewards", "storage", "tiers", "tools"}, folders)
}
