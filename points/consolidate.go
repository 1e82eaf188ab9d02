package points

import (
	"cmp"
	"slices"
	"time"
)

// Merge is a set of lots that become one.
type Merge struct {
	// Into is the new lot, still without an id. It holds the earliest EarnedAt
	// and the latest AvailableFrom of its parts, and their Source where they all
	// have the same.
	Into Lot
	// From holds the lots that go into it, at least two, in consumption order.
	From []Lot
}

// Consolidate decides which of a member's lots become one, so that an account
// stays small however long its history. With at most bound open lots it decides
// nothing. Beyond that, all open lots of equal unit, expiry, qualification,
// origin and month of earning (in zone) merge; lots that are pending, used up or
// under a hold are left. Merges come in consumption order. A total that does not
// fit an [Amount] is spread over several lots.
func Consolidate(lots []Lot, zone *time.Location, bound int) []Merge {
	zone = zoneOf(zone)
	var open []mergeable
	count := 0
	for _, lot := range lots {
		if lot.State != LotOpen {
			continue
		}
		count++
		if lot.Held == 0 && lot.Remaining > 0 {
			year, month, _ := lot.EarnedAt.In(zone).Date()
			open = append(open, mergeable{Lot: lot, month: 12*year + int(month)})
		}
	}
	if count <= bound {
		return nil
	}
	slices.SortFunc(open, func(a, b mergeable) int { return cmp.Or(a.compareGroup(b), ConsumptionOrder(a.Lot, b.Lot)) })
	var merges []Merge
	for len(open) > 0 {
		n := 1
		for n < len(open) && open[0].compareGroup(open[n]) == 0 {
			n++
		}
		merges = appendMerges(merges, open[:n])
		open = open[n:]
	}
	slices.SortFunc(merges, func(a, b Merge) int { return ConsumptionOrder(a.From[0], b.From[0]) })
	return merges
}

type mergeable struct {
	Lot
	month int
}

func (a mergeable) compareGroup(b mergeable) int {
	qualifies := 0
	if a.Qualifies != b.Qualifies {
		qualifies = -1
		if b.Qualifies {
			qualifies = 1
		}
	}
	return cmp.Or(cmp.Compare(a.Unit, b.Unit), a.ExpiresAt.Compare(b.ExpiresAt), cmp.Compare(a.month, b.month),
		cmp.Compare(a.Origin, b.Origin), qualifies)
}

func appendMerges(merges []Merge, group []mergeable) []Merge {
	var current Merge
	flush := func() {
		if len(current.From) > 1 {
			merges = append(merges, current)
		}
		current = Merge{}
	}
	for _, m := range group {
		lot := m.Lot
		sum, err := current.Into.Remaining.Add(lot.Remaining)
		if err != nil {
			flush()
			sum = lot.Remaining
		}
		if len(current.From) == 0 {
			current.Into = Lot{
				Unit: lot.Unit, State: LotOpen, EarnedAt: lot.EarnedAt, AvailableFrom: lot.AvailableFrom,
				ExpiresAt: lot.ExpiresAt, Source: lot.Source, Origin: lot.Origin, Qualifies: lot.Qualifies,
			}
		}
		into := &current.Into
		into.Original, into.Remaining = sum, sum
		if lot.EarnedAt.Before(into.EarnedAt) {
			into.EarnedAt = lot.EarnedAt
		}
		if lot.AvailableFrom.After(into.AvailableFrom) {
			into.AvailableFrom = lot.AvailableFrom
		}
		if lot.Source != into.Source {
			into.Source = ""
		}
		current.From = append(current.From, lot)
	}
	flush()
	return merges
}
