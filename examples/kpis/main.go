// Command kpis prints the key figures of a shop from its order log, and from its
// survey answers and costs where they are given. Say -h for its flags.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/loyaltykit/loyaltykit/examples/keyfigures"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	progress := io.Discard
	if term.IsTerminal(int(os.Stderr.Fd())) {
		progress = os.Stderr
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, progress))
}

// run is the command, and returns its exit code. Progress is written over and over
// on one line.
func run(args []string, stdout, stderr, progress io.Writer) int {
	o, err := parseOptions(args, stdout, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		return exitUsage
	}
	o.Warnings = stderr
	l := &log{path: o.orders, zone: o.Zone, status: &status{out: progress}, warnings: stderr}
	r, err := keyfigures.Compute(l.keyed(), o.Options)
	if err == nil {
		err = write(r, &o, stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "kpis: %v\n", err)
		return exitFailed
	}
	return exitOK
}

func write(r *keyfigures.Report, o *options, stdout io.Writer) error {
	if o.html != "" {
		if err := r.WriteHTMLFile(o.html); err != nil {
			return err
		}
	}
	if o.json {
		return r.WriteJSON(stdout)
	}
	return r.WriteText(stdout)
}

// status is a line of progress.
type status struct {
	out   io.Writer
	shown int
}

func (s *status) show(what string, percent int) {
	if percent == s.shown {
		return
	}
	s.shown = percent
	fmt.Fprintf(s.out, "\r\x1b[K%s %d %%", what, percent)
}

func (s *status) clear() {
	s.shown = 0
	fmt.Fprint(s.out, "\r\x1b[K")
}
