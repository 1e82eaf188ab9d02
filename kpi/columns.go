package kpi

import (
	"fmt"
	"io"
	"iter"
	"math"
	"time"
)

// Columns are the orders of a log in memory, column by column: 20 bytes an order,
// and each member's id once. Their figures are those of the accumulators, computed
// on all cores. They do not change, so that any number of goroutines may read them.
type Columns struct {
	// names are the members' ids in ascending order, member is the place of each
	// order's among them.
	names  []string
	member []uint32
	// at is in microseconds since 1970, amount in 10^−decimals.
	at       []int64
	amount   []int64
	decimals int
}

// NewColumns makes columns of what the caller already has as such: members are ids
// in ascending order, each once; member is, for each order, the place of its member
// there; at is in microseconds since 1970 and amounts are in units of 10^−decimals.
// The slices are kept and must not change. An error wraps [ErrInvalid].
func NewColumns(members []string, member []uint32, at, amounts []int64, decimals int) (*Columns, error) {
	var problems Problems
	if len(member) != len(at) || len(at) != len(amounts) {
		problems.Add("member", "must be as many as at and amounts, are %d, %d and %d", len(member), len(at), len(amounts))
	}
	if len(at) > math.MaxUint32 || len(members) > math.MaxUint32 {
		problems.Add("at", "must be %d orders at most, are %d; use columns per shard of members", math.MaxUint32, len(at))
	}
	if decimals < 0 || decimals > amountDecimals {
		problems.Add("decimals", "must be 0 to %d, are %d", amountDecimals, decimals)
		return nil, problems.Err()
	}
	for i, name := range members {
		if name == "" || i > 0 && name <= members[i-1] {
			problems.Add(fmt.Sprintf("members[%d]", i), "must not be empty and must be above the one before it")
			break
		}
	}
	for i, m := range member {
		if uint64(m) >= uint64(len(members)) {
			problems.Add(fmt.Sprintf("member[%d]", i), "must be below %d, is %d", len(members), m)
			break
		}
	}
	for i, t := range at {
		if t < firstSecond*microsecond || t >= (lastSecond+1)*microsecond {
			problems.Add(fmt.Sprintf("at[%d]", i), "must be in the years 1900 to 2199, is %d", t)
			break
		}
	}
	for i, a := range amounts {
		if _, err := NewAmount(a, decimals); err != nil {
			problems.Add(fmt.Sprintf("amounts[%d]", i), "%v", err)
			break
		}
	}
	return &Columns{members, member, at, amounts, decimals}, problems.Err()
}

// Collect reads a log into columns. The error is the sequence's, or wraps
// [ErrOrder] or [ErrAmount]: all amounts must fit in 64 bits with the decimals of the
// finest one.
func Collect(orders iter.Seq2[Order, error]) (*Columns, error) {
	var b columnsBuilder
	if err := Feed(&b, orders); err != nil {
		return nil, err
	}
	return b.columns(), nil
}

// CollectCSV reads a file into columns: what [Collect] makes of [ReadCSV], with members
// looked up once. The first row that is no order ends it with its [*RowError].
func CollectCSV(r io.Reader, o *CSVOptions) (*Columns, error) {
	var b columnsBuilder
	var failed error
	f := newCSVFile(r, o)
	f.each(func(row *plainRow, err error) bool {
		if failed = err; failed == nil {
			failed = b.append(row.order.At.UnixMicro(), row.order.Amount)
		}
		b.member = append(b.member, row.number)
		return failed == nil
	})
	if failed != nil {
		return nil, failed
	}
	b.members = f.members
	return b.columns(), nil
}

type columnsBuilder struct {
	members memberTable
	Columns
	// waiting are the members of the last orders, who have no numbers yet.
	waiting memberBatch
}

// Add appends an order.
func (b *columnsBuilder) Add(o Order) error {
	at, err := o.check()
	if err != nil {
		return err
	}
	if err := b.append(at, o.Amount); err != nil {
		return err
	}
	if b.waiting.add(o.Member) {
		b.number()
	}
	return nil
}

func (b *columnsBuilder) append(at int64, money Amount) error {
	amount, err := b.fit(money)
	if err != nil {
		return err
	}
	b.at = append(b.at, at)
	b.amount = append(b.amount, amount)
	return nil
}

// number numbers the members who wait.
func (b *columnsBuilder) number() { b.member = b.members.numbers(b.member, &b.waiting) }

// fit returns an amount in the columns' units, which become finer where need be.
func (b *columnsBuilder) fit(a Amount) (int64, error) {
	for decimals := b.decimals; decimals <= amountDecimals; decimals++ {
		value, exact, fits := a.in(decimals)
		if !exact {
			continue
		}
		if !fits || !b.refine(decimals) {
			break
		}
		return value, nil
	}
	return 0, fmt.Errorf("%w: %s and amounts before it do not fit in 64 bits with the same decimals", ErrAmount, a)
}

func (b *columnsBuilder) refine(decimals int) bool {
	if decimals == b.decimals {
		return true
	}
	factor := int64(powersOfTen[decimals-b.decimals])
	for _, a := range b.amount {
		if a > math.MaxInt64/factor || a < -math.MaxInt64/factor {
			return false
		}
	}
	for i := range b.amount {
		b.amount[i] *= factor
	}
	b.decimals = decimals
	return true
}

// columns numbers the members in the order of their ids.
func (b *columnsBuilder) columns() *Columns {
	b.number()
	order := b.members.byName()
	names, place := make([]string, len(order)), make([]uint32, len(order))
	for i, m := range order {
		names[i], place[m] = b.members.names[m], uint32(i)
	}
	c := b.Columns
	c.names = names
	for i, m := range c.member {
		c.member[i] = place[m]
	}
	return &c
}

// Len is the number of orders.
func (c *Columns) Len() int { return len(c.at) }

// Members is the number of members.
func (c *Columns) Members() int { return len(c.names) }

// All ranges over the orders as they were collected. Instants are in UTC.
func (c *Columns) All() iter.Seq[Order] {
	return func(yield func(Order) bool) {
		unit := powersOfTen[amountDecimals-c.decimals]
		for i, at := range c.at {
			if !yield(Order{Member: c.names[c.member[i]], At: time.UnixMicro(at).UTC(), Amount: scaled(c.amount[i], unit)}) {
				return
			}
		}
	}
}
