package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
)

// A large program is held against a small one, on the same server and in turns: what a
// member's command costs must not depend on how many members there are.
const (
	smallCrowd  = 10_000 // the default of options.few
	crowdRounds = 6
	// crowdGoal is how much longer the p99 of a command may be in the large program.
	crowdGoal = 2
	// bytesOfMember is what a generated member takes with indexes, and as much again what the
	// server's log keeps beside them, for a word on the disk that is needed.
	bytesOfMember = 3000
)

// crowdCases are what is measured.
var crowdCases = []string{"earn", "spend", "member"}

// crowdOf is a program of many members in a database of its own.
type crowdOf struct {
	members  int
	database string
	pool     *pgxpool.Pool
	engine   *loyalty.Engine
	// size is that of the database with the members alone.
	size, empty int64
	perSecond   float64
	next        int
	latencies   map[string][]time.Duration
}

// crowdResult is a line of the report.
type crowdResult struct {
	Case           string  `json:"case"`
	Members        int     `json:"members"`
	P50            float64 `json:"p50_ms"`
	P99            float64 `json:"p99_ms"`
	P50Of          float64 `json:"p50_of_few_members_ms"`
	P99Of          float64 `json:"p99_of_few_members_ms"`
	Ratio          float64 `json:"p99_ratio"`
	Met            bool    `json:"met"`
	BytesPerMember int64   `json:"bytes_per_member"`
	BytesPerOrder  int64   `json:"bytes_per_order"`
	ImportPerSec   float64 `json:"imported_per_second"`
}

// runCrowd measures commands among o.members members, imported in bulk.
func (o *options) runCrowd(ctx context.Context, out io.Writer) (err error) {
	server, err := o.crowdServer(ctx)
	if err != nil {
		return err
	}
	g := &postgresGround{databases{server: server}}
	defer func() { err = errors.Join(err, g.close()) }()
	few := cmp.Or(o.few, smallCrowd)
	if !o.json {
		fmt.Fprintf(out, "%d members beside %d: about %.1f GB of disk, the server's log included\n",
			o.members, few, 2*bytesOfMember*float64(o.members+few)/1e9)
	}
	crowds := []*crowdOf{{members: few}, {members: o.members}}
	for _, c := range crowds {
		c.latencies = map[string][]time.Duration{}
		defer func() { err = errors.Join(err, c.drop(g)) }()
		if err := c.gather(ctx, g, min(c.members, cmp.Or(o.imported, c.members))); err != nil {
			return fmt.Errorf("%d members: %w", c.members, err)
		}
	}
	// What the import left to be written is not the commands' to wait for. A server that was
	// named writes when it likes.
	if o.dsn == "" {
		if _, err := crowds[0].pool.Exec(ctx, "CHECKPOINT"); err != nil {
			return err
		}
	}
	length := time.Duration(o.seconds * float64(time.Second) / crowdRounds)
	for range crowdRounds {
		for _, name := range crowdCases {
			for _, c := range crowds {
				if err := c.measure(ctx, name, length); err != nil {
					return fmt.Errorf("%s among %d members: %w", name, c.members, err)
				}
			}
		}
	}
	return o.reportCrowd(ctx, out, crowds[0], crowds[1])
}

// crowdServer is the server that was named, or a throwaway one with the settings given.
func (o *options) crowdServer(ctx context.Context) (*servers.Server, error) {
	switch {
	case len(o.settings) == 0:
		return findServer(ctx, servers.PostgreSQL, o.dsn)
	case o.dsn != "":
		return nil, errors.New("-set is for a throwaway server: leave -dsn away")
	}
	return servers.Start(ctx, servers.PostgreSQL, &servers.Options{Settings: o.settings})
}

// gather makes the database, imports members, and makes the others of copies.
func (c *crowdOf) gather(ctx context.Context, g *postgresGround, imported int) (err error) {
	name := g.name()
	if err := g.make(ctx, name); err != nil {
		return err
	}
	if c.database, err = g.named(name); err != nil {
		return err
	}
	if c.pool, err = pgxpool.New(ctx, c.database); err != nil {
		return err
	}
	if err := postgres.Migrate(ctx, c.pool); err != nil {
		return err
	}
	if c.engine, err = newEngine(postgres.New(c.pool, nil), true); err != nil {
		return err
	}
	if c.empty, err = c.bytes(ctx); err != nil {
		return err
	}
	begun := time.Now()
	for _, err := range c.engine.DoAll(ctx, func(yield func(loyalty.Command) bool) {
		for i := range imported {
			if !yield(loyalty.Import{Member: crowdMember(i), Key: "import/" + strconv.Itoa(i), Unit: unit, Points: 100 * lotSize}) {
				return
			}
		}
	}, nil) {
		if err != nil {
			return err
		}
	}
	c.perSecond = float64(imported) / time.Since(begun).Seconds()
	if imported < c.members {
		if err := c.copyMembers(ctx, imported); err != nil {
			return err
		}
	}
	if _, err := c.pool.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		return err
	}
	c.size, err = c.bytes(ctx)
	return err
}

func (c *crowdOf) bytes(ctx context.Context) (size int64, err error) {
	return size, c.pool.QueryRow(ctx, "SELECT pg_database_size(current_database())").Scan(&size)
}

func (c *crowdOf) drop(g *postgresGround) error {
	if c.pool != nil {
		c.pool.Close()
	}
	if c.database == "" {
		return nil
	}
	return g.server.DropDatabase(context.Background(), c.database)
}

// crowdMember is the id of a member, of the length that ids of shops have.
func crowdMember(i int) string { return fmt.Sprintf(crowdPrefix+"%09d", i) }

const crowdPrefix = "customer-"

// measure runs operations of a case on members from all over the program.
func (c *crowdOf) measure(ctx context.Context, name string, length time.Duration) error {
	for begun := time.Now(); time.Since(begun) < length; {
		c.next++
		who := crowdMember(c.next * 7919 % c.members)
		var cmd loyalty.Command = loyalty.Spend{Member: who, Key: fmt.Sprintf("spend-%d", c.next), Unit: unit, Points: 1}
		if name == "earn" {
			cmd = earnOf(who, fmt.Sprintf("order-%09d", c.next))
		}
		start := time.Now()
		var err error
		if name == "member" {
			_, err = c.engine.Member(ctx, who)
		} else {
			_, err = c.engine.Do(ctx, cmd)
		}
		if err != nil {
			return err
		}
		c.latencies[name] = append(c.latencies[name], time.Since(start))
	}
	return nil
}

// orderBytes imports orders, and returns what one adds to the database.
func (c *crowdOf) orderBytes(ctx context.Context) (int64, error) {
	const orders = 5000
	before, err := c.bytes(ctx)
	if err != nil {
		return 0, err
	}
	for _, err := range c.engine.DoAll(ctx, func(yield func(loyalty.Command) bool) {
		for i := range orders {
			if !yield(earnOf(crowdMember(i*7919%c.members), fmt.Sprintf("weighed-%09d", i))) {
				return
			}
		}
	}, nil) {
		if err != nil {
			return 0, err
		}
	}
	after, err := c.bytes(ctx)
	return (after - before) / orders, err
}

func (o *options) reportCrowd(ctx context.Context, out io.Writer, small, large *crowdOf) error {
	perOrder, err := large.orderBytes(ctx)
	if err != nil {
		return err
	}
	perMember := (large.size - large.empty) / int64(large.members)
	rate := large.perSecond
	if !o.json {
		fmt.Fprintf(out, "%d bytes a member, %d bytes an order, %.0f members imported a second\n", perMember, perOrder, rate)
	}
	for _, name := range crowdCases {
		slices.SortFunc(small.latencies[name], cmp.Compare)
		slices.SortFunc(large.latencies[name], cmp.Compare)
		r := crowdResult{
			Case: name, Members: large.members, BytesPerMember: perMember, BytesPerOrder: perOrder, ImportPerSec: rate,
			P50: percentile(large.latencies[name], 0.5), P99: percentile(large.latencies[name], 0.99),
			P50Of: percentile(small.latencies[name], 0.5), P99Of: percentile(small.latencies[name], 0.99),
		}
		r.Ratio = r.P99 / r.P99Of
		r.Met = r.Ratio <= crowdGoal
		if o.json {
			if err := json.NewEncoder(out).Encode(r); err != nil {
				return err
			}
			continue
		}
		verdict := "missed"
		if r.Met {
			verdict = "met"
		}
		fmt.Fprintf(out, "%-8s p50 %7.3f ms, of %d members %7.3f; p99 %7.3f ms, of %d members %7.3f; goal %s: p99 at most %d times, is %.2f\n",
			name, r.P50, small.members, r.P50Of, r.P99, small.members, r.P99Of, verdict, crowdGoal, r.Ratio)
	}
	return nil
}
