package loyalty_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// lockedStore lets revisions be written only once the host's transaction ended,
// as a database with one writer does.
type lockedStore struct {
	storage.Store
	waits chan struct{}
	ended chan struct{}
}

func (s *lockedStore) PutRevision(ctx context.Context, revision storage.Revision) error {
	close(s.waits)
	<-s.ended
	return s.Store.PutRevision(ctx, revision)
}

// inTransaction is a store in a transaction of the host.
type inTransaction struct{ storage.Store }

func (inTransaction) InTransaction() {}

func TestTheFirstCommandsInAndOutsideOfATransactionDoNotWaitForEachOther(t *testing.T) {
	inside := memory.New()
	store := &lockedStore{Store: inside, waits: make(chan struct{}), ended: make(chan struct{})}
	engine, err := loyalty.New(loyalty.Revisions{beans(points.NeverExpire())}, store, nil)
	require.NoError(t, err)
	outside := make(chan error, 1)
	go func() {
		_, err := engine.Do(t.Context(), loyalty.Enroll{Member: "ben", Key: "enroll"})
		outside <- err
	}()
	<-store.waits
	bound := make(chan error, 1)
	go func() {
		_, err := engine.WithStore(inTransaction{inside}).Do(t.Context(), loyalty.Enroll{Member: "anna", Key: "enroll"})
		bound <- err
	}()
	select {
	case err := <-bound:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		t.Error("the command in the transaction waits for one that waits for the transaction")
	}
	close(store.ended)
	require.NoError(t, <-outside)
}

func TestWhoWaitsForTheFirstCommandWaitsNoLongerThanItsContext(t *testing.T) {
	store := &lockedStore{Store: memory.New(), waits: make(chan struct{}), ended: make(chan struct{})}
	engine, err := loyalty.New(loyalty.Revisions{beans(points.NeverExpire())}, store, nil)
	require.NoError(t, err)
	first := make(chan error, 1)
	go func() {
		_, err := engine.Do(t.Context(), loyalty.Enroll{Member: "ben", Key: "enroll"})
		first <- err
	}()
	<-store.waits
	ctx, giveUp := context.WithCancel(t.Context())
	giveUp()
	second := make(chan error, 1)
	go func() {
		_, err := engine.Do(ctx, loyalty.Enroll{Member: "anna", Key: "enroll"})
		second <- err
	}()
	select {
	case err := <-second:
		require.ErrorIs(t, err, context.Canceled)
	case <-time.After(10 * time.Second):
		t.Error("the second command waits for the first")
	}
	close(store.ended)
	require.NoError(t, <-first)
}

// meetingStore lets loads go on once enough of them are in flight.
type meetingStore struct {
	inTransaction
	wait sync.WaitGroup
}

func (s *meetingStore) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	s.wait.Done()
	s.wait.Wait()
	return s.inTransaction.Load(ctx, requests)
}

// A group would carry calls of one transaction under a context that is none of theirs.
func TestCallsInATransactionAreNeverCombined(t *testing.T) {
	const calls = 5
	store := &meetingStore{inTransaction: inTransaction{memory.New()}}
	store.wait.Add(calls)
	engine, err := loyalty.New(loyalty.Revisions{beans(points.NeverExpire())}, memory.New(), nil)
	require.NoError(t, err)
	bound := engine.WithStore(store)
	ended := make(chan error, calls)
	for i := range calls {
		go func() {
			_, err := bound.Do(t.Context(), loyalty.Enroll{Member: fmt.Sprint("m-", i), Key: "enroll"})
			ended <- err
		}()
	}
	for range calls {
		select {
		case err := <-ended:
			require.NoError(t, err)
		case <-time.After(10 * time.Second):
			require.Fail(t, "calls wait for one another")
		}
	}
}
