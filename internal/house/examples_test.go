package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// calculatorDirs are the packages whose calculators each have an example.
var calculatorDirs = []string{"kpi", "kpi/clv", "kpi/liability", "kpi/report", "loyalty/figures"}

// noCalculators are exported functions that make the parts of others, or read and write.
var noCalculators = []string{
	"kpi.AmountOf", "kpi.AmountOfUnits", "kpi.CalendarMonth", "kpi.DefaultSegments", "kpi.Estimate", "kpi.Feed", "kpi.ParseAmount",
	"kpi.ParsePointBucket", "kpi.ParseTotal", "kpi.Quotient", "kpi.ReadCSV", "kpi.Undefined", "kpi/clv.CustomerOf", "kpi/clv.Observations", "kpi/report.Write",
}

// methodCalculators are the types whose exported methods calculate.
var methodCalculators = []string{"kpi.Columns", "kpi/clv.SBG", "kpi/clv.BGBB"}

// plainMethods are those of them that do not.
var plainMethods = []string{"All", "Len", "Members", "Name", "Params"}

// calculators lists what needs an example in a package, by the name of the example,
// and the examples that there are with an output.
func calculators(t *testing.T, dir string) (needed, have []string) {
	t.Helper()
	for name, file := range parsed(t, dir) {
		if strings.HasSuffix(name, "_test.go") {
			have = append(have, examplesWithOutput(file)...)
			continue
		}
		for _, decl := range file.Decls {
			needed = append(needed, needsExample(dir, decl)...)
		}
	}
	return needed, have
}

// parsed ranges over the files of a package with their names.
func parsed(t *testing.T, dir string) iter.Seq2[string, *ast.File] {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(dir), "*.go"))
	require.NoError(t, err)
	return func(yield func(string, *ast.File) bool) {
		for _, name := range names {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			require.NoError(t, err)
			if !yield(name, file) {
				return
			}
		}
	}
}

func examplesWithOutput(file *ast.File) (names []string) {
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Example") {
			continue
		}
		for _, group := range file.Comments {
			if group.Pos() > f.Body.Pos() && group.End() < f.Body.End() && strings.HasPrefix(group.Text(), "Output:") {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names
}

func needsExample(dir string, decl ast.Decl) (names []string) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		switch {
		case !d.Name.IsExported():
		case d.Recv != nil:
			of := receiver(d)
			if slices.Contains(methodCalculators, dir+"."+of) && !slices.Contains(plainMethods, name) {
				names = append(names, "Example"+of+"_"+name)
			}
		case !strings.HasPrefix(name, "New") && !slices.Contains(noCalculators, dir+"."+name):
			names = append(names, "Example"+name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if s, ok := spec.(*ast.TypeSpec); ok && strings.HasSuffix(s.Name.Name, "Accumulator") {
				names = append(names, "Example"+s.Name.Name)
			}
		}
	}
	return names
}

func receiver(f *ast.FuncDecl) string {
	of := f.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	if ident, ok := of.(*ast.Ident); ok {
		return ident.Name
	}
	return ""
}

func TestEveryCalculatorHasAnExampleWithItsOutput(t *testing.T) {
	for _, dir := range calculatorDirs {
		needed, have := calculators(t, dir)
		assert.NotEmpty(t, needed, dir)
		for _, name := range needed {
			assert.Contains(t, have, name, "package %s lacks func %s with an output", dir, name)
		}
	}
}
