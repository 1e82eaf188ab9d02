package storagetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// documented reads the clauses from the doc comment of storage.Store.
func documented(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../store.go", nil, parser.ParseComments)
	require.NoError(t, err)
	var doc string
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if ok && gen.Tok == token.TYPE && gen.Specs[0].(*ast.TypeSpec).Name.Name == "Store" {
			doc = gen.Doc.Text()
		}
	}
	require.NotEmpty(t, doc, "storage.Store has no doc comment")
	start := regexp.MustCompile(`^\s+- ([A-Z]\d+) (.*)$`)
	found, current := map[string]string{}, ""
	for line := range strings.Lines(doc) {
		line = strings.TrimRight(line, "\n")
		if m := start.FindStringSubmatch(line); m != nil {
			current = m[1]
			found[current] = m[2]
		} else if current != "" && strings.HasPrefix(line, "    ") {
			found[current] += " " + strings.TrimSpace(line)
		} else {
			current = ""
		}
	}
	return found
}

func TestClausesAreThoseOfTheDocComment(t *testing.T) {
	assert.Equal(t, documented(t), clauses)
}

func TestAFullLegLeavesNoFieldZero(t *testing.T) {
	env := &Env{Program: "beans"}
	leg := env.full("anna", 0, "order-1")
	assertFull(t, "Account", reflect.ValueOf(leg.Account))
	assertFull(t, "Operation", reflect.ValueOf(leg.Operation))
	assertFull(t, "Lot", reflect.ValueOf(leg.Lots[0]))
	assertFull(t, "Entry", reflect.ValueOf(leg.Entries[0]))
	assertFull(t, "Record", reflect.ValueOf(leg.Records[0]))
	assertFull(t, "Revision", reflect.ValueOf(env.revision(1, "one")))
	event := env.event("anna", 1, 3)
	assertFull(t, "Event", reflect.ValueOf(event))
}

func assertFull(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	assert.False(t, v.IsZero(), "%s is zero: a store that forgets it would pass", path)
	if v.Type() == reflect.TypeFor[time.Time]() {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			assertFull(t, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Slice:
		if v.Len() > 0 {
			assertFull(t, path+"[0]", v.Index(0))
		}
	}
}
