package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// exchange lets callers on several hosts move points between few members, in any
// order, and fails with the first error that is not a lack of points.
func exchange(ctx context.Context, engines []*loyalty.Engine, callers, members, each int) (refused int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var working sync.WaitGroup
	short := make([]int, callers)
	for i := range callers {
		working.Go(func() {
			random := rand.New(rand.NewPCG(2027, uint64(i)))
			for n := range each {
				from := random.IntN(members)
				to := (from + 1 + random.IntN(members-1)) % members
				_, err := engines[i%len(engines)].Do(ctx, loyalty.Transfer{
					Member: member(from), To: member(to), Key: fmt.Sprintf("%d-%d", i, n), Unit: "point", Points: points.Amount(1 + random.IntN(20)),
				})
				switch {
				case errors.Is(err, loyalty.ErrInsufficientPoints):
					short[i]++
				case err != nil:
					cancel(fmt.Errorf("caller %d: %w", i, err))
					return
				}
			}
		})
	}
	working.Wait()
	for _, n := range short {
		refused += n
	}
	return refused, context.Cause(ctx)
}

// deadlocked is a shop and how to ask its server how many deadlocks there were.
type deadlocked struct {
	shop
	deadlocks string
}

func (d deadlocked) met(t *testing.T, database string) int {
	t.Helper()
	text, err := d.server(t).Query(t.Context(), database, d.deadlocks)
	require.NoError(t, err)
	met, err := strconv.Atoi(text)
	require.NoError(t, err)
	return met
}

func TestR17NoDeadlockReachesACaller(t *testing.T) {
	for _, row := range []deadlocked{
		{onPostgres, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"},
		{onPGX, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"},
		{onMariaDB, "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'INNODB_DEADLOCKS'"},
	} {
		t.Run(row.name, func(t *testing.T) {
			began := time.Now()
			const callers, members, start = 32, 10, 1000
			each := size(20, 200, 2000)
			database := row.database(t)
			before := row.met(t, database)
			var engines []*loyalty.Engine
			for range 4 {
				engine, err := loyalty.New(forever(), row.open(t, database), &loyalty.Options{Secret: secret})
				require.NoError(t, err)
				engines = append(engines, engine)
			}
			for i := range members {
				_, err := engines[0].Do(t.Context(), loyalty.Enroll{Member: member(i), Key: "enroll"})
				require.NoError(t, err)
				_, err = engines[0].Do(t.Context(), loyalty.Adjust{Member: member(i), Key: "start", Unit: "point", Points: start, Reason: "start", Actor: "till"})
				require.NoError(t, err)
			}
			refused, err := exchange(t.Context(), engines, callers, members, each)
			require.NoError(t, err)
			total := points.Amount(0)
			for i := range members {
				m, err := engines[0].Member(t.Context(), member(i))
				require.NoError(t, err)
				total += m.Balance("point").Available
			}
			require.EqualValues(t, members*start, total)
			report, err := engines[0].Verify(t.Context(), nil)
			require.NoError(t, err)
			require.Empty(t, report.Problems)
			t.Logf("figure R17 %s: %d callers on 4 hosts, %d transfers among %d members in any order, %d of them for lack of points refused: %d deadlocks met in the server, 0 errors seen by callers, in %s",
				row.name, callers, callers*each, members, refused, row.met(t, database)-before, time.Since(began).Round(time.Second))
		})
	}
}
