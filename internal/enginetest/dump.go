package enginetest

import (
	"context"
	"fmt"
	"iter"

	"github.com/loyaltykit/loyaltykit/storage"
)

// dump writes everything that a store has of a program, a row a line, operations
// first.
func dump(ctx context.Context, store storage.Store, program string) ([]string, error) {
	var all, accounts []string
	for account, err := range storage.AllAccounts(ctx, store, storage.AccountQuery{Program: program}) {
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, "account "+text(account))
		query := storage.MemberQuery{Program: program, Member: account.Member}
		for _, list := range []func() ([]string, error){
			func() ([]string, error) {
				return rows("operation", storage.AllOperations(ctx, store, query))
			},
			func() ([]string, error) { return rows("entry", storage.AllEntries(ctx, store, query)) },
			func() ([]string, error) { return rows("lot", storage.AllLots(ctx, store, query)) },
			func() ([]string, error) {
				return rows("record", storage.AllRecords(ctx, store, storage.RecordQuery{Program: program, Member: account.Member}))
			},
		} {
			lines, err := list()
			if err != nil {
				return nil, err
			}
			all = append(all, lines...)
		}
	}
	all = append(all, accounts...)
	for bucket := range storage.Buckets {
		page, err := store.Events(ctx, storage.EventQuery{Program: program, Bucket: bucket, Limit: 10000})
		if err != nil {
			return nil, err
		}
		for _, event := range page.Items {
			all = append(all, "event "+text(event))
		}
	}
	revisions, err := store.Revisions(ctx, program)
	for _, revision := range revisions {
		all = append(all, "revision "+text(revision))
	}
	return all, err
}

func rows[T any](kind string, of iter.Seq2[T, error]) ([]string, error) {
	var all []string
	for row, err := range of {
		if err != nil {
			return nil, err
		}
		all = append(all, kind+" "+text(row))
	}
	return all, nil
}

// differ names the first line in which two dumps differ.
func differ(a, b []string) error {
	for i := range max(len(a), len(b)) {
		var one, other string
		if i < len(a) {
			one = a[i]
		}
		if i < len(b) {
			other = b[i]
		}
		if one != other {
			return fmt.Errorf("line %d of %d and %d is\n%s\nand\n%s", i+1, len(a), len(b), one, other)
		}
	}
	return nil
}
