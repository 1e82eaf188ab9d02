//go:build unix

package faults

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

const (
	// guests is how many callers there are, each with a member, and seats how many
	// connections their host has.
	guests = 6
	seats  = 4
	// atMost is how much later than its deadline a call may return, and back how long after
	// its end a trouble may be felt.
	atMost = 100 * time.Millisecond
	back   = 2 * time.Second
)

// troubled is a shop to which something happens for a while.
type troubled struct {
	shop
	name     string
	database string
	road     *road
	store    storage.Store
	// takes holds all connections of the host, until it is told to give them back.
	takes  func(t *testing.T) (gives func())
	engine *loyalty.Engine
	// newKeys makes a control: what is sent again is sent under another key.
	newKeys bool
	// disk is where its tables are, of one that is to be full.
	disk string

	failed  [guests]atomic.Int64
	answers [guests]int
	worst   struct {
		sync.Mutex
		late, waits time.Duration
	}
}

// trouble is what happens, how it ends, and which errors tell of it.
type trouble struct {
	name  string
	begin func(t *testing.T, v *troubled) (end func())
	says  func(err error) bool
}

func outOfTime(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, loyalty.ErrOutcomeUnknown)
}

func troubles() []trouble {
	return []trouble{
		{"all connections taken", func(t *testing.T, v *troubled) func() { return v.takes(t) }, func(err error) bool {
			return errors.Is(err, context.DeadlineExceeded)
		}},
		{"answers take 2 s", func(_ *testing.T, v *troubled) func() {
			v.road.slows(2 * time.Second)
			return func() { v.road.slows(0) }
		}, outOfTime},
		{"no answers", func(_ *testing.T, v *troubled) func() {
			v.road.silences()
			return v.road.opens
		}, outOfTime},
		{"no answers to a commit", func(_ *testing.T, v *troubled) func() {
			v.road.silencesAfter(v.commits())
			return v.road.opens
		}, outOfTime},
		{"no connections", func(_ *testing.T, v *troubled) func() {
			v.road.shuts(true)
			return func() { v.road.shuts(false) }
		}, func(error) bool { return true }},
		{"read only", readsOnly, func(err error) bool { return outOfTime(err) || strings.Contains(err.Error(), "read") }},
		{"disk full", fillsDisk, func(err error) bool {
			return outOfTime(err) || strings.Contains(err.Error(), "full") || strings.Contains(err.Error(), "No space left")
		}},
	}
}

// A database that is slow, away, full or read-only, and a host without connections: every
// call ends with an error that says so, hardly later than its deadline. When it is over
// the same calls are answered, and nothing of them is there twice or in part.
func TestR18EveryTroubleIsAnErrorInTimeAndOverWhenItEnds(t *testing.T) {
	before := busyGoroutines()
	t.Run("shops", func(t *testing.T) {
		for _, s := range []shop{onPostgres, onPGX, onMariaDB} {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				database := servers.Killable(t, s.engine).NewDatabase(t)
				s.migrate(t, database)
				for _, what := range troubles() {
					t.Run(what.name, func(t *testing.T) { meets(t, s, database, what) })
				}
			})
		}
	})
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		left := busyGoroutines()
		assert.LessOrEqual(c, len(left), len(before), strings.Join(left, "\n\n"))
	}, 20*time.Second, 50*time.Millisecond)
}

// busyGoroutines returns the stacks of all that work for an engine, a store or a driver.
func busyGoroutines() []string {
	text := make([]byte, 8<<20)
	text = text[:runtime.Stack(text, true)]
	var busy []string
	for stack := range strings.SplitSeq(string(text), "\n\n") {
		for _, part := range []string{"loyaltykit/loyalty.", "loyaltykit/storage/", "jackc/pgx", "jackc/puddle", "database/sql.", "go-sql-driver"} {
			if strings.Contains(stack, part) && !strings.Contains(stack, "busyGoroutines") {
				busy = append(busy, stack)
				break
			}
		}
	}
	return busy
}

func meets(t *testing.T, s shop, database string, what trouble) {
	t.Helper()
	v := &troubled{shop: s, name: what.name, database: database}
	v.suffers(t, what)
	v.audits(t)
}

// suffers has callers work while there is trouble, and after it.
func (v *troubled) suffers(t *testing.T, what trouble) {
	t.Helper()
	v.prepares(t, servers.Killable(t, v.shop.engine))
	v.road = newRoad(t, v.database)
	v.store, v.takes = v.opensFew(t, through(t, v.database, v.road.listener.Addr().String()))
	v.engine = newHostEngine(t, v.store)
	for i := range guests {
		_, err := v.engine.Do(t.Context(), loyalty.Enroll{Member: v.member(i), Key: "enroll"})
		require.NoError(t, err)
		require.NoError(t, v.asks(t.Context(), i, 10*time.Second))
	}
	lasts, deadline := time.Duration(size(400, 400, 30_000))*time.Millisecond, time.Duration(size(250, 250, 1000))*time.Millisecond
	controls, stop := context.WithCancel(t.Context())
	defer stop()
	var control sync.WaitGroup
	control.Go(func() { v.onlyWaits(controls, deadline) })

	end := what.begin(t, v)
	until := time.Now().Add(lasts)
	var working sync.WaitGroup
	for i := range guests {
		working.Go(func() {
			for time.Now().Before(until) || v.failed[i].Load() == 0 && time.Now().Before(until.Add(20*time.Second)) {
				v.meets(t, i, deadline, what)
			}
		})
	}
	working.Wait()
	for i := range guests {
		assert.Positive(t, v.failed[i].Load(), "nothing has happened to caller %d", i)
	}
	end()
	over := time.Now()
	for i := range guests {
		working.Go(func() {
			for v.asks(t.Context(), i, time.Second) != nil && time.Since(over) < 30*time.Second {
			}
		})
	}
	working.Wait()
	felt := time.Since(over)
	stop()
	control.Wait()
	v.figure(t, what, felt)
}

func TestR18WithoutItsKeyACommitThatWasNotHeardOfIsDoubled(t *testing.T) {
	v := &troubled{shop: onPostgres, name: "control", newKeys: true}
	v.database = v.shop.database(t)
	for _, what := range troubles() {
		if what.name == "no answers to a commit" {
			v.suffers(t, what)
		}
	}
	engine := newHostEngine(t, v.open(t, v.database))
	doubled := 0
	for i := range guests {
		m, err := engine.Member(t.Context(), v.member(i))
		require.NoError(t, err)
		if m.Balance("point").Available > points.Amount(10*v.answers[i]) {
			doubled++
		}
	}
	require.Positive(t, doubled)
	t.Logf("figure R18 control: sent again without their keys, calls of %d of %d members are there twice", doubled, guests)
}

// story is the reason of a call, which travels with its commit and not before.
var story = strings.Repeat("a long story ", 15)

// commits is what a client sends when it commits, after which the answer is that it did.
func (v *troubled) commits() string {
	if v.shop.engine == servers.MySQL {
		return "COMMIT"
	}
	return story
}

func (v *troubled) member(i int) string { return v.name + "-" + strconv.Itoa(i) }

// asks sends the next call of a caller, under the key that it has until it is answered.
func (v *troubled) asks(ctx context.Context, caller int, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	key := fmt.Sprint("call-", v.answers[caller])
	if v.newKeys {
		key += fmt.Sprint("-", v.failed[caller].Load())
	}
	_, err := v.engine.Do(ctx, loyalty.Adjust{
		Member: v.member(caller), Key: key, Unit: "point", Points: 10,
		Reason: story, Actor: "till",
	})
	if err == nil {
		v.answers[caller]++
	}
	return err
}

// meets sends a call while there is trouble, and checks its error and how long it took.
func (v *troubled) meets(t *testing.T, caller int, deadline time.Duration, what trouble) {
	t.Helper()
	began := time.Now()
	err := v.asks(t.Context(), caller, deadline)
	late := time.Since(began) - deadline
	if err == nil {
		return
	}
	v.failed[caller].Add(1)
	var command *loyalty.CommandError
	assert.ErrorAs(t, err, &command)
	assert.True(t, what.says(err), "%v", err)
	v.worst.Lock()
	v.worst.late = max(v.worst.late, late)
	v.worst.Unlock()
	if late < 0 {
		time.Sleep(5 * time.Millisecond) // as a host does before it asks again
	}
}

// onlyWaits is a caller without a store: how late it is, is the machine's doing.
func (v *troubled) onlyWaits(ctx context.Context, deadline time.Duration) {
	for ctx.Err() == nil {
		began := time.Now()
		waits, cancel := context.WithTimeout(ctx, deadline/10)
		<-waits.Done()
		cancel()
		v.worst.Lock()
		v.worst.waits = max(v.worst.waits, time.Since(began)-deadline/10)
		v.worst.Unlock()
	}
}

func (v *troubled) figure(t *testing.T, what trouble, felt time.Duration) {
	t.Helper()
	v.worst.Lock()
	defer v.worst.Unlock()
	failed := int64(0)
	for i := range guests {
		failed += v.failed[i].Load()
	}
	t.Logf("figure R18 %s, %s: %d errors, the latest %d ms after its deadline, where one who only waits is up to %d ms late; all answered %d ms after its end",
		v.shop.name, what.name, failed, max(0, v.worst.late.Milliseconds()), v.worst.waits.Milliseconds(), felt.Milliseconds())
	assert.LessOrEqual(t, v.worst.late, atMost+2*v.worst.waits)
	assert.LessOrEqual(t, felt, back+2*v.worst.waits)
}

// audits checks that every call that was answered is there once, and none in part.
func (v *troubled) audits(t *testing.T) {
	t.Helper()
	engine := newHostEngine(t, v.open(t, v.database))
	for i := range guests {
		m, err := engine.Member(t.Context(), v.member(i))
		require.NoError(t, err)
		assert.Equal(t, points.Amount(10*v.answers[i]), m.Balance("point").Available)
	}
	report, err := engine.Verify(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, report.Problems)
}

// opensFew opens a store on few connections, which the host can take away.
func (v *troubled) opensFew(t *testing.T, database string) (store storage.Store, takes func(*testing.T) func()) {
	t.Helper()
	if v.shop.name == onPostgres.name {
		config, err := pgxpool.ParseConfig(database)
		require.NoError(t, err)
		config.MaxConns = seats
		pool, err := pgxpool.NewWithConfig(t.Context(), config)
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		return postgres.New(pool, nil), func(t *testing.T) func() { return takesAll(t, pool.Acquire, (*pgxpool.Conn).Release) }
	}
	driver, source, dialect := "pgx", database, sqlstore.PostgreSQL
	if v.shop.engine == servers.MySQL {
		driver, source, dialect = "mysql", dsn(t, database), sqlstore.MySQL
	}
	db, err := sql.Open(driver, source)
	require.NoError(t, err)
	db.SetMaxOpenConns(seats)
	db.SetMaxIdleConns(seats)
	s := sqlstore.New(db, dialect, nil)
	t.Cleanup(func() {
		_ = s.Close() // its statements may be on connections that are gone
		_ = db.Close()
	})
	return s, func(t *testing.T) func() {
		return takesAll(t, db.Conn, func(c *sql.Conn) { _ = c.Close() })
	}
}

func takesAll[C any](t *testing.T, take func(context.Context) (C, error), give func(C)) func() {
	t.Helper()
	var all []C
	for range seats {
		c, err := take(t.Context())
		require.NoError(t, err)
		all = append(all, c)
	}
	return func() {
		for _, c := range all {
			give(c)
		}
	}
}
