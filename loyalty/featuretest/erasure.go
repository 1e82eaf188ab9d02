package featuretest

import (
	"slices"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
)

// ErasureCase is a command of a feature whose member is erased.
type ErasureCase struct {
	// Store is empty, and Engine returns an engine with the feature on a store in front
	// of it.
	Store  storage.Store
	Engine func(store storage.Store) (*loyalty.Engine, error)
	// Before is what leads to the command, which is the one that is marked.
	Before  []loyalty.Command
	Command loyalty.Command
	// Unmarked lists texts of the command that take no mark, by their names in JSON:
	// codes, ids of members, and ids of what is there already. A text that takes none and
	// is not listed fails the test.
	Unmarked []string
	// Later, if not nil, sets the engine's clock past every deadline that the command
	// set, so that what comes due after the erasure is looked through as well.
	Later func()
}

// Erasure does a command with a mark in every text that a caller chooses, erases its
// member, and looks for the mark in every row of the store, within documents too. The
// books must balance and the chains verify as before. A feature that keeps text passes
// it with an [loyalty.Eraser] that takes the text out.
func Erasure(t testing.TB, c ErasureCase) {
	t.Helper()
	ctx, claims := t.Context(), NewClaims(c.Store)
	engine, err := c.Engine(claims)
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range c.Before {
		if _, err := engine.Do(ctx, cmd); err != nil {
			t.Fatalf("before: %v", err)
		}
	}
	cmd, n, refused, err := Marked(ctx, engine, c.Command)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range refused {
		if !slices.Contains(c.Unmarked, name) {
			t.Errorf("the field %q takes no mark: list it in Unmarked if it is a code, or known", name)
		}
	}
	if _, err := engine.Do(ctx, cmd); err != nil {
		t.Fatal(err)
	}
	traces := func() []string {
		t.Helper()
		found, err := Traces(ctx, claims, engine.Program(time.Time{}).ID, Mark)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if n == 0 || len(traces()) == 0 {
		t.Fatalf("%d texts were marked, and %d rows have the mark: there is nothing to erase", n, len(traces()))
	}
	if _, err := engine.Do(ctx, loyalty.Erase{Member: cmd.Plan().Member, Key: "erase"}); err != nil {
		t.Fatal(err)
	}
	look := func(when string) {
		t.Helper()
		due, err := engine.RunDue(ctx, nil)
		if err != nil || len(due.Failed) > 0 {
			t.Errorf("%s, settling says %v %v", when, err, due.Failed)
		}
		for _, row := range traces() {
			t.Errorf("%s, the mark is still in %s", when, row)
		}
		report, err := engine.Verify(ctx, nil)
		if err != nil || !report.OK() {
			t.Errorf("%s, the audit says %v %v", when, err, report.Problems)
		}
	}
	look("after the erasure")
	if c.Later != nil {
		c.Later()
		look("with time")
	}
}
