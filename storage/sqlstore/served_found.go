package sqlstore

import (
	"fmt"
	"math"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// found holds the rows that answer questions about one program.
type found struct {
	program    string
	accounts   map[string]*storage.Account
	operations map[memberKey]*storage.Operation
	records    map[memberKey]*storage.Record
	lots       map[lotKey]storage.Lot
	claims     map[storage.ClaimKey]string
	counters   map[storage.CounterKey]int64
	// taken are open lots and those of debits by their place, before how many of a
	// sort earlier questions asked for.
	taken  map[taking][]storage.Lot
	before [sortCount]int
}

// memberKey is a key of a row under an account.
type memberKey struct{ member, kind, id string }

// taking is the place of a debit among those of its sort.
type taking struct{ sort, place int }

// put adds to a map that is made when it is needed.
func put[K comparable, V any](to *map[K]V, key K, value V) {
	if *to == nil {
		*to = map[K]V{}
	}
	(*to)[key] = value
}

// take adds a row.
func (f *found) take(sort, place int, r scanner) error {
	var member string
	under := after{r, &member}
	switch sort {
	case accountRows:
		account, err := scanAccount(under, f.program, "")
		account.Member = member
		put(&f.accounts, member, &account)
		return err
	case operationRows:
		op, err := scanOperation(under, f.program, "")
		op.Member = member
		put(&f.operations, memberKey{member: member, id: op.Key}, &op)
		return err
	case recordRows:
		record, err := scanRecord(under, f.program, "")
		record.Member = member
		put(&f.records, memberKey{member, record.Kind, record.ID}, &record)
		return err
	case claimRows:
		var key storage.ClaimKey
		var holder string
		err := r.Scan(&key.Space, &key.Key, &holder)
		put(&f.claims, key, holder)
		return err
	case counterRows:
		var key storage.CounterKey
		var used int64
		err := r.Scan(&key.Key, &key.Shard, &used)
		put(&f.counters, key, used)
		return err
	case lotRows, openRows, debitRows:
		lot, err := scanLot(under, f.program, "")
		lot.Member = member
		if sort == lotRows {
			put(&f.lots, lotKey{member, lot.ID}, lot)
			return err
		}
		at := taking{sort, f.before[sort] + place}
		put(&f.taken, at, append(f.taken[at], lot))
		return err
	default:
		return fmt.Errorf("the database answers a row of sort %d", sort)
	}
}

// answer gives requests what was found. No two of them share anything.
func (a *answering) answer() {
	f := &a.found
	a.short = false
	var next [sortCount]int
	for i, r := range a.requests {
		to := a.to[i]
		*to = storage.Snapshot{}
		a.share(r, to)
		account := f.accounts[r.Member]
		if account != nil {
			own := *account
			if len(a.requests) > 1 {
				own = cloned(own)
			}
			to.Account = &own
			a.under(r, to)
		}
		for k := range r.Debits {
			sort := debitRows
			if r.Debits[k].Unit == "" {
				sort = openRows
			}
			lots := f.taken[taking{sort, next[sort]}]
			next[sort]++
			if account != nil {
				to.Lots = append(to.Lots, a.covering(&r.Debits[k], lots)...)
			}
		}
	}
	a.lots()
}

// share gives claims and counters.
func (a *answering) share(r *storage.LoadRequest, to *storage.Snapshot) {
	for _, key := range r.Claims {
		if holder, ok := a.found.claims[key]; ok {
			to.Claims = append(to.Claims, storage.Claim{Program: a.program, Space: key.Space, Key: key.Key, Holder: holder})
		}
	}
	for _, key := range r.Counters {
		if used, ok := a.found.counters[key]; ok {
			to.Counters = append(to.Counters, storage.Counter{Program: a.program, Key: key.Key, Shard: key.Shard, Used: used})
		}
	}
}

// under gives the operation and the records.
func (a *answering) under(r *storage.LoadRequest, to *storage.Snapshot) {
	if op := a.found.operations[memberKey{member: r.Member, id: r.Key}]; op != nil && r.Key != "" {
		own := *op
		for _, bytes := range []*[]byte{&own.Command, &own.Receipt, &own.Fingerprint, &own.Salt, &own.Digests, &own.Hash} {
			*bytes = slices.Clone(*bytes)
		}
		to.Operation = &own
	}
	for _, key := range r.Records {
		if record := a.found.records[memberKey{r.Member, key.Kind, key.ID}]; record != nil {
			own := *record
			own.Lots, own.Data = slices.Clone(own.Lots), slices.Clone(own.Data)
			to.Records = append(to.Records, own)
		}
	}
}

// covering returns the first lots of a debit up to the one that covers it. Where they
// do not and more may follow, the answer is short.
func (a *answering) covering(debit *storage.Debit, lots []storage.Lot) []storage.Lot {
	slices.SortFunc(lots, func(a, b storage.Lot) int { return points.ConsumptionOrder(a.Lot, b.Lot) })
	if debit.Unit == "" || debit.Amount <= 0 {
		return lots
	}
	var sum points.Amount
	for i := range lots {
		sum += min(lots[i].Remaining, math.MaxInt64-sum)
		if sum >= debit.Amount {
			return lots[:i+1]
		}
	}
	a.short = a.short || len(lots) == a.limitOf(debit) && len(lots) < storage.LimitOf(debit.Limit)
	return lots
}

// lots gives the lots that requests ask for and those that records name, each lot once.
func (a *answering) lots() {
	for i, to := range a.to {
		if to.Account == nil {
			continue
		}
		add := func(ids []points.LotID) {
			for _, id := range ids {
				if lot, ok := a.found.lots[lotKey{to.Account.Member, id}]; ok {
					to.Lots = append(to.Lots, lot)
				}
			}
		}
		add(a.requests[i].Lots)
		for _, records := range [][]storage.Record{to.Records, to.DueRecords} {
			for k := range records {
				add(records[k].Lots)
			}
		}
		to.Lots = once(to.Lots)
	}
}

// cloned is an account that shares nothing with another answer.
func cloned(a storage.Account) storage.Account {
	a.Balances, a.Standing, a.Days = slices.Clone(a.Balances), slices.Clone(a.Standing), slices.Clone(a.Days)
	a.Hash, a.Data = slices.Clone(a.Hash), slices.Clone(a.Data)
	return a
}
