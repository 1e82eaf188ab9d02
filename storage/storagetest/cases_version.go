package storagetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/loyaltykit/loyaltykit/storage"
)

func versionCases() []Case {
	return []Case{
		{Name: "a-page-carries-the-version-of-its-account", Clause: "Q3", Run: pageVersion},
		{Name: "a-page-of-another-version-is-a-conflict", Clause: "Q3", Run: pageAtVersion},
		{Name: "a-later-page-of-another-version-is-a-conflict", Clause: "Q3", Run: laterPage},
	}
}

// versioned is a listing of one account whose pages can be held to a version.
type versioned struct {
	name string
	page func(ctx context.Context, query storage.MemberQuery) (next string, version int64, err error)
}

func (e *Env) versioned() []versioned {
	lots := func(open bool) func(context.Context, storage.MemberQuery) (string, int64, error) {
		return func(ctx context.Context, q storage.MemberQuery) (string, int64, error) {
			q.Open = open
			p, err := e.Store.Lots(ctx, q)
			return p.Next, p.Version, err
		}
	}
	return []versioned{
		{"lots", lots(false)},
		{"open lots", lots(true)},
		{"entries", func(ctx context.Context, q storage.MemberQuery) (string, int64, error) {
			p, err := e.Store.Entries(ctx, q)
			return p.Next, p.Version, err
		}},
		{"operations", func(ctx context.Context, q storage.MemberQuery) (string, int64, error) {
			p, err := e.Store.Operations(ctx, q)
			return p.Next, p.Version, err
		}},
	}
}

func pageVersion(ctx context.Context, env *Env) error {
	for version := range int64(3) {
		leg := env.earn("anna", version, fmt.Sprintf("order-%d", version))
		leg.Records = []storage.Record{env.record("anna", "hold", fmt.Sprint(version)), env.record("anna", "gift", fmt.Sprint(version))}
		if err := env.ok(ctx, env.batch(leg)); err != nil {
			return err
		}
		for _, l := range env.versioned() {
			query := storage.MemberQuery{Program: env.Program, Member: "anna", Limit: 1}
			if err := everyPageAt(version+1, func() (string, int64, error) {
				next, got, err := l.page(ctx, query)
				query.After = next
				return next, got, err
			}); err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
		}
		records := storage.RecordQuery{Program: env.Program, Member: "anna", Limit: 1}
		if err := everyPageAt(version+1, func() (string, int64, error) {
			p, err := env.Store.Records(ctx, records)
			records.After = p.Next
			return p.Next, p.Version, err
		}); err != nil {
			return fmt.Errorf("records: %w", err)
		}
	}
	return nil
}

// everyPageAt reads pages to the end, each of which must carry the version.
func everyPageAt(want int64, page func() (next string, version int64, err error)) error {
	for range 100 {
		next, version, err := page()
		if err != nil {
			return err
		}
		if version != want {
			return fmt.Errorf("a page carries version %d, the account is at %d", version, want)
		}
		if next == "" {
			return nil
		}
	}
	return errors.New("no end after 100 pages")
}

func pageAtVersion(ctx context.Context, env *Env) error {
	if err := env.ok(ctx, env.batch(env.earn("anna", 0, "order-1")), env.batch(env.earn("anna", 1, "order-2"))); err != nil {
		return err
	}
	for _, l := range env.versioned() {
		for at, want := range map[int64]error{0: nil, 2: nil, 1: storage.ErrConflict, 3: storage.ErrConflict} {
			_, _, err := l.page(ctx, storage.MemberQuery{Program: env.Program, Member: "anna", AtVersion: at})
			if !errors.Is(err, want) {
				return fmt.Errorf("%s at version %d of an account at version 2: %w", l.name, at, orNoError(err))
			}
		}
		_, _, err := l.page(ctx, storage.MemberQuery{Program: env.Program, Member: "nobody", AtVersion: 1})
		if !errors.Is(err, storage.ErrConflict) {
			return fmt.Errorf("%s at version 1 of an account that does not exist: %w", l.name, orNoError(err))
		}
	}
	return nil
}

func laterPage(ctx context.Context, env *Env) error {
	var version int64
	earn := func() error {
		version++
		return env.ok(ctx, env.batch(env.earn("anna", version-1, fmt.Sprintf("order-%d", version))))
	}
	if err := inOrder(earn, earn, earn, earn); err != nil {
		return err
	}
	for _, l := range env.versioned() {
		query := storage.MemberQuery{Program: env.Program, Member: "anna", AtVersion: version, Limit: 2}
		next, _, err := l.page(ctx, query)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		query.After = next
		if _, _, err := l.page(ctx, query); err != nil {
			return fmt.Errorf("%s, second page at an unchanged version: %w", l.name, err)
		}
		if err := earn(); err != nil {
			return err
		}
		if _, _, err := l.page(ctx, query); !errors.Is(err, storage.ErrConflict) {
			return fmt.Errorf("%s, second page after the account changed: %w, want ErrConflict", l.name, orNoError(err))
		}
		query.AtVersion = 0
		if _, got, err := l.page(ctx, query); err != nil || got != version {
			return fmt.Errorf("%s, second page at any version: version %d, want %d: %w", l.name, got, version, orNoError(err))
		}
	}
	return nil
}
