package faults

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// noon is when everything of this proof happens, so that receipts are the same
// wherever they are made.
var noon = time.Date(2027, time.January, 4, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

// deaf is a host that never sees the answer to a commit.
type deaf struct {
	name   string
	proxy  *cutter
	engine *loyalty.Engine
	// sure is an engine whose answers arrive, and told one that nobody disturbs and
	// which says what the answers are.
	sure, told *loyalty.Engine
	unknown    atomic.Int64
}

// newDeaf makes a host behind a proxy of its own. One who asks again is an engine that
// looks by itself what became of a commit; otherwise the caller has to.
func newDeaf(t *testing.T, s shop, database, name string, asksAgain bool, sure, told *loyalty.Engine) *deaf {
	t.Helper()
	d := &deaf{name: name, proxy: newCutter(t, s.engine, database), sure: sure, told: told}
	store := &storagetest.Hooked{
		Store: s.open(t, through(t, database, d.proxy.address())),
		OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
			d.proxy.armed.Store(true)
			defer d.proxy.armed.Store(false)
			return next(ctx, batches)
		},
	}
	options := &loyalty.Options{Clock: atNoon, Secret: secret, NoCombining: true, Attempts: 1}
	if asksAgain {
		options.Attempts = 0
	}
	engine, err := loyalty.New(forever(), store, options)
	require.NoError(t, err)
	d.engine = engine
	return d
}

var secret = []byte("what every host of the shop has.")

// forever is a program whose points do not expire.
func forever() loyalty.Revisions {
	p := program()
	p[0].Units[0].Expiry = points.NeverExpire()
	return p
}

// command is the n-th thing that the host does: all of it is granted.
func (d *deaf) command(n int) loyalty.Command {
	one, other := d.name+"-a", d.name+"-b"
	key := d.name + "-" + strconv.Itoa(n)
	switch n % 6 {
	case 0:
		return loyalty.Adjust{Member: one, Key: key, Unit: "point", Points: 10, Reason: key, Actor: "till"}
	case 1:
		return loyalty.Earn{Member: one, Key: key, Order: points.Order{ID: key, Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(12)}}}}
	case 2:
		return loyalty.Spend{Member: one, Key: key, Unit: "point", Points: 17}
	case 3:
		return loyalty.Hold{Member: one, Key: key, ID: key, Unit: "point", Points: 3, Until: points.Never}
	case 4:
		return loyalty.Capture{Member: one, Key: key, Hold: d.name + "-" + strconv.Itoa(n-1), Points: 2}
	default:
		return loyalty.Transfer{Member: one, Key: key, To: other, Unit: "point", Points: 2}
	}
}

// works sends so many commands, each until it is answered, and then once more to an
// engine whose answers arrive: the answers are those of a shop where nothing happens.
func (d *deaf) works(ctx context.Context, t *testing.T, commands int) {
	for n := range commands {
		cmd := d.command(n)
		want, err := d.told.Do(ctx, cmd)
		if !assert.NoError(t, err) {
			return
		}
		got, err := d.engine.Do(ctx, cmd)
		asked := err != nil
		if asked {
			if !assert.ErrorIs(t, err, loyalty.ErrOutcomeUnknown) {
				return
			}
			d.unknown.Add(1)
			got, err = d.engine.Do(ctx, cmd)
		}
		again, againErr := d.sure.Do(ctx, cmd)
		if !assert.NoError(t, err) || !assert.NoError(t, againErr) {
			return
		}
		if !assert.True(t, again.Replayed) || asked && !assert.True(t, got.Replayed) {
			return
		}
		got.Replayed, again.Replayed = false, false
		if !assert.Equal(t, want, got) || !assert.Equal(t, want, again) {
			return
		}
	}
}

// cuts runs hosts that never hear that a commit is done, and compares what is stored
// with what a shop stores where nothing happens.
func cuts(t *testing.T, s shop, commands int) {
	t.Helper()
	began := time.Now()
	const hosts = 8
	database := s.database(t)
	options := &loyalty.Options{Clock: atNoon, Secret: secret}
	sure, err := loyalty.New(forever(), s.open(t, database), options)
	require.NoError(t, err)
	told, err := loyalty.New(forever(), memory.New(), options)
	require.NoError(t, err)
	deafs := make([]*deaf, hosts)
	for i := range deafs {
		deafs[i] = newDeaf(t, s, database, fmt.Sprintf("host%d", i), i%2 == 0, sure, told)
		for _, name := range []string{deafs[i].name + "-a", deafs[i].name + "-b"} {
			for _, engine := range []*loyalty.Engine{sure, told} {
				_, err := engine.Do(t.Context(), loyalty.Enroll{Member: name, Key: "enroll"})
				require.NoError(t, err)
			}
		}
	}
	var working sync.WaitGroup
	for _, d := range deafs {
		working.Go(func() { d.works(t.Context(), t, commands/hosts) })
	}
	working.Wait()
	var lost, unknown int64
	for _, d := range deafs {
		lost += d.proxy.cuts.Load()
		unknown += d.unknown.Load()
	}
	require.False(t, t.Failed())
	require.EqualValues(t, commands/hosts*hosts, lost, "every commit's answer is lost, and no commit is made twice")
	require.EqualValues(t, commands/hosts*hosts/2, unknown)
	stored := sameHistories(t, sure, told, deafs)
	report, err := sure.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Problems)
	t.Logf("figure R7 %s: %d answers cut after the commit, half asked again by the caller and half by the engine: %d operations stored, each once, and every answer the same as without cuts, in %s",
		s.name, lost, stored, time.Since(began).Round(time.Second))
}

// sameHistories compares members operation by operation.
func sameHistories(t *testing.T, sure, told *loyalty.Engine, deafs []*deaf) (stored int) {
	t.Helper()
	for _, d := range deafs {
		for _, name := range []string{d.name + "-a", d.name + "-b"} {
			want, got := history(t, told, name), history(t, sure, name)
			require.Equal(t, want, got, name)
			stored += len(got)
		}
	}
	return stored
}

func history(t *testing.T, engine *loyalty.Engine, member string) []loyalty.Operation {
	t.Helper()
	var operations []loyalty.Operation
	for op, err := range engine.History(t.Context(), member) {
		require.NoError(t, err)
		operations = append(operations, op)
	}
	return operations
}

func TestR7AnAnswerThatIsCutAfterTheCommitIsFoundByItsKey(t *testing.T) {
	for _, row := range []struct {
		shop
		commands int
	}{
		{onPostgres, size(80, 5000, 10_000)},
		{onPGX, size(40, 1000, 10_000)},
		{onMariaDB, size(80, 4000, 10_000)},
	} {
		t.Run(row.name, func(t *testing.T) { cuts(t, row.shop, row.commands) })
	}
}

// The control: what is sent again under another key is done twice.
func TestR7WithoutItsKeyACallThatWasCutIsDoubled(t *testing.T) {
	database := onPostgres.database(t)
	sure, err := loyalty.New(forever(), onPostgres.open(t, database), &loyalty.Options{Clock: atNoon, Secret: secret})
	require.NoError(t, err)
	_, err = sure.Do(t.Context(), loyalty.Enroll{Member: "host-a", Key: "enroll"})
	require.NoError(t, err)
	d := newDeaf(t, onPostgres, database, "host", false, sure, sure)
	const calls = 50
	for n := range calls {
		adjust := loyalty.Adjust{Member: "host-a", Key: strconv.Itoa(n), Unit: "point", Points: 1, Reason: "mug", Actor: "till"}
		_, err := d.engine.Do(t.Context(), adjust)
		require.ErrorIs(t, err, loyalty.ErrOutcomeUnknown)
		adjust.Key += "-again"
		_, err = sure.Do(t.Context(), adjust)
		require.NoError(t, err)
	}
	member, err := sure.Member(t.Context(), "host-a")
	require.NoError(t, err)
	require.EqualValues(t, 2*calls, member.Balance("point").Available)
	t.Logf("figure R7-control sent again without its key: %d of %d doubled", calls, calls)
}
