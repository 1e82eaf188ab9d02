package storagetest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// fault is a way to break a store, and the cases that must find it out.
type fault struct {
	name string
	// clause is the one that the fault breaks.
	clause string
	// breaks makes the broken store; bind and decorate break those of Env.
	breaks   func(inside storage.Store) storage.Store
	bind     func(store *journal) func(context.Context) (Transaction, error)
	decorate func(inside storage.Store) storage.Store
	cases    []string
}

func faults() []fault {
	return slices.Concat(
		valueFaults(), loadFaults(), snapshotFaults(), commitFaults(), outcomeFaults(), sharedFaults(),
		listingFaults(), orderFaults(), upkeepFaults(), boundFaults(), decoratorFaults(),
	)
}

func TestTheIntactStorePassesEveryCase(t *testing.T) {
	Run(t, func(testing.TB) storage.Store { return memory.New() }, nil)
}

func TestTheIntactStorePassesEveryCaseWithTransactions(t *testing.T) {
	Run(t, func(testing.TB) storage.Store { return newJournal() }, &Options{
		Bind: func(ctx context.Context, store storage.Store) (Transaction, error) {
			return store.(*journal).begin(ctx)
		},
	})
}

func TestEveryBrokenStoreIsCaught(t *testing.T) {
	cases := map[string]Case{}
	for _, c := range Cases() {
		cases[c.Name] = c
	}
	for _, f := range faults() {
		t.Run(f.clause+" "+f.name, func(t *testing.T) {
			for _, name := range f.cases {
				c, known := cases[name]
				require.True(t, known, "no case %q", name)
				err := runBroken(t, f, c)
				require.Error(t, err, "%s passes a store with this fault", name)
				require.NotErrorIs(t, err, context.DeadlineExceeded)
				assert.ErrorContains(t, err, "clause "+c.Clause+": "+clauses[c.Clause])
			}
		})
	}
}

// runBroken runs a case twice, the first time on an intact store.
func runBroken(t *testing.T, f fault, c Case) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	intact := newJournal()
	require.NoError(t, c.Run(ctx, &Env{Store: intact, Program: "beans", Bind: intact.begin, Callers: 16}), "%s on an intact store", c.Name)

	inside := newJournal()
	env := &Env{Store: inside, Program: "beans", Bind: inside.begin, Decorate: f.decorate, Callers: 16}
	if f.breaks != nil {
		env.Store = f.breaks(inside)
	}
	if f.bind != nil {
		env.Bind = f.bind(inside)
	}
	return c.Run(ctx, env)
}

func TestEveryCaseCatchesAFault(t *testing.T) {
	caught := map[string]bool{}
	for _, f := range faults() {
		for _, name := range f.cases {
			caught[name] = true
		}
	}
	for _, c := range Cases() {
		assert.True(t, caught[c.Name], "no broken store shows that %s (%s) can fail", c.Name, c.Clause)
	}
}

func TestEveryClauseHasABrokenStoreOfItsOwn(t *testing.T) {
	cases, broken := map[string]Case{}, map[string]bool{}
	for _, c := range Cases() {
		cases[c.Name] = c
	}
	for _, f := range faults() {
		broken[f.clause] = true
		require.NotEmpty(t, f.cases, f.name)
		assert.Equal(t, f.clause, cases[f.cases[0]].Clause, "%s is caught first by a case of its clause", f.name)
	}
	for clause := range clauses {
		assert.True(t, broken[clause], "no broken store for %s", clause)
	}
}

func TestCasesAreNamedOnceAndBelongToAClause(t *testing.T) {
	named := map[string]bool{}
	covered := map[string]bool{}
	for _, c := range Cases() {
		assert.False(t, named[c.Name], "%s is named twice", c.Name)
		assert.Regexp(t, `^[a-z0-9-]+$`, c.Name)
		assert.Contains(t, clauses, c.Clause, c.Name)
		assert.NotEmpty(t, c.Group, c.Name)
		named[c.Name], covered[c.Clause] = true, true
	}
	for clause := range clauses {
		assert.True(t, covered[clause], "no case for %s", clause)
	}
}

func TestAFailingCaseNamesItsClause(t *testing.T) {
	c := Cases()[0]
	err := c.Run(t.Context(), &Env{Store: alteredOut(each(func(s *[]storage.Snapshot) { *s = nil }))(memory.New()), Program: "beans"})
	require.Error(t, err)
	assert.True(t, strings.HasSuffix(err.Error(), "\n\tclause L1: Load answers every request at its own place in the result."), err.Error())
}

func TestBoundCasesSayThatTheyNeedATransaction(t *testing.T) {
	for _, c := range Cases() {
		if c.Group == BoundTransaction {
			assert.ErrorIs(t, c.Run(t.Context(), &Env{Store: memory.New(), Program: "beans"}), errNeedsBind)
		}
	}
}
