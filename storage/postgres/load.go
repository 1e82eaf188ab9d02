package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

const (
	// never is points.Never in microseconds: what is due then is never due.
	never       = "253402300799999999"
	consumption = " ORDER BY expires_at, earned_at, lot"
	ofAccount   = " WHERE program = $1 AND member = $2"

	recordKey = "program text, member text, kind text, id text"

	lockAccount = "SELECT 1 FROM loyalty_accounts" + ofAccount + " FOR NO KEY UPDATE"
)

var (
	findAccount   = lookup("loyalty_accounts", "program text, member text", accountColumns)
	findOperation = lookup("loyalty_operations", "program text, member text, idem_key text", operationColumns)
	findRecord    = firstLookup("loyalty_records", recordKey, recordColumns)
	findLot       = firstLookup("loyalty_lots", "program text, member text, lot integer", lotColumns)
	findLotsOf    = lookupLotsOf()
	// findHead finds an account and, if it has one, its operation with a key.
	findHead = shapeOf(columns("program text, member text, idem_key text"),
		"SELECT 1::bigint, "+names(columns(accountColumns), "a.")+", "+names(columns(operationColumns), "o.")+
			" FROM loyalty_accounts AS a LEFT JOIN loyalty_operations AS o"+
			" ON o.program = a.program AND o.member = a.member AND o.idem_key = $3 WHERE a.program = $1 AND a.member = $2", "")
)

// lookupLotsOf finds the lots that records name. The lots of one record are asked for
// by the member that was given, so that a spread database looks in one place.
func lookupLotsOf() *shape {
	lotsOf := func(program, member string) string {
		return " CROSS JOIN LATERAL (SELECT " + lotColumns + " FROM loyalty_lots AS l WHERE l.program = " + program +
			" AND l.member = " + member + " AND l.lot = ANY (string_to_array(r.lots, ',')::bigint[]) OFFSET 0) AS found"
	}
	records := firstLookup("loyalty_records", recordKey, "lots")
	one := strings.Replace(records.one, "SELECT 1::bigint, lots FROM ", "SELECT 1::bigint, found.* FROM (SELECT lots FROM ", 1)
	records.one = one + ") AS r" + lotsOf("$1", "$2")
	records.many = strings.TrimSuffix(records.many, "found") + "r" + lotsOf("asked.k1", "asked.k2")
	return records
}

// Load answers requests in one round trip, or two where an account is due or a debit
// takes more than a few lots. What it
// reads under accounts is of one state of the database, unless the store is bound.
func (e *engine) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	l := &loading{requests: requests, bound: e.bound, spread: e.spread}
	if len(requests) == 1 && !e.bound && !e.spread {
		l.paged = pages(&requests[0])
		if unites(&requests[0]) {
			l.texts = &e.unions
		}
	}
	err := l.load(ctx, e.database)
	for err == nil && (!l.due && l.anyDue() || l.short) {
		l.due, l.whole = l.due || l.anyDue(), l.whole || l.short
		err = l.load(ctx, e.database)
	}
	if err != nil {
		return nil, fmt.Errorf("postgres: load: %w", err)
	}
	return l.snapshots, nil
}

// loading is one call of Load at work.
type loading struct {
	requests  []storage.LoadRequest
	snapshots []storage.Snapshot
	bound     bool
	// spread is set where each statement names one account.
	spread bool
	// short is set where the first lots did not cover a debit, and whole where all that
	// it takes are loaded at once.
	short, whole bool
	// texts are those of unions, where one statement loads the only request.
	texts *unions
	// paged is set where one statement loads an account and a page of its lots.
	paged bool
	// due is set where what is due is loaded too, unlocked where nothing can be
	// locked because the transaction only reads.
	due, unlocked bool
	// finish puts together what statements have found.
	finish []func()
}

func (l *loading) load(ctx context.Context, on database) error {
	t := &trip{spread: l.spread}
	t.forget(func() { l.snapshots, l.short = make([]storage.Snapshot, len(l.requests)), false })
	l.finish = nil
	united := l.texts != nil && !l.due && !l.whole
	switch {
	case l.paged && !l.due:
		l.page(t)
	case united:
		l.unite(t, l.texts)
	default:
		l.apart(t)
	}
	simple := len(t.statements) == 1
	if !united {
		l.claims(t)
	}
	l.counters(t)
	send := on.snapshot
	if simple {
		send = on.read
	} else if l.bound {
		l.versions(t)
	}
	err := send(ctx, t)
	if err != nil && l.bound && !l.unlocked && readOnly(err) {
		l.unlocked = true
		return l.load(ctx, on)
	}
	if err != nil {
		return err
	}
	for _, finish := range l.finish {
		finish()
	}
	for i := range l.snapshots {
		l.tidy(&l.snapshots[i])
	}
	return nil
}

// apart loads each sort of row by a statement of its own.
func (l *loading) apart(t *trip) {
	l.locks(t)
	l.heads(t)
	l.records(t)
	l.lots(t)
	l.debits(t)
	if !l.due {
		return
	}
	for i := range l.requests {
		l.dueOf(t, i)
	}
}

// tidy leaves nothing under an account that there is not, and each lot once.
func (l *loading) tidy(s *storage.Snapshot) {
	if s.Account == nil {
		*s = storage.Snapshot{Claims: s.Claims, Counters: s.Counters, Mixed: s.Mixed}
		return
	}
	if s.Operation != nil && s.Operation.Version > s.Account.Version {
		s.Mixed = true
	}
	if len(s.Lots) > 1 {
		slices.SortFunc(s.Lots, func(a, b storage.Lot) int { return points.ConsumptionOrder(a.Lot, b.Lot) })
		s.Lots = slices.CompactFunc(s.Lots, func(a, b storage.Lot) bool { return a.ID == b.ID })
	}
}

func (l *loading) anyDue() bool {
	for i := range l.snapshots {
		if account := l.snapshots[i].Account; account != nil && l.dueBy(i, account) {
			return true
		}
	}
	return false
}

func (l *loading) dueBy(i int, account *storage.Account) bool {
	by := l.requests[i].DueBy
	return !by.IsZero() && !account.DueAt.After(by)
}

// locks locks accounts for the transaction of the host, in order.
func (l *loading) locks(t *trip) {
	if !l.bound || l.unlocked {
		return
	}
	var ids []accountID
	for i := range l.requests {
		if r := &l.requests[i]; r.Lock {
			ids = append(ids, accountID{r.Program, r.Member})
		}
	}
	slices.SortFunc(ids, func(a, b accountID) int {
		return cmp.Or(cmp.Compare(a.program, b.program), cmp.Compare(a.member, b.member))
	})
	for _, id := range slices.Compact(ids) {
		t.query(ignore, lockAccount, id.program, id.member)
	}
}

// heads loads accounts and the operations with the keys that are asked for. Several
// requests of one account share what is read of it.
func (l *loading) heads(t *trip) {
	if len(l.requests) == 1 && l.requests[0].Key != "" {
		l.head(t)
		return
	}
	accounts, operations := &arguments{shape: findAccount}, &arguments{shape: findOperation}
	var places, keyed []int
	known := make(map[accountID]int, len(l.requests))
	of := make([]int, len(l.requests))
	for i := range l.requests {
		r := &l.requests[i]
		first, ok := known[accountID{r.Program, r.Member}]
		if !ok {
			first = i
			known[accountID{r.Program, r.Member}] = i
			accounts.add(r.Program, r.Member)
			places = append(places, i)
		}
		of[i] = first
		if r.Key != "" {
			operations.add(r.Program, r.Member, r.Key)
			keyed = append(keyed, i)
		}
	}
	t.find(accounts, func(r *row, place int) {
		i := places[place]
		account := readAccount(r, l.requests[i].Program, l.requests[i].Member)
		l.snapshots[i].Account = &account
	})
	t.find(operations, func(r *row, place int) {
		i := keyed[place]
		op := readOperation(r, l.requests[i].Program, l.requests[i].Member)
		l.snapshots[i].Operation = &op
	})
	l.finish = append(l.finish, func() {
		for i, first := range of {
			if shared := l.snapshots[first].Account; i != first && shared != nil {
				account := *shared
				account.Balances, account.Standing = slices.Clone(account.Balances), slices.Clone(account.Standing)
				account.Days, account.Hash = slices.Clone(account.Days), slices.Clone(account.Hash)
				account.Data = slices.Clone(account.Data)
				l.snapshots[i].Account = &account
			}
		}
	})
}

// head loads one account and its operation by one statement.
func (l *loading) head(t *trip) {
	r := &l.requests[0]
	head := &arguments{shape: findHead}
	head.add(r.Program, r.Member, r.Key)
	t.find(head, func(row *row, _ int) {
		account := readAccount(row, r.Program, r.Member)
		l.snapshots[0].Account = &account
		if !row.null() {
			op := readOperation(row, r.Program, r.Member)
			l.snapshots[0].Operation = &op
		}
	})
}

// records loads records by key, and the lots that they name.
func (l *loading) records(t *trip) {
	records, lots := &arguments{shape: findRecord}, &arguments{shape: findLotsOf}
	var of []int
	for i := range l.requests {
		r := &l.requests[i]
		for _, key := range r.Records {
			records.add(r.Program, r.Member, key.Kind, key.ID)
			lots.add(r.Program, r.Member, key.Kind, key.ID)
			of = append(of, i)
		}
	}
	found := make([]*storage.Record, len(of))
	t.forget(func() { clear(found) })
	t.find(records, func(r *row, place int) {
		request := &l.requests[of[place]]
		record := readRecord(r, request.Program, request.Member)
		found[place] = &record
	})
	t.find(lots, func(r *row, place int) { l.addLot(r, of[place]) })
	l.finish = append(l.finish, func() {
		for place, record := range found {
			if record != nil {
				s := &l.snapshots[of[place]]
				s.Records = append(s.Records, *record)
			}
		}
	})
}

func (l *loading) addLot(r *row, i int) {
	lot := readLot(r, l.requests[i].Program, l.requests[i].Member)
	l.snapshots[i].Lots = append(l.snapshots[i].Lots, lot)
}

// lots loads lots by id.
func (l *loading) lots(t *trip) {
	lots := &arguments{shape: findLot}
	var of []int
	for i := range l.requests {
		r := &l.requests[i]
		for _, id := range r.Lots {
			lots.add(r.Program, r.Member, int64(id))
			of = append(of, i)
		}
	}
	t.find(lots, func(r *row, place int) { l.addLot(r, of[place]) })
}

func (l *loading) claims(t *trip) {
	claims := &arguments{shape: findClaim}
	type place struct {
		request int
		key     storage.ClaimKey
	}
	var of []place
	for i := range l.requests {
		for _, key := range l.requests[i].Claims {
			claims.add(l.requests[i].Program, key.Space, key.Key)
			of = append(of, place{i, key})
		}
	}
	found := make([]*storage.Claim, len(of))
	t.forget(func() { clear(found) })
	t.find(claims, func(r *row, at int) {
		key := of[at].key
		found[at] = &storage.Claim{Program: l.requests[of[at].request].Program, Space: key.Space, Key: key.Key, Holder: r.text()}
	})
	l.finish = append(l.finish, func() {
		for at, claim := range found {
			if claim != nil {
				s := &l.snapshots[of[at].request]
				s.Claims = append(s.Claims, *claim)
			}
		}
	})
}

func (l *loading) counters(t *trip) {
	counters := &arguments{shape: findCounter}
	type place struct {
		request int
		key     storage.CounterKey
	}
	var of []place
	for i := range l.requests {
		for _, key := range l.requests[i].Counters {
			counters.add(l.requests[i].Program, key.Key, int64(key.Shard))
			of = append(of, place{i, key})
		}
	}
	found := make([]*storage.Counter, len(of))
	t.forget(func() { clear(found) })
	t.find(counters, func(r *row, at int) {
		key := of[at].key
		found[at] = &storage.Counter{Program: l.requests[of[at].request].Program, Key: key.Key, Shard: key.Shard, Used: r.integer()}
	})
	l.finish = append(l.finish, func() {
		for at, counter := range found {
			if counter != nil {
				s := &l.snapshots[of[at].request]
				s.Counters = append(s.Counters, *counter)
			}
		}
	})
}

// versions reads the accounts' versions once more, after all else: if they are the
// same, all is of one version.
func (l *loading) versions(t *trip) {
	versions := &arguments{shape: findVersion}
	for i := range l.requests {
		versions.add(l.requests[i].Program, l.requests[i].Member)
	}
	t.find(versions, func(r *row, i int) {
		s := &l.snapshots[i]
		version := r.integer()
		s.Mixed = s.Account != nil && s.Account.Version != version
	})
}
