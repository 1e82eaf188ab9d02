package etcdstore_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// The reference adapter and this one are given the same commands and must hold the
// same rows, hashes included. Any adapter can be checked so from outside.
func TestTheSameCommandsLeaveTheSameRowsAsInMemory(t *testing.T) {
	stores := []storage.Store{memory.New(), open(t, start(t, 1, false).client(t), nil)}
	var books [2][]any
	for i, store := range stores {
		engine := engineOn(t, store)
		commands := commandsOf(rand.New(rand.NewPCG(7301, 1)), 300)
		refused := 0
		for _, command := range commands {
			if _, err := engine.Do(t.Context(), command); err != nil {
				refused++
			}
		}
		assert.Less(t, refused, len(commands)/2)
		report, err := engine.Verify(t.Context(), nil)
		require.NoError(t, err)
		require.True(t, report.OK(), report.Problems)
		books[i] = rowsOf(t, store)
	}
	assert.Greater(t, len(books[0]), 500)
	assert.Equal(t, books[0], books[1])
}

// commandsOf makes a shop's week: orders, refunds, spends and transfers, some of
// which are refused or asked twice.
func commandsOf(random *rand.Rand, n int) []loyalty.Command {
	member := func() string { return fmt.Sprintf("m-%d", random.IntN(5)) }
	var commands []loyalty.Command
	for i := range 5 {
		commands = append(commands, loyalty.Enroll{Member: fmt.Sprintf("m-%d", i), Key: "signup"})
	}
	for len(commands) < n {
		key := fmt.Sprintf("key-%d", random.IntN(n))
		switch random.IntN(5) {
		case 0, 1:
			commands = append(commands, order(member(), random.IntN(n)))
		case 2:
			of := member()
			id := fmt.Sprintf("%s-%d", of, random.IntN(n))
			commands = append(commands, loyalty.Refund{Member: of, Key: "refund-" + key, Order: id, Full: true})
		case 3:
			commands = append(commands, loyalty.Spend{Member: member(), Key: key, Unit: "bean", Points: points.Amount(1 + random.IntN(6))})
		case 4:
			commands = append(commands, loyalty.Transfer{Member: member(), To: member(), Key: key, Unit: "bean", Points: 2})
		}
	}
	return commands
}

// rowsOf reads all that listings have of the program.
func rowsOf(t *testing.T, store storage.Store) []any {
	t.Helper()
	ctx, rows := t.Context(), []any{}
	for _, account := range all(t, storage.AllAccounts(ctx, store, storage.AccountQuery{Program: "beans"})) {
		of := storage.MemberQuery{Program: "beans", Member: account.Member, Limit: 7}
		rows = append(rows, account)
		rows = append(rows, listed(t, ctx, store, storage.AllOperations, of)...)
		rows = append(rows, listed(t, ctx, store, storage.AllEntries, of)...)
		rows = append(rows, listed(t, ctx, store, storage.AllLots, of)...)
		rows = append(rows, listed(t, ctx, store, storage.AllRecords, storage.RecordQuery{Program: "beans", Member: account.Member})...)
		events, err := store.Events(ctx, storage.EventQuery{Program: "beans", Bucket: storage.Bucket(account.Member), Limit: 1000})
		require.NoError(t, err)
		rows = append(rows, events)
	}
	return rows
}

func listed[Q, T any](t *testing.T, ctx context.Context, store storage.Store, list func(context.Context, storage.Store, Q) iter.Seq2[T, error], query Q) []any {
	t.Helper()
	var rows []any
	for _, row := range all(t, list(ctx, store, query)) {
		rows = append(rows, row)
	}
	return rows
}

func all[T any](t *testing.T, rows iter.Seq2[T, error]) []T {
	t.Helper()
	var found []T
	for row, err := range rows {
		require.NoError(t, err)
		found = append(found, row)
	}
	return found
}
