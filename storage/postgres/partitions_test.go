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
			_, err := store.Load(t.Context(), []storage.LoadRequest{{
				Program: "cafe", Member: member, Key: "order-1", Debits: []storage.Debit{{Unit: "bean", Amount: 15}},
				Records: []storage.RecordKey{{Kind: "order", ID: "order-1"}}, Lots: []points.LotID{2},
				Claims: []storage.ClaimKey{{Space: "order", Key: "order-1"}},
			}})
			require.NoError(t, err)
			_, err = store.Load(t.Context(), []storage.LoadRequest{{Program: "cafe", Member: member, Debits: []storage.Debit{{Limit: 5}}}})
			require.NoError(t, err)
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
			assert.Greater(t, seen, 6)
			all := partitionsOf(t, custom, pgx.TraceBatchQueryData{SQL: "SELECT 1 FROM loyalty_lots WHERE lot = 1"})
			assert.Len(t, all["loyalty_lots"], 4, "the gate can tell")
		})
	}
}

func partitionsOf(t *testing.T, on *pgxpool.Pool, s pgx.TraceBatchQueryData) map[string][]string {
	t.Helper()
	rows, err := on.Query(t.Context(), "EXPLAIN "+s.SQL, s.Args...)
	require.NoError(t, err, s.SQL)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err, s.SQL)
	touched := map[string][]string{}
	for _, found := range named.FindAllStringSubmatch(strings.Join(lines, "\n"), -1) {
		if !slices.Contains(touched[found[1]], found[2]) {
			touched[found[1]] = append(touched[found[1]], found[2])
		}
	}
	return touched
}
