package storagetest

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/storage"
)

// The groups of cases, in the order in which Run takes them.
const (
	Contract         = "contract"
	Idempotency      = "idempotency"
	Concurrency      = "concurrency"
	Pages            = "pages"
	Precision        = "precision"
	BoundTransaction = "bound transaction"
	Abilities        = "optional abilities"
	Decorator        = "decorator"
)

// Case checks one thing that a clause promises.
type Case struct {
	// Name says what holds, as a slug. It is unique.
	Name string
	// Group is one of the groups of this package.
	Group string
	// Clause names the clause of [storage.Store] that the case is for, such as
	// "K5".
	Clause string
	// Outside is set for cases that cannot run inside one transaction of the
	// host: they call the store from several goroutines, end contexts in the
	// middle of calls or bring transactions of their own.
	Outside bool
	// Run returns what is wrong, with the text of the clause, or nil.
	Run func(ctx context.Context, env *Env) error
}

// Env is what a case runs on.
type Env struct {
	// Store is the store that is checked.
	Store storage.Store
	// Program is the id of a program that no one has used. Cases that need a
	// second one append to it.
	Program string
	// Bind begins a transaction of the host; see [Options]. The cases of the
	// group [BoundTransaction] need it.
	Bind func(ctx context.Context) (Transaction, error)
	// Decorate wraps a store, as a host might for tracing; nil wraps it in a
	// [Hooked].
	Decorate func(storage.Store) storage.Store
	// Callers is how many goroutines race; 0 is 64.
	Callers int
	// Lag is how long a listing of records across members may lag behind.
	Lag time.Duration
}

// Transaction is a transaction of the host with a store that works inside it.
type Transaction struct {
	// Store is bound to the transaction.
	Store storage.Store
	// Commit and Rollback end the transaction, as the host would.
	Commit   func() error
	Rollback func() error
}

// Cases returns every case of the suite, by group.
func Cases() []Case {
	var all []Case
	for _, group := range []struct {
		name  string
		cases [][]Case
	}{
		{Contract, [][]Case{loadCases(), debitCases(), dueCases(), commitCases(), refusalCases(), claimCases(), counterCases(), scrubCases(), pruneCases(), programCases()}},
		{Idempotency, [][]Case{keyCases()}},
		{Concurrency, [][]Case{raceCases(), readerCases(), contextCases()}},
		{Pages, [][]Case{walkCases(), versionCases(), orderCases(), recordListingCases(), eventCases()}},
		{Precision, [][]Case{idCases(), instantCases(), amountCases(), bytesCases()}},
		{BoundTransaction, [][]Case{boundCases()}},
		{Abilities, [][]Case{abilityCases()}},
		{Decorator, [][]Case{decoratorCases()}},
	} {
		for _, cases := range group.cases {
			for _, c := range cases {
				c.Group = group.name
				c.Run = withClause(c)
				all = append(all, c)
			}
		}
	}
	return all
}

// withClause adds the text of the clause to what a case finds.
func withClause(c Case) func(context.Context, *Env) error {
	return func(ctx context.Context, env *Env) error {
		if err := c.Run(ctx, env); err != nil {
			return fmt.Errorf("%w\n\tclause %s: %s", err, c.Clause, clauses[c.Clause])
		}
		return nil
	}
}

func (e *Env) callers() int { return cmp.Or(e.Callers, 64) }

func (e *Env) decorate(store storage.Store) storage.Store {
	if e.Decorate == nil {
		return &Hooked{Store: store}
	}
	return e.Decorate(store)
}
