package faults

import (
	"cmp"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// killed is a load on a server that is killed again and again.
type killed struct {
	load
	shop
	settings map[string]string
	// safe, unless empty, is a statement by which the server puts on disk what members there
	// are, before the load begins.
	safe  string
	kills int
	// within is after how long there are no more kills, and the load ends with what it has
	// done by then; 0 is never.
	within time.Duration
	// mute makes answers to commits that are stored go lost with the server, which stays away
	// until every caller was told so: an engine's own tries do not outlast it.
	mute bool
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
	answers := &answers{}
	k.stores = nil
	for host := range cmp.Or(k.hosts, 2) {
		k.stores = append(k.stores, answers.of(host, k.open(t, database)))
	}
	k.opens(t)
	if k.safe != "" {
		_, err := server.Query(t.Context(), database, k.safe)
		require.NoError(t, err)
	}
	killed := make(chan struct{})
	k.until = killed
	over := make(chan error, 1)
	go func() { over <- k.run(t.Context()) }()
	// happens waits for something while callers work.
	happens := func(what <-chan struct{}) {
		select {
		case <-what:
		case err := <-over:
			require.FailNow(t, "the load ended early", "%v", err)
		}
	}
	if k.within > 0 {
		time.AfterFunc(k.within, k.book.ends)
	}
	random := rand.New(rand.NewPCG(k.seed, 99))
	for i := range k.kills {
		part := k.lines / (k.kills + 1)
		happens(k.book.at(part*(i+1) + random.IntN(part/2)))
		if k.book.hasEnded() {
			k.kills = i
			break
		}
		began := time.Now()
		gone := make(chan struct{})
		if k.mute {
			happens(answers.stopUntil(gone, len(k.stores)))
		}
		failed := k.book.whenAllFailed(k.callers)
		require.NoError(t, server.Kill())
		close(gone)
		if k.mute {
			happens(failed)
		}
		require.NoError(t, server.Restart(t.Context()))
		k.away += time.Since(began)
	}
	close(killed)
	require.NoError(t, <-over)
	return k.audits(t, k.open(t, database))
}

// answers are those of a server to its hosts. They arrive, until they are stopped.
type answers struct {
	mu sync.Mutex
	// gone is closed when the server is gone that does not answer any more; it is nil while
	// the server answers.
	gone <-chan struct{}
	// waiting are the hosts for whom something is stored without an answer.
	waiting *roll[int]
}

// stopUntil lets no commit be answered that is stored, from now on until the server is gone. It
// returns a channel that is closed once each of so many hosts waits for such an answer.
func (a *answers) stopUntil(gone <-chan struct{}, hosts int) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gone, a.waiting = gone, newRoll[int](hosts)
	return a.waiting.all
}

// of is the store by which a host gets the answers.
func (a *answers) of(host int, inside storage.Store) storage.Store {
	return &storagetest.Hooked{Store: inside, OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
		outcomes, err := next(ctx, batches)
		stored := func(outcome storage.Outcome) bool { return outcome.Status == storage.OK }
		if err != nil || !slices.ContainsFunc(outcomes, stored) {
			return outcomes, err
		}
		gone := a.withholds(host)
		if gone == nil {
			return outcomes, nil
		}
		<-gone
		return nil, io.ErrUnexpectedEOF
	}}
}

// withholds takes down that a host waits, and returns until when: nil is not at all.
func (a *answers) withholds(host int) (gone <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.gone:
		a.gone = nil
	default:
	}
	if a.gone != nil {
		a.waiting.call(host)
	}
	return a.gone
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

// night takes the number of calls of a night from LOYALTYKIT_CALLS, and from LOYALTYKIT_WITHIN,
// such as 30m, after how long the load ends, for machines that others use too.
func (k *killed) night(t *testing.T) {
	t.Helper()
	var err error
	if text := os.Getenv("LOYALTYKIT_CALLS"); text != "" {
		k.lines, err = strconv.Atoi(text)
		require.NoError(t, err, "LOYALTYKIT_CALLS")
		require.GreaterOrEqual(t, k.lines, 100*k.kills, "LOYALTYKIT_CALLS")
	}
	if text := os.Getenv("LOYALTYKIT_WITHIN"); text != "" {
		k.within, err = time.ParseDuration(text)
		require.NoError(t, err, "LOYALTYKIT_WITHIN")
	}
}

// The server and all its processes get SIGKILL while sixteen callers earn, spend, hold,
// capture, void, refund, transfer and adjust, and points expire. Every call is sent
// until it is answered, with its key.
func TestR1NothingIsLostOrDoubledWhereAPostgresServerIsKilled(t *testing.T) {
	began := time.Now()
	k := &killed{shop: onPostgres, kills: size(2, 5, 50), load: load{callers: 16, members: 128, lines: size(2000, 100_000, 1_000_000), seed: 2027}}
	k.night(t)
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
