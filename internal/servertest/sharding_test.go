package servertest

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// shards is how many partitions each table has.
const shards = 4

// spreadBy is the column by which each table is spread.
var spreadBy = map[string]string{
	"loyalty_accounts": "member", "loyalty_operations": "member", "loyalty_entries": "member",
	"loyalty_lots": "member", "loyalty_records": "member", "loyalty_events": "member",
	"loyalty_claims": "claim_key", "loyalty_counters": "counter_key",
}

var createTable = regexp.MustCompile(`CREATE TABLE IF NOT EXISTS (loyalty_[a-z]+) \(`)

// spread makes the tables of the migrations, each partitioned by its key: what a
// spread database refuses of them, a partitioned table refuses too.
func (p place) spread(t testing.TB) storage.Store {
	t.Helper()
	_, db := p.spreadTables(t)
	return p.storeOn(t, db)
}

// spreadTables makes a database with such tables.
func (p place) spreadTables(t testing.TB) (database string, db *sql.DB) {
	t.Helper()
	database = p.database(t)
	db = p.connect(t, database)
	exec := func(statement string) {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	spread := 0
	for _, statement := range upStatements(t, p) {
		found := createTable.FindStringSubmatch(statement)
		if found == nil || spreadBy[found[1]] == "" {
			exec(statement)
			continue
		}
		spread++
		table, column := found[1], spreadBy[found[1]]
		if p.dialect == sqlstore.MySQL {
			exec(statement + fmt.Sprintf(" PARTITION BY KEY (%s) PARTITIONS %d", column, shards))
			continue
		}
		exec(statement + " PARTITION BY HASH (" + column + ")")
		for i := range shards {
			exec(fmt.Sprintf("CREATE TABLE %[1]s_p%[2]d PARTITION OF %[1]s FOR VALUES WITH (MODULUS %[3]d, REMAINDER %[2]d)", table, i, shards))
		}
	}
	require.Equal(t, len(spreadBy), spread)
	return database, db
}

func TestThePartitionedSchemaKeepsTheContract(t *testing.T) {
	eachServer(t, func(t *testing.T, p place) {
		contract(t, p.spread(t))
	})
}

// contract runs the cases of one caller on a connection of its own.
func contract(t *testing.T, store storage.Store) {
	t.Helper()
	for i, c := range storagetest.Cases() {
		if c.Group != storagetest.Contract && c.Group != storagetest.Idempotency {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			env := &storagetest.Env{Store: store, Program: fmt.Sprintf("case-%d", i)}
			require.NoError(t, c.Run(t.Context(), env))
		})
	}
}

// recorder is a transaction that notes what is sent.
type recorder struct {
	*sql.Tx
	sent []sent
}

type sent struct {
	text string
	args []any
}

func (r *recorder) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	r.note(query, args)
	return r.Tx.ExecContext(ctx, query, args...)
}

func (r *recorder) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	r.note(query, args)
	return r.Tx.QueryContext(ctx, query, args...)
}

func (r *recorder) note(query string, args []any) {
	known := slices.ContainsFunc(r.sent, func(s sent) bool { return s.text == query })
	if strings.Contains(query, "loyalty_") && !known {
		r.sent = append(r.sent, sent{query, slices.Clone(args)})
	}
}

// hotStatements are what commands, reads and deliveries about one member send.
func hotStatements(t *testing.T, p place, tx *sql.Tx) []sent {
	t.Helper()
	r := &recorder{Tx: tx}
	store := sqlstore.Bind(r, p.dialect)
	counting := func(batch storage.Batch, delta int64) storage.Batch {
		batch.Counters = []storage.CounterChange{{CounterKey: storage.CounterKey{Key: "budget"}, Delta: delta, Bound: 500}}
		return batch
	}
	second := counting(earn("m-7301", 1, "order-1002"), -1)
	second.Claims = append(second.Claims, storage.ClaimChange{
		ClaimKey: storage.ClaimKey{Space: "order", Key: "m-7301order-1001"}, Holder: "m-7301", Release: true,
	})
	second.Legs[0].Scrub = storage.Scrub{
		Operations: []int64{1}, Records: []storage.RecordKey{{Kind: "order", ID: "order-1001"}},
		Events: []storage.EventID{{Member: "m-7301", Version: 1}},
	}
	for _, batch := range []storage.Batch{
		counting(earn("m-7301", 0, "order-1001"), 5), second, earn("m-7301", 0, "order-9"), earn("m-7301", 0, "order-1002"),
	} {
		_, err := store.Commit(t.Context(), []storage.Batch{batch})
		require.NoError(t, err)
	}
	plain := storage.LoadRequest{Program: "beans", Member: "m-7301", Key: "order-1003", Claims: []storage.ClaimKey{{Space: "order", Key: "order-1003"}}}
	ordered := plain
	ordered.Records = []storage.RecordKey{{Kind: "order", ID: "order-1003"}}
	whole := storage.LoadRequest{
		Program: "beans", Member: "m-7301", Key: "order-1002", Records: []storage.RecordKey{{Kind: "order", ID: "order-1002"}},
		Lots: []points.LotID{1}, Debits: []storage.Debit{{Unit: "bean", After: march, Amount: 200}, {}}, DueBy: march.AddDate(2, 0, 0),
		Counters: []storage.CounterKey{{Key: "budget"}},
	}
	for _, request := range []storage.LoadRequest{plain, ordered, whole} {
		_, err := store.Load(t.Context(), []storage.LoadRequest{request})
		require.NoError(t, err)
	}
	query := storage.MemberQuery{Program: "beans", Member: "m-7301"}
	open := query
	open.Open = true
	for _, list := range []func() error{
		func() error { _, err := store.Lots(t.Context(), query); return err },
		func() error { _, err := store.Lots(t.Context(), open); return err },
		func() error { _, err := store.Entries(t.Context(), query); return err },
		func() error { _, err := store.Operations(t.Context(), query); return err },
		func() error {
			_, err := store.Records(t.Context(), storage.RecordQuery{Program: "beans", Member: "m-7301"})
			return err
		},
		func() error {
			_, err := store.Records(t.Context(), storage.RecordQuery{Program: "beans", Member: "m-7301", Kind: "order"})
			return err
		},
		func() error {
			return store.Ack(t.Context(), "beans", []storage.EventID{{Member: "m-7301", Version: 2}})
		},
	} {
		require.NoError(t, list())
	}
	return r.sent
}

func TestHotStatementsTouchOnePartition(t *testing.T) {
	eachSpread(t, mariadb.with("one trip", "interpolateParams", "true"), func(t *testing.T, p place, tx *sql.Tx, touched touches) {
		statements := hotStatements(t, p, tx)
		assert.Greater(t, len(statements), 25)
		for _, s := range statements {
			for table, partitions := range touched(t, tx, s) {
				assert.Len(t, partitions, 1, "%s touches partitions %v of %s", s.text, partitions, table)
			}
		}
		// The gate can tell: a statement without the member touches all of them.
		all := touched(t, tx, sent{text: "SELECT version FROM loyalty_operations WHERE idem_key = 'order-1002'"})
		assert.Len(t, all["loyalty_operations"], shards)
	})
}

// touches returns the partitions of each table that a statement touches.
type touches func(t *testing.T, tx *sql.Tx, s sent) map[string][]string

// eachSpread runs a test in a transaction on tables that are partitioned, in PostgreSQL and
// in MariaDB.
func eachSpread(t *testing.T, mariadb place, run func(t *testing.T, p place, tx *sql.Tx, touched touches)) {
	t.Helper()
	for _, c := range []struct {
		place
		touched touches
	}{{postgres.with("custom plans", "plan_cache_mode", "force_custom_plan"), postgresPartitions}, {mariadb, mariadbPartitions}} {
		t.Run(c.name, func(t *testing.T) {
			tx, err := c.spread(t).(*store).db.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			defer func() { require.NoError(t, tx.Rollback()) }()
			run(t, c.place, tx, c.touched)
		})
	}
}

// A load of two members is one of unions, whose branches name them: it goes to their
// partitions and to no other.
func TestALoadOfTwoMembersTouchesTheirPartitions(t *testing.T) {
	eachSpread(t, mariadb, func(t *testing.T, p place, tx *sql.Tx, touches touches) {
		r := &recorder{Tx: tx}
		store := sqlstore.Bind(r, p.dialect)
		var requests []storage.LoadRequest
		for _, member := range []string{"m-7301", "m-7302"} {
			outcomes, err := store.Commit(t.Context(), []storage.Batch{earn(member, 0, "order-1001")})
			require.NoError(t, err)
			require.Equal(t, storage.OK, outcomes[0].Status)
			requests = append(requests, storage.LoadRequest{
				Program: "beans", Member: member, Key: "order-1002", Records: []storage.RecordKey{{Kind: "order", ID: "order-1001"}},
				Debits: []storage.Debit{{Unit: "bean", After: march, Amount: 100}},
			})
		}
		r.sent = nil
		snapshots, err := store.Load(t.Context(), requests)
		require.NoError(t, err)
		require.Len(t, snapshots[1].Lots, 1)
		require.NotEmpty(t, r.sent)
		for _, s := range r.sent {
			assert.Contains(t, s.text, "UNION ALL")
			touched := touches(t, tx, s)
			assert.NotEmpty(t, touched)
			for table, partitions := range touched {
				assert.LessOrEqual(t, len(partitions), 2, "%s touches partitions %v of %s", s.text, partitions, table)
			}
		}
	})
}

var partition = regexp.MustCompile(`(loyalty_[a-z]+)_(p\d+)\b`)

// postgresPartitions returns the partitions that the plan of a statement names, by
// table. Rows that are inserted are routed and named nowhere.
func postgresPartitions(t *testing.T, tx *sql.Tx, s sent) map[string][]string {
	t.Helper()
	rows, err := tx.QueryContext(t.Context(), "EXPLAIN "+s.text, s.args...)
	require.NoError(t, err, s.text)
	defer rows.Close()
	touched := map[string][]string{}
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		for _, found := range partition.FindAllStringSubmatch(line, -1) {
			if !slices.Contains(touched[found[1]], found[2]) {
				touched[found[1]] = append(touched[found[1]], found[2])
			}
		}
	}
	require.NoError(t, rows.Err())
	if !strings.HasPrefix(s.text, "INSERT") {
		assert.NotEmpty(t, touched, s.text)
	}
	return touched
}

// mariadbPartitions does the same. Only MariaDB's plans of inserts name all
// partitions, whatever the row.
func mariadbPartitions(t *testing.T, tx *sql.Tx, s sent) map[string][]string {
	t.Helper()
	if strings.HasPrefix(s.text, "INSERT") {
		return nil
	}
	rows, err := tx.QueryContext(t.Context(), "EXPLAIN PARTITIONS "+s.text, s.args...)
	require.NoError(t, err, s.text)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	table, at := slices.Index(columns, "table"), slices.Index(columns, "partitions")
	require.GreaterOrEqual(t, at, 0)
	touched := map[string][]string{}
	for rows.Next() {
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		require.NoError(t, rows.Scan(into...))
		if values[at].Valid && values[at].String != "" {
			touched[values[table].String] = strings.Split(values[at].String, ",")
		}
	}
	require.NoError(t, rows.Err())
	return touched
}

// What stands in a batch's way is found by its key, whatever the constraint is called.
func TestAConstraintOfAnotherNameIsADuplicateKey(t *testing.T) {
	eachServer(t, func(t *testing.T, p place) {
		s := p.openStore(t)
		works(t, s)
		rename := "ALTER TABLE loyalty_operations RENAME CONSTRAINT %s TO %s"
		if p.dialect == sqlstore.MySQL {
			rename = "ALTER TABLE loyalty_operations RENAME INDEX %s TO %s"
		}
		before := "loyalty_operations_key"
		for _, name := range []string{"loyalty_operations_key_102072", "lk_operations_p3_key_idx", "name1"} {
			_, err := s.db.ExecContext(t.Context(), fmt.Sprintf(rename, before, name))
			require.NoError(t, err)
			before = name
			tx, err := p.bind(t.Context(), s)
			require.NoError(t, err)
			for _, on := range []storage.Store{s, tx.Store} {
				outcomes, err := on.Commit(t.Context(), []storage.Batch{earn("m-7301", 1, "order-1001")})
				require.NoError(t, err, name)
				assert.Equal(t, storage.DuplicateKey, outcomes[0].Status, name)
			}
			require.NoError(t, tx.Rollback())
		}
	})
}
