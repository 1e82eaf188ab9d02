package house_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var fence = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// commented are the package comments that show code.
var commented = []string{"storage/storagetest/doc.go"}

// indented are the blocks of code of a comment.
var indented = regexp.MustCompile("(?m)(?:^//\t.*\n)+")

// Whatever Go code a page or a package comment shows stands in a file that is compiled,
// line for line: an example, or a test.
func TestTheCodeThatDocumentsShowIsCompiled(t *testing.T) {
	snippets := map[string][]string{}
	var code strings.Builder
	for name, text := range texts(t) {
		switch filepath.Ext(name) {
		case ".md":
			for _, found := range fence.FindAllStringSubmatch(text, -1) {
				snippets[name] = append(snippets[name], found[1])
			}
		case ".go":
			code.WriteString(flush(text))
		}
	}
	for _, name := range commented {
		for _, block := range indented.FindAllString(read(t, filepath.FromSlash(name)), -1) {
			snippets[name] = append(snippets[name], dedent(block, "//\t"))
		}
	}
	for _, name := range append([]string{"README.md", "docs/adapter.md", "docs/program.md"}, commented...) {
		assert.NotEmpty(t, snippets[name], "%s shows code", name)
	}
	for name, shown := range snippets {
		for _, snippet := range shown {
			has := strings.Contains(code.String(), flush(snippet)) // whose failure prints no whole repository
			assert.True(t, has, "no file of Go has these lines of %s:\n%s", name, snippet)
		}
	}
	has := strings.Contains(code.String(), flush("engine := loyalty."+"New()\n"))
	assert.False(t, has, "the gate can tell")
}

// flush takes the indent of each line away, and what only separates lines.
func flush(text string) string {
	var b strings.Builder
	b.WriteByte('\n')
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// texts are the pages and the sources of the repository by their path, with slashes.
func texts(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() && name != root && (strings.HasPrefix(base, ".") || base == "testdata" || base == "bin") {
			return filepath.SkipDir
		}
		if ext := filepath.Ext(base); entry.IsDir() || ext != ".md" && ext != ".go" {
			return nil
		}
		relative, err := filepath.Rel(root, name)
		if err == nil {
			all[filepath.ToSlash(relative)] = read(t, relative)
		}
		return err
	}))
	return all
}
