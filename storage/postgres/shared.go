package postgres

import (
	"cmp"
	"math"
	"slices"

	"github.com/loyaltykit/loyaltykit/storage"
)

// claims takes and releases claims, each in order of key. A release waits for who
// takes the same claim only after all that it takes itself is there.
func (w *writing) claims() error {
	type change struct {
		program string
		*storage.ClaimChange
	}
	var all []change
	for _, batch := range w.batches {
		for i := range batch.Claims {
			all = append(all, change{batch.Program, &batch.Claims[i]})
		}
	}
	slices.SortFunc(all, func(a, b change) int {
		return cmp.Or(cmp.Compare(a.program, b.program), cmp.Compare(a.Space, b.Space), cmp.Compare(a.Key, b.Key))
	})
	taken, released := &arguments{shape: addClaim}, &trip{}
	for i, c := range all {
		if i > 0 && all[i-1].program == c.program && all[i-1].ClaimKey == c.ClaimKey {
			return errApart
		}
		if c.Release {
			released.query(ignore, dropClaim, c.program, c.Space, c.Key, c.Holder)
		} else {
			taken.add(c.program, c.Space, c.Key, c.Holder)
		}
	}
	w.put(taken)
	w.statements = append(w.statements, released.statements...)
	return nil
}

// ignore takes the row of a statement that fails where it does not succeed.
func ignore(*row) error { return nil }

// sum is what several batches change of one counter, one after the other.
type sum struct {
	counterID
	delta int64
	room  room
}

// counters writes each counter once, in order of key.
func (w *writing) counters() error {
	var sums []sum
	for _, batch := range w.batches {
		for i := range batch.Counters {
			c := &batch.Counters[i]
			if c.Delta == 0 {
				continue
			}
			id := counterID{batch.Program, c.CounterKey}
			at := slices.IndexFunc(sums, func(s sum) bool { return s.counterID == id })
			if at < 0 {
				at = len(sums)
				sums = append(sums, sum{counterID: id, room: room{0, math.MaxInt64}})
			}
			if err := sums[at].add(c); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(sums, func(a, b sum) int {
		return cmp.Or(cmp.Compare(a.program, b.program), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Shard, b.Shard))
	})
	for _, s := range sums {
		switch {
		case s.room.most < s.room.least:
			return errRefused
		case s.delta >= 0 && s.room.least == 0:
			w.exec(raiseCounter, s.program, s.Key, int64(s.Shard), s.delta, s.room.most)
		default:
			w.query(ignore, lowerCounter, s.program, s.Key, int64(s.Shard), s.delta, s.room.least, s.room.most)
		}
	}
	return nil
}

// huge is what changes of a counter may reach before they are no longer added up.
const huge = 1 << 61

// add narrows the room to what leaves enough for a change after those before.
func (s *sum) add(c *storage.CounterChange) error {
	r := roomOf(c)
	if r.most < r.least {
		return errRefused
	}
	if s.delta != 0 {
		if max(s.delta, -s.delta, c.Delta, -c.Delta) > huge {
			return errApart
		}
		r.least -= s.delta
		if s.delta > 0 || r.most <= math.MaxInt64+s.delta {
			r.most -= s.delta
		}
	}
	s.delta += c.Delta
	s.room.least, s.room.most = max(s.room.least, r.least), min(s.room.most, r.most)
	return nil
}
