package storagetest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"testing"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// open opens the adapter under test. A real one opens a database here and
// registers its Close with t.Cleanup.
func open(testing.TB) storage.Store { return memory.New() }

// The whole test of an adapter is one call.
func Example() {
	TestStore := func(t *testing.T) {
		storagetest.Run(t, open, nil)
	}
	fmt.Printf("%T\n", TestStore)
	// Output: func(*testing.T)
}

// An adapter that can work inside the host's transaction says how to begin one.
func ExampleRun() {
	// The adapter's own store, with its database.
	type Store struct {
		storage.Store
		begin func(ctx context.Context) (bound storage.Store, commit, rollback func() error, err error)
	}
	TestStore := func(t *testing.T) {
		storagetest.Run(t, open, &storagetest.Options{
			Bind: func(ctx context.Context, store storage.Store) (storagetest.Transaction, error) {
				bound, commit, rollback, err := store.(*Store).begin(ctx)
				return storagetest.Transaction{Store: bound, Commit: commit, Rollback: rollback}, err
			},
			Skip: map[string]string{
				"a-page-is-of-the-version-it-carries": "the replica that serves listings lags behind",
			},
		})
	}
	fmt.Printf("%T\n", TestStore)
	// Output: func(*testing.T)
}

// The documentation of the package shows this loop.
func ExampleCases_deployed() {
	ctx, store := context.Background(), memory.New()
	for _, c := range storagetest.Cases() {
		env := &storagetest.Env{Store: store, Program: "check-" + rand.Text()}
		if c.Group == storagetest.BoundTransaction {
			continue // needs env.Bind
		}
		if err := c.Run(ctx, env); err != nil {
			log.Printf("%s: %v", c.Name, err)
		}
	}
	fmt.Println("checked")
	// Output: checked
}

// Cases need no test around them: a store can be checked where it is deployed.
func ExampleCases() {
	store := memory.New()
	ran, failed := 0, 0
	for i, c := range storagetest.Cases() {
		if c.Group == storagetest.BoundTransaction || c.Group == storagetest.Concurrency {
			continue
		}
		ran++
		env := &storagetest.Env{Store: store, Program: fmt.Sprintf("check-%d", i)}
		if err := c.Run(context.Background(), env); err != nil {
			failed++
			fmt.Println(c.Name, err)
		}
	}
	fmt.Println("more than 80 cases:", ran > 80, "failed:", failed)
	// Output: more than 80 cases: true failed: 0
}

// A connection that breaks after the database has committed: the caller cannot
// know, and has to look.
func ExampleHooked() {
	ctx := context.Background()
	store := &storagetest.Hooked{
		Store: memory.New(),
		OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
			if _, err := next(ctx, batches); err != nil {
				return nil, err
			}
			return nil, errors.New("connection reset by peer")
		},
	}
	_, err := store.Commit(ctx, []storage.Batch{{Program: "beans", Legs: []storage.Leg{{
		Account:   storage.Account{Program: "beans", Member: "m-7301", Version: 1},
		Operation: storage.Operation{Program: "beans", Member: "m-7301", Version: 1, Key: "signup"},
	}}}})
	fmt.Println("commit:", err)

	snapshots, err := store.Load(ctx, []storage.LoadRequest{{Program: "beans", Member: "m-7301", Key: "signup"}})
	fmt.Println("stored:", snapshots[0].Operation != nil, err)
	// Output:
	// commit: connection reset by peer
	// stored: true <nil>
}
