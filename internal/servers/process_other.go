//go:build !unix

package servers

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"time"
)

// process is never made where a server cannot be started.
type process struct{ pid int }

func launch(string, string, []string) (*process, error) { return nil, errSystem() }

func newFolder() (string, error) { return "", errSystem() }

func errSystem() error {
	return fmt.Errorf("%w: none is started on %s: name one in the environment", ErrMissing, runtime.GOOS)
}

func (p *process) ended(time.Time) bool { return true }
func (p *process) kill() error          { return errSystem() }
func (p *process) stop(string) error    { return errSystem() }

func childrenOf(int) ([]int, error) { return nil, errSystem() }

func give(string) error { return errSystem() }

func command(ctx context.Context, folder, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = folder
	return cmd
}
