package featuretest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/loyaltykit/loyaltykit/storage"
)

// Rows writes everything that a store lists of a program, a row a line with its table
// and its fields in JSON, operations first.
func Rows(ctx context.Context, store storage.Store, program string) ([]string, error) {
	var all, accounts []string
	for account, err := range storage.AllAccounts(ctx, store, storage.AccountQuery{Program: program}) {
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, "account "+text(account))
		query := storage.MemberQuery{Program: program, Member: account.Member}
		for _, list := range []func() ([]string, error){
			func() ([]string, error) {
				return rows("operation", storage.AllOperations(ctx, store, query))
			},
			func() ([]string, error) { return rows("entry", storage.AllEntries(ctx, store, query)) },
			func() ([]string, error) { return rows("lot", storage.AllLots(ctx, store, query)) },
			func() ([]string, error) {
				return rows("record", storage.AllRecords(ctx, store, storage.RecordQuery{Program: program, Member: account.Member}))
			},
		} {
			lines, err := list()
			if err != nil {
				return nil, err
			}
			all = append(all, lines...)
		}
	}
	all = append(all, accounts...)
	for bucket := range storage.Buckets {
		page, err := store.Events(ctx, storage.EventQuery{Program: program, Bucket: bucket, Limit: 10000})
		if err != nil {
			return nil, err
		}
		for _, event := range page.Items {
			all = append(all, "event "+text(event))
		}
	}
	revisions, err := store.Revisions(ctx, program)
	for _, revision := range revisions {
		all = append(all, "revision "+text(revision))
	}
	return all, err
}

func rows[T any](kind string, of iter.Seq2[T, error]) ([]string, error) {
	var all []string
	for row, err := range of {
		if err != nil {
			return nil, err
		}
		all = append(all, kind+" "+text(row))
	}
	return all, nil
}

func text(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// Traces lists the rows of a program that have a text in any of their columns, also
// within their documents: those of [Rows], and the claims and counters that a [Claims]
// remembers.
func Traces(ctx context.Context, store *Claims, program, text string) ([]string, error) {
	lines, err := Rows(ctx, store, program)
	if err != nil {
		return nil, err
	}
	store.mu.Lock()
	for _, key := range slices.SortedFunc(maps.Keys(store.claims), func(a, b storage.ClaimKey) int {
		return cmp.Or(cmp.Compare(a.Space, b.Space), cmp.Compare(a.Key, b.Key))
	}) {
		lines = append(lines, fmt.Sprintf("claim {%q %q %q}", key.Space, key.Key, store.claims[key]))
	}
	for _, key := range slices.SortedFunc(maps.Keys(store.counters), func(a, b storage.CounterKey) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Shard, b.Shard))
	}) {
		lines = append(lines, fmt.Sprintf("counter {%q %d}", key.Key, key.Shard))
	}
	store.mu.Unlock()
	var found []string
	for _, line := range lines {
		decoded := unpacked(line[strings.Index(line, "{"):])
		if strings.Contains(line, text) || strings.Contains(decoded, text) {
			found = append(found, line+"\n"+decoded)
		}
	}
	return found, nil
}

// unpacked shows the bytes of a row as text.
func unpacked(row string) string {
	var fields map[string]any
	if json.Unmarshal([]byte(row), &fields) != nil {
		return row
	}
	var all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		var field struct{ Bytes []byte }
		if text, ok := fields[name].(string); ok && json.Unmarshal([]byte(`{"Bytes":"`+text+`"}`), &field) == nil && utf8.Valid(field.Bytes) {
			all.Write(field.Bytes)
			all.WriteByte('\n')
		}
	}
	return all.String()
}
