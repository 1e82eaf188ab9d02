package orderlog

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/loyaltykit/loyaltykit/loyalty"
)

//go:embed programs/*.json
var shipped embed.FS

// ShippedPrograms names the programs that come with this command.
func ShippedPrograms() []string {
	files, err := fs.Glob(shipped, "programs/*.json")
	if err != nil {
		return nil
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(file, "programs/"), ".json")
	}
	return files
}

// LoadProgram reads the program that ships under a name, else a JSON file.
func LoadProgram(name string) (loyalty.Program, error) {
	file, err := openProgram(name)
	if errors.Is(err, fs.ErrNotExist) {
		return loyalty.Program{}, fmt.Errorf("program %q is neither a file nor one of %s", name, strings.Join(ShippedPrograms(), ", "))
	}
	if err != nil {
		return loyalty.Program{}, fmt.Errorf("program: %w", err)
	}
	defer file.Close()
	program, err := loyalty.ParseProgram(file)
	if err != nil {
		return loyalty.Program{}, fmt.Errorf("program %q: %w", name, err)
	}
	return program, nil
}

func openProgram(name string) (io.ReadCloser, error) {
	if slices.Contains(ShippedPrograms(), name) {
		return shipped.Open("programs/" + name + ".json")
	}
	return os.Open(name)
}
