// Command whatif puts an order log through two loyalty programs at once, in memory, and
// shows what the second would have meant for the shop and for its members. Say -h for
// its flags.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/loyaltykit/loyaltykit/examples/orderlog"
	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/whatif"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	c := command{stdout: os.Stdout, stderr: os.Stderr, terminal: term.IsTerminal(int(os.Stderr.Fd())), now: time.Now}
	code := c.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// command is the command with what it prints to.
type command struct {
	stdout, stderr io.Writer
	terminal       bool
	now            func() time.Time
}

// options are the command's flags.
type options struct {
	orders, a, b string
	json         bool
	top          int
}

const usage = `whatif puts an order log through two loyalty programs at once, in memory, and shows
what the second would have meant for the shop and for its members.

  go run ./examples/whatif
      a coffee shop that never was: what if beans expired sooner, and Mondays were plain?
  go run ./examples/whatif -orders orders.csv -a today.json -b proposed.json
      the log of your own shop

The flags:
  -orders FILE     the log: CSV, as go run ./examples/replay -h says
  -a, -b NAME      the two programs: JSON files, or names of those that ship with the
                   examples: %s
  -top N           how many members to name who gain or lose most; the default is 5
  -json            print the report as one JSON object

Rows that are no orders are named on stderr with their line, column and reason.
Exit codes: 0 done, 1 it failed, 2 bad flags.
`

//go:embed plain.json
var plain string

// plainProgram names the program of this example.
const plainProgram = "plain"

func (c *command) run(ctx context.Context, args []string) int {
	o, err := c.parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		fmt.Fprintf(c.stderr, "whatif: %v\nSay -h for help.\n", err)
		return exitUsage
	}
	if err := c.compare(ctx, o); err != nil {
		if errors.Is(err, context.Canceled) {
			err = errors.New("interrupted")
		}
		fmt.Fprintf(c.stderr, "whatif: %v\n", err)
		return exitFailed
	}
	return exitOK
}

func (c *command) parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("whatif", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.orders, "orders", "", "")
	flags.StringVar(&o.a, "a", "coffee", "")
	flags.StringVar(&o.b, "b", plainProgram, "")
	flags.IntVar(&o.top, "top", 5, "")
	flags.BoolVar(&o.json, "json", false, "")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(c.stdout, usage, strings.Join(append(orderlog.ShippedPrograms(), plainProgram), ", "))
	case err == nil && flags.NArg() > 0:
		err = fmt.Errorf("%q is no flag; a log is named by -orders", flags.Arg(0))
	case err == nil && o.top < 1:
		err = fmt.Errorf("-top %d: must be above 0", o.top)
	}
	return o, err
}

func loadProgram(name string) (loyalty.Program, error) {
	if name == plainProgram {
		return loyalty.ParseProgram(strings.NewReader(plain))
	}
	return orderlog.LoadProgram(name)
}

// compare lives the log under both programs and prints the report.
func (c *command) compare(ctx context.Context, o options) error {
	a, err := loadProgram(o.a)
	if err != nil {
		return err
	}
	b, err := loadProgram(o.b)
	if err != nil {
		return err
	}
	log, err := openLog(o.orders, a)
	if err != nil {
		return err
	}
	defer log.Close()
	started := c.now()
	report, err := whatif.Compare(ctx, c.events(log), loyalty.Revisions{a}, loyalty.Revisions{b},
		func() (storage.Store, error) { return memory.New(), nil },
		&whatif.Options{Names: [2]string{o.a, o.b}, Top: o.top, Progress: func(p whatif.Progress) { c.progress(log, p) }})
	c.clear()
	if err != nil {
		return err
	}
	if o.json {
		encoder := json.NewEncoder(c.stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	fmt.Fprintf(c.stdout, "%s\n%s\n%.1f seconds\n", log.Name, report, c.now().Sub(started).Seconds())
	return nil
}

func openLog(path string, program loyalty.Program) (*orderlog.Log, error) {
	zone, err := time.LoadLocation(program.Zone)
	if err != nil {
		return nil, err
	}
	if path == "" {
		return orderlog.Generated(orderlog.CoffeeShop(program, zone)), nil
	}
	return orderlog.File(path, zone)
}

// events turns a log into a history: a member's first event enrolls before. Rows
// that are no orders are named and left out.
func (c *command) events(log *orderlog.Log) iter.Seq2[whatif.Event, error] {
	return func(yield func(whatif.Event, error) bool) {
		seen := map[string]struct{}{}
		for e, err := range log.Events {
			if bad := (*kpi.RowError)(nil); errors.As(err, &bad) {
				c.clear()
				fmt.Fprintf(c.stderr, "refused: %v\n", bad)
				continue
			}
			if err != nil {
				yield(whatif.Event{}, err)
				return
			}
			member := e.Command.Plan().Member
			if _, known := seen[member]; !known {
				member = strings.Clone(member)
				seen[member] = struct{}{}
				if !yield(whatif.Event{At: e.At, Command: loyalty.Enroll{Member: member, Key: "enroll", OccurredAt: e.At}}, nil) {
					return
				}
			}
			if !yield(whatif.Event{At: e.At, Command: e.Command}, nil) {
				return
			}
		}
	}
}

// progress shows, on a terminal, how far it is.
func (c *command) progress(log *orderlog.Log, p whatif.Progress) {
	if c.terminal {
		fmt.Fprintf(c.stderr, "\r\x1b[K%3.0f %%  %d commands, at %s", 100*log.Done(), p.Events, p.At.Format(time.DateOnly))
	}
}

// clear takes the line of progress away.
func (c *command) clear() {
	if c.terminal {
		fmt.Fprint(c.stderr, "\r\x1b[K")
	}
}
