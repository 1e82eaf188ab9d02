package storagetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// books is all that a store says of some members and shared rows.
type books struct {
	Accounts   []storage.Account
	Lots       []storage.Lot
	Entries    []storage.Entry
	Operations []storage.Operation
	Records    []storage.Record
	Events     []storage.Event
	Claims     []storage.Claim
	Counters   []storage.Counter
	Revisions  []storage.Revision
}

// scope says whose books to read.
type scope struct {
	members  []string
	claims   []storage.ClaimKey
	counters []storage.CounterKey
}

// read reads books through the listings and Load.
func (e *Env) read(ctx context.Context, of scope) (books, error) {
	var b books
	for _, member := range of.members {
		if err := e.readMember(ctx, &b, member); err != nil {
			return books{}, err
		}
	}
	shared, err := e.load(ctx, storage.LoadRequest{Member: "nobody", Claims: of.claims, Counters: of.counters})
	if err != nil {
		return books{}, err
	}
	b.Claims, b.Counters = shared.Claims, shared.Counters
	if b.Revisions, err = e.Store.Revisions(ctx, e.Program); err != nil {
		return books{}, fmt.Errorf("Revisions: %w", err)
	}
	return b, nil
}

func (e *Env) readMember(ctx context.Context, b *books, member string) error {
	s, err := e.load(ctx, storage.LoadRequest{Member: member})
	if err != nil {
		return err
	}
	if s.Account != nil {
		b.Accounts = append(b.Accounts, *s.Account)
	}
	lots, err := e.lots(ctx, storage.MemberQuery{Member: member})
	if err != nil {
		return err
	}
	entries, err := e.entries(ctx, storage.MemberQuery{Member: member})
	if err != nil {
		return err
	}
	operations, err := e.operations(ctx, storage.MemberQuery{Member: member})
	if err != nil {
		return err
	}
	records, err := e.records(ctx, storage.RecordQuery{Member: member})
	if err != nil {
		return err
	}
	events, err := e.events(ctx, member)
	if err != nil {
		return err
	}
	b.Lots, b.Entries = append(b.Lots, lots...), append(b.Entries, entries...)
	b.Operations, b.Records = append(b.Operations, operations...), append(b.Records, records...)
	b.Events = append(b.Events, events...)
	return nil
}

// unchanged runs a step and expects the books to be the same afterwards.
func (e *Env) unchanged(ctx context.Context, of scope, step func() error) error {
	before, err := e.read(ctx, of)
	if err != nil {
		return err
	}
	if err := step(); err != nil {
		return err
	}
	after, err := e.read(ctx, of)
	if err != nil {
		return err
	}
	if err := same("books", before, after); err != nil {
		return fmt.Errorf("nothing should have changed: %w", err)
	}
	return nil
}

func (e *Env) accounts(ctx context.Context, query storage.AccountQuery) ([]storage.Account, error) {
	query.Program = e.Program
	return walk("Accounts", query.Limit, func(after string) (storage.Page[storage.Account], error) {
		query.After = after
		return e.Store.Accounts(ctx, query)
	})
}

func (e *Env) lots(ctx context.Context, query storage.MemberQuery) ([]storage.Lot, error) {
	return memberWalk(ctx, e, "Lots", query, e.Store.Lots)
}

func (e *Env) entries(ctx context.Context, query storage.MemberQuery) ([]storage.Entry, error) {
	return memberWalk(ctx, e, "Entries", query, e.Store.Entries)
}

func (e *Env) operations(ctx context.Context, query storage.MemberQuery) ([]storage.Operation, error) {
	return memberWalk(ctx, e, "Operations", query, e.Store.Operations)
}

func (e *Env) records(ctx context.Context, query storage.RecordQuery) ([]storage.Record, error) {
	query.Program = e.Program
	return walk("Records", query.Limit, func(after string) (storage.Page[storage.Record], error) {
		query.After = after
		return e.Store.Records(ctx, query)
	})
}

// events returns the pending events of one member.
func (e *Env) events(ctx context.Context, member string) ([]storage.Event, error) {
	all, err := e.bucket(ctx, storage.EventQuery{Bucket: storage.Bucket(member)})
	if err != nil {
		return nil, err
	}
	var events []storage.Event
	for _, event := range all {
		if event.Member == member {
			events = append(events, event)
		}
	}
	return events, nil
}

func (e *Env) bucket(ctx context.Context, query storage.EventQuery) ([]storage.Event, error) {
	query.Program = e.Program
	return walk("Events", query.Limit, func(after string) (storage.Page[storage.Event], error) {
		query.After = after
		return e.Store.Events(ctx, query)
	})
}

func memberWalk[T any](
	ctx context.Context, e *Env, method string, query storage.MemberQuery,
	list func(context.Context, storage.MemberQuery) (storage.Page[T], error),
) ([]T, error) {
	query.Program = e.Program
	return walk(method, query.Limit, func(after string) (storage.Page[T], error) {
		query.After = after
		return list(ctx, query)
	})
}

// walk reads a listing to its end, in pages that must fit the limit and lead on.
func walk[T any](method string, limit int, list func(after string) (storage.Page[T], error)) ([]T, error) {
	const mostPages = 2000
	if limit == 0 {
		limit = 100
	}
	var all []T
	after := ""
	for range mostPages {
		page, err := list(after)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", method, err)
		}
		if len(page.Items) > limit {
			return nil, fmt.Errorf("%s: a page has %d items with limit %d", method, len(page.Items), limit)
		}
		all = append(all, page.Items...)
		if page.Next == "" {
			return all, nil
		}
		after = page.Next
	}
	return nil, fmt.Errorf("%s: no end after %d pages", method, mostPages)
}

// consistent checks that a snapshot of an account that only ever earned is of
// one version: the balance, the lots and the version agree.
func consistent(s storage.Snapshot) error {
	if s.Account == nil {
		if len(s.Lots) > 0 {
			return fmt.Errorf("%d lots of an account that does not exist", len(s.Lots))
		}
		return nil
	}
	if len(s.Account.Balances) != 1 {
		return errors.New("the account has lost its balance")
	}
	var sum points.Amount
	for _, lot := range s.Lots {
		sum += lot.Remaining
	}
	if available := s.Account.Balances[0].Available; sum != available {
		return fmt.Errorf("version %d shows %d points available, its lots hold %d", s.Account.Version, available, sum)
	}
	return nil
}
