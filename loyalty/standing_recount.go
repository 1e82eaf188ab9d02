package loyalty

import (
	"cmp"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// recount counts the days of all metrics of ladders again, from the ledger. Where the read is
// cut, the next one goes on from the entry at which it was.
func (p *Party) recount() error {
	d := p.tx.deciding
	if !d.alone {
		d.wantsAlone = true
		return p.tx.fail(errAlone)
	}
	d.engine.observer.UndeclaredRead(p.tx.call.typ)
	days := d.engine.recounts.take(p.row.Member)
	if days == nil || days.last.Version > p.base.loaded {
		days = d.engine.newDayCounter()
	}
	query := storage.MemberQuery{Program: p.row.Program, Member: p.row.Member, AtVersion: p.base.loaded, From: days.last.Version, Limit: 1000}
	for entry, err := range storage.AllEntries(d.ctx, d.store, query) {
		if err != nil {
			d.engine.recounts.keep(p.row.Member, days)
			if errors.Is(err, storage.ErrConflict) {
				err = errStale
			}
			return p.tx.fail(err)
		}
		if ref := refOf(&entry); compareRefs(ref, days.last) > 0 {
			if err := days.add(&entry); err != nil {
				return p.tx.fail(err)
			}
			days.last = ref
		}
	}
	err := p.recountNew(days)
	if err == nil {
		err = days.finish(p.today())
	}
	if err != nil {
		return p.tx.fail(err)
	}
	p.row.Days, p.daysOwned = days.days, true
	return nil
}

// recountNew counts what the store does not have yet: entries of steps that this round has
// decided before, and those of the step itself.
func (p *Party) recountNew(days *dayCounter) error {
	for i := range p.base.counted {
		if err := days.add(&p.base.counted[i]); err != nil {
			return err
		}
	}
	for i := range p.entries {
		entry := storage.Entry{Program: p.row.Program, Member: p.row.Member, Version: p.base.row.Version + 1, Ordinal: i, Entry: p.entries[i]}
		if err := days.add(&entry); err != nil {
			return err
		}
	}
	return nil
}

// maxRecounts bounds how many ledgers are remembered that were read in part.
const maxRecounts = 16

// recounts remembers how far ledgers were read whose reads were cut: what is read is never
// changed.
type recounts struct {
	mu   sync.Mutex
	list []recountOf
}

type recountOf struct {
	member string
	days   *dayCounter
}

// take returns what was counted of a member's ledger, nil for none, and forgets it.
func (r *recounts) take(member string) *dayCounter {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, of := range r.list {
		if of.member == member {
			r.list = slices.Delete(r.list, i, i+1)
			return of.days
		}
	}
	return nil
}

// keep remembers what was counted. Of too many ledgers the one that was cut first goes.
func (r *recounts) keep(member string, days *dayCounter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = slices.DeleteFunc(r.list, func(of recountOf) bool { return of.member == member })
	if len(r.list) == maxRecounts {
		r.list = slices.Delete(r.list, 0, 1)
	}
	r.list = append(r.list, recountOf{member: member, days: days})
}

// dayCounter counts days from entries in the order of the ledger.
type dayCounter struct {
	metrics []string
	zone    func(time.Time) *time.Location
	days    []storage.DayCount
	// on says on which days entries counted.
	on     countedRuns
	closed map[string]points.Amount
	// last is the entry up to which the ledger was read.
	last points.EntryRef
}

// countedRun is a run of entries of the ledger that counted on the same day, or took
// something back: there are about as many as days. At is the last instant of its entries.
type countedRun struct {
	first, last points.EntryRef
	day         tiers.Day
	at          time.Time
}

// countedRuns says on which days entries counted, in the order of the ledger.
type countedRuns []countedRun

func (e *Engine) newDayCounter() *dayCounter {
	return &dayCounter{
		metrics: e.kept.metrics, zone: func(at time.Time) *time.Location { return revisionAt(e.revisions, at).zone },
		closed: map[string]points.Amount{},
	}
}

func refOf(e *storage.Entry) points.EntryRef {
	return points.EntryRef{Version: e.Version, Ordinal: e.Ordinal}
}

func compareRefs(a, b points.EntryRef) int {
	return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(a.Ordinal, b.Ordinal))
}

// add counts an entry on its day, which is that of the entry that it corrects.
func (c *dayCounter) add(entry *storage.Entry) (err error) {
	taken := entry.From == points.Counted
	if !taken && entry.To != points.Counted || !slices.Contains(c.metrics, entry.Unit) {
		return nil
	}
	switch {
	case entry.Kind == points.EntryMergeOut:
		c.closed[entry.Unit] += entry.Amount
		return nil
	case entry.Kind == points.EntryUnmerge && !taken:
		c.closed[entry.Unit] -= entry.Amount
		return nil
	}
	var day tiers.Day
	if run := c.on.of(entry.Corrects); run != nil {
		day = run.day
	} else {
		day = tiers.DayOf(entry.OccurredAt, c.zone(entry.OccurredAt))
		c.on.note(refOf(entry), day, entry.OccurredAt)
	}
	amount := entry.Amount
	if taken {
		amount = -amount
	}
	c.days, err = countDay(c.days, entry.Unit, day, amount)
	return err
}

// note notes the day of an entry, which comes after all that were noted.
func (r *countedRuns) note(entry points.EntryRef, day tiers.Day, at time.Time) {
	if n := len(*r); n > 0 && (*r)[n-1].day == day {
		run := &(*r)[n-1]
		run.last, run.at = entry, later(run.at, at)
		return
	}
	*r = append(*r, countedRun{first: entry, last: entry, day: day, at: at})
}

// of is the run that an entry counted in, nil where it did not count.
func (r countedRuns) of(entry points.EntryRef) *countedRun {
	i, found := slices.BinarySearchFunc(r, entry, func(run countedRun, entry points.EntryRef) int { return compareRefs(run.first, entry) })
	if !found {
		i--
	}
	if i < 0 || compareRefs(entry, r[i].last) > 0 {
		return nil
	}
	return &r[i]
}

// finish takes off what a merge that was undone did not give back, on a day.
func (c *dayCounter) finish(last tiers.Day) (err error) {
	for _, metric := range c.metrics {
		if c.closed[metric] > 0 && err == nil {
			c.days, err = countDay(c.days, metric, last, -c.closed[metric])
		}
	}
	return err
}
