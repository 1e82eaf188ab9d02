package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var test = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// names returns the tests that a proof picks, by the source of its packages.
func (p proof) names(t *testing.T) (names []string) {
	t.Helper()
	folder, below := strings.CutSuffix(filepath.Join("..", "..", p.module, p.pattern), "...")
	picks := regexp.MustCompile(p.run)
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != filepath.Clean(folder) && !below:
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path) //nolint:gosec // a test of this repository
		for _, found := range test.FindAllStringSubmatch(string(text), -1) {
			if picks.MatchString(found[1]) {
				names = append(names, found[1])
			}
		}
		return err
	}))
	return names
}

// A pattern that matches nothing proves nothing, and go test takes it for success.
func TestEveryProofOfARowRunsTests(t *testing.T) {
	for _, r := range rows() {
		for _, p := range r.tests {
			assert.NotEmpty(t, p.names(t), "%s: %s in %s/%s", r.id, p.run, p.module, p.pattern)
		}
	}
	assert.Empty(t, proof{module: "./storage/sqlite", pattern: ".", run: "ConformWhereNobodyIs"}.names(t))
}
