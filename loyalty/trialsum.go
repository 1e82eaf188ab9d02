package loyalty

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// books are sums over all entries that were recorded by an instant.
type books struct {
	// Accounts counts the accounts that existed, Print is a sum over their versions
	// that tells whether the ledger up to the instant is still the same.
	Accounts int64       `json:"accounts,omitempty"`
	Print    int64       `json:"print,omitempty"`
	Sums     []flow      `json:"sums,omitempty"`
	Months   []monthFlow `json:"months,omitempty"`
}

// flow is the sum of entries of one unit and kind between two buckets.
type flow struct {
	Unit    string           `json:"u"`
	Kind    points.EntryKind `json:"k"`
	From    points.Bucket    `json:"f"`
	To      points.Bucket    `json:"t"`
	Amount  points.Amount    `json:"a"`
	Entries int64            `json:"n"`
}

// monthFlow is what of a unit's points that were earned in a month is where, or how
// that changed.
type monthFlow struct {
	Unit      string        `json:"u"`
	Month     string        `json:"m"`
	Pending   points.Amount `json:"p,omitempty"`
	Available points.Amount `json:"a,omitempty"`
	Held      points.Amount `json:"h,omitempty"`
}

func compareFlows(a, b flow) int {
	return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
}

func compareMonths(a, b monthFlow) int {
	return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Month, b.Month))
}

func (b *books) copy() *books {
	next := *b
	next.Sums, next.Months = slices.Clone(b.Sums), slices.Clone(b.Months)
	return &next
}

// add adds another books' sums.
func (b *books) add(other *books) error {
	b.Accounts += other.Accounts
	b.Print += other.Print
	for _, sum := range other.Sums {
		if err := b.addFlow(sum); err != nil {
			return err
		}
	}
	for _, month := range other.Months {
		if err := b.addMonth(month); err != nil {
			return err
		}
	}
	return nil
}

func (b *books) addFlow(f flow) error {
	i, found := slices.BinarySearchFunc(b.Sums, f, compareFlows)
	if !found {
		b.Sums = slices.Insert(b.Sums, i, f)
		return nil
	}
	var err error
	b.Sums[i].Entries += f.Entries
	b.Sums[i].Amount, err = b.Sums[i].Amount.Add(f.Amount)
	return err
}

func (b *books) addMonth(m monthFlow) error {
	i, found := slices.BinarySearchFunc(b.Months, m, compareMonths)
	if !found {
		b.Months = slices.Insert(b.Months, i, m)
		return nil
	}
	have := &b.Months[i]
	for _, side := range []struct {
		sum *points.Amount
		by  points.Amount
	}{{&have.Pending, m.Pending}, {&have.Available, m.Available}, {&have.Held, m.Held}} {
		var err error
		if *side.sum, err = side.sum.Add(side.by); err != nil {
			return err
		}
	}
	return nil
}

// count notes that an account was at a version.
func (b *books) count(member string, version int64) {
	if version == 0 {
		return
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(member)) // a hash never fails to write
	_, _ = h.Write(strconv.AppendInt([]byte{0}, version, 10))
	b.Accounts++
	b.Print += int64(h.Sum64()) //nolint:gosec // a digest may wrap
}

// lotFlow is what entries changed of one lot, by the bucket that its points are in.
type lotFlow struct {
	unit                     string
	pending, available, held points.Amount
}

// perLot is what entries changed of an account's lots.
type perLot map[points.LotID]*lotFlow

// book adds an entry's effect on the lots that it moves points out of and into.
func (l perLot) book(e *points.Entry) error {
	if e.Lot == 0 {
		return nil
	}
	if err := l.move(e.Lot, e.Unit, e.From, -e.Amount); err != nil {
		return err
	}
	// A negative Into is a lot of another account, which has an entry of its own.
	into := e.Lot
	if e.Into > 0 {
		into = e.Into
	}
	return l.move(into, e.Unit, e.To, e.Amount)
}

func (l perLot) move(lot points.LotID, unit string, bucket points.Bucket, by points.Amount) error {
	flow := l[lot]
	if flow == nil {
		flow = &lotFlow{unit: unit}
		l[lot] = flow
	}
	var field *points.Amount
	switch bucket {
	case points.Pending:
		field = &flow.pending
	case points.Available:
		field = &flow.available
	case points.Held:
		field = &flow.held
	default:
		return nil
	}
	var err error
	*field, err = field.Add(by)
	return err
}

// monthOf names a month in the program's zone, such as "2027-03".
func monthOf(t time.Time, zone *time.Location) string { return t.In(zone).Format("2006-01") }
