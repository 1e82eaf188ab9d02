package storagetest

import (
	"context"
	"reflect"
	"runtime"
	"strings"

	"github.com/loyaltykit/loyaltykit/storage"
)

// altered is a store that changes what passes in and out of the one inside.
type altered struct {
	storage.Store
	// in changes what a method is given and out what it returns; both are handed
	// a pointer. The context of each call passes through under.
	in, out func(v any)
	under   func(ctx context.Context) context.Context
}

// alteredIn breaks a store by changing what it is given.
func alteredIn(change func(v any)) func(storage.Store) storage.Store {
	return func(inside storage.Store) storage.Store { return &altered{Store: inside, in: change} }
}

// alteredOut breaks a store by changing what it returns.
func alteredOut(change func(v any)) func(storage.Store) storage.Store {
	return func(inside storage.Store) storage.Store { return &altered{Store: inside, out: change} }
}

func (a *altered) Unwrap() storage.Store { return a.Store }

func pass[In, Out any](ctx context.Context, a *altered, in In, call func(context.Context, In) (Out, error)) (Out, error) {
	if a.under != nil {
		ctx = a.under(ctx)
	}
	if a.in != nil {
		in = clone(in)
		a.in(&in)
	}
	out, err := call(ctx, in)
	if err == nil && a.out != nil {
		a.out(&out)
	}
	return out, err
}

func (a *altered) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	return pass(ctx, a, requests, a.Store.Load)
}

func (a *altered) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	return pass(ctx, a, batches, a.Store.Commit)
}

func (a *altered) Accounts(ctx context.Context, query storage.AccountQuery) (storage.Page[storage.Account], error) {
	return pass(ctx, a, query, a.Store.Accounts)
}

func (a *altered) Lots(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Lot], error) {
	return pass(ctx, a, query, a.Store.Lots)
}

func (a *altered) Entries(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Entry], error) {
	return pass(ctx, a, query, a.Store.Entries)
}

func (a *altered) Operations(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Operation], error) {
	return pass(ctx, a, query, a.Store.Operations)
}

func (a *altered) Records(ctx context.Context, query storage.RecordQuery) (storage.Page[storage.Record], error) {
	return pass(ctx, a, query, a.Store.Records)
}

func (a *altered) Events(ctx context.Context, query storage.EventQuery) (storage.Page[storage.Event], error) {
	return pass(ctx, a, query, a.Store.Events)
}

// acks is what Ack is given.
type acks struct {
	Program string
	Events  []storage.EventID
}

func (a *altered) Ack(ctx context.Context, program string, events []storage.EventID) error {
	_, err := pass(ctx, a, acks{program, events}, func(ctx context.Context, in acks) (struct{}, error) {
		return struct{}{}, a.Store.Ack(ctx, in.Program, in.Events)
	})
	return err
}

func (a *altered) Prune(ctx context.Context, request storage.PruneRequest) (storage.Pruned, error) {
	return pass(ctx, a, request, a.Store.Prune)
}

func (a *altered) Revisions(ctx context.Context, program string) ([]storage.Revision, error) {
	return pass(ctx, a, program, a.Store.Revisions)
}

func (a *altered) PutRevision(ctx context.Context, revision storage.Revision) error {
	_, err := pass(ctx, a, revision, func(ctx context.Context, in storage.Revision) (struct{}, error) {
		return struct{}{}, a.Store.PutRevision(ctx, in)
	})
	return err
}

// each calls change for every T that v leads to.
func each[T any](change func(*T)) func(v any) {
	return func(v any) { visit(reflect.ValueOf(v).Elem(), change) }
}

func visit[T any](v reflect.Value, change func(*T)) {
	if v.Type() == reflect.TypeFor[T]() && v.CanSet() {
		change(v.Addr().Interface().(*T))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			visit(v.Elem(), change)
		}
	case reflect.Slice:
		for i := range v.Len() {
			visit(v.Index(i), change)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				visit(v.Field(i), change)
			}
		}
	}
}

// clone copies a value with all that it leads to.
func clone[T any](v T) T {
	to := reflect.New(reflect.TypeFor[T]()).Elem()
	cloneTo(to, reflect.ValueOf(&v).Elem())
	return to.Interface().(T)
}

func cloneTo(to, from reflect.Value) {
	to.Set(from)
	switch from.Kind() {
	case reflect.Pointer:
		if !from.IsNil() {
			to.Set(reflect.New(from.Type().Elem()))
			cloneTo(to.Elem(), from.Elem())
		}
	case reflect.Slice:
		if !from.IsNil() {
			to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
			for i := range from.Len() {
				cloneTo(to.Index(i), from.Index(i))
			}
		}
	case reflect.Struct:
		for i := range from.NumField() {
			if from.Type().Field(i).IsExported() {
				cloneTo(to.Field(i), from.Field(i))
			}
		}
	}
}

// hooked breaks Load and Commit of a store.
func hooked(
	load func(ctx context.Context, requests []storage.LoadRequest, next LoadFunc) ([]storage.Snapshot, error),
	commit func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error),
) func(storage.Store) storage.Store {
	return func(inside storage.Store) storage.Store {
		return &Hooked{Store: inside, OnLoad: load, OnCommit: commit}
	}
}

// onLoad breaks what Load returns, knowing what was asked.
func onLoad(change func(request storage.LoadRequest, s *storage.Snapshot)) func(storage.Store) storage.Store {
	return hooked(func(ctx context.Context, requests []storage.LoadRequest, next LoadFunc) ([]storage.Snapshot, error) {
		snapshots, err := next(ctx, requests)
		for i := range snapshots {
			change(requests[i], &snapshots[i])
		}
		return snapshots, err
	}, nil)
}

// onCommit breaks how one batch is committed; a call commits them one by one.
func onCommit(commit func(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error)) func(storage.Store) storage.Store {
	return func(inside storage.Store) storage.Store {
		return hooked(nil, func(ctx context.Context, batches []storage.Batch, _ CommitFunc) ([]storage.Outcome, error) {
			var outcomes []storage.Outcome
			for _, batch := range batches {
				outcome, err := commit(ctx, inside, clone(batch))
				if err != nil {
					return nil, err
				}
				outcomes = append(outcomes, outcome)
			}
			return outcomes, nil
		})(inside)
	}
}

// commitOne commits a batch to the store inside.
func commitOne(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
	outcomes, err := inside.Commit(ctx, []storage.Batch{batch})
	if err != nil {
		return storage.Outcome{}, err
	}
	return outcomes[0], nil
}

// meet gives other goroutines time until they have come, but never for ever.
func meet(come func() bool) {
	for range 20_000 {
		if come() {
			return
		}
		runtime.Gosched()
	}
}

// versionOf returns the version of a member's account in a store.
func versionOf(ctx context.Context, inside storage.Store, program, member string) (int64, error) {
	e := Env{Store: inside, Program: program}
	return e.version(ctx, member)
}

// rebase moves a leg onto another version.
func rebase(leg *storage.Leg, expect int64) {
	leg.Expect = expect
	leg.Account.Version, leg.Operation.Version = expect+1, expect+1
	for i := range leg.Entries {
		leg.Entries[i].Version = expect + 1
	}
	for i := range leg.Events {
		leg.Events[i].Version = expect + 1
	}
}

func lower(s *string) { *s = strings.ToLower(*s) }
