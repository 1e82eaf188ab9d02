package figures

import (
	"context"
	"fmt"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Customers counts the members of a period, for [kpi.Retention] and [kpi.Churn]: a
// membership starts when its account is enrolled and ends when that is closed or
// erased. Left out are pools, and those who live on in the account that they were
// merged into. Who stays enrolled and never buys is kept here: for customers by their
// purchases take [kpi.RetentionAccumulator] over [Orders]. An error wraps
// [kpi.ErrInvalid] where the period is none.
func Customers(ctx context.Context, engine *loyalty.Engine, store storage.Store, period kpi.Period) (kpi.Customers, error) {
	counted, err := kpi.NewCustomerAccumulator(period)
	if err != nil {
		return kpi.Customers{}, err
	}
	program := engine.Program(points.Never).ID
	for account, err := range storage.AllAccounts(ctx, store, storage.AccountQuery{Program: program, Limit: 1000}) {
		if err != nil {
			return kpi.Customers{}, fmt.Errorf("figures: accounts: %w", err)
		}
		if account.Kind != storage.Person || !account.EnrolledAt.Before(period.End) {
			continue
		}
		if err := countMember(ctx, store, &account, period, counted); err != nil {
			return kpi.Customers{}, fmt.Errorf("figures: membership of %s: %w", loyalty.AccountName(account.Member), err)
		}
	}
	customers, err := counted.Result()
	customers.Rule = "a member is a customer from enrollment until the account is closed or erased"
	return customers, err
}

func countMember(ctx context.Context, store storage.Store, account *storage.Account, period kpi.Period, counted *kpi.CustomerAccumulator) error {
	left := period.End
	if account.Status == storage.Closed {
		at, known, err := leftAt(ctx, store, account)
		if !known || err != nil {
			return err
		}
		left = at
	}
	if left.Before(period.Start) {
		return nil
	}
	add := counted.AddStart
	if !account.EnrolledAt.Before(period.Start) {
		add = counted.AddJoined
	}
	if err := add(account.Member); err != nil || left.Before(period.End) {
		return err
	}
	return counted.AddEnd(account.Member)
}
