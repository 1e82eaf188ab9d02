package loyalty

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

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
// program that allows debt has none. It reads the records of all orders, which keep what
// refunds did not find: an order is told apart from others of its id, wherever merges have
// taken it meanwhile. What metrics counted is not looked at. Orders of who was erased are
// not listed, see [Records].
func (e *Engine) NetOrders(ctx context.Context) iter.Seq2[NetOrder, error] {
	return func(yield func(NetOrder, error) bool) {
		for row, err := range Records(ctx, e.store, storage.RecordQuery{Program: e.program, Kind: orderKind, Limit: 1000}) {
			var found []NetOrder
			if err == nil {
				found, err = netOrders(row)
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

// netOrders lists, by unit, what was kept of an order.
func netOrders(row storage.Record) ([]NetOrder, error) {
	var state orderState
	if err := json.Unmarshal(row.Data, &state); err != nil {
		return nil, fmt.Errorf("order %q of %s: %w", row.ID, AccountName(row.Member), err)
	}
	var units []NetOrder
	for i := range state.Awards {
		a := &state.Awards[i]
		if a.Taken != a.Total() {
			return nil, nil
		}
		at := slices.IndexFunc(units, func(o NetOrder) bool { return o.Unit == a.Unit })
		if at < 0 {
			at = len(units)
			units = append(units, NetOrder{Member: row.Member, Order: cmp.Or(state.As, row.ID), Unit: a.Unit})
		}
		units[at].Earned += a.Taken
		units[at].Reversed += a.Taken - state.short(i)
	}
	return slices.DeleteFunc(units, func(o NetOrder) bool { return o.Net() == 0 }), nil
}
