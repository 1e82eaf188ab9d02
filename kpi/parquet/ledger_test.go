package parquet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/parquet"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// folder keeps files in memory.
type folder struct {
	files map[string]*file
	open  int
	most  int
	fails string
}

type file struct {
	bytes.Buffer
	folder *folder
	closed int
}

func (f *file) Close() error {
	f.folder.open--
	f.closed++
	return nil
}

func (f *folder) create(name string) (io.WriteCloser, error) {
	if f.fails != "" && strings.Contains(name, f.fails) {
		return nil, errors.New("the disk is full")
	}
	if f.files == nil {
		f.files = map[string]*file{}
	}
	f.open++
	f.most = max(f.most, f.open)
	f.files[name] = &file{folder: f}
	return f.files[name], nil
}

// shop is a store in which members earned and spent over some months.
func shop(t *testing.T, members int) storage.Store {
	t.Helper()
	store := memory.New()
	now := time.Date(2027, time.January, 4, 9, 0, 0, 0, time.UTC)
	program := loyalty.Program{
		ID: "beans", Zone: "UTC", Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(1, points.Years)}},
		Earning: []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, store, &loyalty.Options{Clock: func() time.Time { return now }})
	require.NoError(t, err)
	do := func(command loyalty.Command) {
		_, err := engine.Do(t.Context(), command)
		require.NoError(t, err)
	}
	for i := range members {
		do(loyalty.Enroll{Member: fmt.Sprint("member-", i), Key: "enroll"})
	}
	for month := range 4 {
		for i := range members {
			member, order := fmt.Sprint("member-", i), fmt.Sprint(i, "-", month)
			do(loyalty.Earn{Member: member, Key: "earn" + order, Order: points.Order{ID: order, Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(60)}}}})
			do(loyalty.Spend{Member: member, Key: "spend" + order, Unit: "bean", Points: 30})
		}
		now = now.AddDate(0, 1, 0)
	}
	return store
}

func TestALedgerComesBackFromItsParts(t *testing.T) {
	store := shop(t, 20)
	for _, open := range []int{0, 2} {
		var f folder
		parts, err := parquet.WriteLedger(t.Context(), store, parquet.LedgerOptions{Program: "beans", Buckets: 4, Open: open}, f.create)
		require.NoError(t, err)
		assert.Zero(t, f.open)
		if open > 0 {
			assert.LessOrEqual(t, f.most, open)
			assert.Greater(t, len(parts), 16, "months come back")
		} else {
			assert.Len(t, parts, 16, "four months in four buckets")
		}
		want := map[string][]storage.Entry{}
		for account, err := range storage.AllAccounts(t.Context(), store, storage.AccountQuery{Program: "beans"}) {
			require.NoError(t, err)
			for entry, err := range storage.AllEntries(t.Context(), store, storage.MemberQuery{Program: "beans", Member: account.Member}) {
				require.NoError(t, err)
				want[account.Member] = append(want[account.Member], entry)
			}
		}
		got := map[string][]storage.Entry{}
		rows := int64(0)
		for _, part := range parts {
			rows += part.Rows
			one := f.files[part.Name]
			assert.Equal(t, 1, one.closed, part.Name)
			for entry, err := range parquet.ReadLedger(bytes.NewReader(one.Bytes()), int64(one.Len())) {
				require.NoError(t, err)
				assert.Equal(t, part.Bucket, storage.Bucket(entry.Member)%4, "the bucket of %s", entry.Member)
				assert.Contains(t, part.Name, entry.OccurredAt.Format("month=2006-01/"), "the month")
				got[entry.Member] = append(got[entry.Member], entry)
			}
		}
		for member := range got {
			slices.SortFunc(got[member], func(a, b storage.Entry) int { return int(a.Version-b.Version)*100 + a.Ordinal - b.Ordinal })
		}
		assert.Equal(t, want, got)
		assert.Len(t, slices.Concat(slices.Collect(maps.Values(want))...), int(rows))
	}
}

func TestALedgerThatFailsClosesItsFiles(t *testing.T) {
	store := shop(t, 4)
	f := folder{fails: "2027-03"}
	_, err := parquet.WriteLedger(t.Context(), store, parquet.LedgerOptions{Program: "beans", Buckets: 1}, f.create)
	require.ErrorContains(t, err, "the disk is full")
	assert.Zero(t, f.open)

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = parquet.WriteLedger(gone, store, parquet.LedgerOptions{Program: "beans"}, f.create)
	require.ErrorIs(t, err, context.Canceled)

	_, err = parquet.WriteLedger(t.Context(), store, parquet.LedgerOptions{Buckets: 3, Open: -1}, f.create)
	require.ErrorIs(t, err, kpi.ErrInvalid)
	for _, path := range []string{"program: ", "buckets: ", "open: "} {
		require.ErrorContains(t, err, path)
	}
}

func TestLotsComeBackAsTheyAre(t *testing.T) {
	store := shop(t, 20)
	var file bytes.Buffer
	n, err := parquet.WriteLots(t.Context(), &file, store, "beans")
	require.NoError(t, err)
	var want, got []storage.Lot
	for account, err := range storage.AllAccounts(t.Context(), store, storage.AccountQuery{Program: "beans"}) {
		require.NoError(t, err)
		for lot, err := range storage.AllLots(t.Context(), store, storage.MemberQuery{Program: "beans", Member: account.Member}) {
			require.NoError(t, err)
			want = append(want, lot)
		}
	}
	for lot, err := range parquet.ReadLots(bytes.NewReader(file.Bytes()), int64(file.Len())) {
		require.NoError(t, err)
		got = append(got, lot)
	}
	assert.Equal(t, want, got)
	assert.Len(t, want, int(n))
	assert.GreaterOrEqual(t, n, int64(80))

	_, err = parquet.WriteLots(t.Context(), &file, store, "")
	require.ErrorIs(t, err, kpi.ErrInvalid)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = parquet.WriteLots(gone, &file, store, "beans")
	require.ErrorIs(t, err, context.Canceled)
	for _, err := range parquet.ReadLots(strings.NewReader("no file"), 7) {
		require.ErrorIs(t, err, parquet.ErrFile)
	}
}
