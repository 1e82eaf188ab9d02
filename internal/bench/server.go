package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/loyaltykit/loyaltykit/internal/servers"
)

// databases hands out databases of a server that hold a scenario's seed.
type databases struct {
	server *servers.Server
	// run tells this run's databases from those of others on the server.
	run  string
	made int
	// pid is the server's process, 0 where it is not known.
	pid int
	// seeded is the database of the scenario that was seeded last.
	seeded   string
	scenario *scenario
}

// findServer returns the server of a URL, or the one that the environment names,
// or a throwaway one.
func findServer(ctx context.Context, engine servers.Engine, dsn string) (*servers.Server, error) {
	if dsn != "" {
		return &servers.Server{Engine: engine, URL: dsn}, nil
	}
	return servers.Find(ctx, engine)
}

// connectionsFor are the numbers of connections that can be of use to the callers.
func connectionsFor(callers int) []int {
	var numbers []int
	for _, n := range []int{1, 2, 4, callers} {
		if n <= callers && (len(numbers) == 0 || n > numbers[len(numbers)-1]) {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func (d *databases) operations(seconds float64) int {
	return min(1000+int(8000*seconds), maxOperations)
}

func (d *databases) connections(callers int) []int { return connectionsFor(callers) }

// named is the URL of a database of the server.
func (d *databases) named(name string) (string, error) {
	u, err := url.Parse(d.server.URL)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// name makes up a database.
func (d *databases) name() string {
	if d.run == "" {
		d.run = strings.ToLower(rand.Text()[:10])
	}
	d.made++
	return "loyaltykit_bench_" + d.run + "_" + strconv.Itoa(d.made)
}

// open returns a new database with the scenario's seed, and what drops it. How it is
// seeded and copied is the engine's affair.
func (d *databases) open(
	ctx context.Context, s *scenario, plant func(context.Context, string, *scenario) error,
	duplicate func(ctx context.Context, from, to string) error,
) (database string, finish func() error, err error) {
	if d.scenario != s {
		if err := d.drop(ctx, d.seeded); err != nil {
			return "", nil, err
		}
		d.scenario, d.seeded = s, d.name()
		if err := d.make(ctx, d.seeded); err != nil {
			return "", nil, err
		}
		seeded, err := d.named(d.seeded)
		if err != nil {
			return "", nil, err
		}
		if err := plant(ctx, seeded, s); err != nil {
			return "", nil, fmt.Errorf("seed: %w", err)
		}
	}
	name := d.name()
	if err := duplicate(ctx, d.seeded, name); err != nil {
		return "", nil, errors.Join(err, d.drop(ctx, name))
	}
	database, err = d.named(name)
	return database, func() error { return d.drop(context.WithoutCancel(ctx), name) }, err
}

func (d *databases) make(ctx context.Context, name string) error {
	if err := d.drop(ctx, name); err != nil {
		return err
	}
	_, err := d.server.Query(ctx, d.server.URL, "CREATE DATABASE "+name)
	return err
}

func (d *databases) drop(ctx context.Context, name string) error {
	if name == "" {
		return nil
	}
	database, err := d.named(name)
	if err != nil {
		return err
	}
	return d.server.DropDatabase(ctx, database)
}

// close drops the seed and stops a server that was started for this.
func (d *databases) close() error {
	return errors.Join(d.drop(context.Background(), d.seeded), d.server.Stop())
}

// rowsOf makes the statements of a scenario's batches.
func (s *scenario) rowsOf(listed bool) ([][]write, error) {
	known := newInventory(s.seed.batches)
	known.listed = listed
	ready := make([][]write, len(s.batches))
	for i := range s.batches {
		var err error
		if ready[i], err = known.writes(&s.batches[i]); err != nil {
			return nil, err
		}
	}
	return ready, nil
}

// keyed is what the minimal limit writes for the i-th operation.
func (s *scenario) keyed(i int) (member, key string) {
	plan := s.commands[i].Plan()
	if s.page > 0 {
		return plan.Member, orderID(i)
	}
	return plan.Member, plan.Key
}

// members lists the members of the commands, each once.
func (s *scenario) members() []string {
	var ids []string
	known := map[string]bool{}
	for _, cmd := range s.commands {
		if id := cmd.Plan().Member; !known[id] {
			known[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}
