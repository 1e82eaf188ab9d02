package house_test

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// noFormula are calculators that feed and collect what others compute with.
var noFormula = []string{"kpi.Collect", "kpi.CollectCSV", "kpi.Orders", "kpi/clv.Customers", "loyalty/figures.Orders", "loyalty/figures.PointCohorts", "loyalty/figures.PointReportOf"}

var (
	// sourceNamed is what a comment says of where a formula comes from.
	sourceNamed = regexp.MustCompile(`Source|\b(19|20)\d\d\)|IFRS 15|convention of the trade`)
	link        = regexp.MustCompile(`\[\*?([A-Za-z]+(?:\.[A-Za-z]+)*)\]`)
)

// comments are the doc comments of packages, by "dir.Name" and "dir.Type.Method".
type comments map[string]string

func commentsOf(t *testing.T, dirs []string) comments {
	t.Helper()
	all := comments{}
	for _, dir := range dirs {
		for name, file := range parsed(t, dir) {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			for _, decl := range file.Decls {
				all.take(dir, decl)
			}
		}
	}
	return all
}

func (c comments) take(dir string, decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil {
			name = receiver(d) + "." + name
		}
		c[dir+"."+name] = d.Doc.Text()
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if s, ok := spec.(*ast.TypeSpec); ok {
				c[dir+"."+s.Name.Name] = d.Doc.Text() + s.Doc.Text()
			}
		}
	}
}

// cited reports whether a symbol's comment, that of its type, or one that these link to
// names a source.
func (c comments) cited(symbol string, seen map[string]bool) bool {
	text, known := c[symbol]
	if !known || seen[symbol] {
		return false
	}
	seen[symbol] = true
	if sourceNamed.MatchString(text) {
		return true
	}
	for _, to := range link.FindAllStringSubmatch(text, -1) {
		if slices.ContainsFunc([]string{folder(symbol) + "." + to[1], elsewhere(to[1])}, func(s string) bool { return c.cited(s, seen) }) {
			return true
		}
	}
	return false
}

// folder is that of a symbol's package.
func folder(symbol string) string {
	at := strings.LastIndex(symbol, "/") + 1
	return symbol[:at+strings.Index(symbol[at:], ".")]
}

// elsewhere is a name such as clv.Alive with the folder of its package.
func elsewhere(name string) string {
	of, rest, _ := strings.Cut(name, ".")
	for _, dir := range calculatorDirs {
		if path.Base(dir) == of {
			return dir + "." + rest
		}
	}
	return ""
}

func TestEveryCalculatorNamesTheSourceOfItsFormula(t *testing.T) {
	all := commentsOf(t, calculatorDirs)
	for _, dir := range calculatorDirs {
		needed, _ := calculators(t, dir)
		for _, example := range needed {
			name := strings.ReplaceAll(strings.TrimPrefix(example, "Example"), "_", ".")
			of, _, _ := strings.Cut(name, ".")
			if slices.Contains(noFormula, dir+"."+name) {
				continue
			}
			assert.True(t, all.cited(dir+"."+name, map[string]bool{}) || all.cited(dir+"."+of, map[string]bool{}),
				"%s.%s: its comment names no source, and links to nothing that does", dir, name)
		}
	}
	assert.False(t, comments{"kpi.Guess": "Guess links to [Hope].", "kpi.Hope": "Hope cites nobody."}.cited("kpi.Guess", map[string]bool{}), "the control")
}
