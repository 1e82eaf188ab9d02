package house_test

import (
	"go/ast"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rewardFiles are the files of package loyalty whose commands are about rewards.
var rewardFiles = []string{"redeem.go", "redemptioncommands.go"}

func TestEveryCommandOfRewardsAndFeaturesIsInAnExample(t *testing.T) {
	for dir, files := range map[string][]string{"loyalty": rewardFiles, "loyalty/booking": nil, "loyalty/raffle": nil, "loyalty/referral": nil} {
		commands, shown := commandsAndExamples(t, dir, files)
		require.NotEmptyf(t, commands, dir)
		for _, command := range commands {
			assert.Truef(t, shown[command], "%s.%s is in no example with an output", dir, command)
		}
	}
}

// commandsAndExamples lists the commands of a package, or of files of it, and the types
// that are made in examples with an output.
func commandsAndExamples(t *testing.T, dir string, files []string) (commands []string, shown map[string]bool) {
	t.Helper()
	shown = map[string]bool{}
	for name, file := range parsed(t, dir) {
		switch {
		case strings.HasSuffix(name, "_test.go"):
			madeInExamples(file, filepath.Base(dir), shown)
		case len(files) == 0 || slices.Contains(files, filepath.Base(name)):
			commands = append(commands, commandsOf(file)...)
		}
	}
	return commands, shown
}

// commandsOf lists the exported types of a file that can be planned and applied.
func commandsOf(file *ast.File) (commands []string) {
	methods := map[string][]string{}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv != nil {
			of := receiver(f)
			methods[of] = append(methods[of], f.Name.Name)
		}
	}
	for of, has := range methods {
		if ast.IsExported(of) && slices.Contains(has, "Plan") && slices.Contains(has, "Apply") {
			commands = append(commands, of)
		}
	}
	slices.Sort(commands)
	return commands
}

// madeInExamples notes the types of a package of which an example with an output has a
// literal.
func madeInExamples(file *ast.File, pkg string, shown map[string]bool) {
	printed := examplesWithOutput(file)
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || !slices.Contains(printed, f.Name.Name) {
			continue
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if of, ok := literal.Type.(*ast.SelectorExpr); ok {
				if from, ok := of.X.(*ast.Ident); ok && from.Name == pkg {
					shown[of.Sel.Name] = true
				}
			}
			return true
		})
	}
}
