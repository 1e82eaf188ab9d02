package orderlog

import (
	"context"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// FreeCoffee is what the till asks when a regular orders: enough points for a
// coffee on the house? A command of this shop's own, made of the same
// primitives as the library's.
//
// Not having enough is an answer and no error, so that it is stored: a log that
// is replayed again gets the answer of the first time.
type FreeCoffee struct {
	Member     string        `json:"member"`
	Key        string        `json:"key"`
	Unit       string        `json:"unit"`
	Price      points.Amount `json:"price"`
	OccurredAt time.Time     `json:"occurredAt"`
}

// Plan implements loyalty.Command.
func (c FreeCoffee) Plan() loyalty.Plan {
	return loyalty.Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt,
		Debits: []loyalty.Debit{{Unit: c.Unit, Amount: c.Price}},
	}
}

// Apply implements loyalty.Command.
func (c FreeCoffee) Apply(_ context.Context, tx *loyalty.Tx) error {
	if err := tx.CanRedeem(); err != nil {
		return err
	}
	enough := tx.Balance(c.Unit).Available >= c.Price
	if err := tx.Answer(struct {
		Free bool `json:"free"`
	}{enough}); err != nil || !enough {
		return err
	}
	return tx.Debit(c.Unit, c.Price)
}
