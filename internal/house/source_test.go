package house_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/loyaltykit/loyaltykit"

// root is the repository as seen from this package.
var root = filepath.Join("..", "..")

// source is one package, read from its files whatever their build constraints.
type source struct {
	// dir is its folder below the root, with slashes; "." is the root.
	dir  string
	name string
	doc  string
	// imports and testImports hold what of this repository is imported, by folder.
	imports     []string
	testImports []string
	// examples is set where an example has a checked output.
	examples bool
}

// packages reads all packages of the repository, those of nested modules too.
// The tools are not ours.
func packages(t *testing.T) []*source {
	t.Helper()
	var all []*source
	require.NoError(t, filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if base := entry.Name(); name != root && (strings.HasPrefix(base, ".") || base == "testdata" || base == "tools" || base == "bin") {
			return filepath.SkipDir
		}
		if p := readPackage(t, name); p != nil {
			all = append(all, p)
		}
		return nil
	}))
	require.NotEmpty(t, all)
	return all
}

func readPackage(t *testing.T, dir string) *source {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	if len(names) == 0 {
		return nil
	}
	relative, err := filepath.Rel(root, dir)
	require.NoError(t, err)
	p := &source{dir: filepath.ToSlash(relative)}
	var tests []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		if strings.HasSuffix(name, "_test.go") {
			tests = append(tests, file)
			p.testImports = append(p.testImports, ownImports(file)...)
			continue
		}
		p.name = file.Name.Name
		p.doc += file.Doc.Text()
		p.imports = append(p.imports, ownImports(file)...)
	}
	p.examples = slices.ContainsFunc(doc.Examples(tests...), func(e *doc.Example) bool { return e.Output != "" || e.EmptyOutput })
	return p
}

// ownImports lists the packages of this repository that a file imports, by folder.
func ownImports(file *ast.File) []string {
	var dirs []string
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err == nil && (name == module || strings.HasPrefix(name, module+"/")) {
			dirs = append(dirs, path.Clean("."+strings.TrimPrefix(name, module)))
		}
	}
	return dirs
}

// below reports whether a folder is one of tops or lies in one of them.
func below(dir string, tops ...string) bool {
	return slices.ContainsFunc(tops, func(top string) bool { return dir == top || strings.HasPrefix(dir, top+"/") })
}

func read(t *testing.T, names ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{root}, names...)...))
	require.NoError(t, err)
	return string(data)
}
