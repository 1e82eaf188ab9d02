package storagetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/loyaltykit/loyaltykit/storage"
)

func pageLimit(ctx context.Context, env *Env) error {
	const many = 130
	var batches []storage.Batch
	for i := range many {
		member := fmt.Sprintf("m-%03d", i)
		leg := env.bare(member, 0, "order-1")
		leg.Account.DueAt = day(i)
		leg.Records = []storage.Record{env.record(member, "hold", "h-1")}
		batches = append(batches, env.batch(leg))
	}
	for version := range int64(many) {
		leg := env.earn("anna", version, fmt.Sprintf("order-%d", version))
		leg.Records = []storage.Record{env.record("anna", "gift", fmt.Sprintf("g-%03d", version))}
		batches = append(batches, env.batch(leg))
	}
	if err := env.ok(ctx, batches...); err != nil {
		return err
	}
	if err := env.settle(ctx); err != nil {
		return err
	}
	for _, l := range env.listings() {
		if l.name == "records of one status" {
			continue
		}
		for _, limit := range []int{0, 1, 7, 100, 1000} {
			most := limit
			if limit == 0 {
				most = 100
			}
			keys, next, err := l.page(ctx, "", limit)
			if err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
			if len(keys) > most {
				return fmt.Errorf("%s: a page has %d rows with limit %d", l.name, len(keys), limit)
			}
			if next == "" && len(keys) < many {
				return fmt.Errorf("%s: with limit %d the listing ends after %d rows of %d", l.name, limit, len(keys), many)
			}
		}
		all, err := l.walk(ctx, 0, nil)
		if err != nil {
			return err
		}
		if len(all) < many || len(all) > many+1 {
			return fmt.Errorf("%s: %d rows came, want %d", l.name, len(all), many)
		}
	}
	return nil
}

func emptyPages(ctx context.Context, env *Env) error {
	empty := func(name string, items any, isNil bool, n int, next string, version int64, err error) error {
		if err != nil {
			return fmt.Errorf("%s of nothing: %w", name, err)
		}
		if isNil || n != 0 || next != "" || version != 0 {
			return fmt.Errorf("%s of nothing: items %#v, next %q, version %d; want an empty list that is not nil", name, items, next, version)
		}
		return nil
	}
	query := storage.MemberQuery{Program: env.Program, Member: "nobody"}
	return inOrder(
		func() error {
			p, err := env.Store.Accounts(ctx, storage.AccountQuery{Program: env.Program})
			return empty("Accounts", p.Items, p.Items == nil, len(p.Items), p.Next, p.Version, err)
		},
		func() error {
			p, err := env.Store.Accounts(ctx, storage.AccountQuery{Program: env.Program, DueBy: day(1)})
			return empty("Accounts by due time", p.Items, p.Items == nil, len(p.Items), p.Next, p.Version, err)
		},
		func() error {
			p, err := env.Store.Lots(ctx, query)
			return empty("Lots", p.Items, p.Items == nil, len(p.Items), p.Next, p.Version, err)
		},
		func() error {
			p, err := env.Store.Entries(ctx, query)
			return empty("Entries", p.Items, p.Items == nil, len(p.Items), p.Next, p.Version, err)
		},
		func() error {
			p, err := env.Store.Operations(ctx, query)
			return empty("Operations", p.Items, p.Items == nil, len(p.Items), p.Next, p.Version, err)
		},
		func() error {
			p, err := env.Store.Records(ctx, storage.RecordQuery{Program: env.Program, Member: "nobody"})
			return empty("Records of one account", p.Items, p.Items == nil, len(p.Items), p.Next, p.Version, err)
		},
		func() error {
			p, err := env.Store.Records(ctx, storage.RecordQuery{Program: env.Program, Kind: "hold"})
			return empty("Records across members", p.Items, p.Items == nil, len(p.Items), p.Next, p.Version, err)
		},
		func() error {
			p, err := env.Store.Events(ctx, storage.EventQuery{Program: env.Program, Bucket: 7})
			return empty("Events", p.Items, p.Items == nil, len(p.Items), p.Next, p.Version, err)
		},
	)
}

func strangeCursors(ctx context.Context, env *Env) error {
	other := env.other()
	if err := inOrder(func() error { return env.crowd(ctx) }, func() error { return other.crowd(ctx) }); err != nil {
		return err
	}
	listings := env.listings()
	cursors := map[string]string{"a word": "latte", "a number": "4", "a byte": "\x00", "a long text": fmt.Sprintf("%0200d", 7)}
	for _, l := range listings {
		_, next, err := l.page(ctx, "", 2)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		cursors[l.name] = next
	}
	for _, l := range other.listings() {
		_, next, err := l.page(ctx, "", 2)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		cursors[l.name+" of another program"] = next
	}
	for _, l := range listings {
		for from, cursor := range cursors {
			if from == l.name || cursor == "" {
				continue
			}
			if _, _, err := l.page(ctx, cursor, 2); !errors.Is(err, storage.ErrBadCursor) {
				return fmt.Errorf("%s after %s as a cursor: %w, want ErrBadCursor", l.name, from, orNoError(err))
			}
		}
		if _, _, err := l.page(ctx, cursors[l.name], 2); err != nil {
			return fmt.Errorf("%s after its own cursor: %w", l.name, err)
		}
	}
	return nil
}
