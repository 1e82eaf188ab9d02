package storagetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func readerCases() []Case {
	return []Case{
		{Name: "a-reader-never-sees-half-a-batch", Clause: "K1", Outside: true, Run: halfVisible},
		{Name: "a-reader-never-sees-lots-of-another-version", Clause: "L2", Outside: true, Run: mixedSnapshot},
		{Name: "a-reader-never-sees-what-is-due-of-another-version", Clause: "L2", Outside: true, Run: mixedDue},
		{Name: "a-page-is-of-the-version-it-carries", Clause: "Q3", Outside: true, Run: mixedPage},
		{Name: "an-acknowledged-commit-is-seen-by-everybody", Clause: "L10", Outside: true, Run: seenByEverybody},
	}
}

// writes is how many versions the writer makes while readers look on.
const writes = 60

// while writes versions, each when every reader has begun another read, and
// reads over and over on a goroutine for each reader until the writer is done.
func while(write func(version int64) error, readers ...func() error) error {
	began := make([]chan struct{}, len(readers))
	done := make(chan struct{})
	errs := make([]error, len(readers)+1)
	var wg sync.WaitGroup
	for i, read := range readers {
		began[i] = make(chan struct{}, 1)
		wg.Go(func() {
			defer close(began[i])
			errs[i] = readUntil(done, began[i], read)
		})
	}
	for version := int64(0); version < writes && errs[len(readers)] == nil; version++ {
		for i := range readers {
			<-began[i]
		}
		errs[len(readers)] = write(version)
	}
	close(done)
	wg.Wait()
	return errors.Join(errs...)
}

// readUntil reads until done, and says before each read that it begins.
func readUntil(done <-chan struct{}, began chan<- struct{}, read func() error) error {
	for {
		select {
		case began <- struct{}{}:
		default:
		}
		if err := read(); err != nil {
			return err
		}
		select {
		case <-done:
			return nil
		default:
			runtime.Gosched() // a store that never waits would starve the writer
		}
	}
}

func halfVisible(ctx context.Context, env *Env) error {
	// Every batch writes anna and ben, so whoever sees a version of one must
	// afterwards see at least that of the other.
	behind := func(first, second string) func() error {
		return func() error {
			one, err := env.version(ctx, first)
			if err != nil {
				return err
			}
			two, err := env.version(ctx, second)
			if err != nil {
				return err
			}
			if two < one {
				return fmt.Errorf("version %d of %q is visible, and then only version %d of %q", one, first, two, second)
			}
			return nil
		}
	}
	return while(func(version int64) error {
		key := fmt.Sprintf("gift-%d", version)
		return env.ok(ctx, env.batch(env.earn("anna", version, key), env.earn("ben", version, key)))
	}, behind("anna", "ben"), behind("ben", "anna"))
}

func mixedSnapshot(ctx context.Context, env *Env) error {
	var ids []points.LotID
	for version := range int64(writes) {
		ids = append(ids, points.LotID(version+1))
	}
	read := func(request storage.LoadRequest) func() error {
		request.Member = "anna"
		return func() error {
			s, err := env.load(ctx, request)
			if err != nil || s.Mixed {
				return err
			}
			if s.Account != nil && len(s.Records) > 0 && s.Records[0].Sort != fmt.Sprint(s.Account.Version) {
				return fmt.Errorf("version %d came with the record of version %s", s.Account.Version, s.Records[0].Sort)
			}
			return consistent(s)
		}
	}
	hold := []storage.RecordKey{{Kind: "hold", ID: "h-1"}}
	return while(func(version int64) error {
		leg := env.earn("anna", version, fmt.Sprintf("order-%d", version))
		record := env.record("anna", "hold", "h-1")
		record.Sort = fmt.Sprint(version + 1)
		leg.Records = []storage.Record{record}
		return env.ok(ctx, env.batch(leg))
	},
		read(storage.LoadRequest{Lots: ids, Records: hold}),
		read(storage.LoadRequest{Debits: []storage.Debit{{Unit: "bean", After: day(1), Limit: 500}}, Records: hold}),
	)
}

func mixedDue(ctx context.Context, env *Env) error {
	// At every version the account's due time, its one lot and its one record
	// are due at the same hour.
	return while(func(version int64) error {
		leg := env.bare("anna", version, fmt.Sprintf("order-%d", version))
		due := day(1).Add(time.Duration(version) * time.Hour)
		lot, record := env.lot("anna", 1, 120), env.record("anna", "hold", "h-1")
		leg.Account.DueAt, lot.ExpiresAt, record.DueAt = due, due, due
		leg.Lots, leg.Records = []storage.Lot{lot}, []storage.Record{record}
		return env.ok(ctx, env.batch(leg))
	}, func() error {
		s, err := env.due(ctx, day(30), 0)
		if err != nil || s.Mixed || s.Account == nil {
			return err
		}
		if len(s.Lots) != 1 || len(s.DueRecords) != 1 {
			return fmt.Errorf("version %d came with %d lots and %d records due, want one each", s.Account.Version, len(s.Lots), len(s.DueRecords))
		}
		if !s.Lots[0].ExpiresAt.Equal(s.Account.DueAt) || !s.DueRecords[0].DueAt.Equal(s.Account.DueAt) {
			return fmt.Errorf("version %d is due at %v, its lot at %v, its record at %v",
				s.Account.Version, s.Account.DueAt, s.Lots[0].ExpiresAt, s.DueRecords[0].DueAt)
		}
		return nil
	})
}

func mixedPage(ctx context.Context, env *Env) error {
	query := storage.MemberQuery{Program: env.Program, Member: "anna", Limit: 100}
	check := func(what string, version int64, rows int) error {
		if int64(rows) != version {
			return fmt.Errorf("a page of version %d has %d %s", version, rows, what)
		}
		return nil
	}
	return while(func(version int64) error {
		return env.ok(ctx, env.batch(env.earn("anna", version, fmt.Sprintf("order-%d", version))))
	}, func() error {
		page, err := env.Store.Lots(ctx, query)
		if err != nil {
			return fmt.Errorf("Lots: %w", err)
		}
		return check("lots", page.Version, len(page.Items))
	}, func() error {
		page, err := env.Store.Entries(ctx, query)
		if err != nil {
			return fmt.Errorf("Entries: %w", err)
		}
		return check("entries", page.Version, len(page.Items))
	}, func() error {
		page, err := env.Store.Operations(ctx, query)
		if err != nil {
			return fmt.Errorf("Operations: %w", err)
		}
		return check("operations", page.Version, len(page.Items))
	})
}

func seenByEverybody(ctx context.Context, env *Env) error {
	var acknowledged atomic.Int64
	reader := func() error {
		want := acknowledged.Load()
		got, err := env.version(ctx, "anna")
		if err != nil {
			return err
		}
		if got < want {
			return fmt.Errorf("version %d was acknowledged, a Load that began later sees version %d", want, got)
		}
		return nil
	}
	return while(func(version int64) error {
		if err := env.ok(ctx, env.batch(env.earn("anna", version, fmt.Sprintf("order-%d", version)))); err != nil {
			return err
		}
		acknowledged.Store(version + 1)
		return nil
	}, reader, reader, reader)
}
