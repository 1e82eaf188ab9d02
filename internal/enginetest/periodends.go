package enginetest

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// endingMembers is how many members have a tier whose period ends at once.
const endingMembers = 40

// PeriodEnds lets four workers of two engines on one store run what is due at once when two
// periods of a tier have ended: each member keeps it once and loses it once, and is told once.
func PeriodEnds(t *testing.T, open Open) {
	now := time.Date(2028, time.February, 20, 12, 0, 0, 0, time.UTC)
	program := stars("period-ends")
	program.Units = append(program.Units, points.Unit{Code: "night", Kind: points.Metric})
	program.Ladders = []tiers.Ladder{{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 1}}, End: tiers.EndOfPeriod,
		Tiers: []tiers.Tier{{Code: "silver", Enter: tiers.Condition{All: []tiers.Need{{Metric: "night", AtLeast: 3}}}}},
	}}
	store := open(t)
	var engines []*loyalty.Engine
	for range 2 {
		engines = append(engines, newEngine(t, program, store, &loyalty.Options{Clock: func() time.Time { return now }}))
	}
	member := func(i int) string { return fmt.Sprintf("guest-%d", i) }
	for i := range endingMembers {
		for _, cmd := range []loyalty.Command{
			loyalty.Enroll{Member: member(i), Key: "enroll"},
			loyalty.Adjust{Member: member(i), Key: "stay", Unit: "night", Points: 3, Reason: "stay", Actor: "desk"},
		} {
			_, err := engines[0].Do(t.Context(), cmd)
			require.NoError(t, err)
		}
	}

	now = now.AddDate(0, 0, 45)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			report, err := engines[worker%2].RunDue(t.Context(), nil)
			assert.NoError(t, err)
			assert.Empty(t, report.Failed)
		})
	}
	all.Wait()
	for i := range endingMembers {
		require.Equal(t, []tiers.ChangeKind{tiers.Promoted, tiers.Retained, tiers.Demoted}, toldOf(t, store, program.ID, member(i)), member(i))
	}
	report, err := engines[1].Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Problems)
	due, err := engines[0].RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Zero(t, due.Visited, "all has ended")
}

// toldOf lists the changes of tiers that the outbox tells of a member.
func toldOf(t *testing.T, store storage.Store, program, member string) (kinds []tiers.ChangeKind) {
	t.Helper()
	query := storage.EventQuery{Program: program, Bucket: storage.Bucket(member), Limit: 1000}
	for {
		page, err := store.Events(t.Context(), query)
		require.NoError(t, err)
		for _, event := range page.Items {
			var data struct {
				Changes []loyalty.TierChange `json:"changes"`
			}
			if event.Member != member || json.Unmarshal(event.Data, &data) != nil {
				continue
			}
			for _, change := range data.Changes {
				kinds = append(kinds, change.Kind)
			}
		}
		if query.After = page.Next; page.Next == "" {
			return kinds
		}
	}
}
