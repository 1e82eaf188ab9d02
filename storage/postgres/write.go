package postgres

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/rowcodec"
)

// errApart reports batches that cannot be written together: one undoes what another
// does. errRefused reports batches of which one must fail.
var (
	errApart   = errors.New("the batches need transactions of their own")
	errRefused = errors.New("a batch does not follow the one before")
)

var (
	addAccount = insertion("loyalty_accounts", "program text, member text, kind integer, version integer, status integer, "+
		"due_at integer, retry_at optional, enrolled_at integer, recorded_at integer, balances text, standing text, "+
		"days text, hash bytes, data bytes", "")
	addOperation = insertion("loyalty_operations", "program text, member text, version integer, idem_key text, type text, "+
		"reason text, actor text, reference text, library text, format integer, occurred_at integer, recorded_at integer, "+
		"fingerprint bytes, salt bytes, digests bytes, hash bytes, command bytes, receipt bytes", "")
	addEntry = insertion("loyalty_entries", "program text, member text, version integer, ordinal integer, unit text, "+
		"kind text, from_bucket integer, to_bucket integer, amount integer, lot integer, into_lot integer, rule text, "+
		"revision integer, reference text, corrects_version integer, corrects_ordinal integer, occurred_at integer, "+
		"recorded_at integer", "")
	addEvent = insertion("loyalty_events", "program text, member text, version integer, ordinal integer, bucket integer, "+
		"acked integer, type text, recorded_at integer, data bytes", "")
	addClaim = insertion("loyalty_claims", "program text, space text, claim_key text, holder text", "")
	putLot   = replacing("loyalty_lots", "program text, member text, lot integer", "unit text, state integer, "+
		"original integer, remaining integer, held integer, earned_at integer, available_from integer, "+
		"expires_at integer, source text, origin text, qualifies integer, merged_into integer, merged integer, open integer")
	putRecord = replacing("loyalty_records", "program text, member text, kind text, id text", "status text, "+
		"reference text, sort text, due_at integer, lots text, data bytes")
)

// setAccounts changes accounts that are at an expected version. The last argument for
// several is their number.
var setAccounts = settingAccounts()

func settingAccounts() *shape {
	all := append(slices.Clone(addAccount.columns), column{"expect", integer})
	var one, many []string
	for i, c := range all[2 : len(all)-1] {
		one = append(one, c.name+" = $"+strconv.Itoa(i+3))
		many = append(many, c.name+" = u."+c.name)
	}
	succeeds := func(update, number string) string {
		return "WITH done AS (UPDATE loyalty_accounts AS t SET " + update + " RETURNING 1) SELECT CASE WHEN count(*) = " + number +
			" THEN 1 ELSE CAST('" + mark + " accounts at the expected version: ' || count(*) AS integer) END FROM done"
	}
	expect := strconv.Itoa(len(all))
	return shapeOf(all,
		succeeds(strings.Join(one, ", ")+" WHERE program = $1 AND member = $2 AND version = $"+expect, "1"),
		succeeds(strings.Join(many, ", ")+" FROM unnest("+marks(all, true)+") AS u ("+names(all, "")+
			") WHERE t.program = u.program AND t.member = u.member AND t.version = u.expect", "$"+strconv.Itoa(len(all)+1)))
}

// A statement that must change one row fails where it does not: by a value that its
// column does not take, or by a text that is no number, which then says in the
// server's log what happened.
const (
	dropClaim = "WITH done AS (DELETE FROM loyalty_claims WHERE program = $1 AND space = $2 AND claim_key = $3 AND holder = $4 RETURNING 1) " +
		"SELECT CASE WHEN count(*) = 1 THEN 1 ELSE CAST('" + mark + " claims of the holder: ' || count(*) AS integer) END FROM done"
	raiseCounter = "INSERT INTO loyalty_counters AS c (program, counter_key, shard, used) VALUES ($1, $2, $3, $4) " +
		"ON CONFLICT (program, counter_key, shard) DO UPDATE SET used = " +
		"CASE WHEN c.used <= $5 THEN c.used + excluded.used END"
	lowerCounter = "WITH done AS (UPDATE loyalty_counters SET used = used + $4 " +
		"WHERE program = $1 AND counter_key = $2 AND shard = $3 AND used >= $5 AND used <= $6 RETURNING 1) " +
		"SELECT CASE WHEN count(*) = 1 THEN 1 ELSE CAST('" + mark + " counters within bounds: ' || count(*) AS integer) END FROM done"

	scrubOperation = "UPDATE loyalty_operations SET idem_key = $4, command = NULL, receipt = NULL, salt = NULL, " +
		"reason = '', actor = '', reference = '' WHERE program = $1 AND member = $2 AND version = $3"
	scrubRecord = "UPDATE loyalty_records SET data = NULL WHERE program = $1 AND member = $2 AND kind = $3 AND id = $4"
	scrubEvent  = "UPDATE loyalty_events SET data = NULL WHERE program = $1 AND member = $2 AND version = $3 AND ordinal = $4"
)

// write stores batches in one transaction.
func (c *committing) write(ctx context.Context, open []int) error {
	if len(open) == 1 && !c.engine.spread && !c.engine.bound && alone(&c.batches[open[0]]) {
		return c.writeAlone(ctx, &c.batches[open[0]])
	}
	w := writing{trip: &trip{}, spread: c.engine.spread}
	for _, i := range open {
		batch := &c.batches[i]
		for j := range batch.Legs {
			w.legs = append(w.legs, &batch.Legs[j])
		}
		w.batches = append(w.batches, batch)
	}
	if err := w.all(); err != nil {
		return err
	}
	return c.engine.database.commit(ctx, w.trip)
}

// writing makes one trip of batches. Rows that several of them write are written
// once, as the last leaves them.
type writing struct {
	*trip
	batches []*storage.Batch
	legs    []*storage.Leg
	spread  bool
}

func (w *writing) all() error {
	slices.SortStableFunc(w.legs, func(a, b *storage.Leg) int {
		return cmp.Or(cmp.Compare(a.Account.Program, b.Account.Program), cmp.Compare(a.Account.Member, b.Account.Member))
	})
	if err := w.accounts(); err != nil {
		return err
	}
	w.put(w.operations())
	w.scrubs()
	w.put(w.entries())
	w.put(w.lots())
	w.put(w.records())
	w.put(w.events())
	if err := w.claims(); err != nil {
		return err
	}
	return w.counters()
}

// rows returns what one leg writes, the account first.
func (w *writing) rows() ([]*arguments, error) {
	account, claims := &arguments{shape: addAccount}, &arguments{shape: addClaim}
	for _, c := range w.batches[0].Claims {
		claims.add(w.batches[0].Program, c.Space, c.Key, c.Holder)
	}
	err := account.account(&w.legs[0].Account)
	return []*arguments{account, w.operations(), w.entries(), w.lots(), w.records(), w.events(), claims}, err
}

// accounts writes each account once, new ones first, in order of program and member.
func (w *writing) accounts() error {
	added, changed := &arguments{shape: addAccount}, &arguments{shape: setAccounts}
	for from := 0; from < len(w.legs); {
		first := w.legs[from]
		last := first
		for from++; from < len(w.legs) && same(&w.legs[from].Account, &first.Account); from++ {
			if w.legs[from].Expect != last.Account.Version {
				return errRefused
			}
			last = w.legs[from]
		}
		row := &arguments{shape: addAccount}
		if err := row.account(&last.Account); err != nil {
			return err
		}
		if first.Expect == 0 {
			added.add(row.args...)
		} else {
			changed.add(append(row.args, first.Expect)...)
		}
	}
	w.put(added)
	w.change(changed)
	return nil
}

// change updates accounts that exist, in order. On a spread database each has a
// statement of its own, which names it.
func (w *writing) change(accounts *arguments) {
	width := len(accounts.shape.columns)
	if !w.spread && accounts.rows() > 1 {
		sql, args := accounts.statement()
		w.query(ignore, sql, append(args, int64(accounts.rows()))...)
		return
	}
	for args := range slices.Chunk(accounts.args, width) {
		w.query(ignore, accounts.shape.one, args...)
	}
}

func same(a, b *storage.Account) bool { return a.Member == b.Member && a.Program == b.Program }

// account adds the row of an account.
func (a *arguments) account(account *storage.Account) error {
	balances, err1 := rowcodec.EncodeBalances(account.Balances)
	standing, err2 := rowcodec.EncodeStanding(account.Standing)
	days, err3 := rowcodec.EncodeDays(account.Days)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	var retry any
	if !account.RetryAt.IsZero() {
		retry = rowcodec.Micros(account.RetryAt)
	}
	a.add(account.Program, account.Member, int64(account.Kind), account.Version, int64(account.Status),
		rowcodec.Micros(account.DueAt), retry, rowcodec.Micros(account.EnrolledAt), rowcodec.Micros(account.RecordedAt),
		balances, standing, days, blob(account.Hash), blob(account.Data))
	return nil
}

// blob is a document or digest as an argument: an empty one is NULL.
func blob(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (w *writing) operations() *arguments {
	rows := &arguments{shape: addOperation}
	for _, leg := range w.legs {
		op := &leg.Operation
		rows.add(op.Program, op.Member, op.Version, op.Key, op.Type, op.Reason, op.Actor, op.Reference, op.Library,
			int64(op.Format), rowcodec.Micros(op.OccurredAt), rowcodec.Micros(op.RecordedAt), blob(op.Fingerprint),
			blob(op.Salt), blob(op.Digests), blob(op.Hash), blob(op.Command), blob(op.Receipt))
	}
	return rows
}

// scrubs come before the other rows of their leg. What scrubs is written alone.
func (w *writing) scrubs() {
	for _, leg := range w.legs {
		program, member := leg.Account.Program, leg.Account.Member
		for _, version := range leg.Scrub.Operations {
			if version != leg.Account.Version {
				w.exec(scrubOperation, program, member, version, storage.ScrubbedKey(version))
			}
		}
		for _, key := range leg.Scrub.Records {
			w.exec(scrubRecord, program, member, key.Kind, key.ID)
		}
		for _, id := range leg.Scrub.Events {
			w.exec(scrubEvent, program, member, id.Version, int64(id.Ordinal))
		}
	}
}

func (w *writing) entries() *arguments {
	rows := &arguments{shape: addEntry}
	for _, leg := range w.legs {
		for i := range leg.Entries {
			e := &leg.Entries[i]
			rows.add(e.Program, e.Member, e.Version, int64(e.Ordinal), e.Unit, string(e.Kind), int64(e.From), int64(e.To),
				int64(e.Amount), int64(e.Lot), int64(e.Into), e.Rule, e.Revision, e.Reference, e.Corrects.Version,
				int64(e.Corrects.Ordinal), rowcodec.Micros(e.OccurredAt), rowcodec.Micros(e.RecordedAt))
		}
	}
	return rows
}

func (w *writing) lots() *arguments {
	rows := &arguments{shape: putLot}
	for l := range last(w.legs, func(leg *storage.Leg) []storage.Lot { return leg.Lots },
		func(a, b *storage.Lot) bool { return a.ID == b.ID }) {
		open := l.Remaining > 0 || l.Held > 0
		rows.add(l.Program, l.Member, int64(l.ID), l.Unit, int64(l.State), int64(l.Original), int64(l.Remaining),
			int64(l.Held), rowcodec.Micros(l.EarnedAt), rowcodec.Micros(l.AvailableFrom), rowcodec.Micros(l.ExpiresAt),
			l.Source, l.Origin, flag(l.Qualifies), int64(l.MergedInto), int64(l.Merged), flag(open))
	}
	return rows
}

func (w *writing) records() *arguments {
	rows := &arguments{shape: putRecord}
	for r := range last(w.legs, func(leg *storage.Leg) []storage.Record { return leg.Records },
		func(a, b *storage.Record) bool { return a.Kind == b.Kind && a.ID == b.ID }) {
		rows.add(r.Program, r.Member, r.Kind, r.ID, r.Status, r.Reference, r.Sort, rowcodec.Micros(r.DueAt),
			rowcodec.EncodeLots(r.Lots), blob(r.Data))
	}
	return rows
}

func (w *writing) events() *arguments {
	rows := &arguments{shape: addEvent}
	for _, leg := range w.legs {
		for i := range leg.Events {
			e := &leg.Events[i]
			rows.add(e.Program, e.Member, e.Version, int64(e.Ordinal), int64(storage.Bucket(e.Member)), int64(0), e.Type,
				rowcodec.Micros(e.RecordedAt), blob(e.Data))
		}
	}
	return rows
}

// last yields the items of legs, without those that a later leg of the same account
// has too.
func last[T any](legs []*storage.Leg, of func(*storage.Leg) []T, equal func(a, b *T) bool) iter.Seq[*T] {
	replaced := func(item *T, after int) bool {
		for later := after + 1; later < len(legs) && same(&legs[later].Account, &legs[after].Account); later++ {
			items := of(legs[later])
			for i := range items {
				if equal(item, &items[i]) {
					return true
				}
			}
		}
		return false
	}
	return func(yield func(*T) bool) {
		for at, leg := range legs {
			items := of(leg)
			for i := range items {
				if !replaced(&items[i], at) && !yield(&items[i]) {
					return
				}
			}
		}
	}
}
