package figures

import (
	"context"
	"fmt"
	"iter"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// OrderOptions say which orders count.
type OrderOptions struct {
	// Currency is the one whose orders count; those of others are left out, for
	// amounts of two currencies have no sum. It is required.
	Currency string
	// Customer, if set, names the customer that an account's orders belong to, such as
	// the survivor of a merge; empty leaves the account out.
	Customer func(member string) string
}

// LostError is an order or a refund that the store no longer tells enough of: its
// command was pruned, its member was erased, or it is the refund of an order that another account
// earned. Who goes on gets the orders behind it.
type LostError struct {
	Member  string
	Version int64
	Err     error
}

// Error says which operation it is.
func (e *LostError) Error() string {
	return fmt.Sprintf("figures: operation %d of %s: %v", e.Version, loyalty.AccountName(e.Member), e.Err)
}

// Unwrap returns the reason.
func (e *LostError) Unwrap() error { return e.Err }

// Orders ranges over the orders that earned and their refunds, account by account
// in order of member, each account's in the order recorded. The money is that of
// the order's lines, after discounts and before tax, without shipping and fees; a
// refund is an order with an amount below zero at its own time, and all refunds of an
// order together never pass its amount. It belongs to the account that earned,
// unless Customer says otherwise.
//
// It yields a [*LostError] for what cannot be read, and ends after any other error.
func Orders(ctx context.Context, engine *loyalty.Engine, store storage.Store, o OrderOptions) iter.Seq2[kpi.Order, error] {
	return func(yield func(kpi.Order, error) bool) {
		if o.Currency == "" {
			yield(kpi.Order{}, fmt.Errorf("figures: %w: name the currency whose orders count", kpi.ErrInvalid))
			return
		}
		program := engine.Program(points.Never).ID
		query := storage.AccountQuery{Program: program, Limit: 1000}
		for more := true; more; more = query.After != "" {
			page, err := store.Accounts(ctx, query)
			if err != nil {
				yield(kpi.Order{}, fmt.Errorf("figures: accounts: %w", err))
				return
			}
			if !ordersOf(ctx, engine, store, &o, page.Items, yield) {
				return
			}
			query.After = page.Next
		}
	}
}

// ordersOf yields the orders of accounts of a program and reports whether to go on.
func ordersOf(ctx context.Context, engine *loyalty.Engine, store storage.Store, o *OrderOptions, accounts []storage.Account, yield func(kpi.Order, error) bool) bool {
	readers := make([]orderReader, 0, len(accounts))
	members := make([]string, 0, len(accounts))
	for i := range accounts {
		r := orderReader{engine: engine, options: o, account: &accounts[i], customer: accounts[i].Member}
		if o.Customer != nil {
			r.customer = o.Customer(r.account.Member)
		}
		if r.account.Kind == storage.Person && r.customer != "" {
			readers, members = append(readers, r), append(members, r.account.Member)
		}
	}
	erased, err := loyalty.ErasedAmong(ctx, store, engine.Program(points.Never).ID, members)
	if err != nil {
		yield(kpi.Order{}, fmt.Errorf("figures: accounts: %w", err))
		return false
	}
	for i := range readers {
		readers[i].erased = erased[members[i]]
		if !readers[i].read(ctx, store, yield) {
			return false
		}
	}
	return true
}

// orderReader reads the orders of one account.
type orderReader struct {
	engine   *loyalty.Engine
	options  *OrderOptions
	account  *storage.Account
	customer string
	erased   bool
	orders   map[string]*goods
}

// read yields the orders of the account and reports whether to go on.
func (r *orderReader) read(ctx context.Context, store storage.Store, yield func(kpi.Order, error) bool) bool {
	query := storage.MemberQuery{Program: r.account.Program, Member: r.account.Member, Limit: 1000}
	for op, err := range storage.AllOperations(ctx, store, query) {
		if err != nil {
			yield(kpi.Order{}, fmt.Errorf("figures: operations of %s: %w", loyalty.AccountName(query.Member), err))
			return false
		}
		if op.Type != "earn" && op.Type != "refund" {
			continue
		}
		amount, counts, err := r.money(&op)
		if err != nil {
			if !yield(kpi.Order{}, &LostError{Member: op.Member, Version: op.Version, Err: err}) {
				return false
			}
			continue
		}
		if counts && !yield(kpi.Order{Member: r.customer, At: op.OccurredAt, Amount: amount}, nil) {
			return false
		}
	}
	return true
}

// money returns the amount of an order or, below zero, of a refund.
func (r *orderReader) money(op *storage.Operation) (amount kpi.Amount, counts bool, err error) {
	if r.erased {
		return amount, false, loyalty.ErrErased
	}
	command, err := r.engine.Decode(*op)
	if err != nil {
		return amount, false, err
	}
	switch c := command.(type) {
	case loyalty.Earn:
		if r.orders == nil {
			r.orders = map[string]*goods{}
		}
		g := newGoods(&c.Order)
		r.orders[c.Order.ID] = g
		amount, err = kpi.AmountOf(g.total)
		return amount, g.currency == r.options.Currency, err
	case loyalty.Refund:
		if !c.Full && len(c.Lines) == 0 && c.Amount.IsZero() {
			return amount, false, nil // it gives points back and no money
		}
		g := r.orders[c.Order]
		if g == nil {
			return amount, false, fmt.Errorf("it refunds order %q, which this account did not earn with", c.Order)
		}
		back, err := g.refund(points.Refund{Full: c.Full, Lines: c.Lines, Amount: c.Amount})
		if err != nil {
			return amount, false, err
		}
		amount, err = kpi.AmountOf(back.Neg())
		return amount, g.currency == r.options.Currency && !back.IsZero(), err
	default:
		return amount, false, nil
	}
}

// goods is the money of an order's lines, and what came back of it.
type goods struct {
	currency string
	state    points.OrderState
	// lines is how many lines are goods; shipping and fees follow them.
	lines           int
	total, returned decimal.Decimal
}

func newGoods(order *points.Order) *goods {
	g := &goods{currency: order.Currency, state: points.NewOrderState(*order, nil), lines: len(order.Lines)}
	for i := range order.Lines {
		g.total = g.total.Add(order.Lines[i].Amount)
	}
	return g
}

// refund returns what comes back. What has come back is rounded to 12 decimals as a
// whole, so that parts add up to the total.
func (g *goods) refund(r points.Refund) (decimal.Decimal, error) {
	if _, err := g.state.Refund(r); err != nil {
		return decimal.Zero, err
	}
	all := g.state.Refunded
	for i := range g.state.Lines[:g.lines] {
		l := &g.state.Lines[i]
		pieces := l.Amount.Mul(decimal.NewFromInt(l.RefundedQuantity)).DivRound(decimal.NewFromInt(max(l.Quantity, 1)), 12)
		all = all.Add(decimal.Min(l.Amount, l.Refunded.Add(pieces)))
	}
	if all = decimal.Min(all, g.total); g.state.Full {
		all = g.total
	}
	back := all.Sub(g.returned)
	g.returned = all
	return back, nil
}
