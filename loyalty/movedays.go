package loyalty

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// days sums what a member's metrics counted up to a version by unit and day of
// the program's zone: what was counted first, then what was taken back. A line has
// the last instant of its day's entries.
func (e *Engine) days(ctx context.Context, member string, version int64, now time.Time) ([]dayLine, error) {
	type day struct {
		unit  string
		ends  int64
		taken bool
	}
	zone := revisionAt(e.revisions, now).zone
	sums := map[day]dayLine{}
	add := func(unit string, at time.Time, n points.Amount) (err error) {
		key := day{unit, calendar.EndOfDay(at, zone).UnixMicro(), n < 0}
		line := sums[key]
		line.unit, line.at = unit, later(line.at, at)
		line.n, err = line.n.Add(n)
		sums[key] = line
		return err
	}
	// A merge that was undone left the days as they are, but for what did not come back.
	closed, last := map[string]points.Amount{}, time.Time{}
	// What is taken back of an order is taken from the day on which that counted.
	var on countedRuns
	for entry, err := range storage.AllEntries(ctx, e.store, storage.MemberQuery{Program: e.program, Member: member, Limit: 1000}) {
		if err != nil {
			return nil, err
		}
		if entry.Version > version {
			break
		}
		last = later(last, entry.OccurredAt)
		switch taken := entry.From == points.Counted; {
		case !taken && entry.To != points.Counted:
		case entry.Kind == points.EntryMergeOut:
			closed[entry.Unit] += entry.Amount
		case entry.Kind == points.EntryUnmerge && !taken:
			closed[entry.Unit] -= entry.Amount
		case taken:
			at := entry.OccurredAt
			if run := on.of(entry.Corrects); run != nil {
				at = run.at
			}
			err = add(entry.Unit, at, -entry.Amount)
		default:
			on.note(refOf(&entry), tiers.DayOf(entry.OccurredAt, zone), entry.OccurredAt)
			err = add(entry.Unit, entry.OccurredAt, entry.Amount)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, unit := range slices.Sorted(maps.Keys(closed)) {
		if closed[unit] > 0 {
			if err := add(unit, last, -closed[unit]); err != nil {
				return nil, err
			}
		}
	}
	lines := make([]dayLine, 0, len(sums))
	for _, line := range sums {
		lines = append(lines, line)
	}
	slices.SortFunc(lines, func(a, b dayLine) int {
		return cmp.Or(strings.Compare(a.unit, b.unit), cmp.Compare(sign(b.n), sign(a.n)), a.at.Compare(b.at))
	})
	return lines, nil
}

// moveDays moves what a member's metrics counted, day by day.
func (e *Engine) moveDays(ctx context.Context, step *moveStep, now time.Time) error {
	row, exists, err := e.mergeOf(ctx, step.into, step.from)
	if err != nil || !exists {
		return err
	}
	var state mergeState
	if err := json.Unmarshal(row.Data, &state); err != nil {
		return fmt.Errorf("record %s %q: %w", row.Kind, row.ID, err)
	}
	if step.lines, err = e.days(ctx, step.from, state.Base, now); err != nil {
		return err
	}
	return e.moveAll(ctx, step, now)
}

// someDays books what a member's metrics counted as the survivor's, on the same
// days, as far as one commit takes it. What went is closed first.
func (m *moveStep) someDays(from, into *Party, state *mergeState) error {
	for _, b := range slices.Clone(from.row.Balances) {
		if b.Counted == 0 {
			continue
		}
		err := from.book(points.Entry{
			Unit: b.Unit, Kind: points.EntryMergeOut, From: points.Counted, To: points.Source, Amount: b.Counted, Reference: into.Member(),
		})
		if err != nil {
			return err
		}
	}
	if state.Days >= len(m.lines) {
		if len(from.entries) > 0 {
			return into.putMerge(from.Member(), *state, mergeMoving)
		}
		return nil
	}
	end := min(len(m.lines), state.Days+2*m.n)
	for _, line := range m.lines[state.Days:end] {
		entry := points.Entry{
			Unit: line.unit, Kind: points.EntryMerge, From: points.Source, To: points.Counted, Amount: line.n,
			Reference: from.Member(), OccurredAt: line.at,
		}
		if line.n < 0 {
			entry.From, entry.To, entry.Amount = points.Counted, points.Source, -line.n
		}
		if err := into.book(entry); err != nil {
			return err
		}
	}
	state.Days, m.more = end, end < len(m.lines)
	return into.putMerge(from.Member(), *state, mergeMoving)
}

// someDaysBack takes what was counted for a member who is taken out of a merge off
// the survivor again, on the same days, but never below 0.
func (m *moveStep) someDaysBack(from, into *Party, state *mergeState) error {
	if done, err := m.restore(from, into, state); err != nil || !done {
		m.more = err == nil
		return cmp.Or(err, into.putMerge(m.from, *state, mergeParting))
	}
	// It came like an order of theirs: merges of later decided on it as well.
	from.tx.countsOf, from.tx.countsIn = []string{m.from}, []int64{0, state.Into + 1}
	end := min(len(m.lines), state.Days+2*m.n)
	for _, line := range m.lines[state.Days:end] {
		amount := min(line.n, into.Balance(line.unit).Counted)
		if amount <= 0 {
			continue
		}
		err := into.book(points.Entry{
			Unit: line.unit, Kind: points.EntryUnmerge, From: points.Counted, To: points.Source, Amount: amount,
			Reference: from.Member(), OccurredAt: line.at,
		})
		if err != nil {
			return err
		}
	}
	state.Days, m.more = end, end < len(m.lines)
	return into.putMerge(m.from, *state, mergeParting)
}

// net lets what was taken back reduce what was counted on its day, and then what was
// counted before, so that no line is below 0.
func net(lines []dayLine, zone *time.Location) []dayLine {
	var counted []dayLine
	lines = slices.Clone(lines)
	taken := map[string]points.Amount{}
	for _, line := range lines {
		if line.n >= 0 {
			continue
		}
		left, day := -line.n, calendar.EndOfDay(line.at, zone)
		for i := range lines {
			if own := &lines[i]; own.unit == line.unit && own.n > 0 && calendar.EndOfDay(own.at, zone).Equal(day) {
				less := min(own.n, left)
				own.n -= less
				left -= less
			}
		}
		taken[line.unit] += left
	}
	for _, line := range slices.Backward(lines) {
		if line.n <= 0 {
			continue
		}
		less := min(line.n, taken[line.unit])
		taken[line.unit] -= less
		if line.n -= less; line.n > 0 {
			counted = append(counted, line)
		}
	}
	slices.Reverse(counted)
	return counted
}

func sign(n points.Amount) int { return cmp.Compare(n, 0) }
