package postgres

import (
	"math"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/rowcodec"
)

const (
	getOpenLots  = "SELECT " + lotColumns + " FROM loyalty_lots" + ofAccount + " AND open = 1" + consumption + " LIMIT $3"
	getSpendable = "SELECT " + lotColumns + " FROM loyalty_lots" + ofAccount +
		" AND open = 1 AND expires_at > $3 AND unit = $4 AND state = 2 AND remaining > 0" + consumption + " LIMIT $5"
	// getDebit leaves out lots after those that cover an amount.
	getDebit = "SELECT " + lotColumns + " FROM (SELECT " + lotColumns + ", sum(remaining) OVER (" + "ORDER BY expires_at, earned_at, lot" +
		" ROWS UNBOUNDED PRECEDING) - remaining AS before FROM (" + getSpendable + ") AS open) AS counted WHERE before < $6::bigint" + consumption
)

// few is how many lots are read for a debit at first. Nearly all debits take fewer, and
// where the server adds up lots to know where to stop, it reads all that are open.
const few = 12

func firstOf(debit storage.Debit) int {
	limit := storage.LimitOf(debit.Limit)
	if debit.Amount > 0 {
		return min(limit, few)
	}
	return limit
}

func (l *loading) debit(t *trip, i int, debit storage.Debit) {
	r, limit := &l.requests[i], int64(storage.LimitOf(debit.Limit))
	add := func(row *row) error {
		l.addLot(row, i)
		return nil
	}
	after := rowcodec.Micros(debit.After)
	switch {
	case debit.Unit == "":
		t.query(add, getOpenLots, r.Program, r.Member, limit)
	case debit.Amount > 0 && l.whole:
		t.query(add, getDebit, r.Program, r.Member, after, debit.Unit, limit, int64(debit.Amount))
	default:
		t.query(l.firstLots(t, i, debit), getSpendable, r.Program, r.Member, after, debit.Unit, int64(firstOf(debit)))
	}
}

// firstLots takes the first lots of a debit up to the one that covers it. Where they do
// not and there may be more, the load is short.
func (l *loading) firstLots(t *trip, i int, debit storage.Debit) func(*row) error {
	var sum points.Amount
	n := 0
	t.forget(func() { sum, n = 0, 0 })
	cut := firstOf(debit) < storage.LimitOf(debit.Limit)
	return func(row *row) error {
		if debit.Amount > 0 && sum >= debit.Amount {
			return nil
		}
		l.addLot(row, i)
		lots := l.snapshots[i].Lots
		sum += min(lots[len(lots)-1].Remaining, math.MaxInt64-sum)
		n++
		if cut && n == few && sum < debit.Amount {
			l.short = true
		}
		return nil
	}
}
