package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

func clock() time.Time { return time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC) }

func testShop(t *testing.T, members ...string) *shop {
	t.Helper()
	s, err := openShop(t.Context(), filepath.Join(t.TempDir(), "shop.db"), clock)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	for _, member := range members {
		_, err := s.engine.Do(t.Context(), loyalty.Enroll{Member: member, Key: "signup"})
		require.NoError(t, err)
	}
	return s
}

// has asserts how many orders and beans a member has, and that the books fit.
func (s *shop) has(t *testing.T, member string, wantOrders int, wantBeans points.Amount) {
	t.Helper()
	orders, err := s.orders(t.Context(), member)
	require.NoError(t, err)
	beans, err := s.beans(t.Context(), member)
	require.NoError(t, err)
	require.Equal(t, wantOrders, orders, "orders")
	require.Equal(t, wantBeans, beans, "beans")
	report, err := s.engine.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Problems)
}

func paid(context.Context) error { return nil }

func TestTheOrderAndItsPointsCommitTogether(t *testing.T) {
	s := testShop(t, "m-7301")
	receipt, err := s.sell(t.Context(), "m-7301", coffee("1001"), paid)
	require.NoError(t, err)
	require.EqualValues(t, 24, receipt.Awards[0].Points)
	s.has(t, "m-7301", 1, 24)
}

func TestTheOrderAndItsPointsRollBackTogether(t *testing.T) {
	tests := []struct {
		name   string
		before loyalty.Command
		member string
		order  string
		pay    func(cancel context.CancelFunc) error
		want   error
	}{
		{
			name: "The payment is declined after the points were awarded", member: "m-7301", order: "1002",
			pay: func(context.CancelFunc) error { return errDeclined }, want: errDeclined,
		},
		{
			name: "The customer's request is cancelled before the commit", member: "m-7301", order: "1002",
			pay: func(cancel context.CancelFunc) error { cancel(); return nil }, want: context.Canceled,
		},
		{
			name: "The member is suspended", member: "m-7301", order: "1002",
			before: loyalty.Suspend{Member: "m-7301", Key: "fraud"}, want: loyalty.ErrSuspended,
		},
		{
			name: "The member is not enrolled", member: "m-7302", order: "1002", want: loyalty.ErrNotEnrolled,
		},
		{
			name: "The order has earned for somebody else", member: "m-7303", order: "1001", want: loyalty.ErrOrderEarned,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := testShop(t, "m-7301", "m-7303")
			_, err := s.sell(t.Context(), "m-7301", coffee("1001"), paid)
			require.NoError(t, err)
			if test.before != nil {
				_, err := s.engine.Do(t.Context(), test.before)
				require.NoError(t, err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_, err = s.sell(ctx, test.member, coffee(test.order), func(context.Context) error {
				require.NotNil(t, test.pay, "the sale must be refused before it is paid")
				return test.pay(cancel)
			})
			require.ErrorIs(t, err, test.want)
			s.has(t, "m-7301", 1, 24)
			for head, err := range s.engine.Heads(t.Context()) {
				require.NoError(t, err)
				require.NotEqual(t, "m-7302", head.Member)
			}
			if errors.Is(test.want, errDeclined) {
				_, err := s.sell(t.Context(), test.member, coffee(test.order), paid)
				require.NoError(t, err, "the same order may be sold once it is paid")
				s.has(t, "m-7301", 2, 48)
			}
		})
	}
}

func TestNobodySeesASaleBeforeItsCommit(t *testing.T) {
	s := testShop(t, "m-7301")
	_, err := s.sell(t.Context(), "m-7301", coffee("1001"), func(context.Context) error {
		s.has(t, "m-7301", 0, 0)
		return nil
	})
	require.NoError(t, err)
	s.has(t, "m-7301", 1, 24)
}

func TestASaleThatIsRepeatedIsOneSale(t *testing.T) {
	s := testShop(t, "m-7301")
	first, err := s.sell(t.Context(), "m-7301", coffee("1001"), paid)
	require.NoError(t, err)
	again, err := s.sell(t.Context(), "m-7301", coffee("1001"), paid)
	require.NoError(t, err)
	require.True(t, again.Replayed)
	require.Equal(t, first.Version, again.Version)
	require.Equal(t, first.Balances, again.Balances)
	s.has(t, "m-7301", 1, 24)
}

func TestSeveralCommandsShareATransaction(t *testing.T) {
	for _, commit := range []bool{true, false} {
		t.Run(fmt.Sprintf("commit %t", commit), func(t *testing.T) {
			s := testShop(t)
			tx, err := s.db.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			_, err = tx.ExecContext(t.Context(), `INSERT INTO shop_orders (id, member, total) VALUES ('1001', 'm-7301', '24.90')`)
			require.NoError(t, err)
			engine := s.engine.WithStore(sqlstore.Bind(tx, sqlstore.SQLite))
			for _, cmd := range []loyalty.Command{
				loyalty.Enroll{Member: "m-7301", Key: "signup"},
				loyalty.Earn{Member: "m-7301", Key: "order-1001", Order: coffee("1001")},
				loyalty.Spend{Member: "m-7301", Key: "voucher", Unit: "bean", Points: 20},
			} {
				_, err := engine.Do(t.Context(), cmd)
				require.NoError(t, err)
			}
			_, err = engine.Do(t.Context(), loyalty.Spend{Member: "m-7301", Key: "more", Unit: "bean", Points: 20})
			require.ErrorIs(t, err, loyalty.ErrInsufficientPoints, "a refusal leaves the transaction usable")
			if commit {
				require.NoError(t, tx.Commit())
				s.has(t, "m-7301", 1, 4)
				return
			}
			require.NoError(t, tx.Rollback())
			_, err = s.beans(t.Context(), "m-7301")
			require.ErrorIs(t, err, loyalty.ErrNotEnrolled)
			orders, err := s.orders(t.Context(), "m-7301")
			require.NoError(t, err)
			require.Zero(t, orders)
		})
	}
}

func TestSalesToOneMemberAtOnceAreAllCounted(t *testing.T) {
	s := testShop(t, "m-7301")
	const sales = 12
	errs := make([]error, sales)
	var wait sync.WaitGroup
	for i := range sales {
		wait.Go(func() {
			pay := paid
			if i%3 == 0 {
				pay = func(context.Context) error { return errDeclined }
			}
			_, errs[i] = s.sell(t.Context(), "m-7301", coffee(fmt.Sprint(1000+i)), pay)
		})
	}
	wait.Wait()
	for i, err := range errs {
		if i%3 == 0 {
			require.ErrorIs(t, err, errDeclined)
		} else {
			require.NoError(t, err)
		}
	}
	s.has(t, "m-7301", 8, 8*24)
}
