package postgres

import (
	"math"
	"strconv"

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

// findSpendable finds the first lots of debits, in consumption order.
var findSpendable = lookupSpendable()

func lookupSpendable() *shape {
	all, as := keysOf("program text, member text, expires_at integer, unit text, most integer")
	first := func(values []string) string {
		return " FROM loyalty_lots AS l WHERE l.program = " + values[0] + " AND l.member = " + values[1] +
			" AND l.open = 1 AND l.expires_at > " + values[2] + " AND l.unit = " + values[3] +
			" AND l.state = 2 AND l.remaining > 0" + consumption + " LIMIT " + values[4]
	}
	var one, many []string
	for i := range all {
		one, many = append(one, "$"+strconv.Itoa(i+1)), append(many, "asked."+as[i])
	}
	return shapeOf(all, "SELECT 1::bigint, "+lotColumns+first(one), askedFor(all, as)+"(SELECT "+lotColumns+first(many)+") AS found")
}

// debits loads the lots that debits of all requests begin with by one statement, and
// pages of lots by one each.
func (l *loading) debits(t *trip) {
	asked := &arguments{shape: findSpendable}
	var takes []func(*row) error
	for i := range l.requests {
		r := &l.requests[i]
		add := func(row *row) error {
			l.addLot(row, i)
			return nil
		}
		for _, debit := range r.Debits {
			limit, after := int64(storage.LimitOf(debit.Limit)), rowcodec.Micros(debit.After)
			switch {
			case debit.Unit == "":
				t.query(add, getOpenLots, r.Program, r.Member, limit)
			case debit.Amount > 0 && l.whole:
				t.query(add, getDebit, r.Program, r.Member, after, debit.Unit, limit, int64(debit.Amount))
			default:
				asked.add(r.Program, r.Member, after, debit.Unit, int64(firstOf(debit)))
				takes = append(takes, l.firstLots(t, i, debit))
			}
		}
	}
	t.find(asked, func(r *row, place int) { _ = takes[place](r) }) // which reads lots into memory
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
