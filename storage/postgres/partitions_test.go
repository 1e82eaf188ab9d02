package postgres_test

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// spreadBy is the column by which each table is spread.
var spreadBy = map[string]string{
	"loyalty_accounts": "member", "loyalty_operations": "member", "loyalty_entries": "member",
	"loyalty_lots": "member", "loyalty_records": "member", "loyalty_events": "member",
	"loyalty_claims": "claim_key", "loyalty_counters": "counter_key",
}

var created = regexp.MustCompile(`CREATE TABLE IF NOT EXISTS (loyalty_[a-z]+) \(`)

// spread makes the tables of the migrations in four partitions each.
func spread(t *testing.T) string {
	t.Helper()
	url := servers.Postgres(t).NewDatabase(t)
	pool := connect(t, url, nil)
	text, err := fs.ReadFile(postgres.Migrations(), "00001_ledger.sql")
	require.NoError(t, err)
	up, _, _ := strings.Cut(string(text), "-- +goose Down")
	var all []string
	for statement := range strings.SplitSeq(up, ";") {
		found := created.FindStringSubmatch(statement)
		if found == nil || spreadBy[found[1]] == "" {
			all = append(all, statement)
			continue
		}
		all = append(all, statement+" PARTITION BY HASH ("+spreadBy[found[1]]+")")
		for i := range 4 {
			all = append(all, fmt.Sprintf("CREATE TABLE %[1]s_p%[2]d PARTITION OF %[1]s FOR VALUES WITH (MODULUS 4, REMAINDER %[2]d)", found[1], i))
		}
	}
	for _, statement := range all {
		if strings.TrimSpace(statement) != "" {
			_, err := pool.Exec(t.Context(), statement)
			require.NoError(t, err, statement)
		}
	}
	return url
}

// noted is what connections send, and the texts of it.
type noted struct {
	mu    sync.Mutex
	sent  []pgx.TraceBatchQueryData
	texts map[string]bool
}

func (n *noted) text(sql string) {
	if n.texts == nil {
		n.texts = map[string]bool{}
	}
	n.texts[sql] = true
}

func (n *noted) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (n *noted) TraceBatchQuery(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sent = append(n.sent, data)
	n.text(data.SQL)
}
func (n *noted) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (n *noted) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sent = append(n.sent, pgx.TraceBatchQueryData{SQL: data.SQL, Args: data.Args})
	n.text(data.SQL)
	return ctx
}
func (n *noted) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// forbidden words are those that some database of PostgreSQL's family lacks, or means
// something else by. Savepoints are for Bind alone.
var forbidden = regexp.MustCompile(`\b(SAVEPOINT|LISTEN|NOTIFY|SERIAL|BIGSERIAL|IDENTITY|NEXTVAL|SEQUENCE|DEFERRABLE|TRUNCATE|LOCK TABLES?|TRIGGER|COPY|` +
	`MERGE INTO|PG_ADVISORY\w*|FOREIGN KEY|REFERENCES|SKIP LOCKED|PROCEDURE|FUNCTION|TEMPORARY|NOW|CURRENT_TIMESTAMP|EXCLUDE|` +
	`SET SESSION|SET GLOBAL|SET LOCAL|PREPARE|CREATE INDEX [^;]* WHERE)\b| / `)

// Whatever the suite has the store do outside of transactions of the host, it sends no
// forbidden word, and its tables need none.
func TestNoStatementHasAForbiddenWord(t *testing.T) {
	n := &noted{}
	store := postgres.New(connect(t, database(t), func(c *pgxpool.Config) { c.ConnConfig.Tracer = n }), nil)
	run(t, store, storagetest.Contract, storagetest.Idempotency, storagetest.Pages, storagetest.Abilities)
	spread := postgres.New(connect(t, database(t), func(c *pgxpool.Config) { c.ConnConfig.Tracer = n }), &postgres.Options{Spread: true})
	run(t, spread, storagetest.Contract)
	schema, err := fs.ReadFile(postgres.Migrations(), "00001_ledger.sql")
	require.NoError(t, err)
	for statement := range strings.SplitSeq(string(schema), ";") {
		n.text(statement)
	}
	assert.Greater(t, len(n.texts), 60)
	for text := range n.texts {
		assert.NotRegexp(t, forbidden, strings.ToUpper(text))
	}
	assert.Regexp(t, forbidden, "CREATE INDEX LOYALTY_OPEN ON LOYALTY_LOTS (LOT) WHERE OPEN = 1", "the gate can tell")
}

var named = regexp.MustCompile(`(loyalty_[a-z]+)_(p\d+)\b`)

// What a member's command sends touches one partition of each table, in both ways to
// write a batch. Rows that are inserted are routed and named nowhere.
func TestACommandTouchesOnePartition(t *testing.T) {
	url := spread(t)
	for name, options := range map[string]*postgres.Options{"one statement": nil, "a statement for each table": {Spread: true}} {
		t.Run(name, func(t *testing.T) {
			n := &noted{}
			store := postgres.New(connect(t, url, func(c *pgxpool.Config) { c.ConnConfig.Tracer = n }), options)
			member := strings.ReplaceAll(name, " ", "-")
			for version := range int64(3) {
				stored(t, store, latteFor(member, version))
			}
			asMemberDoes(t, store, member)
			custom := connect(t, url, func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_custom_plan" })
			seen := 0
			for _, s := range n.sent {
				assert.NotRegexp(t, forbidden, strings.ToUpper(s.SQL))
				if strings.Contains(s.SQL, "loyalty_") {
					touched := partitionsOf(t, custom, s)
					seen += len(touched)
					for table, partitions := range touched {
						assert.Len(t, partitions, 1, "%s touches partitions %v of %s", s.SQL, partitions, table)
					}
				}
			}
			assert.Greater(t, seen, 25)
			all := partitionsOf(t, custom, pgx.TraceBatchQueryData{SQL: "SELECT 1 FROM loyalty_lots WHERE lot = 1"})
			assert.Len(t, all["loyalty_lots"], 4, "the gate can tell")
		})
	}
}

// A load of several members, and the look at batches of which one was refused, names one
// member in each statement where the database is spread. Otherwise one statement joins a
// list of them, whose plan names all partitions and which goes to those of the members.
func TestALoadOfSeveralMembersTouchesTheirPartitions(t *testing.T) {
	url := spread(t)
	custom := connect(t, url, func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_custom_plan" })
	members := []string{"anna", "ben", "carla"}
	for name, options := range map[string]*postgres.Options{"joined": nil, "spread": {Spread: true}} {
		t.Run(name, func(t *testing.T) {
			n := &noted{}
			store := postgres.New(connect(t, url, func(c *pgxpool.Config) { c.ConnConfig.Tracer = n }), options)
			var requests []storage.LoadRequest
			var again []storage.Batch
			for _, member := range members {
				member = name + "-" + member
				stored(t, store, latteFor(member, 0))
				requests = append(requests, storage.LoadRequest{
					Program: "cafe", Member: member, Key: latteFor(member, 0).Legs[0].Operation.Key, DueBy: points.Never.AddDate(-1, 0, 0),
					Records: []storage.RecordKey{{Kind: "order", ID: "order-" + member + "-0"}}, Lots: []points.LotID{1},
					Debits: []storage.Debit{{Unit: "bean", Amount: 5}, {Limit: 3}}, Claims: []storage.ClaimKey{latteFor(member, 0).Claims[0].ClaimKey},
					Counters: []storage.CounterKey{{Key: "budget-" + member}},
				})
				again = append(again, latteFor(member, 1))
			}
			again[0].Legs[0].Operation.Key = requests[0].Key
			n.sent = nil
			snapshots, err := store.Load(t.Context(), requests)
			require.NoError(t, err)
			for i, s := range snapshots {
				require.NotNil(t, s.Account)
				require.NotNil(t, s.Operation)
				require.Len(t, s.Claims, 1)
				require.Len(t, s.Lots, 1)
				require.Equal(t, requests[i].Member, s.Lots[0].Member)
			}
			for i, outcome := range commit(t, store, again...) {
				require.Equal(t, []storage.Status{storage.DuplicateKey, storage.OK, storage.OK}[i], outcome.Status)
			}
			looked := 0
			for _, s := range n.sent {
				if !strings.HasPrefix(s.SQL, "SELECT") {
					continue
				}
				named, most := partitionsOf(t, custom, s), 1
				if options == nil {
					named, most = partitionsOf(t, custom, pgx.TraceBatchQueryData{SQL: "(ANALYZE) " + s.SQL, Args: s.Args}), len(members)
				}
				for table, partitions := range named {
					looked++
					assert.LessOrEqual(t, len(partitions), most, "%s touches partitions %v of %s", s.SQL, partitions, table)
				}
			}
			assert.Greater(t, looked, 10)
		})
	}
}

// asMemberDoes sends what else concerns one member: a batch with counters, a claim that is
// released and rows that are scrubbed, those that end otherwise than well, loads, listings
// and deliveries.
func asMemberDoes(t *testing.T, store *postgres.Store, member string) {
	t.Helper()
	next := latteFor(member, 3)
	released := latteFor(member, 0).Claims[0]
	released.Release = true
	next.Claims = append(next.Claims, released)
	budget := storage.CounterKey{Key: "budget-" + member}
	next.Counters = []storage.CounterChange{{CounterKey: budget, Delta: 2, Bound: 9}}
	next.Legs[0].Scrub = storage.Scrub{
		Operations: []int64{1}, Records: []storage.RecordKey{{Kind: "order", ID: "order-" + member + "-1"}},
		Events: []storage.EventID{{Member: member, Version: 1}},
	}
	stored(t, store, next)
	lower := latteFor(member, 4)
	lower.Counters = []storage.CounterChange{{CounterKey: budget, Delta: -1}}
	stored(t, store, lower)
	assert.Equal(t, storage.DuplicateKey, commit(t, store, latteFor(member, 2))[0].Status)
	late := latteFor(member, 2)
	late.Legs[0].Operation.Key = "another"
	assert.Equal(t, storage.Conflict, commit(t, store, late)[0].Status)
	for _, request := range []storage.LoadRequest{
		{
			Key: "order-1", Debits: []storage.Debit{{Unit: "bean", Amount: 15}}, Records: []storage.RecordKey{{Kind: "order", ID: "order-1"}},
			Lots: []points.LotID{2}, Claims: []storage.ClaimKey{{Space: "order", Key: "order-1"}}, Counters: []storage.CounterKey{budget},
		},
		{Debits: []storage.Debit{{Limit: 5}}},
		{DueBy: points.Never.AddDate(-1, 0, 0)},
	} {
		request.Program, request.Member = "cafe", member
		_, err := store.Load(t.Context(), []storage.LoadRequest{request})
		require.NoError(t, err)
	}
	query := storage.MemberQuery{Program: "cafe", Member: member}
	open := query
	open.Open = true
	for _, list := range []func() error{
		func() error { _, err := store.Lots(t.Context(), query); return err },
		func() error { _, err := store.Lots(t.Context(), open); return err },
		func() error { _, err := store.Entries(t.Context(), query); return err },
		func() error { _, err := store.Operations(t.Context(), query); return err },
		func() error {
			_, err := store.Records(t.Context(), storage.RecordQuery{Program: "cafe", Member: member})
			return err
		},
		func() error {
			_, err := store.Records(t.Context(), storage.RecordQuery{Program: "cafe", Member: member, Kind: "order"})
			return err
		},
		func() error { return store.Ack(t.Context(), "cafe", []storage.EventID{{Member: member, Version: 2}}) },
	} {
		require.NoError(t, list())
	}
}

// What stands in a batch's way is found by its key, whatever the constraint is called.
func TestAConstraintOfAnotherNameIsADuplicateKey(t *testing.T) {
	pool := connect(t, database(t), nil)
	store := postgres.New(pool, nil)
	stored(t, store, latteFor("anna", 0))
	again := latteFor("anna", 1)
	again.Legs[0].Operation.Key = latteFor("anna", 0).Legs[0].Operation.Key
	before := "loyalty_operations_key"
	for _, name := range []string{"loyalty_operations_key_102072", "lk_operations_p3_key_idx", "name1"} {
		_, err := pool.Exec(t.Context(), "ALTER TABLE loyalty_operations RENAME CONSTRAINT "+before+" TO "+name)
		require.NoError(t, err)
		before = name
		assert.Equal(t, storage.DuplicateKey, commit(t, store, again)[0].Status, name)
		tx := begin(t, pool, pgx.TxOptions{})
		assert.Equal(t, storage.DuplicateKey, commit(t, postgres.Bind(tx), again)[0].Status, name)
		require.NoError(t, tx.Rollback(t.Context()))
	}
}

func partitionsOf(t *testing.T, on *pgxpool.Pool, s pgx.TraceBatchQueryData) map[string][]string {
	t.Helper()
	rows, err := on.Query(t.Context(), "EXPLAIN "+s.SQL, s.Args...)
	require.NoError(t, err, s.SQL)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err, s.SQL)
	touched := map[string][]string{}
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, "never executed") })
	for _, found := range named.FindAllStringSubmatch(strings.Join(lines, "\n"), -1) {
		if !slices.Contains(touched[found[1]], found[2]) {
			touched[found[1]] = append(touched[found[1]], found[2])
		}
	}
	return touched
}
