package figures

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Lifetimes ranges over how long members stayed, in days of 24 hours from their
// enrollment, for [kpi.SurvivalAccumulator]: a membership ends when its account is
// closed or erased, and whoever is there at an instant was last seen then. Members who enrolled
// later are left out, and so are pools, and those who live on in the account that they
// were merged into. It ends after an error.
//
// Who stays enrolled and never comes again is no loss here: for how soon customers come
// again take [kpi.SecondPurchaseAccumulator] over [Orders].
func Lifetimes(ctx context.Context, engine *loyalty.Engine, store storage.Store, until time.Time) iter.Seq2[kpi.Lifetime, error] {
	return func(yield func(kpi.Lifetime, error) bool) {
		program := engine.Program(points.Never).ID
		for account, err := range storage.AllAccounts(ctx, store, storage.AccountQuery{Program: program, Limit: 1000}) {
			if err != nil {
				yield(kpi.Lifetime{}, fmt.Errorf("figures: accounts: %w", err))
				return
			}
			if account.Kind != storage.Person || !account.EnrolledAt.Before(until) {
				continue
			}
			life, known, err := lifetime(ctx, store, &account, until)
			if err != nil {
				err = fmt.Errorf("figures: lifetime of %s: %w", loyalty.AccountName(account.Member), err)
			}
			if (known || err != nil) && (!yield(life, err) || err != nil) {
				return
			}
		}
	}
}

func lifetime(ctx context.Context, store storage.Store, account *storage.Account, until time.Time) (life kpi.Lifetime, known bool, err error) {
	life.Exit = until.Sub(account.EnrolledAt).Hours() / 24
	if account.Status != storage.Closed {
		return life, true, nil
	}
	left, known, err := leftAt(ctx, store, account)
	if known && left.Before(until) {
		life = kpi.Lifetime{Exit: max(0, left.Sub(account.EnrolledAt).Hours()/24), Event: true}
	}
	return life, known, err
}

// leftAt is when an account was closed or erased. It is not known of one that was
// merged into another.
func leftAt(ctx context.Context, store storage.Store, account *storage.Account) (left time.Time, known bool, err error) {
	query := storage.MemberQuery{Program: account.Program, Member: account.Member, Limit: 1000}
	for op, err := range storage.AllOperations(ctx, store, query) {
		if err != nil {
			return left, false, err
		}
		if op.Type == "close" || op.Type == "erase" {
			return op.OccurredAt, true, nil
		}
	}
	return left, false, nil
}
