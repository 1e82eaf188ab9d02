package house_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// coreModules is what the core's own code depends on besides the standard
// library, testModules what its tests and their dependencies add. A driver is in
// neither: adapters that need one are modules of their own.
var (
	coreModules = []string{module, "github.com/shopspring/decimal", "golang.org/x/exp"}
	testModules = []string{
		"github.com/anishathalye/porcupine", "github.com/davecgh/go-spew", "github.com/kr/pretty", "github.com/kr/text",
		"github.com/pmezard/go-difflib", "github.com/stretchr/objx", "github.com/stretchr/testify", "go.uber.org/goleak",
		"go.yaml.in/yaml/v3", "gopkg.in/check.v1", "gopkg.in/yaml.v3", "pgregory.net/rapid",
	}
)

// goCommand runs the go command on the core alone.
func goCommand(t *testing.T, args ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Dir = root
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly")
	out, err := command.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("go %s: %s", strings.Join(args, " "), failed.Stderr)
	}
	require.NoError(t, err)
	return out
}

func TestTheCoreDependsOnTwoModules(t *testing.T) {
	packages(t) // reads all files, so that a cached result of this test is of these files
	listed := strings.Fields(string(goCommand(t, "list", "./...")))
	listed = slices.DeleteFunc(listed, func(name string) bool { return below(strings.TrimPrefix(name, module+"/"), testOnly...) })
	args := slices.Concat([]string{"list", "-deps", "-json=ImportPath,Standard,Module"}, listed)
	decoder := json.NewDecoder(strings.NewReader(string(goCommand(t, args...))))
	seen := 0
	for {
		var p struct {
			ImportPath string
			Standard   bool
			Module     *struct{ Path string }
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
		seen++
		if !p.Standard {
			require.NotNil(t, p.Module, p.ImportPath)
			assert.Contains(t, coreModules, p.Module.Path, "package %s came into the core", p.ImportPath)
		}
	}
	assert.Greater(t, seen, 50)
}

func TestTheCoreKnowsNoDriver(t *testing.T) {
	var file struct {
		Require []struct{ Path string }
		Replace []struct{ Old struct{ Path string } }
	}
	require.NoError(t, json.Unmarshal(goCommand(t, "mod", "edit", "-json"), &file))
	known := slices.Concat(coreModules, testModules)
	for _, r := range file.Require {
		assert.Contains(t, known, r.Path, "go.mod of the core")
	}
	assert.Empty(t, file.Replace, "a replace in the core's go.mod has no effect for those who import it")
	for line := range strings.Lines(read(t, "go.sum")) {
		name, _, _ := strings.Cut(line, " ")
		assert.Contains(t, known, name, "go.sum of the core")
	}
}

func TestEveryModuleButTheToolsIsInTheWorkspace(t *testing.T) {
	var modules []string
	require.NoError(t, filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "go.mod" {
			dir, _ := filepath.Rel(root, filepath.Dir(name))
			modules = append(modules, filepath.ToSlash(dir))
		}
		return err
	}))
	used := []string{"tools"}
	for _, match := range regexp.MustCompile(`(?m)^\s+(\.\S*)$`).FindAllStringSubmatch(read(t, "go.work"), -1) {
		used = append(used, filepath.ToSlash(filepath.Clean(match[1])))
	}
	assert.ElementsMatch(t, used, modules)
	for _, dir := range modules {
		if dir == "." || dir == "tools" {
			continue
		}
		up, err := filepath.Rel(dir, ".")
		require.NoError(t, err)
		text := read(t, dir, "go.mod")
		assert.Contains(t, text, module+" => "+filepath.ToSlash(up)+"\n", "%s/go.mod replaces the core by this checkout", dir)
		assert.NotContains(t, text, "v0.0.0-00010101000000", "%s/go.mod requires versions that exist", dir)
	}
}
