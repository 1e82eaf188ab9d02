package loyalty

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// dayNumber is a day as rows have it, YYYYMMDD.
func dayNumber(day tiers.Day) int {
	year, month, date := day.Date()
	return year*10000 + int(month)*100 + date
}

// dayCounted is the day of such a number.
func dayCounted(number int) tiers.Day {
	return tiers.Date(number/10000, time.Month(number/100%100), number%100)
}

// counts turns the counts of days into running totals. The first of a metric may
// stand for all that was counted by then.
func counts(days []storage.DayCount) (tiers.Counts, error) {
	sums := make(tiers.Counts, 4)
	for i := 0; i < len(days); {
		metric, first := days[i].Metric, i
		for i < len(days) && days[i].Metric == metric {
			i++
		}
		marks := make([]tiers.Mark, 0, i-first)
		var total int64
		for _, d := range days[first:i] {
			amount := int64(d.Amount)
			if amount > 0 && total > math.MaxInt64-amount || amount < 0 && total < math.MinInt64-amount {
				return nil, fmt.Errorf("loyalty: counts of %q: %w", metric, tiers.ErrTooMuch)
			}
			total += amount
			marks = append(marks, tiers.Mark{Day: dayCounted(d.Day), Total: total})
		}
		sums[metric] = marks
	}
	return sums, nil
}

// countDay adds to a day of a metric. What is taken back is taken from the day, then
// from the days before, the last one first, then from those after, so that no day
// comes to less than nothing; days is sorted and stays so.
func countDay(days []storage.DayCount, metric string, day tiers.Day, amount points.Amount) ([]storage.DayCount, error) {
	number := dayNumber(day)
	at, found := slices.BinarySearchFunc(days, storage.DayCount{Metric: metric, Day: number}, compareDays)
	if amount >= 0 {
		if !found {
			return slices.Insert(days, at, storage.DayCount{Metric: metric, Day: number, Amount: amount}), nil
		}
		sum, err := days[at].Amount.Add(amount)
		days[at].Amount = sum
		return days, err
	}
	left := -amount
	take := func(i int) {
		taken := min(left, max(0, days[i].Amount))
		days[i].Amount -= taken
		left -= taken
	}
	if found {
		take(at)
	}
	for i := at - 1; i >= 0 && days[i].Metric == metric && left > 0; i-- {
		take(i)
	}
	for i := at; i < len(days) && days[i].Metric == metric && left > 0; i++ {
		take(i)
	}
	return slices.DeleteFunc(days, func(d storage.DayCount) bool { return d.Amount == 0 }), nil
}

func compareDays(a, b storage.DayCount) int {
	return cmp.Or(strings.Compare(a.Metric, b.Metric), cmp.Compare(a.Day, b.Day))
}

// forgetDays puts the days before one together, for each metric, on the last of them.
func forgetDays(days []storage.DayCount, before tiers.Day) []storage.DayCount {
	number := dayNumber(before)
	kept := make([]storage.DayCount, 0, len(days))
	for _, d := range days {
		if n := len(kept); d.Day < number && n > 0 && kept[n-1].Metric == d.Metric {
			d.Amount += kept[n-1].Amount
			kept[n-1] = d
			continue
		}
		kept = append(kept, d)
	}
	return kept
}

// countedOn notes an entry of a metric as a fact of its day.
func (p *Party) countedOn(e *points.Entry, day tiers.Day) error {
	engine := p.tx.deciding.engine
	if !slices.Contains(engine.kept.metrics, e.Unit) || p.row.Kind != storage.Person {
		return nil
	}
	amount := e.Amount
	if e.From == points.Counted {
		amount = -amount
	}
	if day == 0 {
		day = p.dayOf(e)
	}
	switch {
	case e.Kind == points.EntryMergeOut:
		return nil // The days stay, in case the merge is undone.
	case e.Kind == points.EntryUnmerge && amount > 0:
		if amount = p.Balance(e.Unit).Counted - p.countedBy(e.Unit); amount >= 0 {
			return nil
		}
	}
	if !p.daysOwned {
		p.row.Days, p.daysOwned = append(make([]storage.DayCount, 0, len(p.row.Days)+1), p.row.Days...), true
	}
	days, err := countDay(p.row.Days, e.Unit, day, amount)
	if err != nil {
		return p.tx.fail(err)
	}
	p.row.Days = days
	p.facts = append(p.facts, fact{metric: e.Unit, day: day, amount: amount, path: p.tx.countsOf, versions: p.tx.countsIn})
	return nil
}

// countedBy is what the days of a metric add up to.
func (p *Party) countedBy(metric string) points.Amount {
	var sum points.Amount
	for i := range p.row.Days {
		if p.row.Days[i].Metric == metric {
			sum += p.row.Days[i].Amount
		}
	}
	return sum
}

// fact is something that was counted, or taken back.
type fact struct {
	metric string
	day    tiers.Day
	amount points.Amount
	// path names who earned the order that it is taken back of, where a merge brought it;
	// see orderState.path.
	path []string
	// versions are those from which on they, and the member last, had the order, 0 where
	// that is not known.
	versions []int64
}

// counts reports whether an award is of a metric.
func (r *revision) counts(awards []points.Award) bool {
	return slices.ContainsFunc(awards, func(a points.Award) bool {
		unit, known := r.Unit(a.Unit)
		return known && unit.Kind == points.Metric && a.Points > 0
	})
}

// orderDay is the day on which an order's metrics counted: what is taken back is taken
// from it. Orders of earlier releases have it in the ledger only; 0 is not known.
func (p *Party) orderDay(row storage.Record, state *orderState) (tiers.Day, error) {
	engine := p.tx.deciding.engine
	if state.Day != 0 || len(engine.kept.metrics) == 0 {
		return state.Day, nil
	}
	if !slices.ContainsFunc(state.Awards, func(a points.AwardState) bool { return slices.Contains(engine.kept.metrics, a.Unit) }) {
		return 0, nil
	}
	for _, id := range row.Lots {
		if i := p.lotAt(id); i >= 0 {
			at := p.lots[i].EarnedAt
			return tiers.DayOf(at, revisionAt(engine.revisions, at).zone), nil
		}
	}
	if state.From != "" {
		return 0, nil
	}
	entries, err := p.entriesOf(state.Version)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	return p.dayOf(&entries[0]), nil
}
