// Command bench measures the engine against what the same machine can do at all:
//
//	go run ./internal/bench -store sqlite -clients 32 -seconds 2
//
// Each case runs next to two limits, hand-written for the store with the engine's
// driver, settings and durability: the least that an earn must write (a key, a
// ledger row, a balance), and exactly the rows that the engine writes. Absolute
// rates say more about the machine than about the code, so what counts are the
// ratios: the limits run before and after each case, three times over; a triple
// whose two limits differ by more than 15 % is thrown away, and the median of the
// others is the result. -explain prints what the limits do.
//
// With -kpi it times the figures of package kpi over a log in memory, with their goals
// of time and of memory beside the log, and the fits of package clv. Built with
//
//	go run -tags warehouse ./internal/bench -kpi
//
// it holds them in the same run against DuckDB in this process, on the same orders.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/servers"
)

type options struct {
	store   string
	dsn     string
	clients int
	engines int
	seconds float64
	json    bool
	cases   string
	explain bool
	dir     string
	// cpuProfile and memProfile name files; with either the limits do not run, so
	// that the profile is the engine's alone.
	cpuProfile string
	memProfile string
	// kpi measures figures over a log instead of a store.
	kpi             bool
	orders, members int
	// imported is how many of the many members the engine imports; 0 is all.
	imported int
	// few is how many members the program has that many are held against; 0 is 10,000.
	few int
	// settings are those of the throwaway server that has many members.
	settings map[string]string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.store, "store", "memory", "memory, sqlite, postgres, sql (PostgreSQL through database/sql) or mysql")
	flags.StringVar(&o.dsn, "dsn", "", "the URL of a server, on which databases are made and dropped; empty is the server that the environment names, or a throwaway one")
	flags.IntVar(&o.clients, "clients", 1, "how many callers at once")
	flags.IntVar(&o.engines, "engines", 1, "how many engines the callers are spread over, as in as many processes")
	flags.Float64Var(&o.seconds, "seconds", 2, "how long each case is measured, in all")
	flags.BoolVar(&o.json, "json", false, "print one JSON object a line")
	flags.StringVar(&o.cases, "case", strings.Join(caseNames(), ","), "which cases, with commas between")
	flags.BoolVar(&o.explain, "explain", false, "print what the limits do, and run nothing")
	flags.StringVar(&o.dir, "dir", "", "where database files go; empty is the system's folder for temporary files")
	flags.StringVar(&o.cpuProfile, "cpuprofile", "", "write a CPU profile of the engine to a file, that of the last case, without limits")
	flags.StringVar(&o.memProfile, "memprofile", "", "write a profile of allocations to a file, without limits")
	flags.BoolVar(&o.kpi, "kpi", false, "measure the key figures over a generated log in place of a store; -case names some of them")
	flags.IntVar(&o.orders, "orders", 10_000_000, "with -kpi, how many orders the log has")
	flags.IntVar(&o.members, "members", 1_000_000, "with -kpi, how many members; with -store postgres, compare so many members with 10,000")
	flags.IntVar(&o.imported, "imported", 0, "with -store postgres -members, import so many by the engine and make the others of copies of their rows; 0 imports all")
	flags.Func("set", "with -store postgres -members, `name=value` of a setting of the throwaway server, as often as wanted", o.set)
	if err := flags.Parse(args); err != nil {
		return err
	}
	var given []string
	flags.Visit(func(f *flag.Flag) { given = append(given, f.Name) })
	many := !o.kpi && slices.Contains(given, "members")
	if len(o.settings) > 0 && !many {
		return errors.New("-set goes with -store postgres -members")
	}
	if o.kpi {
		return o.runKPI(ctx, flags, out)
	}
	if many {
		if o.store != "postgres" || o.members < 1 || o.imported < 0 || o.seconds <= 0 {
			return errors.New("-members goes with -kpi or with -store postgres, and must be at least 1; -imported must not be negative")
		}
		return o.runCrowd(ctx, out)
	}
	if o.clients < 1 || o.engines < 1 || o.seconds <= 0 || flags.NArg() > 0 {
		return errors.New("-clients and -engines must be at least 1, -seconds above 0, and nothing may follow the flags")
	}
	dir, err := os.MkdirTemp(o.dir, "loyaltykit-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if o.explain {
		ground, err := explained(o.store)
		if err == nil {
			ground.explain(out)
		}
		return err
	}
	ground, finish, err := o.groundIn(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, finish()) }()
	return errors.Join(o.runCases(ctx, ground, out), o.writeMemProfile())
}

// set takes a setting of the command line.
func (o *options) set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return errors.New("a setting is name=value, such as shared_buffers=4GB")
	}
	if o.settings == nil {
		o.settings = map[string]string{}
	}
	o.settings[name] = value
	return nil
}

// runKPI measures the figures that -case names, all without it.
func (o *options) runKPI(ctx context.Context, flags *flag.FlagSet, out io.Writer) error {
	if o.orders < 1 || o.members < 1 || flags.NArg() > 0 {
		return errors.New("-orders and -members must be at least 1, and nothing may follow the flags")
	}
	some := ""
	flags.Visit(func(f *flag.Flag) {
		if f.Name == "case" {
			some = o.cases
		}
	})
	return runKPI(ctx, out, o.json, some, o.orders, o.members)
}

// explained is a ground that is only asked what its limits do.
func explained(store string) (ground, error) {
	switch store {
	case "memory":
		return memoryGround{}, nil
	case "sqlite":
		return &sqliteGround{}, nil
	case "postgres":
		return &postgresGround{}, nil
	case "sql":
		return &sqlGround{&postgresGround{}}, nil
	case "mysql":
		return &mysqlGround{}, nil
	default:
		return nil, fmt.Errorf("-store %q: use memory, sqlite, postgres, sql or mysql", store)
	}
}

// groundIn returns the ground to race on, and what clears it.
func (o *options) groundIn(ctx context.Context, dir string) (ground, func() error, error) {
	none := func() error { return nil }
	switch o.store {
	case "sqlite":
		return &sqliteGround{dir: dir}, none, nil
	case "postgres", "sql":
		server, err := findServer(ctx, servers.PostgreSQL, o.dsn)
		if err != nil {
			return nil, nil, err
		}
		g := &postgresGround{databases{server: server}}
		g.pid = g.process(ctx, "SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)", "postgres")
		if o.store == "sql" {
			return &sqlGround{g}, g.close, nil
		}
		return g, g.close, nil
	case "mysql":
		server, err := findServer(ctx, servers.MySQL, o.dsn)
		if err != nil {
			return nil, nil, err
		}
		g := &mysqlGround{databases{server: server}}
		g.pid = g.process(ctx, "SELECT IF(@@pid_file LIKE '/%', @@pid_file, CONCAT(@@datadir, @@pid_file))", "mariadbd")
		return g, g.close, nil
	default:
		g, err := explained(o.store)
		return g, none, err
	}
}

func (o *options) runCases(ctx context.Context, ground ground, out io.Writer) error {
	report := printer(out, o.json)
	for name := range strings.SplitSeq(o.cases, ",") {
		if !slices.Contains(caseNames(), name) {
			return fmt.Errorf("-case %q: use %s", name, strings.Join(caseNames(), ", "))
		}
		s, err := prepare(ctx, name, ground.operations(o.seconds))
		if err != nil {
			return fmt.Errorf("prepare %s: %w", name, err)
		}
		s.cpuProfile, s.engines = o.cpuProfile, o.engines
		c := comparison{
			store: o.store, ground: ground, scenario: s, clients: o.clients,
			length: time.Duration(o.seconds * float64(time.Second)),
			alone:  o.cpuProfile != "" || o.memProfile != "",
		}
		result, err := c.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := report(result); err != nil {
			return err
		}
	}
	return nil
}

func (o *options) writeMemProfile() error {
	if o.memProfile == "" {
		return nil
	}
	file, err := os.Create(o.memProfile)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(file, 0), file.Close())
}
