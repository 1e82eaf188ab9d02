package faults

import (
	"cmp"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
)

// killed is a load on a server that is killed again and again.
type killed struct {
	load
	shop
	settings map[string]string
	kills    int
	// long is a server that stays away until every caller was told so: an engine's own
	// tries do not outlast it.
	long bool
	// hosts is how many engines there are, each with a pool of its own; 0 is 2.
	hosts int
	// away is how long the server was not there, all in all.
	away time.Duration
}

// runs lets the callers work while the server is killed, and audits what is there in
// the end through a store of its own.
func (k *killed) runs(t *testing.T) *findings {
	t.Helper()
	server := k.server(t)
	database := server.NewDatabase(t)
	k.migrate(t, database)
	k.stores = nil
	for range cmp.Or(k.hosts, 2) {
		k.stores = append(k.stores, k.open(t, database))
	}
	k.opens(t)
	over := make(chan error, 1)
	go func() { over <- k.run(t.Context()) }()
	random := rand.New(rand.NewPCG(k.seed, 99))
	for i := range k.kills {
		part := k.lines / (k.kills + 1)
		select {
		case <-k.book.at(part*(i+1) + random.IntN(part/2)):
		case err := <-over:
			require.FailNow(t, "the load ended early", "%v", err)
		}
		began := time.Now()
		failed := k.book.whenAllFailed(k.callers)
		require.NoError(t, server.Kill())
		if k.long {
			select {
			case <-failed:
			case err := <-over:
				require.FailNow(t, "the load ended early", "%v", err)
			}
		}
		require.NoError(t, server.Restart(t.Context()))
		k.away += time.Since(began)
	}
	require.NoError(t, <-over)
	return k.audits(t, k.open(t, database))
}

// server is one that other tests kill too, or, where it needs settings, one of its own.
func (k *killed) server(t *testing.T) *servers.Server {
	t.Helper()
	if k.settings == nil {
		return servers.Killable(t, k.engine)
	}
	return servers.New(t, k.engine, &servers.Options{Settings: k.settings})
}

func (k *killed) figure(t *testing.T, row string, began time.Time, found *findings) {
	t.Helper()
	took := time.Since(began)
	t.Logf("figure %s %s: %d kills, 16 callers on 2 hosts, %s; %d outcomes unknown at first, %d answers found stored; in %s, of which %s without a server",
		row, k.name, k.kills, found, k.book.unknown, k.book.found, took.Round(time.Second), k.away.Round(time.Second/10))
}

// The server and all its processes get SIGKILL while sixteen callers earn, spend, hold,
// capture, void, refund, transfer and adjust, and points expire. Every call is sent
// until it is answered, with its key.
func TestR1NothingIsLostOrDoubledWhereAPostgresServerIsKilled(t *testing.T) {
	began := time.Now()
	k := &killed{shop: onPostgres, kills: size(2, 5, 50), load: load{callers: 16, members: 128, lines: size(2000, 100_000, 1_000_000), seed: 2027}}
	found := k.runs(t)
	found.requireNone(t)
	k.figure(t, "R1", began, found)
}

func TestR1NothingIsLostOrDoubledThroughDatabaseSQLEither(t *testing.T) {
	began := time.Now()
	k := &killed{shop: onPGX, kills: size(2, 2, 10), load: load{callers: 16, members: 128, lines: size(1500, 20_000, 200_000), seed: 2028}}
	found := k.runs(t)
	found.requireNone(t)
	k.figure(t, "R1", began, found)
}

func TestR3NothingIsLostOrDoubledWhereAMariaDBServerIsKilled(t *testing.T) {
	began := time.Now()
	k := &killed{shop: onMariaDB, kills: size(2, 5, 10), load: load{callers: 16, members: 128, lines: size(2000, 50_000, 200_000), seed: 2029}}
	found := k.runs(t)
	found.requireNone(t)
	k.figure(t, "R3", began, found)
}
