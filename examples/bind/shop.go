package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// shop is a host: it has tables of its own in the database that the engine's are
// in.
type shop struct {
	db     *sql.DB
	store  *sqlite.Store
	engine *loyalty.Engine
}

func program() loyalty.Program {
	return loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units:   []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(12, points.Months)}},
		Earning: []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}},
	}
}

// openShop opens the shop's database. The caller closes the shop.
func openShop(ctx context.Context, path string, clock func() time.Time) (*shop, error) {
	store, err := sqlite.Open(path, nil)
	if err != nil {
		return nil, err
	}
	s := &shop{db: store.DB(), store: store}
	const orders = `CREATE TABLE IF NOT EXISTS shop_orders (
		id TEXT NOT NULL PRIMARY KEY, member TEXT NOT NULL, total TEXT NOT NULL) STRICT`
	if _, err := s.db.ExecContext(ctx, orders); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	s.engine, err = loyalty.New(loyalty.Revisions{program()}, store, &loyalty.Options{Clock: clock})
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return s, nil
}

func (s *shop) Close() error { return s.store.Close() }

// attempts bounds how often a sale is run again because the database refused its
// transaction.
const attempts = 16

// sell stores an order and awards its points in one transaction of the shop's: both
// are there afterwards, or neither. The same order again is answered by the same
// receipt.
func (s *shop) sell(ctx context.Context, member string, order points.Order, pay func(context.Context) error) (loyalty.Receipt, error) {
	for range attempts {
		receipt, err := s.sellOnce(ctx, member, order, pay)
		if !errors.Is(err, loyalty.ErrRetryTransaction) {
			return receipt, err
		}
	}
	return loyalty.Receipt{}, fmt.Errorf("order %s: %d attempts: %w", order.ID, attempts, loyalty.ErrRetryTransaction)
}

func (s *shop) sellOnce(ctx context.Context, member string, order points.Order, pay func(context.Context) error) (receipt loyalty.Receipt, err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return loyalty.Receipt{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, undo(tx))
		}
	}()
	// The transaction begins with a write, so that SQLite lets it wait for its turn.
	_, err = tx.ExecContext(ctx, `INSERT INTO shop_orders (id, member, total) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
		order.ID, member, total(order).StringFixed(2))
	if err != nil {
		return loyalty.Receipt{}, fmt.Errorf("order %s: %w", order.ID, err)
	}
	receipt, err = s.engine.WithStore(sqlstore.Bind(tx, sqlstore.SQLite)).Do(ctx, loyalty.Earn{
		Member: member, Key: "order-" + order.ID, Order: order,
	})
	if err != nil {
		return loyalty.Receipt{}, err
	}
	if err := pay(ctx); err != nil {
		return loyalty.Receipt{}, fmt.Errorf("order %s: %w", order.ID, err)
	}
	if err := tx.Commit(); err != nil {
		return loyalty.Receipt{}, fmt.Errorf("order %s: %w", order.ID, err)
	}
	return receipt, nil
}

// undo rolls back what is not rolled back already.
func undo(tx *sql.Tx) error {
	if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

func total(order points.Order) decimal.Decimal {
	sum := order.Shipping.Add(order.Fees)
	for _, line := range order.Lines {
		sum = sum.Add(line.Amount).Add(line.Tax)
	}
	return sum
}

// orders counts the shop's orders of a member.
func (s *shop) orders(ctx context.Context, member string) (int, error) {
	var n int
	err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM shop_orders WHERE member = ?`, member).Scan(&n)
	return n, err
}

// beans is what a member has.
func (s *shop) beans(ctx context.Context, member string) (points.Amount, error) {
	m, err := s.engine.Member(ctx, member)
	return m.Balance("bean").Available, err
}
