package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/loyaltykit/loyaltykit/storage"
)

// worthwhile is from how many requests on it pays to ask about all of them at
// once, before each is answered.
const worthwhile = 8

// known is what a few statements found out about many requests of one program:
// their accounts, and which of the rest exists. Most of it does not: a new key,
// a new order.
type known struct {
	// accounts holds nil for one that a snapshot has taken already.
	accounts map[string]*storage.Account
	exists   [kinds]map[[3]string]bool
}

// kind is a sort of row that may exist.
type kind int

const (
	operationKind kind = iota
	recordKind
	claimKind
	kinds
)

// ask finds out about requests, or returns nil where each must be answered by
// itself: they are few, of several programs, or have texts that are no UTF-8.
func ask(ctx context.Context, s *session, requests []storage.LoadRequest) (*known, error) {
	if len(requests) < worthwhile {
		return nil, nil
	}
	program := requests[0].Program
	var members []string
	var keys [kinds][][3]string
	for i := range requests {
		r := &requests[i]
		if r.Program != program {
			return nil, nil
		}
		members = append(members, r.Member)
		if r.Key != "" {
			keys[operationKind] = append(keys[operationKind], [3]string{r.Member, r.Key})
		}
		for _, key := range r.Records {
			keys[recordKind] = append(keys[recordKind], [3]string{r.Member, key.Kind, key.ID})
		}
		for _, key := range r.Claims {
			keys[claimKind] = append(keys[claimKind], [3]string{key.Space, key.Key})
		}
	}
	if !portable(members, keys) {
		return nil, nil
	}
	k := &known{accounts: make(map[string]*storage.Account, len(members))}
	if err := k.askAccounts(ctx, s, program, members); err != nil {
		return nil, err
	}
	for sort, id := range [kinds]statement{findOperations, findRecords, findClaims} {
		if err := k.askFor(ctx, s, kind(sort), id, program, keys[sort]); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// portable reports whether texts survive JSON, by which a statement gets many.
func portable(members []string, keys [kinds][][3]string) bool {
	valid := func(key [3]string) bool { return utf8.ValidString(key[0] + key[1] + key[2]) }
	for _, of := range keys {
		if !slices.ContainsFunc(of, func(key [3]string) bool { return !valid(key) }) {
			continue
		}
		return false
	}
	return !slices.ContainsFunc(members, func(member string) bool { return !utf8.ValidString(member) })
}

func (k *known) askAccounts(ctx context.Context, s *session, program string, members []string) error {
	list, err := json.Marshal(members)
	if err != nil {
		return err
	}
	return s.query(ctx, findAccounts, func(rows *sql.Rows) (bool, error) {
		var member string
		account, err := scanAccount(after{rows, &member}, program, "")
		account.Member = member
		k.accounts[member] = &account
		return true, err
	}, program, string(list))
}

func (k *known) askFor(ctx context.Context, s *session, sort kind, id statement, program string, keys [][3]string) error {
	k.exists[sort] = map[[3]string]bool{}
	if len(keys) == 0 {
		return nil
	}
	list, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	return s.query(ctx, id, func(rows *sql.Rows) (bool, error) {
		var key [3]string
		err := rows.Scan(&key[0], &key[1], &key[2])
		k.exists[sort][key] = true
		return true, err
	}, program, string(list))
}

// account returns a member's account, nil where there is none, and whether it is
// known at all.
func (k *known) account(member string) (account *storage.Account, ok bool) {
	if k == nil {
		return nil, false
	}
	account, found := k.accounts[member]
	if !found {
		return nil, true
	}
	k.accounts[member] = nil
	return account, account != nil
}

// lacks reports that there is no such row.
func (k *known) lacks(sort kind, key ...string) bool {
	if k == nil {
		return false
	}
	return !k.exists[sort][[3]string(append(key, "", "")[:3])]
}
