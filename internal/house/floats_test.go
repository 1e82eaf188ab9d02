package house_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exact lists the folders whose code counts points and money.
var exact = []string{"points", "tiers", "rewards", "storage", "loyalty", "internal/calendar", "internal/canon"}

// inexact lists files of theirs with floating point, and why neither points nor money
// come of it.
var inexact = map[string]string{
	"internal/canon/plan.go":       "it refuses types with floating point",
	"loyalty/figures/liability.go": "an estimate of how many points lapse is a probability",
	"loyalty/whatif/table.go":      "a difference is printed in percent",
}

// floating names what a file has to do with floating point.
func floating(file *ast.File) []string {
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if n.Kind == token.FLOAT {
				found = append(found, n.Value)
			}
		case *ast.Ident:
			switch n.Name {
			case "float32", "float64", "Float", "Float64", "Float32", "InexactFloat64", "NewFromFloat", "NewFromFloat32", "NewFromFloatWithExponent":
				found = append(found, n.Name)
			}
		}
		return true
	})
	return found
}

func TestNoFloatingPointTouchesPointsOrMoney(t *testing.T) {
	read, listed := 0, 0
	for _, p := range packages(t) {
		if !below(p.dir, exact...) || below(p.dir, "storage/storagetest") {
			continue
		}
		names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(p.dir), "*.go"))
		require.NoError(t, err)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			read++
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			at, found := p.dir+"/"+filepath.Base(name), floating(file)
			if reason, ok := inexact[at]; ok {
				listed++
				assert.NotEmpty(t, found, "%s has none: take it off the list (%s)", at, reason)
				continue
			}
			assert.Empty(t, found, at)
		}
	}
	assert.Greater(t, read, 200)
	assert.Equal(t, len(inexact), listed, "every file on the list exists")
}

func TestFloatingPointIsSeen(t *testing.T) {
	for code, want := range map[string]string{
		"var x float64": "float64", "var x = 0.5": "0.5", "var x = decimal.NewFromFloat(y)": "NewFromFloat", "var x = big.Float{}": "Float",
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", fmt.Sprintf("package x\n%s\n", code), parser.SkipObjectResolution)
		require.NoError(t, err)
		require.True(t, slices.Contains(floating(file), want), code)
	}
}
