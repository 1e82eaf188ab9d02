package storagetest

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const page = "../../docs/contract.md"

var update = flag.Bool("update", false, "write docs/contract.md anew")

// The page is made of the doc comments of package storage and of the cases here.
func TestThePageOfTheContractIsUpToDate(t *testing.T) {
	want := contractPage(t)
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o644))
	}
	have, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Equal(t, want, string(have), "run: go test ./storage/storagetest -run ThePage -update")
}

func TestEveryClauseIsOnThePageWithACase(t *testing.T) {
	text := contractPage(t)
	for id, clause := range clauses {
		assert.Regexp(t, `(?m)^### `+id+`\n\n`+regexp.QuoteMeta(linked(clause))+`\n\nProved by .*\x60[a-z0-9-]+\x60`, text)
	}
}

func contractPage(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(`<!-- Made from the doc comments of package storage: go test ./storage/storagetest -run ThePage -update -->

# The storage contract

What a [` + "`storage.Store`" + `](../storage/store.go) promises, clause by clause, with the cases of
[` + "`storagetest`" + `](../storage/storagetest) that prove it; a case that fails prints its clause. [adapter.md](adapter.md) tells how
to write a store that keeps it.

`)
	store := declared(t, "Store")
	b.WriteString("| method | |\n|---|---|\n")
	for _, method := range store.Specs[0].(*ast.TypeSpec).Type.(*ast.InterfaceType).Methods.List {
		fmt.Fprintf(&b, "| `%s` | %s |\n", method.Names[0].Name, linked(joined(method.Doc.Text())))
	}
	proofs := map[string][]string{}
	for _, c := range Cases() {
		proofs[c.Clause] = append(proofs[c.Clause], "`"+c.Name+"`")
	}
	clause := regexp.MustCompile(`^\s+- ([A-Z]\d+) `)
	for line := range strings.Lines(store.Doc.Text()) {
		if title, ok := strings.CutPrefix(line, "# "); ok {
			fmt.Fprintf(&b, "\n## %s\n", strings.TrimSpace(title))
		} else if m := clause.FindStringSubmatch(line); m != nil {
			fmt.Fprintf(&b, "\n### %s\n\n%s\n\nProved by %s.\n", m[1], linked(clauses[m[1]]), strings.Join(proofs[m[1]], ", "))
		}
	}
	b.WriteString("\n## Optional abilities\n\nA store may have more than a Store must; the engine finds it with `storage.As`, through decorators too.\n\n| ability | |\n|---|---|\n")
	for _, name := range []string{"Limiter", "Totaler", "Bound", "Wrapper"} {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, linked(joined(declared(t, name).Doc.Text())))
	}
	return b.String()
}

// declared returns the declaration of a type of package storage, with comments.
func declared(t *testing.T, name string) *ast.GenDecl {
	t.Helper()
	for _, file := range []string{"../store.go", "../totals.go"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, decl := range parsed.Decls {
			if gen, ok := decl.(*ast.GenDecl); ok && gen.Tok == token.TYPE && gen.Specs[0].(*ast.TypeSpec).Name.Name == name {
				return gen
			}
		}
	}
	t.Fatalf("package storage has no type %s", name)
	return nil
}

func joined(text string) string { return strings.Join(strings.Fields(text), " ") }

// linked turns the links of doc comments into links of the page.
func linked(text string) string {
	return regexp.MustCompile(`\[([A-Z][A-Za-z.]*)\]`).
		ReplaceAllString(text, "[`$1`](https://pkg.go.dev/github.com/loyaltykit/loyaltykit/storage#$1)")
}
