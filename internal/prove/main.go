package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"time"
)

func main() {
	full := flag.Bool("full", false, "run the nightly sizes")
	only := flag.String("row", "", "run one row only, such as R4")
	verbose := flag.Bool("v", false, "print what the tests print")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := scorecard(ctx, *full, *only, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// errFailed reports that some row did not hold.
var errFailed = errors.New("some rows do not hold")

func scorecard(ctx context.Context, full bool, only string, verbose bool) error {
	root, err := root(ctx)
	if err != nil {
		return err
	}
	passed, failed := 0, 0
	for _, r := range rows() {
		if only != "" && r.id != only {
			continue
		}
		if r.missing != "" {
			fmt.Printf("%-4s not built  %s: %s\n", r.id, r.title, r.missing)
			continue
		}
		if r.print(ctx, root, full, verbose) {
			passed++
		} else {
			failed++
		}
	}
	fmt.Printf("\n%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		return errFailed
	}
	return nil
}

// print runs a row's tests and prints its line, with a line for each figure and
// command under it. It reports whether the row holds.
func (r row) print(ctx context.Context, root string, full, verbose bool) bool {
	began := time.Now()
	holds := true
	var figures, commands []string
	ran := 0
	for _, p := range r.tests {
		output, command, err := p.run1(ctx, root, full)
		if verbose {
			fmt.Println(output)
		}
		passes := strings.Count(output, "--- PASS: ")
		holds = holds && err == nil && passes > 0
		ran += passes
		commands = append(commands, command)
		figures = append(figures, figuresOf(output)...)
		if err != nil {
			figures = append(figures, "FAILED: "+command)
			if !verbose {
				fmt.Println(output)
			}
		}
		if err == nil && passes == 0 {
			figures = append(figures, "no test ran: "+command)
		}
	}
	verdict := "holds"
	if !holds {
		verdict = "FAILS"
	}
	fmt.Printf("%-4s %-9s  %s: %d tests in %s\n", r.id, verdict, r.title, ran, time.Since(began).Round(time.Second))
	for _, figure := range figures {
		fmt.Printf("       %s\n", figure)
	}
	for _, command := range commands {
		fmt.Printf("       $ %s\n", command)
	}
	return holds
}

// run1 runs one set of tests and returns what it printed, and the command as one
// would type it.
func (p proof) run1(ctx context.Context, root string, full bool) (output, command string, err error) {
	size, within := "LOYALTYKIT_PROVE=1", "20m"
	if full {
		size, within = "LOYALTYKIT_PROVE_FULL=1", "4h"
	}
	args := []string{"test", "-count=1", "-v", "-timeout", within, "-run", p.run, p.pattern}
	command = fmt.Sprintf("%s go test -count=1 -v -run '%s' %s", size, p.run, p.pattern)
	if p.module != core {
		command = fmt.Sprintf("cd %s && %s", p.module, command)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root + "/" + p.module
	cmd.Env = append(os.Environ(), size)
	text, err := cmd.CombinedOutput()
	return string(text), command, err
}

var figureLine = regexp.MustCompile(`(?m)^.*?figure ([RK][0-9]+\S* .*)$`)

// figuresOf returns the figures that tests logged.
func figuresOf(output string) []string {
	var figures []string
	for _, match := range figureLine.FindAllStringSubmatch(output, -1) {
		figures = append(figures, match[1])
	}
	return figures
}

// root finds the top of the workspace.
func root(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOWORK").Output()
	if err != nil {
		return "", fmt.Errorf("find the workspace: %w", err)
	}
	work := strings.TrimSpace(string(out))
	if work == "" || work == "off" {
		return "", errors.New("run it in the workspace: GOWORK is off")
	}
	return strings.TrimSuffix(work, "/go.work"), nil
}
