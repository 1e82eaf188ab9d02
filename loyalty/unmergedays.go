package loyalty

import (
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// undoneCount is what was taken back of a metric that counted on a day.
type undoneCount struct {
	Unit string        `json:"u"`
	Day  tiers.Day     `json:"d"`
	N    points.Amount `json:"n"`
}

// noteUndone notes what was taken back of an order's metrics while it was with the survivor
// of a merge that is undone: whoever goes again has never had it.
func (m *moveStep) noteUndone(into *Party, parting *mergeState, state *orderState) error {
	day, changed := state.Day, false
	for i, n := range state.hop(into.Member(), m.from, 0) {
		unit, err := into.tx.rev.unit("unit", state.Awards[i].Unit)
		if err != nil {
			return into.tx.fail(err)
		}
		if n <= 0 || day == 0 || unit.Kind != points.Metric {
			continue
		}
		parting.Undone, changed = withUndone(parting.Undone, undoneCount{Unit: unit.Code, Day: day, N: n}), true
	}
	if !changed {
		return nil
	}
	return into.putMerge(m.from, *parting, mergeParting)
}

func withUndone(list []undoneCount, more undoneCount) []undoneCount {
	list = slices.Clone(list)
	for i := range list {
		if list[i].Unit == more.Unit && list[i].Day == more.Day {
			list[i].N += more.N
			return list
		}
	}
	return append(list, more)
}

// lessUndone takes off lines what was taken back of them meanwhile, of the same day first.
func lessUndone(lines []dayLine, undone []undoneCount, zone *time.Location) []dayLine {
	lines = slices.Clone(lines)
	for _, u := range undone {
		left := u.N
		take := func(line *dayLine) {
			less := min(left, line.n)
			line.n -= less
			left -= less
		}
		for i := range lines {
			if lines[i].unit == u.Unit && tiers.DayOf(lines[i].at, zone) == u.Day {
				take(&lines[i])
			}
		}
		for i := range slices.Backward(lines) {
			if lines[i].unit == u.Unit && tiers.DayOf(lines[i].at, zone) < u.Day {
				take(&lines[i])
			}
		}
	}
	return slices.DeleteFunc(lines, func(line dayLine) bool { return line.n == 0 })
}

// restore lets a member who goes again have what their metrics counted, less what was taken
// back meanwhile, on its days. It reports whether that is done.
func (m *moveStep) restore(from, into *Party, state *mergeState) (bool, error) {
	if state.Days == 0 && state.Restored == 0 {
		if err := m.reopen(from, into, state); err != nil {
			return false, err
		}
	}
	end := min(len(state.Undone), state.Restored+max(1, m.n))
	for _, u := range state.Undone[state.Restored:end] {
		amount := min(u.N, from.Balance(u.Unit).Counted)
		if amount <= 0 {
			continue
		}
		err := from.book(points.Entry{
			Unit: u.Unit, Kind: points.EntryUnmerge, From: points.Counted, To: points.Source, Amount: amount,
			Reference: into.Member(), OccurredAt: u.Day.Start(from.tx.rev.zone).Add(12 * time.Hour),
		})
		if err != nil {
			return false, err
		}
	}
	state.Restored = end
	return end == len(state.Undone), nil
}

// reopen books what was closed when the merge took the metrics away, as far as the survivor
// has it.
func (m *moveStep) reopen(from, into *Party, state *mergeState) error {
	sums, undone := map[string]points.Amount{}, map[string]points.Amount{}
	var units []string
	for _, line := range m.lines {
		units, sums[line.unit] = with(units, line.unit), sums[line.unit]+line.n
	}
	for _, u := range state.Undone {
		units, undone[u.Unit] = with(units, u.Unit), undone[u.Unit]+u.N
	}
	slices.Sort(units)
	for _, unit := range units {
		amount := max(0, min(sums[unit], into.Balance(unit).Counted)) + undone[unit]
		if amount == 0 {
			continue
		}
		err := from.book(points.Entry{
			Unit: unit, Kind: points.EntryUnmerge, From: points.Source, To: points.Counted, Amount: amount, Reference: into.Member(),
		})
		if err != nil {
			return err
		}
	}
	return nil
}
