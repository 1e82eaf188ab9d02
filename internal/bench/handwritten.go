package main

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// The minimal limit.
const (
	bareSchema = `  CREATE TABLE bare_keys (member TEXT, key TEXT, PRIMARY KEY (member, key)) WITHOUT ROWID;
  CREATE TABLE bare_ledger (member TEXT, key TEXT, points INTEGER, recorded_at INTEGER);
  CREATE TABLE bare_balances (member TEXT PRIMARY KEY, points INTEGER) WITHOUT ROWID;`

	beginSQL    = "BEGIN IMMEDIATE"
	commitSQL   = "COMMIT"
	rollbackSQL = "ROLLBACK"
	bareKey     = "INSERT INTO bare_keys VALUES (?, ?)"
	bareEntry   = "INSERT INTO bare_ledger VALUES (?, ?, ?, ?)"
	bareBalance = "UPDATE bare_balances SET points = points + ? WHERE member = ?"
)

// write is a statement of a transaction, ready to be executed. It must change one
// row.
type write struct {
	sql  string
	args []any
}

// transact commits the writes of a transaction. Which these are is asked when it
// has begun, so that those of several callers come in order.
func (c *connection) transact(ctx context.Context, writes func() []write) (err error) {
	if err := c.control(ctx, cmp.Or(c.pool.begin, beginSQL)); err != nil {
		return err
	}
	for _, w := range writes() {
		if err = c.execute(ctx, w); err != nil {
			break
		}
	}
	if err != nil {
		return errors.Join(err, c.control(ctx, rollbackSQL))
	}
	return c.control(ctx, commitSQL)
}

func (c *connection) control(ctx context.Context, text string) error {
	if c.pool.begin != "" {
		_, err := c.ExecContext(ctx, text)
		return err
	}
	stmt, err := c.statement(ctx, text)
	if err != nil {
		return err
	}
	_, err = stmt.ExecContext(ctx)
	return err
}

func (c *connection) execute(ctx context.Context, w write) error {
	stmt, err := c.statement(ctx, w.sql)
	if err != nil {
		return err
	}
	done, err := stmt.ExecContext(ctx, w.args...)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, fmt.Errorf("%d rows changed by %s", n, w.sql))
	}
	return nil
}

// bare makes the tables of the minimal limit, and returns its work.
func (p *pool) bare(ctx context.Context, s *scenario) (func(*connection, int) error, error) {
	if err := p.on(ctx, bareSchema); err != nil {
		return nil, err
	}
	err := p.use(func(c *connection) error {
		return c.transact(ctx, func() []write {
			var writes []write
			known := map[string]bool{}
			for _, cmd := range s.commands {
				if id := cmd.Plan().Member; !known[id] {
					known[id] = true
					writes = append(writes, write{"INSERT INTO bare_balances VALUES (?, 0)", []any{id}})
				}
			}
			return writes
		})
	})
	return func(c *connection, i int) error {
		plan := s.commands[i].Plan()
		key := plan.Key
		if s.page > 0 {
			key = orderID(i)
		}
		return c.transact(ctx, func() []write {
			return []write{
				{bareKey, []any{plan.Member, key}},
				{bareEntry, []any{plan.Member, key, int64(lotSize), time.Now().UnixMicro()}},
				{bareBalance, []any{int64(lotSize), plan.Member}},
			}
		})
	}, err
}

// The same-rows limit: the statements that its transactions are made of. Which
// rows are new and which are there, it knows.
const (
	accountAt = iota
	accountDueAt
	operationIn
	entryIn
	lotIn
	lotAt
	recordIn
	recordAt
	eventIn
	claimIn
	writerCount
)

var writerSQL = [writerCount]string{
	accountAt: "UPDATE loyalty_accounts SET version = ?, recorded_at = ?, balances = ?, hash = ?" +
		" WHERE program = ? AND member = ? AND version = ?",
	accountDueAt: "UPDATE loyalty_accounts SET version = ?, recorded_at = ?, balances = ?, hash = ?, due_at = ?" +
		" WHERE program = ? AND member = ? AND version = ?",
	operationIn: insertSQL("loyalty_operations", "program, member, version, idem_key, type, reason, actor, reference, library,"+
		" format, occurred_at, recorded_at, fingerprint, salt, digests, hash, command, receipt"),
	entryIn: insertSQL("loyalty_entries", "program, member, version, ordinal, unit, kind, from_bucket, to_bucket, amount, lot,"+
		" into_lot, rule, revision, reference, corrects_version, corrects_ordinal, occurred_at, recorded_at"),
	lotIn: insertSQL("loyalty_lots", "program, member, lot, unit, state, original, remaining, held, earned_at, available_from,"+
		" expires_at, source, origin, qualifies, merged_into, merged, open"),
	lotAt:    "UPDATE loyalty_lots SET state = ?, remaining = ?, held = ?, open = ? WHERE program = ? AND member = ? AND lot = ?",
	recordIn: insertSQL("loyalty_records", "program, member, kind, id, status, reference, sort, due_at, lots, data, listed"),
	recordAt: "UPDATE loyalty_records SET status = ?, due_at = ?, lots = ?, data = ?" +
		" WHERE program = ? AND member = ? AND kind = ? AND id = ?",
	eventIn: insertSQL("loyalty_events", "program, member, version, ordinal, bucket, acked, type, recorded_at, data"),
	claimIn: insertSQL("loyalty_claims", "program, space, claim_key, holder"),
}

func insertSQL(table, columns string) string {
	marks := strings.Repeat("?, ", strings.Count(columns, ",")) + "?"
	return "INSERT INTO " + table + " (" + columns + ") VALUES (" + marks + ")"
}

// writeRows returns the work of writing the engine's rows, made ready before.
func (p *pool) writeRows(ctx context.Context, s *scenario) (func(*connection, int) error, error) {
	known := newInventory(s.seed.batches)
	ready := make([][]write, len(s.batches))
	for i := range s.batches {
		var err error
		if ready[i], err = known.writes(&s.batches[i]); err != nil {
			return nil, err
		}
	}
	next := 0
	return func(c *connection, _ int) error {
		return c.transact(ctx, func() []write {
			next++
			return ready[next-1]
		})
	}, nil
}

// inventory knows the rows that are there, and when accounts are due.
type inventory struct {
	rows map[any]bool
	due  map[string]time.Time
	// listed is set where the table of records says which are listed.
	listed bool
}

type lotKey struct {
	member string
	lot    points.LotID
}

type recordKey struct {
	member string
	storage.RecordKey
}

func newInventory(batches []storage.Batch) *inventory {
	v := &inventory{rows: map[any]bool{}, due: map[string]time.Time{}, listed: true}
	for i := range batches {
		for j := range batches[i].Legs {
			v.note(&batches[i].Legs[j])
		}
	}
	return v
}

func (v *inventory) note(leg *storage.Leg) {
	v.due[leg.Account.Member] = leg.Account.DueAt
	for i := range leg.Lots {
		v.rows[lotKey{leg.Account.Member, leg.Lots[i].ID}] = true
	}
	for i := range leg.Records {
		r := &leg.Records[i]
		v.rows[recordKey{r.Member, storage.RecordKey{Kind: r.Kind, ID: r.ID}}] = true
	}
}

// writes turns a batch into statements.
func (v *inventory) writes(batch *storage.Batch) ([]write, error) {
	var writes []write
	add := func(id int, args ...any) { writes = append(writes, write{writerSQL[id], args}) }
	for i := range batch.Legs {
		leg := &batch.Legs[i]
		if err := v.head(leg, add); err != nil {
			return nil, err
		}
		v.body(leg, add)
		v.note(leg)
	}
	for _, c := range batch.Claims {
		add(claimIn, batch.Program, c.Space, c.Key, c.Holder)
	}
	return writes, nil
}

// head adds the account and the operation.
func (v *inventory) head(leg *storage.Leg, add func(int, ...any)) error {
	a, op := &leg.Account, &leg.Operation
	if leg.Expect == 0 || len(a.Standing)+len(a.Days)+len(a.Data) > 0 || !a.RetryAt.IsZero() {
		return fmt.Errorf("the hand-written code does not know such an account: %+v", a)
	}
	balances, err := json.Marshal(a.Balances)
	if err != nil {
		return err
	}
	if v.due[a.Member].Equal(a.DueAt) {
		add(accountAt, a.Version, a.RecordedAt.UnixMicro(), string(balances), a.Hash, a.Program, a.Member, leg.Expect)
	} else {
		add(accountDueAt, a.Version, a.RecordedAt.UnixMicro(), string(balances), a.Hash, a.DueAt.UnixMicro(), a.Program, a.Member, leg.Expect)
	}
	add(operationIn, op.Program, op.Member, op.Version, op.Key, op.Type, op.Reason, op.Actor, op.Reference, op.Library,
		op.Format, op.OccurredAt.UnixMicro(), op.RecordedAt.UnixMicro(), op.Fingerprint, op.Salt, op.Digests, op.Hash, op.Command, op.Receipt)
	return nil
}

// body adds what is under the account.
func (v *inventory) body(leg *storage.Leg, add func(int, ...any)) {
	for i := range leg.Entries {
		e := &leg.Entries[i]
		add(entryIn, e.Program, e.Member, e.Version, e.Ordinal, e.Unit, string(e.Kind), int64(e.From), int64(e.To), int64(e.Amount),
			int64(e.Lot), int64(e.Into), e.Rule, e.Revision, e.Reference, e.Corrects.Version, e.Corrects.Ordinal,
			e.OccurredAt.UnixMicro(), e.RecordedAt.UnixMicro())
	}
	for i := range leg.Lots {
		l := &leg.Lots[i]
		open := bit(l.Remaining > 0 || l.Held > 0)
		if v.rows[lotKey{l.Member, l.ID}] {
			add(lotAt, int64(l.State), int64(l.Remaining), int64(l.Held), open, l.Program, l.Member, int64(l.ID))
			continue
		}
		add(lotIn, l.Program, l.Member, int64(l.ID), l.Unit, int64(l.State), int64(l.Original), int64(l.Remaining), int64(l.Held),
			l.EarnedAt.UnixMicro(), l.AvailableFrom.UnixMicro(), l.ExpiresAt.UnixMicro(), l.Source, l.Origin, bit(l.Qualifies),
			int64(l.MergedInto), int64(l.Merged), open)
	}
	for i := range leg.Records {
		r := &leg.Records[i]
		lots := strings.Trim(strings.ReplaceAll(fmt.Sprint(r.Lots), " ", ","), "[]")
		if v.rows[recordKey{r.Member, storage.RecordKey{Kind: r.Kind, ID: r.ID}}] {
			add(recordAt, r.Status, r.DueAt.UnixMicro(), lots, r.Data, r.Program, r.Member, r.Kind, r.ID)
			continue
		}
		args := []any{r.Program, r.Member, r.Kind, r.ID, r.Status, r.Reference, r.Sort, r.DueAt.UnixMicro(), lots, r.Data}
		if v.listed {
			args = append(args, bit(r.Reference+r.Status+r.Sort != ""))
		}
		add(recordIn, args...)
	}
	for i := range leg.Events {
		e := &leg.Events[i]
		add(eventIn, e.Program, e.Member, e.Version, e.Ordinal, storage.Bucket(e.Member), 0, e.Type, e.RecordedAt.UnixMicro(), e.Data)
	}
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// The same-rows limit of what only reads.
const (
	readOperation = "SELECT version, type, fingerprint, receipt FROM loyalty_operations WHERE program = ? AND member = ? AND idem_key = ?"
	readAccount   = "SELECT kind, version, status, due_at, enrolled_at, recorded_at, balances, data FROM loyalty_accounts" +
		" WHERE program = ? AND member = ?"
	readLots = "SELECT lot, unit, state, original, remaining, held, earned_at, available_from, expires_at, source, origin," +
		" qualifies, merged_into, merged FROM loyalty_lots WHERE program = ? AND member = ? AND open = 1 ORDER BY expires_at, earned_at, lot LIMIT 300"
)

func (p *pool) readOperations(ctx context.Context, s *scenario) (func(*connection, int) error, error) {
	return func(c *connection, i int) error {
		plan := s.commands[i].Plan()
		n, err := c.read(ctx, readOperation, []any{programID, plan.Member, plan.Key}, make([]any, 4))
		return errors.Join(err, found(n, 1))
	}, nil
}

func (p *pool) readPages(ctx context.Context, s *scenario) (func(*connection, int) error, error) {
	return func(c *connection, i int) error {
		id := []any{programID, s.commands[i].Plan().Member}
		if err := c.control(ctx, "BEGIN"); err != nil {
			return err
		}
		accounts, err := c.read(ctx, readAccount, id, make([]any, 8))
		if err != nil {
			return err
		}
		lots, err := c.read(ctx, readLots, id, make([]any, 14))
		return errors.Join(err, found(accounts, 1), found(lots, s.page), c.control(ctx, commitSQL))
	}, nil
}

func found(n, want int) error {
	if n != want {
		return fmt.Errorf("%d rows found, not %d", n, want)
	}
	return nil
}

// read scans every row of a result.
func (c *connection) read(ctx context.Context, text string, args, columns []any) (n int, err error) {
	stmt, err := c.statement(ctx, text)
	if err != nil {
		return 0, err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	values := make([]sql.RawBytes, len(columns))
	for i := range columns {
		columns[i] = &values[i]
	}
	for ; rows.Next(); n++ {
		if err := rows.Scan(columns...); err != nil {
			return n, errors.Join(err, rows.Close())
		}
	}
	return n, errors.Join(rows.Err(), rows.Close())
}
