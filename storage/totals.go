package storage

import (
	"cmp"
	"context"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
)

// Total is the sum of a program's entries of one unit and kind that moved from
// one bucket to another.
type Total struct {
	Unit    string
	Kind    points.EntryKind
	From    points.Bucket
	To      points.Bucket
	Amount  points.Amount
	Entries int64
}

// Totaler is the optional ability to sum a program's entries where they are.
type Totaler interface {
	Totals(ctx context.Context, program string) ([]Total, error)
}

// Totals sums a program's entries, by the store's own ability where it has one,
// else by reading every entry. The result is sorted by unit, kind, from and to.
// It returns points.ErrOverflow where a sum passes int64.
func Totals(ctx context.Context, store Store, program string) ([]Total, error) {
	var totals []Total
	if native, ok := As[Totaler](store); ok {
		var err error
		if totals, err = native.Totals(ctx, program); err != nil {
			return nil, err
		}
	} else {
		var err error
		if totals, err = scanTotals(ctx, store, program); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(totals, func(a, b Total) int {
		return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return totals, nil
}

func scanTotals(ctx context.Context, store Store, program string) ([]Total, error) {
	type key struct {
		unit     string
		kind     points.EntryKind
		from, to points.Bucket
	}
	sums := map[key]*Total{}
	for account, err := range AllAccounts(ctx, store, AccountQuery{Program: program}) {
		if err != nil {
			return nil, err
		}
		for entry, err := range AllEntries(ctx, store, MemberQuery{Program: program, Member: account.Member}) {
			if err != nil {
				return nil, err
			}
			k := key{entry.Unit, entry.Kind, entry.From, entry.To}
			sum := sums[k]
			if sum == nil {
				sum = &Total{Unit: entry.Unit, Kind: entry.Kind, From: entry.From, To: entry.To}
				sums[k] = sum
			}
			sum.Entries++
			if sum.Amount, err = sum.Amount.Add(entry.Amount); err != nil {
				return nil, err
			}
		}
	}
	totals := make([]Total, 0, len(sums))
	for _, sum := range sums {
		totals = append(totals, *sum)
	}
	return totals, nil
}
