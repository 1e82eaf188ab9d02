package kpicase

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	runs     = regexp.MustCompile(`kpicase\.Run\(t, kpicase\.(\w+),`)
)

// Run names a subtest by the id of each case of an owner, and fails for one without a check.
func TestEveryOwnersCasesAreRunInOneTestOfVectors(t *testing.T) {
	names := map[string]string{"Figures": Figures, "Log": Log, "Books": Books, "Models": Models}
	found := map[string][]string{}
	root := filepath.Join("..", "..", "kpi")
	require.NoError(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		starts := testFunc.FindAllSubmatchIndex(text, -1)
		for i, start := range starts {
			end := len(text)
			if i+1 < len(starts) {
				end = starts[i+1][0]
			}
			for _, call := range runs.FindAllSubmatch(text[start[0]:end], -1) {
				owner := names[string(call[1])]
				found[owner] = append(found[owner], string(text[start[2]:start[3]]))
			}
		}
		return nil
	}))
	for prefix, owner := range owners() {
		if assert.Len(t, found[owner], 1, "%s, which owns %s", owner, prefix) {
			assert.Contains(t, found[owner][0], "Vector", "%s, which owns %s", owner, prefix)
		}
	}
	assert.Len(t, found, len(names))
}

func TestEveryReferenceValueIsTestedBySomebody(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Load(t) {
		assert.NotEmpty(t, Owner(c.ID), "nobody tests %s: give it an owner", c.ID)
		assert.False(t, seen[c.ID], "two cases are named %s", c.ID)
		seen[c.ID] = true
		assert.NotZero(t, c.Tol, "%s has no tolerance", c.ID)
	}
	assert.NotEmpty(t, seen)
}

func TestTheLongestStartOfAnIDDecides(t *testing.T) {
	assert.Equal(t, Figures, Owner("clv.simple"))
	assert.Equal(t, Models, Owner("clv.cdnow.bgnbd_gg"))
	assert.Empty(t, Owner("weather.vienna"))
	assert.Equal(t, "a.b", longest(map[string]Check{"a.": nil, "a.b": nil, "c": nil}, "a.bc"))
}

func TestATolerance(t *testing.T) {
	assert.True(t, Tolerance{Rel: 1e-9}.within(100, 100.00000009))
	assert.False(t, Tolerance{Rel: 1e-9}.within(100, 100.0000002))
	assert.True(t, Tolerance{Abs: 0.5}.within(91324, 91324.2))
	assert.False(t, Tolerance{Abs: 0.5}.within(91324, 91324.6))
	assert.False(t, Tolerance{Exact: true}.within(1, 1+1e-15))
	assert.False(t, Tolerance{Rel: 1}.within(1, math.NaN()), "no number is near NaN")
}
