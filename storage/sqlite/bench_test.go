package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// call is what the engine asked of its store for one command.
type call struct {
	load   []storage.LoadRequest
	commit []storage.Batch
}

// recorder notes what an engine asks of the store inside.
type recorder struct {
	storage.Store
	calls []call
}

func (r *recorder) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	r.calls = append(r.calls, call{load: requests})
	return r.Store.Load(ctx, requests)
}

func (r *recorder) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	r.calls[len(r.calls)-1].commit = batches
	return r.Store.Commit(ctx, batches)
}

// shop is a program that gives a bean a euro, for 12 months.
var shop = loyalty.Program{
	ID: "coffee", Zone: "Europe/Vienna",
	Units:   []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(12, points.Months)}},
	Earning: []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}},
}

// members is how many members the shop of the benchmarks has.
const members = 10_000

func member(i int) string { return fmt.Sprintf("m-%06d", i*7919%members) }

// earns records what the engine does for the first members enrolling, and then
// for n orders of one line by them in turn.
func earns(tb testing.TB, members, n int) (enrolled, earned []call) {
	tb.Helper()
	now := time.Date(2027, time.March, 8, 9, 0, 0, 0, time.UTC)
	record := &recorder{Store: memory.New()}
	engine, err := loyalty.New(loyalty.Revisions{shop}, record, &loyalty.Options{Clock: func() time.Time { return now }})
	require.NoError(tb, err)
	record.calls = nil
	for i := range members {
		_, err := engine.Do(tb.Context(), loyalty.Enroll{Member: member(i), Key: "signup"})
		require.NoError(tb, err)
	}
	enrolled, record.calls = record.calls, nil
	for i := range n {
		now = now.Add(7 * time.Second)
		earn := order(i)
		earn.Member = member(i % members)
		_, err := engine.Do(tb.Context(), earn)
		require.NoError(tb, err)
	}
	require.Len(tb, record.calls, n)
	return enrolled, record.calls
}

func order(i int) loyalty.Earn {
	id := fmt.Sprintf("order-%07d", i)
	return loyalty.Earn{Member: member(i), Key: id, Order: points.Order{
		ID: id, Currency: "EUR", Lines: []points.Line{{Item: "latte", Amount: decimal.RequireFromString("12.40")}},
	}}
}

// commitAll stores what was recorded, many batches at once.
func commitAll(tb testing.TB, store storage.Store, calls []call) {
	tb.Helper()
	var batches []storage.Batch
	flush := func() {
		outcomes, err := store.Commit(context.Background(), batches)
		require.NoError(tb, err)
		for _, outcome := range outcomes {
			require.Equal(tb, storage.OK, outcome.Status)
		}
		batches = batches[:0]
	}
	for _, c := range calls {
		if batches = append(batches, c.commit...); len(batches) >= 500 {
			flush()
		}
	}
	flush()
}

func durable(tb testing.TB) *sqlite.Store {
	tb.Helper()
	store, err := sqlite.Open(filepath.Join(tb.TempDir(), "shop.db"), nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, store.Close()) })
	return store
}

// byHand is a loop written by hand, on a connection set up like the store's.
type byHand struct {
	conn *sql.Conn
	tb   testing.TB
}

func newByHand(tb testing.TB) *byHand {
	tb.Helper()
	conn, err := durable(tb).DB().Conn(context.Background())
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, conn.Close()) })
	return &byHand{conn, tb}
}

func (h *byHand) prepare(query string) func(args ...any) {
	stmt, err := h.conn.PrepareContext(context.Background(), query)
	require.NoError(h.tb, err)
	h.tb.Cleanup(func() { require.NoError(h.tb, stmt.Close()) })
	return func(args ...any) {
		if _, err := stmt.ExecContext(context.Background(), args...); err != nil {
			h.tb.Fatal(err)
		}
	}
}

func (h *byHand) insert(table string, columns int) func(args ...any) {
	return h.prepare("INSERT INTO " + table + " VALUES (" + strings.Repeat("?,", columns-1) + "?)")
}

// threeStatements is the least that an earn can be: its key, a ledger row and a
// balance.
func threeStatements(tb testing.TB) func(i int) {
	h := newByHand(tb)
	for _, table := range []string{
		"CREATE TABLE keys (member TEXT, key TEXT, PRIMARY KEY (member, key)) WITHOUT ROWID",
		"CREATE TABLE ledger (member TEXT, at INTEGER, amount INTEGER, PRIMARY KEY (member, at)) WITHOUT ROWID",
		"CREATE TABLE balances (member TEXT PRIMARY KEY, beans INTEGER) WITHOUT ROWID",
	} {
		h.prepare(table)()
	}
	begin, commit := h.prepare("BEGIN IMMEDIATE"), h.prepare("COMMIT")
	key, ledger := h.insert("keys", 2), h.insert("ledger", 3)
	balance := h.prepare("INSERT INTO balances VALUES (?, ?) ON CONFLICT DO UPDATE SET beans = beans + excluded.beans")
	begin()
	for i := range members {
		balance(member(i), 0)
	}
	commit()
	return func(i int) {
		m := member(i)
		begin()
		key(m, fmt.Sprintf("order-%07d", i))
		ledger(m, 1_800_000_000_000_000+int64(i), 12)
		balance(m, 12)
		commit()
	}
}

// sameRows writes the rows that the engine writes, without asking anything.
func sameRows(tb testing.TB, enrolled []call) func(c *call) {
	h := newByHand(tb)
	begin, commit := h.prepare("BEGIN IMMEDIATE"), h.prepare("COMMIT")
	account := h.prepare("UPDATE loyalty_accounts SET version = ?, balances = ?, recorded_at = ?, hash = ?, data = ?" +
		" WHERE program = ? AND member = ?")
	due := h.prepare("UPDATE loyalty_accounts SET due_at = ? WHERE program = ? AND member = ?")
	enroll, operation := h.insert("loyalty_accounts", 14), h.insert("loyalty_operations", 18)
	entry, lot, record := h.insert("loyalty_entries", 18), h.insert("loyalty_lots", 17), h.insert("loyalty_records", 11)
	event, claim := h.insert("loyalty_events", 9), h.insert("loyalty_claims", 4)
	rows := func(c *call, first bool) {
		leg := &c.commit[0].Legs[0]
		a, op := &leg.Account, &leg.Operation
		balances := `[{"unit":"bean","available":12345}]`
		if first {
			enroll(a.Program, a.Member, int64(a.Kind), a.Version, int64(a.Status), a.DueAt.UnixMicro(), nil,
				a.EnrolledAt.UnixMicro(), a.RecordedAt.UnixMicro(), "", "", "", a.Hash, a.Data)
		} else {
			account(a.Version, balances, a.RecordedAt.UnixMicro(), a.Hash, a.Data, a.Program, a.Member)
			if a.Version == 2 {
				due(a.DueAt.UnixMicro(), a.Program, a.Member)
			}
		}
		operation(op.Program, op.Member, op.Version, op.Key, op.Type, op.Reason, op.Actor, op.Reference, op.Library,
			op.Format, op.OccurredAt.UnixMicro(), op.RecordedAt.UnixMicro(), op.Fingerprint, op.Salt, op.Digests,
			op.Hash, op.Command, op.Receipt)
		for _, e := range leg.Entries {
			entry(e.Program, e.Member, e.Version, e.Ordinal, e.Unit, string(e.Kind), int64(e.From), int64(e.To),
				int64(e.Amount), int64(e.Lot), int64(e.Into), e.Rule, e.Revision, e.Reference, e.Corrects.Version,
				e.Corrects.Ordinal, e.OccurredAt.UnixMicro(), e.RecordedAt.UnixMicro())
		}
		for _, l := range leg.Lots {
			lot(l.Program, l.Member, int64(l.ID), 1, l.Unit, int64(l.State), int64(l.Original), int64(l.Remaining),
				int64(l.Held), l.EarnedAt.UnixMicro(), l.AvailableFrom.UnixMicro(), l.ExpiresAt.UnixMicro(), l.Source,
				l.Origin, l.Qualifies, int64(l.MergedInto), int64(l.Merged))
		}
		for _, r := range leg.Records {
			record(r.Program, r.Member, r.Kind, r.ID, 0, r.Status, r.Reference, r.Sort, r.DueAt.UnixMicro(),
				fmt.Sprint(r.Lots[0]), r.Data)
		}
		for _, e := range leg.Events {
			event(e.Program, 0, storage.Bucket(e.Member), e.Member, e.Version, e.Ordinal, e.Type,
				e.RecordedAt.UnixMicro(), e.Data)
		}
		for _, cl := range c.commit[0].Claims {
			claim(a.Program, cl.Space, cl.Key, cl.Holder)
		}
	}
	begin()
	for i := range enrolled {
		rows(&enrolled[i], true)
	}
	commit()
	return func(c *call) {
		begin()
		rows(c, false)
		commit()
	}
}

// commits loads and commits as the engine would.
func commits(tb testing.TB, store storage.Store, enrolled []call) func(c *call) {
	commitAll(tb, store, enrolled)
	return func(c *call) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := store.Load(ctx, c.load); err != nil {
			tb.Fatal(err)
		}
		if outcomes, err := store.Commit(ctx, c.commit); err != nil || outcomes[0].Status != storage.OK {
			tb.Fatal(outcomes, err)
		}
	}
}

func BenchmarkBareThreeStatements(b *testing.B) {
	earn := threeStatements(b)
	i := 0
	for b.Loop() {
		earn(i)
		i++
	}
}

func BenchmarkSameRows(b *testing.B) {
	enrolled, earned := earns(b, members, 40_000)
	earn := sameRows(b, enrolled)
	i := 0
	for b.Loop() {
		earn(&earned[i%len(earned)])
		i++
	}
}

func BenchmarkCommitEarn(b *testing.B) {
	enrolled, earned := earns(b, members, 40_000)
	earn := commits(b, durable(b), enrolled)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		earn(&earned[i])
		i++
	}
}

// BenchmarkImport commits many batches at once.
func BenchmarkImport(b *testing.B) {
	enrolled, earned := earns(b, members, 60_000)
	store := durable(b)
	commitAll(b, store, enrolled)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		commitAll(b, store, earned[i:i+500])
		i += 500
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(i), "ns/earn")
}

// BenchmarkRatios runs the others in turns, so that what else the machine does
// falls on all of them.
func BenchmarkRatios(b *testing.B) {
	const round = 100
	enrolled, earned := earns(b, members, 40_000)
	bare, same := threeStatements(b), sameRows(b, enrolled)
	store := durable(b)
	engineStore := durable(b)
	commit := commits(b, store, enrolled)
	commitAll(b, engineStore, enrolled)
	now := time.Date(2027, time.March, 10, 9, 0, 0, 0, time.UTC)
	engine, err := loyalty.New(loyalty.Revisions{shop}, engineStore, &loyalty.Options{Clock: func() time.Time { return now }})
	require.NoError(b, err)
	runs := []func(i int){
		bare,
		func(i int) { same(&earned[i]) },
		func(i int) { commit(&earned[i]) },
		func(i int) {
			if _, err := engine.Do(context.Background(), order(i)); err != nil {
				b.Fatal(err)
			}
		},
	}
	spent := make([]time.Duration, len(runs))
	from := 0
	for b.Loop() {
		for r, run := range runs {
			start := time.Now()
			for i := from; i < from+round; i++ {
				run(i)
			}
			spent[r] += time.Since(start)
		}
		from += round
	}
	for i, name := range []string{"bare", "same-rows", "commit", "engine"} {
		b.ReportMetric(float64(spent[i].Microseconds())/float64(from), name+"-µs")
	}
	b.ReportMetric(float64(spent[0])/float64(spent[3]), "engine/bare")
	b.ReportMetric(float64(spent[1])/float64(spent[3]), "engine/same-rows")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkLoad loads what 64 earns need, in one call.
func BenchmarkLoad(b *testing.B) {
	enrolled, earned := earns(b, members, 20_000)
	store := durable(b)
	commitAll(b, store, enrolled)
	commitAll(b, store, earned)
	for _, n := range []int{1, 64} {
		b.Run(fmt.Sprintf("%d-requests", n), func(b *testing.B) {
			b.ReportAllocs()
			var requests []storage.LoadRequest
			i := 0
			for b.Loop() {
				requests = requests[:0]
				for range n {
					requests = append(requests, earned[i%len(earned)].load...)
					i++
				}
				if _, err := store.Load(b.Context(), requests); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(i), "ns/request")
		})
	}
}

// BenchmarkDoAll streams earns through the engine.
func BenchmarkDoAll(b *testing.B) {
	store := durable(b)
	now := time.Date(2027, time.March, 10, 9, 0, 0, 0, time.UTC)
	engine, err := loyalty.New(loyalty.Revisions{shop}, store, &loyalty.Options{Clock: func() time.Time { return now }})
	require.NoError(b, err)
	run := func(n int, command func(i int) loyalty.Command) {
		for _, err := range engine.DoAll(b.Context(), func(yield func(loyalty.Command) bool) {
			for i := range n {
				if !yield(command(i)) {
					return
				}
			}
		}, nil) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	run(members, func(i int) loyalty.Command { return loyalty.Enroll{Member: member(i), Key: "signup"} })
	b.ReportAllocs()
	from := 0
	for b.Loop() {
		run(5000, func(i int) loyalty.Command { return order(from + i) })
		from += 5000
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(from), "ns/earn")
}
