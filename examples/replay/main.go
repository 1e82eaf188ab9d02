// Command replay puts an order log through a loyalty program into a SQLite file,
// as if it happened again, and then proves that the books are right. Say -h for
// its flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/loyaltykit/loyaltykit/examples/orderlog"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	out := &console{out: os.Stderr, terminal: term.IsTerminal(int(os.Stderr.Fd())), now: time.Now, started: time.Now()}
	code := run(ctx, os.Args[1:], os.Stdout, out)
	stop()
	os.Exit(code)
}

// run is the command, and returns its exit code.
func run(ctx context.Context, args []string, stdout io.Writer, console *console) int {
	o, err := parseOptions(args, stdout, console.out)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		return exitUsage
	}
	s, err := replayLog(ctx, o, console)
	console.clear()
	if s != nil && s.books != nil {
		if o.json {
			err = errors.Join(err, s.writeJSON(stdout))
		} else {
			s.write(stdout)
		}
	}
	if err != nil {
		console.say("replay: %v", err)
		return exitFailed
	}
	return exitOK
}

var (
	errBooks  = errors.New("the books are wrong")
	errStrict = errors.New("stopped at the first row that was refused")
)

// replayLog replays and closes the books. What it returns beside an error is
// what there is to report nevertheless.
func replayLog(ctx context.Context, o options, console *console) (s *summary, err error) {
	program, err := orderlog.LoadProgram(o.program)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(program.Zone)
	if err != nil {
		return nil, err
	}
	var asOf time.Time
	if o.asOf != "" {
		if asOf, err = orderlog.ParseInstant(o.asOf, zone); err != nil {
			return nil, fmt.Errorf("-as-of: %w", err)
		}
	}
	log, err := openLog(o.orders, program, zone)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	db, err := openDatabase(ctx, o.db)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	defer func() { err = errors.Join(err, db.close()) }()
	if o.db == "" {
		console.say("database: %s", db.path)
	}
	s = &summary{log: log.Name, program: describe(o.program, program), database: db.path, zone: zone}
	return s, s.fill(ctx, o, program, log, db, asOf, console)
}

// fill replays the log and fills the summary in.
func (s *summary) fill(ctx context.Context, o options, program loyalty.Program, log *orderlog.Log, db *database, asOf time.Time, console *console) error {
	now := points.Never // the clock follows the log until its end
	engine, err := loyalty.New(loyalty.Revisions{program}, db.Store, &loyalty.Options{Clock: func() time.Time { return now }})
	if err != nil {
		return err
	}
	started := console.now()
	r := &replay{engine: engine, zone: s.zone, console: console, limit: o.limit, strict: o.strict, asOf: asOf}
	err = r.run(ctx, log)
	s.outcome, s.asOf = r.outcome, asOf
	if err != nil {
		return unfinished(err, db.path)
	}
	if s.asOf.IsZero() {
		s.asOf = r.last
	}
	if now = s.asOf; !now.IsZero() {
		if err := runDue(ctx, engine, console); err != nil {
			return unfinished(err, db.path)
		}
	}
	s.seconds = console.now().Sub(started).Seconds()
	if s.books, err = closeBooks(ctx, engine, db.Store, program, s.asOf); err != nil {
		return err
	}
	if o.verify {
		if err := s.audit(ctx, engine, console); err != nil {
			return err
		}
	}
	if o.html != "" && s.books.ok() {
		if err := s.page(ctx, o.html, engine, db.Store, program); err != nil {
			return err
		}
	}
	switch {
	case s.books.recorded.After(s.asOf):
		return fmt.Errorf("the database goes on to %s: choose that or a later -as-of, or another -db", s.books.recorded.In(s.zone).Format(time.RFC3339))
	case !s.books.ok():
		return errBooks
	case s.stopped != nil:
		return errStrict
	default:
		return nil
	}
}

func runDue(ctx context.Context, engine *loyalty.Engine, console *console) error {
	report, err := engine.RunDue(ctx, &loyalty.DueOptions{Progress: func(r loyalty.DueReport) {
		console.step("accounts brought up to date", int64(r.Visited))
	}})
	if err != nil {
		return err
	}
	return errors.Join(report.Failed...)
}

func (s *summary) audit(ctx context.Context, engine *loyalty.Engine, console *console) error {
	report, err := engine.Verify(ctx, &loyalty.VerifyOptions{Progress: func(r loyalty.VerifyReport) {
		console.step("accounts audited", r.Accounts)
	}})
	if err != nil {
		return err
	}
	s.books.addAudit(report)
	s.verified = report.OK() && report.Accounts == s.books.members
	return nil
}

func openLog(path string, program loyalty.Program, zone *time.Location) (*orderlog.Log, error) {
	if path == "" {
		return orderlog.Generated(orderlog.CoffeeShop(program, zone)), nil
	}
	return orderlog.File(path, zone)
}

func describe(name string, program loyalty.Program) string {
	if name == program.ID {
		return name
	}
	return fmt.Sprintf("%s (%s)", program.ID, name)
}

// unfinished says how to go on after a replay that did not end.
func unfinished(err error, path string) error {
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("interrupted; to go on, start it again with -db %s", path)
	case errors.Is(err, loyalty.ErrRevisionMismatch):
		return fmt.Errorf("%w; the file holds books of another text of this program: choose another -db", err)
	default:
		return fmt.Errorf("%w; nothing counts twice if you start it again with -db %s", err, path)
	}
}
