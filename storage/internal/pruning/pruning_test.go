package pruning_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/pruning"
)

var march = time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)

func Example() {
	var places pruning.Places
	request := storage.PruneRequest{Program: "beans", BodiesBefore: march, KeysBefore: march, Limit: 3}
	for range 2 {
		c := places.Begin(request)
		for version := c.Version + 1; version <= 2 && !c.Done.More; version++ {
			o := pruning.Operation{Member: "anna", Version: version, Key: "order-1001", Body: true}
			c.Look(&o, march.AddDate(0, -1, 0))
			done := func() error { return nil }
			if err := c.Strip(&o, done, done); err != nil {
				fmt.Println(err)
			}
		}
		places.End(&c)
		fmt.Printf("%d bodies, %d keys, more: %t\n", c.Done.Bodies, c.Done.Keys, c.Done.More)
	}
	// Output:
	// 2 bodies, 1 keys, more: true
	// 1 bodies, 1 keys, more: false
}

func TestACallThatAsksForSomethingElseStartsAgain(t *testing.T) {
	var places pruning.Places
	c := places.Begin(storage.PruneRequest{Program: "beans", BodiesBefore: march, Limit: 1})
	c.Member, c.Version, c.Done.More = "anna", 7, true
	places.End(&c)
	assert.EqualValues(t, 7, new(places.Begin(storage.PruneRequest{Program: "beans", BodiesBefore: march, Limit: 9})).Version)
	assert.Zero(t, new(places.Begin(storage.PruneRequest{Program: "beans", BodiesBefore: march.Add(1)})).Version)
	assert.Zero(t, new(places.Begin(storage.PruneRequest{Program: "tea", BodiesBefore: march})).Version)
	assert.EqualValues(t, 1000, new(places.Begin(storage.PruneRequest{Program: "beans"})).Left())
}

func TestACallThatFinishedIsForgotten(t *testing.T) {
	var places pruning.Places
	request := storage.PruneRequest{Program: "beans", KeysBefore: march}
	c := places.Begin(request)
	c.Version, c.Done.More = 7, true
	places.End(&c)
	c.Done.More = false
	places.End(&c)
	assert.Zero(t, new(places.Begin(request)).Version)
}

func TestWhatIsRecentOrReservedStays(t *testing.T) {
	var places pruning.Places
	c := places.Begin(storage.PruneRequest{Program: "beans", BodiesBefore: march, KeysBefore: march})
	for _, o := range []struct {
		name        string
		key         string
		recorded    time.Time
		body, frees bool
	}{
		{"before", "order-1001", march.Add(-1), true, true},
		{"at the time", "order-1001", march, false, false},
		{"a key of the engine's own", storage.FreedKey(3), march.Add(-1), true, false},
	} {
		got := pruning.Operation{Key: o.key, Body: true}
		require.Equal(t, o.body || o.frees, c.Look(&got, o.recorded), o.name)
		assert.Equal(t, o.body, got.Body, o.name)
		assert.Equal(t, o.frees, got.Frees, o.name)
	}
}

func TestEventsAreDroppedUpToTheLimit(t *testing.T) {
	var places pruning.Places
	c := places.Begin(storage.PruneRequest{Program: "beans", EventsBefore: march, Limit: 5})
	assert.True(t, c.DroppedEvents(3, true))
	assert.False(t, c.DroppedEvents(2, true))
	assert.True(t, c.Done.More)
	assert.False(t, c.Take())
	assert.EqualValues(t, 5, c.Done.Events)
}
