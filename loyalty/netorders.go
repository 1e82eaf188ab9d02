package loyalty

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// NetOrder is an order that was refunded in full and of which the member nevertheless
// kept points.
type NetOrder struct {
	Member string `json:"member"`
	Order  string `json:"order"`
	Unit   string `json:"unit"`
	// Earned is what the order earned, Reversed what refunds took back of it, as debt
	// or otherwise.
	Earned   points.Amount `json:"earned"`
	Reversed points.Amount `json:"reversed"`
}

// Net is what the member kept.
func (o NetOrder) Net() points.Amount { return o.Earned - o.Reversed }

// NetOrders iterates over the orders that were refunded in full and of which members
// kept points, by member: where the points were spent and the program refuses debt. A
// program that allows debt has none. It compares what orders earned with the entries
// that took it back, so it reads the records of all orders, and the entries of members
// who have an order that was refunded in full.
func (e *Engine) NetOrders(ctx context.Context) iter.Seq2[NetOrder, error] {
	return func(yield func(NetOrder, error) bool) {
		n := netOrders{engine: e}
		for row, err := range storage.AllRecords(ctx, e.store, storage.RecordQuery{Program: e.program, Kind: orderKind, Limit: 1000}) {
			var found []NetOrder
			if err == nil {
				found, err = n.look(ctx, row)
			}
			if err != nil {
				yield(NetOrder{}, fmt.Errorf("loyalty: net orders: %w", err))
				return
			}
			for _, order := range found {
				if !yield(order, nil) {
					return
				}
			}
		}
	}
}

// netOrders keeps what refunds took of one member's orders.
type netOrders struct {
	engine   *Engine
	member   string
	reversed map[orderUnit]points.Amount
}

type orderUnit struct{ order, unit string }

// look compares one order.
func (n *netOrders) look(ctx context.Context, row storage.Record) ([]NetOrder, error) {
	if Moved(row) || row.Status == erasedState {
		return nil, nil
	}
	var state orderState
	if err := json.Unmarshal(row.Data, &state); err != nil {
		return nil, fmt.Errorf("order %q of %s: %w", row.ID, AccountName(row.Member), err)
	}
	earned := map[string]points.Amount{}
	var units []string
	for i := range state.Awards {
		a := &state.Awards[i]
		if a.Taken != a.Total() {
			return nil, nil
		}
		if _, known := earned[a.Unit]; !known {
			units = append(units, a.Unit)
		}
		earned[a.Unit] += a.Taken
	}
	if len(units) == 0 {
		return nil, nil
	}
	if row.Member != n.member {
		n.member, n.reversed = row.Member, map[orderUnit]points.Amount{}
		if err := n.read(ctx, row.Member); err != nil {
			return nil, err
		}
	}
	order := cmp.Or(state.As, row.ID)
	taken := n.reversed
	if state.From != "" {
		before := netOrders{engine: n.engine, reversed: map[orderUnit]points.Amount{}}
		if err := before.read(ctx, state.From); err != nil {
			return nil, err
		}
		for key, amount := range n.reversed {
			before.reversed[key] += amount
		}
		taken = before.reversed
	}
	var found []NetOrder
	for _, unit := range units {
		o := NetOrder{Member: row.Member, Order: order, Unit: unit, Earned: earned[unit], Reversed: taken[orderUnit{order, unit}]}
		if o.Net() > 0 {
			found = append(found, o)
		}
	}
	return found, nil
}

// read adds up what refunds took of a member's orders.
func (n *netOrders) read(ctx context.Context, member string) error {
	for entry, err := range storage.AllEntries(ctx, n.engine.store, storage.MemberQuery{Program: n.engine.program, Member: member, Limit: 1000}) {
		if err != nil {
			return fmt.Errorf("%s: %w", AccountName(member), err)
		}
		if entry.Kind != points.EntryReverse {
			continue
		}
		order, err := n.orderOf(ctx, &entry)
		if err != nil {
			return fmt.Errorf("%s: %w", AccountName(member), err)
		}
		n.reversed[orderUnit{order, entry.Unit}] += entry.Amount
	}
	return nil
}

// orderOf returns the order that an entry of a refund is about: its operation says so.
func (n *netOrders) orderOf(ctx context.Context, entry *storage.Entry) (string, error) {
	if entry.Reference != "" {
		return entry.Reference, nil
	}
	page, err := n.engine.store.Operations(ctx, storage.MemberQuery{
		Program: n.engine.program, Member: entry.Member, From: entry.Version, Limit: 1,
	})
	if err != nil || len(page.Items) == 0 {
		return "", err
	}
	return page.Items[0].Reference, nil
}
