package orderlog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryShippedProgramIsValidAndNamedAsItsFile(t *testing.T) {
	assert.Equal(t, []string{"coffee", "whole-dollar"}, ShippedPrograms())
	for _, name := range ShippedPrograms() {
		program, err := LoadProgram(name)
		require.NoError(t, err)
		assert.Equal(t, name, program.ID)
	}
}

func TestAProgramCanBeAFileOfOnesOwn(t *testing.T) {
	text, err := shipped.ReadFile("programs/whole-dollar.json")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "mine.json")
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "whole-dollar", "mine")), 0o600))
	program, err := LoadProgram(path)
	require.NoError(t, err)
	assert.Equal(t, "mine", program.ID)
}

func TestAProgramThatIsNotThereOrNotRightSaysWhatIsMissing(t *testing.T) {
	_, err := LoadProgram("tea")
	require.EqualError(t, err, `program "tea" is neither a file nor one of coffee, whole-dollar`)

	path := filepath.Join(t.TempDir(), "bad.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"id": "bad", "zone": "Mars/Olympus", "units": []}`), 0o600))
	_, err = LoadProgram(path)
	require.ErrorContains(t, err, "zone")
	require.ErrorContains(t, err, "units")
}
