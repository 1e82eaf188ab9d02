package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// books is what a program's ledger comes to.
type books struct {
	members int64
	units   []unitBooks
	ladders []ladderBooks
	// recorded is when the last operation of any account was recorded.
	recorded time.Time
	checks   []check
}

// unitBooks are the books of one unit. Counters are net: what came back is taken
// off.
type unitBooks struct {
	points.Unit
	issued, redeemed, expired, reversed, adjusted points.Amount
	// outstanding is the sum of the account rows.
	outstanding points.Balance
	// ledger is the same from the entries.
	ledger points.Balance
}

// check is an invariant and whether it holds.
type check struct {
	name   string
	failed string
}

func (b *books) check(failed, format string, args ...any) {
	b.checks = append(b.checks, check{name: fmt.Sprintf(format, args...), failed: failed})
}

// ok reports whether every invariant holds.
func (b *books) ok() bool {
	return !slices.ContainsFunc(b.checks, func(c check) bool { return c.failed != "" })
}

// closeBooks sums the ledger and the accounts of a program, in constant memory,
// and compares the two.
func closeBooks(ctx context.Context, engine *loyalty.Engine, store storage.Store, program loyalty.Program, asOf time.Time) (*books, error) {
	b := &books{ladders: newLadders(program)}
	for _, unit := range program.Units {
		zero := points.Balance{Unit: unit.Code}
		b.units = append(b.units, unitBooks{Unit: unit, outstanding: zero, ledger: zero})
	}
	totals, err := engine.Totals(ctx)
	if err != nil {
		return nil, err
	}
	for _, total := range totals {
		u, err := b.unit(total.Unit)
		if err != nil {
			return nil, err
		}
		if err := u.add(total); err != nil {
			return nil, fmt.Errorf("totals of %q: %w", total.Unit, err)
		}
	}
	overdue := ""
	for account, err := range storage.AllAccounts(ctx, store, storage.AccountQuery{Program: program.ID, Limit: 1000}) {
		if err != nil {
			return nil, fmt.Errorf("read accounts: %w", err)
		}
		if err := b.addAccount(account); err != nil {
			return nil, fmt.Errorf("account %q: %w", account.Member, err)
		}
		if overdue == "" && !asOf.IsZero() && !account.DueAt.After(asOf) {
			overdue = fmt.Sprintf("account %q was due at %s", account.Member, account.DueAt.Format(time.RFC3339))
		}
	}
	if err := b.addMoves(ctx, store, program.ID); err != nil {
		return nil, err
	}
	b.compare()
	b.check(overdue, "nothing that was due by then is left unbooked")
	return b, nil
}

func (b *books) unit(code string) (*unitBooks, error) {
	for i := range b.units {
		if b.units[i].Code == code {
			return &b.units[i], nil
		}
	}
	return nil, fmt.Errorf("the ledger has unit %q, which the program has not", code)
}

// add books one total of the ledger.
func (u *unitBooks) add(total storage.Total) error {
	for _, side := range []struct {
		bucket points.Bucket
		amount points.Amount
	}{{total.From, -total.Amount}, {total.To, total.Amount}} {
		field := u.bucket(side.bucket)
		if field == nil {
			continue
		}
		if side.bucket == points.Issued || side.bucket == points.Adjusted || side.bucket == points.Debt {
			side.amount = -side.amount
		}
		sum, err := field.Add(side.amount)
		if err != nil {
			return err
		}
		*field = sum
	}
	return nil
}

// bucket is the field that a bucket adds up in, nil for those that are not shown.
func (u *unitBooks) bucket(b points.Bucket) *points.Amount {
	switch b {
	case points.Issued:
		return &u.issued
	case points.Redeemed:
		return &u.redeemed
	case points.Expired:
		return &u.expired
	case points.Reversed:
		return &u.reversed
	case points.Adjusted:
		return &u.adjusted
	case points.Pending:
		return &u.ledger.Pending
	case points.Available:
		return &u.ledger.Available
	case points.Held:
		return &u.ledger.Held
	case points.Debt:
		return &u.ledger.Debt
	case points.Counted:
		return &u.ledger.Counted
	default:
		return nil
	}
}

func (b *books) addAccount(account storage.Account) error {
	b.members++
	b.stands(account)
	if account.RecordedAt.After(b.recorded) {
		b.recorded = account.RecordedAt
	}
	for _, balance := range account.Balances {
		u, err := b.unit(balance.Unit)
		if err != nil {
			return err
		}
		for _, side := range []struct {
			sum *points.Amount
			of  points.Amount
		}{
			{&u.outstanding.Pending, balance.Pending},
			{&u.outstanding.Available, balance.Available},
			{&u.outstanding.Held, balance.Held},
			{&u.outstanding.Debt, balance.Debt},
			{&u.outstanding.Counted, balance.Counted},
		} {
			if side.of < 0 {
				return fmt.Errorf("a balance of %q is negative: %+v", balance.Unit, balance)
			}
			if *side.sum, err = side.sum.Add(side.of); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare adds the invariants between ledger and accounts.
func (b *books) compare() {
	apart, unbalanced := "", ""
	for _, u := range b.units {
		if u.outstanding != u.ledger {
			apart = fmt.Sprintf("accounts have %+v, entries %+v", u.outstanding, u.ledger)
		}
		if u.Kind == points.Metric {
			continue
		}
		out := u.outstanding
		if sum := u.issued + u.adjusted - u.redeemed - u.expired - u.reversed - out.Pending - out.Available - out.Held + out.Debt; sum != 0 {
			unbalanced = fmt.Sprintf("the buckets of %q add up to %d", u.Code, sum)
		}
	}
	b.check(apart, "the balances of all accounts are the sums of their entries, bucket by bucket")
	b.check(unbalanced, "over all buckets the points add up to zero")
}

// addAudit adds what a full audit of the ledger found.
func (b *books) addAudit(report loyalty.VerifyReport) {
	failed := ""
	if !report.OK() {
		failed = fmt.Sprintf("%d accounts do not fit, the first: %v", len(report.Problems), report.Problems[0])
	}
	b.check(failed, "every hash chain, balance and lot fits: %s accounts, %s operations, %s entries, %s lots",
		grouped(report.Accounts), grouped(report.Operations), grouped(report.Entries), grouped(report.Lots))
}
