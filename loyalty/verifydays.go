package loyalty

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// standingRefs names the record of how a member stands, where there are ladders.
func (e *Engine) standingRefs() []storage.RecordKey {
	if len(e.epochs) == 0 {
		return nil
	}
	return []storage.RecordKey{{Kind: standingKind, ID: standingID}}
}

// daysAudit counts the days of an account again, as its commands did.
type daysAudit struct {
	counter *dayCounter
	counted map[string]points.Amount
	// closed is set once what was counted was closed for a merge.
	closed bool
}

func (e *Engine) newDaysAudit() *daysAudit {
	if len(e.epochs) == 0 {
		return nil
	}
	return &daysAudit{counter: e.newDayCounter(), counted: map[string]points.Amount{}}
}

func (d *daysAudit) add(entry *storage.Entry) error {
	switch {
	case d == nil:
		return nil
	case entry.To == points.Counted:
		d.counted[entry.Unit] += entry.Amount
	case entry.From == points.Counted:
		d.counted[entry.Unit] -= entry.Amount
	default:
		return nil
	}
	d.closed = d.closed || entry.Kind == points.EntryMergeOut
	return d.counter.add(entry)
}

// compareDays compares the counts of days with those that the entries make: days that
// are kept one by one, and the sum of those before. A member for whom something is still
// to be adopted, or who was merged away, has none to compare.
func (a *audit) compareDays(e *Engine) *Problem {
	if a.days == nil || a.standing == nil || Moved(*a.standing) || a.account.Kind != storage.Person || a.days.closed {
		return nil
	}
	if a.standing.Sort != e.epochAt(a.account.RecordedAt).label() {
		return nil
	}
	var state standingState
	if err := json.Unmarshal(a.standing.Data, &state); err != nil {
		return &Problem{Row: fmt.Sprintf("record %s %q", standingKind, standingID), What: "its document cannot be read"}
	}
	have, want := keptDays(a.account.Days, state.Kept, e.kept.metrics), keptDays(a.days.counter.days, state.Kept, e.kept.metrics)
	for i := range max(len(have), len(want)) {
		if i < len(have) && i < len(want) && have[i] == want[i] {
			continue
		}
		var off storage.DayCount
		switch {
		case i == len(want) || i < len(have) && compareDays(have[i], want[i]) <= 0:
			off = have[i]
		default:
			off = want[i]
		}
		return &Problem{Row: "account", What: fmt.Sprintf("its days have %d %s on %s, its entries make %d",
			countOn(have, off), off.Metric, dayLabel(off.Day), countOn(want, off))}
	}
	return nil
}

// keptDays lists what counts of days have to agree on: the days of metrics from one day
// on, and as day 0 the sum of all before it.
func keptDays(days []storage.DayCount, kept tiers.Day, metrics []string) []storage.DayCount {
	from := dayNumber(kept)
	var list []storage.DayCount
	for _, d := range days {
		if !slices.Contains(metrics, d.Metric) {
			continue
		}
		if d.Day < from {
			d.Day = 0
		}
		if n := len(list); n > 0 && compareDays(list[n-1], d) == 0 {
			list[n-1].Amount += d.Amount
			continue
		}
		list = append(list, d)
	}
	return slices.DeleteFunc(list, func(d storage.DayCount) bool { return d.Amount == 0 })
}

func countOn(days []storage.DayCount, day storage.DayCount) points.Amount {
	if i, found := slices.BinarySearchFunc(days, day, compareDays); found {
		return days[i].Amount
	}
	return 0
}

func dayLabel(number int) string {
	if number == 0 {
		return "days that are put together"
	}
	return dayCounted(number).String()
}
