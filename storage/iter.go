package storage

import (
	"context"
	"iter"
)

// AllAccounts iterates over every page of a listing. It stops at the first
// error, which it yields.
func AllAccounts(ctx context.Context, store Store, query AccountQuery) iter.Seq2[Account, error] {
	return pages(func(after string) (Page[Account], error) {
		query.After = after
		return store.Accounts(ctx, query)
	}, query.After)
}

// AllLots iterates over every page of an account's lots.
func AllLots(ctx context.Context, store Store, query MemberQuery) iter.Seq2[Lot, error] {
	return memberPages(query, func(q MemberQuery) (Page[Lot], error) { return store.Lots(ctx, q) })
}

// AllEntries iterates over every page of an account's ledger.
func AllEntries(ctx context.Context, store Store, query MemberQuery) iter.Seq2[Entry, error] {
	return memberPages(query, func(q MemberQuery) (Page[Entry], error) { return store.Entries(ctx, q) })
}

// AllOperations iterates over every page of an account's operations.
func AllOperations(ctx context.Context, store Store, query MemberQuery) iter.Seq2[Operation, error] {
	return memberPages(query, func(q MemberQuery) (Page[Operation], error) { return store.Operations(ctx, q) })
}

// AllRecords iterates over every page of a listing of records.
func AllRecords(ctx context.Context, store Store, query RecordQuery) iter.Seq2[Record, error] {
	return pages(func(after string) (Page[Record], error) {
		query.After = after
		return store.Records(ctx, query)
	}, query.After)
}

func memberPages[T any](query MemberQuery, read func(MemberQuery) (Page[T], error)) iter.Seq2[T, error] {
	return pages(func(after string) (Page[T], error) {
		query.After = after
		return read(query)
	}, query.After)
}

func pages[T any](read func(after string) (Page[T], error), after string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			page, err := read(after)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			after = page.Next
		}
	}
}
