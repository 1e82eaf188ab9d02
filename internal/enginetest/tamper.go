package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Tampering changes one field of a row, drops a row or exchanges two, in random
// places of accounts, lots, entries and operations, and proves that Verify finds
// it and names the row. Without tampering Verify finds nothing.
func Tampering(t *testing.T, open Open, options *Options) {
	opened := stores{open: open, t: t}
	places := options.or().Tampers
	pick := seeded(8)
	var b *books
	for i := range places {
		if i%1000 == 0 {
			store, id := opened.next()
			fresh, err := newBooks(t, store, id, uint64(i))
			if err != nil {
				t.Fatal(err)
			}
			b = fresh
			if report, err := b.engine.Verify(t.Context(), nil); err != nil || !report.OK() {
				t.Fatalf("nobody has tampered, and Verify says %v, %v", report.Problems, err)
			}
		}
		change := b.change(pick)
		if err := b.finds(t.Context(), change); err != nil {
			t.Fatalf("place %d: %s: %v", i, change.what, err)
		}
	}
	t.Logf("figure R21 %d places tampered with, %d found and named", places, places)
}

// books is all that an auditor sees of a program, as it should be.
type books struct {
	engine     *loyalty.Engine
	store      storage.Store
	program    string
	accounts   []storage.Account
	lots       map[string][]storage.Lot
	entries    map[string][]storage.Entry
	operations map[string][]storage.Operation
	heads      []loyalty.Head
}

// newBooks fills a store with a random stream of commands and reads it back.
func newBooks(t testing.TB, store storage.Store, id string, seed uint64) (*books, error) {
	t.Helper()
	clock := start
	pick := seeded(seed)
	g := &generator{pick: pick, now: func() time.Time { return clock }}
	b := &books{
		store: store, program: id, lots: map[string][]storage.Lot{}, entries: map[string][]storage.Entry{},
		operations: map[string][]storage.Operation{},
	}
	b.engine = newEngine(t, cafe(id, loyalty.AllowDebt, false), store, &loyalty.Options{Clock: g.now})
	singly(t.Context(), b.engine, repeat(len(members), func(i int) loyalty.Command { return loyalty.Enroll{Member: members[i], Key: "enroll"} }))
	for range 40 {
		singly(t.Context(), b.engine, repeat(5, func(int) loyalty.Command { return g.any() }))
		clock = clock.Add(time.Duration(pick("hours", 100)) * time.Hour)
	}
	for head, err := range b.engine.Heads(t.Context()) {
		if err != nil {
			return nil, err
		}
		b.heads = append(b.heads, head)
	}
	return b, b.read(t.Context())
}

const wholePage = 100_000

func (b *books) read(ctx context.Context) error {
	accounts, err := b.store.Accounts(ctx, storage.AccountQuery{Program: b.program, Limit: wholePage})
	if err != nil {
		return err
	}
	b.accounts = accounts.Items
	for _, id := range members {
		query := storage.MemberQuery{Program: b.program, Member: id, Limit: wholePage}
		lots, errLots := b.store.Lots(ctx, query)
		entries, errEntries := b.store.Entries(ctx, query)
		operations, errOperations := b.store.Operations(ctx, query)
		if err := errors.Join(errLots, errEntries, errOperations); err != nil {
			return err
		}
		b.lots[id], b.entries[id], b.operations[id] = lots.Items, entries.Items, operations.Items
	}
	return nil
}

// change is one act of tampering: what the store shows afterwards, and which rows
// an auditor may name.
type change struct {
	what   string
	member string
	shows  tampered
	names  func(row string) bool
	heads  bool
}

// tampered is a store that shows other rows of one member than it has.
type tampered struct {
	storage.Store
	member     string
	accounts   []storage.Account
	lots       []storage.Lot
	entries    []storage.Entry
	operations []storage.Operation
}

func (s *tampered) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	snaps, err := s.Store.Load(ctx, requests)
	for i := range snaps {
		if requests[i].Member != s.member || s.accounts == nil {
			continue
		}
		snaps[i].Account = nil
		for j := range s.accounts {
			if s.accounts[j].Member == s.member {
				snaps[i].Account = &s.accounts[j]
			}
		}
	}
	return snaps, err
}

func (s *tampered) Accounts(ctx context.Context, query storage.AccountQuery) (storage.Page[storage.Account], error) {
	page, err := s.Store.Accounts(ctx, query)
	if s.accounts != nil {
		page.Items = s.accounts
	}
	return page, err
}

func (s *tampered) Lots(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Lot], error) {
	query.AtVersion = 0
	page, err := s.Store.Lots(ctx, query)
	return shown(page, s.lots, query.Member == s.member), err
}

func (s *tampered) Entries(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Entry], error) {
	query.AtVersion = 0
	page, err := s.Store.Entries(ctx, query)
	return shown(page, s.entries, query.Member == s.member), err
}

func (s *tampered) Operations(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Operation], error) {
	query.AtVersion = 0
	page, err := s.Store.Operations(ctx, query)
	return shown(page, s.operations, query.Member == s.member), err
}

// shown puts tampered rows, if there are any, into the first page.
func shown[T any](page storage.Page[T], rows []T, here bool) storage.Page[T] {
	if rows != nil && here {
		page.Items, page.Next = rows, ""
	}
	return page
}

// finds reports, as an error, where Verify does not find a change or names
// another row.
func (b *books) finds(ctx context.Context, c change) error {
	c.shows.Store, c.shows.member = b.store, c.member
	options := &loyalty.VerifyOptions{Member: c.member}
	if c.heads {
		options = &loyalty.VerifyOptions{Heads: b.heads}
	}
	report, err := b.engine.WithStore(&c.shows).Verify(ctx, options)
	if err != nil {
		return err
	}
	if report.OK() {
		return errors.New("nothing was found")
	}
	problem := report.Problems[0]
	if problem.Member != c.member || !c.names(problem.Row) {
		return fmt.Errorf("another row is named: %w", problem)
	}
	return nil
}

// change picks what to tamper with.
func (b *books) change(pick pick) change {
	for {
		id := oneOf(pick, "member", members...)
		c := change{member: id}
		done := false
		switch pick("table", 8) {
		case 0:
			done = b.changeAccount(pick, &c)
		case 1, 2:
			c.shows.lots, done = tamper(pick, &c, b.lots[id], tampering[storage.Lot]{
				name: func(l storage.Lot) string { return fmt.Sprintf("lot %d", l.ID) },
				same: func(to *storage.Lot, from storage.Lot) { to.ID = from.ID },
				less: func(a, b storage.Lot) int { return int(a.ID - b.ID) },
			})
		case 3, 4, 5:
			c.shows.entries, done = tamper(pick, &c, b.entries[id], tampering[storage.Entry]{
				name: func(e storage.Entry) string { return fmt.Sprintf("entry %d.%d", e.Version, e.Ordinal) },
				same: func(to *storage.Entry, from storage.Entry) { to.Version, to.Ordinal = from.Version, from.Ordinal },
				less: func(a, b storage.Entry) int {
					return slices.Compare([]int64{a.Version, int64(a.Ordinal)}, []int64{b.Version, int64(b.Ordinal)})
				},
			})
		default:
			c.shows.operations, done = tamper(pick, &c, b.operations[id], tampering[storage.Operation]{
				name: func(o storage.Operation) string { return fmt.Sprintf("operation %d", o.Version) },
				same: func(to *storage.Operation, from storage.Operation) { to.Version = from.Version },
				less: func(a, b storage.Operation) int { return int(a.Version - b.Version) },
			})
		}
		if done {
			return c
		}
	}
}

// changeAccount changes a field of the account's row, or drops the row, which
// only heads that were kept outside can show.
func (b *books) changeAccount(pick pick, c *change) bool {
	c.names = func(row string) bool { return row == "account" }
	c.shows.accounts = slices.Clone(b.accounts)
	at := slices.IndexFunc(b.accounts, func(a storage.Account) bool { return a.Member == c.member })
	if pick("drop", 10) == 0 {
		c.what, c.heads = "account dropped", true
		c.shows.accounts = slices.Delete(c.shows.accounts, at, at+1)
		return true
	}
	field, changed := flip(pick, &c.shows.accounts[at])
	c.what = fmt.Sprintf("account of %s, field %s", c.member, field)
	return changed
}

// versionOf is the version that a named row belongs to, 0 for the account.
func versionOf(row string) int64 {
	_, number, _ := strings.Cut(row, " ")
	version, _, _ := strings.Cut(number, ".")
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return 0
	}
	if strings.HasPrefix(row, "lot") {
		n /= 10_000
	}
	return n
}
