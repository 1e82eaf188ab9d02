package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// source is what the Go source says about types beyond what reflection knows.
type source struct {
	// docs has the comments of types, by "points.Rule", and of fields, by
	// "points.Rule.Code".
	docs map[string]string
	// constants has the values of string constants, by type.
	constants map[string][]string
}

// readSource reads the packages of the program's types.
func readSource(root string) (source, error) {
	s := source{docs: map[string]string{}, constants: map[string][]string{}}
	for _, name := range []string{"points", "rewards", "tiers", "loyalty"} {
		files, err := filepath.Glob(filepath.Join(root, name, "*.go"))
		if err != nil {
			return s, err
		}
		if len(files) == 0 {
			return s, fmt.Errorf("no Go files in %s: run at the root of the repository", filepath.Join(root, name))
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return s, err
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments)
			if err != nil {
				return s, err
			}
			s.read(name, parsed)
		}
	}
	return s, nil
}

func (s *source) read(pkg string, file *ast.File) {
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range group.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				s.readType(pkg+"."+spec.Name.Name, spec, group.Doc)
			case *ast.ValueSpec:
				s.readConstant(pkg, group.Tok, spec)
			}
		}
	}
}

func (s *source) readType(name string, spec *ast.TypeSpec, doc *ast.CommentGroup) {
	s.docs[name] = plain(doc.Text())
	fields, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	last := ""
	for _, field := range fields.Fields.List {
		// A comment above several fields is about all of them.
		if field.Doc != nil {
			last = plain(field.Doc.Text())
		}
		for _, ident := range field.Names {
			if field.Doc != nil || strings.Contains(last, ident.Name) {
				s.docs[name+"."+ident.Name] = last
			}
		}
	}
}

func (s *source) readConstant(pkg string, kind token.Token, spec *ast.ValueSpec) {
	typ, ok := spec.Type.(*ast.Ident)
	if kind != token.CONST || !ok {
		return
	}
	for _, value := range spec.Values {
		literal, ok := value.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			continue
		}
		if text, err := strconv.Unquote(literal.Value); err == nil {
			name := pkg + "." + typ.Name
			s.constants[name] = append(s.constants[name], text)
		}
	}
}

var link = regexp.MustCompile(`\[([A-Z][A-Za-z.]*|[a-z]+\.[A-Z][A-Za-z.]*)\]`)

// plain is a comment as running text.
func plain(text string) string {
	return strings.Join(strings.Fields(link.ReplaceAllString(text, "$1")), " ")
}
