// With runs a command beside throwaway servers:
//
//	go run ./internal/servers/with go test work
//
// The command finds a PostgreSQL and a MariaDB in its environment; servers that the
// environment names already are used as they are. With ends as the command ends.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/loyaltykit/loyaltykit/internal/servers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	if command, ok := errors.AsType[ended](err); ok {
		os.Exit(max(1, command.ExitCode()))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "with:", err)
		os.Exit(1)
	}
}

// ended is the command that did not end well. It has said why itself, other than a program
// that was to prepare a server.
type ended struct{ *exec.ExitError }

func run(ctx context.Context, command []string) (err error) {
	if len(command) == 0 {
		return errors.New("which command? such as: go test work")
	}
	for engine, key := range map[servers.Engine]string{
		servers.PostgreSQL: "LOYALTYKIT_POSTGRES", servers.MySQL: "LOYALTYKIT_MYSQL",
	} {
		server, missing := servers.Find(ctx, engine)
		if missing != nil {
			return missing
		}
		defer func() { err = errors.Join(err, server.Stop()) }()
		if err := os.Setenv(key, server.URL); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return ended{exit}
	}
	return err
}
