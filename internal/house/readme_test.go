package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var quickstart = regexp.MustCompile("(?s)<!-- quickstart -->\n.*?```go\n(.*?)```\n.*?```text\n(.*?)```\n.*?<!-- /quickstart -->")

// The README's quick start is the example of package loyalty, which go test runs:
// the same code, and the output that was checked.
func TestTheQuickStartIsTheExampleThatRuns(t *testing.T) {
	shown := quickstart.FindStringSubmatch(read(t, "README.md"))
	require.NotNil(t, shown, "README.md has a go block and a text block between its quickstart markers")
	code, output := example(t, read(t, "loyalty", "example_test.go"))
	assert.Equal(t, code, shown[1], "copy the body of Example in loyalty/example_test.go into README.md")
	assert.Equal(t, output, shown[2], "copy the output of Example in loyalty/example_test.go into README.md")
}

// example returns the body of func Example without its indent, and its output.
func example(t *testing.T, text string) (code, output string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "example_test.go", text, parser.ParseComments)
	require.NoError(t, err)
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Name.Name != "Example" {
			continue
		}
		body := text[files.Position(f.Body.Lbrace).Offset+2 : files.Position(f.Body.Rbrace).Offset]
		body, comment, found := strings.Cut(body, "\t// Output:\n")
		require.True(t, found, "the example states its output")
		return dedent(body, "\t"), dedent(comment, "\t// ")
	}
	t.Fatal("loyalty/example_test.go has no func Example")
	return "", ""
}

func dedent(text, indent string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimPrefix(line, indent))
	}
	return b.String()
}

func TestTheReadmeNamesTheCommands(t *testing.T) {
	readme := read(t, "README.md")
	for _, command := range []string{"go run ./examples/replay", "go test work"} {
		assert.Contains(t, readme, command)
	}
}
